// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Format to format: all codes of every row of at most 16 bits, and strided codes of tf32, into every row.
// ctest-label: values
#include <lowprec/convert.hpp>
#include <lowprec/presets.hpp>

#include "support/sweep.hpp"

namespace {

using namespace lowprec;

constexpr policy policies[] = {
    {},
    {.round = rounding::nearest_away, .over = overflow::nonfinite},
    {.round = rounding::toward_zero, .over = overflow::infinity},
    {.round = rounding::upward, .over = overflow::nonfinite, .negative = negative_input::nan},
    {.round = rounding::downward, .over = overflow::nonfinite, .no_zero = zero_missing::nan},
    {.round = rounding::to_odd, .over = overflow::infinity},
    presets::ml_dtypes,
    presets::cuda_e8m0,
    presets::ptx,
};

template <class From>
void from_all_codes(std::uint64_t stride) {
    const oracle::row& source_row = oracle::format_of<From>().description();
    oracle::for_each_format<1, 64>([&]<class To>(oracle::type<To>) {
        const oracle::format& f = oracle::format_of<To>();
        oracle::tally codes{std::string{name_of<From>} + " to " + std::string{name_of<To>}};
        for (std::uint64_t code = 0; code < source_row.codes(); code += stride) {
            const From x = From::from_bits(static_cast<typename From::storage_type>(code));
            if constexpr (std::is_same_v<From, To>) {
                codes.code(convert<To>(x, policies[3]).bits(), code, code, policies[3]);
            } else {
                const oracle::source s = oracle::decode(source_row, code);
                const oracle::position at = s.kind == oracle::kind::finite ? f.locate(s.magnitude) : oracle::position{};
                for (const policy& p : policies)
                    codes.code(convert<To>(x, p).bits(), f.convert(s, at, p).code, code, p);
                if constexpr (From::width == 16 || From::sign_bits == 0)  // the compile-time policy, for some sources
                    codes.code(convert<To>(x).bits(), f.convert(s, at, policies[0]).code, code, policies[0]);
            }
        }
        codes.check(source_row.codes() / stride);
    });
}

}  // namespace

TEST_CASE("all codes of every row of at most 8 bits convert to every row") {
    oracle::for_each_format<1, 8>([]<class From>(oracle::type<From>) { from_all_codes<From>(1); });
}
TEST_CASE("all codes of fp16 and bf16 convert to every row") {
    oracle::for_each_format<9, 16>([]<class From>(oracle::type<From>) { from_all_codes<From>(1); });
}
TEST_CASE("strided codes of tf32 convert to every row") {
    oracle::for_each_format<17, 19>([]<class From>(oracle::type<From>) { from_all_codes<From>(13); });
}
