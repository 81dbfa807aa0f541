// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// All operand pairs of the rows of up to 8 bits, all roots of the rows of up to 19, against exact arithmetic.
// ctest-label: values
#include <lowprec/arithmetic.hpp>
#include <lowprec/formats.hpp>

#include "support/catch.hpp"
#include "support/exact_arithmetic.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;
using exact::u64;

template <class F>
void check_all_pairs() {
    const exact::target oracle(exact::row_of<F>());
    const u64 codes = u64{1} << F::width;
    tally sums, differences, products, quotients;
    for (u64 a = 0; a < codes; ++a)
        for (u64 b = 0; b < codes; ++b) {
            const F x = make<F>(a);
            const F y = make<F>(b);
            sums.equal((x + y).bits(), oracle.add(a, b), a, '+', b);
            differences.equal((x - y).bits(), oracle.add(a, b, true), a, '-', b);
            products.equal((x * y).bits(), oracle.multiply(a, b), a, '*', b);
            quotients.equal((x / y).bits(), oracle.divide(a, b), a, '/', b);
        }
    INFO(name_of<F>);
    CHECK_TALLY(sums, codes * codes);
    CHECK_TALLY(differences, codes * codes);
    CHECK_TALLY(products, codes * codes);
    CHECK_TALLY(quotients, codes * codes);
}

template <class F>
void check_all_roots() {
    const exact::target oracle(exact::row_of<F>());
    const u64 codes = u64{1} << F::width;
    tally roots;
    for (u64 a = 0; a < codes; ++a) roots.equal(sqrt(make<F>(a)).bits(), oracle.sqrt(a), "sqrt", a);
    INFO(name_of<F>);
    CHECK_TALLY(roots, codes);
}

TEST_CASE("all operand pairs of the rows of up to 8 bits give the exact result rounded once") {
    for_each_format<all_formats>([]<class F>(F) {
        if constexpr (F::width <= 8) check_all_pairs<F>();
    });
}

TEST_CASE("all square roots of the rows of up to 19 bits are the exact root rounded once") {
    for_each_format<all_formats>([]<class F>(F) {
        if constexpr (F::width <= 19) check_all_roots<F>();
    });
}

TEST_CASE("the oracle's values of consecutive codes are one unit apart, as its midpoints assume") {
    for_each_format<all_formats>([]<class F>(F) {
        if constexpr (F::width <= 19) {
            const exact::target oracle(exact::row_of<F>());
            tally steps;
            for (u64 code = 0; code < oracle.max; ++code) {
                const exact::value low = decode(oracle.f, code);
                const exact::magnitude next{exact::u128{low.significand} + 1, low.exponent};
                steps.equal(compare(next, of(decode(oracle.f, code + 1))) == 0, true, code);
            }
            INFO(name_of<F>);
            CHECK_TALLY(steps, oracle.max);
        }
    });
}

TEST_CASE("a tf32 product is not rounded through binary32") {
    // As FP32 words: slightly more than half of the smallest tf32; its binary32 product is exactly the tie.
    const tf32 a = tf32::from_bits(0x1D0EA000 >> 13);
    const tf32 b = tf32::from_bits(0x1D65C000 >> 13);
    CHECK((a * b).bits() == 1);
    CHECK((b * a).bits() == 1);
    CHECK((-a * b).bits() == 0x40001);
    volatile const float product = float(a) * float(b);
    CHECK(tf32(float(product)).bits() == 0);
}

