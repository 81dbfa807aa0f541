// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 2
//
// convert: the definition of what every faster path must return. A source is taken apart into sign, significand and
// exponent; `encode` rounds once and decides what can't be held; all of it in integers, so that neither the floating-point
// environment nor -ffast-math can change a bit, and compile time and run time agree.
#ifndef LOWPREC_CONVERT_HPP
#define LOWPREC_CONVERT_HPP

#include <lowprec/detail/decode.hpp>
#include <lowprec/detail/encode.hpp>
#include <lowprec/float_format.hpp>
#include <lowprec/policy.hpp>

namespace lowprec {

namespace detail {

/// `convert` with its sources and targets as formats: a built-in float stands for its format, an integer for itself.
/// Result is To or conversion<To>.
template <class To, class Result = To, class From>
LOWPREC_INLINE constexpr Result convert_with(From x, policy p, std::uint64_t random) noexcept {
    if constexpr (is_native_float_v<From>) {
        return convert_with<To, Result>(format_from_native(x), p, random);
    } else if constexpr (is_native_float_v<To>) {
        using format = format_of<To>;
        if constexpr (std::is_same_v<Result, To>) {
            return native_from_format<To>(convert_with<format>(x, p, random));
        } else {
            const auto found = convert_with<format, conversion<format>>(x, p, random);
            return {native_from_format<To>(found.value), found.inexact, found.overflow, found.underflow};
        }
    } else if constexpr (std::is_same_v<To, From>) {
        return give<Result>(x, false, false, false);
    } else if constexpr (is_integer_v<To>) {
        return decode_to<integer_sink<To, Result>>(x, p, random);
    } else {
        return decode_to<format_sink<To, Result>>(x, p, random);
    }
}

template <class F, class T>
constexpr F from_builtin(T x) noexcept {
    return convert_with<F>(x, policy{}, 0);
}

template <class T, class F>
constexpr T to_builtin(F x) noexcept {
    return convert_with<T>(x, policy{.round = is_integer_v<T> ? rounding::toward_zero : rounding::nearest_even}, 0);
}

template <policy P>
concept policy_without_stochastic_rounding = P.round != rounding::stochastic;
template <policy P>
concept policy_with_stochastic_rounding = P.round == rounding::stochastic&& P.random_bits >= 1 && P.random_bits <= 64;

template <class T>
concept conversion_target = number<T> && !std::is_same_v<T, bool>;  // bool(f) asks for f != 0

}  // namespace detail

/// Converts a number to a format, or a number in a format to a built-in one, rounding once.
/// Rounds:  by P.round, to nearest even unless told otherwise. To integers too.
/// Beyond:  by P's switches. A format or float converted to itself keeps its code. To integers: NaN is 0, the rest saturates.
/// Errors:  none; noexcept, no allocation, and the floating-point environment is neither read nor set.
/// Source:  docs/conversion.md has the rules and other systems' beside them.
template <detail::conversion_target To, policy P = policy{}, number From>
    requires detail::policy_without_stochastic_rounding<P>
[[nodiscard]] LOWPREC_INLINE constexpr To convert(From x) noexcept { return detail::convert_with<To>(x, P, 0); }

/// Stochastic rounding: away from zero with a probability that the discarded fraction gives, by the low P.random_bits bits
/// of `random_bits`. Equal bits give equal results.
/// Source:  IEEE P3109 interim report 4.0, methods A, B, C.
template <detail::conversion_target To, policy P, number From>
    requires detail::policy_with_stochastic_rounding<P>
[[nodiscard]] LOWPREC_INLINE constexpr To convert(From x, std::uint64_t random_bits) noexcept {
    return detail::convert_with<To>(x, P, random_bits);
}

/// The same conversion with a policy chosen at run time: for tools and tests, slower. `random_bits` is read only by
/// stochastic rounding.
template <detail::conversion_target To, number From>
[[nodiscard]] LOWPREC_HOST_DEVICE constexpr To convert(From x, policy p, std::uint64_t random_bits = 0) noexcept {
    return detail::convert_with<To>(x, p, random_bits);
}

/// The conversion with its exceptions: whether it was inexact, overflowed or underflowed.
template <detail::conversion_target To, number From>
[[nodiscard]] LOWPREC_HOST_DEVICE constexpr conversion<To> inspect(From x, policy p = {},
                                                                   std::uint64_t random_bits = 0) noexcept {
    return detail::convert_with<To, conversion<To>>(x, p, random_bits);
}

}  // namespace lowprec

#endif
