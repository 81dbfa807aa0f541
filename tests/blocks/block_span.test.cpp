// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: aarch64
//
// How blocks lie in memory: a stream of bits for each row, or ggml's structures; short blocks, rows that end within a byte, guards
// around the bytes, and sizes that don't fit.
#include <lowprec/block_tensor.hpp>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

constexpr auto guard_byte = std::byte{0xA5};
constexpr std::size_t guard = 5;

template <class Function>
void for_each_row(Function&& f) {
    [&]<class... Bs>(std::type_identity<std::tuple<Bs...>>) {
        (f.template operator()<Bs>(), ...);
    }(std::type_identity<all_block_formats>{});
}

template <class B>
block<B> some_block(random_bits& random, int n) {
    block<B> b;
    for (int i = 0; i < n; ++i) b.codes[i] = static_cast<std::uint8_t>(random() & ((1U << B::element::width) - 1));
    b.scale = B::scale::from_bits(static_cast<typename B::scale::storage_type>(random()));
    if constexpr (B::has_minimum)
        b.minimum = B::scale::from_bits(static_cast<typename B::scale::storage_type>(random()));
    return b;
}

// ggml's structures, written down from its block_q4_0 and so on: sizes of scale, of codes, blocks together.
struct structure {
    std::string name;
    std::size_t scale, codes, together;
};
const structure structures[] = {
    {"q4_0", 2, 16, 1}, {"q4_1", 4, 16, 1}, {"q8_0", 2, 32, 1}, {"ggml_mxfp4", 1, 16, 1}, {"ggml_nvfp4", 1, 8, 4}};

// The bytes of a matrix of blocks, by words.
struct memory {
    std::vector<std::byte> codes, scales;
};

void append(std::vector<std::byte>& to, unsigned value, std::size_t bytes) {
    for (std::size_t k = 0; k < bytes; ++k) to.push_back(static_cast<std::byte>(value >> (8 * k) & 0xFF));
}

template <class B>
memory written(const std::vector<std::vector<block<B>>>& rows, std::size_t columns) {
    memory m;
    for (const auto& row : rows) {
        if constexpr (B::layout == block_layout::separate) {
            std::vector<bool> bits;
            std::size_t left = columns;
            for (const auto& b : row)
                for (int i = 0; i < B::length && left > 0; ++i, --left)
                    for (int k = 0; k < B::element::width; ++k) bits.push_back((b.codes[i] >> k & 1) != 0);
            while (bits.size() % 8 != 0) bits.push_back(false);
            for (std::size_t k = 0; k < bits.size(); k += 8) {
                unsigned byte = 0;
                for (std::size_t j = 0; j < 8; ++j) byte |= bits[k + j] ? 1U << j : 0;
                m.codes.push_back(static_cast<std::byte>(byte));
            }
            for (const auto& b : row) append(m.scales, b.scale.bits(), sizeof(b.scale));
        } else {
            for (const structure& s : structures) {
                if (s.name != name_of<B>) continue;
                for (std::size_t first = 0; first < row.size(); first += s.together) {
                    const auto at = [&](std::size_t k) { return k < row.size() ? row[k] : block<B>{}; };
                    for (std::size_t k = first; k < first + s.together; ++k) {
                        append(m.codes, at(k).scale.bits(), sizeof(at(k).scale));
                        if constexpr (B::has_minimum) append(m.codes, at(k).minimum.bits(), 2);
                    }
                    for (std::size_t k = first; k < first + s.together; ++k)
                        for (std::size_t j = 0; j < s.codes; ++j)
                            append(m.codes,
                                   s.codes == B::length ? at(k).codes[j]
                                                        : at(k).codes[j] | unsigned{at(k).codes[j + s.codes]} << 4,
                                   1);
                }
            }
        }
    }
    return m;
}

constexpr std::size_t some_columns[] = {0,  1,  2,  3,  7,  8,  15, 16, 17,  31,  32,
                                        33, 47, 48, 49, 63, 64, 65, 77, 128, 131, 200};

}  // namespace

