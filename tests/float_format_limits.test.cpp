// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Every member of numeric_limits: beside the standard's own for fp32 and fp64, beside the formats' documents for the other
// rows, and beside a search through all codes for every format of at most 16 bits that is tried.
// ctest-label: values
#include <lowprec/float_format.hpp>
#include <lowprec/formats.hpp>

#include <bit>
#include <cmath>
#include <limits>

#include "support/catch.hpp"
#include "support/exact_arithmetic.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;
using exact::u64;

template <class F, class T>
void check_same_as_builtin() {
    using mine = std::numeric_limits<F>;
    using theirs = std::numeric_limits<T>;
    using code = typename F::storage_type;
    const auto same = [](F a, T b) { return a.bits() == std::bit_cast<code>(b); };
    CHECK(mine::is_specialized == theirs::is_specialized);
    CHECK(mine::is_signed == theirs::is_signed);
    CHECK(mine::is_integer == theirs::is_integer);
    CHECK(mine::is_exact == theirs::is_exact);
    CHECK(mine::has_infinity == theirs::has_infinity);
    CHECK(mine::has_quiet_NaN == theirs::has_quiet_NaN);
    CHECK(mine::has_signaling_NaN == theirs::has_signaling_NaN);
    CHECK(mine::has_denorm == theirs::has_denorm);
    CHECK(mine::has_denorm_loss == theirs::has_denorm_loss);
    CHECK(mine::round_style == theirs::round_style);
    CHECK(mine::is_iec559 == theirs::is_iec559);
    CHECK(mine::is_bounded == theirs::is_bounded);
    CHECK(mine::is_modulo == theirs::is_modulo);
    CHECK(mine::traps == theirs::traps);
    CHECK(mine::tinyness_before == theirs::tinyness_before);
    CHECK(mine::radix == theirs::radix);
    CHECK(mine::digits == theirs::digits);
    CHECK(mine::digits10 == theirs::digits10);
    CHECK(mine::max_digits10 == theirs::max_digits10);
    CHECK(mine::min_exponent == theirs::min_exponent);
    CHECK(mine::min_exponent10 == theirs::min_exponent10);
    CHECK(mine::max_exponent == theirs::max_exponent);
    CHECK(mine::max_exponent10 == theirs::max_exponent10);
    CHECK(same((mine::min)(), (theirs::min)()));
    CHECK(same((mine::max)(), (theirs::max)()));
    CHECK(same(mine::lowest(), theirs::lowest()));
    CHECK(same(mine::epsilon(), theirs::epsilon()));
    CHECK(same(mine::round_error(), theirs::round_error()));
    CHECK(same(mine::denorm_min(), theirs::denorm_min()));
    CHECK(same(mine::infinity(), theirs::infinity()));
    CHECK(same(mine::quiet_NaN(), theirs::quiet_NaN()));
    const u64 signalling = mine::signaling_NaN().bits();  // as a code: a register may have quietened the built-in one
    CHECK(decode(exact::row_of<F>(), signalling).what == exact::kind::nan);
    CHECK((signalling & (u64{1} << (F::mantissa_bits - 1))) == 0);
}

TEST_CASE("the limits of fp32 and fp64 are those of float and double") {
    check_same_as_builtin<fp32, float>();
    check_same_as_builtin<fp64, double>();
}

struct documented {
    std::string_view name;
    int digits, digits10, max_digits10, min_exponent, min_exponent10, max_exponent, max_exponent10;
    double min, max, lowest, epsilon, denorm_min;
    u64 infinity, nan;
    bool iec559, signalling;
    std::float_denorm_style denorm;
};

