// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Rows of affine codes: every kernel against affine::quantize and affine::dequantize, which tests/affine compares with rationals.
// Every length up to 257 at every offset in memory; ties and their neighbours; parameters that kernels don't serve; every
// environment.
// needs: simd
// isa: base
// isa: best
// ctest-label: aarch64 newer_xsimd
#include <bit>
#include <cmath>
#include <cstring>
#include <lowprec/kernels/affine.hpp>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/isa.hpp"
#include "support/special_floats.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;

constexpr std::size_t margin = 16;

template <class A>
A some_parameters(random_bits& next) {
    A a;
    const auto significand = static_cast<std::uint32_t>(next() & 0x7FFFFF);
    switch (next() % 8) {
    case 0: a.scale = 1; break;
    case 1: a.scale = 0.25F; break;
    case 2: a.scale = std::bit_cast<float>(static_cast<std::uint32_t>(next() & 0x7FFFFFFF)); break;  // all there are
    case 3: a.scale = std::bit_cast<float>(significand); break;                                      // subnormal
    default: a.scale = std::bit_cast<float>(static_cast<std::uint32_t>(next() % 60 + 100) << 23 | significand);
    }
    if (!a.usable()) a.scale = 0.75F;
    a.zero_point = A::lowest + static_cast<int>(next() % static_cast<unsigned>(A::highest - A::lowest + 1));
    return a;
}

/// Numbers in and beyond the range of codes, ties and their neighbours, and any floats at all.
std::vector<float> some_numbers(std::size_t count, float scale, random_bits& next) {
    std::vector<float> x(count);
    for (float& v : x) {
        const int q = static_cast<int>(next() % 800) - 400;
        const auto kind = next() % 16;
        const double tie = static_cast<double>(scale) * (q + 0.5);
        if (kind < 6)
            v = static_cast<float>(static_cast<double>(scale) * (q + static_cast<double>(next() >> 11) * 0x1p-53));
        else if (kind < 12)
            v = static_cast<float>(tie);
        else if (kind < 14)
            v = std::nextafter(static_cast<float>(tie), kind == 12 ? HUGE_VALF : -HUGE_VALF);
        else
            v = std::bit_cast<float>(static_cast<std::uint32_t>(next()));
    }
    return x;
}

template <class Isa, class A>
void check_row(tally& results, const std::vector<float>& x, A a, std::size_t offset, const char* where) {
    const std::size_t bytes = (x.size() * A::bits + 7) / 8;
    const std::byte guard{0xA5};
    std::vector<std::byte> in(4 * x.size() + 2 * margin), codes(bytes + 2 * margin, guard),
        out(4 * x.size() + 2 * margin, guard);
    if (!x.empty()) std::memcpy(in.data() + offset, x.data(), 4 * x.size());
    const auto* from = reinterpret_cast<const float*>(in.data() + offset);
    detail::quantize_row<Isa, integer_recipe::exact>(from, x.size(), a, codes.data() + offset);
    detail::dequantize_row<Isa>(codes.data() + offset, 0, x.size(), a, reinterpret_cast<float*>(out.data() + offset));
    for (std::size_t i = 0; i < x.size(); ++i) {
        const std::size_t bit = i * A::bits;
        unsigned both = std::to_integer<unsigned>(codes[offset + bit / 8]);
        if (bit / 8 + 1 < bytes) both |= std::to_integer<unsigned>(codes[offset + bit / 8 + 1]) << 8;
        const auto code = A::from_bits(both >> bit % 8);
        results.equal(A::to_bits(code), A::to_bits(a.quantize(x[i])), where, "bits", A::bits, "x", bits_of(x[i]),
                      "scale", bits_of(a.scale), "zero point", a.zero_point, "element", i, "of", x.size());
        float y;
        std::memcpy(&y, out.data() + offset + 4 * i, 4);
        results.equal(bits_of(y), bits_of(a.dequantize(code)), where, "code", A::to_bits(code), "scale",
                      bits_of(a.scale));
    }
    const auto untouched = [&](const std::vector<std::byte>& memory, std::size_t used) {
        bool same = true;
        for (std::size_t i = 0; i < memory.size(); ++i)
            same = same && ((i >= offset && i < offset + used) || memory[i] == guard);
        results.equal(same, true, where, "bytes around", x.size(), "numbers");
    };
    untouched(codes, bytes);
    untouched(out, 4 * x.size());
    if (x.size() * A::bits % 8 != 0)
        results.equal(std::to_integer<unsigned>(codes[offset + bytes - 1]) >> (x.size() * A::bits % 8), 0U, where,
                      "bits after the last code");
}

