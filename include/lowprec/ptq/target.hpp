// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 7
//
// What weights can become, one interface for all: integers in groups, small floats with scales, blocks.
//
//     integer_target<affine<4>>{granularity::group(128)}      an affine_matrix; policy and the scale's type as in quantize()
//     float_target<e4m3>{granularity::row()}                  a scaled_matrix
//     block_target<nvfp4>{}                                   a block_tensor
//
// round_to_nearest(weights, rows, target) is the plain way, which the others are compared with; restored(matrix) are the floats
// that it stands for. For integers and blocks both give what quantize() and dequantize() give.
#ifndef LOWPREC_PTQ_TARGET_HPP
#define LOWPREC_PTQ_TARGET_HPP

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <lowprec/kernels/blocks.hpp>
#include <lowprec/ptq/statistics.hpp>
#include <lowprec/quantize/affine.hpp>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace lowprec {

/// Codes of a format of at most 8 bits, one a byte, and a scale for the tensor, each row, or each group of a row, as
/// affine_span has them. A number is code * scale.
template <format F, detail::scale_storage Scale = float>
    requires(F::width <= 8)
struct scaled_matrix {
    std::size_t rows = 0, columns = 0;
    granularity by = granularity::row();
    std::vector<F> codes{};
    std::vector<Scale> scales{};

    scaled_matrix() = default;
    scaled_matrix(std::size_t r, std::size_t c, granularity g)
        : rows{r}, columns{c}, by{g}, codes(r * c), scales(g.count(r, c)) {}
    [[nodiscard]] std::size_t group(std::size_t row, std::size_t column) const noexcept {
        return by.is_tensor() ? 0 : row * by.per_row(columns) + column / by.size(columns);
    }
    /// Rounds:  once.
    [[nodiscard]] float operator()(std::size_t row, std::size_t column) const noexcept {
        return static_cast<float>(convert<double>(codes[row * columns + column]) *
                                  convert<double>(scales[group(row, column)]));
    }
};

namespace detail {

inline float largest_magnitude(extent e) noexcept { return (std::max)(-e.min, e.max); }
/// As float, which ends at its largest number.
inline float float_of(double x) noexcept {
    constexpr double most = static_cast<double>((std::numeric_limits<float>::max)());
    return static_cast<float>((std::max)(-most, (std::min)(x, most)));
}
inline extent extent_of(std::span<const float> x) noexcept { return x.empty() ? extent{0, 0} : min_max(x); }

/// Whether a policy's range is that of GPTQ's code, where a symmetric range of numbers that are none below zero keeps its
/// lower end 0, so that the scale is half of what it should be.
template <affine_policy P>
inline constexpr bool range_of_gptq = P.recipe == integer_recipe::gptq&& P.range == range_kind::symmetric;

}  // namespace detail

/// Integers: scale x (code - zero point). A is affine<Bits>, the range symmetric or not, parameters by the recipe.
template <detail::affine_parameters A, affine_policy P = affine_policy{}, detail::scale_storage Scale = float>
struct integer_target {
    granularity groups = granularity::group(128);

    using matrix = affine_matrix<A, Scale>;
    using parameters = A;
    using shared = A;

    [[nodiscard]] granularity by(std::size_t) const noexcept { return groups; }
    [[nodiscard]] shared share(extent whole) const noexcept { return of_range(whole); }
    [[nodiscard]] parameters find(extent e, const shared& whole) const noexcept {
        return groups.is_tensor() ? whole : of_range(e);
    }
    [[nodiscard]] static std::uint8_t encode(const parameters& p, const shared&, double x) noexcept {
        if constexpr (P.recipe == integer_recipe::exact)
            return A::to_bits(p.quantize(x));
        else
            return A::to_bits(p.template quantize<P.recipe>(detail::float_of(x)));
    }
    [[nodiscard]] static float decode(const parameters& p, const shared&, std::uint8_t code) noexcept {
        return p.dequantize(A::from_bits(code));
    }
    /// There and back.
    static void round(const parameters& p, const shared&, std::span<const float> in, float* out) noexcept {
        std::byte codes[detail::row_bytes<A>(together)];
        for (std::size_t i = 0; i < in.size(); i += together) {
            const std::size_t n = (std::min)(together, in.size() - i);
            detail::quantize_row<simd::native, P.recipe>(in.data() + i, n, p, codes);
            detail::dequantize_row<simd::native>(codes, 0, n, p, out + i);
        }
    }

