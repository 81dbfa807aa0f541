// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Block formats, both ways. NVFP4's tensor scale is given: finding it would read the numbers once more.
#include <lowprec/kernels/blocks.hpp>

#include "operations.hpp"

namespace lowprec_bench {

namespace {

using namespace lowprec;

template <class B>
inline constexpr bool apart = B::layout == block_layout::separate;
/// Interleaved blocks are counted in pairs of numbers, so that a pair has a whole number of bits: 17 for q8_0, 9 for q4_0.
template <class B>
inline constexpr int together = apart<B> ? 1 : 2;
template <class B>
inline constexpr int bits = together<B>* B::element::width +
                            (apart<B> ? 0 : together<B> * 8 * B::scale_bytes / B::length);

constexpr float tensor_scale_here = 0x1.234p-12F;

template <class B, class Byte>
auto view(Byte* codes, std::size_t count) {
    using format = std::conditional_t<std::is_const_v<Byte>, const B, B>;
    const block_bytes bytes = bytes_of_blocks<B>(count / columns, columns);
    if constexpr (apart<B>) {
        // The scales lie elsewhere; those that are read are around 1.
        static std::vector<std::byte> scales;
        if (scales.size() < bytes.scales)
            scales.resize(bytes.scales, std::byte{std::is_same_v<typename B::scale, e8m0> ? 0x7F : 0x38});
        return block_span<format>(std::span(codes, bytes.codes), std::span<Byte>(scales).first(bytes.scales),
                                  count / columns, columns, B::has_tensor_scale ? tensor_scale_here : 1.0F);
    } else {
        return block_span<format>(std::span(codes, bytes.codes), count / columns, columns);
    }
}

template <class B>
operation to_blocks() {
    operation op = quantizing<32 * together<B>, bits<B>>("float", std::string(name_of<B>), "");
    op.fill = [](std::byte* in, std::size_t count) { fill_weights(in, together<B> * count); };
    add_variants(op, []<class Isa>(const std::byte* in, std::byte* out, std::size_t count) {
        count *= together<B>;
        lowprec::detail::quantize_blocks<Isa, B, block_policy{}>(
            floats_at(in, count).data(), view<B>(out, count),
            convert<fp32>(B::has_tensor_scale ? tensor_scale_here : 1.0F), {});
    });
    return op;
}

template <class B, class To>
operation from_blocks(const std::string& to) {
    constexpr int to_bits = 8 * static_cast<int>(sizeof(To));
    operation op = quantizing<bits<B>, together<B> * to_bits>(std::string(name_of<B>), to, "");
    op.fill = [](std::byte* in, std::size_t count) {
        if constexpr (apart<B>) {
            fill_bytes(in, count * bits<B> / 8);
        } else {
            std::vector<std::byte> numbers(4 * together<B> * count);
            fill_weights(numbers.data(), together<B> * count);
            lowprec::detail::quantize_blocks<simd::native, B, block_policy{}>(
                floats_at(numbers.data(), 0).data(), view<B>(in, together<B> * count), convert<fp32>(1), {});
        }
    };
    add_variants(op, []<class Isa>(const std::byte* in, std::byte* out, std::size_t count) {
        lowprec::detail::dequantize_blocks<Isa, B, To>(view<B>(in, together<B> * count), reinterpret_cast<To*>(out));
    });
    return op;
}

}  // namespace

std::vector<operation> operations_with_blocks() {
    return {to_blocks<mxfp8_e4m3>(),
            to_blocks<mxfp8_e5m2>(),
            to_blocks<mxfp6_e3m2>(),
            to_blocks<mxfp6_e2m3>(),
            to_blocks<mxfp4>(),
            to_blocks<mxint8>(),
            to_blocks<nvfp4>(),
            to_blocks<q8_0>(),
            to_blocks<q4_0>(),
            from_blocks<mxfp8_e4m3, float>("float"),
            from_blocks<mxfp6_e3m2, float>("float"),
            from_blocks<mxfp4, float>("float"),
            from_blocks<mxint8, float>("float"),
            from_blocks<nvfp4, float>("float"),
            from_blocks<q8_0, float>("float"),
            from_blocks<q4_0, float>("float"),
            from_blocks<mxfp4, bf16>("bf16"),
            from_blocks<nvfp4, bf16>("bf16")};
}

}  // namespace lowprec_bench
