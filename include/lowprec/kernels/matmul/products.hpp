// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// The choice of the kernel: for products of numbers, of integer codes, and of blocks. Arguments are known to fit; what is checked
// before is here, too.
#ifndef LOWPREC_KERNELS_MATMUL_PRODUCTS_HPP
#define LOWPREC_KERNELS_MATMUL_PRODUCTS_HPP

#include <lowprec/kernels/matmul/avx512_bf16.hpp>
#include <lowprec/kernels/matmul/avx512_digits.hpp>
#include <lowprec/kernels/matmul/tasks.hpp>
#include <lowprec/requantize.hpp>

namespace lowprec::detail {

/// A product by kernels that take packed rows.
template <class Isa, class W, class Out, class Executor, class Totals>
LOWPREC_INLINE void run_packed(const strips_of<W>& w, const packed_rows& x, const output_matrix<Out>& y, float factor,
                               Executor&& executor, Totals* totals_of_strip) {
    run_tasks<Isa>(
        w, x.rows, y, executor, [&](std::size_t) { return factor; },
        [&](const weight_strip& strip, std::size_t first, std::size_t rows, float* totals) {
            totals_of_strip(strip, x.from(first), rows, totals);
        });
}

/// The totals of short groups cost more than their dots gain, but for few rows, which wait for memory. Sums of digits fit 32 bits up
/// to some 700,000 columns.
LOWPREC_INLINE bool digits_pay(const weight_shape& w, std::size_t rows) noexcept {
    return (w.group >= 64 || rows <= 4) && w.group <= std::size_t{1} << 18;
}

/// By digits; rows that can't be, by floats.
template <class Isa, class X, class W, class Out, class Executor>
LOWPREC_INLINE void digit_product(const X* x, std::size_t rows, const strips_of<W>& w, const output_matrix<Out>& y,
                                  Executor&& executor) {
    using codes = typename strips_of<W>::codes_type;
    using scale = typename strips_of<W>::scale_type;
    const digit_activations digits = as_digits<Isa>(x, rows, w.shape());
    activation_memory floats;
    if (digits.any_as_floats) floats = as_floats<Isa>(x, rows, w.shape());
    run_tasks<Isa>(
        w, rows, y, executor, [&](std::size_t) { return w.tensor_scale(); },
        [&](const weight_strip& strip, std::size_t first, std::size_t count, float* totals) {
            digit_strip<Isa, codes, scale, digits_for<X>>(strip, digits, first, count, totals);
            if (!digits.any_as_floats) return;
            for (std::size_t m = 0; m < count; ++m)
                if (digits.as_floats[first + m])
                    float_strip<Isa, codes, scale>(strip, floats.rows.from(first + m), 1, totals + m * strip_rows);
        });
}

template <class Isa, class X, class W, class Out, class Executor>
LOWPREC_INLINE void float_product(const X* x, std::size_t rows, const strips_of<W>& w, const output_matrix<Out>& y,
                                  Executor&& executor) {
    using codes = typename strips_of<W>::codes_type;
    using scale = typename strips_of<W>::scale_type;
    if constexpr (has_digits<Isa, codes>)
        if (digits_pay(w.shape(), rows)) return digit_product<Isa>(x, rows, w, y, executor);
    if constexpr (std::is_same_v<X, bf16> && has_bf16_dots<Isa, codes>) {
        // Each row by itself, so that its result doesn't depend on the rows beside it; runs of a kind together.
        const std::size_t columns = w.shape().columns;
        const auto normal = [&](std::size_t m) { return stays_normal<Isa, codes>(x + m * columns, columns); };
        for (std::size_t first = 0, end = 0; first < rows; first = end) {
            const bool dots = normal(first);
            for (end = first + 1; end < rows && normal(end) == dots;) ++end;
            const output_matrix<Out> part{y.data + first * y.channels, y.channels, y.bias, y.function};
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
LOWPREC_INLINE const typename affine_span<A, S>::code_type* codes_at(affine_span<A, S> x) noexcept {
    return reinterpret_cast<const typename affine_span<A, S>::code_type*>(x.codes().data());
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

LOWPREC_INLINE void check_one_scale(std::string_view function, const weight_shape& w) {
    if (w.groups() > 1)
        fail_argument("lowprec::", function, ": weights have groups of ", w.group,
                      " columns, whose sums have scales of their own");
}

/// What products of integers refuse once sizes match.
template <class A, class S, class Codes>
LOWPREC_INLINE void check_integer_sums(std::string_view function, affine_span<A, S> x, const weight_shape& w,
                                       std::type_identity<Codes>) {
    check_length<std::remove_const_t<A>, Codes>(function, w.columns, w.has_zero_points || has_zero_points(x));
}
template <class A, class S, class Codes>
LOWPREC_INLINE void check_integer_product(std::string_view function, affine_span<A, S> x, const weight_shape& w,
                                          std::type_identity<Codes> codes) {
    if (has_row_sums<Codes> && w.groups() == 1) return check_integer_sums(function, x, w, codes);
    if (has_zero_points(x))
        fail_argument("lowprec::", function,
                      ": activations with zero points need weights of 8 bits with one scale a row");
    check_length<std::remove_const_t<A>, Codes>(function, w.group, w.has_zero_points);
}

/// The exact sums of (a - za) (w - zw) of weights with one scale a row: f(row, strip, sums[64], head of the strip).
template <class Isa, class A, class S, class W, class Executor, class Function>
LOWPREC_INLINE void integer_sums(affine_span<A, S> x, const strips_of<W>& w, Executor&& executor, Function&& f) {
    using codes = typename strips_of<W>::codes_type;
    const weight_shape& shape = w.shape();
    const auto a = as_quads<Isa, codes::width>(codes_at(x), x.rows(), shape);
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
LOWPREC_INLINE void integer_product(affine_span<A, S> x, const strips_of<W>& w, const output_matrix<Out>& y,
                                    Executor&& executor) {
    using codes = typename strips_of<W>::codes_type;
    using scale = typename strips_of<W>::scale_type;
    static_assert(codes::integers, "lowprec: integer products take weights that are integers");
    const weight_shape& shape = w.shape();
    const auto scale_of = [&](std::size_t row) { return x.at_group(row, 0).scale * w.tensor_scale(); };
    if (has_row_sums<codes> && shape.groups() == 1) {
        integer_sums<Isa>(
            x, w, executor, [&](std::size_t row, std::size_t s, const std::int32_t* sums, const weight_strip& strip) {
                alignas(64) float totals[strip_rows], scales[strip_rows];
                const environment<Isa> guard;
                decode_scales<Isa, scale>(strip.data, strip.panels, scales);
                for (std::size_t r = 0; r < strip.panels * panel_rows; r += lanes<Isa>)
                    store_to(totals + r,
                             xsimd::to_float(load_from<i32<Isa>>(sums + r)) * load_from<f32<Isa>>(scales + r));
                for (std::size_t r = strip.panels * panel_rows; r < strip_rows; ++r) totals[r] = 0;
                y.template finish<Isa>(totals, row, s, scale_of(row));
            });
        return;
    }
    const auto a = as_quads<Isa, codes::width>(codes_at(x), x.rows(), shape);
    run_tasks<Isa>(w, x.rows(), y, executor, scale_of,
                   [&](const weight_strip& strip, std::size_t first, std::size_t rows, float* totals) {
                       integer_strip_totals<Isa, codes, scale>(strip, a.memory.rows.from(first),
                                                               a.sums() + first * shape.groups(), rows, totals);
                   });
}

/// Blocks times blocks of the same format.
template <class Isa, class B, class W, class Out, class Executor>
LOWPREC_INLINE void block_product(block_span<const B> x, const strips_of<W>& w, const output_matrix<Out>& y,
                                  Executor&& executor) {
    using codes = typename strips_of<W>::codes_type;
    using scale = typename strips_of<W>::scale_type;
    // the same in every environment
    const float factor = convert<float>(format_from_native(x.tensor_scale()) * format_from_native(w.tensor_scale()));
    if constexpr (has_bf16_dots<Isa, codes>) {
        const auto a = as_elements<Isa, bf16, B>(x, w.shape());
        run_packed<Isa>(w, a.rows, y, factor, executor, &bf16_strip<Isa, codes, scale, false>);
    } else {
        const auto a = as_elements<Isa, float, B>(x, w.shape());
        run_packed<Isa>(w, a.rows, y, factor, executor, &float_strip<Isa, codes, scale>);
    }
}

// Any of them. What becomes of sums that stay integers is a function: f(row, strip, sums[64], head of the strip).
template <class Isa, class X, class W, class Out, class Executor>
LOWPREC_INLINE void run_product(number_rows<X> x, const strips_of<W>& w, const output_matrix<Out>& y,
                                Executor&& executor) {
    float_product<Isa>(x.data, x.rows, w, y, executor);
}
template <class Isa, class A, class S, class W, class Out, class Executor>
LOWPREC_INLINE void run_product(affine_span<A, S> x, const strips_of<W>& w, const output_matrix<Out>& y,
                                Executor&& executor) {
    integer_product<Isa>(x, w, y, executor);
}
template <class Isa, class A, class S, class W, class Function, class Executor>
LOWPREC_INLINE void run_product(affine_span<A, S> x, const strips_of<W>& w, const Function& f, Executor&& executor) {
    integer_sums<Isa>(x, w, executor, f);
}
template <class Isa, class B, class W, class Out, class Executor>
LOWPREC_INLINE void run_product(block_span<const B> x, const strips_of<W>& w, const output_matrix<Out>& y,
                                Executor&& executor) {
    block_product<Isa, B>(x, w, y, executor);
}

}  // namespace lowprec::detail

#endif
