// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// How prepared weights lie in memory: one order for all instruction sets, read front to back by a product.
//
//     strip     64 rows (output channels), in 4 panels of 16; the last strip has the panels that are left
//     group     the columns that share a row's scale; all of them where there is one scale a row
//     step      8 columns of 16 rows
//
//     strip 0: [group 0: [scales][zero points][step 0 of panel 0, 1, 2, 3][step 1 of panel 0, 1, 2, 3] ...] [group 1: ...] ...
//     strip 1: ...
//
//     scales         one for each row of the strip, as they are stored; zero points a byte each, only where there are any
//
//     4-bit step     16 lanes of 32 bits, one a row: 64 bytes.    bit 31   28   24   20   16 15   12    8    4    0
//                    Columns 2j and 2j + 1 lie 16 bits apart,         +----+----+----+----+----+----+----+----+
//                    so a shift brings a pair into place for a        |  7 |  5 |  3 |  1 |  6 |  4 |  2 |  0 |
//                    dot product of pairs.                            +----+----+----+----+----+----+----+----+
//     8-bit step     two halves of 4 columns, 64 bytes each:      bit 31        24        16         8        0
//                                                                     +---------+---------+---------+---------+
//                                                                     |    3    |    1    |    2    |    0    |
//                                                                     +---------+---------+---------+---------+
//     6-bit step     the codes of the 8-bit step, as a stream of 6 bits, low bits first: two times 48 bytes
//
// Rows and columns that are filled up have codes of zero.
#ifndef LOWPREC_KERNELS_MATMUL_LAYOUT_HPP
#define LOWPREC_KERNELS_MATMUL_LAYOUT_HPP

#include <lowprec/block_tensor.hpp>
#include <lowprec/kernels/arch.hpp>
#include <lowprec/quantize/affine_matrix.hpp>
#include <lowprec/traits.hpp>

namespace lowprec {

namespace detail {

inline constexpr std::size_t panel_rows = 16, strip_panels = 4, strip_rows = panel_rows * strip_panels;
inline constexpr std::size_t step_columns = 8;
/// What is summed before a scale is applied: a group, or as many columns of it.
inline constexpr std::size_t unit_columns = 128;

LOWPREC_INLINE constexpr std::size_t round_up(std::size_t n, std::size_t to) noexcept { return divide_up(n, to) * to; }

/// The place of column 0 to 7 among the 4-bit codes of a lane, and of column 0 to 3 among its bytes.
LOWPREC_INLINE constexpr std::size_t nibble_place(std::size_t column) noexcept { return column % 2 * 4 + column / 2; }
inline constexpr unsigned byte_place[4] = {0, 2, 1, 3};

// What a code is, as a kernel sees it: `width` bits in memory, 4, 6 or 8; `stored` makes them of a code; `value` is what a code
// without zero point stands for, exact as bf16 but for codebooks; `integers` tells that codes are integers.

/// Affine codes, stored from 0 on, as the unsigned side of a dot product; a zero point moves with them.
template <class A>
struct affine_codes {
    static constexpr int width = A::bits == 8 ? 8 : 4;
    static constexpr bool integers = true;
    static constexpr int moved_by = -(A::lowest & ~1);
    static constexpr int zero = A::symmetric_zero_point + moved_by;
    static constexpr int lowest = A::lowest, highest = A::highest;
    using parameters = A;
    LOWPREC_INLINE static constexpr std::uint8_t stored(int code) noexcept {
        return static_cast<std::uint8_t>(code + moved_by);
    }
    LOWPREC_INLINE static constexpr float value(unsigned bits) noexcept {
        return static_cast<float>(static_cast<int>(bits) - zero);
    }
};

/// Codes of a float format.
template <format F>
struct float_codes {
    static_assert(F::width >= 4 && F::width <= 8 && F::width != 5 && F::width != 7 && F::sign_bits == 1,
                  "lowprec: matrix products take signed formats of 4, 6 and 8 bits");
    static_assert(is_lossless_v<F, bf16>, "lowprec: matrix products take formats whose values are all bf16's");
    static constexpr int width = F::width;
    static constexpr bool integers = false;
    static constexpr int zero = 0;
    LOWPREC_INLINE static constexpr std::uint8_t stored(unsigned code) noexcept {
        return static_cast<std::uint8_t>(code);
    }
    LOWPREC_INLINE static constexpr float value(unsigned bits) noexcept {
        return convert<float>(F::from_bits(static_cast<typename F::storage_type>(bits)));
    }
};

/// Integers with a fixed point, as blocks have them, stored from 0 on.
template <class E>
struct int_element_codes {
    static_assert(E::width == 4 || E::width == 8, "lowprec: matrix products take integers of 4 and 8 bits");
    static constexpr int width = E::width;
    static constexpr bool integers = E::exponent == 0;
    static constexpr int zero = 1 << (E::width - 1);
    static constexpr int lowest = -zero, highest = zero - 1;
    LOWPREC_INLINE static constexpr std::uint8_t stored(unsigned code) noexcept {
        return static_cast<std::uint8_t>(E::decode(code) + zero);
    }
    LOWPREC_INLINE static constexpr float value(unsigned bits) noexcept {
        float x = static_cast<float>(static_cast<int>(bits) - zero);
        for (int i = 0; i > E::exponent; --i) x /= 2;
        return x;
    }
};

/// 4-bit codes whose values stand in a table that the weights carry.
struct table_codes {
    static constexpr int width = 4;
    static constexpr bool integers = false;
    static constexpr int zero = 0;
    LOWPREC_INLINE static constexpr std::uint8_t stored(unsigned code) noexcept {
        return static_cast<std::uint8_t>(code);
    }
};

template <class Codes>
inline constexpr bool has_table = std::is_same_v<Codes, table_codes>;

/// The bytes of a step of 16 rows.
template <class Codes>
inline constexpr std::size_t step_bytes = panel_rows* step_columns* Codes::width / 8;

/// The extents of prepared weights, from which every place follows.
struct weight_shape {
    std::size_t rows = 0, columns = 0, group = 0;  ///< group: columns of one scale, at most `columns`
    std::size_t scale_bytes = 0;                   ///< of one
    std::size_t step_bytes = 0;
    bool has_zero_points = false;

