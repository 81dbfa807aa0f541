// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 2
//
// The second half of a conversion: a sign, a significand and an exponent become a code or an integer.
//
//      significand, highest bit at Top         0 1.x x x x x x x x x        value = significand * 2^(exponent - Top)
//                                                | M bits |   rest
//      code = kept bits + (binades above the smallest normal << M)          a carry out of the mantissa is the next binade
//
// Below the smallest normal the kept bits are fewer and there is no binade to add: the same line gives subnormals.
#ifndef LOWPREC_DETAIL_ENCODE_HPP
#define LOWPREC_DETAIL_ENCODE_HPP

#include <lowprec/float_format.hpp>
#include <lowprec/rounding.hpp>

namespace lowprec::detail {

/// The result of a conversion, as the value alone or with its exceptions; who wants only the value computes no more.
template <class Result, class Value>
LOWPREC_INLINE constexpr Result give(Value value, bool inexact, bool overflow, bool underflow) noexcept {
    if constexpr (std::is_same_v<Result, Value>)
        return value;
    else
        return {value, inexact, overflow, underflow};
}

/// What conversions into the format F do with each kind of source.
template <class F, class Result = F>
struct format_sink {
    using target = F;
    using result = Result;
    using code_type = typename F::storage_type;
    static constexpr int mantissa_bits = F::mantissa_bits;
    static constexpr int min_exponent = F::min_exponent;
    static constexpr bool has_zero = F::has_zero;

    // The sign of a NaN at -0 is its code already.
    LOWPREC_INLINE static constexpr F with_sign(code_type magnitude, bool negative) noexcept {
        return F::from_bits(static_cast<code_type>(magnitude | (negative ? F::sign_mask : code_type{0})));
    }

    static constexpr code_type infinity_or_largest = F::has_infinity ? F::infinity_code : F::largest_code;
    static constexpr code_type infinity_or_nan = F::has_infinity || !F::has_nan ? infinity_or_largest : F::nan_code;

    LOWPREC_INLINE static constexpr F smallest_or_nan(bool wants_nan) noexcept {
        return F::from_bits(wants_nan && F::has_nan ? F::nan_code : code_type{0});
    }

    /// What the overflow switch gives, without its sign.
    LOWPREC_INLINE static constexpr code_type beyond(overflow over) noexcept {
        constexpr bool p3109 = F::has_infinity && F::special_values.nan != nan_at::ieee && F::has_nan;
        switch (over) {
        case overflow::by_format: return F::width > 8 || p3109 ? infinity_or_largest : F::largest_code;
        case overflow::nonfinite: return infinity_or_nan;
        case overflow::infinity: return infinity_or_largest;
        case overflow::saturate: break;
        }
        return F::largest_code;
    }

    /// Whether the rounding direction keeps a finite value from passing the largest one.
    LOWPREC_INLINE static constexpr bool stops_at_largest(bool negative, rounding round) noexcept {
        return round == rounding::toward_zero || round == (negative ? rounding::upward : rounding::downward) ||
               (round == rounding::to_odd && (F::largest_code & 1) != 0);
    }

    template <class Source>
    LOWPREC_INLINE static constexpr Result nan(bool negative, std::uint64_t payload, policy p) noexcept {
        if (p.nan == nan_input::cuda) {
            const bool wide = Source::mantissa_bits > 23;
            p.nan = wide ? nan_input::payload : nan_input::all_ones;
            p.sign_of_nan = wide ? nan_sign::keep : nan_sign::drop;
        }
        if constexpr (!F::has_nan) {
            const bool minus = F::has_negative_zero && !negative;
            const bool largest = p.no_nan == nan_missing::largest;
            return give<Result>(
                with_sign(largest ? F::largest_code : code_type{0}, p.no_nan == nan_missing::opposite_zero && minus),
                true, false, false);
        } else {
            code_type code = F::nan_code;
            if constexpr (F::special_values.nan == nan_at::ieee) {
                if (p.nan == nan_input::payload) code |= static_cast<code_type>(payload >> (64 - F::mantissa_bits));
                if (p.nan == nan_input::all_ones) code |= F::mantissa_mask;
            }
            return give<Result>(with_sign(code, negative && p.sign_of_nan == nan_sign::keep), false, false, false);
        }
    }

