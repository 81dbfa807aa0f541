// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Calls every quantizer, for some formats, and what turns its codes back. scripts/check_dispatch compiles it for several
// instruction sets and demands that no two of the objects define a common symbol of lowprec. Never run.
#include <lowprec/hadamard.hpp>
#include <lowprec/kernels/blocks.hpp>
#include <lowprec/quantize.hpp>
#include <lowprec/simd.hpp>
#include <utility>
#include <vector>

namespace {

using namespace lowprec;
using floats = std::vector<float>;

template <class B, recipe How>
void blocks(const floats& in, floats& out) {
    constexpr block_policy random{.elements = {.round = rounding::stochastic, .random_bits = 16}};
    auto matrix = quantize<B>(in, 64);
    matrix.set_tensor_scale(quantize<B>(in, matrix.view()));
    quantize<B, random>(in, matrix.view(), 1);
    if constexpr (B::has_tensor_scale)
        matrix = quantize<B, block_policy{.how = How}>(in, 64, tensor_scale<B, block_policy{.how = How}>(6));
    else if constexpr (How != recipe::exact)
        quantize<B, block_policy{.how = How}>(in, matrix.view());
    matrix.view().set(0, 0, quantize_block<B>(std::span(in).first(8)));
    dequantize(matrix, out);
    dequantize_block(matrix.view().subrows(1, 1).get(0, 0), std::span(out).first(8));
}

template <class A, class Scale, affine_policy P>
void integers(const floats& in, floats& out) {
    auto matrix = quantize<A, P, Scale>(in, in.size() / 64, 64, granularity::group(32));
    choose_parameters<P>(in, matrix.view());
    quantize_as_chosen<P>(in, matrix.view());
    quantize<P>(in, matrix.view());
    dequantize(matrix.view(), out);
    dequantize(std::as_const(matrix).view(), out);
    fake_quantize<A, P, Scale>(in, out, in.size() / 64, 64, granularity::row());
    out[0] = matrix.view().at_group(0, 0).dequantize(matrix.view().code(0, 0));
}

template <class Observer>
void observe(const floats& in, floats& out) {
    Observer a, b;
    a.add(in);
    out[0] = a.range().max;
    if constexpr (requires { a.merge(b); }) {
        a.merge(b);
        out[0] += a.abs_max() + (a == b ? 1.0F : 0.0F);
    }
    if constexpr (requires { a.entropy(); }) out[1] = a.percentile(0.99) + a.entropy() + a.mean_squared_error();
    if constexpr (requires { a.percentile_range(0.99); }) out[1] = a.percentile_range(0.99).min;
}

template <class Element, class Scale>
void cached(const floats& in, floats& out) {
    kv_cache<Element, Scale> cache(2, 64);
    cache.reserve(8);
    cache.append(in);
    cache.read(0, 0, cache.tokens(), out);
    std::vector<bf16> halves(out.size());
    cache.read(1, 0, cache.tokens(), halves);
    cache.truncate(1);
    out[0] +=
        static_cast<float>(cache.bytes() + cache.capacity_bytes() + cache.codes(0).size() + cache.scales(1).size());
}

[[gnu::used]] void all(const floats& in, floats& out) {
    blocks<mxfp8_e4m3, recipe::exact>(in, out);
    blocks<nvfp4, recipe::transformer_engine>(in, out);
    blocks<q4_0, recipe::exact>(in, out);
    blocks<q4_1, recipe::ggml>(in, out);
    const auto squares = quantize<nvfp4, block_policy{.tile = scale_tile::square}>(in, 64);
    std::vector<fp16> halves(in.size());
    dequantize(squares, halves);

    integers<affine<8, integer_codes::unsigned_full>, fp16,
             affine_policy{.range = range_kind::asymmetric, .nan = nan_policy::zero}>(in, out);
    integers<affine<4>, float, affine_policy{.recipe = integer_recipe::ggml, .nan = nan_policy::ignore}>(in, out);

    observe<min_max_observer<>>(in, out);
    observe<magnitude_histogram<>>(in, out);
    observe<signed_histogram<nan_policy::zero>>(in, out);
    observe<moving_average_observer<nan_policy::ignore>>(in, out);

    error_measures seen = measure<e4m3>(in);
    seen.merge(measure<fp16, policy{.round = rounding::stochastic}>(in, 1));
    seen.merge(measure(in, out));
    seen.add(in, out, {-1, 1});
    out[0] = static_cast<float>(seen.mse() + seen.sqnr_db() + seen.cosine_similarity() + seen.max_error());

    cached<affine<8>, float>(in, out);
    cached<e4m3, fp16>(in, out);
    hadamard_16(out);
    inverse_hadamard_16(out);
    constexpr fixed_factor half{1 << 30, 0};
    out[1] = static_cast<float>(requantize<affine<8>>(static_cast<std::int32_t>(in.size()), half, 0));
}

}  // namespace
