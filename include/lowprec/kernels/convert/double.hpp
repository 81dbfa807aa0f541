// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// binary64 at either end of a conversion in lanes. A double becomes a float's code and its discarded bits; for narrower
// formats a float rounded to odd, which keeps enough that rounding it again is the one rounding:
//
//      float's code | 29 discarded bits       kept, with a one in the lowest bit if any discarded bit is one
//
// Infinities and NaN that a policy does not leave as they are get reported, and scalar.hpp takes their block.
#ifndef LOWPREC_KERNELS_CONVERT_DOUBLE_HPP
#define LOWPREC_KERNELS_CONVERT_DOUBLE_HPP

#include <lowprec/kernels/convert/generic.hpp>

namespace lowprec::detail {

/// A magnitude as a float's code, cut off, and what was cut off, at the top of its lane and kept sticky.
template <class Isa>
struct cut_double {
    u32<Isa> sign, code, rest;
    u32<Isa> special;  ///< 1 where `code` is an infinity or a NaN, made quiet
};

/// 64-bit lanes of ones where a < b, both below 2^63.
template <class Isa>
LOWPREC_INLINE u64<Isa> less_mask(u64<Isa> a, u64<Isa> b) noexcept {
    return u64<Isa>(std::uint64_t{0}) - ((a - b) >> 63);
}

template <class Isa>
LOWPREC_INLINE cut_double<Isa> cut(const std::byte* from) noexcept {
    using wide = u64<Isa>;
    const auto all = [](std::uint64_t x) { return wide(x); };
    wide_pair<Isa> code, rest, sign, special;
    for (int i = 0; i < 2; ++i) {
        const wide bits = load_from<wide>(from + i * 4 * lanes<Isa>);
        const wide whole = bits & all(0x7FFFFFFF'FFFFFFFF);
        // 2^128 and above are all alike
        const wide huge = less_mask<Isa>(all(0x47F00000'00000000), whole);
        const wide magnitude = (whole & ~huge) | (all(0x47F00000'00000000) & huge);
        const wide field = magnitude >> 52;
        const wide hidden = (all(0) - field) >> 63 << 52;
        const wide significand = (magnitude & all(0x000FFFFF'FFFFFFFF)) | hidden;
        // float's smallest normal number has the field 897
        const wide normal = less_mask<Isa>(all(896), field);
        wide down = (all(897) - field) & ~normal;
        const wide far = less_mask<Isa>(all(63), down);
        down = (down & ~far) | (all(63) & far);
        const wide scaled =
            ((magnitude - all(896ULL << 52)) & normal) | (shift_right_sticky<Isa>(significand, down) & ~normal);
        const wide no_finite = less_mask<Isa>(all(0x7FEFFFFF'FFFFFFFF), whole);
        const wide nan = less_mask<Isa>(all(0x7FF00000'00000000), whole);
        const wide kept = ((whole >> 29) & all(0x007FFFFF)) | all(0x7F800000) | (nan & all(0x00400000));
        code.v[i] = ((scaled >> 29) & ~no_finite) | (kept & no_finite);
        rest.v[i] = ((scaled & all(0x1FFFFFFF)) << 3) & ~no_finite;
        sign.v[i] = bits >> 63;
        special.v[i] = no_finite & all(1);
    }
    return {narrow<Isa>(sign), narrow<Isa>(code), narrow<Isa>(rest), narrow<Isa>(special)};
}

/// Lanes of doubles as the bits of floats, rounded to odd.
template <class Isa>
LOWPREC_INLINE u32<Isa> double_to_odd_float(const std::byte* from) noexcept {
    const cut_double<Isa> x = cut<Isa>(from);
    const u32<Isa> sticky = one_if<Isa>(!equal<Isa>(x.rest, 0U));
    const u32<Isa> largest = choose<Isa>(equal<Isa>(x.special, 0U), 0x7F7FFFFFU, x.code);
    const u32<Isa> code = choose<Isa>(greater<Isa>(x.code, 0x7F7FFFFFU), largest, x.code | sticky);
    return code | (x.sign << 31);
}

/// Lanes of doubles as floats under the policy.
template <class Isa, policy R>
LOWPREC_INLINE u32<Isa> double_to_float(const std::byte* from, const outcomes& o, bool& plain_numbers) noexcept {
    const cut_double<Isa> x = cut<Isa>(from);
    if (!o.special_stays && xsimd::any(!equal<Isa>(x.special, 0U))) plain_numbers = false;
    const u32<Isa> rounded = x.code + rounds_up<Isa, R.round>(x.sign, x.code & u32<Isa>(1U), x.rest);
    const u32<Isa> beyond = choose<Isa>(equal<Isa>(x.special, 0U), either<Isa, R.round>(x.sign, o.beyond), x.code);
    return choose<Isa>(greater<Isa>(rounded, 0x7F7FFFFFU), beyond, rounded) | (x.sign << 31);
}

/// Stores the doubles that floats with these bits are.
template <class Isa>
LOWPREC_INLINE void store_as_double(std::byte* to, u32<Isa> bits, const outcomes& o, bool& plain_numbers) noexcept {
    using wide = u64<Isa>;
    using doubles = xsimd::batch<double, typename Isa::arch>;
    const u32<Isa> magnitude = bits & u32<Isa>(0x7FFFFFFFU);
    const u32<Isa> zero(0U);
    // exponents: 896 more, twice that for infinity and NaN
    const u32<Isa> is_special = one_if<Isa>(greater<Isa>(magnitude, 0x7F7FFFFFU));
    const u32<Isa> is_normal = one_if<Isa>(greater<Isa>(magnitude, 0x007FFFFFU));
    if (!o.special_stays && xsimd::any(!equal<Isa>(is_special, 0U))) plain_numbers = false;
    const u32<Isa> step(896U << 20);
    const u32<Isa> rebias = ((zero - is_normal) & step) + ((zero - is_special) & step);
    const u32<Isa> quiet = one_if<Isa>(greater<Isa>(magnitude, 0x7F800000U)) << 22;
    const wide_pair<Isa> m = widen<Isa>(magnitude | quiet), e = widen<Isa>(rebias),
                         s = widen<Isa>(bits & u32<Isa>(0x80000000U)), n = widen<Isa>(is_normal);
    const bool small = xsimd::any(!equal<Isa>(is_normal, 1U));
    for (int i = 0; i < 2; ++i) {
        wide result = (m.v[i] << 29) + (e.v[i] << 32);
        if (small) {
            // zero and the floats below the normal range: their integer times 2^-149, all of it normal as doubles
            const doubles lifted = as<doubles>(m.v[i] | wide(std::uint64_t{0x43300000'00000000})) - doubles(0x1p52);
            const wide normal = wide(std::uint64_t{0}) - n.v[i];
            result = (result & normal) |
                     (as<wide>(lifted * doubles(0x1p-149)) & ~normal & wide(std::uint64_t{0x7FFFFFFF'FFFFFFFF}));
        }
        store_to(to + i * 4 * lanes<Isa>, result | (s.v[i] << 32));
    }
}

}  // namespace lowprec::detail

#endif
