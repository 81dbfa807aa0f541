// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: aarch64
//
// All codes of every row decode; special inputs under every switch; the run-time policy against the oracle.
#include <lowprec/convert.hpp>
#include <lowprec/presets.hpp>

#include "support/sweep.hpp"

namespace {

using namespace lowprec;

std::uint64_t pattern(float x) { return std::bit_cast<std::uint32_t>(x); }
std::uint64_t pattern(double x) { return std::bit_cast<std::uint64_t>(x); }

// Whether x has the value of s exactly. NaN: quiet, with the payload on the left; one NaN per sign keeps its sign.
template <class Native>
bool is_value(Native x, const oracle::source& s) {
    if (s.kind == oracle::kind::nan)
        return pattern(x) == oracle::named(sizeof(Native) == 8 ? "fp64" : "fp32").convert(s, policy{}).code;
    const oracle::source got = oracle::source_of(x);
    return got.kind == s.kind && got.negative == s.negative && oracle::compare(got.magnitude, s.magnitude) == 0;
}

template <class F>
void decode_all() {
    const oracle::row& r = oracle::format_of<F>().description();
    oracle::tally codes{std::string{name_of<F>} + " decodes"}, back{std::string{name_of<F>} + " comes back"};
    for (std::uint64_t code = 0; code < r.codes(); ++code) {
        const oracle::source s = oracle::decode(r, code);
        const F f = F::from_bits(static_cast<typename F::storage_type>(code));
        const double d = double(f), converted_d = convert<double>(f);
        const float x = float(f), converted_x = convert<float>(f);
        const bool right = f.bits() == code && is_value(d, s) && is_value(x, s) && pattern(d) == pattern(converted_d) &&
                           pattern(x) == pattern(converted_x);
        codes.same(right, [&] { return "code " + oracle::hex(code) + ": got " + oracle::hex(pattern(d)); });
        // Back again gives the same code, but for NaN's quiet bit and for infinities that saturate.
        const policy p{.over = overflow::nonfinite};
        const std::uint64_t expected = s.kind == oracle::kind::nan ? oracle::format_of<F>().convert(s, p).code : code;
        back.code(convert<F>(d, p).bits(), expected, code, p);
        back.code(convert<F>(x, p).bits(), expected, code, p);
    }
    codes.check(r.codes());
    back.check(2 * r.codes());
}

// Calls f with every combination of the switches that act on special inputs.
template <class Function>
void for_each_switch(Function&& f) {
    for (int i = 0; i < 4 * 4 * 3 * 2 * 3 * 3 * 3 * 2; ++i) {
        int rest = i;
        const auto next = [&](int choices) {
            const int choice = rest % choices;
            rest /= choices;
            return choice;
        };
        policy p;
        p.over = static_cast<overflow>(next(4));
        p.infinity = static_cast<infinity_input>(next(4));
        p.nan = static_cast<nan_input>(next(3));
        p.sign_of_nan = static_cast<nan_sign>(next(2));
        p.no_nan = static_cast<nan_missing>(next(3));
        p.negative = static_cast<negative_input>(next(3));
        p.no_zero = static_cast<zero_missing>(next(3));
        p.round = next(2) == 0 ? rounding::nearest_even : rounding::to_odd;
        f(p);
    }
}

template <class F, class Native>
void all_switches(const std::vector<Native>& inputs) {
    const oracle::format& f = oracle::format_of<F>();
    oracle::tally codes{std::string{name_of<F>} + " under every switch"};
    for (const Native x : inputs) {
        const oracle::source s = oracle::source_of(x);
        const oracle::position at = s.kind == oracle::kind::finite ? f.locate(s.magnitude) : oracle::position{};
        for_each_switch(
            [&](const policy& p) { codes.code(convert<F>(x, p).bits(), f.convert(s, at, p).code, pattern(x), p); });
    }
    codes.check();
}

}  // namespace

TEST_CASE("every row of the oracle is a row of the library, in the same order") {
    std::size_t found = 0;  // a row between them was added, and the oracle reads its parameters off the type
    oracle::for_each_format<1, 64>([&]<class F>(oracle::type<F>) {
        if (found < std::size(oracle::rows) && name_of<F> == oracle::rows[found].name) ++found;
    });
    CHECK(found == std::size(oracle::rows));
}

