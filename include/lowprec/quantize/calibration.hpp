// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 6
//
// How many bins of a histogram of magnitudes a quantizer's range should hold. In integers, logarithms too: nothing depends on a
// mathematical library, a compiler's flags or the environment.
#ifndef LOWPREC_QUANTIZE_CALIBRATION_HPP
#define LOWPREC_QUANTIZE_CALIBRATION_HPP

#include <cstddef>
#include <cstdint>
#include <lowprec/detail/bits.hpp>
#include <lowprec/detail/fail_argument.hpp>
#include <span>

namespace lowprec::detail {

/// log2(x) in units of 2^-48, cut; x >= 1.
LOWPREC_INLINE constexpr std::int64_t log2_fixed(std::uint64_t x) noexcept {
    const int whole = bit_width(x) - 1;
    std::int64_t result = whole;
    std::uint64_t m = x << (63 - whole);  // 1 <= m < 2 in units of 2^-63
    for (int i = 0; i < 48; ++i) {
        const uint128 square = uint128{m} * m >> 63;
        const bool two = square >> 64 != 0;
        m = static_cast<std::uint64_t>(two ? square >> 1 : square);
        result = 2 * result + (two ? 1 : 0);
    }
    return result;
}

/// The range by relative entropy, as TensorRT 2016 describes it. For each i from `levels` to the number of bins in use: P are
/// the first i bins, the last of which also has all that follow; Q are the first i bins without these, each replaced by the
/// mean of the non-empty ones of its level (bin j belongs to level j * levels / i), empty bins staying empty. The last i whose
/// relative entropy sum p log(p / q), of P and Q as distributions, is least. Bin 0, which is full of zeros, counts as much as
/// bin 1. An i where the last bin is empty and numbers follow has no finite entropy.
template <class Isa>
std::size_t entropy_threshold(std::span<const std::uint64_t> bins, std::size_t used, std::size_t levels) {
    if (levels == 0) fail_argument("lowprec::histogram: entropy needs levels");
    if (used <= levels || used < 2) return used;
    const auto count_of_bin = [&](std::size_t i) { return bins[i == 0 ? 1 : i]; };
    const auto times_log = [](std::uint64_t n, std::uint64_t x) {
        return x == 0 ? int128{0} : int128{n} * log2_fixed(x);
    };
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < used; ++i) all += count_of_bin(i);

    std::size_t best = used;
    bool any = false;
    int128 least = 0, before_last = 0;  // sum p log p of the bins before the last
    std::uint64_t inside = 0;
    std::size_t next = 0;
    for (std::size_t i = levels; i <= used; ++i) {
        for (; next < i; ++next) {
            inside += count_of_bin(next);
            if (next + 1 < i) before_last += times_log(count_of_bin(next), count_of_bin(next));
        }
        const std::uint64_t outside = all - inside, last = count_of_bin(i - 1);
        if (inside != 0 && (last != 0 || outside == 0)) {
            // All entropies have the same sum of P, so sum p log p - sum p log q + (sum of P) log(sum of Q) orders them.
            int128 entropy = before_last + times_log(last + outside, last + outside) + times_log(all, inside);
            std::size_t bin = 0;
            for (std::size_t level = 0; level < levels; ++level) {
                std::uint64_t sum = 0, filled = 0;
                for (; bin < i && bin * levels / i == level; ++bin) {
                    sum += count_of_bin(bin);
                    filled += static_cast<std::uint64_t>(count_of_bin(bin) != 0);
                }
                if (sum == 0) continue;
                const std::uint64_t p = level + 1 == levels ? sum + outside : sum;
                entropy -= int128{p} * (log2_fixed(sum) - log2_fixed(filled));
            }
            if (!any || entropy <= least) {
                least = entropy;
                best = i;
                any = true;
            }
        }
        before_last += times_log(last, last);
    }
    return best;
}

/// The range by mean squared error. For each i from highest + 1 to the number of bins in use: bin centres are quantized with the
/// scale i / highest (ties up), the codes saturated at `highest`. The largest i whose sum of squared errors, exact, is least.
template <class Isa>
std::size_t squared_error_threshold(std::span<const std::uint64_t> bins, std::size_t used, int highest) {
    if (highest < 1 || highest > 127) fail_argument("lowprec::histogram: the highest code is not 1 to 127");
    const auto codes = static_cast<std::uint64_t>(highest);
    if (used <= codes + 1) return used;
    std::size_t best = used;
    bool any = false;
    uint128 least = 0;
    for (std::size_t i = codes + 1; i <= used; ++i) {
        uint128 error = 0;
        for (std::size_t bin = 0; bin < used; ++bin) {
            if (bins[bin] == 0) continue;
            const std::uint64_t twice_centre = (2 * bin + 1) * codes;  // in half widths, times `highest`
            std::uint64_t code = (twice_centre + i) / (2 * i);
            if (code > codes) code = codes;
            const auto off = static_cast<std::int64_t>(twice_centre) - static_cast<std::int64_t>(2 * code * i);
            error += uint128{static_cast<std::uint64_t>(off * off)} * bins[bin];
        }
        if (!any || error <= least) {
            least = error;
            best = i;
            any = true;
        }
    }
    return best;
}

}  // namespace lowprec::detail

#endif
