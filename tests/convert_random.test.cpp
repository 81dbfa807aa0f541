// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Pseudo-random doubles to every row, and fp32 and fp64 by structured values and pseudo-random ones.
#include <cfenv>
#include <lowprec/convert.hpp>

#include "support/sweep.hpp"

namespace {

using namespace lowprec;

constexpr int per_row = 600000;  // 10^7 over the rows

// Half of the patterns come from all of binary64, half from the range of the format and a little beyond.
std::uint64_t random_double(oracle::random_bits& next, int lowest, int highest) {
    const std::uint64_t bits = next();
    if ((bits & 1) != 0) return next();
    const std::uint64_t field =
        static_cast<std::uint64_t>(lowest + 1023) + (bits >> 8) % static_cast<std::uint64_t>(highest - lowest + 1);
    return (next() & 0x800FFFFFFFFFFFFFULL) | (field << 52);
}

// The first, the last and the middle of every binade of a native format with their neighbours, subnormals included.
std::vector<std::uint64_t> structured(int exponent_bits, int mantissa_bits) {
    std::vector<std::uint64_t> patterns;
    const std::uint64_t full = (1ULL << mantissa_bits) - 1, middle = 1ULL << (mantissa_bits - 1);
    for (std::uint64_t field = 0; field < 1ULL << exponent_bits; ++field)
        for (const std::uint64_t fraction :
             {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, middle - 1, middle, middle + 1, full - 1, full})
            for (const std::uint64_t sign : {0ULL, 1ULL})
                patterns.push_back((sign << (exponent_bits + mantissa_bits)) | (field << mantissa_bits) | fraction);
    return patterns;
}

bool is_nan(std::uint32_t bits) { return (bits & 0x7FFFFFFFU) > 0x7F800000U; }

}  // namespace

TEST_CASE("600,000 pseudo-random doubles to each row of at most 32 bits, to nearest even") {
    oracle::for_each_format<1, 32>([]<class F>(oracle::type<F>) {
        const oracle::format& f = oracle::format_of<F>();
        oracle::tally codes{std::string{name_of<F>}};
        oracle::random_bits next{0x10A00000ULL + F::width};
        const int lowest = 1 - F::bias - F::mantissa_bits - 3, highest = (1 << F::exponent_bits) - F::bias;
        for (int i = 0; i < per_row; ++i) {
            const std::uint64_t bits = random_double(next, lowest, highest);
            codes.code(convert<F>(oracle::as_double(bits)).bits(),
                       f.convert(oracle::from_double_bits(bits), policy{}).code, bits, {});
        }
        codes.check(per_row);
    });
}

TEST_CASE("doubles at the ends and in the middle of every binade to every row, all directions") {
    const std::vector<std::uint64_t> patterns = structured(11, 52);
    oracle::for_each_format<1, 32>([&]<class F>(oracle::type<F>) {
        const oracle::format& f = oracle::format_of<F>();
        oracle::tally codes{std::string{name_of<F>}};
        for (const std::uint64_t bits : patterns) {
            const oracle::source s = oracle::from_double_bits(bits);
            const oracle::position at = s.kind == oracle::kind::finite ? f.locate(s.magnitude) : oracle::position{};
            for (const rounding round : oracle::directions) {
                const policy p{.round = round, .over = overflow::nonfinite};
                codes.code(convert<F>(oracle::as_double(bits), p).bits(), f.convert(s, at, p).code, bits, p);
            }
        }
        codes.check(patterns.size() * 6);
    });
}

TEST_CASE(
    "fp32 values, midpoints and neighbours at the ends and in the middle of every binade from double, all directions") {
    const oracle::format& f = oracle::named("fp32");
    oracle::tally codes{"fp32"};
    for (const std::uint64_t pattern : structured(8, 23)) {
        if ((pattern & 0x7FFFFFFFU) > 0x7F7FFFFFU) continue;
        const auto code = static_cast<std::int64_t>(pattern & 0x7FFFFFFFU);
        for (const oracle::number x : {f.value(code), f.midpoint(code)}) {
            const std::uint64_t at = oracle::floor_bits(oracle::named("fp64"), x);
            for (std::uint64_t magnitude = at == 0 ? 0 : at - 1; magnitude <= at + 1; ++magnitude)
                for (const rounding round : oracle::directions)
                    for (const overflow over : {overflow::by_format, overflow::saturate}) {
                        const policy p{.round = round, .over = over};
                        const std::uint64_t bits = magnitude | ((pattern >> 31) << 63);
                        codes.code(convert<fp32>(oracle::as_double(bits), p).bits(),
                                   f.convert(oracle::from_double_bits(bits), p).code, bits, p);
                    }
        }
    }
    codes.check(50000);
}

