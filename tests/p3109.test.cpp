// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The P3109 family: facts of the published tables, and every format of at most 6 bits against the oracle.
#include "support/p3109.hpp"

namespace {

using namespace lowprec;
using enum p3109_kind;

template <class F>
double at(unsigned code) {
    return double(F::from_bits(static_cast<typename F::storage_type>(code)));
}

}  // namespace

TEST_CASE("binary8p3se has 49152 at 7E, infinities at 7F and FF, NaN at 80") {
    using F = p3109<8, 3, se>;
    CHECK(at<F>(0x7E) == 49152.0);
    CHECK(at<F>(0x04) == 0x1p-15);
    CHECK(at<F>(0x01) == 0x1p-17);
    CHECK(at<F>(0x7F) > 1e300);
    CHECK(at<F>(0xFF) < -1e300);
    CHECK(at<F>(0x80) != at<F>(0x80));
    CHECK(at<F>(0x81) == -0x1p-17);
}
TEST_CASE("the largest values and the smallest of the 8-bit formats are those of the report's tables") {
    CHECK(at<p3109<8, 2, se>>(0x7E) == 0x1p31);
    CHECK(at<p3109<8, 2, sf>>(0x7F) == 0x1.8p31);
    CHECK(at<p3109<8, 2, se>>(0x01) == 0x1p-32);
    CHECK(at<p3109<8, 3, sf>>(0x7F) == 57344.0);
    CHECK(at<p3109<8, 4, se>>(0x7E) == 224.0);
    CHECK(at<p3109<8, 4, sf>>(0x7F) == 240.0);
    CHECK(at<p3109<8, 4, se>>(0x01) == 0x1p-10);
    CHECK(at<p3109<8, 5, se>>(0x7E) == 15.0);
    CHECK(at<p3109<8, 5, sf>>(0x7F) == 15.5);
    CHECK(at<p3109<8, 5, se>>(0x01) == 0x1p-7);
    CHECK(at<p3109<8, 1, se>>(0x7E) == 0x1p62);
    CHECK(at<p3109<8, 1, se>>(0x01) == 0x1p-63);
    CHECK(at<p3109<8, 1, uf>>(0xFE) == 0x1p126);
    CHECK(at<p3109<8, 1, uf>>(0x01) == 0x1p-127);
    CHECK(at<p3109<8, 3, ue>>(0xFD) == 0x1.4p31);
    CHECK(at<p3109<8, 3, uf>>(0xFE) == 0x1.8p31);
    CHECK(at<p3109<8, 3, ue>>(0x01) == 0x1p-33);
    CHECK(at<p3109<8, 4, ue>>(0xFD) == 53248.0);
    CHECK(at<p3109<8, 4, uf>>(0xFE) == 57344.0);
    CHECK(at<p3109<8, 4, ue>>(0x01) == 0x1p-18);
    CHECK(at<p3109<8, 4, ue>>(0xFE) > 1e300);
    CHECK(at<p3109<8, 4, ue>>(0xFF) != at<p3109<8, 4, ue>>(0xFF));
}
TEST_CASE("binary8p4sf is e4m3_fnuz and binary8p3sf is e5m2_fnuz") {
    STATIC_REQUIRE(std::is_same_v<p3109<8, 4, sf>, e4m3_fnuz>);
    STATIC_REQUIRE(std::is_same_v<p3109<8, 3, sf>, e5m2_fnuz>);
    CHECK(name_of<p3109<8, 3, se>> == "binary8p3se");
}
TEST_CASE("1 is the code in the middle: half of NaN's in signed formats, half of all in unsigned ones") {
    CHECK(at<p3109<8, 3, se>>(0x40) == 1.0);
    CHECK(at<p3109<8, 1, se>>(0x40) == 1.0);
    CHECK(at<p3109<5, 4, sf>>(0x08) == 1.0);
    CHECK(at<p3109<8, 3, ue>>(0x80) == 1.0);
    CHECK(at<p3109<8, 8, uf>>(0x80) == 1.0);
    CHECK(at<p3109<16, 1, ue>>(0x8000) == 1.0);
    CHECK(at<p3109<16, 15, se>>(0x4000) == 1.0);
}

TEST_CASE("every format of 3 bits decodes and converts as the oracle") { oracle::check_precisions<3>(); }
TEST_CASE("every format of 4 bits decodes and converts as the oracle") { oracle::check_precisions<4>(); }
TEST_CASE("every format of 5 bits decodes and converts as the oracle") { oracle::check_precisions<5>(); }
TEST_CASE("every format of 6 bits decodes and converts as the oracle") { oracle::check_precisions<6>(); }
