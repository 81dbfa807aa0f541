// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// What the variants of block quantization share: integer elements as affine codes, and products next to ties.
#ifndef LOWPREC_KERNELS_BLOCKS_SETTLE_HPP
#define LOWPREC_KERNELS_BLOCKS_SETTLE_HPP

#include <lowprec/kernels/blocks/scales.hpp>

namespace lowprec::detail {

/// The affine codes that are the codes of an integer element.
template <class E>
using codes_of_integers = affine<E::width, E::coding == int_coding::twos_complement ? integer_codes::signed_narrow
                                                                                    : integer_codes::unsigned_full>;
template <class E>
inline constexpr std::int32_t zero_of_integers = E::coding == int_coding::offset ? -E::lowest : 0;

/// The elements' own values for the products next to ties.
template <class Isa, class B>
[[gnu::noinline]] void settle_block(const std::byte* in, float* out, typename B::scale scale,
                                    fp32 tensor_scale) noexcept {
    using element = typename B::element;
    const exact divisor = multiplier<B>(scale, tensor_scale);
    for (int i = 0; i < B::length; ++i) {
        const auto y = __builtin_bit_cast(std::uint32_t, out[i]);
        if (((y + 8) & 0x001FFFF0U) != 0 || (y & 0x7FFFFFFF) <= 0x3E000000) continue;
        const auto code =
            element_code<element>(number_at(in, static_cast<std::size_t>(i)), divisor, signbit(scale), policy{}, 0);
        out[i] = convert<float>(element::from_bits(code));
    }
}

}  // namespace lowprec::detail

#endif