    LOWPREC_INLINE static constexpr Result infinite(bool negative, policy p) noexcept {
        if (F::sign_bits == 0 && negative) {
            if (p.negative != negative_input::ignore_sign)
                return give<Result>(smallest_or_nan(p.negative == negative_input::nan), true, false, false);
            negative = false;
        }
        constexpr bool nan_at_zero = F::special_values.nan == nan_at::negative_zero && !F::has_infinity;
        const code_type code = p.infinity == infinity_input::infinity_or_nan                 ? infinity_or_nan
                               : p.infinity == infinity_input::infinity_or_largest           ? infinity_or_largest
                               : p.infinity == infinity_input::nan_if_at_zero && nan_at_zero ? F::nan_code
                                                                                             : beyond(p.over);
        return give<Result>(with_sign(code, negative), !F::has_infinity || code != F::infinity_code, false, false);
    }

    LOWPREC_INLINE static constexpr Result zero(bool negative, policy p) noexcept {
        if constexpr (F::has_zero)
            return give<Result>(with_sign(0, negative && F::has_negative_zero), negative && !F::has_negative_zero,
                                false, false);
        else
            return give<Result>(p.no_zero == zero_missing::smallest ? with_sign(0, negative) : smallest_or_nan(true),
                                true, false, true);
    }

    /// value = significand * 2^(exponent - Top), not zero, its highest bit at Top; or below F's smallest normal value (then zero
    /// as well), with F::min_exponent >= exponent and the bit not set. exponent <= MaxExponent.
    template <int Top, int MaxExponent, class U>
    LOWPREC_INLINE static constexpr Result finite(U significand, int exponent, bool negative, policy p,
                                                  std::uint64_t random) noexcept {
        constexpr int m = F::mantissa_bits;
        static_assert(Top > m && Top + 2 < bits_of<U>);
        // Binades above the smallest normal, cut at one more than F has where the sum for the code could overflow.
        constexpr int all = MaxExponent - F::min_exponent;
        constexpr int most = F::max_exponent + 1 - F::min_exponent;
        constexpr auto fits_32 = [](int binades) {
            return m + bit_width(static_cast<std::uint32_t>(max_of(binades, 0) + 3)) < 32;
        };
        constexpr bool cut = !fits_32(all) && all > most;
        constexpr bool small = fits_32(cut ? most : all);
        using wide = std::conditional_t<has_zero, std::uint64_t, std::conditional_t<(m < 40), std::int64_t, int128>>;
        using narrow = std::conditional_t<has_zero, std::uint32_t, std::int32_t>;
        using code_sum = std::conditional_t<small, narrow, wide>;

        const bool lost_sign = F::sign_bits == 0 && negative;
        if (F::sign_bits == 0 && p.negative == negative_input::ignore_sign) negative = false;

        int above = exponent - F::min_exponent;
        int shift = Top - m;
        if constexpr (has_zero) {
            const int in_range = above & ~(above >> 31);  // max(above, 0) without a branch
            shift += in_range - above;
            above = in_range;
        } else {
            above = max_of(above, -2);  // far enough to be below code 0
        }
        if constexpr (cut) above = min_of(above, most);
        const int reach = min_of(shift, Top + 2);  // from there on all is rest, and less than half

        U kept = 0;
        U rest = 0;
        if constexpr (bits_of<U> == 32) {  // one shift for both
            const std::uint64_t both = (std::uint64_t{significand} << 32) >> reach;
            kept = static_cast<U>(both >> 32);
            rest = static_cast<U>(both);
        } else {
            kept = static_cast<U>(significand >> reach);
            rest = static_cast<U>(significand << (bits_of<U> - reach));  // 1 <= reach < bits
        }
        constexpr code_sum first = static_cast<code_sum>(has_zero ? 0 : code_sum{1} << m);
        auto code = static_cast<code_sum>(static_cast<code_sum>(kept) +
                                          static_cast<code_sum>(static_cast<code_sum>(above) << m) - first);
        const bool odd = ((m > 0 ? static_cast<code_sum>(kept) : code) & 1) != 0;
        const bool away = p.round == rounding::stochastic ? rounds_away_stochastic(p, significand, shift, random)
                                                          : rounds_away(p.round, negative, odd, rest);
        code = static_cast<code_sum>(code + static_cast<code_sum>(away));

        constexpr auto largest_sum = static_cast<code_sum>(F::largest_code);
        const bool over = code > largest_sum;
        const bool tiny = significand != 0 && code < static_cast<code_sum>(F::smallest_normal_code);
        if constexpr (F::sign_bits == 0) {
            if (negative) {
                const bool is_zero = has_zero && code == 0;
                return give<Result>(smallest_or_nan(!is_zero && p.negative == negative_input::nan), true, over, tiny);
            }
        }
        if constexpr (!has_zero) {
            if (code < 0)
                return give<Result>(p.no_zero == zero_missing::nan ? smallest_or_nan(true) : with_sign(0, negative),
                                    true, false, true);
        }
        const bool inexact = rest != 0 || over || lost_sign;
        const bool minus = negative && (F::has_negative_zero || !has_zero || code != 0);
        const code_type limit = stops_at_largest(negative, p.round) ? F::largest_code : beyond(p.over);
        const F value = with_sign(over ? limit : static_cast<code_type>(code), minus);
        return give<Result>(value, inexact || (negative && !minus && !F::has_negative_zero), over, inexact && tiny);
    }
};

/// The same for a built-in integer: rounded, then saturated; NaN is 0.
template <class Int, class Result = Int>
struct integer_sink {
    using target = Int;
    using result = Result;
    static constexpr int mantissa_bits = -1;
    static constexpr int min_exponent = 1 << 30;  // a significand need not be normalised
    static constexpr bool has_zero = true;

