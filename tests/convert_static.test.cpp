// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A policy known at compile time gives what the same policy gives at run time, and compile-time evaluation gives what the
// running program gives.
// ctest-label: values
#include <array>
#include <lowprec/convert.hpp>
#include <lowprec/presets.hpp>

#include "support/sweep.hpp"

namespace {

using namespace lowprec;

// Fewer instantiations than combinations: every direction, every overflow choice, every switch away from its default.
constexpr policy policies[] = {
    {},
    {.round = rounding::nearest_away, .over = overflow::saturate, .negative = negative_input::ignore_sign},
    {.round = rounding::toward_zero, .over = overflow::nonfinite, .nan = nan_input::all_ones},
    {.round = rounding::upward, .over = overflow::infinity, .negative = negative_input::nan},
    {.round = rounding::downward, .over = overflow::nonfinite, .sign_of_nan = nan_sign::drop},
    {.round = rounding::to_odd, .over = overflow::infinity, .no_nan = nan_missing::opposite_zero},
    {.over = overflow::nonfinite, .infinity = infinity_input::infinity_or_nan, .no_zero = zero_missing::nan_for_zero},
    {.over = overflow::saturate, .infinity = infinity_input::infinity_or_largest, .nan = nan_input::cuda},
};

template <class F, policy P, class Native>
void same_as_run_time(const std::vector<Native>& inputs, oracle::tally& codes) {
    for (const Native x : inputs) {
        const F at_compile_time = convert<F, P>(x);
        codes.code(at_compile_time.bits(), convert<F>(x, P).bits(), 0, P);
    }
}

template <class F, class Native>
void all_policies(const std::vector<Native>& inputs, oracle::tally& codes) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (same_as_run_time<F, policies[I]>(inputs, codes), ...); }
    (std::make_index_sequence<std::size(policies)>{});
}

template <class F, class Native>
std::vector<Native> inputs_for() {
    constexpr bool is_double = sizeof(Native) == 8;
    std::vector<std::uint64_t> patterns;
    const oracle::format& f = oracle::named(F::width <= 19 ? std::string{name_of<F>} : "bf16");
    for (const std::uint64_t bits : oracle::edges(f, oracle::named(is_double ? "fp64" : "fp32"))) {
        patterns.push_back(bits);
        patterns.push_back(bits | (is_double ? 1ULL << 63 : 1ULL << 31));
    }
    if (is_double)
        for (const std::uint64_t bits : oracle::special_doubles()) patterns.push_back(bits);
    else
        for (const std::uint64_t bits : oracle::special_floats()) patterns.push_back(bits);
    std::vector<Native> inputs;
    for (const std::uint64_t bits : patterns) {
        if constexpr (is_double)
            inputs.push_back(oracle::as_double(bits));
        else
            inputs.push_back(oracle::as_float(bits));
    }
    return inputs;
}

template <class Native>
void sweep() {
    oracle::for_each_format<1, 64>([]<class F>(oracle::type<F>) {
        if constexpr (F::width != 8 * sizeof(Native)) {  // that would be the type itself
            oracle::tally codes{std::string{name_of<F>}};
            all_policies<F, Native>(inputs_for<F, Native>(), codes);
            codes.check(100);
        }
    });
}

// 64 floats from all over, converted by the compiler.
constexpr std::uint32_t pattern_at(std::uint32_t i) { return i * 0x04000001U + (i % 7) * 0x000B2C3DU; }
template <class F, policy P>
constexpr auto converted_by_compiler = [] {
    std::array<std::uint64_t, 64> codes{};
    for (std::uint32_t i = 0; i < 64; ++i)
        codes[i] = convert<F, P>(convert<float>(fp32::from_bits(pattern_at(i)))).bits();
    return codes;
}();

}  // namespace

TEST_CASE("compile-time policies equal run-time policies from double") { sweep<double>(); }
TEST_CASE("compile-time policies equal run-time policies from float") { sweep<float>(); }

TEST_CASE("the compiler's conversions equal the running program's") {
    oracle::tally codes{"constexpr"};
    const auto compare = [&]<class F, policy P>(oracle::type<F>, std::integral_constant<policy, P>) {
        for (std::uint32_t i = 0; i < 64; ++i) {
            volatile std::uint32_t bits = pattern_at(i);  // not known to the optimiser
            const float x = oracle::as_float(bits);
            codes.code(convert<F, P>(x).bits(), converted_by_compiler<F, P>[i], bits, P);
        }
    };
    oracle::for_each_format<1, 64>([&]<class F>(oracle::type<F>) {
        compare(oracle::type<F>{}, std::integral_constant<policy, policies[0]>{});
        compare(oracle::type<F>{}, std::integral_constant<policy, policies[3]>{});
        compare(oracle::type<F>{}, std::integral_constant<policy, policies[5]>{});
    });
    codes.check(18 * 3 * 64);
}