    LOWPREC_INLINE constexpr std::size_t groups() const noexcept { return group == 0 ? 0 : divide_up(columns, group); }
    LOWPREC_INLINE constexpr std::size_t panels() const noexcept { return divide_up(rows, panel_rows); }
    LOWPREC_INLINE constexpr std::size_t strips() const noexcept { return divide_up(rows, strip_rows); }
    LOWPREC_INLINE constexpr std::size_t panels_of(std::size_t strip) const noexcept {
        const std::size_t left = panels() - strip * strip_panels;
        return left < strip_panels ? left : strip_panels;
    }
    LOWPREC_INLINE constexpr std::size_t columns_of(std::size_t g) const noexcept {
        const std::size_t left = columns - g * group;
        return left < group ? left : group;
    }
    /// The columns that a group takes in packed activations, and all.
    LOWPREC_INLINE constexpr std::size_t padded_group() const noexcept { return round_up(group, step_columns); }
    LOWPREC_INLINE constexpr std::size_t padded_columns() const noexcept {
        return columns == 0 ? 0 : (groups() - 1) * padded_group() + round_up(columns_of(groups() - 1), step_columns);
    }
    /// The bytes of a group's scales and zero points in a strip of so many panels.
    LOWPREC_INLINE constexpr std::size_t scales_bytes(std::size_t panels_there) const noexcept {
        return round_up(panels_there * panel_rows * scale_bytes, 64);
    }
    LOWPREC_INLINE constexpr std::size_t zeros_bytes(std::size_t panels_there) const noexcept {
        return has_zero_points ? round_up(panels_there * panel_rows, 64) : 0;
    }
    LOWPREC_INLINE constexpr std::size_t group_head(std::size_t panels_there) const noexcept {
        return scales_bytes(panels_there) + zeros_bytes(panels_there);
    }
    LOWPREC_INLINE constexpr std::size_t strip_bytes(std::size_t panels_there) const noexcept {
        return groups() * group_head(panels_there) + padded_columns() / step_columns * step_bytes * panels_there;
    }
    LOWPREC_INLINE constexpr std::size_t strip_offset(std::size_t strip) const noexcept {
        return strip * strip_bytes(strip_panels);
    }
    LOWPREC_INLINE constexpr std::size_t bytes() const noexcept {
        if (rows == 0) return 0;
        return strip_offset(strips() - 1) + strip_bytes(panels_of(strips() - 1));
    }
    friend constexpr bool operator==(const weight_shape&, const weight_shape&) = default;
};

}  // namespace detail
}  // namespace lowprec

#endif
