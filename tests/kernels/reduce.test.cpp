// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Every reduction with every instruction set compiled in, against plain loops: any length, block, misalignment, special value
// and floating-point environment.
// needs: simd
// isa: base
// isa: best
// ctest-label: newer_xsimd
// ctest-label: aarch64
#include <lowprec/kernels/reduce.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/isa.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;
using detail::reduction;

using bits32 = std::uint32_t;
using bits64 = std::uint64_t;
using lowprec::detail::int128;
using lowprec::detail::uint128;

// The oracle takes bit patterns and gives the bits of what is sought, extents with the smallest value in the low half. It
// shares nothing with the library but the order in which sums are stated to be added.

constexpr bool is_nan(bits32 x) { return (x << 1) > 0xFF000000; }

// Where a float stands in the order of all of them.
constexpr std::int64_t place(bits32 x) {
    const std::int64_t magnitude = x & 0x7FFFFFFF;
    return (x >> 31) != 0 ? -1 - magnitude : magnitude;
}

// A double's addition done with integers, by hand: to nearest even whatever the flags and the environment are.
struct exact {
    bits64 bits;
};
exact add(exact a, exact b) {
    constexpr bits64 infinity = 0x7FF0000000000000, nan = 0x7FF8000000000000, sign = bits64{1} << 63;
    const bits64 x = a.bits & ~sign, y = b.bits & ~sign;
    if (x > infinity || y > infinity) return {nan};
    if (x == infinity || y == infinity) {
        if (x == y && a.bits != b.bits) return {nan};
        return x == infinity ? a : b;
    }
    if (y > x) return add(b, a);
    // significands with 55 bits below them; the smaller one's lost bits stay as one
    const auto exponent = [](bits64 v) { return v >> 52 == 0 ? 1 : static_cast<int>(v >> 52); };
    const auto significand = [](bits64 v) {
        return static_cast<uint128>((v & 0xFFFFFFFFFFFFF) | (v >> 52 == 0 ? 0 : bits64{1} << 52)) << 55;
    };
    int e = exponent(x);
    const int distance = e - exponent(y);
    uint128 small = distance > 120 ? 0 : significand(y) >> distance;
    if (y != 0 && (distance > 120 || (small << distance) != significand(y))) small |= 1;
    uint128 total = (a.bits ^ b.bits) & sign ? significand(x) - small : significand(x) + small;
    if (total == 0) return {a.bits == b.bits ? a.bits : 0};
    const bits64 sign_bit = a.bits & sign;
    while (total >> 108 != 0) {
        total = (total >> 1) | (total & 1);
        ++e;
    }
    while (total >> 107 == 0 && e > 1) {
        total <<= 1;
        --e;
    }
    const uint128 half = uint128{1} << 54;
    const uint128 rest = total & (2 * half - 1);
    bits64 kept = static_cast<bits64>(total >> 55);
    if (rest > half || (rest == half && (kept & 1) != 0)) ++kept;
    // the hidden one carries into the exponent
    const bits64 result = (static_cast<bits64>(e - 1) << 52) + kept;
    return {sign_bit | (result >= infinity ? infinity : result)};
}

// A float, or its square, as a double.
exact widened(bits32 x, bool squared) {
    const bits32 magnitude = x & 0x7FFFFFFF;
    const bits64 sign = squared ? 0 : static_cast<bits64>(x >> 31) << 63;
    if (magnitude >= 0x7F800000) return {magnitude == 0x7F800000 ? sign | 0x7FF0000000000000 : 0x7FF8000000000000};
    if (magnitude == 0) return {sign};
    const int e = static_cast<int>(magnitude >> 23);
    const bits64 m = e == 0 ? magnitude : (magnitude & 0x7FFFFF) | 0x800000;
    int scale = (e == 0 ? 1 : e) - 150;  // the value is m * 2^scale
    bits64 value = m;
    if (squared) {
        value = m * m;
        scale *= 2;
    }
    int exponent = 52;
    while (value >> 52 == 0) {
        value <<= 1;
        --exponent;
    }
    return {sign | (static_cast<bits64>(scale + exponent + 1023) << 52) | (value & 0xFFFFFFFFFFFFF)};
}

