// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Matrices of floats to blocks and back: the contract and the choice. Every block is what `quantize_block` makes of its numbers, on
// every machine; blocks/scalar.hpp is that definition.
//
//     block_tensor<nvfp4> w = quantize<nvfp4>(weights, columns);
//     dequantize(w, floats);
#ifndef LOWPREC_KERNELS_BLOCKS_HPP
#define LOWPREC_KERNELS_BLOCKS_HPP

#include <lowprec/block_tensor.hpp>
#include <lowprec/kernels/blocks/decode.hpp>
#include <lowprec/kernels/blocks/scalar.hpp>
#include <lowprec/kernels/reduce.hpp>

namespace lowprec {

namespace detail {

/// The variant for an instruction set.
template <class Isa, class B, block_policy P>
LOWPREC_INLINE void quantize_blocks(const float* in, block_span<B> out, fp32 tensor_scale,
                                    random_source random) noexcept {
    if constexpr (quantizes_in_lanes<Isa, B, P>())
        if (reaches<B>(tensor_scale))
            return quantize_blocks_in_lanes<Isa, B, P>(in, in_one_row(out), tensor_scale, random);
    quantize_blocks_scalar<Isa, B, P>(in, out, tensor_scale, random);
}
template <class Isa, class B, class To>
LOWPREC_INLINE void dequantize_blocks(block_span<const B> from, To* out) noexcept {
    if constexpr (dequantizes_in_lanes<Isa, B, To>())
        if (std::is_same_v<To, float> || reaches<B>(format_from_native(from.tensor_scale())))
            return dequantize_blocks_in_lanes<Isa, B, To>(in_one_row(from), out);
    dequantize_blocks_scalar<Isa, B, To>(from, out);
}

/// The largest magnitude of the finite numbers.
template <class Isa>
LOWPREC_INLINE float finite_abs_max(const float* in, std::size_t count) noexcept {
    const float all = abs_max(std::span(in, count));
    if (isfinite(format_from_native(all))) return all;
    std::uint32_t largest = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t magnitude = number_at(in, i).bits() & fp32::magnitude_mask;
        if (magnitude < fp32_infinity && magnitude > largest) largest = magnitude;
    }
    return convert<float>(fp32::from_bits(largest));
}

template <class In>
LOWPREC_INLINE std::size_t count_of_floats(const In& in) noexcept {
    static_assert(contiguous_of<const In, float>, "lowprec: quantize takes a vector, array or span of float");
    return std::size(in);
}

/// Quantizes with the tensor scale that is given, or else found. Returns what the blocks are to be multiplied by.
template <class Isa, class B, block_policy P, class In>
LOWPREC_INLINE float quantize_on(const In& in, block_span<B> out, const float* given, random_source random) {
    if (count_of_floats(in) != out.size())
        fail_argument("lowprec::quantize: in has ", count_of_floats(in), " elements, but out has ", out.rows(), " x ",
                      out.columns());
    float t = 1;
    if constexpr (B::has_tensor_scale) {
        if (given != nullptr) {
            t = *given;
            check_tensor_scale<B>("quantize", format_from_native(t), tensor_scale_may_be_zero<P>);
        } else {
            t = tensor_scale<B, P>(finite_abs_max<Isa>(std::data(in), std::size(in)));
        }
    }
    if (out.size() != 0) quantize_blocks<Isa, B, P>(std::data(in), out, format_from_native(t), random);
    return decoding_scale<B, P>(t);
}

template <class Isa, class B, block_policy P, class In>
LOWPREC_INLINE block_tensor<B> quantize_to_tensor(const In& in, std::size_t columns, const float* given,
                                                  random_source random) {
    const std::size_t count = count_of_floats(in);
    if (columns == 0 || count % columns != 0)
        fail_argument("lowprec::quantize: ", count, " elements are no rows of ", columns);
    block_tensor<B> out(count / columns, columns);
    out.set_tensor_scale(quantize_on<Isa, B, P>(in, out.view(), given, random));
    return out;
}

template <class T>
struct block_source : std::false_type {};
template <class B>
struct block_source<block_span<B>> : std::true_type {};
template <class B>
struct block_source<block_tensor<B>> : std::true_type {};

template <class B>
LOWPREC_INLINE block_span<const std::remove_const_t<B>> const_view(const block_span<B>& from) noexcept {
    return from;
}
template <class B>
LOWPREC_INLINE block_span<const B> const_view(const block_tensor<B>& from) {
    return from.view();
}

template <class Isa, class B, class Out>
LOWPREC_INLINE void dequantize_on(block_span<const B> from, Out& out) {
    using to = std::remove_pointer_t<decltype(std::data(out))>;
    static_assert(dequantized<to>, "lowprec: dequantize writes a vector, array or span of float, bf16 or fp16");
    if (std::size(out) != from.size())
        fail_argument("lowprec::dequantize: from has ", from.rows(), " x ", from.columns(), " elements, but out has ",
                      std::size(out));
    if (from.size() != 0) dequantize_blocks<Isa, B>(from, std::data(out));
}

}  // namespace detail

