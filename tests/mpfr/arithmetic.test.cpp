// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Arithmetic in fp16, bf16, tf32 and fp32 against MPFR.
// needs: mpfr
#include <lowprec/arithmetic.hpp>
#include <lowprec/formats.hpp>

#include <cmath>
#include <limits>
#include <tuple>

#include <mpfr.h>

#include "support/catch.hpp"
#include "support/exact_arithmetic.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;
using exact::u64;
using rows = std::tuple<fp16, bf16, tf32, fp32>;

double number(const exact::row& f, u64 code) {
    const exact::value v = decode(f, code);
    if (v.what == exact::kind::finite) return exact::to_double(v);
    if (v.what == exact::kind::nan) return std::numeric_limits<double>::quiet_NaN();
    return v.negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
}

u64 bits(double x) { return x != x ? 0x7FF8000000000000 : std::bit_cast<exact::u64>(x); }

/// Three operands of a format and a result, in MPFR with its precision and exponent range.
class calculator {
public:
    explicit calculator(const exact::row& f) {
        mpfr_set_emin(2 - f.bias - f.m);
        mpfr_set_emax(f.bias + 1);
        mpfr_inits2(f.m + 1, a_, b_, c_, result_, static_cast<mpfr_ptr>(nullptr));
    }
    ~calculator() {
        mpfr_clears(a_, b_, c_, result_, static_cast<mpfr_ptr>(nullptr));
        mpfr_set_emin(mpfr_get_emin_min());
        mpfr_set_emax(mpfr_get_emax_max());
    }
    calculator(const calculator&) = delete;
    calculator& operator=(const calculator&) = delete;

    void set(double a, double b, double c) {
        mpfr_set_d(a_, a, MPFR_RNDN);
        mpfr_set_d(b_, b, MPFR_RNDN);
        mpfr_set_d(c_, c, MPFR_RNDN);
    }
    double add() { return rounded(mpfr_add(result_, a_, b_, MPFR_RNDN)); }
    double subtract() { return rounded(mpfr_sub(result_, a_, b_, MPFR_RNDN)); }
    double multiply() { return rounded(mpfr_mul(result_, a_, b_, MPFR_RNDN)); }
    double divide() { return rounded(mpfr_div(result_, a_, b_, MPFR_RNDN)); }
    double sqrt() { return rounded(mpfr_sqrt(result_, a_, MPFR_RNDN)); }
    double fma() { return rounded(mpfr_fma(result_, a_, b_, c_, MPFR_RNDN)); }

private:
    mpfr_t a_, b_, c_, result_;

    double rounded(int ternary) {
        ternary = mpfr_check_range(result_, ternary, MPFR_RNDN);
        mpfr_subnormalize(result_, ternary, MPFR_RNDN);
        return mpfr_get_d(result_, MPFR_RNDN);
    }
};

TEST_CASE("arithmetic on random operands is MPFR's") {
    for_each_format<rows>([]<class F>(F) {
        constexpr u64 count = 400000;
        const exact::row f = exact::row_of<F>();
        calculator mpfr(f);
        random_bits next{113};
        tally results;
        u64 subnormal = 0, infinite = 0;
        const u64 mask = exact::low_ones(F::width);
        const auto make = [](u64 code) { return F::from_bits(static_cast<typename F::storage_type>(code)); };
        for (u64 i = 0; i < count; ++i) {
            u64 a = next() & mask, b = next() & mask, c = next() & mask;
            const u64 half = (static_cast<u64>(f.bias) / 2) << f.m;
            switch (i % 6) {
            case 1:  // cancellation, quotients near 1
                b = ((a ^ f.sign()) + next() % 5 - 2) & mask;
                break;
            case 2:  // products at the lower end of the range, subnormal addends
                a = (a & (f.sign() | exact::low_ones(f.m))) | (half + ((next() % 4) << f.m));
                b = (b & (f.sign() | exact::low_ones(f.m))) | half;
                c &= f.sign() | exact::low_ones(f.m + 1);
                break;
            case 3:  // products at the upper end, quotients too
                a = (a & (f.sign() | exact::low_ones(f.m))) | (3 * half);
                b = (b & (f.sign() | exact::low_ones(f.m))) | (3 * half - ((next() % 4) << f.m));
                break;
            case 4:  // subnormal operands
                a &= f.sign() | exact::low_ones(f.m);
                if (next() % 2 == 0) b &= f.sign() | exact::low_ones(f.m);
                break;
            case 5:  // ties
                a &= ~exact::low_ones((f.m + 1) / 2);
                b &= ~exact::low_ones((f.m + 1) / 2);
                break;
            default: break;
            }
            const F x = make(a), y = make(b), z = make(c);
            mpfr.set(number(f, a), number(f, b), number(f, c));
            const auto check = [&](const char* what, F got, double expected) {
                results.equal(bits(number(f, got.bits())), bits(expected), name_of<F>, what, a, b, c);
                const u64 magnitude = got.bits() & f.all();
                subnormal += magnitude != 0 && magnitude >> f.m == 0 ? 1U : 0U;
                infinite += std::isinf(expected) ? 1U : 0U;
            };
            check("+", x + y, mpfr.add());
            check("-", x - y, mpfr.subtract());
            check("*", x * y, mpfr.multiply());
            check("/", x / y, mpfr.divide());
            check("sqrt", sqrt(x), mpfr.sqrt());
            check("fma", fma(x, y, z), mpfr.fma());
        }
        CHECK_TALLY(results, 6 * count);
        CHECK(subnormal > count / 10);
        CHECK(infinite > count / 10);
    });
}

}  // namespace
