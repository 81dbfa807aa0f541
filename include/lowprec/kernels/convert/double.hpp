// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// binary64 at either end of a conversion in lanes. A double becomes a float's code and its discarded bits; for narrower
// formats a float rounded to odd, which keeps enough that rounding it again is the one rounding:
//
//      float's code | 29 discarded bits       kept, with a one in the lowest bit if any discarded bit is one
//
// Lanes that need more thought (infinity, NaN, floats below the normal range) are reported, and scalar.hpp takes their block.
#ifndef LOWPREC_KERNELS_CONVERT_DOUBLE_HPP
#define LOWPREC_KERNELS_CONVERT_DOUBLE_HPP

#include <lowprec/kernels/convert/generic.hpp>

namespace lowprec::detail {

/// A magnitude as a float's code, cut off, and what was cut off, at the top of its lane and kept sticky.
template <class Isa>
struct cut_double {
    u32<Isa> sign, code, rest;
};

/// 64-bit lanes of ones where a < b, both below 2^63.
template <class Isa>
LOWPREC_INLINE u64<Isa> less_mask(u64<Isa> a, u64<Isa> b) noexcept {
    return u64<Isa>(std::uint64_t{0}) - ((a - b) >> 63);
}

template <class Isa>
LOWPREC_INLINE cut_double<Isa> cut(const std::byte* from, bool& plain_numbers) noexcept {
    using wide = u64<Isa>;
    const auto all = [](std::uint64_t x) { return wide(x); };
    wide_pair<Isa> code, rest, sign;
    wide special = all(0);
    for (int i = 0; i < 2; ++i) {
        const wide bits = load_from<wide>(from + i * 4 * lanes<Isa>);
        wide magnitude = bits & all(0x7FFFFFFF'FFFFFFFF);
        special = special | less_mask<Isa>(all(0x7FEFFFFF'FFFFFFFF), magnitude);
        // 2^128 and above are all alike
        const wide huge = less_mask<Isa>(all(0x47F00000'00000000), magnitude);
        magnitude = (magnitude & ~huge) | (all(0x47F00000'00000000) & huge);
        const wide field = magnitude >> 52;
        const wide hidden = (all(0) - field) >> 63 << 52;
        const wide significand = (magnitude & all(0x000FFFFF'FFFFFFFF)) | hidden;
        // float's smallest normal number has the field 897
        const wide normal = less_mask<Isa>(all(896), field);
        wide down = (all(897) - field) & ~normal;
        const wide far = less_mask<Isa>(all(63), down);
        down = (down & ~far) | (all(63) & far);
        const wide scaled = ((magnitude - all(896ULL << 52)) & normal) |
                            (shift_right_sticky<Isa>(significand, down) & ~normal);
        code.v[i] = scaled >> 29;
        rest.v[i] = (scaled & all(0x1FFFFFFF)) << 3;
        sign.v[i] = bits >> 63;
    }
    plain_numbers = plain_numbers && !xsimd::any(!equal<Isa>(as<u32<Isa>>(special), 0U));
    return {narrow<Isa>(sign), narrow<Isa>(code), narrow<Isa>(rest)};
}

/// Lanes of doubles as the bits of floats, rounded to odd.
template <class Isa>
LOWPREC_INLINE u32<Isa> double_to_odd_float(const std::byte* from, bool& plain_numbers) noexcept {
    const cut_double<Isa> x = cut<Isa>(from, plain_numbers);
    const u32<Isa> sticky = one_if<Isa>(!equal<Isa>(x.rest, 0U));
    const u32<Isa> code = choose<Isa>(greater<Isa>(x.code, 0x7F7FFFFFU), 0x7F7FFFFFU, x.code | sticky);
    return code | (x.sign << 31);
}

/// Lanes of doubles as floats under the policy.
template <class Isa, policy R>
LOWPREC_INLINE u32<Isa> double_to_float(const std::byte* from, const outcomes& o, bool& plain_numbers) noexcept {
    const cut_double<Isa> x = cut<Isa>(from, plain_numbers);
    const u32<Isa> rounded = x.code + rounds_up<Isa, R.round>(x.sign, x.code & u32<Isa>(1U), x.rest);
    const u32<Isa> beyond = either<Isa, R.round>(x.sign, o.beyond);
    return choose<Isa>(greater<Isa>(rounded, 0x7F7FFFFFU), beyond, rounded) | (x.sign << 31);
}

/// Stores the doubles that floats with these bits are.
template <class Isa>
LOWPREC_INLINE void store_as_double(std::byte* to, u32<Isa> bits, const outcomes& o, bool& plain_numbers) noexcept {
    const u32<Isa> magnitude = bits & u32<Isa>(0x7FFFFFFFU);
    const u32<Isa> zero(0U);
    // exponents: 896 more, twice that for infinity and NaN, none for zero
    const u32<Isa> is_special = one_if<Isa>(greater<Isa>(magnitude, 0x7F7FFFFFU));
    const u32<Isa> is_normal = one_if<Isa>(greater<Isa>(magnitude, 0x007FFFFFU));
    const u32<Isa> subnormal = one_if<Isa>(greater<Isa>(magnitude, 0U)) ^ is_normal;
    if (xsimd::any(!equal<Isa>(subnormal | (o.special_stays ? zero : is_special), 0U))) plain_numbers = false;
    const u32<Isa> step(896U << 20);
    const u32<Isa> rebias = ((zero - is_normal) & step) + ((zero - is_special) & step);
    const u32<Isa> quiet = one_if<Isa>(greater<Isa>(magnitude, 0x7F800000U)) << 22;
    const wide_pair<Isa> m = widen<Isa>(magnitude | quiet), e = widen<Isa>(rebias), s = widen<Isa>(bits & u32<Isa>(0x80000000U));
    for (int i = 0; i < 2; ++i)
        store_to(to + i * 4 * lanes<Isa>, ((m.v[i] << 29) + (e.v[i] << 32)) | (s.v[i] << 32));
}

}  // namespace lowprec::detail

#endif
