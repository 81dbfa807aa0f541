// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The KV cache against lists of values and exact products of doubles: codes, scales and what is read, for every kind of code and
// scale; growth; refused arguments.
// needs: simd
// ctest-label: aarch64
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <lowprec/quantize/kv_cache.hpp>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/message_of.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;

using bits32 = std::uint32_t;
using bits64 = std::uint64_t;

// The positive values of a format and zero, in order of their codes, from its sizes: an element's place is its code.
std::vector<double> values_of(int mantissa_bits, int bias, int count) {
    std::vector<double> all;
    for (int code = 0; code < count; ++code) {
        const int e = code >> mantissa_bits, m = code & ((1 << mantissa_bits) - 1);
        const int hidden = e == 0 ? 0 : 1 << mantissa_bits;
        all.push_back(std::ldexp(m + hidden, std::max(e, 1) - bias - mantissa_bits));
    }
    return all;
}
const std::vector<double>& half_values() {
    static const auto all = values_of(10, 15, 0x7C00);
    return all;
}
const std::vector<double>& bfloat_values() {
    static const auto all = values_of(7, 127, 0x7F80);
    return all;
}

// The place of the value nearest to x / divisor, a tie's even place. Products with a divisor of 24 bits are exact.
std::size_t nearest(const std::vector<double>& values, double x, double divisor) {
    const auto above =
        std::lower_bound(values.begin(), values.end(), x, [&](double v, double) { return v * divisor < x; });
    if (above == values.begin()) return 0;
    if (above == values.end()) return values.size() - 1;
    const auto i = static_cast<std::size_t>(above - values.begin());
    const double twice = (values[i - 1] + values[i]) * divisor;
    if (2 * x < twice) return i - 1;
    return 2 * x > twice || i % 2 == 0 ? i : i - 1;
}

template <class T>
struct storage;
template <>
struct storage<float> {
    static constexpr double smallest = 0x1p-126;
    // x and divisor are floats, and so is their correctly rounded quotient
    static double round(double x, double divisor) {
        return static_cast<double>(static_cast<float>(x) / static_cast<float>(divisor));
    }
    static bits32 bits(float x) { return std::bit_cast<bits32>(x); }
    static bits32 bits_of(double x) { return std::bit_cast<bits32>(static_cast<float>(x)); }
};
template <class F>
struct storage_of_16_bits {
    static double round(double x, double divisor) { return F::values()[nearest(F::values(), x, divisor)]; }
    template <class T>
    static bits32 bits(T x) {
        return x.bits();
    }
    static bits32 bits_of(double x) {
        return static_cast<bits32>(nearest(F::values(), std::fabs(x), 1) | (std::signbit(x) ? 0x8000U : 0U));
    }
};
template <>
struct storage<fp16> : storage_of_16_bits<storage<fp16>> {
    static constexpr double smallest = 0x1p-14;
    static const std::vector<double>& values() { return half_values(); }
};
template <>
struct storage<bf16> : storage_of_16_bits<storage<bf16>> {
    static constexpr double smallest = 0x1p-126;
    static const std::vector<double>& values() { return bfloat_values(); }
};

