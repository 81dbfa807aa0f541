// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// The order in which tensor cores of Blackwell read the scales of blocks: tiles of 128 rows and 4 columns, 512 bytes each, row-major. Rows
// and columns of scales are filled up to whole tiles, with zeros. Within a tile four rows, 32 apart, stand side by side:
//
//     byte of the tile    0    1    2    3    4    5    6    7    8 ...          15    16 ...
//     row                 0    0    0    0   32   32   32   32   64 ...          96     1 ...
//     column              0    1    2    3    0    1    2    3    0 ...           3     0 ...
//
// Matrices of blocks keep their scales in rows (block_span.hpp); files do, too. This is for what is handed to such a machine.
#ifndef LOWPREC_SCALE_TILES_HPP
#define LOWPREC_SCALE_TILES_HPP

#include <cstddef>
#include <lowprec/config.hpp>
#include <lowprec/detail/fail_argument.hpp>
#include <span>

namespace lowprec {

/// A scale's place in the matrix of scales.
struct scale_place {
    std::size_t row, column;
    friend constexpr bool operator==(const scale_place&, const scale_place&) = default;
};

/// The bytes of the tiles of rows x columns scales.
[[nodiscard]] LOWPREC_INLINE constexpr std::size_t scale_tiles_bytes(std::size_t rows, std::size_t columns) noexcept {
    return (rows / 128 + (rows % 128 != 0 ? 1 : 0)) * (columns / 4 + (columns % 4 != 0 ? 1 : 0)) * 512;
}

/// The byte of a scale, in a matrix of that many columns.
/// Source:  the 128x4 layout of the cuDNN frontend's documentation of MXFP8 scale factors.
[[nodiscard]] LOWPREC_INLINE constexpr std::size_t scale_tiles_offset(scale_place at, std::size_t columns) noexcept {
    const std::size_t across = columns / 4 + (columns % 4 != 0 ? 1 : 0);
    return (at.row / 128 * across + at.column / 4) * 512 + at.row % 32 * 16 + at.row / 32 % 4 * 4 + at.column % 4;
}

/// The scale of a byte; its row or column may be past the matrix, where the byte is filling.
[[nodiscard]] LOWPREC_INLINE constexpr scale_place scale_tiles_place(std::size_t offset, std::size_t columns) noexcept {
    const std::size_t across = columns / 4 + (columns % 4 != 0 ? 1 : 0);
    const std::size_t tile = offset / 512;
    return {tile / across * 128 + offset / 4 % 4 * 32 + offset / 16 % 32, tile % across * 4 + offset % 4};
}

namespace detail {

LOWPREC_INLINE constexpr void check_scale_tiles(std::string_view function, std::size_t linear, std::size_t tiles,
                                                std::size_t rows, std::size_t columns) {
    std::size_t scales = 0;
    if (__builtin_mul_overflow(rows, columns, &scales) || scales >> 50 != 0)
        fail_argument("lowprec::", function, ": ", rows, " x ", columns, " scales are too many");
    if (linear != scales)
        fail_argument("lowprec::", function, ": ", rows, " x ", columns, " scales take exactly ", scales,
                      " bytes in rows, but there are ", linear);
    if (tiles != scale_tiles_bytes(rows, columns))
        fail_argument("lowprec::", function, ": ", rows, " x ", columns, " scales take exactly ",
                      scale_tiles_bytes(rows, columns), " bytes in tiles, but there are ", tiles);
}

}  // namespace detail

/// Puts scales of one byte from rows into tiles; filling becomes zero.
/// Shapes:  scales rows x columns bytes, tiles scale_tiles_bytes(rows, columns); they don't overlap.
/// Errors:  std::invalid_argument if the sizes differ; then nothing is written.
LOWPREC_INLINE constexpr void to_scale_tiles(std::span<const std::byte> scales, std::size_t rows, std::size_t columns,
                                             std::span<std::byte> tiles) {
    detail::check_scale_tiles("to_scale_tiles", scales.size(), tiles.size(), rows, columns);
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        const auto [row, column] = scale_tiles_place(i, columns);
        tiles[i] = row < rows && column < columns ? scales[row * columns + column] : std::byte{0};
    }
}

/// And back. Filling is not looked at.
/// Shapes:  as to_scale_tiles.
/// Errors:  as to_scale_tiles.
LOWPREC_INLINE constexpr void from_scale_tiles(std::span<const std::byte> tiles, std::size_t rows, std::size_t columns,
                                               std::span<std::byte> scales) {
    detail::check_scale_tiles("from_scale_tiles", scales.size(), tiles.size(), rows, columns);
    for (std::size_t row = 0; row < rows; ++row)
        for (std::size_t column = 0; column < columns; ++column)
            scales[row * columns + column] = tiles[scale_tiles_offset({row, column}, columns)];
}

}  // namespace lowprec

#endif
