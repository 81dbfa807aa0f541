// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Floats to affine integer codes and back, many with one set of parameters: what quantize/affine.hpp calls for each row and
// group. Every instruction set gives the bits of affine::quantize and affine::dequantize.
#ifndef LOWPREC_KERNELS_AFFINE_HPP
#define LOWPREC_KERNELS_AFFINE_HPP

#include <lowprec/kernels/affine/avx512.hpp>
#include <lowprec/kernels/affine/generic.hpp>
#include <lowprec/kernels/affine/scalar.hpp>

namespace lowprec::detail {

/// The codes of `count` floats, from bit `bit` of *out on: one a byte, or a stream of bits, low bits first.
/// Shapes:  bit is 0 to 7, and 0 for codes of 8 bits; bits below it stay, bits after the last code become zero. in and out
///          need not be aligned and must not overlap.
template <class Isa, integer_recipe R, class A>
[[gnu::noinline]] void quantize_row(const float* in, std::size_t count, A parameters, std::byte* out,
                                    unsigned bit = 0) noexcept {
    if constexpr (Isa::vectors && R == integer_recipe::exact) {
        if (bit == 0 && affine_encoder<Isa, A>::serves(parameters))
            return quantize_by_vectors<Isa>(reinterpret_cast<const std::byte*>(in), count, parameters, out);
    }
    quantize_one_by_one<Isa, R>(in, count, parameters, out, bit);
}

/// The floats of `count` codes, from bit `bit` of *in on.
/// Shapes:  as quantize_row; no byte is read but those that hold the codes.
template <class Isa, class A>
[[gnu::noinline]] void dequantize_row(const std::byte* in, unsigned bit, std::size_t count, A parameters,
                                      float* out) noexcept {
    if constexpr (Isa::vectors) {
        if (bit == 0 && affine_decoder<Isa, A>::serves(parameters))
            return dequantize_by_vectors<Isa>(in, count, parameters, reinterpret_cast<std::byte*>(out));
    }
    dequantize_one_by_one<Isa>(in, bit, count, parameters, out);
}

}  // namespace lowprec::detail

#endif
