// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 2
//
// The first half of a conversion: a code or an integer becomes a sign, a significand and an exponent, handed to a sink
// (encode.hpp). Built-in floats are read as the formats that they are.
#ifndef LOWPREC_DETAIL_DECODE_HPP
#define LOWPREC_DETAIL_DECODE_HPP

#include <lowprec/float_format.hpp>
#include <lowprec/policy.hpp>

namespace lowprec::detail {

// The format that a built-in floating-point type is, by its digits.
template <int Digits, int Bits>
struct native_format;
template <>
struct native_format<53, 64> {
    using type = float_format<1, 11, 52, 1023>;
};
template <>
struct native_format<24, 32> {
    using type = float_format<1, 8, 23, 127>;
};
template <>
struct native_format<11, 16> {
    using type = float_format<1, 5, 10, 15>;
};
template <>
struct native_format<8, 16> {
    using type = float_format<1, 8, 7, 127>;
};

template <class T>
inline constexpr int native_digits = std::numeric_limits<T>::digits;
#if LOWPREC_HAS_FLOAT16
template <>  // std::numeric_limits has none for it before C++23
inline constexpr int native_digits<_Float16> = 11;
#endif
#if LOWPREC_HAS_BFLOAT16
template <>
inline constexpr int native_digits<__bf16> = 8;
#endif

template <class T>
using format_of = typename native_format<native_digits<T>, bits_of<T>>::type;

template <class T>
LOWPREC_INLINE constexpr format_of<T> format_from_native(T x) noexcept {
    return format_of<T>::from_bits(__builtin_bit_cast(typename format_of<T>::storage_type, x));
}

template <class T>
LOWPREC_INLINE constexpr T native_from_format(format_of<T> x) noexcept {
    return __builtin_bit_cast(T, x.bits());
}

/// The significand of a normal number of F, or of a subnormal one as it stands.
template <class Sink, class F>
LOWPREC_INLINE constexpr typename Sink::result decode_format(F x, policy p, std::uint64_t random) noexcept {
    constexpr int m = F::mantissa_bits;
    const auto code = x.bits();
    const auto magnitude = static_cast<typename F::storage_type>(code & F::magnitude_mask);
    const bool negative = (code & F::sign_mask) != 0;

    if constexpr (F::special_values.nan == nan_at::ieee) {
        if (magnitude >= F::infinity_code) [[unlikely]] {
            if (magnitude == F::infinity_code) return Sink::infinite(negative, p);
            return Sink::template nan<F>(negative, std::uint64_t{magnitude} << (64 - m), p);
        }
    } else {
        if constexpr (F::special_values.nan == nan_at::negative_zero)
            if (code == F::sign_mask) [[unlikely]]
                return Sink::template nan<F>(false, 0, p);
        if constexpr (F::special_values.nan == nan_at::all_ones)
            if (magnitude == F::magnitude_mask) [[unlikely]]
                return Sink::template nan<F>(negative, 0, p);
        if constexpr (F::has_infinity)
            if (magnitude == F::infinity_code) [[unlikely]]
                return Sink::infinite(negative, p);
    }

    constexpr int top = max_of(m, Sink::mantissa_bits + 1);
    using significand_type = std::conditional_t<(top + 2 < 32), std::uint32_t, std::uint64_t>;
    auto significand = static_cast<significand_type>(magnitude & F::mantissa_mask);
    const int field = static_cast<int>(magnitude >> m);
    const bool normal = !F::has_zero || field != 0;
    significand |= static_cast<significand_type>(significand_type{normal} << m);
    int exponent = field + 1 - static_cast<int>(normal) - F::bias;
    // A subnormal is moved up only where the target could hold it as a normal number.
    if constexpr (F::has_zero && (F::min_exponent > Sink::min_exponent || !Sink::has_zero)) {
        if (!normal) {
            if (significand == 0) return Sink::zero(negative, p);
            const int up = m + 1 - bit_width(significand);
            significand = static_cast<significand_type>(significand << up);
            exponent -= up;
        }
    }
    return Sink::template finite<top, F::max_exponent>(static_cast<significand_type>(significand << (top - m)),
                                                       exponent, negative, p, random);
}

template <class Sink, class Int>
LOWPREC_INLINE constexpr typename Sink::result decode_integer(Int x, policy p, std::uint64_t random) noexcept {
    const bool negative = x < Int{0};
    const uint128 magnitude = negative ? uint128{0} - static_cast<uint128>(x) : static_cast<uint128>(x);
    if constexpr (is_integer_v<typename Sink::target>) {
        return Sink::whole(magnitude, negative);
    } else {
        if (magnitude == 0) return Sink::zero(false, p);
        using word = std::conditional_t<(bits_of<Int> <= 32), std::uint64_t, uint128>;
        constexpr int top = bits_of<Int> == 128 ? 124 : max_of(bits_of<Int> - 1, Sink::mantissa_bits + 1);
        const int exponent = bit_width(magnitude) - 1;
        // 124 bits are more than any rounding looks at, with what was cut off kept in the last one
        const auto significand = exponent <= top ? static_cast<word>(static_cast<word>(magnitude) << (top - exponent))
                                                 : static_cast<word>(shift_right_sticky(magnitude, exponent - top));
        return Sink::template finite<top, bits_of<Int>>(significand, exponent, negative, p, random);
    }
}

template <class Sink, class From>
LOWPREC_INLINE constexpr typename Sink::result decode_to(From x, policy p, std::uint64_t random) noexcept {
    if constexpr (std::is_same_v<From, bool>)
        return decode_integer<Sink>(static_cast<int>(x), p, random);
    else if constexpr (is_integer_v<From>)
        return decode_integer<Sink>(x, p, random);
    else
        return decode_format<Sink>(x, p, random);
}

}  // namespace lowprec::detail

#endif