// What a code is: its number for a float and a scale, and its value without the scale.
template <class Element>
struct coding;
template <int Bits, integer_codes Codes>
struct coding<affine<Bits, Codes>> {
    static constexpr bool is_signed = Codes == integer_codes::signed_full || Codes == integer_codes::signed_narrow;
    static constexpr bool narrow = Codes == integer_codes::signed_narrow || Codes == integer_codes::unsigned_narrow;
    static constexpr int bits = Bits, top = (1 << (Bits - 1)) - 1;
    static constexpr double largest = top;
    static int value(float x, double scale) {
        const double size = std::fabs(static_cast<double>(x));
        double k = std::min(std::floor(size / scale), 1000.0);  // a step off at most
        while (k > 0 && k * scale > size) --k;
        while (k < 1000 && (k + 1) * scale <= size) ++k;
        const double tie = (k + 0.5) * scale;  // at most 33 bits
        if (size > tie || (size == tie && std::fmod(k, 2) == 1)) ++k;
        const double lowest = narrow ? top : top + 1;
        return static_cast<int>(std::signbit(x) ? -std::min(k, lowest) : std::min(k, largest));
    }
    static bits32 code(float x, double scale) {
        return static_cast<bits32>(value(x, scale) + (is_signed ? 0 : top + 1)) & ((1U << Bits) - 1);
    }
    static double meaning(float x, double scale) {
        const int v = value(x, scale);
        return v == 0 ? 0.0 : v * scale;
    }
};
template <class F>
struct coding_of_8_bits {
    static bits32 code(float x, double scale) {
        return static_cast<bits32>(nearest(F::values(), std::fabs(static_cast<double>(x)), scale) |
                                   (std::signbit(x) ? 0x80U : 0U));
    }
    static double meaning(float x, double scale) {
        const bits32 c = code(x, scale);
        return (c & 0x80) != 0 ? -(F::values()[c & 0x7F] * scale) : F::values()[c] * scale;
    }
    static constexpr int bits = 8;
};
template <>
struct coding<e4m3> : coding_of_8_bits<coding<e4m3>> {
    static constexpr double largest = 448;
    static const std::vector<double>& values() {
        static const auto all = values_of(3, 7, 0x7F);
        return all;
    }
};
template <>
struct coding<e5m2> : coding_of_8_bits<coding<e5m2>> {
    static constexpr double largest = 57344;
    static const std::vector<double>& values() {
        static const auto all = values_of(2, 15, 0x7C);
        return all;
    }
};
// No exponents to speak of and no negative zero; its scales reach 2^127, whose reciprocals are subnormal.
using fraction = p3109<8, 7, p3109_kind::sf>;
template <>
struct coding<fraction> : coding_of_8_bits<coding<fraction>> {
    static constexpr double largest = 127.0 / 64;
    static const std::vector<double>& values() {
        static const auto all = values_of(6, 1, 0x80);
        return all;
    }
    static bits32 code(float x, double scale) {
        const bits32 found = coding_of_8_bits::code(x, scale);
        return found == 0x80 ? 0 : found;
    }
    static double meaning(float x, double scale) {
        const double found = coding_of_8_bits::meaning(x, scale);
        return found == 0 ? 0.0 : found;
    }
};

template <class Element, class Scale>
double expected_scale(std::span<const float> row) {
    double amax = 0;
    for (const float x : row) amax = std::max(amax, std::fabs(static_cast<double>(x)));
    if (amax == 0) return 1;
    return std::max(storage<Scale>::round(amax, coding<Element>::largest), storage<Scale>::smallest);
}

// Rows of moderate numbers, ties, zeros, one large number, subnormals, the largest floats.
std::vector<float> sample(std::size_t rows, std::size_t columns, bits64 seed, float tie_of) {
    random_bits next{seed};
    std::vector<float> all;
    for (std::size_t r = 0; r < rows; ++r) {
        const bits64 kind = next() % 10;
        const std::size_t large = next() % columns;
        const float amax = 1.0F + static_cast<float>(next() % 100000) / 100000;
        for (std::size_t i = 0; i < columns; ++i) {
            const bits64 random = next();
            const auto word = static_cast<bits32>(random >> 32);
            float x = std::bit_cast<float>((word & 0x807FFFFF) | static_cast<bits32>(121 + random % 8) << 23);
            // a scale of 1: halves are ties
            if (kind == 3)
                x = (i == large ? 1 : -0.5F + static_cast<float>(random % static_cast<bits64>(tie_of)) / tie_of) *
                    tie_of;
            if (kind == 3 && i != large) x = std::floor(x) + 0.5F;
            // near a tie, or as near as a float can be, by a scale that is no power of two
            if (kind == 1 || kind == 2) {
                const auto tie = static_cast<float>(random % 16) + 0.5F;
                x = std::ldexp(amax / tie_of * tie, kind == 1 ? 0 : static_cast<int>(random >> 8 & 15) - 10);
                x = std::bit_cast<float>(std::bit_cast<bits32>(x) + static_cast<bits32>(random >> 16 & 3) - 1);
                if (i == large) x = amax;
            }
            if (kind == 4) x = std::bit_cast<float>(word & 0x80000000);
            if (kind == 5) x = i == large ? 1e4F : x;
            if (kind == 6) x = std::bit_cast<float>(word & 0x807FFFFF);
            if (kind == 7) x = std::bit_cast<float>((word & 0x807FFFFF) | static_cast<bits32>(252 + random % 3) << 23);
            if (kind == 8) x = std::ldexp(x, -20);
            if (kind == 9 && i % 3 == 0) x = std::bit_cast<float>(word & 0x80000000);
            all.push_back(x);
        }
    }
    return all;
}

bits32 code_at(std::span<const std::byte> codes, std::size_t i, int bits) {
    bits32 code = 0;
    for (int k = 0; k < bits; ++k) {
        const std::size_t at = i * static_cast<std::size_t>(bits) + static_cast<std::size_t>(k);
        code |= (static_cast<bits32>(codes[at / 8]) >> (at % 8) & 1) << k;
    }
    return code;
}

