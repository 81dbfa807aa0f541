// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A sweep of floats in the order of their magnitudes. The codes rise with them, so the oracle is asked only where the code
// changes: its thresholds are found by bisection once, and the sweep walks along them.
#ifndef LOWPREC_TESTS_SUPPORT_FLOAT_SWEEP_HPP
#define LOWPREC_TESTS_SUPPORT_FLOAT_SWEEP_HPP

#include <lowprec/convert.hpp>
#include <vector>

#include "support/sweep.hpp"

namespace oracle {

/// thresholds[m]: the smallest pattern with that sign that rounds to a magnitude above code m.
inline std::vector<std::uint32_t> float_thresholds(const format& f, const lowprec::policy& p, std::uint32_t sign) {
    constexpr std::uint32_t infinity = 0x7F800000;
    std::vector<std::uint32_t> thresholds;
    std::uint32_t from = 0;
    for (std::int64_t code = 0; code <= f.largest(); ++code) {
        std::uint32_t low = from, high = infinity;  // the answer is in [low, high]
        while (low < high) {
            const std::uint32_t middle = low + (high - low) / 2;
            if (f.rounded(from_float_bits(middle | sign), p) > code)
                high = middle;
            else
                low = middle + 1;
        }
        thresholds.push_back(low);
        from = low;
    }
    return thresholds;
}

/// Every `stride`-th pattern of each sign, from zero through the NaNs, against a policy known at compile time.
template <class F, lowprec::policy P>
void sweep_floats(std::uint32_t stride) {
    const format& f = format_of<F>();
    tally codes{std::string{lowprec::name_of<F>} + " " + text(P)};
    for (const std::uint32_t sign : {0U, 0x80000000U}) {
        const std::vector<std::uint32_t> thresholds = float_thresholds(f, P, sign);
        const auto last = static_cast<std::uint32_t>(f.largest());
        const auto code_of = [&](std::uint32_t bits) { return f.convert(from_float_bits(bits | sign), P).code; };
        std::uint32_t magnitude = 0;
        const std::uint64_t zero = code_of(0), past = code_of(0x7F7FFFFF);
        std::uint64_t expected = zero;
        const auto step = [&](std::uint32_t bits) {
            const std::uint64_t got = lowprec::convert<F, P>(as_float(bits | sign)).bits();
            codes.code(got, expected, bits | sign, P);
        };
        std::uint64_t at = 0;
        for (; at < 0x7F800000; at += stride) {
            const auto bits = static_cast<std::uint32_t>(at);
            if (magnitude <= last && bits >= thresholds[magnitude]) {
                while (magnitude <= last && bits >= thresholds[magnitude]) ++magnitude;
                expected = magnitude > last ? past : magnitude | (sign != 0 ? f.description().sign_code() : 0);
            }
            step(bits);
        }
        expected = code_of(0x7F800000);
        step(0x7F800000);
        // One NaN per sign, or the payload's top bits with the quiet bit set.
        for (at = at > 0x7F800000 ? at : 0x7F800001; at < 0x80000000; at += stride) {
            const auto bits = static_cast<std::uint32_t>(at);
            expected = code_of(0x7FC00000);
            if (f.description().nan == nan_place::ieee) expected |= (bits & 0x3FFFFF) >> (23 - f.description().mantissa_bits);
            step(bits);
        }
    }
    codes.check(0xFFFFFFFFU / stride);
}

}  // namespace oracle

#endif
