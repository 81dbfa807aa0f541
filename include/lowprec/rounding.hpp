// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 2
//
// The rounding decision, once for every conversion, on integers:
//
//      significand    k k k k | r r r r r r        value = k.rrrrrr in units of the target's last place
//                      kept       rest             `rest` is moved to the top of its word: its highest bit is one half
//
#ifndef LOWPREC_ROUNDING_HPP
#define LOWPREC_ROUNDING_HPP

#include <lowprec/detail/bits.hpp>
#include <lowprec/policy.hpp>

namespace lowprec::detail {

/// Whether the magnitude goes up by one unit, for every direction but stochastic.
/// `odd` is the lowest bit of the truncated code, `rest` the discarded bits at the top of the word.
template <class U>
LOWPREC_INLINE constexpr bool rounds_away(rounding direction, bool negative, bool odd, U rest) noexcept {
    constexpr U half = static_cast<U>(U{1} << (bits_of<U> - 1));
    switch (direction) {
    case rounding::nearest_even: return static_cast<U>(rest | static_cast<U>(odd)) > half;
    case rounding::nearest_away: return rest >= half;
    case rounding::upward: return !negative && rest != 0;
    case rounding::downward: return negative && rest != 0;
    case rounding::to_odd: return !odd && rest != 0;
    case rounding::toward_zero:
    case rounding::stochastic: break;
    }
    return false;
}

/// The same for stochastic rounding. The discarded fraction is v = (significand mod 2^shift) / 2^shift, shift >= 0 without
/// limit; N = p.random_bits and R the low N bits of `random`.
LOWPREC_INLINE constexpr bool rounds_away_stochastic(policy p, uint128 significand, int shift,
                                                     std::uint64_t random) noexcept {
    const int n = p.random_bits < 1 ? 1 : min_of(p.random_bits, 64);
    const uint128 rest = shift >= 128 ? significand : significand & ones<uint128>(shift);
    if (rest == 0) return false;
    // floor(v * 2^k); rest < 2^shift, so nothing is lost on the left
    const auto scaled = [&](int k) -> uint128 {
        if (k >= shift) return rest << (k - shift);
        return shift - k >= 128 ? uint128{0} : rest >> (shift - k);
    };
    const uint128 r = random & ones<std::uint64_t>(n);
    const uint128 one = uint128{1} << n;
    switch (p.method) {
    case stochastic_method::a: return scaled(n) + r >= one;
    case stochastic_method::b: return scaled(n + 1) + 2 * r + 1 >= 2 * one;
    case stochastic_method::c: break;
    }
    uint128 nearest = scaled(n);
    if (shift > n) {
        const int down = shift - n;  // at least 1
        const uint128 lost = down >= 128 ? rest : rest & ones<uint128>(down);
        const uint128 half = down > 128 ? uint128{0} : uint128{1} << (down - 1);
        const bool odd = (nearest & 1) != 0;
        if (half != 0 && (lost > half || (lost == half && odd))) ++nearest;
    }
    return nearest + r >= one;
}

}  // namespace lowprec::detail

#endif
