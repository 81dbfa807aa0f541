// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Conversion of doubles to fp16, bf16, tf32 and fp32 against MPFR: a second oracle, written by others.
// needs: mpfr
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

#include <mpfr.h>

#include "support/catch.hpp"
#include "support/exact_arithmetic.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;
using exact::u64;
using rows = std::tuple<fp16, bf16, tf32, fp32>;

/// MPFR with the precision and exponent range of a format; its significands lie in [1/2, 1).
class format_of_mpfr {
public:
    explicit format_of_mpfr(const exact::row& f) : precision_(f.m + 1), smallest_(2 - f.bias - f.m) {
        mpfr_set_emin(smallest_);
        mpfr_set_emax(f.bias + 1);
        mpfr_init2(x_, precision_);
        mpfr_init2(wide_, 64);
    }
    ~format_of_mpfr() {
        mpfr_clear(x_);
        mpfr_clear(wide_);
        mpfr_set_emin(mpfr_get_emin_min());
        mpfr_set_emax(mpfr_get_emax_max());
    }
    format_of_mpfr(const format_of_mpfr&) = delete;
    format_of_mpfr& operator=(const format_of_mpfr&) = delete;

    double round(double value, mpfr_rnd_t direction) {
        int ternary = mpfr_set_d(x_, value, direction);
        ternary = mpfr_check_range(x_, ternary, direction);
        mpfr_subnormalize(x_, ternary, direction);
        return mpfr_get_d(x_, MPFR_RNDN);
    }

    /// Ties away from zero: MPFR rounds an integer that way, so the value is first scaled to units in its last place.
    double round_away(double value) {
        if (value == 0 || !std::isfinite(value)) return value;
        mpfr_set_emin(mpfr_get_emin_min());
        mpfr_exp_t top = mpfr_get_emax();
        mpfr_set_emax(mpfr_get_emax_max());
        mpfr_set_d(wide_, value, MPFR_RNDN);
        const mpfr_exp_t unit = std::max(mpfr_get_exp(wide_) - precision_, smallest_ - 1);
        mpfr_mul_2si(wide_, wide_, -unit, MPFR_RNDN);
        mpfr_round(wide_, wide_);
        mpfr_mul_2si(wide_, wide_, unit, MPFR_RNDN);
        double result = mpfr_get_d(wide_, MPFR_RNDN);
        if (mpfr_zero_p(wide_) != 0) result = std::copysign(0.0, value);
        if (mpfr_regular_p(wide_) != 0 && mpfr_get_exp(wide_) > top)
            result = std::copysign(std::numeric_limits<double>::infinity(), value);
        mpfr_set_emin(smallest_);
        mpfr_set_emax(top);
        return result;
    }

private:
    mpfr_prec_t precision_;
    mpfr_exp_t smallest_;
    mpfr_t x_, wide_;
};

/// A code's value as a double; every row here lies within binary64.
double number(const exact::row& f, u64 code) {
    const exact::value v = decode(f, code);
    if (v.what == exact::kind::finite) return exact::to_double(v);
    if (v.what == exact::kind::nan) return std::numeric_limits<double>::quiet_NaN();
    return v.negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
}

u64 bits(double x) { return std::bit_cast<exact::u64>(x); }

template <class F>
void check(const exact::row& f, format_of_mpfr& oracle, tally& results, double x) {
    const auto compare = [&](rounding direction, double expected) {
        const F got = convert<F>(x, policy{.round = direction});
        results.equal(bits(number(f, got.bits())), bits(expected), name_of<F>, "mode", static_cast<int>(direction),
                      bits(x));
    };
    compare(rounding::nearest_even, oracle.round(x, MPFR_RNDN));
    compare(rounding::toward_zero, oracle.round(x, MPFR_RNDZ));
    compare(rounding::upward, oracle.round(x, MPFR_RNDU));
    compare(rounding::downward, oracle.round(x, MPFR_RNDD));
    compare(rounding::nearest_away, oracle.round_away(x));
    // MPFR's fifth direction, away from zero, is upward or downward by the sign.
    compare(std::signbit(x) ? rounding::downward : rounding::upward, oracle.round(x, MPFR_RNDA));
}

/// Around every end of a binade and its middle: the value, ties, and the doubles beside them.
template <class F>
std::vector<double> structured(const exact::row& f) {
    std::vector<double> inputs{0.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::denorm_min(),
                               (std::numeric_limits<double>::max)(), (std::numeric_limits<double>::min)()};
    const u64 binades = u64{1} << f.e;
    for (u64 binade = 0; binade + 1 < binades; ++binade)
        for (const u64 mantissa :
             {u64{0}, u64{1}, u64{2}, (u64{1} << f.m) / 2, (u64{1} << f.m) - 2, (u64{1} << f.m) - 1}) {
            const exact::value v = decode(f, (binade << f.m) + mantissa);
            for (int quarter = 0; quarter < 4; ++quarter) {
                const double x =
                    std::ldexp(static_cast<double>(4 * v.significand + static_cast<u64>(quarter)), v.exponent - 2);
                inputs.push_back(x);
                inputs.push_back(std::nextafter(x, 0.0));
                inputs.push_back(std::nextafter(x, std::numeric_limits<double>::infinity()));
            }
        }
    for (std::size_t i = inputs.size(); i-- > 0;) inputs.push_back(-inputs[i]);
    return inputs;
}

TEST_CASE("structured doubles convert as MPFR rounds them") {
    for_each_format<rows>([]<class F>(F) {
        const exact::row f = exact::row_of<F>();
        const std::vector<double> inputs = structured<F>(f);
        format_of_mpfr oracle(f);
        tally results;
        for (const double x : inputs) check<F>(f, oracle, results, x);
        CHECK_TALLY(results, 6 * inputs.size());
        CHECK(inputs.size() > 4000);
    });
}

TEST_CASE("random doubles convert as MPFR rounds them") {
    for_each_format<rows>([]<class F>(F) {
        const exact::row f = exact::row_of<F>();
        format_of_mpfr oracle(f);
        random_bits next{53};
        tally results;
        for (int i = 0; i < 1000000; ++i) {
            // A binade of the format or one beside its range, any mantissa; sometimes one with few bits, for ties.
            const int lowest = 1 - f.bias - f.m - 3;
            const int span = f.bias + 3 - lowest;
            const int exponent = lowest + static_cast<int>(next() % static_cast<u64>(span));
            u64 mantissa = next() >> 12;
            if (i % 4 == 0) mantissa &= ~exact::low_ones(52 - f.m - 1);
            const u64 code = (next() & (u64{1} << 63)) | (static_cast<u64>(exponent + 1023) << 52) | mantissa;
            check<F>(f, oracle, results, std::bit_cast<double>(code));
        }
        CHECK_TALLY(results, 6000000U);
    });
}

}  // namespace
