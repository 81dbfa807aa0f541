// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Groups of numbers with symmetric parameters of their own, from the numbers to codes in one pass. Groups that lie one after the other
// are taken together, up to 64 groups or 1024 numbers (or one longer group), which stay in the first-level cache:
//
//     numbers --> largest magnitudes --> scales, all in lanes --> codes, whose stream of bits runs on from group to group
//
// One at a time, groups of 32 would take ten times as long: the exact quotient, a call and an environment for each.
#ifndef LOWPREC_KERNELS_AFFINE_GROUPS_HPP
#define LOWPREC_KERNELS_AFFINE_GROUPS_HPP

#include <lowprec/kernels/affine/avx512.hpp>
#include <lowprec/kernels/affine/generic.hpp>
#include <lowprec/kernels/affine/stored_scales.hpp>
#include <lowprec/kernels/reduce.hpp>

namespace lowprec::detail {

/// Whether lanes can do groups of n.
template <class Isa, class A, class Scale>
LOWPREC_INLINE constexpr bool groups_in_lanes(std::size_t n) noexcept {
    constexpr bool scales = std::is_same_v<Scale, float> || std::is_same_v<Scale, bf16> || std::is_same_v<Scale, fp16>;
    if constexpr (!Isa::vectors || !scales)
        return false;
    else
        return has_fused_multiply_add<Isa> && n != 0 && n % 16 == 0;
}

/// How many groups of n are taken together.
LOWPREC_INLINE constexpr std::size_t groups_of_piece(std::size_t n) noexcept {
    const std::size_t fit = piece_numbers / n;
    return fit == 0 ? 1 : fit < piece_blocks ? fit : piece_blocks;
}

template <class A>
struct group_scales {
    alignas(64) float values[piece_blocks];
    alignas(64) float multipliers[piece_blocks];
};

/// The scales of a piece of `groups` groups of n, written to `scales`. False if lanes can't do it: there is a NaN or an infinity, a
/// scale would saturate, or is out of reach of multipliers. Nothing is written then. Lives in an environment<Isa>.
template <class Isa, class A, class Scale>
LOWPREC_INLINE bool find_group_scales(const std::byte* in, std::size_t groups, std::size_t n, group_scales<A>& found,
                                      Scale* scales) noexcept {
    constexpr float most = static_cast<float>(A::highest - A::symmetric_zero_point), inverse = 1.0F / most;
    constexpr std::uint32_t smallest = (127U - 100) << 23, largest = (127U + 100) << 23, one = 127U << 23;
    alignas(64) float magnitudes[piece_blocks] = {};
    reduce_blocks<reduction::abs_max, Isa>(in, groups * n, n, reinterpret_cast<std::byte*>(magnitudes));
    const auto for_each_register = [groups](auto&& f) {
        for (std::size_t k = 0; k < groups; k += lanes<Isa>) f(k);
    };
    lanes_bool<Isa> bad = equal<Isa>(u32<Isa>(0U), 1U);
    for_each_register([&](std::size_t k) {
        // The quotient rounded once, by its remainder (Markstein): a division is another thing under -ffast-math.
        const auto x = load_from<f32<Isa>>(magnitudes + k);
        const f32<Isa> near = x * f32<Isa>(inverse);
        const f32<Isa> rest = multiply_add<Isa>(-near, f32<Isa>(most), x);
        const u32<Isa> quotient = as<u32<Isa>>(multiply_add<Isa>(rest, f32<Isa>(inverse), near));
        const u32<Isa> bits = choose<Isa>(equal<Isa>(as<u32<Isa>>(x), 0U), u32<Isa>(one), quotient);
        bad = bad | greater<Isa>(u32<Isa>(smallest), bits) | greater<Isa>(bits, largest);
        store_to(found.values + k, as<f32<Isa>>(bits));
    });
    if (xsimd::any(bad)) return false;
    if constexpr (std::is_same_v<Scale, float>) {
        __builtin_memcpy(scales, found.values, 4 * groups);
    } else {
        alignas(64) typename Scale::storage_type codes[piece_blocks];
        for (std::size_t k = (groups + lanes<Isa> - 1) / lanes<Isa> * lanes<Isa>; k < piece_blocks; ++k)
            found.values[k] = 1;
        for_each_register([&](std::size_t k) {
            bad = bad | greater<Isa>(load_from<u32<Isa>>(found.values + k), open_scale<Scale>::largest - 1);
        });
        if (xsimd::any(bad)) return false;
        round_scales<Isa, Scale>(found.values, codes, groups, [&](std::size_t i) {
            return convert<Scale>(A::template from_amax<integer_recipe::exact, Scale>(magnitudes[i]).scale);
        });
        __builtin_memcpy(scales, codes, sizeof(Scale) * groups);
    }
    constexpr float wide =
        Isa::has(simd::avx512) ? 1.0F / (1 << A::bits) : static_cast<float>(1 << quotient_fraction<A::bits>);
    invert_scales<Isa>(found.values, groups, wide, found.multipliers);
    return true;
}

/// The codes, one a byte, of a block of numbers; the lanes of register i have scales.values[group[i]].
template <class Isa, class A>
LOWPREC_INLINE u8<Isa> codes_of_groups(const affine_narrowing<Isa, A>& narrow, const std::byte* in,
                                       const group_scales<A>& scales, const std::size_t (&group)[4]) noexcept {
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
    if constexpr (Isa::has(simd::avx512))
        return u8<Isa>(codes_by_scales<Isa, A>(
            in, A::symmetric_zero_point, [&](int i) { return scales.multipliers[group[i]]; },
            [&](int i) { return scales.values[group[i]]; }));
    else
#endif
    {
        f32<Isa> x[4], multipliers[4];
        load_numbers<Isa>(x, in);
        for (int i = 0; i < 4; ++i) multipliers[i] = f32<Isa>(scales.multipliers[group[i]]);
        const nearest_quotients<Isa, A::bits, false> found(x, multipliers, f32<Isa>(0.0F));
        const u8<Isa> codes = narrow(found.q);
        if (!found.open) [[likely]]
            return codes;
        return found.decide(in, codes, [&](int i, fp32 y) {
            const auto lane = static_cast<std::size_t>(i) / lanes<Isa>;
            return A::to_bits(A{scales.values[group[lane]]}.quantize(y));
        });
    }
}

/// The codes of `count` numbers, of which the first belongs to group `first`, and `left` of its numbers are still to come.
template <class Isa, class A>
class group_encoder {
public:
    LOWPREC_INLINE group_encoder(const group_scales<A>& scales, std::size_t n) noexcept
        : scales_(scales), narrow_(A{}), n_(n), left_(n) {}