// clang-format off
constexpr documented table[] = {
    // name         digits  exponents                min        max             lowest            epsilon  smallest   inf      nan      iec559 signalling
    {"tf32",         11, 3, 5, -125, -37, 128, 38, 0x1p-126, 0x1.ffcp+127, -0x1.ffcp+127, 0x1p-10, 0x1p-136, 0x3FC00, 0x3FE00, true,  true,  std::denorm_present},
    {"bf16",          8, 2, 4, -125, -37, 128, 38, 0x1p-126, 0x1.fep+127,  -0x1.fep+127,  0x1p-7,  0x1p-133, 0x7F80,  0x7FC0,  true,  true,  std::denorm_present},
    {"fp16",         11, 3, 5,  -13,  -4,  16,  4, 0x1p-14,  65504,        -65504,        0x1p-10, 0x1p-24,  0x7C00,  0x7E00,  true,  true,  std::denorm_present},
    {"e5m2",          3, 0, 2,  -13,  -4,  16,  4, 0x1p-14,  57344,        -57344,        0.25,    0x1p-16,  0x7C,    0x7E,    false, true,  std::denorm_present},
    {"e4m3",          4, 0, 3,   -5,  -1,   9,  2, 0x1p-6,   448,          -448,          0.125,   0x1p-9,   0,       0x7F,    false, false, std::denorm_present},
    {"e4m3_ieee",     4, 0, 3,   -5,  -1,   8,  2, 0x1p-6,   240,          -240,          0.125,   0x1p-9,   0x78,    0x7C,    false, true,  std::denorm_present},
    {"e3m4",          5, 1, 3,   -1,   0,   4,  1, 0.25,     15.5,         -15.5,         0.0625,  0x1p-6,   0x70,    0x78,    false, true,  std::denorm_present},
    {"e4m3_fnuz",     4, 0, 3,   -6,  -2,   8,  2, 0x1p-7,   240,          -240,          0.125,   0x1p-10,  0,       0x80,    false, false, std::denorm_present},
    {"e5m2_fnuz",     3, 0, 2,  -14,  -4,  16,  4, 0x1p-15,  57344,        -57344,        0.25,    0x1p-17,  0,       0x80,    false, false, std::denorm_present},
    {"e4m3b11_fnuz",  4, 0, 3,   -9,  -3,   5,  1, 0x1p-10,  30,           -30,           0.125,   0x1p-13,  0,       0x80,    false, false, std::denorm_present},
    {"e3m2",          3, 0, 2,   -1,   0,   5,  1, 0.25,     28,           -28,           0.25,    0.0625,   0,       0,       false, false, std::denorm_present},
    {"e2m3",          4, 0, 3,    1,   0,   3,  0, 1,        7.5,          -7.5,          0.125,   0.125,    0,       0,       false, false, std::denorm_present},
    {"e2m1",          2, 0, 2,    1,   0,   3,  0, 1,        6,            -6,            0.5,     0.5,      0,       0,       false, false, std::denorm_present},
    {"e8m0",          1, 0, 2, -126, -38, 128, 38, 0x1p-127, 0x1p+127,     0x1p-127,      1,       0x1p-127, 0,       0xFF,    false, false, std::denorm_absent},
    {"ue4m3",         4, 0, 3,   -5,  -1,   9,  2, 0x1p-6,   448,          0,             0.125,   0x1p-9,   0,       0x7F,    false, false, std::denorm_present},
    {"ue5m3",         4, 0, 3,  -13,  -4,  17,  5, 0x1p-14,  114688,       0,             0.125,   0x1p-17,  0,       0xFF,    false, false, std::denorm_present},
};
// clang-format on

template <class F>
double number(F x) {
    return exact::to_double(decode(exact::row_of<F>(), x.bits()));
}

TEST_CASE("the limits of the other rows are those of the formats' documents") {
    std::size_t found = 0;
    for_each_format<all_formats>([&]<class F>(F) {
        for (const documented& row : table) {
            using limits = std::numeric_limits<F>;
            if (name_of<F> != row.name) continue;
            ++found;
            INFO(row.name);
            CHECK(limits::digits == row.digits);
            CHECK(limits::digits10 == row.digits10);
            CHECK(limits::max_digits10 == row.max_digits10);
            CHECK(limits::min_exponent == row.min_exponent);
            CHECK(limits::min_exponent10 == row.min_exponent10);
            CHECK(limits::max_exponent == row.max_exponent);
            CHECK(limits::max_exponent10 == row.max_exponent10);
            CHECK(number((limits::min)()) == row.min);
            CHECK(number((limits::max)()) == row.max);
            CHECK(number(limits::lowest()) == row.lowest);
            CHECK(number(limits::epsilon()) == row.epsilon);
            CHECK(number(limits::round_error()) == 0.5);
            CHECK(number(limits::denorm_min()) == row.denorm_min);
            CHECK(limits::infinity().bits() == row.infinity);
            CHECK(limits::quiet_NaN().bits() == row.nan);
            CHECK(limits::is_iec559 == row.iec559);
            CHECK(limits::has_signaling_NaN == row.signalling);
            CHECK(limits::has_denorm == row.denorm);
        }
    });
    CHECK(found == std::size(table));
}

/// What a search through all codes says; plain data, so that the search is compiled once.
struct found {
    u64 min, max, lowest, denorm_min;
    double epsilon;
    bool infinity, nan, subnormals;
    int min_exponent, max_exponent, min_exponent10, max_exponent10;
};

