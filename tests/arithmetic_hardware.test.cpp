// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// fp32 and fp64 against the processor in its default environment, and rows of 16 bits against binary64, which holds their
// products exactly and is wide enough for quotients and roots to be rounded a second time without harm.
#include <lowprec/arithmetic.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/math.hpp>

#include <array>
#include <bit>
#include <cmath>

#include "support/catch.hpp"
#include "support/exact_arithmetic.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;
using exact::u64;

/// Operands that make an operation work: exponents close together, cancellation, subnormals, ties, and any bits.
template <class F>
std::array<typename F::storage_type, 3> draw(random_bits& next, u64 i) {
    using code = typename F::storage_type;
    constexpr int m = F::mantissa_bits;
    constexpr auto mantissa = static_cast<code>((code{1} << m) - 1);
    constexpr code one = static_cast<code>(static_cast<code>(F::bias) << m);
    const auto random = [&] { return static_cast<code>(next()); };
    const auto near_one = [&] {
        const int binade = static_cast<int>(next() % 13) - 6;
        const auto sign = static_cast<code>((next() & 1) << (F::width - 1));
        return static_cast<code>(sign | static_cast<code>(one + (static_cast<code>(static_cast<code>(binade) << m)) +
                                                          (random() & mantissa)));
    };
    code a = near_one(), b = near_one(), c = near_one();
    switch (i % 8) {
    case 0: return {random(), random(), random()};
    case 1:
        if (i % 16 == 1) break;  // near 1 as they are
        // A product that is a tie for every other odd a, and an addend far below that decides it.
        a = static_cast<code>(a | 1);
        b = static_cast<code>(one + (code{1} << (m - 1)));
        c = static_cast<code>(
            c - static_cast<code>(static_cast<code>(m + 3 + static_cast<int>(next() % u64{2 * m + 30})) << m));
        break;
    case 2:  // neighbours of opposite sign: cancellation; quotients near 1
        b = static_cast<code>((a ^ (code{1} << (F::width - 1))) + next() % 5 - 2);
        break;
    case 3: {  // products that cancel with the addend
        const auto product = std::bit_cast<std::conditional_t<m == 23, float, double>>(a) *
                             std::bit_cast<std::conditional_t<m == 23, float, double>>(b);
        c = static_cast<code>(std::bit_cast<code>(product) ^ (code{1} << (F::width - 1)));
        break;
    }
    case 4: {  // subnormals
        a = static_cast<code>(random() & (mantissa | (code{1} << (F::width - 1))));
        b = static_cast<code>(random() & (mantissa | (code{1} << (F::width - 1))));
        if (i % 16 == 4) b = near_one();
        break;
    }
    case 5: {  // products and quotients that are subnormal
        const auto binade = static_cast<code>(static_cast<code>(F::bias) / 2 + next() % static_cast<code>(m));
        a = static_cast<code>((a & mantissa) | (binade << m));
        b = static_cast<code>((b & mantissa) | (static_cast<code>(F::bias / 2 - static_cast<int>(next() % m)) << m));
        c = static_cast<code>(random() & mantissa);
        break;
    }
    case 6: {  // few bits: exact results and ties
        const auto low = static_cast<code>((code{1} << (m / 2 + 1)) - 1);
        a = static_cast<code>(a & ~low);
        b = static_cast<code>(b & ~low);
        c = static_cast<code>(c & ~low);
        break;
    }
    default: {  // a large and a small one: all of the small one is lost but for the tie that it decides
        const auto away = static_cast<code>(static_cast<code>(m + 1 + static_cast<int>(next() % 3)) << m);
        b = static_cast<code>(a - away);
        if (next() % 2 == 0) b = static_cast<code>(b & ~mantissa);
        c = static_cast<code>(one + static_cast<code>(static_cast<code>(m) << m));
        break;
    }
    }
    return {a, b, c};
}

template <class F, class T>
void check_against_processor(u64 count) {
    using code = typename F::storage_type;
    random_bits next{32};
    tally results;
    // A NaN's sign and payload are the processor's own affair; lowprec's is the default NaN.
    const auto check = [&](const char* what, code got, T expected, code a, code b, code c) {
        results.equal(got, expected != expected ? F::nan_code : std::bit_cast<code>(expected), what, a, b, c);
    };
    for (u64 i = 0; i < count; ++i) {
        const auto [a, b, c] = draw<F>(next, i);
        const volatile T x = std::bit_cast<T>(a), y = std::bit_cast<T>(b), z = std::bit_cast<T>(c);
        const F f = F::from_bits(a), g = F::from_bits(b), h = F::from_bits(c);
        const T sum = x + y, difference = x - y, product = x * y, quotient = x / y;
        check("+", (f + g).bits(), sum, a, b, 0);
        check("-", (f - g).bits(), difference, a, b, 0);
        check("*", (f * g).bits(), product, a, b, 0);
        check("/", (f / g).bits(), quotient, a, b, 0);
        check("sqrt", sqrt(f).bits(), std::sqrt(T(x)), a, 0, 0);
        check("fma", fma(f, g, h).bits(), std::fma(T(x), T(y), T(z)), a, b, c);
    }
    INFO(name_of<F>);
    CHECK_TALLY(results, 6 * count);
}

TEST_CASE("fp32 arithmetic is the processor's") { check_against_processor<fp32, float>(1000000); }

TEST_CASE("fp64 arithmetic is the processor's") { check_against_processor<fp64, double>(1000000); }

TEST_CASE("products, quotients and roots of rows of 16 bits are binary64's, rounded again") {
    for_each_format<all_formats>([]<class F>(F) {
        if constexpr (F::width == 16) {
            const exact::target oracle(exact::row_of<F>());
            random_bits next{64};
            tally results;
            u64 finite = 0;
            for (u64 i = 0; i < 1000000; ++i) {
                const u64 a = next() & 0xFFFF, b = next() & 0xFFFF;
                const exact::value x = decode(oracle.f, a), y = decode(oracle.f, b);
                if (x.what != exact::kind::finite || y.what != exact::kind::finite || y.significand == 0) continue;
                ++finite;
                const volatile double p = exact::to_double(x), q = exact::to_double(y);
                const F f = F::from_bits(static_cast<typename F::storage_type>(a));
                const F g = F::from_bits(static_cast<typename F::storage_type>(b));
                results.equal((f * g).bits(), oracle.round(p * q), a, '*', b);
                results.equal((f / g).bits(), oracle.round(p / q), a, '/', b);
                results.equal(sqrt(abs(f)).bits(), oracle.round(std::sqrt(std::fabs(double(p)))), "sqrt", a);
            }
            INFO(name_of<F>);
            CHECK_TALLY(results, 3 * finite);
            CHECK(finite > 900000);
        }
    });
}

}  // namespace
