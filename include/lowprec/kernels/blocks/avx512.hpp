// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// AVX-512: a piece's products are encoded where they are, in registers: floats by bulk conversion's kernel, integers by the sums of
// affine/avx512.hpp. Generic.hpp's way through a buffer takes about twice as long (docs/speed.md).
#ifndef LOWPREC_KERNELS_BLOCKS_AVX512_HPP
#define LOWPREC_KERNELS_BLOCKS_AVX512_HPP

#include <lowprec/kernels/affine/avx512.hpp>
#include <lowprec/kernels/blocks/settle.hpp>
#include <lowprec/kernels/convert/avx512/encode.hpp>

namespace lowprec::detail {

template <class B>
using element_target = std::conditional_t<is_ggml<B> || B::element::width == 8, plain<typename B::element>,
                                          packed<typename B::element, nibble_order::low_first>>;

/// The codes of numbers from `n` of the piece on, 64 of them, which begin at `in`.
template <class Isa, class B, block_policy P>
class encoder_of_piece;

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)

// Without optimisation gcc's intrinsics are macros, and their casts are warned of here.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"

/// 64 products; for each register, its block's number.
template <class Isa, class B>
struct products_of_piece {
    __m512 y[4];

    LOWPREC_INLINE static std::size_t block_of(std::size_t n, int i) noexcept {
        return (n + 16 * static_cast<std::size_t>(i)) / B::length;
    }
    LOWPREC_INLINE products_of_piece(const std::byte* in, std::size_t n, const piece_scales<B>& scales) noexcept {
        for (int i = 0; i < 4; ++i)
            y[i] = _mm512_mul_ps(_mm512_loadu_ps(in + 64 * i), _mm512_set1_ps(scales.multipliers[block_of(n, i)]));
    }

    /// Ties of one bit of mantissa and their neighbours end with 21 equal bits. So do zeros.
    LOWPREC_INLINE bool sure() const noexcept {
        __mmask16 far = 0xFFFF;
        for (int i = 0; i < 4; ++i)
            far = _mm512_mask_test_epi32_mask(far, _mm512_add_epi32(_mm512_castps_si512(y[i]), _mm512_set1_epi32(8)),
                                              _mm512_set1_epi32(0x001FFFF0));
        return far == 0xFFFF;
    }
    [[gnu::noinline]] static products_of_piece settle(products_of_piece products, const std::byte* in, std::size_t n,
                                                      const piece_scales<B>& scales, fp32 tensor_scale) noexcept {
        alignas(64) float numbers[64];
        for (int i = 0; i < 4; ++i) _mm512_store_ps(numbers + 16 * i, products.y[i]);
        for (std::size_t i = 0; i < 64; i += B::length)
            settle_block<Isa, B>(in + 4 * i, numbers + i, B::scale::from_bits(scales.codes[(n + i) / B::length]),
                                 tensor_scale);
        for (int i = 0; i < 4; ++i) products.y[i] = _mm512_load_ps(numbers + 16 * i);
        return products;
    }
};

template <class Isa, class B, block_policy P>
class encoder_of_piece {
public:
    LOWPREC_INLINE encoder_of_piece(const piece_scales<B>& scales, fp32 tensor_scale) noexcept
        : scales_(scales), tensor_scale_(tensor_scale) {}

    LOWPREC_INLINE void operator()(const std::byte* in, std::size_t n, std::byte* out) const noexcept {
        using element = typename B::element;
        using products = products_of_piece<Isa, B>;
        if constexpr (is_format_v<element>) {
            constexpr outcomes fate = outcomes_of<binary32, element>(P.elements);
            constexpr policy r = rule<binary32, element, P.elements>;
            const fast_block<Isa, plain<float>, element_target<B>, r> kernel({P.elements, fate, {}});
            products found(in, n, scales_);
            if constexpr (B::rule != scale_rule::power_of_two)
                if (!found.sure()) [[unlikely]]
                    found = products::settle(found, in, n, scales_, tensor_scale_);
            kernel.template encode<true>(found.y, out);
        } else {
            const auto block_of = [n](int i) { return products::block_of(n, i); };
            _mm512_storeu_si512(
                out, codes_by_scales<Isa, codes_of_integers<element>>(
                         in, zero_of_integers<element>, [&](int i) { return scales_.multipliers[block_of(i)]; },
                         [&](int i) { return scales_.values[block_of(i)]; }));
        }
    }

private:
    const piece_scales<B>& scales_;
    fp32 tensor_scale_;
};

#pragma GCC diagnostic pop

#endif

}  // namespace lowprec::detail

#endif
