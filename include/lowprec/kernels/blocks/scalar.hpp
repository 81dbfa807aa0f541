// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Matrices of blocks one block after the other, by the scalar functions of quantize_block.hpp: the definition. Every faster variant
// must return the same bytes.
#ifndef LOWPREC_KERNELS_BLOCKS_SCALAR_HPP
#define LOWPREC_KERNELS_BLOCKS_SCALAR_HPP

#include <lowprec/block_span.hpp>
#include <lowprec/kernels/convert/scalar.hpp>
#include <lowprec/quantize_block.hpp>

namespace lowprec::detail {

/// Element i of floats that needn't be aligned.
LOWPREC_INLINE fp32 number_at(const void* in, std::size_t i) noexcept {
    std::uint32_t bits;
    __builtin_memcpy(&bits, static_cast<const std::byte*>(in) + 4 * i, 4);
    return fp32::from_bits(bits);
}

/// The blocks of one column of blocks, in rows `first` to `last` - 1, which share a scale.
template <class Isa, class B, block_policy P>
LOWPREC_INLINE void quantize_tile(const float* in, block_span<B> out, std::size_t first, std::size_t last,
                                  std::size_t index, fp32 tensor_scale, random_source random) noexcept {
    const int n = out.size_of_block(index);
    const auto start = [&](std::size_t row) { return row * out.columns() + index * B::length; };
    magnitudes seen;
    for (std::size_t row = first; row < last; ++row)
        for (int i = 0; i < n; ++i) seen.see(number_at(in, start(row) + static_cast<std::size_t>(i)));
    lowprec::block<B> one;
    one.scale = scale_of<B, P>(seen, tensor_scale);
    for (std::size_t row = first; row < last; ++row) {
        const std::size_t at = start(row);
        codes_of<B, P>(
            one, n, [&](int i) { return number_at(in, at + static_cast<std::size_t>(i)); }, tensor_scale,
            [&](int i) { return stochastic_bits(random.seed, random.first + at + static_cast<std::size_t>(i)); });
        out.set(row, index, one);
    }
}

/// Blocks `begin` to `end` - 1 of a row, whose numbers begin at `in`.
template <class Isa, class B, block_policy P>
[[gnu::noinline]] void quantize_row_of_blocks(const float* in, block_span<B> out, std::size_t row, std::size_t begin,
                                              std::size_t end, fp32 tensor_scale, random_source random) noexcept {
    const std::uint64_t first = random.first + row * out.columns();
    for (std::size_t index = begin; index < end; ++index) {
        const std::size_t at = index * B::length;
        out.set(row, index,
                quantize_numbers<B, P>(
                    out.size_of_block(index), [&](int i) { return number_at(in, at + static_cast<std::size_t>(i)); },
                    tensor_scale,
                    [&](int i) { return stochastic_bits(random.seed, first + at + static_cast<std::size_t>(i)); }));
    }
}

/// out.rows() rows of out.columns() numbers. The tensor scale is what quantize_block takes.
template <class Isa, class B, block_policy P>
[[gnu::noinline]] void quantize_blocks_scalar(const float* in, block_span<B> out, fp32 tensor_scale,
                                              random_source random) noexcept {
    const std::size_t blocks = out.blocks_per_row();
    if constexpr (P.tile == scale_tile::square) {
        for (std::size_t row = 0, next; row < out.rows(); row = next) {
            next = row + B::length < out.rows() ? row + B::length : out.rows();
            for (std::size_t index = 0; index < blocks; ++index)
                quantize_tile<Isa, B, P>(in, out, row, next, index, tensor_scale, random);
        }
    } else {
        for (std::size_t row = 0; row < out.rows(); ++row)
            quantize_row_of_blocks<Isa, B, P>(in + row * out.columns(), out, row, 0, blocks, tensor_scale, random);
    }
}

/// The numbers of one block, written at `to`; returns where they end. To is float, bf16 or fp16.
template <class Isa, class B, class To>
[[gnu::noinline]] std::byte* dequantize_one(block_span<const B> from, std::size_t row, std::size_t index,
                                            std::byte* to) noexcept {
    const lowprec::block<B> one = from.get(row, index);
    const fp32 tensor_scale = format_from_native(from.tensor_scale());
    for (int i = 0; i < from.size_of_block(index); ++i, to += sizeof(To)) {
        const To number = block_element<B, To>(one, i, tensor_scale);
        __builtin_memcpy(to, &number, sizeof number);
    }
    return to;
}

/// The numbers of a matrix.
template <class Isa, class B, class To>
[[gnu::noinline]] void dequantize_blocks_scalar(block_span<const B> from, To* out) noexcept {
    auto* to = reinterpret_cast<std::byte*>(out);
    for (std::size_t row = 0; row < from.rows(); ++row)
        for (std::size_t index = 0; index < from.blocks_per_row(); ++index)
            to = dequantize_one<Isa, B, To>(from, row, index, to);
}

}  // namespace lowprec::detail

#endif
