// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 6
//
// Matrices of floats to affine integer codes and back.
//
//     quantize<affine<8>>(in, rows, columns, granularity::row())        parameters from the numbers: an affine_matrix
//     quantize(in, view)               the same into the caller's memory; granularity::row() is dynamic per-token quantization
//     choose_parameters(in, view)      its two halves: static quantization takes parameters that are there
//     quantize_as_chosen(in, view)
//     dequantize(view, out)
//     fake_quantize<affine<8>>(in, out, rows, columns, granularity::row())      there and back, without the codes
//
// Vectors are matrices of one row. Every degenerate input has one result, never NaN: docs/integers.md has the table. Isa is
// the instruction set, which the compiler's flags say.
#ifndef LOWPREC_QUANTIZE_AFFINE_HPP
#define LOWPREC_QUANTIZE_AFFINE_HPP

#include <lowprec/kernels/affine.hpp>
#include <lowprec/kernels/affine/groups.hpp>
#include <lowprec/kernels/reduce.hpp>
#include <lowprec/quantize/affine_matrix.hpp>
#include <lowprec/quantize/nan_policy.hpp>
#include <string_view>

namespace lowprec {

/// Everything that quantization has to be told.
struct affine_policy {
    integer_recipe recipe = integer_recipe::exact;
    range_kind range = range_kind::symmetric;
    nan_policy nan = nan_policy::error;

