// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Neither the rounding mode of the floating-point environment nor flushed denormals change a result.
// ctest-label: aarch64
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/math.hpp>

#include <bit>
#include <tuple>
#include <vector>

#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;

// A call that the compiler can't move across a change of the environment.
template <class F>
[[gnu::noinline]] void run(std::vector<std::uint64_t>& results) {
    random_bits next{99};
    for (int i = 0; i < 2000; ++i) {
        std::uint64_t bits = next();
        // a third each: any bits; near one; subnormal as float and as double
        if (i % 3 == 1) bits = (bits & 0x800FFFFFFFFFFFFF) | (std::uint64_t{1023 - 8 + next() % 16} << 52);
        if (i % 3 == 2) bits &= 0x800FFFFFFFFFFFFF;
        auto word = static_cast<std::uint32_t>(bits >> 32);
        if (i % 3 == 1) word = (word & 0x807FFFFF) | (static_cast<std::uint32_t>(127 - 8 + next() % 16) << 23);
        if (i % 3 == 2) word &= 0x807FFFFF;
        const auto x = std::bit_cast<double>(bits);
        const auto y = std::bit_cast<float>(word);
        const F a = convert<F>(x), b = convert<F>(y);
        for (const F f :
             {a, b, a + b, a - b, a * b, a / b, sqrt(abs(a)), fma(a, b, a), next_up(a), ulp(b),
              convert<F, policy{.round = rounding::upward}>(x), convert<F, policy{.round = rounding::to_odd}>(y),
              convert<F>(static_cast<std::int64_t>(bits))})
            results.push_back(f.bits());
        results.push_back(std::bit_cast<std::uint64_t>(convert<double>(a)));
        results.push_back(std::bit_cast<std::uint32_t>(convert<float>(b)));
        results.push_back(static_cast<std::uint64_t>(convert<std::int64_t>(a)));
        results.push_back((a < b ? 1U : 0U) + (a == b ? 2U : 0U) + (isnan(a) ? 4U : 0U));
    }
}

std::vector<std::uint64_t> run_all() {
    std::vector<std::uint64_t> results;
    for_each_format<std::tuple<fp64, fp32, tf32, bf16, fp16, e5m2, e4m3, e4m3_fnuz, e2m1, e8m0, ue4m3>>(
        [&]<class F>(F) { run<F>(results); });
    return results;
}

void check_equal(const std::vector<std::uint64_t>& got, const std::vector<std::uint64_t>& expected) {
    tally results;
    for (std::size_t i = 0; i < expected.size(); ++i) results.equal(got.at(i), expected[i], i);
    CHECK_TALLY(results, 11U * 2000U * 17U);
}

TEST_CASE("results are the same in every rounding mode of the environment") {
    const std::vector<std::uint64_t> expected = run_all();
    const float nearest = third();
    for (const int mode : {FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO}) {
        std::vector<std::uint64_t> got;
        float directed = 0;
        {
            const rounding_direction guard(mode);
            got = run_all();
            directed = third();
        }
        INFO("mode " << mode);
        check_equal(got, expected);
        CHECK((directed == nearest) == (mode == FE_UPWARD));  // the float nearest to 1/3 lies above it
    }
}

TEST_CASE("results are the same with denormals flushed") {
    if constexpr (flushed_denormals::available) {
        const std::vector<std::uint64_t> expected = run_all();
        std::vector<std::uint64_t> got;
        float flushed = 1;
        {
            const flushed_denormals guard;
            got = run_all();
            flushed = half_of_smallest_normal();
        }
        check_equal(got, expected);
        CHECK(flushed == 0.0F);
        CHECK(half_of_smallest_normal() == 0x1p-127F);
    } else {
        WARN("how to flush denormals on this machine is not known here: not compared");
    }
}

}  // namespace