    [[nodiscard]] matrix make(std::size_t rows, std::size_t columns, const shared& whole) const {
        matrix result(rows, columns, groups, P.range);
        if (groups.is_tensor()) store(result, 0, whole);
        return result;
    }
    /// A row of codes and of its groups' parameters, into a matrix made by `make`.
    void store_row(matrix& to, std::size_t row, std::span<const parameters> found,
                   std::span<const std::uint8_t> codes) const noexcept {
        const auto view = to.view();
        std::byte* at = view.codes().data() + row * view.row_bytes();
        std::fill_n(at, view.row_bytes(), std::byte{0});
        for (std::size_t j = 0; j < codes.size(); ++j) {
            constexpr std::size_t width = A::bits;
            const std::size_t byte = j / 8 * width + j % 8 * width / 8;
            const unsigned both = unsigned{codes[j]} << (j % 8 * width % 8);
            at[byte] |= static_cast<std::byte>(both);
            if (both > 0xFF) at[byte + 1] |= static_cast<std::byte>(both >> 8);
        }
        if (!groups.is_tensor())
            for (std::size_t i = 0; i < found.size(); ++i) store(to, row * found.size() + i, found[i]);
    }

private:
    static constexpr std::size_t together = 1024;

    static void store(matrix& to, std::size_t i, const parameters& p) noexcept {
        const auto view = to.view();
        view.scales()[i] = convert<Scale>(p.scale);  // a number of Scale already
        if (!view.zero_points().empty()) view.zero_points()[i] = static_cast<typename A::code_type>(p.zero_point);
    }
    [[nodiscard]] static parameters of_range(extent e) noexcept {
        using stored = detail::scale_format<Scale>;
        if constexpr (P.range == range_kind::asymmetric) {
            return A::template from_range<P.recipe, stored>(e.min, e.max);
        } else {
            if constexpr (detail::range_of_gptq<P>)
                if (e.min >= 0 && e.max > 0) {
                    const auto levels = static_cast<float>(A::highest - A::lowest);
                    return A{detail::stored_scale<stored>(detail::format_from_native(e.max / levels))};
                }
            return A::template from_amax<P.recipe, stored>(detail::largest_magnitude(e));
        }
    }
};

/// A small float format under scales: FP8 with a scale for the tensor, each row or each group.
/// Rounds:  the scale is the rational amax / largest, rounded once to Scale, 1 where amax is 0; codes are x / scale, rounded once.
template <format F, detail::scale_storage Scale = float>
    requires(F::width <= 8)
struct float_target {
    granularity groups = granularity::row();

    using matrix = scaled_matrix<F, Scale>;
    using parameters = float;
    using shared = float;

    [[nodiscard]] granularity by(std::size_t) const noexcept { return groups; }
    [[nodiscard]] shared share(extent whole) const noexcept { return of_range(whole); }
    [[nodiscard]] parameters find(extent e, const shared& whole) const noexcept {
        return groups.is_tensor() ? whole : of_range(e);
    }
    [[nodiscard]] static std::uint8_t encode(const parameters& p, const shared&, double x) noexcept {
        return detail::divide<detail::format_sink<F>>(detail::format_from_native(x),
                                                      detail::exact::of(detail::format_from_native(p)),
                                                      policy{.over = overflow::saturate}, 0)
            .bits();
    }
    [[nodiscard]] static float decode(const parameters& p, const shared&, std::uint8_t code) noexcept {
        return detail::float_of(convert<double>(F::from_bits(code)) * static_cast<double>(p));
    }
    static void round(const parameters& p, const shared& whole, std::span<const float> in, float* out) noexcept {
        for (std::size_t i = 0; i < in.size(); ++i)
            out[i] = decode(p, whole, encode(p, whole, static_cast<double>(in[i])));
    }
    [[nodiscard]] matrix make(std::size_t rows, std::size_t columns, const shared& whole) const {
        matrix result(rows, columns, groups);
        if (groups.is_tensor()) result.scales[0] = convert<Scale>(whole);
        return result;
    }
    void store_row(matrix& to, std::size_t row, std::span<const parameters> found,
                   std::span<const std::uint8_t> codes) const noexcept {
        for (std::size_t j = 0; j < codes.size(); ++j) to.codes[row * to.columns + j] = F::from_bits(codes[j]);
        if (!groups.is_tensor())
            for (std::size_t i = 0; i < found.size(); ++i) to.scales[row * found.size() + i] = convert<Scale>(found[i]);
    }

private:
    [[nodiscard]] static parameters of_range(extent e) noexcept {
        const fp32 amax = detail::format_from_native(detail::largest_magnitude(e));
        if (!(amax > fp32::from_bits(0))) return 1;
        return detail::stored_scale<detail::scale_format<Scale>>(detail::exact::of(amax),
                                                                 detail::exact::of((std::numeric_limits<F>::max)()));
    }
};

/// Blocks whose scale follows from their largest magnitude: MX and NVFP4 by lowprec's own rule or MX's rules, Q8_0.
template <block_row B, block_policy P = block_policy{}>
    requires(detail::block_quantizer<B, P>&& detail::is_exact<P>&& detail::scale_is_of_the_largest_magnitude<B, P>&& P
                 .tile == scale_tile::block)
struct block_target {
    using matrix = block_tensor<B>;
    using parameters = typename B::scale;
    using shared = float;  ///< the tensor scale

