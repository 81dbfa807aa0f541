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
#include <lowprec/kernels/matmul/activations.hpp>
#include <lowprec/kernels/matmul/avx512_bf16.hpp>
#include <lowprec/kernels/matmul/avx512_digits.hpp>
#include <lowprec/kernels/matmul/epilogue.hpp>
#include <lowprec/kernels/matmul/scalar.hpp>
#include <lowprec/quantize/affine.hpp>
#include <lowprec/requantize.hpp>

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

namespace detail {

template <class T>
inline constexpr bool is_prepared = false;
template <class Codes, class Scale>
inline constexpr bool is_prepared<prepared_weights<Codes, Scale>> = true;
template <class W>
concept matmul_weights = is_prepared<W> || weights_in_rows<W>;

template <class T>
concept matmul_number = std::is_same_v<T, float> || std::is_same_v<T, bf16> || std::is_same_v<T, fp16>;

/// Prepared weights, or plain ones of which every strip is laid out when a task needs it.
template <class W>
struct strips_of {
    using weights = W;
    using codes_type = typename W::codes_type;
    using scale_type = typename W::scale_type;
    const W& w;

    LOWPREC_INLINE explicit strips_of(const W& prepared) noexcept : w{prepared} {}
    LOWPREC_INLINE const weight_shape& shape() const noexcept { return w.shape(); }
    LOWPREC_INLINE float tensor_scale() const noexcept { return w.tensor_scale(); }
    template <class Function>
    LOWPREC_INLINE void with(std::size_t i, Function&& f) const {
        const std::int32_t* sums = nullptr;
        if constexpr (has_row_sums<codes_type>) sums = w.row_sums() + i * strip_rows;
        f(weight_strip{w.strip(i), shape().panels_of(i), &w.shape(), w.table()}, sums);
    }
};
template <class W>
    requires(!is_prepared<W>)
struct strips_of<W> {
    using weights = prepared<W>;
    using codes_type = typename weights::codes_type;
    using scale_type = typename weights::scale_type;
    source_of<W> source;
    weight_shape own_shape;

    LOWPREC_INLINE explicit strips_of(const W& plain) : source{source_view(plain)}, own_shape{source.shape()} {
        check_weights(source);
    }
    LOWPREC_INLINE const weight_shape& shape() const noexcept { return own_shape; }
    LOWPREC_INLINE float tensor_scale() const noexcept { return source.tensor_scale(); }
    template <class Function>
    LOWPREC_INLINE void with(std::size_t i, Function&& f) const {
        const std::size_t panels = own_shape.panels_of(i);
        const line_bytes bytes(own_shape.strip_bytes(panels));
        std::int32_t sums[strip_rows] = {};
        weights::lay_out_strip(source, own_shape, i, bytes.data(), sums);
        const float* table = nullptr;
        if constexpr (has_table<codes_type>) table = source.w.table().data();
        f(weight_strip{bytes.data(), panels, &own_shape, table}, sums);
    }
};

/// The rows of x, which must be whole.
LOWPREC_INLINE std::size_t checked_rows(std::string_view function, std::size_t numbers, const weight_shape& w,
                                        std::size_t outputs, std::size_t bias) {
    if (w.columns == 0 || numbers % w.columns != 0)
        fail_argument("lowprec::", function, ": x has ", numbers, " elements, which are no rows of the weights' ",
                      w.columns, " columns");
    const std::size_t rows = numbers / w.columns;
    if (outputs != rows * w.rows)
        fail_argument("lowprec::", function, ": ", rows, " rows times ", w.rows, " output channels are ", rows * w.rows,
                      " outputs, but y has ", outputs);
    if (bias != 0 && bias != w.rows)
        fail_argument("lowprec::", function, ": there are ", w.rows, " output channels, but bias has ", bias);
    return rows;
}

/// Tasks of a strip and some rows of activations. f(strip, its row sums, strip number, first row, rows).
template <class W, class Executor, class Function>
LOWPREC_INLINE void for_each_task(const strips_of<W>& w, std::size_t rows, Executor&& executor, Function&& f) {
    const std::size_t strips = w.shape().strips();
    if (strips == 0 || rows == 0) return;
    const std::size_t blocks = divide_up(rows, rows_together);
    const std::size_t size = divide_up(rows, blocks);
    const auto block = [&](const weight_strip& strip, const std::int32_t* sums, std::size_t s, std::size_t b) {
        const std::size_t first = b * size;
        if (first < rows) f(strip, sums, s, first, rows - first < size ? rows - first : size);
    };
    if constexpr (is_prepared<W>) {
        executor(strips * blocks, [&](std::size_t task) {
            w.with(task % strips, [&](const weight_strip& strip, const std::int32_t* sums) {
                block(strip, sums, task % strips, task / strips);
            });
        });
    } else {
        executor(strips, [&](std::size_t s) {
            w.with(s, [&](const weight_strip& strip, const std::int32_t* sums) {
                for (std::size_t b = 0; b < blocks; ++b) block(strip, sums, s, b);
            });
        });
    }
}

/// What a task's outputs are finished with.
template <class Out>
struct output_matrix {
    Out* data;
    std::size_t rows;   ///< of weights
    const float* bias;  ///< or none
    activation function;