bits64 oracle_sum(std::span<const bits32> in, bool squared) {
    std::array<exact, 16> partial{};
    for (std::size_t i = 0; i < in.size(); ++i) partial[i % 16] = add(partial[i % 16], widened(in[i], squared));
    for (const std::size_t apart : {8U, 4U, 2U, 1U})
        for (std::size_t i = 0; i < apart; ++i) partial[i] = add(partial[i], partial[i + apart]);
    return partial[0].bits;
}

template <reduction R>
bits64 oracle(std::span<const bits32> in) {
    bool nan = false, finite = true;
    bits32 magnitude = 0, low = 0x7F800000, high = 0xFF800000;
    if constexpr (detail::is_sum<R>) return oracle_sum(in, R == reduction::sum_of_squares);
    for (const bits32 x : in) {
        nan = nan || is_nan(x);
        finite = finite && ((x >> 23) & 0xFF) != 0xFF;
        magnitude = std::max(magnitude, x & 0x7FFFFFFF);
        if (place(x) < place(low)) low = x;
        if (place(x) > place(high)) high = x;
    }
    if constexpr (R == reduction::all_finite) return finite ? 1 : 0;
    if constexpr (R == reduction::abs_max) return nan ? 0x7FC00000 : magnitude;
    return nan ? 0x7FC000007FC00000 : static_cast<bits64>(high) << 32 | low;
}

template <reduction R>
bits64 bits_of_result(const std::byte* from) {
    bits64 bits = 0;
    std::memcpy(&bits, from, sizeof(detail::reduced<R>));
    return bits;
}

template <class Function>
void for_each_reduction(Function&& f) {
    f.template operator()<reduction::abs_max>();
    f.template operator()<reduction::min_max>();
    f.template operator()<reduction::all_finite>();
    f.template operator()<reduction::sum>();
    f.template operator()<reduction::sum_of_squares>();
}

// Reduces what lies in `in`, moved to `offset` bytes past an aligned address with nothing but NaN around it, in blocks of n.
template <reduction R, class Isa>
void check(tally& results, std::span<const bits32> in, std::size_t n, std::size_t offset, const char* isa) {
    constexpr std::size_t size = sizeof(detail::reduced<R>);
    const std::size_t blocks = (in.size() + n - 1) / n;
    std::vector<std::byte> memory(4 * in.size() + 256, std::byte{0xFF}), out(blocks * size + 2 * 64, std::byte{0xA5});
    std::byte* const from = memory.data() + (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64) + offset;
    if (!in.empty()) std::memcpy(from, in.data(), 4 * in.size());
    detail::reduce_blocks<R, Isa>(from, in.size(), n, out.data() + 64);
    for (std::size_t i = 0; i < blocks; ++i)
        results.equal(bits_of_result<R>(out.data() + 64 + i * size),
                      oracle<R>(in.subspan(i * n, std::min(n, in.size() - i * n))), isa, static_cast<int>(R), "size",
                      in.size(), "blocks of", n, "offset", offset, "block", i);
    for (std::size_t i = 0; i < 64; ++i) {  // nothing else is written
        results.equal(out[i], 0xA5U, isa, static_cast<int>(R), "before", in.size(), n);
        results.equal(out[out.size() - 1 - i], 0xA5U, isa, static_cast<int>(R), "after", in.size(), n);
    }
}

#define CHECK_ALL_EQUAL(results)                                                         \
    do {                                                                                 \
        INFO((results).wrong << " of " << (results).checked << ": " << (results).first); \
        CHECK((results).wrong == 0);                                                     \
        CHECK((results).checked != 0);                                                   \
    } while (false)

enum class mix { any_finite, of_one_magnitude, positive, negative, subnormal, anything };
constexpr mix mixes[] = {mix::any_finite, mix::of_one_magnitude, mix::positive,
                         mix::negative,   mix::subnormal,        mix::anything};