TEST_CASE("Blocks set one by one are the bytes, and read back") {
    tally result;
    random_bits random{71};
    for_each_row([&]<class B>() {
        for (const std::size_t columns : some_columns)
            for (const std::size_t rows : {std::size_t{1}, std::size_t{3}}) {
                std::vector<std::vector<block<B>>> blocks(rows);
                for (auto& row : blocks)
                    for (std::size_t left = columns; left > 0;) {
                        const std::size_t n = std::min<std::size_t>(left, B::length);
                        row.push_back(some_block<B>(random, static_cast<int>(n)));
                        left -= n;
                    }
                const memory expected = written<B>(blocks, columns);
                const block_bytes bytes = bytes_of_blocks<B>(rows, columns);
                result.equal(bytes.codes, expected.codes.size(), name_of<B>, "bytes of codes", columns);
                result.equal(bytes.scales, expected.scales.size(), name_of<B>, "bytes of scales", columns);
                std::vector<std::byte> codes(bytes.codes + 2 * guard, guard_byte),
                    scales(bytes.scales + 2 * guard, guard_byte);
                const auto c = std::span(codes).subspan(guard, bytes.codes),
                           s = std::span(scales).subspan(guard, bytes.scales);
                const block_span<B> view = [&] {
                    if constexpr (B::layout == block_layout::separate)
                        return block_span<B>(c, s, rows, columns);
                    else
                        return block_span<B>(c, rows, columns);
                }();
                result.equal(view.blocks_per_row(), blocks[0].size(), name_of<B>, "blocks", columns);
                result.equal(view.size(), rows * columns, name_of<B>, "size", columns);
                for (std::size_t r = 0; r < rows; ++r)
                    for (std::size_t k = 0; k < blocks[r].size(); ++k) view.set(r, k, blocks[r][k]);
                const auto with_guards = [](const std::vector<std::byte>& inner) {
                    std::vector<std::byte> all(inner.size() + 2 * guard, guard_byte);
                    for (std::size_t i = 0; i < inner.size(); ++i) all[guard + i] = inner[i];
                    return all;
                };
                result.equal(codes == with_guards(expected.codes), true, name_of<B>, "codes", columns);
                result.equal(scales == with_guards(expected.scales), true, name_of<B>, "scales", columns);
                const block_span<const B> same = view;
                std::uint64_t different = 0;
                for (std::size_t r = 0; r < rows; ++r)
                    for (std::size_t k = 0; k < blocks[r].size(); ++k) {
                        different += same.get(r, k) == blocks[r][k] ? 0U : 1U;
                        different += same.subrows(r, 1).get(0, k) == blocks[r][k] ? 0U : 1U;
                        if (same.size_of_block(k) !=
                            static_cast<int>(std::min<std::size_t>(columns - k * B::length, B::length)))
                            ++different;
                    }
                result.equal(different, 0, name_of<B>, "read back", columns);
            }
    });
    CHECK_TALLY(result, 12U * std::size(some_columns) * 2 * 7);
}

TEST_CASE("Blocks of ggml have ggml's sizes") {
    CHECK(bytes_of_blocks<q4_0>(1, 32) == block_bytes{18, 0});
    CHECK(bytes_of_blocks<q4_1>(1, 32) == block_bytes{20, 0});
    CHECK(bytes_of_blocks<q8_0>(1, 32) == block_bytes{34, 0});
    CHECK(bytes_of_blocks<ggml_mxfp4>(1, 32) == block_bytes{17, 0});
    CHECK(bytes_of_blocks<ggml_nvfp4>(1, 64) == block_bytes{36, 0});
    CHECK(bytes_of_blocks<ggml_nvfp4>(2, 65) == block_bytes{144, 0});
    CHECK(bytes_of_blocks<mxfp6_e3m2>(1, 32) == block_bytes{24, 1});
    CHECK(bytes_of_blocks<mxfp6_e3m2>(2, 33) == block_bytes{50, 4});
    CHECK(bytes_of_blocks<nvfp4>(3, 17) == block_bytes{27, 6});
}