template <class Out, class Cache>
void check_read(tally& results, const Cache& cache, const std::vector<std::vector<double>>& meanings) {
    const std::size_t columns = cache.head_dim();
    for (std::size_t head = 0; head < cache.heads(); ++head)
        for (std::size_t first = 0; first <= cache.tokens(); first += 3)
            for (const std::size_t count : {cache.tokens() - first, (cache.tokens() - first) / 2}) {
                std::vector<Out> out(count * columns);
                cache.read(head, first, count, out);
                for (std::size_t i = 0; i < out.size(); ++i) {
                    const double limit = storage<Out>::bits_of(1e300) == 0x7F800000 ? 0x1.fffffep127 : 1e300;
                    const double exact = meanings[head][first * columns + i];
                    results.equal(storage<Out>::bits(out[i]), storage<Out>::bits_of(std::clamp(exact, -limit, limit)),
                                  "read: head", head, "from", first, "number", i);
                }
            }
}

template <class Element, class Scale>
void check(tally& results) {
    using code = coding<Element>;
    for (const std::size_t columns : {1U, 7U, 33U, 300U})
        for (const std::size_t heads : {1U, 3U}) {
            kv_cache<Element, Scale> cache(heads, columns);
            std::vector<std::vector<double>> meanings(heads);
            std::size_t tokens = 0;
            for (const std::size_t added : {1U, 0U, 5U, 1U, 17U}) {
                const auto in = sample(added * heads, columns, tokens * 64 + columns,
                                       static_cast<float>(std::min(code::largest, 448.0)));
                cache.append(in);
                results.equal(cache.tokens(), tokens + added, "tokens");
                for (std::size_t r = 0; r < added * heads; ++r) {
                    const std::span row = std::span(in).subspan(r * columns, columns);
                    const std::size_t head = r % heads, token = tokens + r / heads;
                    const double scale = expected_scale<Element, Scale>(row);
                    results.equal(storage<Scale>::bits(cache.scales(head)[token]), storage<Scale>::bits_of(scale),
                                  "scale of token", token, "head", head);
                    const auto codes = cache.codes(head).subspan(token * cache.row_bytes(), cache.row_bytes());
                    for (std::size_t i = 0; i < columns; ++i) {
                        results.equal(code_at(codes, i, code::bits), code::code(row[i], scale), "code of token", token,
                                      "head", head, "number", i, "columns", columns);
                        meanings[head].push_back(code::meaning(row[i], scale));
                    }
                }
                tokens += added;
            }
            const std::size_t row_bytes = (columns * static_cast<std::size_t>(code::bits) + 7) / 8;
            results.equal(cache.row_bytes(), row_bytes, "bytes of a row");
            results.equal(cache.bytes(), tokens * heads * (row_bytes + sizeof(Scale)), "bytes");
            check_read<float>(results, cache, meanings);
            check_read<fp16>(results, cache, meanings);
            check_read<bf16>(results, cache, meanings);
        }
}

template <class Element>
void check_scales(tally& results) {
    check<Element, float>(results);
    check<Element, fp16>(results);
    check<Element, bf16>(results);
}

TEST_CASE("codes, scales and what is read: 8 bits") {
    tally results;
    check_scales<affine<8>>(results);
    check_scales<affine<8, integer_codes::unsigned_narrow>>(results);
    CHECK_TALLY_OVER(results, 10000);
}

TEST_CASE("codes, scales and what is read: 4 and 3 bits") {
    tally results;
    check_scales<affine<4>>(results);
    check<affine<4, integer_codes::signed_narrow>, fp16>(results);
    check<affine<3>, float>(results);
    CHECK_TALLY_OVER(results, 10000);
}

TEST_CASE("codes, scales and what is read: fp8") {
    tally results;
    check_scales<e4m3>(results);
    check<e5m2, float>(results);
    check<fraction, float>(results);
    CHECK_TALLY_OVER(results, 10000);
}

TEST_CASE("whatever the environment") {
    const auto in = sample(40, 32, 5, 127);
    const auto bytes_of = [&] {
        std::vector<bits32> all;
        kv_cache<affine<4>> ints(2, 32);
        kv_cache<e4m3> floats(2, 32);
        ints.append(in);
        floats.append(in);
        std::vector<float> a(20 * 32), b(20 * 32);
        ints.read(1, 0, 20, a);
        floats.read(1, 0, 20, b);
        for (std::size_t i = 0; i < a.size(); ++i) {
            all.push_back(std::bit_cast<bits32>(a[i]));
            all.push_back(std::bit_cast<bits32>(b[i]));
        }
        return all;
    };
    const auto wanted = bytes_of();
    for (const int mode : {FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO}) {
        const rounding_direction guard(mode);
        CHECK(bytes_of() == wanted);
    }
    if constexpr (flushed_denormals::available) {
        const flushed_denormals guard;
        CHECK(bytes_of() == wanted);
    }
}

