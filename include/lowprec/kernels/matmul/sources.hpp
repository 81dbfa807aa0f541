// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// What weights are prepared from: affine_span, block_span, and two views that only products need: float codes with float scales
// (FP8) and 4-bit codes of a table (NF4). All are row-major, one row an output channel. A source gives codes as layout.hpp
// stores them, and refuses scales that would make a product meaningless.
#ifndef LOWPREC_KERNELS_MATMUL_SOURCES_HPP
#define LOWPREC_KERNELS_MATMUL_SOURCES_HPP

#include <cstddef>
#include <lowprec/kernels/matmul/layout.hpp>
#include <span>

namespace lowprec {

/// Which numbers of a matrix of float codes share a scale: a tile of rows x columns, counted from the first of both.
struct scale_tiling {
    std::size_t rows, columns;
    friend constexpr bool operator==(const scale_tiling&, const scale_tiling&) = default;

    /// One scale for all; one for each row; one for 128 x 128 numbers (DeepSeek-V3's FP8 weights).
    [[nodiscard]] LOWPREC_INLINE static constexpr scale_tiling tensor() noexcept {
        return {~std::size_t{0}, ~std::size_t{0}};
    }
    [[nodiscard]] LOWPREC_INLINE static constexpr scale_tiling row() noexcept { return {1, ~std::size_t{0}}; }
    [[nodiscard]] LOWPREC_INLINE static constexpr scale_tiling square(std::size_t size = 128) noexcept {
        return {size, size};
    }
};

/// A row-major matrix of codes of F, one a byte, and float scales: value = scale x code. The scales are row-major, too, one for
/// each tile.
template <format F>
    requires(sizeof(F) == 1)
class scaled_span {
public:
    /// Errors:  std::invalid_argument for sizes that don't match, and tiles of nothing.
    LOWPREC_INLINE constexpr scaled_span(std::size_t rows, std::size_t columns, scale_tiling by,
                                         std::span<const F> codes, std::span<const float> scales)
        : rows_{rows}, columns_{columns}, by_{by}, codes_{codes}, scales_{scales} {
        if (by.rows == 0 || by.columns == 0) detail::fail_argument("lowprec::scaled_span: tiles of 0 rows or columns");
        std::size_t all = 0;
        if (__builtin_mul_overflow(rows, columns, &all) || codes.size() != all)
            detail::fail_argument("lowprec::scaled_span: ", rows, " x ", columns, " codes are expected, but there are ",
                                  codes.size());
        const std::size_t tiles = detail::divide_up(rows, by.rows) * detail::divide_up(columns, by.columns);
        if (scales.size() != tiles)
            detail::fail_argument("lowprec::scaled_span: ", tiles, " tiles need as many scales, but there are ",
                                  scales.size());
    }
    [[nodiscard]] LOWPREC_INLINE constexpr std::size_t rows() const noexcept { return rows_; }
    [[nodiscard]] LOWPREC_INLINE constexpr std::size_t columns() const noexcept { return columns_; }
    [[nodiscard]] LOWPREC_INLINE constexpr scale_tiling by() const noexcept { return by_; }
    [[nodiscard]] LOWPREC_INLINE constexpr F code(std::size_t row, std::size_t column) const noexcept {
        return codes_[row * columns_ + column];
    }
    [[nodiscard]] LOWPREC_INLINE constexpr float scale(std::size_t row, std::size_t column) const noexcept {
        return scales_[row / by_.rows * detail::divide_up(columns_, by_.columns) + column / by_.columns];
    }

private:
    std::size_t rows_, columns_;
    scale_tiling by_;
    std::span<const F> codes_;
    std::span<const float> scales_;
};

/// A row-major matrix of 4-bit codes that stand for the numbers of a table, times the scale of their group. Two codes a byte,
/// the first in the low bits; each row begins at a byte.
class codebook_span {
public:
    /// Shapes:  table: 16 numbers, the same for all; scales: a row's groups, then the next row's; the last group may be short.
    /// Errors:  std::invalid_argument for sizes that don't match, and NaN or infinity in the table.
    LOWPREC_INLINE constexpr codebook_span(std::size_t rows, std::size_t columns, std::size_t group,
                                           std::span<const std::byte> codes, std::span<const float> scales,
                                           std::span<const float, 16> table)
        : rows_{rows}, columns_{columns}, group_{group}, codes_{codes}, scales_{scales}, table_{table} {
        if (group == 0) detail::fail_argument("lowprec::codebook_span: groups of 0 columns");
        const std::size_t row = columns / 2 + columns % 2;
        if (row != 0 && rows > ~std::size_t{0} / row)
            detail::fail_argument("lowprec::codebook_span: ", rows, " rows of ", columns, " are too many");
        if (codes.size() != rows * row)
            detail::fail_argument("lowprec::codebook_span: ", rows, " rows of ", columns, " codes take ", rows * row,
                                  " bytes, but there are ", codes.size());
        if (scales.size() != rows * detail::divide_up(columns, group))
            detail::fail_argument("lowprec::codebook_span: ", rows * detail::divide_up(columns, group),
                                  " groups need as many scales, but there are ", scales.size());
        for (std::size_t i = 0; i < 16; ++i)
            if (!isfinite(detail::format_from_native(table[i])))
                detail::fail_argument("lowprec::codebook_span: number ", i, " of the table is infinite or NaN");
    }
    [[nodiscard]] LOWPREC_INLINE constexpr std::size_t rows() const noexcept { return rows_; }
    [[nodiscard]] LOWPREC_INLINE constexpr std::size_t columns() const noexcept { return columns_; }
    [[nodiscard]] LOWPREC_INLINE constexpr std::size_t group() const noexcept {
        return group_ < columns_ ? group_ : columns_;
    }
    [[nodiscard]] LOWPREC_INLINE constexpr unsigned code(std::size_t row, std::size_t column) const noexcept {
        const auto byte = std::to_integer<unsigned>(codes_[row * (columns_ / 2 + columns_ % 2) + column / 2]);
        return column % 2 == 0 ? byte & 0xF : byte >> 4;
    }
    [[nodiscard]] LOWPREC_INLINE constexpr float scale(std::size_t row, std::size_t column) const noexcept {
        return scales_[row * detail::divide_up(columns_, group_) + column / group_];
    }
    [[nodiscard]] LOWPREC_INLINE constexpr std::span<const float, 16> table() const noexcept { return table_; }

private:
    std::size_t rows_, columns_, group_;
    std::span<const std::byte> codes_;
    std::span<const float> scales_;
    std::span<const float, 16> table_;
};

/// The 16 numbers of NormalFloat: quantiles of the normal distribution, from -1 to 1.
/// Source:  Dettmers et al., QLoRA (2023), appendix E; bitsandbytes, create_normal_map.
inline constexpr float nf4_table[16] = {
    -1.0F,
    -0.6961928009986877F,
    -0.5250730514526367F,
    -0.39491748809814453F,
    -0.28444138169288635F,
    -0.18477343022823334F,
    -0.09105003625154495F,
    0.0F,
    0.07958029955625534F,
    0.16093020141124725F,
    0.24611230194568634F,
    0.33791524171829224F,
    0.44070982933044434F,
    0.5626170039176941F,
    0.7229568362236023F,
    1.0F,
};

namespace detail {

/// What a source tells the loop that lays weights out: codes(row, first, n, out) as they are stored, scale(row, column),
/// zero_point(row, column), and the exact value of an element for the scalar reference.
template <class Source>
struct weight_source;

template <class A, class S>
struct weight_source<affine_span<A, S>> {
    using parameters = std::remove_const_t<A>;
    using codes_type = affine_codes<parameters>;
    using scale_type = scale_format<S>;
    static constexpr bool zero_scale_is_fine = false;
    affine_span<const parameters, S> w;