    friend constexpr bool operator==(const affine_policy&, const affine_policy&) = default;
};

namespace detail {

template <affine_policy P, class A>
LOWPREC_INLINE constexpr bool has_parameters() noexcept {
    constexpr bool is_signed_code = is_signed(A::codes), narrow = is_narrow(A::codes);
    return P.range == range_kind::symmetric ? recipe_has_amax<P.recipe, A::bits, is_signed_code, narrow>
                                            : recipe_has_ranges<P.recipe, A::bits, is_signed_code, narrow>;
}

template <class In>
LOWPREC_INLINE const float* checked_input(const In& in, std::size_t rows, std::size_t columns,
                                          std::string_view function) {
    static_assert(contiguous_of<const In, float>, "lowprec: quantizers take a vector, array or span of float");
    if ((columns != 0 && rows > ~std::size_t{0} / columns) || std::size(in) != rows * columns)
        fail_argument("lowprec::", function, ": ", rows, " rows of ", columns, " elements, but there are ",
                      std::size(in));
    return std::data(in);
}

/// Refuses NaN, and infinity where a range would have to hold it.
enum class refused { nan, not_finite };
template <refused What, class In>
LOWPREC_INLINE void check_numbers(const In& in, std::size_t columns, std::string_view function) {
    if (all_finite(in)) return;
    for (std::size_t i = 0; i < std::size(in); ++i) {
        const std::uint32_t magnitude = bits_of_float(std::data(in) + i) & ~float_sign;
        if (magnitude < float_infinity || (What == refused::nan && magnitude == float_infinity)) continue;
        fail_argument("lowprec::", function, ": element ", i, " (row ", i / columns, ", column ", i % columns, ") is ",
                      magnitude == float_infinity ? "infinite" : "NaN");
    }
}

/// The range of what is finite among n numbers; NaN is 0 or passed over. Without any, 0 and 0.
template <class Isa, nan_policy Nan>
extent finite_extent(const float* in, std::size_t n) noexcept {
    constexpr fp32 zero = fp32::from_bits(0);
    fp32 low = zero, high = zero;
    bool any = false;
    for (std::size_t i = 0; i < n; ++i) {
        fp32 x = fp32::from_bits(bits_of_float(in + i));
        if (Nan == nan_policy::zero && isnan(x)) x = zero;
        if (!isfinite(x)) continue;
        if (!any || x < low) low = x;
        if (!any || x > high) high = x;
        any = true;
    }
    return {convert<float>(low), convert<float>(high)};
}

/// The finite number that has the largest magnitude, the first of several; 0 if there is none.
template <class Isa>
float extreme(const float* in, std::size_t n) noexcept {
    std::uint32_t found = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const std::uint32_t bits = bits_of_float(in + i), magnitude = bits & ~float_sign;
        if (magnitude < float_infinity && magnitude > (found & ~float_sign)) found = bits;
    }
    return __builtin_bit_cast(float, found);
}

LOWPREC_INLINE bool is_finite(float x) noexcept { return isfinite(format_from_native(x)); }

/// The parameters of blocks of n of `count` numbers, n >= 1: f(i, parameters) for each.
template <class Isa, class A, affine_policy P, class Scale, class Function>
void parameters_of_blocks(const float* in, std::size_t count, std::size_t n, Function&& f) {
    using format = scale_format<Scale>;
    constexpr std::size_t most = 128, numbers_in_cache = 4096;
    const std::size_t fit = numbers_in_cache / n, together = fit == 0 ? 1 : fit < most ? fit : most;
    std::conditional_t<P.range == range_kind::symmetric, float, extent> found[most];
    for (std::size_t first = 0; count != 0; first += together) {
        const std::size_t all = count / n + (count % n != 0 ? 1 : 0), blocks = all < together ? all : together;
        const std::size_t used = blocks < all ? blocks * n : count;
        const std::span<const float> numbers(in, used);
        if constexpr (P.range == range_kind::symmetric)
            abs_max_blocks(numbers, n, std::span(found, blocks));
        else
            min_max_blocks(numbers, n, std::span(found, blocks));
        for (std::size_t i = 0; i < blocks; ++i) {
            const float* block = in + i * n;
            const std::size_t size = used - i * n < n ? used - i * n : n;
            if constexpr (P.range == range_kind::symmetric) {
                float amax = found[i];
                if constexpr (P.recipe == integer_recipe::ggml && A::bits == 4) {
                    amax = extreme<Isa>(block, size);
                } else if (!is_finite(amax)) {
                    amax = extreme<Isa>(block, size);
                }
                f(first + i, A::template from_amax<P.recipe, format>(amax));
            } else {
                extent e = found[i];
                if (!is_finite(e.min) || !is_finite(e.max)) e = finite_extent<Isa, P.nan>(block, size);
                f(first + i, A::template from_range<P.recipe, format>(e.min, e.max));
            }
        }
        in += used;
        count -= used;
    }
}

/// f(i, parameters) for each group of a matrix.
template <class Isa, class A, affine_policy P, class Scale, class Function>
void parameters_of_groups(const float* in, std::size_t rows, std::size_t columns, granularity by, Function&& f) {
    const std::size_t size = by.size(columns), per_row = by.per_row(columns), count = rows * columns;
    if (count == 0) {
        constexpr float zero = 0;
        for (std::size_t i = 0; i < by.count(rows, columns); ++i)
            parameters_of_blocks<Isa, A, P, Scale>(&zero, 1, 1, [&](std::size_t, A found) { f(i, found); });
    } else if (by.is_tensor()) {
        parameters_of_blocks<Isa, A, P, Scale>(in, count, count, f);
    } else if (columns % size == 0) {
        parameters_of_blocks<Isa, A, P, Scale>(in, count, size, f);
    } else {
        for (std::size_t row = 0; row < rows; ++row)
            parameters_of_blocks<Isa, A, P, Scale>(in + row * columns, columns, size,
                                                   [&](std::size_t i, A found) { f(row * per_row + i, found); });
    }
}

/// f(group, first element, how many, first byte, first bit) for each stretch of codes with the same parameters.
template <class A, class Function>
LOWPREC_INLINE void for_each_stretch(std::size_t rows, std::size_t columns, granularity by, Function&& f) {
    constexpr std::size_t width = A::bits;
    const std::size_t size = by.size(columns), per_row = by.per_row(columns);
    if (columns == 0) return;
    if (by.is_tensor() && columns * width % 8 == 0) {
        f(0, 0, rows * columns, 0, 0U);  // no bits between the rows
        return;
    }
    for (std::size_t row = 0; row < rows; ++row)
        for (std::size_t i = 0, begin = 0; begin < columns; ++i, begin += size)
            f(by.is_tensor() ? 0 : row * per_row + i, row * columns + begin,
              columns - begin < size ? columns - begin : size,
              row * row_bytes<A>(columns) + begin / 8 * width + begin % 8 * width / 8,
              static_cast<unsigned>(begin % 8 * width % 8));
}

/// Whether parameters are what a recipe can have made.
template <integer_recipe R, class A>
LOWPREC_INLINE constexpr bool serves(A a) noexcept {
    if (a.usable()) return true;
    const fp32 scale = format_from_native(a.scale);
    const bool in_range = a.zero_point >= A::lowest && a.zero_point <= A::highest;
    const bool zero = scale == fp32::from_bits(0);
    return in_range && isfinite(scale) &&
           ((zero && (R == integer_recipe::tflite || R == integer_recipe::ggml)) ||
            (R == integer_recipe::ggml && A::bits == 4));
}

template <class Isa, affine_policy P, class A, class Scale>
void quantize_stretches(const float* in, affine_span<A, Scale> out) noexcept {
    for_each_stretch<A>(out.rows(), out.columns(), out.by(),
                        [&](std::size_t group, std::size_t first, std::size_t n, std::size_t byte, unsigned bit) {
                            quantize_row<Isa, P.recipe>(in + first, n, out.group(group), out.codes().data() + byte,
                                                        bit);
                        });
}

template <affine_policy P, class A, class Scale>
LOWPREC_INLINE void check_room_for_zero_points(affine_span<A, Scale> out, std::string_view function) {
    static_assert(has_parameters<P, A>(),
                  "lowprec: this recipe has no parameters of this kind for these codes (docs/integers.md)");
    if (P.range == range_kind::asymmetric && out.zero_points().empty() && !out.scales().empty())
        fail_argument("lowprec::", function, ": asymmetric ranges need room for zero points");
}

template <class A, class Scale>
LOWPREC_INLINE void store_parameters(affine_span<A, Scale> out, std::size_t i, A found) noexcept {
    out.scales()[i] = convert<Scale>(found.scale);  // a number of Scale already
    if (!out.zero_points().empty()) out.zero_points()[i] = static_cast<typename A::code_type>(found.zero_point);
}

template <class Isa, affine_policy P, class A, class Scale>
void choose_unchecked(const float* in, affine_span<A, Scale> out) noexcept {
    parameters_of_groups<Isa, A, P, Scale>(in, out.rows(), out.columns(), out.by(),
                                           [&](std::size_t i, A found) { store_parameters(out, i, found); });
}

/// Parameters and codes, each group's while its numbers are in the cache. A tensor's are read twice.
template <class Isa, affine_policy P, class A, class Scale>
void quantize_unchecked(const float* in, affine_span<A, Scale> out) noexcept {
    const std::size_t columns = out.columns(), size = out.by().size(columns), per_row = out.by().per_row(columns);
    if (out.by().is_tensor() || out.rows() * columns == 0) {
        choose_unchecked<Isa, P>(in, out);
        quantize_stretches<Isa, P>(in, out);
        return;
    }
    if constexpr (P.recipe == integer_recipe::exact && P.range == range_kind::symmetric && Isa::vectors)
        if (columns % size == 0 && groups_in_lanes<Isa, A, Scale>(size)) {
            for (auto& zero_point : out.zero_points()) zero_point = A::symmetric_zero_point;
            const auto by_definition = [&](std::size_t first, std::size_t groups, std::byte* codes) {
                parameters_of_blocks<Isa, A, P, Scale>(
                    in + first * size, groups * size, size, [&](std::size_t i, A found) {
                        store_parameters(out, first + i, found);
                        quantize_row<Isa, P.recipe>(in + (first + i) * size, size, found,
                                                    codes + i * row_bytes<A>(size));
                    });
            };
            return quantize_groups<Isa, A>(in, out.scales().size(), size, out.scales().data(), out.codes().data(),
                                           by_definition);
        }
    parameters_of_groups<Isa, A, P, Scale>(in, out.rows(), columns, out.by(), [&](std::size_t i, A found) {
        store_parameters(out, i, found);
        const std::size_t row = i / per_row, begin = i % per_row * size, width = A::bits;
        quantize_row<Isa, P.recipe>(
            in + row * columns + begin, columns - begin < size ? columns - begin : size, found,
            out.codes().data() + row * out.row_bytes() + begin / 8 * width + begin % 8 * width / 8,
            static_cast<unsigned>(begin % 8 * width % 8));
    });
}

}  // namespace detail