std::vector<bits32> sample(std::size_t count, mix kind, bits64 seed) {
    random_bits next{seed};
    std::vector<bits32> in(count);
    for (bits32& x : in) {
        x = static_cast<bits32>(next() >> 32);
        if (kind == mix::of_one_magnitude) x = (x & 0x807FFFFF) | static_cast<bits32>(124 + next() % 4) << 23;
        if (kind == mix::subnormal) x &= 0x807FFFFF;
        if (kind == mix::positive) x &= 0x7FFFFFFF;
        if (kind == mix::negative) x |= 0x80000000;
        if (kind != mix::anything && (x & 0x7F800000) == 0x7F800000) x ^= 0x40000000;
    }
    return in;
}

constexpr bits32 specials[] = {0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007FFFFF, 0x00800000,
                               0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000, 0x7F800001, 0xFF800001,
                               0x7FC00000, 0xFFC00000, 0x7FFFFFFF, 0xFFFFFFFF};

template <class Function>
void for_each_case(tally& results, Function&& f) {
    for_each_features([&]<class Isa>(const char* isa) {
        for_each_reduction([&]<reduction R>() {
            f([&](std::span<const bits32> in, std::size_t n, std::size_t offset) {
                check<R, Isa>(results, in, n, offset, isa);
            });
        });
    });
}

TEST_CASE("reductions of every length, in one block") {
    tally results;
    for_each_case(results, [](const auto& reduce) {
        for (const mix kind : mixes) {
            const auto in = sample(4 * 64 + 1, kind, 1 + static_cast<bits64>(kind));
            for (std::size_t size = 0; size <= in.size(); ++size)
                reduce(std::span(in).first(size), std::max<std::size_t>(size, 1), 0);
        }
    });
    CHECK_ALL_EQUAL(results);
}

TEST_CASE("reductions of long inputs") {
    tally results;
    for_each_case(results, [](const auto& reduce) {
        for (const mix kind : mixes)
            for (const std::size_t size : {1000U, 4096U, 5000U, 10007U}) {
                auto in = sample(size, kind, size);
                reduce(in, size, 0);
                // what decides the range comes late
                in[size - 1] ^= 0x80000000;
                reduce(in, size, 4);
                in[size - 1] ^= 0x80000000;
                in[size / 2] ^= 0x80000000;
                reduce(in, size, 8);
            }
    });
    CHECK_ALL_EQUAL(results);
}

TEST_CASE("reductions of misaligned inputs") {
    tally results;
    for_each_case(results, [](const auto& reduce) {
        const auto in = sample(333, mix::any_finite, 7);
        for (std::size_t offset = 0; offset < 64; ++offset)
            for (const std::size_t n : {16U, 20U, 32U, 333U}) reduce(in, n, offset);
    });
    CHECK_ALL_EQUAL(results);
}

TEST_CASE("reductions of blocks of every size") {
    tally results;
    for_each_case(results, [](const auto& reduce) {
        const mix kinds[] = {mix::any_finite, mix::of_one_magnitude, mix::positive, mix::negative};
        std::vector<std::size_t> sizes = {127, 128, 129, 1024, 1151};
        for (std::size_t n = 1; n <= 70; ++n) sizes.push_back(n);
        for (const std::size_t n : sizes)
            for (const std::size_t blocks : {1U, 2U, 7U, 8U, 9U, 16U, 17U, 35U}) {
                const auto in = sample(n * blocks, kinds[(n + blocks) % 4], n * blocks);
                reduce(in, n, 0);
                reduce(std::span(in).first(in.size() - n / 2), n, 0);  // the last block is short
            }
    });
    CHECK_ALL_EQUAL(results);
}

TEST_CASE("special values at every position") {
    tally results;
    for_each_case(results, [](const auto& reduce) {
        for (const mix kind : {mix::any_finite, mix::positive, mix::negative, mix::of_one_magnitude}) {
            const auto around = sample(150, kind, 5);
            for (const bits32 special : specials)
                for (std::size_t at = 0; at < around.size(); at += kind == mix::any_finite ? 1 : 7) {
                    auto in = around;
                    in[at] = special;
                    reduce(in, in.size(), 0);
                    reduce(in, 16, 0);
                    reduce(in, 20, 0);
                    reduce(in, 32, 0);
                }
        }
    });
    CHECK_ALL_EQUAL(results);
}

