// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 2
//
// Questions about formats with compile-time answers: what fits, what survives, and all there is.
#ifndef LOWPREC_TRAITS_HPP
#define LOWPREC_TRAITS_HPP

#include <array>
#include <lowprec/convert.hpp>
#include <lowprec/math.hpp>

namespace lowprec {

/// Whether `x` is exactly a value of To: false for -0 where there is none, for infinity and NaN where there is none.
template <detail::conversion_target To, number From>
[[nodiscard]] LOWPREC_HOST_DEVICE constexpr bool representable(From x) noexcept {
    if constexpr (detail::is_native_float_v<From>) {
        return representable<To>(detail::format_from_native(x));
    } else if constexpr (detail::is_native_float_v<To>) {
        return representable<detail::format_of<To>>(x);
    } else {
        if constexpr (format<From>)
            if (isnan(x)) {
                if constexpr (format<To>) return To::has_nan;
                return false;
            }
        return !inspect<To>(x, policy{.infinity = infinity_input::infinity_or_nan}).inexact && [&] {
            // an infinity that became NaN
            if constexpr (format<From> && format<To>) return !isinf(x) || To::has_infinity;
            return true;
        }();
    }
}

namespace detail {

// Where every value of From is looked at by a few: a target holds a whole binade exactly if it holds the binade's last
// value, whose mantissa is all ones; and all binades between two that it holds.
template <class From, class To>
constexpr bool holds_all_magnitudes() noexcept {
    using code = typename From::storage_type;
    constexpr int m = From::mantissa_bits;
    const auto holds = [](std::uint64_t c) { return representable<To>(From::from_bits(static_cast<code>(c))); };
    if (!holds(From::smallest_code) || !holds(From::smallest_normal_code) || !holds(From::largest_code)) return false;
    if (From::has_zero && !holds(0)) return false;
    if constexpr (From::has_subnormals)
        for (int n = 1; n <= m; ++n)
            if (!holds(ones<std::uint64_t>(n))) return false;
    const std::uint64_t full_binades = (std::uint64_t{From::largest_code} + 1) >> m;  // whose last value is finite
    const std::uint64_t first = From::has_zero ? 1 : 0;
    if (full_binades > first && (!holds((first << m) | From::mantissa_mask) || !holds((full_binades << m) - 1)))
        return false;
    return true;
}

// A long double that isn't binary64 is no target of `convert`, but the question has an answer.
template <class From>
constexpr bool fits_long_double() noexcept {
    using wide = std::numeric_limits<long double>;
    if constexpr (is_integer_v<From>)
        return bits_of<From> - (is_signed_integer_v<From> ? 1 : 0) <= wide::digits;
    else if constexpr (is_native_float_v<From>)
        return true;
    else
        return From::has_zero ? From::max_exponent < wide::max_exponent &&
                                    From::min_exponent - From::mantissa_bits >= wide::min_exponent - wide::digits
                              : From::max_exponent < wide::max_exponent && From::min_exponent >= wide::min_exponent - 1;
}

template <class T>
concept arithmetic_or_format = number<T> || std::is_same_v<T, long double>;

template <class From, class To>
constexpr bool is_lossless() noexcept {
    if constexpr (std::is_same_v<From, To>) {
        return true;
    } else if constexpr (std::is_same_v<To, bool>) {
        return false;  // every other type has more than two values
    } else if constexpr (!number<From>) {
        return false;  // a long double wider than binary64 fits nothing that converts
    } else if constexpr (!number<To>) {
        return fits_long_double<From>();
    } else if constexpr (is_native_float_v<From>) {
        return is_lossless<format_of<From>, To>();
    } else if constexpr (is_native_float_v<To>) {
        return is_lossless<From, format_of<To>>();
    } else if constexpr (is_integer_v<From>) {
        // all ones needs every bit and the range; one and zero need the bottom; minus two to the n is one bit
        using limits = std::conditional_t<std::is_same_v<From, bool>, std::uint8_t, From>;
        constexpr int value_bits =
            std::is_same_v<From, bool> ? 1 : bits_of<limits> - (is_signed_integer_v<limits> ? 1 : 0);
        const auto most = static_cast<limits>(ones<uint128>(value_bits));
        return representable<To>(most) && representable<To>(limits{1}) && representable<To>(limits{0}) &&
               (!is_signed_integer_v<limits> ||
                (representable<To>(static_cast<limits>(-most)) && representable<To>(static_cast<limits>(-most - 1))));
    } else if constexpr (is_integer_v<To>) {
        constexpr bool integers_only = From::min_exponent - From::mantissa_bits >= 0;
        return integers_only && !From::has_infinity && !From::has_nan && !From::has_negative_zero &&
               (From::sign_bits == 0 || representable<To>(From::from_bits(From::sign_mask | From::largest_code))) &&
               holds_all_magnitudes<From, To>();
    } else {
        constexpr bool keeps_infinity =
            !From::has_infinity || (To::has_infinity && isinf(convert<To>(From::from_bits(From::infinity_code))));
        return From::sign_bits <= To::sign_bits && (!From::has_negative_zero || To::has_negative_zero) &&
               (!From::has_nan || To::has_nan) && keeps_infinity && holds_all_magnitudes<From, To>();
    }
}

}  // namespace detail

/// Whether every value of From, infinity and -0 survives the conversion to To under the default policy, and NaN stays NaN.
template <detail::arithmetic_or_format From, detail::arithmetic_or_format To>
inline constexpr bool is_lossless_v = detail::is_lossless<From, To>();

namespace detail {
template <class F>
concept width_is_at_most_8 = F::width <= 8;
}

/// Every value of F in the order of its codes, specials included.
template <format F>
    requires detail::width_is_at_most_8<F>
[[nodiscard]] LOWPREC_HOST_DEVICE constexpr std::array<F, std::size_t{1} << F::width> all_values() noexcept {
    std::array<F, std::size_t{1} << F::width> values{};
    for (std::size_t code = 0; code < values.size(); ++code)
        values[code] = F::from_bits(static_cast<typename F::storage_type>(code));
    return values;
}

}  // namespace lowprec

#endif