    [[nodiscard]] granularity by(std::size_t) const noexcept { return granularity::group(B::length); }
    [[nodiscard]] shared share(extent whole) const noexcept {
        return convert<float>(
            detail::tensor_scale_of<B, P>(detail::format_from_native(detail::largest_magnitude(whole))));
    }
    [[nodiscard]] parameters find(extent e, const shared& whole) const noexcept {
        detail::magnitudes seen;
        seen.see(detail::format_from_native(detail::largest_magnitude(e)));
        return detail::scale_of<B, P>(seen, detail::format_from_native(whole));
    }
    /// Rounds:  x to float first.
    [[nodiscard]] static std::uint8_t encode(const parameters& p, const shared& whole, double x) noexcept {
        block<B> one;
        one.scale = p;
        detail::exact_codes<B, P>(
            one, 1, [x](int) { return detail::format_from_native(detail::float_of(x)); },
            detail::format_from_native(whole), detail::no_random_bits{});
        return one.codes[0];
    }
    [[nodiscard]] static float decode(const parameters& p, const shared& whole, std::uint8_t code) noexcept {
        block<B> one;
        one.scale = p;
        one.codes[0] = code;
        return detail::block_element<B, float>(one, 0, detail::format_from_native(whole));
    }
    static void round(const parameters& p, const shared& whole, std::span<const float> in, float* out) noexcept {
        for (std::size_t i = 0; i < in.size(); ++i)
            out[i] = decode(p, whole, encode(p, whole, static_cast<double>(in[i])));
    }
    [[nodiscard]] matrix make(std::size_t rows, std::size_t columns, const shared& whole) const {
        matrix result(rows, columns);
        result.set_tensor_scale(whole);
        return result;
    }
    void store_row(matrix& to, std::size_t row, std::span<const parameters> found,
                   std::span<const std::uint8_t> codes) const noexcept {
        const auto view = to.view();
        constexpr std::size_t length = B::length;
        for (std::size_t i = 0; i < found.size(); ++i) {
            block<B> b;
            b.scale = found[i];
            const std::size_t used = (std::min)(length, codes.size() - i * length);
            for (std::size_t k = 0; k < length; ++k)
                b.codes[k] = k < used ? codes[i * length + k] : detail::zero_of<typename B::element>(false);
            view.set(row, i, b);
        }
    }
};

namespace detail {

/// There and back, some rows at a time: f(row, group, values, parameters) may choose other parameters than the range's.
template <class Target>
void round_rows(const Target& target, const typename Target::shared& whole, std::span<const float> in, float* out,
                std::size_t columns) {
    if (columns == 0) return;
    const std::size_t size = target.by(columns).size(columns);
    for (std::size_t row = 0; row < in.size(); row += columns)
        for (std::size_t j = 0; j < columns; j += size) {
            const auto group = in.subspan(row + j, (std::min)(size, columns - j));
            target.round(target.find(extent_of(group), whole), whole, group, out + row + j);
        }
}

}  // namespace detail

/// The plain way: each group's parameters from its numbers, each code the nearest.
/// Shapes:  weights: rows x columns, row-major; a row is what makes one output.
/// Errors:  std::invalid_argument for another size; for NaN and infinity, naming the first.
template <class Target>
[[nodiscard]] typename Target::matrix round_to_nearest(std::span<const float> weights, std::size_t rows,
                                                       const Target& target) {
    const std::size_t columns = detail::columns_of("round_to_nearest", weights.size(), rows);
    detail::check_finite("round_to_nearest", "the weights", weights, columns);
    const auto whole = target.share(detail::extent_of(weights));
    auto result = target.make(rows, columns, whole);
    if (columns == 0) return result;
    const granularity by = target.by(columns);
    const std::size_t size = by.size(columns);
    std::vector<typename Target::parameters> found(by.per_row(columns));
    std::vector<std::uint8_t> codes(columns);
    for (std::size_t row = 0; row < rows; ++row) {
        const auto x = weights.subspan(row * columns, columns);
        for (std::size_t group = 0; group < found.size(); ++group) {
            const std::size_t first = group * size, end = (std::min)(first + size, columns);
            found[group] = target.find(detail::extent_of(x.subspan(first, end - first)), whole);
            for (std::size_t j = first; j < end; ++j)
                codes[j] = target.encode(found[group], whole, static_cast<double>(x[j]));
        }
        target.store_row(result, row, found, codes);
    }
    return result;
}

/// The floats that a matrix stands for.
template <class A, class Scale>
[[nodiscard]] std::vector<float> restored(const affine_matrix<A, Scale>& from) {
    std::vector<float> out(from.rows() * from.columns());
    dequantize(from.view(), out);
    return out;
}
template <class F, class Scale>
[[nodiscard]] std::vector<float> restored(const scaled_matrix<F, Scale>& from) {
    std::vector<float> out(from.rows * from.columns);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = from(i / from.columns, i % from.columns);
    return out;
}
template <class B>
[[nodiscard]] std::vector<float> restored(const block_tensor<B>& from) {
    std::vector<float> out(from.rows() * from.columns());
    dequantize(from, out);
    return out;
}

}  // namespace lowprec

#endif