    LOWPREC_INLINE static constexpr uint128 limit(bool negative) noexcept {
        constexpr int value_bits = bits_of<Int> - (is_signed_integer_v<Int> ? 1 : 0);
        if (!negative) return ones<uint128>(value_bits);
        return is_signed_integer_v<Int> ? uint128{1} << value_bits : uint128{0};
    }

    LOWPREC_INLINE static constexpr Int signed_value(uint128 magnitude, bool negative) noexcept {
        return static_cast<Int>(negative ? uint128{0} - magnitude : magnitude);
    }
    LOWPREC_INLINE static constexpr Int saturated(bool negative) noexcept {
        return signed_value(limit(negative), negative);
    }

    LOWPREC_INLINE static constexpr Result whole(uint128 magnitude, bool negative, bool inexact = false) noexcept {
        const bool over = magnitude > limit(negative);
        return give<Result>(over ? saturated(negative) : signed_value(magnitude, negative), inexact || over, over,
                            false);
    }

    template <class Source>
    LOWPREC_INLINE static constexpr Result nan(bool, std::uint64_t, policy) noexcept {
        return give<Result>(Int{0}, true, false, false);
    }
    LOWPREC_INLINE static constexpr Result infinite(bool negative, policy) noexcept {
        return give<Result>(saturated(negative), true, false, false);
    }
    LOWPREC_INLINE static constexpr Result zero(bool negative, policy) noexcept {
        return give<Result>(Int{0}, negative, false, false);
    }

    template <int Top, int MaxExponent, class U>
    LOWPREC_INLINE static constexpr Result finite(U significand, int exponent, bool negative, policy p,
                                                  std::uint64_t random) noexcept {
        static_assert(bits_of<U> <= 64);
        const uint128 x = significand;
        if (MaxExponent >= 128 && exponent >= 128 && x != 0)
            return give<Result>(saturated(negative), true, true, false);
        const int shift = Top - exponent;
        if (shift <= 0) return whole(x << -shift, negative);
        const uint128 kept = shift >= 128 ? uint128{0} : x >> shift;
        const uint128 rest = shift > 128 ? uint128{x != 0} : x << (128 - shift);
        const bool away = p.round == rounding::stochastic ? rounds_away_stochastic(p, x, shift, random)
                                                          : rounds_away(p.round, negative, (kept & 1) != 0, rest);
        return whole(kept + (away ? 1 : 0), negative, rest != 0 || (negative && x == 0));
    }
};

}  // namespace lowprec::detail

#endif