template <class Isa, class A>
void check(tally& results, const char* where) {
    random_bits next{A::bits};
    for (std::size_t n = 0; n <= 257; n += thinned == 1 ? 1 : 5) {
        const A a = some_parameters<A>(next);
        check_row<Isa>(results, some_numbers(n, a.scale, next), a, n % margin, where);
    }
    for (std::size_t offset = 0; offset < margin; ++offset) {
        const A a = some_parameters<A>(next);
        check_row<Isa>(results, some_numbers(203, a.scale, next), a, offset, where);
    }
}

template <class Function>
void for_each_kind(Function&& f) {
    f.template operator()<affine<8>>();
    f.template operator()<affine<8, integer_codes::unsigned_full>>();
    f.template operator()<affine<8, integer_codes::signed_narrow>>();
    f.template operator()<affine<4>>();
    f.template operator()<affine<4, integer_codes::unsigned_full>>();
    f.template operator()<affine<3>>();
    f.template operator()<affine<2, integer_codes::unsigned_narrow>>();
}

}  // namespace

TEST_CASE("rows of affine codes in every environment") {
    tally results;
    for_each_kind([&]<class A>() {
        for_each_isa([&]<class Isa>(const char* isa) {
            in_every_environment([&](const char* where) { check<Isa, A>(results, where); });
            results.equal(std::string_view(isa).empty(), false, "no name");
        });
    });
    CHECK_TALLY_OVER(results, 100000U);
}

TEST_CASE("every number of steps around every tie") {
    tally results;
    for_each_isa([&]<class Isa>(const char* isa) {
        for (const float scale : {1.0F, 0x1.555556p-7F, 0x1.0b254ep-13F, 0x1.fffffep40F}) {
            std::vector<float> x;
            for (int q = -300; q <= 300; ++q) {
                const auto tie = static_cast<float>(static_cast<double>(scale) * (q + 0.5));
                for (int i = -40; i <= 40; ++i)
                    x.push_back(std::bit_cast<float>(bits_of(tie) + static_cast<std::uint32_t>(i)));
            }
            check_row<Isa>(results, x, affine<8>{scale, 0}, 0, isa);
            check_row<Isa>(results, x, affine<8>{scale, 5}, 0, isa);
        }
    });
    CHECK_TALLY_OVER(results, 8U * 2 * 48681 - 1);
}

TEST_CASE("codes that go past the cache, wherever they begin") {
    constexpr std::size_t count = (std::size_t{33} << 20) + 77, period = 4096;
    const affine<8> a{0x1.234p-3F, 5};
    random_bits next{29};
    const std::vector<float> pattern = some_numbers(period, a.scale, next);
    std::vector<float> x(count);
    std::vector<std::int8_t> expected(period);
    for (std::size_t i = 0; i < count; ++i) x[i] = pattern[i % period];
    for (std::size_t i = 0; i < period; ++i) expected[i] = a.quantize(pattern[i]);
    for (const std::size_t offset : {std::size_t{0}, std::size_t{63}}) {
        const std::byte guard{0xA5};
        std::vector<std::byte> codes(count + 2 * margin + offset, guard);
        std::byte* const to = codes.data() + margin + offset;
        detail::quantize_row<simd::native, integer_recipe::exact>(x.data(), count, a, to);
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < count; i += period)
            if (std::memcmp(to + i, expected.data(), count - i < period ? count - i : period) != 0) ++wrong;
        CHECK(wrong == 0);
        CHECK(to[-1] == guard);
        CHECK(to[count] == guard);
    }
}
