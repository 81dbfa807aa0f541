// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 6
//
// Products of activations [m, k] with quantized weights [n, k], each row of them an output channel: y = x w^T.
//
//     const auto w = prepare(quantize<affine<4>, affine_policy{}, fp16>(weights, n, k, granularity::group(128)));
//     matmul(x, w, y);                              // x: m * k of float, bf16 or fp16; y: m * n of the same
//     matmul(x, w, y, {.bias = b, .function = activation::silu}, pool);
//     matmul_int8(x, w, y);                         // each row of x becomes int8 first: W8A8 and W4A8
//
// Weights are prepared once (weights.hpp); views and owners of plain weights are taken, too, and laid out anew by every call.
// Work is split over strips of 64 output channels and rows of activations, never over k, so results don't depend on how many
// tasks there are. matmul_reference (scalar.hpp) is what all of it is compared with.
#ifndef LOWPREC_KERNELS_MATMUL_HPP
#define LOWPREC_KERNELS_MATMUL_HPP

#include <lowprec/arithmetic.hpp>
#include <lowprec/kernels/matmul/dispatch.hpp>
#include <lowprec/kernels/matmul/scalar.hpp>
#include <lowprec/quantize/affine.hpp>

namespace lowprec {

/// What is done to each output before it is rounded: bias[n] is added, then the function is taken.
struct matmul_options {
    std::span<const float> bias = {};
    activation function = activation::none;
};

/// The executor that runs tasks one after the other. An executor is called with a number of tasks and a function of the task's
/// number; it calls the function once for each, in any order and on any threads, and returns when all are done.
struct serial {
    template <class Task>
    LOWPREC_INLINE void operator()(std::size_t tasks, Task&& task) const {
        for (std::size_t i = 0; i < tasks; ++i) task(i);
    }
};

/// y = x w^T with activations in float, bf16 or fp16 and weights of any kind: W4A16, FP8, MX, NVFP4, NF4 and so on.
/// Shapes:  x: m * k, y: m * n, both row-major contiguous ranges; m is what x's size says. bias: n, or none.
/// Rounds:  each output is summed in float in units of at most 128 columns, in the order of k, times the unit's scale, in order
///          of the units; then times the tensor's scale, plus bias, and the function; rounded to y's type at last.
///          |y - exact| <= gamma sum |x w| plus the rounding of the output, docs/matmul.md derives gamma.
///          A row's result doesn't depend on the rows beside it, nor on their number; but for 4-bit weights in groups of fewer
///          than 64 columns, which up to 4 rows and more than 4 sum in different ways on machines with AVX-512 VNNI.
/// Beyond:  NaN and infinities in x go where IEEE arithmetic takes them. Subnormal numbers are not flushed.
/// Errors:  std::invalid_argument if sizes don't match, naming them; for plain weights also what prepare refuses.
/// Cost:    copies x if k is no multiple of 8, or if it isn't float already (bf16 stays where there is an instruction for it).
template <class X, detail::matmul_weights W, class Y, class Executor = serial, class Isa = simd::native>
    requires(!std::is_void_v<decltype(std::data(std::declval<const X&>()))>)
void matmul(const X& x, const W& weights, Y&& y, const matmul_options& options = {}, Executor&& executor = {}) {
    using in = std::remove_cv_t<std::remove_pointer_t<decltype(std::data(x))>>;
    using out = std::remove_pointer_t<decltype(std::data(y))>;
    static_assert(detail::matmul_number<in> && detail::matmul_number<out>,
                  "lowprec: matmul takes and gives vectors, arrays or spans of float, bf16 or fp16");
    const detail::strips_of<W> w(weights);
    const std::size_t rows = detail::checked_rows("matmul", std::size(x), w.shape(), std::size(y), options.bias.size());
    detail::chosen_product<Isa>(
        detail::number_rows<in>{std::data(x), rows}, w,
        detail::output_matrix<out>{std::data(y), w.shape().rows, options.bias.data(), options.function}, executor);
}

/// y = x w^T with activations that are integers already, one scale a row of them or one in all, and integer weights: W8A8, W4A8.
/// Shapes:  x: m x k, y: m * n floats, bf16 or fp16.
/// Rounds:  sums of codes are exact, over all of k or each group; then float(sum) times the weights' scale, over groups added
///          in order with one rounding each, times the activations' scale, plus bias.
/// Errors:  std::invalid_argument if sizes don't match; for x with groups, unusable scales; for zero points of x with weights
///          of fewer bits or with groups; for more columns than 32-bit sums hold (requantize.hpp's bounds), naming the bound.
template <class A, class S, detail::matmul_weights W, class Y, class Executor = serial, class Isa = simd::native>
void matmul(affine_span<A, S> x, const W& weights, Y&& y, const matmul_options& options = {},
            Executor&& executor = {}) {
    using out = std::remove_pointer_t<decltype(std::data(y))>;
    static_assert(detail::matmul_number<out>, "lowprec: matmul gives vectors, arrays or spans of float, bf16 or fp16");
    const detail::strips_of<W> w(weights);
    detail::check_activations("matmul", x);
    detail::checked_rows("matmul", x.rows() * x.columns(), w.shape(), std::size(y), options.bias.size());
    detail::check_integer_product("matmul", x, w.shape(), std::type_identity<typename decltype(w)::codes_type>{});
    detail::chosen_product<Isa>(
        x, w, detail::output_matrix<out>{std::data(y), w.shape().rows, options.bias.data(), options.function},
        executor);
}

/// The sums themselves: of (a - za) (w - zw), exact, for weights of 8 bits with one scale a row, or with one for all of them.
/// Shapes, Errors: as matmul of integers; y: m * n of std::int32_t.
template <class A, class S, detail::matmul_weights W, class Y, class Executor = serial, class Isa = simd::native>
void matmul_sums(affine_span<A, S> x, const W& weights, Y&& y, Executor&& executor = {}) {
    using codes = typename detail::strips_of<W>::codes_type;
    static_assert(std::is_same_v<std::remove_pointer_t<decltype(std::data(y))>, std::int32_t>,
                  "lowprec: matmul_sums gives a vector, array or span of std::int32_t");
    static_assert(detail::has_row_sums<codes>, "lowprec: matmul_sums takes weights that are integers of 8 bits");
    const detail::strips_of<W> w(weights);
    detail::check_activations("matmul_sums", x);
    detail::checked_rows("matmul_sums", x.rows() * x.columns(), w.shape(), std::size(y), 0);
    detail::check_one_scale("matmul_sums", w.shape());
    detail::check_integer_sums("matmul_sums", x, w.shape(), std::type_identity<codes>{});
    const std::size_t n = w.shape().rows;
    detail::chosen_product<Isa>(
        x, w,
        [&](std::size_t row, std::size_t s, const std::int32_t* sums, const detail::weight_strip&) {
            const auto [first, count] = detail::channels_of_strip(s, n);
            std::memcpy(std::data(y) + row * n + first, sums, count * sizeof *sums);
        },
        executor);
}

/// Codes again: sums times a factor in fixed point, plus y's zero point, saturated; integers all the way.
/// Shapes:  y: m * n codes of 8 bits; bias: n integers in units of the activations' scale times the weights', or none.
/// Rounds:  as requantize<Y, Form>; the factor is a row's scale times the channel's over y's, rounded once to 31 bits.
/// Errors:  as matmul_sums; for a y whose parameters aren't usable, and a sum plus bias that 32 bits don't hold saturates.
template <requantization Form = requantization::single_rounding, class A, class S, detail::matmul_weights W,
          class Output, class Y, class Executor = serial, class Isa = simd::native>
void matmul_requantized(affine_span<A, S> x, const W& weights, Output parameters, Y&& y,
                        std::span<const std::int32_t> bias = {}, Executor&& executor = {}) {
    using codes = typename detail::strips_of<W>::codes_type;
    using scale = typename detail::strips_of<W>::scale_type;
    static_assert(detail::has_row_sums<codes>, "lowprec: matmul_requantized takes weights that are integers of 8 bits");
    static_assert(std::is_same_v<std::remove_pointer_t<decltype(std::data(y))>, typename Output::code_type>,
                  "lowprec: matmul_requantized gives a vector, array or span of the output's codes");
    const detail::strips_of<W> w(weights);
    detail::check_activations("matmul_requantized", x);
    if (!parameters.usable())
        detail::fail_argument(
            "lowprec::matmul_requantized: the output's scale is zero, negative, infinite or NaN, or "
            "its zero point is no code");
    detail::checked_rows("matmul_requantized", x.rows() * x.columns(), w.shape(), std::size(y), bias.size());
    detail::check_one_scale("matmul_requantized", w.shape());
    detail::check_integer_sums("matmul_requantized", x, w.shape(), std::type_identity<codes>{});
    const std::size_t n = w.shape().rows;
    detail::chosen_product<Isa>(
        x, w,
        [&](std::size_t row, std::size_t s, const std::int32_t* sums, const detail::weight_strip& strip) {
            const auto [first, count] = detail::channels_of_strip(s, n);
            for (std::size_t r = 0; r < count; ++r) {
                scale own;
                std::memcpy(&own, strip.data + r * sizeof own, sizeof own);
                const auto factor =
                    fixed_factor::of_scales(x.at_group(row, 0).scale, convert<float>(own), parameters.scale);
                const std::int64_t sum = std::int64_t{sums[r]} + (bias.empty() ? 0 : bias[first + r]);
                std::data(y)[row * n + first + r] =
                    requantize<Output, Form>(detail::saturate_to_32(sum), factor, parameters.zero_point);
            }
        },
        executor);
}

/// y = x w^T where each row of x is first quantized to int8 with a scale of its own (dynamic, per token).
/// Shapes, Errors: as matmul of integers; x: m * k floats, and NaN or infinity among them is refused.
template <class X, detail::matmul_weights W, class Y, class Executor = serial, class Isa = simd::native>
void matmul_int8(const X& x, const W& weights, Y&& y, const matmul_options& options = {}, Executor&& executor = {}) {
    const std::size_t columns = weights.columns();
    const std::size_t rows = detail::whole_rows("matmul_int8", std::size(x), columns);
    using parameters = affine<8, integer_codes::signed_narrow>;
    const affine_matrix<parameters> codes = quantize<parameters>(x, rows, columns, granularity::row());
    matmul<const parameters, float, W, Y, Executor, Isa>(codes.view(), weights, std::forward<Y>(y), options,
                                                         std::forward<Executor>(executor));
}
/// The same with parameters that are given (static).
template <class X, detail::matmul_weights W, class Y, integer_codes Codes, class Executor = serial,
          class Isa = simd::native>
void matmul_int8(const X& x, affine<8, Codes> parameters, const W& weights, Y&& y, const matmul_options& options = {},
                 Executor&& executor = {}) {
    const std::size_t columns = weights.columns();
    const std::size_t rows = detail::whole_rows("matmul_int8", std::size(x), columns);
    affine_matrix<affine<8, Codes>> codes(rows, columns, granularity::tensor(), range_kind::asymmetric);
    codes.view().scales()[0] = parameters.scale;
    codes.view().zero_points()[0] = static_cast<typename affine<8, Codes>::code_type>(parameters.zero_point);
    quantize_as_chosen(x, codes.view());
    matmul<const affine<8, Codes>, float, W, Y, Executor, Isa>(std::as_const(codes).view(), weights, std::forward<Y>(y),
                                                               options, std::forward<Executor>(executor));
}

/// y = x w^T of blocks times blocks of the same format: NVFP4 x NVFP4 and the like.
/// Rounds:  the products of a block are summed exactly (formats of at most 6 bits and integers), that times both scales is
///          added to a float in the order of k with one rounding, and the product of both tensor scales comes last.
///          (One rounding also without a fused multiply-add, but for q8_0, whose scales have 11 bits.)
/// Shapes, Errors: as matmul; x: m x k.
template <class B, detail::matmul_weights W, class Y, class Executor = serial, class Isa = simd::native>
void matmul(block_span<B> x, const W& weights, Y&& y, const matmul_options& options = {}, Executor&& executor = {}) {
    using row = std::remove_const_t<B>;
    using source = detail::weight_source<block_span<const row>>;
    using codes = typename detail::strips_of<W>::codes_type;
    using scale = typename detail::strips_of<W>::scale_type;
    using out = std::remove_pointer_t<decltype(std::data(y))>;
    static_assert(detail::matmul_number<out>, "lowprec: matmul gives vectors, arrays or spans of float, bf16 or fp16");
    static_assert(
        std::is_same_v<codes, typename source::codes_type> && std::is_same_v<scale, typename source::scale_type>,
        "lowprec: matmul of blocks takes activations and weights of the same format");
    const detail::strips_of<W> w(weights);
    detail::checked_rows("matmul", x.size(), w.shape(), std::size(y), options.bias.size());
    if (w.shape().columns != x.columns())
        detail::fail_argument("lowprec::matmul: x has ", x.columns(), " columns, but the weights ", w.shape().columns);
    detail::check_weights(source{x});
    detail::chosen_product<Isa>(
        block_span<const row>(x), w,
        detail::output_matrix<out>{std::data(y), w.shape().rows, options.bias.data(), options.function}, executor);
}

}  // namespace lowprec

#endif
