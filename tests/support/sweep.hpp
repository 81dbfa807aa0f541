// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What the sweeps share: lists of policies, interesting inputs, pseudo-random bits, and a counter of mismatches that
// reports the first one (REQUIRE for every element would cost more than the conversions).
#ifndef LOWPREC_TESTS_SUPPORT_SWEEP_HPP
#define LOWPREC_TESTS_SUPPORT_SWEEP_HPP

#include <cstdio>
#include <lowprec/policy.hpp>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/rows.hpp"

namespace oracle {

inline constexpr lowprec::rounding directions[] = {lowprec::rounding::nearest_even, lowprec::rounding::nearest_away,
                                                   lowprec::rounding::toward_zero,  lowprec::rounding::upward,
                                                   lowprec::rounding::downward,     lowprec::rounding::to_odd};
inline constexpr lowprec::overflow overflows[] = {lowprec::overflow::by_format, lowprec::overflow::saturate,
                                                  lowprec::overflow::nonfinite, lowprec::overflow::infinity};

inline std::string text(const lowprec::policy& p) {
    static const char* const names[] = {"nearest_even", "nearest_away", "toward_zero", "upward",
                                        "downward",     "to_odd",       "stochastic"};
    char buffer[160];
    std::snprintf(buffer, sizeof buffer,
                  "%s over=%d infinity=%d nan=%d sign=%d no_nan=%d negative=%d no_zero=%d method=%d N=%d",
                  names[static_cast<int>(p.round)], static_cast<int>(p.over), static_cast<int>(p.infinity),
                  static_cast<int>(p.nan), static_cast<int>(p.sign_of_nan), static_cast<int>(p.no_nan),
                  static_cast<int>(p.negative), static_cast<int>(p.no_zero), static_cast<int>(p.method), p.random_bits);
    return buffer;
}

inline std::string hex(wide x) {
    char buffer[40];
    if ((x >> 64) != 0)
        std::snprintf(buffer, sizeof buffer, "%llX%016llX", static_cast<unsigned long long>(x >> 64),
                      static_cast<unsigned long long>(x));
    else
        std::snprintf(buffer, sizeof buffer, "%llX", static_cast<unsigned long long>(x));
    return buffer;
}

/// Counts what was compared and what differed, and remembers the first difference.
class tally {
public:
    explicit tally(std::string what) : what_{std::move(what)} {}

    template <class Describe>
    void same(bool equal, Describe&& describe) {
        ++compared_;
        if (equal) return;
        if (differing_++ == 0) first_ = describe();
    }
    /// got and expected codes of one input under one policy
    void code(wide got, wide expected, wide input, const lowprec::policy& p) {
        same(got == expected, [&] {
            return "input " + hex(input) + ": got " + hex(got) + ", expected " + hex(expected) + " under " + text(p);
        });
    }
    void absorb(const tally& other) {
        compared_ += other.compared_;
        if (differing_ == 0) first_ = other.first_;
        differing_ += other.differing_;
    }

    std::uint64_t compared() const { return compared_; }

    /// To be called at the end of each test.
    void check(std::uint64_t at_least = 1) const {
        INFO(what_ << ": " << compared_ << " compared, " << differing_ << " differ; first: " << first_);
        CHECK(differing_ == 0);
        CHECK(compared_ >= at_least);
    }

private:
    std::string what_;
    std::string first_ = "none";
    std::uint64_t compared_ = 0;
    std::uint64_t differing_ = 0;
};

/// SplitMix64 (Steele, Lea, Flood 2014): the same sequence everywhere.
class random_bits {
public:
    explicit random_bits(std::uint64_t seed) : state_{seed} {}
    std::uint64_t operator()() {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t state_;
};

/// The pattern of the largest float (or double) that isn't above x; the infinity's pattern if x is past them all.
inline std::uint64_t floor_bits(const format& native, number x) {
    const position p = native.locate(x);
    return static_cast<std::uint64_t>(p.below);
}

/// The magnitudes, as patterns of `native` (fp32 or fp64), at every value and midpoint of f from zero to past the step after
/// the largest value, each with its neighbours one step away on both sides.
inline std::vector<std::uint64_t> edges(const format& f, const format& native) {
    std::vector<std::uint64_t> patterns;
    const auto add = [&](number x) {
        const std::uint64_t at = floor_bits(native, x);
        for (std::uint64_t pattern = at == 0 ? 0 : at - 1; pattern <= at + 2; ++pattern)
            if (patterns.empty() || pattern > patterns.back()) patterns.push_back(pattern);
    };
    for (std::int64_t code = f.description().zero ? 0 : -1; code <= f.largest(); ++code) {
        add(f.value(code));
        add(f.midpoint(code));
    }
    add(f.value(f.largest() + 1));
    // Three steps on, the largest and infinity: all past the range.
    const number step = difference(f.value(f.largest() + 1), f.value(f.largest()));
    add(half(sum(twice(f.value(f.largest() + 1)), step)));
    const std::uint64_t last = static_cast<std::uint64_t>(native.largest());
    for (std::uint64_t pattern = last - 1; pattern <= last + 1; ++pattern)
        if (pattern > patterns.back()) patterns.push_back(pattern);
    return patterns;
}

/// Inputs that are not ordinary numbers, as double patterns: zeros, ends of the range, infinities, NaN of many payloads.
inline std::vector<std::uint64_t> special_doubles() {
    std::vector<std::uint64_t> patterns;
    for (const std::uint64_t magnitude :
         {0x0ULL, 0x1ULL, 0xFFFFFFFFFFFFFULL, 0x10000000000000ULL, 0x3FF0000000000000ULL, 0x7FEFFFFFFFFFFFFFULL,
          0x7FF0000000000000ULL, 0x7FF0000000000001ULL, 0x7FF4000000000000ULL, 0x7FF5555555555555ULL,
          0x7FF8000000000000ULL, 0x7FF8000000000001ULL, 0x7FFAAAAAAAAAAAAAULL, 0x7FFC000000000000ULL,
          0x7FFFFFFFFFFFFFFFULL, 0x47EFFFFFE0000000ULL, 0x0010000000000000ULL, 0x36A0000000000000ULL})
        for (const std::uint64_t sign : {0ULL, 1ULL << 63}) patterns.push_back(magnitude | sign);
    return patterns;
}

/// The same for float.
inline std::vector<std::uint32_t> special_floats() {
    std::vector<std::uint32_t> patterns;
    for (const std::uint32_t magnitude :
         {0x0U, 0x1U, 0x7FFFFFU, 0x800000U, 0x3F800000U, 0x7F7FFFFFU, 0x7F800000U, 0x7F800001U, 0x7FA00000U,
          0x7FAAAAAAU, 0x7FC00000U, 0x7FC00001U, 0x7FD55555U, 0x7FE00000U, 0x7FFFFFFFU, 0x400000U, 0x200000U})
        for (const std::uint32_t sign : {0U, 1U << 31}) patterns.push_back(magnitude | sign);
    return patterns;
}

inline double as_double(std::uint64_t bits) { return std::bit_cast<double>(bits); }
inline float as_float(std::uint64_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits)); }

}  // namespace oracle

#endif
