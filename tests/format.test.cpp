// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
#include <lowprec/convert.hpp>
#include <lowprec/format.hpp>
#include <lowprec/formats.hpp>

#include "support/catch.hpp"

#if defined(__cpp_lib_format)

using namespace lowprec;

TEST_CASE("a format formats as its shortest decimal") {
    const e4m3 x(3.5f);
    CHECK(std::format("{}", x) == "3.5");
    CHECK(std::format("{:>8}|{:*<8}|{:^7}", x, x, x) == "     3.5|3.5*****|  3.5  ");
    CHECK(std::format("{:b<6}|{:x>6}|{:0>6}|{:1<6}", x, x, x, x) == "3.5bbb|xxx3.5|0003.5|3.5111");
    CHECK(std::format("{}", e4m3::from_bits(0x01)) == "0.002");
    CHECK(std::format("{}", e4m3::from_bits(0x7F)) == "nan");
}

TEST_CASE("b shows the fields and x the code") {
    CHECK(std::format("{:b}|{:x}", e4m3(3.5f), e4m3(3.5f)) == "0.1000.110|46");
    CHECK(std::format("{:>12b}|{:x^7x}", e4m3(3.5f), e4m3(3.5f)) == "  0.1000.110|xx46xxx");
    CHECK(std::format("{:b}|{:x}", e8m0(2.0f), e8m0(2.0f)) == "10000000|80");
    CHECK(std::format("{:b}|{:x}", tf32(1.5f), tf32(1.5f)) == "0.01111111.1000000000|1fe00");
    CHECK(std::format("{:b}|{:x}", e2m1(-6.0f), e2m1(-6.0f)) == "1.11.1|f");
    CHECK(std::format("{:x}", ue4m3(448.0f)) == "7e");
}

TEST_CASE("every other specification is that of the value as double") {
    const e4m3 x(3.5f);
    CHECK(std::format("{:.3f}|{:+}|{:08}|{:e}", x, x, x, x) == "3.500|+3.5|000003.5|3.500000e+00");
    CHECK(std::format("{:{}}|{:.{}f}", x, 6, x, 2) == "   3.5|3.50");
    CHECK(std::format("{:.1f}", e4m3::from_bits(0x7F)) == "nan");
}

TEST_CASE("a specification that double doesn't have throws") {
    const e4m3 x(3.5f);
    CHECK_THROWS_AS(std::vformat("{:d}", std::make_format_args(x)), std::format_error);
    CHECK_THROWS_AS(std::vformat("{:bb}", std::make_format_args(x)), std::format_error);
}

#else

TEST_CASE("without <format> the header is empty, and including it is harmless") {
    CHECK(lowprec::e4m3(3.5f).bits() == 0x46);
}

#endif
