// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What other tools do to a block, once more: from their formulas, in the machine's float arithmetic, one operation a function so that the
// compiler can neither fuse nor reorder. Nothing here comes from the library. The versions are those of block_policy.hpp.
#ifndef LOWPREC_TESTS_SUPPORT_BLOCK_PROGRAMS_HPP
#define LOWPREC_TESTS_SUPPORT_BLOCK_PROGRAMS_HPP

#include <bit>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <vector>

#include "support/blocks.hpp"

namespace block_programs {

inline float mul(float a, float b) {
    volatile float r = a * b;
    return r;
}
inline float div(float a, float b) {
    volatile float r = a / b;
    return r;
}
inline float add(float a, float b) {
    volatile float r = a + b;
    return r;
}

using block_oracle::result;

/// The code of |x| among the values of a format, nearest even and saturating.
inline unsigned magnitude_code(const block_oracle::values& v, float x) {
    return static_cast<unsigned>(block_oracle::nearest(v, std::fabs(static_cast<double>(x)), 1));
}
/// IEEE binary16, infinity from 65520 on.
inline unsigned half(float x) {
    if (std::isnan(x)) return 0x7E00;
    const unsigned sign = std::signbit(x) ? 0x8000 : 0;
    if (std::fabs(x) >= 65520) return sign | 0x7C00;
    return sign | magnitude_code(block_oracle::fp16_values(), x);
}
/// PyTorch's cast to float8_e4m3fn of a number that is not negative: NaN past 464.
inline unsigned e4m3_cast(float x) {
    if (std::isnan(x) || x > 464) return 0x7F;
    return magnitude_code(block_oracle::e4m3_values(), x);
}
inline float e4m3_value(unsigned code) {
    return code == 0x7F ? NAN : static_cast<float>(block_oracle::e4m3_values()[code]);
}
/// Round half to even by the bounds between the eight values.
inline unsigned e2m1_by_bounds(float x) {
    const float a = std::fabs(x);
    if (a <= 0.25F) return 0;
    if (a < 0.75F) return 1;
    if (a <= 1.25F) return 2;
    if (a < 1.75F) return 3;
    if (a <= 2.5F) return 4;
    if (a < 3.5F) return 5;
    return a <= 5 ? 6 : 7;
}

// ---------------------------------------------------------------------------------------------- ggml d99724f

inline float amax_by_less(const std::vector<float>& x) {
    float amax = 0;
    for (const float v : x)
        if (amax < std::fabs(v)) amax = std::fabs(v);
    return amax;
}

inline unsigned best_index(float x, float half_scale) {
    static constexpr int doubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
    unsigned best = 0;
    float error = std::fabs(add(mul(static_cast<float>(doubled[0]), half_scale), -x));
    for (unsigned i = 1; i < 16; ++i) {
        const float e = std::fabs(add(mul(static_cast<float>(doubled[i]), half_scale), -x));
        if (e < error) {
            error = e;
            best = i;
        }
    }
    return best;
}

inline result ggml_mxfp4(const std::vector<float>& x) {
    result r;
    const float amax = amax_by_less(x);
    const float e = amax > 0 ? std::floor(std::log2(amax)) - 2 + 127 : 0;
    r.scale = e < 0 ? 0 : e > 254 ? 254 : static_cast<unsigned>(e);  // where the cast to a byte has no meaning
    const auto half_scale = static_cast<float>(std::ldexp(0.5, static_cast<int>(r.scale) - 127));
    for (const float v : x) r.codes.push_back(best_index(v, half_scale));
    return r;
}

inline unsigned ue4m3(float x) {
    if (!(x > 0)) return 0;
    if (x > 448) x = 448;
    int exponent = 0;
    const float significand = std::frexp(x, &exponent);  // 1/2 <= significand < 1
    const int field = exponent - 1 + 7;
    if (field <= 0) {
        const int steps = static_cast<int>(add(mul(x, 512), 0.5F));
        return static_cast<unsigned>(steps > 7 ? 7 : steps);
    }
    if (field >= 15) return 0x7E;
    const int sixteenths = static_cast<int>(significand * 32);  // 16 to 31, cut
    int mantissa = sixteenths / 2 - 8 + sixteenths % 2;
    int up = 0;
    if (mantissa > 7) {
        mantissa = 0;
        up = 1;
    }
    if (field + up >= 15) return 0x7E;
    return static_cast<unsigned>((field + up) * 8 + mantissa);
}

inline result ggml_nvfp4(const std::vector<float>& x) {
    result r;
    r.scale = ue4m3(div(amax_by_less(x), 6));
    const float half_scale = mul(e4m3_value(r.scale), 0.5F);
    for (const float v : x) r.codes.push_back(best_index(v, half_scale));
    return r;
}

inline float reciprocal_or_zero(float d) { return d != 0 ? div(1, d) : 0; }

/// A cast to an integer that C leaves open for NaN and numbers out of range: zero, and the ends.
inline int cast(float x, int low, int high, int zero) {
    if (std::isnan(x)) return zero;
    if (x < static_cast<float>(low)) return low;
    if (x > static_cast<float>(high)) return high;
    return static_cast<int>(x);
}

inline result q4_0(const std::vector<float>& x) {
    result r;
    float amax = 0, max = 0;
    for (const float v : x)
        if (amax < std::fabs(v)) {
            amax = std::fabs(v);
            max = v;
        }
    const float d = div(max, -8), id = reciprocal_or_zero(d);
    r.scale = half(d);
    for (const float v : x) r.codes.push_back(static_cast<unsigned>(cast(add(mul(v, id), 8.5F), 0, 15, 8)));
    return r;
}

inline result q4_1(const std::vector<float>& x) {
    result r;
    float min = FLT_MAX, max = -FLT_MAX;
    for (const float v : x) {
        if (v < min) min = v;
        if (v > max) max = v;
    }
    const float d = div(add(max, -min), 15), id = reciprocal_or_zero(d);
    r.scale = half(d);
    r.minimum = half(min);
    for (const float v : x) r.codes.push_back(static_cast<unsigned>(cast(add(mul(add(v, -min), id), 0.5F), 0, 15, 0)));
    return r;
}

inline result q8_0(const std::vector<float>& x) {
    result r;
    float amax = 0;
    for (const float v : x) amax = amax > std::fabs(v) ? amax : std::fabs(v);
    const float d = div(amax, 127), id = reciprocal_or_zero(d);
    r.scale = half(d);
    for (const float v : x) r.codes.push_back(static_cast<unsigned>(cast(std::round(mul(v, id)), -127, 127, 0)) & 0xFF);
    return r;
}

// ------------------------------------------------------------------------------------- NVFP4 with a tensor scale

/// The largest magnitude as torch.amax has it: NaN if there is one.
inline float torch_amax(const std::vector<float>& x) {
    float a = 0;
    for (const float v : x) {
        if (std::isnan(v)) return NAN;
        if (std::fabs(v) > a) a = std::fabs(v);
    }
    return a;
}
inline float clamp(float x, float low, float high) { return x < low ? low : x > high ? high : x; }  // NaN stays

/// TransformerEngine d0067d0, its Python reference. S: min(2688 / amax, FLT_MAX), 1 for 0.
inline float te_encode(float amax) { return amax == 0 ? 1 : clamp(div(2688, amax), 0, FLT_MAX); }
inline result transformer_engine(const std::vector<float>& x, float S) {
    result r;
    const float S_dec = div(1, S);
    const float multiplier = mul(S, div(1, 6));
    const float decode = clamp(clamp(mul(torch_amax(x), multiplier), -FLT_MAX, FLT_MAX), -448, 448);
    r.scale = e4m3_cast(decode);
    const float encode = clamp(div(1, mul(e4m3_value(r.scale), S_dec)), -FLT_MAX, FLT_MAX);
    for (const float v : x) {
        const float q = clamp(mul(v, encode), -6, 6);
        r.codes.push_back(std::isnan(q) ? 0 : e2m1_by_bounds(q) + (q < 0 ? 8U : 0U));
    }
    return r;
}

/// ModelOpt 5a4242f. s2: amax / 2688.
inline float modelopt_scale(float amax) { return div(amax, 2688); }
inline result modelopt(const std::vector<float>& x, float s2) {
    result r;
    float scale = div(torch_amax(x), mul(6, s2));
    if (scale == 0) scale = 1;
    r.scale = e4m3_cast(scale);
    const float divisor = mul(e4m3_value(r.scale), s2);
    for (const float v : x) {
        const float q = div(v, divisor);
        r.codes.push_back(std::isnan(q) ? 7 : e2m1_by_bounds(q) + (q < 0 ? 8U : 0U));
    }
    return r;
}

/// torchao 36027d8. pts: amax / 2688. NaN becomes 7 here; there its bits are what the arithmetic leaves.
inline result torchao(const std::vector<float>& x, float pts) {
    result r;
    const float scaled = div(div(torch_amax(x), 6), pts);
    r.scale = e4m3_cast(clamp(scaled, 0.015625F, 448));
    const float factor = div(div(1, pts), e4m3_value(r.scale));
    for (const float v : x) {
        const float q = clamp(mul(v, factor), -6, 6);
        r.codes.push_back(std::isnan(q) ? 7 : e2m1_by_bounds(q) + (std::signbit(q) ? 8U : 0U));
    }
    return r;
}

/// compressed-tensors ac8e2ba. G: 2688 / max(amax, FLT_MIN), 1 if that is infinite. NaN becomes 7 here.
inline float compressed_tensors_divisor(float amax) {
    const float G = div(2688, amax < FLT_MIN ? FLT_MIN : amax);
    return std::isfinite(G) ? G : 1;
}
inline result compressed_tensors(const std::vector<float>& x, float G) {
    result r;
    r.scale = e4m3_cast(clamp(mul(G, div(torch_amax(x), 6)), -448, 448));
    if (r.scale == 0) r.scale = 0x20;
    const float divisor = div(e4m3_value(r.scale), G);
    for (const float v : x) {
        const float q = div(v, divisor);
        r.codes.push_back(std::isnan(q) ? 7 : e2m1_by_bounds(clamp(q, -6, 6)) + (q < 0 ? 8U : 0U));
    }
    return r;
}

/// compressed-tensors' MXFP4 and MXFP8: the exponent of the magnitude rounded to e2m1's one bit of mantissa.
inline result compressed_tensors_mx(const std::vector<float>& x, int offset) {
    result r;
    const float a = torch_amax(x);
    float power = NAN;
    if (std::isfinite(a)) {
        const std::uint32_t bits = (std::bit_cast<std::uint32_t>(a) + (1U << 21)) & 0xFF800000;
        power = std::bit_cast<float>(bits);
    }
    const float e = 127 + std::floor(std::log2(power)) - static_cast<float>(offset);  // of 0: -infinity
    r.scale = std::isnan(e) || e > 255 ? 255 : e < 0 ? 0 : static_cast<unsigned>(e);
    const float scale =
        r.scale == 255 ? INFINITY : static_cast<float>(std::ldexp(1.0, static_cast<int>(r.scale) - 127));
    static const block_oracle::values& e4m3 = block_oracle::e4m3_values();
    for (const float v : x) {
        const float q = div(v, scale);
        if (offset == 2)
            r.codes.push_back(std::isnan(q) ? 7 : e2m1_by_bounds(q) + (q < 0 ? 8U : 0U));
        else
            r.codes.push_back(
                std::isnan(q) ? 0x7F : magnitude_code(e4m3, clamp(q, -448, 448)) + (std::signbit(q) ? 0x80U : 0U));
    }
    return r;
}

}  // namespace block_programs

#endif
