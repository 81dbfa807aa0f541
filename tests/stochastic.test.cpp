// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Stochastic rounding: methods a, b, c by their exact formulas, and the frequencies that follow from them.
#include <lowprec/convert.hpp>

#include "support/sweep.hpp"

namespace {

using namespace lowprec;

constexpr stochastic_method methods[] = {stochastic_method::a, stochastic_method::b, stochastic_method::c};
constexpr int random_counts[] = {1, 2, 3, 8, 16, 24, 32, 53, 63, 64};

constexpr policy stochastic(stochastic_method method, int n, overflow over = overflow::nonfinite) {
    return {.round = rounding::stochastic, .over = over, .method = method, .random_bits = n};
}

// Values, midpoints and their neighbours of F (at most 400 of them), one pseudo-random double between, both signs, all methods.
template <class F>
void formulas() {
    const oracle::format& f = oracle::format_of<F>();
    oracle::tally codes{std::string{name_of<F>}};
    oracle::random_bits next{7};
    std::vector<std::uint64_t> patterns = oracle::edges(f, oracle::named("fp64"));
    const std::size_t stride = patterns.size() / 400 + 1;
    const std::size_t ends = patterns.size();
    for (std::size_t i = 0; i < ends; i += stride)
        patterns.push_back((patterns[i] & ~0xFFFFFFFFFFFFFULL) | (next() >> 12));
    patterns.push_back(1);  // 2^-1074
    patterns.push_back(0x0010000000000001);
    for (std::size_t i = 0; i < patterns.size(); i += i < ends ? stride : 1) {
        for (const std::uint64_t bits : {patterns[i], patterns[i] | std::uint64_t{1} << 63}) {
            const oracle::source s = oracle::from_double_bits(bits);
            const oracle::position at = s.kind == oracle::kind::finite ? f.locate(s.magnitude) : oracle::position{};
            const double x = oracle::as_double(bits);
            for (const stochastic_method method : methods)
                for (const int n : random_counts) {
                    const policy p = stochastic(method, n);
                    for (const std::uint64_t random : {std::uint64_t{0}, ~std::uint64_t{0}, next(), next()})
                        codes.code(convert<F>(x, p, random).bits(), f.convert(s, at, p, random).code, bits, p);
                }
        }
    }
    codes.check(1000);
}

}  // namespace

TEST_CASE("stochastic rounding follows the formulas of methods a, b, c for N of 1 to 64") {
    oracle::for_each_format<1, 19>([]<class F>(oracle::type<F>) { formulas<F>(); });
}

TEST_CASE("stochastic rounding to fp32 follows the formulas, from double and from 128-bit integers") {
    const oracle::format& f = oracle::named("fp32");
    oracle::tally codes{"fp32"};
    oracle::random_bits next{32};
    for (int i = 0; i < 3000; ++i) {
        const std::uint64_t bits = (next() & 0x800FFFFFFFFFFFFFULL) | ((1023 - 152 + next() % 281) << 52);
        const oracle::source s = oracle::from_double_bits(bits);
        const auto whole = static_cast<oracle::signed_wide>(((oracle::wide{next()} << 64) | next()) >> (next() % 128));
        const oracle::source t = oracle::source_of_integer(whole);
        for (const stochastic_method method : methods)
            for (const int n : random_counts) {
                const policy p = stochastic(method, n);
                const std::uint64_t random = next();
                codes.code(convert<fp32>(oracle::as_double(bits), p, random).bits(), f.convert(s, p, random).code, bits,
                           p);
                codes.code(convert<fp32>(whole, p, random).bits(), f.convert(t, p, random).code,
                           static_cast<oracle::wide>(whole), p);
            }
    }
    codes.check(100000);
}

TEST_CASE("a value that the format has never changes, whatever the random bits") {
    oracle::tally codes{"exact values"};
    oracle::random_bits next{99};
    oracle::for_each_format<1, 16>([&]<class F>(oracle::type<F>) {
        const oracle::row& r = oracle::format_of<F>().description();
        for (std::uint64_t code = 0; code < r.codes(); ++code) {
            if (oracle::decode(r, code).kind != oracle::kind::finite) continue;
            const double x = double(F::from_bits(static_cast<typename F::storage_type>(code)));
            for (const stochastic_method method : methods)
                for (const std::uint64_t random : {~std::uint64_t{0}, next()}) {
                    const policy p = stochastic(method, 1 + static_cast<int>(next() % 64));
                    codes.code(convert<F>(x, p, random).bits(), code, code, p);
                }
        }
    });
    codes.check(100000);
}