TEST_CASE("Sizes that do not fit are refused, with both") {
    std::vector<std::byte> codes(100), scales(100);
    const std::span c(codes), s(scales);
    CHECK_THROWS_WITH(
        (block_span<mxfp4>(c.first(32), s.first(2), 2, 33)),
        "lowprec::block_span: the codes of 2 x 33 elements of mxfp4 take exactly 34 bytes, but there are 32");
    CHECK_THROWS_WITH(
        (block_span<mxfp4>(c.first(34), s.first(2), 2, 33)),
        "lowprec::block_span: the scales of 2 x 33 elements of mxfp4 take exactly 4 bytes, but there are 2");
    CHECK_THROWS_WITH(
        (block_span<q4_0>(c.first(17), 1, 32)),
        "lowprec::block_span: the blocks of 1 x 32 elements of q4_0 take exactly 18 bytes, but there are 17");
    CHECK_THROWS_WITH((block_span<nvfp4>(c.first(8), s.first(1), 1, 16, -1.0F)),
                      "lowprec::block_span: the tensor scale must be a finite number, not negative");
    CHECK_THROWS_WITH(
        bytes_of_blocks<mxfp8_e4m3>(std::size_t{1} << 40, std::size_t{1} << 40),
        "lowprec::bytes_of_blocks: 1099511627776 rows of 1099511627776 columns of mxfp8_e4m3 are too many");
    CHECK_THROWS_WITH(bytes_of_blocks<mxfp8_e4m3>(1, ~std::size_t{0}), contains("are too many"));
    const block_span<mxfp4> view(c.first(34), s.first(4), 2, 33);
    CHECK_THROWS_WITH(view.subrows(1, 2), "lowprec::block_span::subrows: first 1 and count 2 reach past the 2 rows");
    CHECK_THROWS_WITH(view.subrows(3, 0), contains("reach past"));
    CHECK(view.subrows(2, 0).size() == 0);
}

TEST_CASE("A tensor owns its bytes") {
    block_tensor<nvfp4> t(3, 20);
    CHECK(t.rows() == 3);
    CHECK(t.columns() == 20);
    CHECK(t.size() == 60);
    CHECK(t.blocks_per_row() == 2);
    CHECK(t.codes().size() == 30);
    CHECK(t.scales().size() == 6);
    CHECK(t.tensor_scale() == 1);
    t.set_tensor_scale(0.5F);
    block<nvfp4> b;
    b.codes[3] = 9;
    b.scale = e4m3::from_bits(0x55);
    t.view().set(2, 1, b);
    const block_tensor<nvfp4> copy = t;
    CHECK(copy.view().get(2, 1) == b);
    CHECK(copy.view().tensor_scale() == 0.5F);
    CHECK(copy.scales()[5] == std::byte{0x55});
    CHECK(block_tensor<q4_0>().view().size() == 0);
    CHECK(block_tensor<q4_0>(0, 5).codes().empty());
    static_assert(sizeof(block<nvfp4>) == 17);
}

TEST_CASE("Blocks in memory at compile time") {
    constexpr auto byte = [] {
        std::byte bytes[18]{};
        const block_span<q4_0> view(std::span<std::byte>(bytes), 1, 32);
        block<q4_0> b;
        b.scale = fp16::from_bits(0x1234);
        b.codes[1] = 3;
        b.codes[17] = 0xC;
        view.set(0, 0, b);
        return std::to_integer<unsigned>(bytes[3]) << 16 | std::to_integer<unsigned>(bytes[1]) << 8 |
               std::to_integer<unsigned>(bytes[0]);
    }();
    static_assert(byte == 0xC31234);
    SUCCEED();
}