/// Finds each group's scale and zero point from its numbers, by affine::from_amax or from_range.
/// Shapes:  in: rows x columns floats, a contiguous range: vector, array, span.
/// Beyond:  infinities are no part of a range unless they are refused; a group without finite numbers is one of zeros.
/// Errors:  std::invalid_argument if the sizes differ; for NaN and infinity under nan_policy::error, naming the first one;
///          nothing is written then.
/// Cost:    reads the input twice; no allocation.
template <affine_policy P = affine_policy{}, class In, class A, class Scale, class Isa = simd::native>
void choose_parameters(const In& in, affine_span<A, Scale> out) {
    const float* numbers = detail::checked_input(in, out.rows(), out.columns(), "choose_parameters");
    detail::check_room_for_zero_points<P>(out, "choose_parameters");
    if constexpr (P.nan == nan_policy::error)
        detail::check_numbers<detail::refused::not_finite>(in, out.columns(), "choose_parameters");
    detail::choose_unchecked<Isa, P>(numbers, out);
}

/// The codes by the scales and zero points that the view has: static quantization.
/// Shapes:  as choose_parameters.
/// Beyond:  infinity saturates. NaN has the code of zero unless it is refused.
/// Errors:  std::invalid_argument if the sizes differ; for NaN under nan_policy::error, naming the first one; for a scale that
///          is zero, negative, infinite or NaN and a zero point that is no code. Nothing is written then.
template <affine_policy P = affine_policy{}, class In, class A, class Scale, class Isa = simd::native>
void quantize_as_chosen(const In& in, affine_span<A, Scale> out) {
    const float* numbers = detail::checked_input(in, out.rows(), out.columns(), "quantize_as_chosen");
    for (std::size_t i = 0; i < out.scales().size(); ++i) {
        const A parameters = out.group(i);
        if (detail::serves<P.recipe>(parameters)) continue;
        if (parameters.zero_point < A::lowest || parameters.zero_point > A::highest)
            detail::fail_argument("lowprec::quantize_as_chosen: zero point ", i, " is ", parameters.zero_point,
                                  ", but codes go from ", A::lowest, " to ", A::highest);
        detail::fail_argument("lowprec::quantize_as_chosen: scale ", i, " is zero, negative, infinite or NaN");
    }
    if constexpr (P.nan == nan_policy::error)
        detail::check_numbers<detail::refused::nan>(in, out.columns(), "quantize_as_chosen");
    detail::quantize_stretches<Isa, P>(numbers, out);
}