TEST_CASE("special operands follow the rules of the format") {
    // x / 0: infinity where there is one, else the largest value, with the sign
    CHECK((fp16(1.0F) / fp16(0.0F)).bits() == 0x7C00);
    CHECK((fp16(-1.0F) / fp16(0.0F)).bits() == 0xFC00);
    CHECK((fp16(1.0F) / fp16(-0.0F)).bits() == 0xFC00);
    CHECK((e5m2(1.0F) / e5m2(0.0F)).bits() == 0x7C);
    CHECK((e4m3(-1.0F) / e4m3(0.0F)).bits() == 0xFE);
    CHECK((e2m1(-1.0F) / e2m1(0.0F)).bits() == 0xF);
    CHECK((ue4m3(1.0F) / ue4m3(0.0F)).bits() == 0x7E);
    // a finite result past the range follows overflow::by_format
    CHECK((fp16(65504.0F) + fp16(65504.0F)).bits() == 0x7C00);
    CHECK((e5m2(57344.0F) + e5m2(57344.0F)).bits() == 0x7B);
    CHECK((e4m3(-448.0F) * e4m3(2.0F)).bits() == 0xFE);
    CHECK((p3109<8, 4, p3109_kind::se>(224.0F) * p3109<8, 4, p3109_kind::se>(2.0F)).bits() == 0x7F);
    // an infinite operand stays infinite
    CHECK((e5m2::from_bits(0x7C) + e5m2(1.0F)).bits() == 0x7C);
    CHECK((e5m2(1.0F) / e5m2::from_bits(0xFC)).bits() == 0x80);
    // invalid operations: the default NaN, or the largest value where there is none
    CHECK((fp16(0.0F) / fp16(0.0F)).bits() == 0x7E00);
    CHECK((fp16::from_bits(0x7C00) - fp16::from_bits(0x7C00)).bits() == 0x7E00);
    CHECK((fp16::from_bits(0x7C00) * fp16(0.0F)).bits() == 0x7E00);
    CHECK(sqrt(fp16(-1.0F)).bits() == 0x7E00);
    CHECK(sqrt(e4m3(-1.0F)).bits() == 0x7F);
    CHECK(sqrt(e4m3_fnuz(-1.0F)).bits() == 0x80);
    CHECK(sqrt(e2m1(-1.0F)).bits() == 0x7);
    CHECK((fp16::from_bits(0xFFFF) + fp16(1.0F)).bits() == 0x7E00);
    // zeros
    CHECK((fp16(1.0F) - fp16(1.0F)).bits() == 0);
    CHECK((fp16(-0.0F) + fp16(-0.0F)).bits() == 0x8000);
    CHECK((fp16(-0.0F) + fp16(0.0F)).bits() == 0);
    CHECK((e4m3_fnuz(-1.0F) * e4m3_fnuz(0.0F)).bits() == 0);
    CHECK(sqrt(fp16(-0.0F)).bits() == 0x8000);
    // unsigned formats and the format without zero
    CHECK((ue4m3(1.0F) - ue4m3(2.0F)).bits() == 0);
    CHECK((e8m0(1.0F) - e8m0(1.0F)).bits() == 0);
    CHECK((e8m0(1.0F) - e8m0(4.0F)).bits() == 0);
    CHECK((e8m0(2.0F) + e8m0(1.0F)).bits() == 128);  // 3 is a tie: the even code, 2
    CHECK((e8m0(4.0F) + e8m0(2.0F)).bits() == 130);  // 6 is a tie: the even code, 8
}

TEST_CASE("unary minus changes the sign and never makes a NaN out of a zero") {
    for_each_format<all_formats>([]<class F>(F) {
        if constexpr (F::width <= 19 && F::sign_bits == 1) {
            const exact::row f = exact::row_of<F>();
            tally negated;
            for (u64 code = 0; code <= exact::low_ones(f.width()); ++code) {
                const bool fixed = f.nan == nan_at::negative_zero && (code & f.all()) == 0;
                negated.equal((-make<F>(code)).bits(), fixed ? code : code ^ f.sign(), '-', code);
                negated.equal((+make<F>(code)).bits(), code, '+', code);
            }
            INFO(name_of<F>);
            CHECK_TALLY(negated, u64{2} << F::width);
        }
    });
}

TEST_CASE("compound forms are the binary ones") {
    tally forms;
    for (u64 a = 0; a < 256; ++a)
        for (u64 b = 0; b < 256; ++b) {
            const e4m3 x = make<e4m3>(a);
            const e4m3 y = make<e4m3>(b);
            e4m3 sum = x, difference = x, product = x, quotient = x;
            forms.equal((sum += y).bits(), (x + y).bits(), a, "+=", b);
            forms.equal((difference -= y).bits(), (x - y).bits(), a, "-=", b);
            forms.equal((product *= y).bits(), (x * y).bits(), a, "*=", b);
            forms.equal((quotient /= y).bits(), (x / y).bits(), a, "/=", b);
            forms.equal(sum.bits(), (x + y).bits(), a, "+=", b);
        }
    CHECK_TALLY(forms, 5U * 65536U);
}

}  // namespace
