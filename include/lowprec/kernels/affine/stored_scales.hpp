// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// The scales of a piece of a matrix, up to 64 of them, rounded in lanes to the format that they are stored in. A quotient of floats
// may be wrong by some units of its last place; where it is so near a tie of that format that its rounding could be another one's,
// and where it is subnormal, the scalar definition decides.
#ifndef LOWPREC_KERNELS_AFFINE_STORED_SCALES_HPP
#define LOWPREC_KERNELS_AFFINE_STORED_SCALES_HPP

#include <lowprec/formats.hpp>
#include <lowprec/kernels/registers.hpp>

namespace lowprec::detail {

/// The most blocks or groups that one piece has, and the numbers that stay in the first-level cache with everything about them.
inline constexpr std::size_t piece_blocks = 64;
inline constexpr std::size_t piece_numbers = 1024;

/// The codes of a piece's scales, and their values. In registers: calls of bulk conversion would cost more than they do.
template <class Isa, class Scale>
LOWPREC_INLINE void encode_scales(const float (&values)[piece_blocks],
                                  typename Scale::storage_type (&codes)[piece_blocks]) noexcept {
    for (std::size_t k = 0; k < piece_blocks; k += simd::elements<Scale, Isa>) {
        simd::batches<Scale, Isa> b;
        for (std::size_t i = 0; i < b.size(); ++i) b[i] = load_from<f32<Isa>>(values + k + i * lanes<Isa>);
        simd::store<Scale, policy{}, Isa>(b, reinterpret_cast<Scale*>(codes + k));
    }
}
template <class Isa, class Scale>
LOWPREC_INLINE void decode_scales(const typename Scale::storage_type (&codes)[piece_blocks],
                                  float (&values)[piece_blocks]) noexcept {
    for (std::size_t k = 0; k < piece_blocks; k += simd::elements<Scale, Isa>) {
        const auto b = simd::load<Scale, Isa>(reinterpret_cast<const Scale*>(codes + k));
        for (std::size_t i = 0; i < b.size(); ++i) store_to(values + k + i * lanes<Isa>, b[i]);
    }
}

/// Whether a quotient that is wrong by some units of the last place of a float could be rounded to two scales, or to one that
/// conversion doesn't make: below the normal numbers, or where infinity takes the place of the largest. Zero is never open.
template <class Scale>
struct open_scale {
    static constexpr int cut = 23 - Scale::mantissa_bits;
    static constexpr std::uint32_t half = 1U << (cut - 1), margin = 8;
    static constexpr auto smallest = static_cast<std::uint32_t>(127 + Scale::min_exponent) << 23;
    static constexpr std::uint32_t largest =
        Scale::has_infinity ? convert<fp32>(Scale::from_bits(Scale::largest_code)).bits() : 0x7F800001;

    LOWPREC_INLINE static bool test(std::uint32_t quotient) noexcept {
        return ((quotient - half + margin) & ((1U << cut) - 1)) <= 2 * margin ||
               (quotient != 0 && quotient < smallest) || quotient >= largest;
    }
    /// Of the magnitudes of all lanes.
    template <class Isa>
    LOWPREC_INLINE static lanes_bool<Isa> test(u32<Isa> quotient) noexcept {
        const u32<Isa> place = (quotient + u32<Isa>(margin - half)) & u32<Isa>((1U << cut) - 1);
        return greater<Isa>(u32<Isa>(2 * margin + 1), place) | greater<Isa>(quotient, largest - 1) |
               (greater<Isa>(u32<Isa>(smallest), quotient) & greater<Isa>(quotient, 0U));
    }
};

/// The stored scales of the quotients in `values`, which become the scales' values. `exact(i)` is the scalar definition.
template <class Isa, class Scale, class Exact>
LOWPREC_INLINE void round_scales(float (&values)[piece_blocks], typename Scale::storage_type (&codes)[piece_blocks],
                                 std::size_t blocks, Exact exact) noexcept {
    using open = open_scale<Scale>;
    bool any = false;
    for (std::size_t k = 0; k < piece_blocks; k += lanes<Isa>)
        any = any || xsimd::any(open::template test<Isa>(load_from<u32<Isa>>(values + k) & u32<Isa>(0x7FFFFFFFU)));
    encode_scales<Isa, Scale>(values, codes);
    if (any) {
        for (std::size_t i = 0; i < blocks; ++i)
            if (open::test(__builtin_bit_cast(std::uint32_t, values[i]) & 0x7FFFFFFF)) codes[i] = exact(i).bits();
    }
    decode_scales<Isa, Scale>(codes, values);
}

/// wide / x for each x of `values`, `count` of them and what fills a register, 0 for a zero; `wide` is a power of two. Rounded once, or a little worse than that. (Compilers make
/// something else of divisions of vectors under -ffast-math, which is wrong by two units of the last place.)
template <class Isa>
LOWPREC_INLINE void invert_scales(const float (&values)[piece_blocks], std::size_t count, float wide,
                                  float (&multipliers)[piece_blocks]) noexcept {
    if constexpr (has_fused_multiply_add<Isa>) {
        for (std::size_t k = 0; k < count; k += lanes<Isa>) {
            const auto x = load_from<f32<Isa>>(values + k);
            const f32<Isa> near = f32<Isa>(wide) / x;
            const f32<Isa> rest = multiply_add<Isa>(-near, x, f32<Isa>(wide));
            const f32<Isa> better = multiply_add<Isa>(rest, near * f32<Isa>(1.0F / wide), near);
            store_to(multipliers + k, choose<Isa>(equal<Isa>(as<u32<Isa>>(x) << 1, 0U), 0U, as<u32<Isa>>(better)));
        }
    } else {
        for (std::size_t k = 0; k < count; ++k) {
            const bool zero = __builtin_bit_cast(std::uint32_t, values[k]) << 1 == 0;
            multipliers[k] =
                zero ? 0.0F : static_cast<float>(static_cast<double>(wide) / static_cast<double>(values[k]));
        }
    }
}

}  // namespace lowprec::detail

#endif
