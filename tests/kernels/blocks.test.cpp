// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Matrices of blocks: every kernel against quantize_block and dequantize_block, one block after the other, which tests/blocks compares with
// rationals and with other tools' formulas. Rows of every length up to 257, floats at every offset in memory, numbers next
// to ties, NaN and infinity, tensor scales of every size, every environment.
// needs: simd
// isa: best
// ctest-label: aarch64 newer_xsimd
#include <bit>
#include <cmath>
#include <cstring>
#include <lowprec/kernels/blocks.hpp>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/isa.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;

constexpr std::byte guard{0xA5};
constexpr std::size_t margin = 64;

/// What kinds of numbers there are in a matrix.
enum kind { uniform, grid, near_ties, wide, subnormal, special, kinds };

std::vector<float> some_numbers(std::size_t count, int which, random_bits& next) {
    std::vector<float> x(count);
    const double scale = std::ldexp(1.0, static_cast<int>(next() % 60) - 30);
    // a scale that fp16 holds, and the extreme that has it, as q8_0 and q4_0 find it
    const double step = std::ldexp(static_cast<double>(1024 + next() % 1024), -16);
    const int extreme = next() % 2 == 0 ? 127 : 8, sign = next() % 2 == 0 ? 1 : -1;
    for (float& v : x) {
        const double u = static_cast<double>(next() >> 11) * 0x1p-52 - 1;
        auto bits = static_cast<std::uint32_t>(next());
        switch (which) {
        case uniform: v = static_cast<float>(u * scale); break;
        case grid: v = static_cast<float>(std::floor(u * 14) * scale / 4); break;  // many ties, many alike
        case near_ties: {
            const auto tie = static_cast<float>((std::floor(u * (extreme - 1)) + 0.5) * step);
            const auto off = bits % 3;
            v = off == 0 ? tie : std::nextafter(tie, off == 1 ? HUGE_VALF : -HUGE_VALF);
            if ((&v - x.data()) % 16 == 0) v = static_cast<float>(extreme * sign * step);
            break;
        }
        case subnormal: v = std::bit_cast<float>(bits & 0x80FFFFFF); break;
        default:
            if ((bits >> 23 & 0xFF) == 0xFF && (which == wide || next() % 8 != 0)) bits ^= 0x40000000;
            v = std::bit_cast<float>(bits);
        }
    }
    return x;
}

/// Bytes among others, of which none may change.
struct fenced {
    std::vector<std::byte> all;
    std::size_t offset, size;
    fenced(std::size_t offset_, std::size_t size_)
        : all(offset_ + size_ + margin, guard), offset(offset_), size(size_) {}
    std::byte* data() { return all.data() + offset; }
    std::span<std::byte> bytes() { return {data(), size}; }
    bool fence_stands() const {
        for (std::size_t i = 0; i < all.size(); ++i)
            if ((i < offset || i >= offset + size) && all[i] != guard) return false;
        return true;
    }
};

template <class B>
block_span<B> view_of(fenced& codes, fenced& scales, std::size_t rows, std::size_t columns, float tensor_scale = 1) {
    if constexpr (B::layout == block_layout::separate)
        return {codes.bytes(), scales.bytes(), rows, columns, tensor_scale};
    else
        return {codes.bytes(), rows, columns};
}

struct shape {
    std::size_t rows, columns, offset;
};

template <class Isa, class B, block_policy P>
void check_quantize(tally& results, shape s, const std::vector<float>& x, float tensor_scale, const char* where) {
    const block_bytes bytes = bytes_of_blocks<B>(s.rows, s.columns);
    fenced codes(s.offset, bytes.codes), scales(s.offset, bytes.scales), expected_codes(s.offset, bytes.codes),
        expected_scales(s.offset, bytes.scales);
    std::vector<std::byte> memory(4 * x.size() + margin);
    std::memcpy(memory.data() + s.offset, x.data(), 4 * x.size());
    const auto* in = reinterpret_cast<const float*>(memory.data() + s.offset);
    const fp32 t = convert<fp32>(tensor_scale);
    const detail::random_source random{11, s.offset * 64};
    detail::quantize_blocks<Isa, B, P>(in, view_of<B>(codes, scales, s.rows, s.columns), t, random);
    detail::quantize_blocks_scalar<Isa, B, P>(x.data(), view_of<B>(expected_codes, expected_scales, s.rows, s.columns),
                                              t, random);
    const bool same = codes.all == expected_codes.all && scales.all == expected_scales.all;
    results.equal(same, true, where, name_of<B>, "recipe", static_cast<int>(P.how), "rounding",
                  static_cast<int>(P.elements.round), "rows", s.rows, "columns", s.columns, "offset", s.offset);
    results.equal(codes.fence_stands() && scales.fence_stands(), true, where, name_of<B>, "fence, columns", s.columns);
}