TEST_CASE("the oracle lists values in the order of their codes, and knows the ends of the published tables") {
    for (const oracle::row& r : oracle::rows) {
        if (r.width() > 19) continue;
        const oracle::format& f = oracle::named(r.name);
        std::int64_t unordered = 0;
        for (std::int64_t code = 0; code <= f.largest(); ++code)
            unordered += oracle::compare(f.value(code), f.value(code + 1)) >= 0;
        CHECK(unordered == 0);
    }
    const auto largest_is = [](const char* name, std::int64_t code, oracle::wide significand, int exponent) {
        const oracle::format& f = oracle::named(name);
        INFO(name);
        CHECK(f.largest() == code);
        CHECK(oracle::compare(f.value(code), {significand, exponent}) == 0);
    };
    largest_is("fp64", 0x7FEFFFFFFFFFFFFF, (1ULL << 53) - 1, 971);
    largest_is("fp32", 0x7F7FFFFF, (1U << 24) - 1, 104);
    largest_is("tf32", 0x7F7FE000 >> 13, 2047, 117);
    largest_is("bf16", 0x7F7F, 255, 120);
    largest_is("fp16", 0x7BFF, 65504, 0);
    largest_is("e5m2", 0x7B, 57344, 0);
    largest_is("e4m3", 0x7E, 448, 0);
    largest_is("e4m3_ieee", 0x77, 240, 0);
    largest_is("e3m4", 0x6F, 31, -1);
    largest_is("e4m3_fnuz", 0x7F, 240, 0);
    largest_is("e5m2_fnuz", 0x7F, 57344, 0);
    largest_is("e4m3b11_fnuz", 0x7F, 30, 0);
    largest_is("e3m2", 0x1F, 28, 0);
    largest_is("e2m3", 0x1F, 15, -1);
    largest_is("e2m1", 0x7, 6, 0);
    largest_is("e8m0", 0xFE, 1, 127);
    largest_is("ue4m3", 0x7E, 448, 0);
    largest_is("ue5m3", 0xFE, 114688, 0);
    const auto smallest_is = [](const char* name, std::int64_t code, int exponent) {
        INFO(name);
        CHECK(oracle::compare(oracle::named(name).value(code), {1, exponent}) == 0);
    };
    smallest_is("tf32", 1, -136);
    smallest_is("bf16", 1, -133);
    smallest_is("fp16", 1, -24);
    smallest_is("e5m2", 1, -16);
    smallest_is("e4m3", 1, -9);
    smallest_is("e4m3_ieee", 1, -9);
    smallest_is("e3m4", 1, -6);
    smallest_is("e4m3_fnuz", 1, -10);
    smallest_is("e5m2_fnuz", 1, -17);
    smallest_is("e4m3b11_fnuz", 1, -13);
    smallest_is("e3m2", 1, -4);
    smallest_is("e2m3", 1, -3);
    smallest_is("e2m1", 1, -1);
    smallest_is("e8m0", 0, -127);
    smallest_is("ue4m3", 1, -9);
    smallest_is("ue5m3", 1, -17);
}

TEST_CASE("all codes of the rows of at most 16 bits decode to float and double, and come back") {
    oracle::for_each_format<1, 16>([]<class F>(oracle::type<F>) { decode_all<F>(); });
}

TEST_CASE("all codes of tf32 decode to float and double, and come back") { decode_all<tf32>(); }

TEST_CASE("special inputs from double give what every combination of switches says") {
    std::vector<double> inputs;
    for (const std::uint64_t bits : oracle::special_doubles()) inputs.push_back(oracle::as_double(bits));
    oracle::for_each_format<1, 64>([&]<class F>(oracle::type<F>) {
        if constexpr (!std::is_same_v<F, fp64>) all_switches<F>(inputs);
    });
}

TEST_CASE("special inputs from float give what every combination of switches says") {
    std::vector<float> inputs;
    for (const std::uint32_t bits : oracle::special_floats()) inputs.push_back(oracle::as_float(bits));
    oracle::for_each_format<1, 64>([&]<class F>(oracle::type<F>) {
        if constexpr (!std::is_same_v<F, fp32>) all_switches<F>(inputs);
    });
}

TEST_CASE("the CUDA rule for NaN keeps sign and payload from double and gives all ones without a sign from float") {
    constexpr policy p{.nan = nan_input::cuda};
    oracle::tally codes{"nan_input::cuda"};
    oracle::for_each_format<1, 16>([&]<class F>(oracle::type<F>) {
        if constexpr (F::has_nan) {
            const oracle::format& f = oracle::format_of<F>();
            const policy all_ones{.nan = nan_input::all_ones, .sign_of_nan = nan_sign::drop};
            for (const std::uint64_t bits : oracle::special_doubles())
                codes.code(convert<F>(oracle::as_double(bits), p).bits(),
                           f.convert(oracle::from_double_bits(bits), policy{}).code, bits, p);
            for (const std::uint32_t bits : oracle::special_floats())
                codes.code(convert<F>(oracle::as_float(bits), p).bits(),
                           f.convert(oracle::from_float_bits(bits), all_ones).code, bits, p);
        }
    });
    codes.check(800);
}

TEST_CASE("a format converted to itself keeps its code, NaN payloads and signalling NaN included") {
    oracle::tally codes{"identity"};
    oracle::for_each_format<1, 19>([&]<class F>(oracle::type<F>) {
        for (std::uint64_t code = 0; code < std::uint64_t{1} << F::width; ++code)
            codes.code(convert<F>(F::from_bits(static_cast<typename F::storage_type>(code))).bits(), code, code, {});
    });
    for (const std::uint64_t bits : oracle::special_doubles())
        codes.code(convert<fp64>(fp64::from_bits(bits)).bits(), bits, bits, {});
    for (const std::uint32_t bits : oracle::special_floats())
        codes.code(convert<fp32>(fp32::from_bits(bits)).bits(), bits, bits, {});
    codes.check(500000);
}
