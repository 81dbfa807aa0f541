// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Conversion in the lanes of any vector machine, on integers alone, so that nothing depends on the floating-point
// environment. The middle of every conversion is the bits of a float (binary32): `decode` makes them from codes, `encode`
// makes codes of them, rounding as detail/encode.hpp does:
//
//      significand  0 1 x x x x x x x x x           code = kept + (binades above the smallest normal << M) + rounding
//                     kept    | rest                 kept and rest come from one shift by a lane's own amount
//
// Both serve every format whose values are floats; what remains (fp64 and formats with a wider range) is left to scalar.hpp.
#ifndef LOWPREC_KERNELS_CONVERT_GENERIC_HPP
#define LOWPREC_KERNELS_CONVERT_GENERIC_HPP

#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/kernels/lanes.hpp>
#include <lowprec/traits.hpp>

namespace lowprec::detail {

// The shapes of formats. A format of binary32's exponent field is a float cut short.
template <class F>
inline constexpr bool is_short_float = F::sign_bits == 1 && F::exponent_bits == 8 && F::bias == 127 &&
                                       F::mantissa_bits <= 23 && F::special_values.nan == nan_at::ieee;
// All values but zero are normal floats.
template <class F>
inline constexpr bool is_inside_float =
    F::has_zero&& F::width <= 16 && F::max_exponent <= 127 && F::min_exponent - F::mantissa_bits >= -125;
// Unsigned, no zero, and a range that may begin at 2^-127.
template <class F>
inline constexpr bool is_scale = F::sign_bits == 0 && !F::has_zero && F::width <= 16 && F::mantissa_bits <= 7 &&
                                 F::max_exponent <= 127 && F::min_exponent >= -127;
template <class F>
inline constexpr bool has_kernel = is_short_float<F> || is_inside_float<F> || is_scale<F>;

template <class Isa>
using lanes_bool = xsimd::batch_bool<std::int32_t, typename Isa::arch>;

// Comparisons of lanes below 2^31 (SSE2 compares signed numbers only) and a choice between lanes.
template <class Isa>
LOWPREC_INLINE lanes_bool<Isa> greater(u32<Isa> x, u32<Isa> y) noexcept {
    return as<i32<Isa>>(x) > as<i32<Isa>>(y);
}
template <class Isa>
LOWPREC_INLINE lanes_bool<Isa> greater(u32<Isa> x, std::uint32_t y) noexcept {
    return greater<Isa>(x, u32<Isa>(y));
}
template <class Isa>
LOWPREC_INLINE lanes_bool<Isa> equal(u32<Isa> x, std::uint32_t y) noexcept {
    return as<i32<Isa>>(x) == as<i32<Isa>>(u32<Isa>(y));
}
template <class Isa>
LOWPREC_INLINE u32<Isa> choose(lanes_bool<Isa> which, u32<Isa> yes, u32<Isa> no) noexcept {
    return as<u32<Isa>>(pick<Isa>(which, as<i32<Isa>>(yes), as<i32<Isa>>(no)));
}
template <class Isa>
LOWPREC_INLINE u32<Isa> choose(lanes_bool<Isa> which, std::uint32_t yes, u32<Isa> no) noexcept {
    return choose<Isa>(which, u32<Isa>(yes), no);
}
/// 1 where it holds.
template <class Isa>
LOWPREC_INLINE u32<Isa> one_if(lanes_bool<Isa> which) noexcept {
    return choose<Isa>(which, u32<Isa>(1U), u32<Isa>(0U));
}
/// The bits of float(x), exact for x < 2^24.
template <class Isa>
LOWPREC_INLINE u32<Isa> bits_of_float(u32<Isa> x) noexcept {
    return as<u32<Isa>>(xsimd::to_float(as<i32<Isa>>(x)));
}

/// The floats that right-aligned codes of F stand for. NaN as the scalar conversion to float gives it.
template <class Isa, class F>
LOWPREC_INLINE u32<Isa> decode(u32<Isa> code) noexcept {
    constexpr int m = F::mantissa_bits;
    constexpr auto magnitude_mask = std::uint32_t{F::magnitude_mask};
    constexpr auto infinity_code = std::uint32_t{F::infinity_code};
    if constexpr (is_short_float<F>) {
        const u32<Isa> bits = code << (32 - F::width);
        const u32<Isa> magnitude = bits & u32<Isa>(0x7FFFFFFFU);
        return choose<Isa>(greater<Isa>(magnitude, 0x7F800000U), bits | u32<Isa>(0x00400000U), bits);
    } else {
        constexpr auto rebias = static_cast<std::uint32_t>(127 - F::bias) << 23;
        constexpr nan_at nan = F::special_values.nan;
        const u32<Isa> magnitude = code & u32<Isa>(magnitude_mask);
        u32<Isa> bits = (magnitude << (23 - m)) + u32<Isa>(rebias);
        if constexpr (F::has_subnormals) {
            // a small integer times a power of two, both normal floats: exact whatever the environment
            constexpr auto step = static_cast<std::uint32_t>(127 + F::min_exponent - m) << 23;
            const f32<Isa> scaled = xsimd::to_float(as<i32<Isa>>(magnitude)) * as<f32<Isa>>(u32<Isa>(step));
            bits = choose<Isa>(greater<Isa>(u32<Isa>(1U << m), magnitude), as<u32<Isa>>(scaled), bits);
        } else if constexpr (F::has_zero) {
            bits = choose<Isa>(equal<Isa>(magnitude, 0U), 0U, bits);
        } else if constexpr (F::min_exponent == -127) {
            constexpr int half = 22 - m;  // the lowest binade is subnormal as a float
            const u32<Isa> lowest = (magnitude << half) | u32<Isa>(0x00400000U);
            bits = choose<Isa>(greater<Isa>(u32<Isa>(1U << m), magnitude), lowest, bits);
        }
        if constexpr (nan == nan_at::ieee) {
            constexpr auto up = static_cast<std::uint32_t>(255 - ((1 << F::exponent_bits) - 1 + 127 - F::bias)) << 23;
            bits = choose<Isa>(greater<Isa>(magnitude, infinity_code - 1U), bits + u32<Isa>(up), bits);
            bits = choose<Isa>(greater<Isa>(magnitude, infinity_code), bits | u32<Isa>(0x00400000U), bits);
        } else if constexpr (F::has_infinity) {
            bits = choose<Isa>(equal<Isa>(magnitude, infinity_code), 0x7F800000U, bits);
        }
        if constexpr (nan == nan_at::all_ones)
            bits = choose<Isa>(equal<Isa>(magnitude, magnitude_mask), 0x7FC00000U, bits);
        if constexpr (F::sign_bits == 1) bits = bits | ((code << (32 - F::width)) & u32<Isa>(0x80000000U));
        if constexpr (nan == nan_at::negative_zero)
            bits = choose<Isa>(equal<Isa>(code, std::uint32_t{F::sign_mask}), 0x7FC00000U, bits);
        return bits;
    }
}

/// A policy without its switches: the part that kernels are compiled for. Conversions that lose nothing share one.
template <class From, class To, policy P>
inline constexpr policy rule = [] {
    policy r;
    if constexpr (!is_lossless_v<From, To>) r.round = P.round;
    if constexpr (P.round == rounding::stochastic && !is_lossless_v<From, To>) {
        r.method = P.method;
        r.random_bits = P.random_bits;
    }
    return r;
}();

/// The rest of it, as kernels read it at run time: what becomes of the inputs that are not just rounded. Index 1 is for
/// negative ones.
struct outcomes {
    std::uint32_t beyond[2];    ///< past the largest value after rounding, without a sign
    std::uint32_t infinite[2];  ///< infinity
    std::uint32_t nan[2];       ///< NaN, and which bits of its payload join it
    std::uint32_t payload;
    std::uint32_t zero[2];  ///< zero, and what rounds below the smallest value, where the format has no zero
    std::uint32_t below;
    std::uint32_t negative;  ///< a negative value that doesn't round to zero, into an unsigned format
    std::uint32_t sign;      ///< 0 if an unsigned format takes the magnitude of negative values, otherwise 1
    bool special_stays;      ///< infinities and NaN of a binary32 or binary64 target stay as they come
    bool by_default;         ///< every switch has its default
};

/// Read off the scalar definition. From matters only to nan_input::cuda.
template <class From, class F>
constexpr outcomes outcomes_of(policy p) noexcept {
    using sink = format_sink<F>;
    const auto nan = [&](bool negative, std::uint64_t payload) {
        return sink::template nan<From>(negative, payload, p).bits();
    };
    constexpr std::uint64_t quiet = std::uint64_t{1} << 63, payload = quiet >> 1;
    outcomes o{};
    for (const bool negative : {false, true}) {
        o.beyond[negative] = static_cast<std::uint32_t>(
            sink::stops_at_largest(negative, p.round) ? F::largest_code : sink::beyond(p.over));
        o.infinite[negative] = static_cast<std::uint32_t>(sink::infinite(negative, p).bits());
        o.nan[negative] = static_cast<std::uint32_t>(nan(negative, quiet));
        o.zero[negative] = static_cast<std::uint32_t>(sink::zero(negative, p).bits());
    }
    if (F::special_values.nan == nan_at::ieee && nan(false, quiet | payload) != nan(false, quiet))
        o.payload = static_cast<std::uint32_t>(F::mantissa_mask);
    if (F::special_values.nan == nan_at::ieee && F::mantissa_bits == 1) o.payload = 0;
    o.below = static_cast<std::uint32_t>(sink::smallest_or_nan(p.no_zero == zero_missing::nan).bits());
    o.negative = static_cast<std::uint32_t>(sink::smallest_or_nan(p.negative == negative_input::nan).bits());
    o.sign = F::sign_bits == 0 && p.negative == negative_input::ignore_sign ? 0 : 1;
    o.special_stays = F::has_infinity && F::sign_bits == 1;
    for (const bool negative : {false, true}) {
        const auto sign = static_cast<typename F::storage_type>(negative ? F::sign_mask : 0);
        if (sink::infinite(negative, p).bits() != (sign | F::infinity_code)) o.special_stays = false;
        if (nan(negative, quiet) != (sign | F::nan_code)) o.special_stays = false;
    }
    if (nan(false, quiet | payload) == nan(false, quiet)) o.special_stays = false;
    policy defaults;
    defaults.round = p.round;
    defaults.method = p.method;
    defaults.random_bits = p.random_bits;
    o.by_default = p == defaults;
    return o;
}

/// The value for the sign of each lane, which matters in the directed modes only.
template <class Isa, rounding Round>
LOWPREC_INLINE u32<Isa> either(u32<Isa> negative, const std::uint32_t (&by_sign)[2]) noexcept {
    if constexpr (Round == rounding::upward || Round == rounding::downward)
        return choose<Isa>(equal<Isa>(negative, 0U), by_sign[0], u32<Isa>(by_sign[1]));
    else
        return u32<Isa>(by_sign[0]);
}

/// Whether lanes can round by P: methods other than `b` look at the discarded bits in more ways than one between 17 and 31.
template <policy P>
inline constexpr bool stochastic_in_lanes =
    P.random_bits <= 16 || P.random_bits >= 32 || P.method != stochastic_method::c;

/// Where the magnitude goes up by one unit: rounding.hpp's rounds_away in lanes. `rest` at the top of its lane.
template <class Isa, rounding Round>
LOWPREC_INLINE u32<Isa> rounds_up(u32<Isa> negative, u32<Isa> odd, u32<Isa> rest) noexcept {
    const u32<Isa> top(0x80000000U);
    if constexpr (Round == rounding::nearest_even) {
        return one_if<Isa>(greater<Isa>((rest | odd) ^ top, 0U));  // unsigned (rest | odd) > top
    } else if constexpr (Round == rounding::nearest_away) {
        return rest >> 31;
    } else if constexpr (Round == rounding::toward_zero) {
        return u32<Isa>(0U);
    } else {
        const u32<Isa> inexact = one_if<Isa>(!equal<Isa>(rest, 0U));
        if constexpr (Round == rounding::upward) return inexact & (negative ^ u32<Isa>(1U));
        if constexpr (Round == rounding::downward) return inexact & negative;
        if constexpr (Round == rounding::to_odd) return inexact & (odd ^ u32<Isa>(1U));
    }
}

/// The same for stochastic rounding, from the first 16 of an element's random bits at the top of `random`. `rest` is v * 2^32
/// with what was cut kept in its lowest bit. Where 16 bits don't decide, once in 2^16 elements, `decided` becomes false.
template <class Isa, policy P>
LOWPREC_INLINE u32<Isa> rounds_up_stochastic(u32<Isa> rest, u32<Isa> random, bool& decided) noexcept {
    constexpr int n = P.random_bits;
    if constexpr (n <= 16) {
        const u32<Isa> r = random >> (32 - n);
        if constexpr (P.method == stochastic_method::a) {
            return ((rest >> (32 - n)) + r) >> n;
        } else if constexpr (P.method == stochastic_method::b) {
            return ((rest >> (31 - n)) + (r << 1) + u32<Isa>(1U)) >> (n + 1);
        } else {
            const u32<Isa> kept = rest >> (32 - n);
            return (kept + rounds_up<Isa, rounding::nearest_even>(u32<Isa>(0U), kept & u32<Isa>(1U), rest << n) + r) >>
                   n;
        }
    } else {
        // v + R / 2^N >= 1, as a carry out of 32 bits. The bits of R after the 16th add less than 2^16 to this sum.
        static_assert(stochastic_in_lanes<P>);
        const u32<Isa> sum =
            (P.method == stochastic_method::a && n < 32 ? (rest >> (32 - n % 32)) << (32 - n % 32) : rest) + random;
        const u32<Isa> carry = ((rest & random) | ((rest | random) & ~sum)) >> 31;
        decided = decided && !xsimd::any(greater<Isa>(one_if<Isa>(equal<Isa>(sum >> 16, 0xFFFFU)), carry));
        return carry;
    }
}

/// The right-aligned codes of F for the floats with these bits. Where R is stochastic, `random` holds the first 16 random
/// bits of each element at the top, and `decided` becomes false where the element needs more of them.
template <class Isa, class F, policy R>
LOWPREC_INLINE u32<Isa> encode(u32<Isa> bits, u32<Isa> random, const outcomes& o, bool& decided) noexcept {
    constexpr int m = F::mantissa_bits;
    const u32<Isa> sign = bits >> 31;
    const u32<Isa> negative = F::sign_bits == 1 ? sign : sign & u32<Isa>(o.sign);
    const u32<Isa> magnitude = bits & u32<Isa>(0x7FFFFFFFU);

    u32<Isa> code, odd, rest;
    if constexpr (is_short_float<F>) {
        code = m == 23 ? magnitude : magnitude >> (23 - m);
        rest = m == 23 ? u32<Isa>(0U) : magnitude << ((m + 9) % 32);
        odd = code & u32<Isa>(1U);
    } else if constexpr (F::has_zero) {
        const u32<Isa> field = magnitude >> 23;
        const u32<Isa> is_subnormal = one_if<Isa>(equal<Isa>(field, 0U));
        const u32<Isa> significand = (magnitude & u32<Isa>(0x007FFFFFU)) | ((is_subnormal ^ u32<Isa>(1U)) << 23);
        constexpr auto smallest = static_cast<std::uint32_t>(127 + F::min_exponent);  // field of the smallest normal
        const lanes_bool<Isa> normal = greater<Isa>(field, smallest);
        const u32<Isa> above = choose<Isa>(normal, field - u32<Isa>(smallest), u32<Isa>(0U));
        const u32<Isa> down = u32<Isa>(23 - m + smallest) - field - is_subnormal;
        const u32<Isa> shift = choose<Isa>(normal, static_cast<std::uint32_t>(23 - m), down);
        const lanes_bool<Isa> deep = greater<Isa>(shift, 31U);  // all is rest, and 31 leaves it less than half
        const product<Isa> parts = shift_apart<Isa>(significand, choose<Isa>(deep, 31U, shift));
        rest = parts.low;
        if constexpr (R.round == rounding::stochastic) {
            const u32<Isa> further = choose<Isa>(greater<Isa>(shift, 62U), 31U, shift - u32<Isa>(31U));
            const product<Isa> cut = shift_apart<Isa>(significand << 1, choose<Isa>(deep, further, u32<Isa>(1U)));
            rest = choose<Isa>(deep, cut.high | one_if<Isa>(!equal<Isa>(cut.low, 0U)), rest);
        }
        code = parts.high + (above << m);
        odd = code & u32<Isa>(1U);  // of the code: without a mantissa, the significand's last bit is the hidden one
    } else {
        // A subnormal float becomes normal through the exact conversion of its integer.
        const lanes_bool<Isa> subnormal = greater<Isa>(u32<Isa>(0x00800000U), magnitude);
        const u32<Isa> integer = magnitude & u32<Isa>(0x007FFFFFU);  // no more, or the conversion would be inexact
        const u32<Isa> normal = choose<Isa>(subnormal, bits_of_float<Isa>(integer), magnitude);
        constexpr auto offset = static_cast<std::uint32_t>(127 + F::min_exponent);
        code = (normal >> (23 - m)) - (choose<Isa>(subnormal, offset + 149, u32<Isa>(offset)) << m);
        rest = normal << (9 + m);
        odd = code & u32<Isa>(1U);
    }

    if constexpr (R.round == rounding::stochastic)
        code = code + rounds_up_stochastic<Isa, R>(rest, random, decided);
    else
        code = code + rounds_up<Isa, R.round>(negative, odd, rest);

    const lanes_bool<Isa> over = greater<Isa>(code, static_cast<std::uint32_t>(F::largest_code));
    if constexpr (F::has_zero) {
        code = choose<Isa>(over, either<Isa, R.round>(negative, o.beyond), code);
    } else {
        const lanes_bool<Isa> below = greater<Isa>(u32<Isa>(0U), code);
        code = choose<Isa>(over, either<Isa, R.round>(negative, o.beyond), choose<Isa>(below, o.below, code));
    }

    if constexpr (F::sign_bits == 1) {
        const u32<Isa> with_sign = code | (sign << (F::width - 1));
        code = F::has_negative_zero ? with_sign : choose<Isa>(equal<Isa>(code, 0U), 0U, with_sign);
    } else {
        u32<Isa> rounded(o.negative);
        if constexpr (F::has_zero) rounded = choose<Isa>(equal<Isa>(code, 0U), 0U, rounded);
        code = choose<Isa>(equal<Isa>(negative, 0U), code, rounded);
    }
    if constexpr (!F::has_zero) {
        const u32<Isa> zero = choose<Isa>(equal<Isa>(sign, 0U), o.zero[0], u32<Isa>(o.zero[1]));
        code = choose<Isa>(equal<Isa>(magnitude, 0U), zero, code);
    }

    const lanes_bool<Isa> special = greater<Isa>(magnitude, 0x7F7FFFFFU);
    if (xsimd::any(special)) {
        const lanes_bool<Isa> plus = equal<Isa>(sign, 0U);
        const u32<Isa> infinite = choose<Isa>(plus, o.infinite[0], u32<Isa>(o.infinite[1]));
        u32<Isa> nan = choose<Isa>(plus, o.nan[0], u32<Isa>(o.nan[1]));
        if constexpr (F::special_values.nan == nan_at::ieee)
            nan = nan | ((magnitude >> (23 - m)) & u32<Isa>(o.payload));
        code = choose<Isa>(special, choose<Isa>(greater<Isa>(magnitude, 0x7F800000U), nan, infinite), code);
    }
    return code;
}

}  // namespace lowprec::detail

#endif