    template <class Isa>
    LOWPREC_INLINE void finish(float* totals, std::size_t row, std::size_t strip, float factor) const noexcept {
        const std::size_t first = strip * strip_rows, count = rows - first < strip_rows ? rows - first : strip_rows;
        finish_row<Isa>(totals, count, factor, bias == nullptr ? nullptr : bias + first, function,
                        data + row * rows + first);
    }
};

/// totals_of_strip(strip, first row, rows, totals) for each task.
template <class Isa, class W, class Out, class Executor, class Totals>
LOWPREC_INLINE void run_tasks(const strips_of<W>& w, std::size_t all_rows, const output_matrix<Out>& y, float factor,
                              Executor&& executor, Totals&& totals_of_strip) {
    for_each_task(
        w, all_rows, executor,
        [&](const weight_strip& strip, const std::int32_t*, std::size_t s, std::size_t first, std::size_t rows) {
            alignas(64) float totals[rows_together * strip_rows];
            {
                const environment<Isa> guard;
                totals_of_strip(strip, first, rows, totals);
            }
            for (std::size_t m = 0; m < rows; ++m)
                y.template finish<Isa>(totals + m * strip_rows, first + m, s, factor);
        });
}
template <class Isa, class W, class Out, class Executor, class Totals>
LOWPREC_INLINE void run_packed(const strips_of<W>& w, const packed_rows& x, const output_matrix<Out>& y, float factor,
                               Executor&& executor, Totals* totals_of_strip) {
    run_tasks<Isa>(w, x.rows, y, factor, executor,
                   [&](const weight_strip& strip, std::size_t first, std::size_t rows, float* totals) {
                       totals_of_strip(strip, x.from(first), rows, totals);
                   });
}

template <class Isa, class X, class W, class Out, class Executor>
LOWPREC_INLINE void float_product(const X* x, std::size_t rows, const strips_of<W>& w, const output_matrix<Out>& y,
                                  Executor&& executor) {
    using codes = typename strips_of<W>::codes_type;
    using scale = typename strips_of<W>::scale_type;
    // The totals of short groups cost more than their dots gain, but for few rows, which wait for memory.
    if constexpr (has_digits<Isa, codes>)
        if ((w.shape().group >= 64 || rows <= 4) && w.shape().group <= std::size_t{1}
                                                                           << 18) {  // sums of digits fit 32 bits
            const digit_activations digits = as_digits<Isa>(x, rows, w.shape());
            activation_memory floats;
            if (digits.any_as_floats) floats = as_floats<Isa>(x, rows, w.shape());
            return run_tasks<Isa>(w, rows, y, w.tensor_scale(), executor,
                                  [&](const weight_strip& strip, std::size_t first, std::size_t count, float* totals) {
                                      digit_strip<Isa, codes, scale, digits_for<X>>(strip, digits, first, count,
                                                                                    totals);
                                      if (digits.any_as_floats)
                                          for (std::size_t m = 0; m < count; ++m)
                                              if (digits.as_floats[first + m])
                                                  float_strip<Isa, codes, scale>(strip, floats.rows.from(first + m), 1,
                                                                                 totals + m * strip_rows);
                                  });
        }
    if constexpr (std::is_same_v<X, bf16> && has_bf16_dots<Isa, codes>) {
        // Each row by itself, so that its result doesn't depend on the rows beside it; runs of a kind together.
        const std::size_t columns = w.shape().columns;
        const auto normal = [&](std::size_t m) { return stays_normal<Isa, codes>(x + m * columns, columns); };
        for (std::size_t first = 0, end = 0; first < rows; first = end) {
            const bool dots = normal(first);
            for (end = first + 1; end < rows && normal(end) == dots;) ++end;
            const output_matrix<Out> part{y.data + first * y.rows, y.rows, y.bias, y.function};
            const X* const from = x + first * columns;
            if (dots) {
                const activation_memory a = as_they_are<Isa>(from, end - first, w.shape());
                run_packed<Isa>(w, a.rows, part, w.tensor_scale(), executor,
                                w.shape().has_zero_points ? &bf16_strip<Isa, codes, scale, codes::integers>
                                                          : &bf16_strip<Isa, codes, scale, false>);
            } else {
                const activation_memory a = as_floats<Isa>(from, end - first, w.shape());
                run_packed<Isa>(w, a.rows, part, w.tensor_scale(), executor, &float_strip<Isa, codes, scale>);
            }
        }
        return;
    }
    const activation_memory a = as_floats<Isa>(x, rows, w.shape());
    run_packed<Isa>(w, a.rows, y, w.tensor_scale(), executor, &float_strip<Isa, codes, scale>);
}

/// The longest sum of products of codes that 32 bits hold.
template <class A, class Codes>
LOWPREC_INLINE void check_length(std::string_view function, std::size_t columns, bool zero_points) {
    const auto bound = static_cast<std::size_t>(zero_points ? longest_dot_product_without_zero_points<A, Codes>()
                                                            : longest_dot_product<A, Codes>());
    if (columns > bound)
        fail_argument("lowprec::", function, ": sums of ", columns, " products may overflow 32 bits; the bound is ",
                      bound, zero_points ? " with zero points" : "");
}

/// The zero point of a row of activations in the codes' signed form, and its scale.
template <class A, class S>
LOWPREC_INLINE std::int32_t signed_zero_point(affine_span<A, S> x, std::size_t row) noexcept {
    using parameters = std::remove_const_t<A>;
    return x.at_group(row, 0).zero_point - (parameters::symmetric_zero_point == 0 ? 0 : 128);
}

template <class A, class S>
LOWPREC_INLINE bool has_zero_points(affine_span<A, S> x) noexcept {
    for (std::size_t i = 0; i < x.scales().size(); ++i)
        if (x.group(i).zero_point != std::remove_const_t<A>::symmetric_zero_point) return true;
    return false;
}

template <class A, class S>
LOWPREC_INLINE void check_activations(std::string_view function, affine_span<A, S> x) {
    using parameters = std::remove_const_t<A>;
    static_assert(parameters::bits == 8, "lowprec: integer products take activations of 8 bits");
    if (x.by().per_row(x.columns()) > 1)
        fail_argument("lowprec::", function, ": activations have one scale a row, or one in all, but x has groups of ",
                      x.by().size(x.columns()));
    for (std::size_t i = 0; i < x.scales().size(); ++i)
        if (!x.group(i).usable())
            fail_argument("lowprec::", function, ": scale ", i,
                          " of x is zero, negative, infinite or NaN, or its zero point is no code");
}

/// The exact sums of (a - za) (w - zw) of weights with one scale a row: f(row, strip, sums[64], head of the strip).
template <class Isa, class A, class S, class W, class Executor, class Function>
LOWPREC_INLINE void integer_sums(std::string_view function, affine_span<A, S> x, const strips_of<W>& w,
                                 Executor&& executor, Function&& f) {
    using codes = typename strips_of<W>::codes_type;
    const weight_shape& shape = w.shape();
    const bool zero_points = shape.has_zero_points || has_zero_points(x);
    check_length<std::remove_const_t<A>, codes>(function, shape.columns, zero_points);
    const auto a = as_quads<Isa, codes::width>(
        reinterpret_cast<const typename affine_span<A, S>::code_type*>(x.codes().data()), x.rows(), shape);
    for_each_task(w, x.rows(), executor,
                  [&](const weight_strip& strip, const std::int32_t* row_sums, std::size_t s, std::size_t first,
                      std::size_t rows) {
                      alignas(64) std::int32_t sums[rows_together * strip_rows];
                      integer_strip_sums<Isa, codes>(strip, a.memory.rows.from(first), rows, sums);
                      const std::size_t channels = strip.panels * panel_rows;
                      for (std::size_t m = 0; m < rows; ++m) {
                          // modulo 2^32: only the result is known to fit
                          const auto za = static_cast<std::uint32_t>(signed_zero_point(x, first + m));
                          const auto sum_a = static_cast<std::uint32_t>(a.sums()[first + m]);
                          for (std::size_t r = 0; r < channels; ++r) {
                              const std::uint32_t zw =
                                  shape.has_zero_points
                                      ? std::to_integer<std::uint32_t>(strip.data[shape.scales_bytes(strip.panels) + r])
                                      : std::uint32_t{codes::zero};
                              std::uint32_t sum = static_cast<std::uint32_t>(sums[m * strip_rows + r]) - zw * sum_a;
                              if constexpr (has_row_sums<codes>)
                                  sum -= za * (static_cast<std::uint32_t>(row_sums[r]) -
                                               zw * static_cast<std::uint32_t>(shape.columns));
                              sums[m * strip_rows + r] = static_cast<std::int32_t>(sum);
                          }
                          f(first + m, s, sums + m * strip_rows, strip);
                      }
                  });
}

template <class Isa, class A, class S, class W, class Out, class Executor>
LOWPREC_INLINE void integer_product(std::string_view function, affine_span<A, S> x, const strips_of<W>& w,
                                    const output_matrix<Out>& y, Executor&& executor) {
    using codes = typename strips_of<W>::codes_type;
    using scale = typename strips_of<W>::scale_type;
    static_assert(codes::integers, "lowprec: integer products take weights that are integers");
    const weight_shape& shape = w.shape();
    const auto scale_of = [&](std::size_t row) { return x.at_group(row, 0).scale * w.tensor_scale(); };
    if (has_row_sums<codes> && shape.groups() == 1) {
        integer_sums<Isa>(function, x, w, executor,
                          [&](std::size_t row, std::size_t s, const std::int32_t* sums, const weight_strip& strip) {
                              alignas(64) float totals[strip_rows], scales[strip_rows];
                              const environment<Isa> guard;
                              decode_scales<Isa, scale>(strip.data, strip.panels, scales);
                              for (std::size_t r = 0; r < strip.panels * panel_rows; r += lanes<Isa>)
                                  store_to(totals + r, xsimd::to_float(load_from<i32<Isa>>(sums + r)) *
                                                           load_from<f32<Isa>>(scales + r));
                              for (std::size_t r = strip.panels * panel_rows; r < strip_rows; ++r) totals[r] = 0;
                              y.template finish<Isa>(totals, row, s, scale_of(row));
                          });
        return;
    }
    if (has_zero_points(x))
        fail_argument("lowprec::", function,
                      ": activations with zero points need weights of 8 bits with one scale a row");
    check_length<std::remove_const_t<A>, codes>(function, shape.group, shape.has_zero_points);
    const auto a = as_quads<Isa, codes::width>(
        reinterpret_cast<const typename affine_span<A, S>::code_type*>(x.codes().data()), x.rows(), shape);
    for_each_task(
        w, x.rows(), executor,
        [&](const weight_strip& strip, const std::int32_t*, std::size_t s, std::size_t first, std::size_t rows) {
            alignas(64) float totals[rows_together * strip_rows];
            {
                const environment<Isa> guard;
                integer_strip_totals<Isa, codes, scale>(strip, a.memory.rows.from(first),
                                                        a.sums() + first * shape.groups(), rows, totals);
            }
            for (std::size_t m = 0; m < rows; ++m)
                y.template finish<Isa>(totals + m * strip_rows, first + m, s, scale_of(first + m));
        });
}

}  // namespace detail

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
    detail::float_product<Isa>(
        std::data(x), rows, w,
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
    detail::integer_product<Isa>(
        "matmul", x, w, detail::output_matrix<out>{std::data(y), w.shape().rows, options.bias.data(), options.function},
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
    if (w.shape().groups() > 1)
        detail::fail_argument("lowprec::matmul_sums: weights have groups of ", w.shape().group,
                              " columns, whose sums have scales of their own");
    const std::size_t n = w.shape().rows;
    detail::integer_sums<Isa>(
        "matmul_sums", x, w, executor,
        [&](std::size_t row, std::size_t s, const std::int32_t* sums, const detail::weight_strip&) {
            const std::size_t first = s * detail::strip_rows;
            const std::size_t count = n - first < detail::strip_rows ? n - first : detail::strip_rows;
            std::memcpy(std::data(y) + row * n + first, sums, count * sizeof *sums);
        });
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
    if (w.shape().groups() > 1)
        detail::fail_argument("lowprec::matmul_requantized: weights have groups of ", w.shape().group,
                              " columns, whose sums have scales of their own");
    const std::size_t n = w.shape().rows;
    detail::integer_sums<Isa>(
        "matmul_requantized", x, w, executor,
        [&](std::size_t row, std::size_t s, const std::int32_t* sums, const detail::weight_strip& strip) {
            const std::size_t first = s * detail::strip_rows;
            const std::size_t count = n - first < detail::strip_rows ? n - first : detail::strip_rows;
            for (std::size_t r = 0; r < count; ++r) {
                scale own;
                std::memcpy(&own, strip.data + r * sizeof own, sizeof own);
                const auto factor =
                    fixed_factor::of_scales(x.at_group(row, 0).scale, convert<float>(own), parameters.scale);
                const std::int64_t sum = std::int64_t{sums[r]} + (bias.empty() ? 0 : bias[first + r]);
                std::data(y)[row * n + first + r] =
                    requantize<Output, Form>(detail::saturate_to_32(sum), factor, parameters.zero_point);
            }
        });
}

/// y = x w^T where each row of x is first quantized to int8 with a scale of its own (dynamic, per token).
/// Shapes, Errors: as matmul of integers; x: m * k floats, and NaN or infinity among them is refused.
template <class X, detail::matmul_weights W, class Y, class Executor = serial, class Isa = simd::native>
void matmul_int8(const X& x, const W& weights, Y&& y, const matmul_options& options = {}, Executor&& executor = {}) {
    const std::size_t columns = weights.columns();
    if (columns == 0 || std::size(x) % columns != 0)
        detail::fail_argument("lowprec::matmul_int8: x has ", std::size(x),
                              " elements, which are no rows of the weights' ", columns, " columns");
    using parameters = affine<8, integer_codes::signed_narrow>;
    const affine_matrix<parameters> codes =
        quantize<parameters>(x, std::size(x) / columns, columns, granularity::row());
    matmul<const parameters, float, W, Y, Executor, Isa>(codes.view(), weights, std::forward<Y>(y), options,
                                                         std::forward<Executor>(executor));
}
/// The same with parameters that are given (static).
template <class X, detail::matmul_weights W, class Y, integer_codes Codes, class Executor = serial,
          class Isa = simd::native>
void matmul_int8(const X& x, affine<8, Codes> parameters, const W& weights, Y&& y, const matmul_options& options = {},
                 Executor&& executor = {}) {
    const std::size_t columns = weights.columns();
    if (columns == 0 || std::size(x) % columns != 0)
        detail::fail_argument("lowprec::matmul_int8: x has ", std::size(x),
                              " elements, which are no rows of the weights' ", columns, " columns");
    affine_matrix<affine<8, Codes>> codes(std::size(x) / columns, columns, granularity::tensor(),
                                          range_kind::asymmetric);
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
    const detail::output_matrix<out> outputs{std::data(y), w.shape().rows, options.bias.data(), options.function};
    // the same in every environment
    const float factor =
        convert<float>(detail::format_from_native(x.tensor_scale()) * detail::format_from_native(w.tensor_scale()));
    if constexpr (detail::has_bf16_dots<Isa, codes>) {
        const auto a = detail::as_elements<Isa, bf16, row>(x, w.shape());
        detail::run_packed<Isa>(w, a.rows, outputs, factor, executor, &detail::bf16_strip<Isa, codes, scale, false>);
    } else {
        const auto a = detail::as_elements<Isa, float, row>(x, w.shape());
        detail::run_packed<Isa>(w, a.rows, outputs, factor, executor, &detail::float_strip<Isa, codes, scale>);
    }
}

}  // namespace lowprec

#endif