template <class Isa, class B, class To>
void check_dequantize(tally& results, shape s, float tensor_scale, random_bits& next, const char* where) {
    const block_bytes bytes = bytes_of_blocks<B>(s.rows, s.columns);
    fenced codes(s.offset, bytes.codes), scales(s.offset, bytes.scales);
    const bool any_scale = next() % 2 == 0;
    for (std::byte& b : codes.bytes()) b = static_cast<std::byte>(next() & 0xFF);
    for (std::byte& b : scales.bytes()) b = static_cast<std::byte>(any_scale ? next() & 0xFF : 0x38 + next() % 16);
    const block_span<const B> from =
        view_of<B>(codes, scales, s.rows, s.columns, B::has_tensor_scale ? tensor_scale : 1.0F);
    fenced out(s.offset, s.rows * s.columns * sizeof(To)), expected(s.offset, s.rows * s.columns * sizeof(To));
    detail::dequantize_blocks<Isa, B, To>(from, reinterpret_cast<To*>(out.data()));
    detail::dequantize_blocks_scalar<Isa, B, To>(from, reinterpret_cast<To*>(expected.data()));
    std::size_t at = 0;
    while (at < out.all.size() && out.all[at] == expected.all[at]) ++at;
    results.equal(at, out.all.size(), where, name_of<B>, "to bytes", sizeof(To), "rows", s.rows, "columns", s.columns,
                  "first differing byte");
    results.equal(out.fence_stands(), true, where, name_of<B>, "fence, columns", s.columns);
}

float some_tensor_scale(const std::vector<float>& x, random_bits& next) {
    if (next() % 4 != 0) {
        float largest = 0;
        for (const float v : x) {
            const float magnitude = std::fabs(v);
            if (std::isfinite(v) && magnitude > largest) largest = magnitude;
        }
        return tensor_scale<nvfp4>(largest);
    }
    const auto any = static_cast<std::uint32_t>(next() % 0x7F7FFFFF + 1);
    return std::bit_cast<float>(any);
}

/// Calls f(shape, kind) for rows of all lengths and for all offsets.
template <class Function>
void for_each_shape(Function&& f) {
    random_bits next{5};
    int which = 0;
    const std::size_t step = thinned == 1 ? 1 : 11;
    for (std::size_t columns = 1; columns <= 257; columns += step)
        f(shape{1 + next() % 3, columns, 0}, which++ % kinds);
    for (std::size_t offset = 0; offset < 16; offset += step)
        for (const std::size_t columns : {std::size_t{64}, std::size_t{203}, std::size_t{1216}})
            f(shape{2, columns, offset}, which++ % kinds);
}

template <class Isa, class B, block_policy... P>
void check_format(tally& results, const char* where) {
    random_bits next{17};
    for_each_shape([&](shape s, int which) {
        const std::vector<float> x = some_numbers(s.rows * s.columns, which, next);
        const float t = B::has_tensor_scale ? some_tensor_scale(x, next) : 1.0F;
        (check_quantize<Isa, B, P>(results, s, x, t, where), ...);
        check_dequantize<Isa, B, float>(results, s, t, next, where);
        check_dequantize<Isa, B, bf16>(results, s, t, next, where);
        if constexpr (B::has_tensor_scale || std::is_same_v<B, q8_0>)
            check_dequantize<Isa, B, fp16>(results, s, t, next, where);
    });
}

template <class B, block_policy... P>
void check() {
    tally results;
    for_each_isa([&]<class Isa>(const char*) {
        in_every_environment([&](const char* where) { check_format<Isa, B, P...>(results, where); });
    });
    CHECK_TALLY_OVER(results, 500U);
}

constexpr block_policy rounded(rounding r) { return {.elements = {.round = r, .random_bits = 32}}; }
constexpr block_policy by(recipe how) { return {.how = how}; }
constexpr block_policy plain{};

}  // namespace

TEST_CASE("mxfp8 in lanes") {
    check<mxfp8_e4m3, plain, by(recipe::rceil)>();
    check<mxfp8_e5m2, plain, rounded(rounding::to_odd)>();
}
TEST_CASE("mxfp6 in lanes") {
    check<mxfp6_e3m2, plain, by(recipe::even)>();
    check<mxfp6_e2m3, plain>();
}
TEST_CASE("mxfp4 in lanes") {
    check<mxfp4, plain, by(recipe::ceil), rounded(rounding::downward), rounded(rounding::stochastic)>();
    check<ggml_mxfp4, plain>();
}
TEST_CASE("mxint8 in lanes") { check<mxint8, plain, by(recipe::ceil)>(); }
TEST_CASE("nvfp4 in lanes") {
    check<nvfp4, plain>();
    check<ggml_nvfp4, plain>();
}
TEST_CASE("q4_0, q4_1 and q8_0 in lanes") {
    check<q4_0, plain>();
    check<q4_1, plain>();
    check<q8_0, plain>();
}

TEST_CASE("outputs that go past the cache, wherever they begin") {
    constexpr std::size_t count = (std::size_t{33} << 20) / 4 + 40;  // floats; the last block is short
    block_tensor<mxfp8_e4m3> from(1, count);
    random_bits next{23};
    for (std::byte& b : from.view().codes()) b = static_cast<std::byte>(next() & 0xFF);
    for (std::byte& b : from.view().scales()) b = static_cast<std::byte>(next() & 0xFF);
    std::vector<float> expected(count);
    detail::dequantize_blocks_scalar<simd::native, mxfp8_e4m3>(block_span<const mxfp8_e4m3>(from.view()),
                                                               expected.data());
    for (const std::size_t offset : {std::size_t{0}, std::size_t{4}, std::size_t{63}}) {
        fenced out(margin + offset, 4 * count);
        detail::dequantize_blocks<simd::native, mxfp8_e4m3>(block_span<const mxfp8_e4m3>(from.view()),
                                                            reinterpret_cast<float*>(out.data()));
        CHECK(std::memcmp(out.data(), expected.data(), 4 * count) == 0);
        CHECK(out.fence_stands());
    }
}