TEST_CASE("memory grows in few steps, and is kept") {
    kv_cache<affine<8>, fp16> cache(2, 8);
    const std::vector<float> token(16, 1.0F);
    std::set<std::size_t> capacities;
    for (int i = 0; i < 10000; ++i) {
        cache.append(token);
        capacities.insert(cache.capacity_bytes());
    }
    CHECK(capacities.size() < 40);
    CHECK(cache.bytes() == 10000 * 2 * (8 + 2));
    CHECK(cache.bytes_per_token() == 20);
    CHECK(cache.capacity_bytes() >= cache.bytes());
    CHECK(cache.capacity_bytes() <= 3 * cache.bytes());

    cache.truncate(10);
    CHECK(cache.tokens() == 10);
    CHECK(cache.bytes() == 200);
    CHECK(cache.capacity_bytes() == *capacities.rbegin());
    cache.append(std::vector<float>(16, -2.0F));
    std::vector<float> out(2 * 8);
    cache.read(1, 9, 2, out);
    CHECK(out[7] == Approx(1).epsilon(1e-3));
    CHECK(out[8] == Approx(-2).epsilon(1e-3));

    kv_cache<e4m3> ready(4, 64);
    ready.reserve(100);
    const auto before = ready.capacity_bytes();
    CHECK(before >= 100 * ready.bytes_per_token());
    for (int i = 0; i < 100; ++i) ready.append(std::vector<float>(256, 0.5F));
    CHECK(ready.capacity_bytes() == before);
}

TEST_CASE("what is refused changes nothing") {
    kv_cache<affine<8>> cache(2, 3);
    cache.append(std::vector<float>{1, 2, 3, 4, 5, 6});
    std::vector<float> out(6, -1.0F);

    CHECK(message_of<std::invalid_argument>([] { kv_cache<affine<8>>(0, 3); }) ==
          "lowprec::kv_cache: 0 heads of 3 numbers");
    CHECK(message_of<std::invalid_argument>([] { kv_cache<affine<8>>(2, 0); }) ==
          "lowprec::kv_cache: 2 heads of 0 numbers");
    CHECK(message_of<std::invalid_argument>([] { kv_cache<affine<8>>(~std::size_t{0}, 2); }) != "");
    CHECK(message_of<std::invalid_argument>([&] { cache.append(std::vector<float>(7)); }) ==
          "lowprec::kv_cache::append: a token has 2 heads of 3 numbers, but there are 7");
    for (const bits32 special : {0x7FC00000U, 0xFF800000U, 0x7F800001U}) {
        std::vector<float> in(12, 1.0F);
        in[10] = std::bit_cast<float>(special);
        in[11] = std::bit_cast<float>(0x7FC00000);
        CHECK(message_of<std::invalid_argument>([&] { cache.append(in); }) ==
              std::string("lowprec::kv_cache::append: token 1, head 1, number 1 is ") +
                  (special == 0xFF800000 ? "infinite" : "NaN"));
    }
    CHECK(message_of<std::invalid_argument>([&] { cache.read(2, 0, 1, out); }) ==
          "lowprec::kv_cache::read: head 2 of 2");
    CHECK(message_of<std::invalid_argument>([&] { cache.read(0, 1, 1, out); }) ==
          "lowprec::kv_cache::read: 1 tokens from 1 on reach past the 1 that there are");
    CHECK(message_of<std::invalid_argument>([&] { cache.read(0, 2, 0, out); }) != "");
    CHECK(message_of<std::invalid_argument>([&] { cache.read(0, 1, ~std::size_t{0}, out); }) ==
          "lowprec::kv_cache::read: 18446744073709551615 tokens from 1 on reach past the 1 that there are");
    CHECK(message_of<std::invalid_argument>([&] { cache.read(0, 0, 1, out); }) ==
          "lowprec::kv_cache::read: 1 tokens of 3 numbers, but there is room for 6");
    CHECK(message_of<std::invalid_argument>([&] { cache.truncate(2); }) ==
          "lowprec::kv_cache::truncate: 2 tokens are to stay, but there are 1");
    CHECK(message_of<std::invalid_argument>([&] { static_cast<void>(cache.codes(2)); }) ==
          "lowprec::kv_cache::codes: head 2 of 2");
    CHECK(message_of<std::invalid_argument>([&] { static_cast<void>(cache.scales(9)); }) ==
          "lowprec::kv_cache::scales: head 9 of 2");

    CHECK(cache.tokens() == 1);
    CHECK(std::count(out.begin(), out.end(), -1.0F) == 6);
    cache.read(1, 0, 1, std::span(out).first(3));
    CHECK(out[2] == Approx(6).epsilon(1e-6));
}

}  // namespace