/// Both: the parameters from the numbers, then the codes. The scales are rounded to their storage before codes are chosen.
/// Shapes, Beyond, Errors: as choose_parameters.
/// Cost:    reads the input twice, or once where no number is refused; a tensor's once more. No allocation.
template <affine_policy P = affine_policy{}, class In, class A, class Scale, class Isa = simd::native>
void quantize(const In& in, affine_span<A, Scale> out) {
    const float* numbers = detail::checked_input(in, out.rows(), out.columns(), "quantize");
    detail::check_room_for_zero_points<P>(out, "quantize");
    if constexpr (P.nan == nan_policy::error)
        detail::check_numbers<detail::refused::not_finite>(in, out.columns(), "quantize");
    detail::quantize_unchecked<Isa, P>(numbers, out);
}

/// The same into new memory.
/// Errors:  as choose_parameters; std::bad_alloc.
template <detail::affine_parameters A, affine_policy P = affine_policy{}, detail::scale_storage Scale = float, class In,
          class Isa = simd::native>
[[nodiscard]] affine_matrix<A, Scale> quantize(const In& in, std::size_t rows, std::size_t columns,
                                               granularity by = granularity::tensor()) {
    detail::checked_input(in, rows, columns, "quantize");  // before memory is asked for
    affine_matrix<A, Scale> result(rows, columns, by, P.range);
    quantize<P, In, A, Scale, Isa>(in, result.view());
    return result;
}

