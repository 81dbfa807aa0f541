// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What the tests of integers share: the types, their interesting values, and a second opinion on rounding to them.
#ifndef LOWPREC_TESTS_SUPPORT_INTEGERS_HPP
#define LOWPREC_TESTS_SUPPORT_INTEGERS_HPP

#include <vector>

#include "support/rows.hpp"

namespace oracle {

template <class Integer>
constexpr int bits_of_integer = static_cast<int>(8 * sizeof(Integer));
template <class Integer>
constexpr wide largest_integer = is_signed_int<Integer> ? (~wide{0} >> (129 - bits_of_integer<Integer>))
                                                        : (~wide{0} >> (128 - bits_of_integer<Integer>));

// 2^k - 2 to 2^k + 2 of every k, and their negatives, as far as the type goes.
template <class Integer>
std::vector<Integer> around_powers_of_two() {
    std::vector<Integer> result;
    for (int k = 0; k < bits_of_integer<Integer>; ++k)
        for (int d = -2; d <= 2; ++d) {
            const wide x = (wide{1} << k) + static_cast<wide>(static_cast<signed_wide>(d));
            if (x <= largest_integer<Integer>) result.push_back(static_cast<Integer>(x));
            if (is_signed_int<Integer> && x <= largest_integer<Integer> + 1)
                result.push_back(static_cast<Integer>(wide{0} - x));
        }
    return result;
}

template <class... Integers, class Function>
void for_each_type(Function&& f) {
    (f(type<Integers>{}), ...);
}

template <class Function>
void for_each_integer(Function&& f) {
    for_each_type<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t, std::uint32_t, std::int64_t,
                  std::uint64_t, signed_wide, wide>(f);
}

// What an exact magnitude becomes as an integer: a whole part, a rest, a decision, and the ends of the type.
template <class Integer>
Integer to_integer(const source& s, const lowprec::policy& p) {
    if (s.kind == kind::nan) return 0;
    const wide end =
        s.negative ? (is_signed_int<Integer> ? largest_integer<Integer> + 1 : 0) : largest_integer<Integer>;
    const auto give = [&](wide magnitude) {
        const wide kept = magnitude > end ? end : magnitude;
        return static_cast<Integer>(s.negative ? wide{0} - kept : kept);
    };
    if (s.kind == kind::infinite || compare(s.magnitude, {1, 128}) >= 0) return give(~wide{0});
    const number x = s.magnitude;
    wide whole = 0;
    int half = -1;  // the fraction against one half
    bool exact = true;
    if (x.exponent >= 0) {
        whole = in_units(x, 0);
    } else {
        whole = x.exponent <= -128 ? 0 : x.significand >> -x.exponent;
        const number rest = difference(x, {whole, 0});
        exact = rest.significand == 0;
        half = compare(rest, {1, -1});
    }
    bool away = false;
    switch (p.round) {
    case lowprec::rounding::nearest_even: away = half > 0 || (half == 0 && whole % 2 != 0); break;
    case lowprec::rounding::nearest_away: away = half >= 0; break;
    case lowprec::rounding::toward_zero: break;
    case lowprec::rounding::upward: away = !exact && !s.negative; break;
    case lowprec::rounding::downward: away = !exact && s.negative; break;
    case lowprec::rounding::to_odd: away = !exact && whole % 2 == 0; break;
    case lowprec::rounding::stochastic: break;
    }
    return give(whole + (away ? 1 : 0));
}

}  // namespace oracle

#endif
