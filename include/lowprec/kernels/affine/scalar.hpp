// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Affine quantization one number at a time: the definition. Codes of fewer than 8 bits are a stream of bits, low bits first
// (packing.hpp); `bit` is the first code's place in its byte.
#ifndef LOWPREC_KERNELS_AFFINE_SCALAR_HPP
#define LOWPREC_KERNELS_AFFINE_SCALAR_HPP

#include <cstddef>
#include <lowprec/affine.hpp>

namespace lowprec::detail {

/// Bits of the first byte below `bit` stay; those of the last one after the last code become zero.
template <class Isa, integer_recipe R, class A>
LOWPREC_INLINE void quantize_one_by_one(const float* in, std::size_t count, A parameters, std::byte* out,
                                        unsigned bit) noexcept {
    unsigned pending = bit == 0 ? 0 : static_cast<unsigned>(*out) & ((1U << bit) - 1);
    for (std::size_t i = 0; i < count; ++i) {
        float x;
        __builtin_memcpy(&x, in + i, 4);
        pending |= unsigned{A::to_bits(parameters.template quantize<R>(x))} << bit;
        bit += A::bits;
        if (bit >= 8) {
            *out++ = static_cast<std::byte>(static_cast<unsigned char>(pending));
            pending >>= 8;
            bit -= 8;
        }
    }
    if (count != 0 && bit != 0) *out = static_cast<std::byte>(static_cast<unsigned char>(pending));
}

template <class Isa, class A>
LOWPREC_INLINE void dequantize_one_by_one(const std::byte* in, unsigned bit, std::size_t count, A parameters,
                                          float* out) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        unsigned both = static_cast<unsigned>(*in);
        if (bit + A::bits > 8) both |= static_cast<unsigned>(in[1]) << 8;
        const float x = parameters.dequantize(A::from_bits(both >> bit));
        __builtin_memcpy(out + i, &x, 4);
        bit += A::bits;
        in += bit / 8;
        bit %= 8;
    }
}

}  // namespace lowprec::detail

#endif