/// The numbers that codes stand for.
/// Shapes:  out: rows x columns floats, a contiguous range.
/// Rounds:  once.
/// Beyond:  saturates; never NaN or infinite.
/// Errors:  std::invalid_argument if the sizes differ, or a scale is infinite or NaN; nothing is written then.
template <class A, class Scale, class Out, class Isa = simd::native>
void dequantize(affine_span<A, Scale> in, Out&& out) {
    using parameters = std::remove_const_t<A>;
    static_assert(detail::contiguous_output_of<Out, float>,
                  "lowprec: dequantize writes to a vector, array or span of float");
    detail::checked_input(out, in.rows(), in.columns(), "dequantize");
    for (std::size_t i = 0; i < in.scales().size(); ++i)
        if (!detail::is_finite(in.group(i).scale))
            detail::fail_argument("lowprec::dequantize: scale ", i, " is infinite or NaN");
    float* numbers = std::data(out);
    detail::for_each_stretch<parameters>(
        in.rows(), in.columns(), in.by(),
        [&](std::size_t group, std::size_t first, std::size_t n, std::size_t byte, unsigned bit) {
            detail::dequantize_row<Isa>(in.codes().data() + byte, bit, n, in.group(group), numbers + first);
        });
}

/// What dequantize gives for the codes that quantize gives, without either's memory. `out` may be `in` itself.
/// Shapes, Beyond, Errors: as choose_parameters; out: as many floats.
template <detail::affine_parameters A, affine_policy P = affine_policy{}, detail::scale_storage Scale = float, class In,
          class Out, class Isa = simd::native>
void fake_quantize(const In& in, Out&& out, std::size_t rows, std::size_t columns,
                   granularity by = granularity::tensor()) {
    static_assert(detail::has_parameters<P, A>(),
                  "lowprec: this recipe has no parameters of this kind for these codes (docs/integers.md)");
    static_assert(detail::contiguous_output_of<Out, float>,
                  "lowprec: fake_quantize writes to a vector, array or span of float");
    const float* from = detail::checked_input(in, rows, columns, "fake_quantize");
    detail::checked_input(out, rows, columns, "fake_quantize");
    if constexpr (P.nan == nan_policy::error)
        detail::check_numbers<detail::refused::not_finite>(in, columns, "fake_quantize");
    float* to = std::data(out);
    const auto there_and_back = [&](A found, std::size_t first, std::size_t n) {
        constexpr std::size_t together = 1024;
        std::byte codes[detail::row_bytes<A>(together)];
        for (std::size_t i = 0; i < n; i += together) {
            const std::size_t size = n - i < together ? n - i : together;
            detail::quantize_row<Isa, P.recipe>(from + first + i, size, found, codes);
            detail::dequantize_row<Isa>(codes, 0, size, found, to + first + i);
        }
    };
    if (rows * columns == 0) return;
    const std::size_t size = by.size(columns), per_row = by.per_row(columns);
    detail::parameters_of_groups<Isa, A, P, Scale>(from, rows, columns, by, [&](std::size_t i, A found) {
        if (by.is_tensor()) return there_and_back(found, 0, rows * columns);
        const std::size_t begin = i % per_row * size;
        there_and_back(found, i / per_row * columns + begin, columns - begin < size ? columns - begin : size);
    });
}

}  // namespace lowprec

#endif