/// The blocks of a row-major matrix.
/// Shapes:  in a contiguous range of float (vector, array, span) of whole rows. Blocks lie along a row; the last one may be short.
///          With scale_tile::square, 16 rows share their scales; the last tile may be low.
/// Units:   the result's tensor scale is what it is multiplied by, as `decoding_scale` gives it.
/// Rounds:  as quantize_block; so also Beyond. NVFP4's tensor scale is that of the largest magnitude among the finite numbers.
/// Errors:  std::invalid_argument if the elements are no whole rows, or `columns` is 0.
/// Cost:    reads the input once, for NVFP4 twice.
template <block_row B, block_policy P = block_policy{}, class In>
    requires detail::block_quantizer<B, P>
[[nodiscard]] LOWPREC_INLINE block_tensor<B> quantize(const In& in, std::size_t columns) {
    return detail::quantize_to_tensor<simd::native, B, P>(in, columns, nullptr, {});
}

/// The same with that tensor scale, as quantize_block takes it.
/// Errors:  also std::invalid_argument for a tensor scale that quantize_block refuses.
template <detail::block_format_with_tensor_scale B, block_policy P = block_policy{}, class In>
    requires detail::block_quantizer<B, P>
[[nodiscard]] LOWPREC_INLINE block_tensor<B> quantize(const In& in, std::size_t columns,
                                                      std::same_as<float> auto tensor_scale) {
    return detail::quantize_to_tensor<simd::native, B, P>(in, columns, &tensor_scale, {});
}

/// The same with stochastic rounding of the elements: element i of `in` is rounded by `stochastic_bits(seed, first_index + i)`.
template <block_row B, block_policy P, class In>
    requires detail::stochastic_block_quantizer<B, P>
[[nodiscard]] LOWPREC_INLINE block_tensor<B> quantize(const In& in, std::size_t columns, std::uint64_t seed,
                                                      std::uint64_t first_index = 0) {
    return detail::quantize_to_tensor<simd::native, B, P>(in, columns, nullptr, {seed, first_index});
}

/// The same into the caller's memory; returns the tensor scale to decode with, which the view keeps no place for.
/// Shapes:  in of out.rows() x out.columns() elements, which doesn't overlap the view's bytes.
/// Errors:  std::invalid_argument that names both extents, before anything is written.
template <block_row B, block_policy P = block_policy{}, class In>
requires detail::block_quantizer<B, P> LOWPREC_INLINE float quantize(const In& in, block_span<B> out) {
    return detail::quantize_on<simd::native, B, P>(in, out, nullptr, {});
}
template <detail::block_format_with_tensor_scale B, block_policy P = block_policy{}, class In>
requires detail::block_quantizer<B, P> LOWPREC_INLINE float quantize(const In& in, block_span<B> out,
                                                                     std::same_as<float> auto tensor_scale) {
    return detail::quantize_on<simd::native, B, P>(in, out, &tensor_scale, {});
}
template <block_row B, block_policy P, class In>
requires detail::stochastic_block_quantizer<B, P> LOWPREC_INLINE float quantize(const In& in, block_span<B> out,
                                                                                std::uint64_t seed,
                                                                                std::uint64_t first_index = 0) {
    return detail::quantize_on<simd::native, B, P>(in, out, nullptr, {seed, first_index});
}
template <detail::block_format_with_tensor_scale B, block_policy P, class In>
requires detail::stochastic_block_quantizer<B, P> LOWPREC_INLINE float quantize(const In& in, block_span<B> out,
                                                                                std::same_as<float> auto tensor_scale,
                                                                                std::uint64_t seed,
                                                                                std::uint64_t first_index = 0) {
    return detail::quantize_on<simd::native, B, P>(in, out, &tensor_scale, {seed, first_index});
}

/// The numbers of a matrix of blocks.
/// Shapes:  from a block_tensor or block_span; out a contiguous range of float, bf16 or fp16 with as many elements.
/// Rounds:  as dequantize_block; so also Beyond.
/// Errors:  std::invalid_argument that names both extents, before anything is written.
template <class From, class Out>
    requires(detail::block_source<From>::value)
LOWPREC_INLINE void dequantize(const From& from, Out&& out) {
    detail::dequantize_on<simd::native>(detail::const_view(from), out);
}

}  // namespace lowprec

#endif
