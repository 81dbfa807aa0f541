// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// What the variants of x86 share. Encoding to 8 bits and fewer: let p be the power of two in |x|, at least the smallest normal
// value. Then p C + |x|, rounded once by the processor, holds everything in its bits:
//
//      p C + |x|      |0|  e' + constant  |0000000|  t + q, 16 bits  |     q = |x| in units of the last place, rounded
//
// C = 2^(23 - M) (1 + t / 2^23). A multiply-add of the halves by (2^(7 - M), 1) puts e' and q together as the code, and t, which
// is even so that ties still see q's parity, takes the constant away again. What is too large stays large, and a minimum of
// bytes cuts it off at the code that overflow gives.
//
// The other directions: q cut off with one more bit and then rounded up, for ties away from zero; cut off and made odd if
// anything was lost.
#ifndef LOWPREC_KERNELS_CONVERT_FMA_HPP
#define LOWPREC_KERNELS_CONVERT_FMA_HPP

#include <lowprec/kernels/convert/block.hpp>

namespace lowprec::detail {

using binary16 = float_format<1, 5, 10, 15>;
using bfloat16 = float_format<1, 8, 7, 127>;

template <class Element>
inline constexpr bool is_float_element = std::is_same_v<typename Element::format, binary32>&& Element::bits == 32;

/// bf16, tf32 and their like: floats with fewer bits at the end, stored in words or as floats.
template <class F>
inline constexpr bool is_cut_float = is_short_float<F>&& F::mantissa_bits < 23 &&
                                     (F::width == 16 || (F::width > 16 && F::width < 32));

template <class F>
inline constexpr bool encodes_through_fma =
    is_inside_float<F>&& F::width <= 8 && F::mantissa_bits >= 1 && F::mantissa_bits <= 5 && F::min_exponent > -100;

/// The numbers of the picture above.
template <class F, rounding Round>
struct fma_constants {
    static constexpr bool half_up = Round == rounding::nearest_away;
    static constexpr rounding direction =
        half_up || Round == rounding::to_odd || Round == rounding::stochastic ? rounding::toward_zero : Round;
    static constexpr int m = F::mantissa_bits + (half_up ? 1 : 0);
    static constexpr int shift = 7 - m;
    static constexpr int excess = (F::min_exponent + 150 - m) << m;
    static constexpr float smallest =
        __builtin_bit_cast(float, static_cast<std::uint32_t>(127 + F::min_exponent) << 23);
    static constexpr float c =
        __builtin_bit_cast(float, static_cast<std::uint32_t>((127 + 23 - m) << 23 | (65536 - excess)));
};

/// A subnormal float is far below half of every code, and may be read as zero unless the direction asks whether there was
/// anything at all.
template <rounding Round>
inline constexpr bool reads_tiny_as_zero =
    Round != rounding::upward&& Round != rounding::downward&& Round != rounding::to_odd;

/// The environment of these sums.
template <class Isa, rounding Round, rounding Direction>
using fma_environment = environment<Isa, Direction, reads_tiny_as_zero<Round>>;

/// Whether overflow and infinity end at one code next to the largest, whatever the sign.
template <class F>
LOWPREC_INLINE bool has_one_limit(const outcomes& o) noexcept {
    const std::uint32_t limit = o.beyond[0];
    return o.beyond[1] == limit && limit - static_cast<std::uint32_t>(F::largest_code) <= 1 && o.infinite[0] == limit &&
           (F::sign_bits == 0 || o.infinite[1] == (limit | static_cast<std::uint32_t>(F::sign_mask)));
}

/// The parts of a fast_block that most have in common: those that serve every policy with the default switches, and those
/// that widen, and so have only infinities and NaN to keep.
struct serves_defaults {
    using environment = no_environment;
    static constexpr bool exists = true;
    LOWPREC_INLINE static bool serves(const bulk_plan& plan) noexcept { return plan.fate.by_default; }
    LOWPREC_INLINE explicit serves_defaults(const bulk_plan&) noexcept {}
};
struct serves_widening {
    using environment = no_environment;
    static constexpr bool exists = true;
    LOWPREC_INLINE static bool serves(const bulk_plan& plan) noexcept { return plan.fate.special_stays; }
    LOWPREC_INLINE explicit serves_widening(const bulk_plan&) noexcept {}
};

}  // namespace lowprec::detail

#endif