TEST_CASE("special values in whole groups of blocks and in long ones") {
    tally results;
    for_each_case(results, [](const auto& reduce) {
        for (const mix kind : {mix::any_finite, mix::positive, mix::negative})
            for (const bits32 special : specials)
                for (const std::size_t n : {16U, 32U, 64U, 128U, 1100U})
                    for (std::size_t at = 0; at < 16 * n; at += n + 1 + n / 3) {
                        auto in = sample(16 * n, kind, n);
                        in[at] = special;
                        reduce(in, n, 0);
                    }
    });
    CHECK_ALL_EQUAL(results);
}

TEST_CASE("special values alone and in pairs") {
    tally results;
    for_each_case(results, [](const auto& reduce) {
        for (const bits32 a : specials) {
            for (const std::size_t size : {1U, 15U, 16U, 17U, 64U, 300U}) reduce(std::vector<bits32>(size, a), size, 0);
            reduce(std::vector<bits32>(600, a), 32, 0);
            for (const bits32 b : specials)
                for (const std::size_t size : {2U, 16U, 33U, 160U}) {
                    std::vector<bits32> in(size, a);
                    in[size / 2] = b;
                    reduce(in, size, 0);
                }
        }
    });
    CHECK_ALL_EQUAL(results);
}

// Sums that round often, of subnormals and of floats of about one magnitude.
void check_environment(tally& results) {
    for_each_case(results, [](const auto& reduce) {
        for (const mix kind : {mix::of_one_magnitude, mix::subnormal, mix::any_finite})
            for (const std::size_t n : {11U, 16U, 32U, 100U, 1000U}) reduce(sample(1000, kind, n), n, 0);
    });
}

TEST_CASE("reductions in every rounding mode of the environment") {
    for (const int mode : {FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO}) {
        tally results;
        int after = 0;
        const float nearest = third();
        float directed = 0;
        {
            const rounding_direction guard(mode);
            check_environment(results);
            after = std::fegetround();
            directed = third();
        }
        CHECK_ALL_EQUAL(results);
        CHECK(after == mode);
        CHECK((directed == nearest) == (mode == FE_UPWARD));
    }
}

TEST_CASE("reductions with denormals flushed") {
    if constexpr (flushed_denormals::available) {
        tally results;
        float flushed = 1;
        {
            const flushed_denormals guard;
            check_environment(results);
            flushed = half_of_smallest_normal();
        }
        CHECK_ALL_EQUAL(results);
        CHECK(std::bit_cast<bits32>(flushed) == 0);
    } else {
        WARN("how to flush denormals on this machine is not known here: not compared");
    }
}

TEST_CASE("reductions raise no exception flag") {
    tally results;
    std::feclearexcept(FE_ALL_EXCEPT);
    for_each_case(results, [](const auto& reduce) {
        for (const std::size_t n : {16U, 32U, 64U, 5000U}) reduce(sample(5000, mix::anything, n), n, 0);
    });
    CHECK(std::fetestexcept(FE_ALL_EXCEPT) == 0);
    CHECK_ALL_EQUAL(results);
}

// The exact sum of floats between 2^-40 and 2^40, in units of 2^-64.
TEST_CASE("sums are near the exact ones") {
    random_bits next{3};
    std::vector<float> in(1 << 16);
    int128 total = 0, magnitudes = 0;
    for (float& x : in) {
        const bits64 r = next();
        const int exponent = static_cast<int>(r % 80);
        const auto m = static_cast<std::int64_t>((r >> 32 & 0x7FFFFF) | 0x800000);
        const int128 value = static_cast<int128>(m) << exponent;  // x is this times 2^-64
        const bool negative = (r >> 60 & 1) != 0;
        total += negative ? -value : value;
        magnitudes += value;
        x = std::bit_cast<float>(static_cast<bits32>(negative) << 31 |
                                 static_cast<bits32>(exponent + 23 - 64 + 127) << 23 |
                                 static_cast<bits32>(m & 0x7FFFFF));
    }
    const auto got = static_cast<long double>(sum(in));
    const auto expected = static_cast<long double>(total) * 0x1p-64L;
    // 4096 additions to each partial sum and four more, each wrong by at most half a unit
    const long double bound = static_cast<long double>(magnitudes) * 0x1p-64L * 4100 * 0x1p-53L;
    CHECK(got <= expected + bound);
    CHECK(got >= expected - bound);
}