    LOWPREC_INLINE void operator()(const std::byte* in, std::byte* out) noexcept {
        std::size_t group[4];
        for (int i = 0; i < 4; ++i) {
            group[i] = group_;
            left_ -= lanes<Isa>;
            if (left_ == 0) {
                left_ = n_;
                ++group_;
            }
        }
        const u8<Isa> codes = codes_of_groups<Isa, A>(narrow_, in, scales_, group);
        if constexpr (A::bits == 8)
            store_to(out, codes);
        else
            pack_block<Isa, A::bits, nibble_order::low_first>(out, codes);
    }

private:
    const group_scales<A>& scales_;
    affine_narrowing<Isa, A> narrow_;
    std::size_t n_, left_, group_ = 0;
};

/// A piece's codes, from a byte's first bit on.
template <class Isa, class A>
LOWPREC_INLINE void encode_groups(const std::byte* in, std::size_t count, group_encoder<Isa, A>& encode,
                                  std::byte* out) noexcept {
    constexpr std::size_t size = block_size<Isa>, in_bytes = 4 * size, out_bytes = size * A::bits / 8;
    for (; count >= size; count -= size, in += in_bytes, out += out_bytes) {
        for (std::size_t line = 0; line < in_bytes; line += 64) __builtin_prefetch(in + line + 8192);
        encode(in, out);
    }
    if (count != 0) {
        std::byte numbers[in_bytes] = {}, codes[out_bytes];
        __builtin_memcpy(numbers, in, 4 * count);
        encode(numbers, codes);
        __builtin_memcpy(out, codes, count * A::bits / 8);
    }
}

/// Scales and codes of `groups` groups of n that lie one after the other, as exact symmetric parameters give them. What lanes can't
/// do is by_definition(first group, how many, room for their codes), which also writes their scales.
/// Needs:   groups_in_lanes(n).
template <class Isa, class A, class Scale, class Definition>
[[gnu::noinline]] void quantize_groups(const float* numbers, std::size_t groups, std::size_t n, Scale* scales,
                                       std::byte* out, Definition by_definition) noexcept {
    const environment<Isa> guard;
    const std::size_t together = groups_of_piece(n);
    const auto* in = reinterpret_cast<const std::byte*>(numbers);
    group_scales<A> found;
    const auto for_each_piece = [&](auto&& encode, auto&& define) {
        for (std::size_t first = 0; first < groups; first += together) {
            const std::size_t some = groups - first < together ? groups - first : together;
            if (find_group_scales<Isa, A>(in, some, n, found, scales + first))
                encode(some * n);
            else
                define(first, some);
            in += 4 * some * n;
        }
    };
    if (goes_past_cache<Isa>(groups * n / 8 * A::bits) && n <= piece_numbers) {
        stream_writer<Isa, piece_numbers / 8 * A::bits> stream(out);
        for_each_piece(
            [&](std::size_t count) {
                group_encoder<Isa, A> encoder(found, n);
                encode_groups<Isa, A>(in, count, encoder, stream.room());
                stream.commit(count / 8 * A::bits);
            },
            [&](std::size_t first, std::size_t some) {
                by_definition(first, some, stream.room());
                stream.commit(some * n / 8 * A::bits);
            });
    } else {
        for_each_piece(
            [&](std::size_t count) {
                group_encoder<Isa, A> encoder(found, n);
                encode_groups<Isa, A>(in, count, encoder, out);
                out += count / 8 * A::bits;
            },
            [&](std::size_t first, std::size_t some) {
                by_definition(first, some, out);
                out += some * n / 8 * A::bits;
            });
    }
}

}  // namespace lowprec::detail

#endif
