// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// representable against exact comparison of all codes.
// ctest-label: values
#include <lowprec/formats.hpp>
#include <lowprec/traits.hpp>

#include <cmath>
#include <limits>

#include "support/catch.hpp"
#include "support/exact_arithmetic.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;
using exact::u64;

TEST_CASE(
    "representable holds for exactly the values that the other row has, for all codes of the rows of up to 8 bits") {
    for_each_format<all_formats>([]<class From>(From) {
        if constexpr (From::width <= 8) {
            const exact::row from = exact::row_of<From>();
            for_each_format<all_formats>([&]<class To>(To) {
                const exact::target to(exact::row_of<To>());
                tally results;
                for (u64 code = 0; code <= exact::low_ones(From::width); ++code)
                    results.equal(representable<To>(make<From>(code)), to.holds(decode(from, code)), code);
                INFO(name_of<From> << " in " << name_of<To>);
                CHECK_TALLY(results, u64{1} << From::width);
            });
        }
    });
}

TEST_CASE("representable holds for exactly the floats and doubles that a row has") {
    for_each_format<all_formats>([]<class To>(To) {
        if constexpr (To::width <= 19) {
            const exact::target to(exact::row_of<To>());
            tally results;
            u64 count = 0;
            for (u64 code = 0; code <= exact::low_ones(To::width); code += To::width > 8 ? 13 : 1) {
                const exact::value v = decode(to.f, code);
                if (v.what != exact::kind::finite || v.is_zero()) continue;
                const double x = exact::to_double(v);
                const auto f = static_cast<float>(x);  // exact: every such row lies in float
                results.equal(representable<To>(x), true, "double", code);
                results.equal(representable<To>(f), true, "float", code);
                const double beside = std::nextafter(x, 0.0);
                results.equal(representable<To>(beside), false, "beside", code);
                const double below = -x;
                results.equal(representable<To>(below), to.f.s == 1, "minus", code);
                ++count;
            }
            INFO(name_of<To>);
            CHECK_TALLY(results, 4 * count);
        }
    });
    constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
    STATIC_REQUIRE(representable<fp16>(infinity));
    STATIC_REQUIRE(representable<e5m2>(-infinity));
    STATIC_REQUIRE_FALSE(representable<e4m3>(infinity));
    STATIC_REQUIRE_FALSE(representable<p3109<8, 4, p3109_kind::ue>>(-infinity));
    STATIC_REQUIRE(representable<e4m3>(nan));
    STATIC_REQUIRE(representable<e4m3_fnuz>(nan));
    STATIC_REQUIRE_FALSE(representable<e2m1>(nan));
    STATIC_REQUIRE(representable<e4m3>(-0.0));
    STATIC_REQUIRE_FALSE(representable<e4m3_fnuz>(-0.0));
    STATIC_REQUIRE_FALSE(representable<ue4m3>(-0.0));
    STATIC_REQUIRE_FALSE(representable<e8m0>(0.0));
    STATIC_REQUIRE(representable<int>(e4m3(448.0F)));
    STATIC_REQUIRE_FALSE(representable<int>(e4m3(0.5F)));
    STATIC_REQUIRE_FALSE(representable<signed char>(e4m3(448.0F)));
    STATIC_REQUIRE_FALSE(representable<unsigned>(e4m3(-1.0F)));
    STATIC_REQUIRE_FALSE(representable<int>(e4m3(-0.0F)));
    STATIC_REQUIRE_FALSE(representable<int>(nan));
    STATIC_REQUIRE(representable<e4m3>(448));
    STATIC_REQUIRE_FALSE(representable<e4m3>(449));
    STATIC_REQUIRE_FALSE(representable<fp32>((1 << 24) + 1));
    STATIC_REQUIRE(representable<fp64>((std::int64_t{1} << 53) - 1));
}

}  // namespace