bits32 word(float x) { return std::bit_cast<bits32>(x); }

TEST_CASE("the public functions take ranges of every kind") {
    const std::vector<float> vector = {1.0F, -3.0F, 2.0F, 0.5F, -0.25F, 8.0F};
    const std::array<float, 6> array = {1.0F, -3.0F, 2.0F, 0.5F, -0.25F, 8.0F};
    float plain[] = {1.0F, -3.0F, 2.0F, 0.5F, -0.25F, 8.0F};
    CHECK(word(abs_max(vector)) == word(8.0F));
    CHECK(word(abs_max(array)) == word(8.0F));
    CHECK(word(abs_max(plain)) == word(8.0F));
    CHECK(word(abs_max(std::span(plain).first<3>())) == word(3.0F));
    CHECK(word(min_max(vector).min) == word(-3.0F));
    CHECK(word(min_max(vector).max) == word(8.0F));
    CHECK(all_finite(vector));
    CHECK(std::bit_cast<bits64>(sum(vector)) == std::bit_cast<bits64>(8.25));
    CHECK(std::bit_cast<bits64>(sum_of_squares(vector)) == std::bit_cast<bits64>(78.3125));

    std::vector<float> largest(2);
    std::array<extent, 2> extents{};
    bool finite[2] = {};
    std::vector<double> sums(2), squares(2);
    abs_max_blocks(vector, 4, largest);
    min_max_blocks(vector, 4, extents);
    all_finite_blocks(vector, 4, finite);
    sum_blocks(vector, 4, std::span(sums));
    sum_of_squares_blocks(vector, 4, squares);
    CHECK(word(largest[0]) == word(3.0F));
    CHECK(word(largest[1]) == word(8.0F));
    CHECK(word(extents[0].min) == word(-3.0F));
    CHECK(word(extents[1].max) == word(8.0F));
    CHECK((finite[0] && finite[1]));
    CHECK(std::bit_cast<bits64>(sums[1]) == std::bit_cast<bits64>(7.75));
    CHECK(std::bit_cast<bits64>(squares[0]) == std::bit_cast<bits64>(14.25));

    abs_max_rows(vector, 3, largest);
    min_max_rows(vector, 3, extents);
    all_finite_rows(vector, 3, finite);
    sum_rows(vector, 3, sums);
    sum_of_squares_rows(vector, 3, squares);
    CHECK(word(largest[1]) == word(8.0F));
    CHECK(word(extents[1].min) == word(-0.25F));
    CHECK((finite[0] && finite[1]));
    CHECK(std::bit_cast<bits64>(sums[0]) == 0);
    CHECK(std::bit_cast<bits64>(squares[1]) == std::bit_cast<bits64>(64.3125));
}

TEST_CASE("reductions of nothing") {
    const std::vector<float> none;
    CHECK(word(abs_max(none)) == 0);
    CHECK(word(min_max(none).min) == 0x7F800000);
    CHECK(word(min_max(none).max) == 0xFF800000);
    CHECK(all_finite(none));
    CHECK(std::bit_cast<bits64>(sum(none)) == 0);
    CHECK(std::bit_cast<bits64>(sum_of_squares(none)) == 0);
    std::vector<float> results;
    abs_max_blocks(none, 16, results);
    abs_max_rows(none, 16, results);
    CHECK(results.empty());
}

TEST_CASE("wrong sizes are refused, and the message has them") {
    const std::vector<float> in(10);
    std::vector<float> out(2);
    CHECK_THROWS_WITH(abs_max_blocks(in, 4, out),
                      contains("abs_max_blocks: 10 elements in blocks of 4 have 3 results") && contains("room for 2"));
    CHECK_THROWS_WITH(abs_max_blocks(in, 0, out), contains("abs_max_blocks: blocks of 0 elements"));
    CHECK_THROWS_WITH(abs_max_rows(in, 4, out), contains("abs_max_rows: 10 elements are no rows of 4"));
    CHECK_THROWS_WITH(abs_max_rows(in, 0, out), contains("no rows of 0"));
    std::vector<double> sums(3);
    CHECK_THROWS_AS(sum_rows(in, 5, sums), std::invalid_argument);
}

}  // namespace