found search(const exact::row& f) {
    found result{0, 0, 0, 0, 0, false, false, false, 0, 0, 0, 0};
    result.nan = false;
    for (u64 code = 0; code <= exact::low_ones(f.width()); ++code)
        result.nan = result.nan || decode(f, code).what == exact::kind::nan;
    std::vector<u64> finite;
    for (const u64 code : exact::codes_by_value(f)) {
        if (decode(f, code).what == exact::kind::finite)
            finite.push_back(code);
        else
            result.infinity = true;
    }
    const auto at = [&](u64 code) { return exact::to_double(decode(f, code)); };
    result.lowest = finite.front();
    result.max = finite.back();
    bool have_smallest = false, have_min = false, have_epsilon = false;
    for (const u64 code : finite) {
        if (!(at(code) > 0)) continue;
        if (!have_smallest) result.denorm_min = code, have_smallest = true;
        const bool full = decode(f, code).significand >> f.m == 1;
        if (full && !have_min) result.min = code, have_min = true;
        result.subnormals = result.subnormals || !full;
        if (at(code) > 1 && !have_epsilon) result.epsilon = at(code) - 1, have_epsilon = true;
    }
    if (!have_epsilon) result.epsilon = std::ldexp(1.0, -f.m);  // 1 is the largest value
    // As the standard defines them: extreme n of which 2^(n-1), and 10^n, is normal and finite.
    result.min_exponent = std::ilogb(at(result.min)) + 1;
    result.max_exponent = std::ilogb(at(result.max)) + 1;
    int n = -400;
    while (std::pow(10.0L, n) < static_cast<long double>(at(result.min))) ++n;
    result.min_exponent10 = n;
    while (std::pow(10.0L, n + 1) <= static_cast<long double>(at(result.max))) ++n;
    while (std::pow(10.0L, n) > static_cast<long double>(at(result.max))) --n;
    result.max_exponent10 = n;
    return result;
}

template <class F>
void check_search() {
    using limits = std::numeric_limits<F>;
    const exact::row f = exact::row_of<F>();
    const found all = search(f);
    const long double digits_per_bit = std::log10(2.0L);
    INFO(name_of<F>);
    CHECK(limits::is_specialized);
    CHECK(limits::is_signed == (f.s == 1));
    CHECK_FALSE(limits::is_integer);
    CHECK_FALSE(limits::is_exact);
    CHECK(limits::is_bounded);
    CHECK_FALSE(limits::is_modulo);
    CHECK_FALSE(limits::traps);
    CHECK_FALSE(limits::tinyness_before);
    CHECK_FALSE(limits::has_denorm_loss);
    CHECK(limits::round_style == std::round_to_nearest);
    CHECK(limits::radix == 2);
    CHECK(limits::digits == f.m + 1);
    CHECK(limits::digits10 == static_cast<int>(std::floor(f.m * digits_per_bit)));
    CHECK(limits::max_digits10 == static_cast<int>(std::ceil(1 + (f.m + 1) * digits_per_bit)));
    CHECK(limits::min_exponent == all.min_exponent);
    CHECK(limits::max_exponent == all.max_exponent);
    CHECK(limits::min_exponent10 == all.min_exponent10);
    CHECK(limits::max_exponent10 == all.max_exponent10);
    CHECK((limits::min)().bits() == all.min);
    CHECK((limits::max)().bits() == all.max);
    CHECK(limits::lowest().bits() == all.lowest);
    CHECK(limits::denorm_min().bits() == all.denorm_min);
    CHECK(number(limits::epsilon()) == all.epsilon);
    CHECK(limits::has_infinity == all.infinity);
    CHECK(limits::has_quiet_NaN == all.nan);
    CHECK(limits::has_denorm == (all.subnormals ? std::denorm_present : std::denorm_absent));
    if (all.infinity)
        CHECK(decode(f, limits::infinity().bits()).what == exact::kind::infinite);
    else
        CHECK(limits::infinity().bits() == 0);
    if (all.nan)
        CHECK(decode(f, limits::quiet_NaN().bits()).what == exact::kind::nan);
    else
        CHECK(limits::quiet_NaN().bits() == 0);
}

TEST_CASE("the limits of the rows of up to 19 bits are what a search through all codes finds") {
    for_each_format<all_formats>([]<class F>(F) {
        if constexpr (F::width <= 19) check_search<F>();
    });
}

TEST_CASE("the limits of formats outside the table are what a search through all codes finds") {
    using enum p3109_kind;
    check_search<float_format<1, 3, 5, 3>>();
    check_search<float_format<1, 5, 6, 20>>();
    check_search<float_format<1, 4, 4, -3>>();
    check_search<float_format<0, 6, 2, 31, special::fn>>();
    check_search<p3109<3, 1, se>>();
    check_search<p3109<3, 2, se>>();
    check_search<p3109<3, 2, sf>>();
    check_search<p3109<3, 3, uf>>();
    check_search<p3109<4, 4, ue>>();
    check_search<p3109<8, 1, se>>();
    check_search<p3109<8, 2, se>>();
    check_search<p3109<8, 4, se>>();
    check_search<p3109<8, 1, uf>>();
    check_search<p3109<8, 8, ue>>();
    check_search<p3109<10, 4, ue>>();
    check_search<p3109<16, 7, se>>();
    check_search<p3109<16, 16, uf>>();
}

TEST_CASE("the limits of const and volatile formats are those of the format") {
    static_assert(std::numeric_limits<const e4m3>::is_specialized &&
                  std::numeric_limits<volatile e4m3>::is_specialized);
    static_assert((std::numeric_limits<const volatile fp16>::max)().bits() == 0x7BFF);
    CHECK(std::numeric_limits<const e4m3>::max_digits10 == 3);
    CHECK(std::numeric_limits<volatile e4m3>::lowest().bits() == 0xFE);
}

}  // namespace