TEST_CASE("over all R of N = 8 bits, each fraction k/512 rounds away as often as its formula says") {
    // 1 + k/512 of e4m3's step at 16, which is 2: the discarded fraction is k/512.
    oracle::tally counts{"frequencies"};
    for (int k = 0; k < 512; ++k) {
        const double x = 16 + 2 * (k / 512.0);
        int away[3] = {};
        for (std::uint64_t r = 0; r < 256; ++r)
            for (int m = 0; m < 3; ++m)
                away[m] += convert<e4m3>(x, stochastic(methods[m], 8), r | 0xABCDEF00ULL).bits() == e4m3(18.0).bits();
        const int floor = k / 2;
        const int expected[3] = {floor, (k + 1) / 2, floor + (k % 2 != 0 && floor % 2 != 0)};
        for (int m = 0; m < 3; ++m)
            counts.same(away[m] == expected[m], [&] {
                return "k = " + std::to_string(k) + ", method " + std::to_string(m) + ": " + std::to_string(away[m]) +
                       " of 256, expected " + std::to_string(expected[m]);
            });
    }
    counts.check(3 * 512);
}

TEST_CASE("only the low N bits of the argument are read") {
    const double x = 17.0;  // halfway between 16 and 18 in e4m3
    constexpr policy p = stochastic(stochastic_method::b, 4);
    for (std::uint64_t r = 0; r < 16; ++r) {
        CHECK(convert<e4m3>(x, p, r).bits() == convert<e4m3>(x, p, r | 0xFFFFFFFFFFFFFFF0ULL).bits());
        CHECK(convert<e4m3, p>(x, r).bits() == convert<e4m3>(x, p, r).bits());
    }
    CHECK(convert<e4m3, p>(x, 7).bits() == e4m3(16.0).bits());
    CHECK(convert<e4m3, p>(x, 8).bits() == e4m3(18.0).bits());
}

TEST_CASE("far below the smallest value nothing rounds away, whatever the random bits") {
    const double tiny = oracle::as_double(1);  // 2^-1074
    for (const stochastic_method method : methods) {
        CHECK(convert<e4m3>(tiny, stochastic(method, 64), ~std::uint64_t{0}).bits() == 0x00);
        CHECK(convert<e4m3>(-tiny, stochastic(method, 64), ~std::uint64_t{0}).bits() == 0x80);
        CHECK(convert<e4m3_fnuz>(-tiny, stochastic(method, 1), 1).bits() == 0x00);
    }
    // Half of the smallest value, 2^-10: with N = 1 method a rounds away for R = 1 only.
    CHECK(convert<e4m3>(0x1p-10, stochastic(stochastic_method::a, 1), 0).bits() == 0x00);
    CHECK(convert<e4m3>(0x1p-10, stochastic(stochastic_method::a, 1), 1).bits() == 0x01);
}

TEST_CASE(
    "the carry of a rounded-up mantissa reaches the exponent, and past the largest value the overflow switch decides") {
    constexpr std::uint64_t all = ~std::uint64_t{0};
    CHECK(convert<e4m3>(15.5, stochastic(stochastic_method::b, 8), all).bits() == e4m3(16.0).bits());
    CHECK(convert<e4m3>(15.5, stochastic(stochastic_method::b, 8), 0).bits() == e4m3(15.0).bits());
    CHECK(convert<e4m3>(450.0, stochastic(stochastic_method::b, 8), 0).bits() == 0x7E);
    CHECK(convert<e4m3>(450.0, stochastic(stochastic_method::b, 8), all).bits() == 0x7F);
    CHECK(convert<e4m3>(450.0, stochastic(stochastic_method::b, 8, overflow::saturate), all).bits() == 0x7E);
    CHECK(convert<e5m2>(60000.0, stochastic(stochastic_method::b, 8), all).bits() == 0x7C);
}
