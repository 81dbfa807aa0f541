// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Where rounding changes its mind: every value of every row of at most 19 bits, every midpoint between two of them, and
// their neighbours one ulp away in binary64 and in binary32, with both signs, in every direction, under every overflow choice.
#include <lowprec/convert.hpp>

#include "support/sweep.hpp"

namespace {

template <class F, class Native>
void sweep_edges(oracle::tally& codes, oracle::tally& flags) {
    constexpr bool is_double = sizeof(Native) == 8;
    const oracle::format& f = oracle::format_of<F>();
    const oracle::format& native = oracle::named(is_double ? "fp64" : "fp32");
    const std::uint64_t sign = is_double ? 1ULL << 63 : 1ULL << 31;
    for (const std::uint64_t magnitude : oracle::edges(f, native)) {
        const auto source_at = [&](std::uint64_t bits) {
            return is_double ? oracle::from_double_bits(bits)
                             : oracle::from_float_bits(static_cast<std::uint32_t>(bits));
        };
        const oracle::source positive = source_at(magnitude);
        const oracle::position at =
            positive.kind == oracle::kind::finite ? f.locate(positive.magnitude) : oracle::position{};
        for (const std::uint64_t bits : {magnitude, magnitude | sign}) {
            const oracle::source s = source_at(bits);
            Native x;
            if constexpr (is_double)
                x = oracle::as_double(bits);
            else
                x = oracle::as_float(bits);
            for (const lowprec::rounding round : oracle::directions) {
                for (const lowprec::overflow over : oracle::overflows) {
                    const lowprec::policy p{.round = round, .over = over};
                    const oracle::outcome expected = f.convert(s, at, p);
                    codes.code(lowprec::convert<F>(x, p).bits(), expected.code, bits, p);
                }
                const lowprec::policy p{.round = round};
                const oracle::outcome expected = f.convert(s, at, p);
                const lowprec::conversion<F> got = lowprec::inspect<F>(x, p);
                // A negative value in an unsigned format is out of range whatever its size: no word on its underflow.
                const bool judge_size = F::sign_bits == 1 || !s.negative;
                const int expected_flags =
                    expected.inexact * 4 + expected.overflow * 2 + (judge_size && expected.underflow);
                const int got_flags = got.inexact * 4 + got.overflow * 2 + (judge_size && got.underflow);
                flags.same(got.value.bits() == expected.code && got_flags == expected_flags, [&] {
                    return "input " + oracle::hex(bits) + ": got flags " + std::to_string(got_flags) + ", expected " +
                           std::to_string(expected_flags) + " under " + oracle::text(p);
                });
            }
        }
    }
}

template <class Native, int MinWidth, int MaxWidth>
void sweep_rows(const char* from) {
    oracle::for_each_format<MinWidth, MaxWidth>([&]<class F>(oracle::type<F>) {
        const std::string name{lowprec::name_of<F>};
        oracle::tally codes{name + " from " + from}, flags{name + " flags from " + from};
        sweep_edges<F, Native>(codes, flags);
        codes.check(6 * 8 * 2 * 4);
        flags.check(6 * 8 * 2);
    });
}

}  // namespace

TEST_CASE(
    "rows of at most 8 bits: values, midpoints and their neighbours in double, all directions and overflow choices") {
    sweep_rows<double, 1, 8>("double");
}
TEST_CASE(
    "rows of at most 8 bits: values, midpoints and their neighbours in float, all directions and overflow choices") {
    sweep_rows<float, 1, 8>("float");
}
TEST_CASE(
    "rows of 9 to 16 bits: values, midpoints and their neighbours in double, all directions and overflow choices") {
    sweep_rows<double, 9, 16>("double");
}
TEST_CASE(
    "rows of 9 to 16 bits: values, midpoints and their neighbours in float, all directions and overflow choices") {
    sweep_rows<float, 9, 16>("float");
}
TEST_CASE("tf32: values, midpoints and their neighbours in double, all directions and overflow choices") {
    sweep_rows<double, 17, 19>("double");
}
TEST_CASE("tf32: values, midpoints and their neighbours in float, all directions and overflow choices") {
    sweep_rows<float, 17, 19>("float");
}