TEST_CASE("10,000,000 pseudo-random doubles become the float that the processor's cast gives, NaN apart") {
    REQUIRE(std::fegetround() == FE_TONEAREST);
    oracle::tally codes{"processor"};
    oracle::random_bits next{32};
    const policy p{};
    for (int i = 0; i < 10000000; ++i) {
        const std::uint64_t bits = random_double(next, -155, 130);
        volatile double x = oracle::as_double(bits);
        const auto expected = std::bit_cast<std::uint32_t>(static_cast<float>(x));
        if (is_nan(expected)) continue;
        const double d = x;
        codes.code(convert<fp32>(d).bits(), expected, bits, p);
        codes.code(std::bit_cast<std::uint32_t>(convert<float>(fp64(d))), expected, bits, p);
    }
    codes.check(15000000);
}

TEST_CASE("every binade's ends and middle and 10,000,000 pseudo-random floats widen to fp64 exactly") {
    oracle::tally codes{"fp32 to fp64"};
    oracle::random_bits next{64};
    std::vector<std::uint64_t> patterns = structured(8, 23);
    const std::size_t fixed = patterns.size();
    for (std::size_t i = 0; i < fixed + 10000000; ++i) {
        const auto bits = static_cast<std::uint32_t>(i < fixed ? patterns[i] : next());
        const oracle::source s = oracle::from_float_bits(bits);
        const std::uint64_t got = fp64(oracle::as_float(bits)).bits();
        if (s.kind == oracle::kind::nan) {
            const std::uint64_t sign = std::uint64_t{bits >> 31} << 63;
            codes.code(got, sign | 0x7FF8000000000000ULL | (std::uint64_t{bits & 0x7FFFFFU} << 29), bits, {});
            continue;
        }
        const oracle::source back = oracle::from_double_bits(got);
        codes.same(
            back.kind == s.kind && back.negative == s.negative && oracle::compare(back.magnitude, s.magnitude) == 0,
            [&] { return "float " + oracle::hex(bits) + ": got " + oracle::hex(got); });
    }
    codes.check(10000000);
}

TEST_CASE("double and fp64, float and fp32 are the same bits, NaN included") {
    oracle::tally codes{"same type"};
    oracle::random_bits next{6464};
    for (const std::uint64_t bits : structured(11, 52)) {
        codes.code(fp64(oracle::as_double(bits)).bits(), bits, bits, {});
        codes.code(std::bit_cast<std::uint64_t>(double(fp64::from_bits(bits))), bits, bits, {});
    }
    for (const std::uint64_t pattern : structured(8, 23)) {
        const auto bits = static_cast<std::uint32_t>(pattern);
        codes.code(fp32(oracle::as_float(bits)).bits(), bits, bits, {});
        codes.code(std::bit_cast<std::uint32_t>(float(fp32::from_bits(bits))), bits, bits, {});
    }
    for (int i = 0; i < 1000000; ++i) {
        const std::uint64_t bits = next();
        codes.code(fp64(oracle::as_double(bits)).bits(), bits, bits, {});
    }
    codes.check(1000000);
}

TEST_CASE("1,000,000 pseudo-random 128-bit integers round once to fp64 and fp32, all directions") {
    oracle::tally codes{"128 bits"};
    oracle::random_bits next{128};
    const oracle::format& to64 = oracle::named("fp64");
    const oracle::format& to32 = oracle::named("fp32");
    for (int i = 0; i < 1000000; ++i) {
        const int shift = static_cast<int>(next() % 128);
        const auto x = static_cast<oracle::signed_wide>(((oracle::wide{next()} << 64) | next()) >> shift);
        const oracle::source s = oracle::source_of_integer(x);
        const policy p{.round = oracle::directions[i % 6]};
        codes.code(convert<fp64>(x, p).bits(), to64.convert(s, p).code, static_cast<oracle::wide>(x), p);
        codes.code(convert<fp32>(x, p).bits(), to32.convert(s, p).code, static_cast<oracle::wide>(x), p);
    }
    codes.check(2000000);
}
