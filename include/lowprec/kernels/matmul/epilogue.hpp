// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// What follows the sums of a product: scales, bias, an activation function, and the rounding to the output's type.
#ifndef LOWPREC_KERNELS_MATMUL_EPILOGUE_HPP
#define LOWPREC_KERNELS_MATMUL_EPILOGUE_HPP

#include <cmath>
#include <lowprec/kernels/convert.hpp>
#include <lowprec/kernels/environment.hpp>
#include <lowprec/kernels/matmul/generic.hpp>

namespace lowprec {

/// A function of each output: none, max(x, 0), x Phi(x) with the normal distribution's Phi, x / (1 + e^-x). Of gelu the error is
/// up to |x| 2^-23.
enum class activation : unsigned char { none, relu, gelu, silu };

namespace detail {

template <class Isa>
LOWPREC_INLINE float activated(float x, activation f) noexcept {
    switch (f) {
    case activation::none: return x;
    case activation::relu: return x < 0 ? 0.0F : x;
    // far below zero the formulas would make NaN of infinity times zero
    case activation::gelu: return x < -1000 ? -0.0F : 0.5F * x * (1 + std::erf(x * 0.70710678F));
    case activation::silu: return x < -1000 ? -0.0F : x / (1 + std::exp(-x));
    }
    return x;
}

/// 64 outputs of a row: totals * factor + bias, then the function, rounded to Out.
/// Needs:   the floating-point environment of kernels.
template <class Isa, class Out>
LOWPREC_INLINE void finish_row(float* totals, std::size_t count, float factor, const float* bias, activation f,
                               Out* out) noexcept {
    if (factor != 1 || bias != nullptr) {
        alignas(64) float own[strip_rows] = {};
        if (bias != nullptr) std::memcpy(own, bias, count * sizeof(float));
        const f32<Isa> scale(factor);
        for (std::size_t r = 0; r < strip_rows; r += lanes<Isa>)
            store_to(totals + r,
                     multiply_add<Isa>(load_from<f32<Isa>>(totals + r), scale, load_from<f32<Isa>>(own + r)));
    }
    if (f != activation::none)
        for (std::size_t r = 0; r < count; ++r) totals[r] = activated<Isa>(totals[r], f);
    if constexpr (std::is_same_v<Out, float>)
        std::memcpy(out, totals, count * sizeof(float));
    else
        convert_on<Isa, policy{}>(std::span<const float>(totals, count), std::span(out, count));
}

}  // namespace detail
}  // namespace lowprec

#endif