    LOWPREC_INLINE weight_shape shape() const noexcept {
        return {w.rows(),
                w.columns(),
                w.by().size(w.columns()),
                sizeof(scale_type),
                step_bytes<codes_type>,
                !w.zero_points().empty()};
    }
    LOWPREC_INLINE float tensor_scale() const noexcept { return 1; }
    LOWPREC_INLINE void codes(std::size_t row, std::size_t first, std::size_t n, std::uint8_t* out) const noexcept {
        for (std::size_t i = 0; i < n; ++i) out[i] = codes_type::stored(w.code(row, first + i));
    }
    LOWPREC_INLINE std::size_t group_of(std::size_t row, std::size_t column) const noexcept {
        return w.by().is_tensor() ? 0 : row * w.by().per_row(w.columns()) + column / w.by().size(w.columns());
    }
    LOWPREC_INLINE scale_type scale(std::size_t row, std::size_t column) const noexcept {
        return convert<scale_type>(w.scales()[group_of(row, column)]);
    }
    LOWPREC_INLINE int zero_point(std::size_t row, std::size_t column) const noexcept {
        return w.at_group(row, column).zero_point;
    }
    LOWPREC_INLINE std::uint8_t stored_zero_point(std::size_t row, std::size_t column) const noexcept {
        return codes_type::stored(zero_point(row, column));
    }
    LOWPREC_INLINE double element(std::size_t row, std::size_t column) const noexcept {
        return static_cast<double>(w.code(row, column) - zero_point(row, column));
    }
    /// Zero points that are no codes.
    LOWPREC_INLINE void check() const {
        for (std::size_t i = 0; i < w.zero_points().size(); ++i)
            if (const int z = w.zero_points()[i]; z < parameters::lowest || z > parameters::highest)
                fail_argument("lowprec::prepare: zero point ", i, " is ", z, ", but codes go from ", parameters::lowest,
                              " to ", parameters::highest);
    }
};

template <class B>
struct weight_source<block_span<B>> {
    using row_type = std::remove_const_t<B>;
    static_assert(!row_type::has_minimum, "lowprec: matrix products take block formats without minimum");
    template <class E>
    struct of_element {
        using type = int_element_codes<E>;
    };
    template <format E>
    struct of_element<E> {
        using type = float_codes<E>;
    };
    using codes_type = typename of_element<typename row_type::element>::type;
    using scale_type = typename row_type::scale;
    static constexpr bool zero_scale_is_fine = true;  // of a block of zeros
    block_span<const row_type> w;

