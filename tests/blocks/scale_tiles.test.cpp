// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: aarch64
//
// The 128x4 order of scales: one byte for each scale, the formula in words, and back, for all shapes up to 300 x 70.
#include <lowprec/scale_tiles.hpp>

#include <cstdint>
#include <vector>

#include "support/catch.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

// As tensor programs do it: rows as (tile, a, b) of (128, 4, 32), columns as (tile, c) of 4, stored as (tile, tile, b, a, c).
std::size_t by_reshaping(std::size_t row, std::size_t column, std::size_t columns) {
    const std::size_t tile_row = row / 128, a = row % 128 / 32, b = row % 32, tile_column = column / 4, c = column % 4;
    const std::size_t tiles_across = (columns + 3) / 4;
    return (((tile_row * tiles_across + tile_column) * 32 + b) * 4 + a) * 4 + c;
}

}  // namespace

TEST_CASE("Scales to tiles and back, all shapes up to 300 x 70") {
    tally result;
    std::uint64_t expected_checks = 0;
    for (std::size_t rows = 0; rows <= 300; ++rows)
        for (std::size_t columns = 0; columns <= 70; ++columns) {
            const std::size_t size = (rows + 127) / 128 * 128 * ((columns + 3) / 4 * 4);
            result.equal(scale_tiles_bytes(rows, columns), size, "bytes", rows, columns);
            std::vector<std::byte> scales(rows * columns), tiles(size, std::byte{0xA5}), back(rows * columns);
            std::uint32_t n = 0;
            for (std::byte& s : scales) s = static_cast<std::byte>(n++ % 255 + 1);
            to_scale_tiles(scales, rows, columns, tiles);
            std::vector<std::byte> expected(size);
            for (std::size_t r = 0; r < rows; ++r)
                for (std::size_t c = 0; c < columns; ++c)
                    expected[by_reshaping(r, c, columns)] = scales[r * columns + c];
            result.equal(tiles == expected, true, "tiles", rows, columns);
            from_scale_tiles(tiles, rows, columns, back);
            result.equal(back == scales, true, "back", rows, columns);
            expected_checks += 3;
        }
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("Each byte of the tiles has one place, and each place its byte") {
    tally result;
    std::uint64_t expected_checks = 0;
    for (std::size_t rows = 1; rows <= 300; ++rows)
        for (std::size_t columns = 1; columns <= 70; ++columns) {
            // the corners and some between; all of them for a few shapes
            const std::size_t step = rows % 37 == 1 && columns % 23 == 1 ? 1 : 97;
            for (std::size_t offset = 0; offset < scale_tiles_bytes(rows, columns); offset += step) {
                const scale_place at = scale_tiles_place(offset, columns);
                result.equal(scale_tiles_offset(at, columns), offset, "offset of place", rows, columns);
                result.equal(by_reshaping(at.row, at.column, columns), offset, "place", rows, columns);
                expected_checks += 2;
            }
        }
    CHECK_TALLY(result, expected_checks);
    static_assert(scale_tiles_offset({1, 0}, 4) == 16 && scale_tiles_offset({32, 0}, 4) == 4);
    static_assert(scale_tiles_place(4, 4) == scale_place{32, 0});
}

TEST_CASE("Sizes that do not fit are refused") {
    std::vector<std::byte> scales(6), tiles(512);
    CHECK_THROWS_WITH(to_scale_tiles(scales, 2, 4, tiles),
                      "lowprec::to_scale_tiles: 2 x 4 scales take exactly 8 bytes in rows, but there are 6");
    CHECK_THROWS_WITH(to_scale_tiles(scales, 2, 3, std::span(tiles).first(511)),
                      "lowprec::to_scale_tiles: 2 x 3 scales take exactly 512 bytes in tiles, but there are 511");
    CHECK_THROWS_WITH(from_scale_tiles(tiles, 3, 3, scales),
                      "lowprec::from_scale_tiles: 3 x 3 scales take exactly 9 bytes in rows, but there are 6");
    CHECK_THROWS_WITH(to_scale_tiles(scales, std::size_t{1} << 40, std::size_t{1} << 40, tiles), contains("too many"));
}
