// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Integers of every width to every row: never through a float.
// ctest-label: values
#include <lowprec/convert.hpp>

#include "support/integers.hpp"
#include "support/sweep.hpp"

namespace {

using namespace lowprec;
using oracle::around_powers_of_two;
using oracle::for_each_integer;
using oracle::wide;

template <class F>
void integers_to() {
    const oracle::format& f = oracle::format_of<F>();
    oracle::tally codes{"integers to " + std::string{name_of<F>}};
    for_each_integer([&]<class Integer>(oracle::type<Integer>) {
        for (const Integer x : around_powers_of_two<Integer>()) {
            const oracle::source s = oracle::source_of_integer(x);
            const oracle::position at = f.locate(s.magnitude);
            for (const rounding round : oracle::directions)
                for (const overflow over : {overflow::by_format, overflow::nonfinite}) {
                    const policy p{.round = round, .over = over};
                    codes.code(convert<F>(x, p).bits(), f.convert(s, at, p).code, static_cast<wide>(x), p);
                }
        }
    });
    codes.check(10 * 8 * 3 * 12);
}

}  // namespace

TEST_CASE("integers of 8 to 128 bits around every power of two round once to every row") {
    oracle::for_each_format<1, 64>([]<class F>(oracle::type<F>) { integers_to<F>(); });
}

TEST_CASE("long, long long, char and bool convert like the integers of their size") {
    CHECK(bf16(16842753L).bits() == 0x4B81);
    CHECK(bf16(16842753LL).bits() == 0x4B81);
    CHECK(e4m3(static_cast<char>(17)).bits() == 0x58);
    CHECK(e4m3('\x11').bits() == e4m3(17).bits());
    CHECK(e4m3(true).bits() == 0x38);
    CHECK(e4m3(false).bits() == 0x00);
    CHECK(bool(e4m3::from_bits(0x01)));
    CHECK_FALSE(bool(e4m3::from_bits(0x80)));
}