    LOWPREC_INLINE weight_shape shape() const noexcept {
        constexpr std::size_t length = row_type::length;
        return {w.rows(),
                w.columns(),
                length < w.columns() ? length : w.columns(),
                sizeof(scale_type),
                step_bytes<codes_type>,
                false};
    }
    LOWPREC_INLINE float tensor_scale() const noexcept { return w.tensor_scale(); }
    LOWPREC_INLINE void codes(std::size_t row, std::size_t first, std::size_t n, std::uint8_t* out) const noexcept {
        constexpr std::size_t length = row_type::length;
        for (std::size_t i = 0; i < n;) {
            const std::size_t index = (first + i) / length;
            const lowprec::block<row_type> b = w.get(row, index);
            for (std::size_t k = (first + i) % length; k < length && i < n; ++k, ++i)
                out[i] = codes_type::stored(b.codes[k]);
        }
    }
    LOWPREC_INLINE scale_type scale(std::size_t row, std::size_t column) const noexcept {
        return w.get(row, column / static_cast<std::size_t>(row_type::length)).scale;
    }
    LOWPREC_INLINE std::uint8_t stored_zero_point(std::size_t, std::size_t) const noexcept { return 0; }
    LOWPREC_INLINE double element(std::size_t row, std::size_t column) const noexcept {
        std::uint8_t code = 0;
        codes(row, column, 1, &code);
        return static_cast<double>(codes_type::value(code));
    }
    LOWPREC_INLINE void check() const noexcept {}
};

template <class F>
struct weight_source<scaled_span<F>> {
    using codes_type = float_codes<F>;
    using scale_type = fp32;
    static constexpr bool zero_scale_is_fine = false;
    scaled_span<F> w;

