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
    using code = typename F::storage_type;
    const format& f = format_of<F>();
    tally segments{std::string{lowprec::name_of<F>} + " " + text(P)};
    std::uint64_t compared = 0;
    for (const std::uint32_t sign : {0U, 0x80000000U}) {
        std::uint64_t at = 0;  // the next pattern
        // Everything up to `end` has one code. The loop is bare, so that 2^32 steps take seconds.
        const auto one_code = [&](std::uint64_t end, std::uint64_t expected) {
            const std::uint64_t begin = at;
            std::uint32_t wrong = 0;
            for (; at < end; at += stride)
                wrong += lowprec::convert<F, P>(as_float(at | sign)).bits() != static_cast<code>(expected);
            compared += (at - begin) / stride;
            segments.same(wrong == 0, [&] {
                return std::to_string(wrong) + " of the floats from " + hex(begin | sign) + " up to " +
                       hex(end | sign) + " did not become " + hex(expected);
            });
        };
        const auto code_of = [&](std::uint32_t bits) { return f.convert(from_float_bits(bits | sign), P).code; };
        const std::vector<std::uint32_t> thresholds = float_thresholds(f, P, sign);
        one_code(thresholds[0], code_of(0));
        for (std::size_t magnitude = 1; magnitude < thresholds.size(); ++magnitude)
            one_code(thresholds[magnitude], magnitude | (sign != 0 ? f.description().sign_code() : 0));
        one_code(0x7F800000, code_of(0x7F7FFFFF));
        one_code(0x7F800001, code_of(0x7F800000));
        // One NaN per sign, or the payload's top bits with the quiet bit set.
        const int payload_bits = f.description().nan == nan_place::ieee ? f.description().mantissa_bits - 1 : 0;
        for (std::uint64_t payload = 0; payload < 2ULL << payload_bits; ++payload) {
            const std::uint64_t kept = payload & ((1ULL << payload_bits) - 1);
            one_code(0x7F800000 + ((payload + 1) << (22 - payload_bits)), code_of(0x7FC00000) | kept);
        }
    }
    segments.check();
    CHECK(compared >= 0xFFFFFFFFU / stride);
}

}  // namespace oracle

#endif
