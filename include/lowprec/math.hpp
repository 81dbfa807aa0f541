// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 2
//
// Classification, signs and neighbours, by the names of <cmath>, read off the code.
#ifndef LOWPREC_MATH_HPP
#define LOWPREC_MATH_HPP

#include <lowprec/convert.hpp>

namespace lowprec {

template <format F>
[[nodiscard]] LOWPREC_INLINE constexpr bool isnan(F x) noexcept {
    return x != x;
}
template <format F>
[[nodiscard]] LOWPREC_INLINE constexpr bool isinf(F x) noexcept {
    return F::has_infinity && (x.bits() & F::magnitude_mask) == F::infinity_code && !isnan(x);
}
template <format F>
[[nodiscard]] LOWPREC_INLINE constexpr bool isfinite(F x) noexcept {
    return !isnan(x) && !isinf(x);
}
/// Finite, not zero, and not subnormal.
template <format F>
[[nodiscard]] LOWPREC_INLINE constexpr bool isnormal(F x) noexcept {
    return isfinite(x) && (x.bits() & F::magnitude_mask) >= F::smallest_normal_code;
}
/// The sign bit: true for -0 and for a NaN with a sign; false for the one NaN of a format that keeps it at -0.
template <format F>
[[nodiscard]] LOWPREC_INLINE constexpr bool signbit(F x) noexcept {
    return (x.bits() & F::sign_mask) != 0 && !(F::special_values.nan == nan_at::negative_zero && isnan(x));
}

/// The value without its sign; NaN stays NaN.
template <format F>
[[nodiscard]] LOWPREC_INLINE constexpr F abs(F x) noexcept {
    if (!signbit(x)) return x;
    return F::from_bits(static_cast<typename F::storage_type>(x.bits() & F::magnitude_mask));
}

/// The magnitude of `x` with the sign of `y`; a zero or NaN that can't have a sign stays as it is.
template <format F>
[[nodiscard]] LOWPREC_INLINE constexpr F copysign(F x, F y) noexcept {
    const F magnitude = abs(x);
    if (!signbit(y) || (F::special_values.nan == nan_at::negative_zero && (x.bits() & F::magnitude_mask) == 0))
        return magnitude;
    return F::from_bits(static_cast<typename F::storage_type>(magnitude.bits() | F::sign_mask));
}

namespace detail {

// One step away from zero or toward it; the caller has dealt with NaN and with the ends.
template <class F>
LOWPREC_HOST_DEVICE constexpr F step(F x, bool away) noexcept {
    using code = typename F::storage_type;
    const F y = F::from_bits(static_cast<code>(away ? x.bits() + 1 : x.bits() - 1));
    const bool no_such_zero = F::has_zero && !F::has_negative_zero && (y.bits() & F::magnitude_mask) == 0;
    return no_such_zero ? F::from_bits(0) : y;
}

// The next value above (`up`) or below.
template <class F>
LOWPREC_HOST_DEVICE constexpr F next(F x, bool up) noexcept {
    using code = typename F::storage_type;
    if (isnan(x)) return x;
    const auto magnitude = static_cast<code>(x.bits() & F::magnitude_mask);
    if (magnitude == 0 && F::has_zero) {  // leaving zero: one code for either sign
        if (up) return F::from_bits(F::smallest_code);
        return F::from_bits(static_cast<code>(F::sign_bits == 1 ? F::sign_mask | F::smallest_code : 0));
    }
    const bool away = signbit(x) != up;
    if (away && magnitude == (F::has_infinity ? F::infinity_code : F::largest_code)) return x;
    if (!away && magnitude == 0)
        return F::sign_bits == 1 ? F::from_bits(static_cast<code>(x.bits() ^ F::sign_mask)) : x;
    return step(x, away);
}

}  // namespace detail

/// The smallest value above `x`: from the largest finite value it goes to infinity, or stays where there is none.
/// NaN gives NaN; the step above the smallest negative value is -0 where there is one.
template <format F>
[[nodiscard]] LOWPREC_HOST_DEVICE constexpr F next_up(F x) noexcept {
    return detail::next(x, true);
}
/// The largest value below `x`; an unsigned format ends at its smallest value.
template <format F>
[[nodiscard]] LOWPREC_HOST_DEVICE constexpr F next_down(F x) noexcept {
    return detail::next(x, false);
}

/// The unit in the last place: the distance between the neighbours in the binade of |x|, the smallest positive value below
/// the normal range. NaN gives NaN, infinity gives infinity.
template <format F>
[[nodiscard]] LOWPREC_HOST_DEVICE constexpr F ulp(F x) noexcept {
    if (!isfinite(x)) return abs(x);
    const int field = static_cast<int>((x.bits() & F::magnitude_mask) >> F::mantissa_bits);
    const int exponent = detail::max_of(field - F::bias, F::min_exponent);
    return F::from_bits(detail::code_of_power<F>(exponent - F::mantissa_bits));
}

}  // namespace lowprec

#endif