    LOWPREC_INLINE weight_shape shape() const noexcept {
        return {w.rows(),
                w.columns(),
                w.by().columns < w.columns() ? w.by().columns : w.columns(),
                sizeof(scale_type),
                step_bytes<codes_type>,
                false};
    }
    LOWPREC_INLINE float tensor_scale() const noexcept { return 1; }
    LOWPREC_INLINE void codes(std::size_t row, std::size_t first, std::size_t n, std::uint8_t* out) const noexcept {
        for (std::size_t i = 0; i < n; ++i)
            out[i] = codes_type::stored(static_cast<unsigned>(w.code(row, first + i).bits()));
    }
    LOWPREC_INLINE scale_type scale(std::size_t row, std::size_t column) const noexcept {
        return format_from_native(w.scale(row, column));
    }
    LOWPREC_INLINE std::uint8_t stored_zero_point(std::size_t, std::size_t) const noexcept { return 0; }
    LOWPREC_INLINE double element(std::size_t row, std::size_t column) const noexcept {
        return convert<double>(w.code(row, column));
    }
    LOWPREC_INLINE void check() const noexcept {}
};

template <>
struct weight_source<codebook_span> {
    using codes_type = table_codes;
    using scale_type = fp32;
    static constexpr bool zero_scale_is_fine = false;
    codebook_span w;

    LOWPREC_INLINE weight_shape shape() const noexcept {
        return {w.rows(), w.columns(), w.group(), sizeof(scale_type), step_bytes<codes_type>, false};
    }
    LOWPREC_INLINE float tensor_scale() const noexcept { return 1; }
    LOWPREC_INLINE void codes(std::size_t row, std::size_t first, std::size_t n, std::uint8_t* out) const noexcept {
        for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<std::uint8_t>(w.code(row, first + i));
    }
    LOWPREC_INLINE scale_type scale(std::size_t row, std::size_t column) const noexcept {
        return format_from_native(w.scale(row, column));
    }
    LOWPREC_INLINE std::uint8_t stored_zero_point(std::size_t, std::size_t) const noexcept { return 0; }
    LOWPREC_INLINE double element(std::size_t row, std::size_t column) const noexcept {
        return static_cast<double>(w.table()[w.code(row, column)]);
    }
    LOWPREC_INLINE void check() const noexcept {}
};

template <class T>
inline constexpr bool is_weight_source = false;
template <class A, class S>
inline constexpr bool is_weight_source<affine_span<A, S>> = true;
template <class B>
inline constexpr bool is_weight_source<block_span<B>> = true;
template <class F>
inline constexpr bool is_weight_source<scaled_span<F>> = true;
template <>
inline constexpr bool is_weight_source<codebook_span> = true;

/// Owners are taken by their views.
template <class W>
    requires is_weight_source<W> LOWPREC_INLINE W source_view(const W& w)
noexcept { return w; }
template <class A, class S>
LOWPREC_INLINE auto source_view(const affine_matrix<A, S>& w) noexcept {
    return w.view();
}
template <class B>
LOWPREC_INLINE auto source_view(const block_tensor<B>& w) {
    return w.view();
}
template <class W>
concept weights_in_rows = requires(const W& w) {
    source_view(w);
};
template <class W>
using source_of = weight_source<decltype(source_view(std::declval<const W&>()))>;

/// Refuses scales that are NaN, infinite, zero or negative; zero stands where a block of zeros has it. ggml's q4_0 has negative
/// ones.
template <class Source>
LOWPREC_INLINE void check_weights(const Source& source) {
    using scale = typename Source::scale_type;
    source.check();
    const weight_shape shape = source.shape();
    for (std::size_t r = 0; r < shape.rows; ++r)
        for (std::size_t g = 0; g < shape.groups(); ++g) {
            const scale s = source.scale(r, g * shape.group);
            const char* wrong = nullptr;
            if constexpr (scale::has_nan)
                if (isnan(s)) wrong = "NaN";
            if constexpr (scale::has_infinity)
                if (isinf(s)) wrong = "infinite";
            if constexpr (!Source::zero_scale_is_fine) {
                if (wrong == nullptr && s == scale::from_bits(0)) wrong = "zero";
                if (wrong == nullptr && signbit(s)) wrong = "negative";
            }
            if (wrong != nullptr) fail_argument("lowprec::prepare: the scale of row ", r, ", group ", g, " is ", wrong);
        }
}

}  // namespace detail
}  // namespace lowprec

#endif
