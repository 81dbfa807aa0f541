// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Integer recipes against the other tools' formulas, written down once more in the machine's own float and double arithmetic.
// Not for AArch64, where the compiler would fuse them.
#include <lowprec/affine.hpp>

#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <limits>

#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

float with_bits(std::uint64_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits)); }
std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }

struct ends {
    int bits, low, high;
};
struct found {
    float scale;
    int zero;
};
template <class A>
constexpr ends ends_of{A::bits, A::lowest, A::highest};

template <class T>
int clamped(T x, ends e) {
    return static_cast<int>(x < static_cast<T>(e.low)    ? static_cast<T>(e.low)
                            : x > static_cast<T>(e.high) ? static_cast<T>(e.high)
                                                         : x);
}
template <class T>
T clamped_real(T x, ends e) {
    return std::fmin(std::fmax(x, static_cast<T>(e.low)), static_cast<T>(e.high));
}

// The codes.
int code_of(integer_recipe recipe, float x, float s, int zero, ends e) {
    const auto z = static_cast<float>(zero);
    switch (recipe) {
    case integer_recipe::pytorch: {
        const float inverse = 1.0F / s;
        return clamped(std::nearbyint(static_cast<double>(x * inverse)) + zero, e);
    }
    case integer_recipe::tflite: return clamped(static_cast<double>(std::round(x / s)) + zero, e);
    case integer_recipe::gemmlowp: {
        const float transformed = z + x / s;
        return static_cast<int>(std::round(clamped_real(transformed, e)));
    }
    case integer_recipe::compressed_tensors: {
        const float sum = x / s + z;
        return static_cast<int>(std::nearbyint(clamped_real(sum, e)));
    }
    case integer_recipe::tensorrt: return static_cast<int>(std::nearbyint(clamped_real(x / s, e))) + zero;
    case integer_recipe::ggml: {
        const float inverse = s != 0 ? 1.0F / s : 0.0F;
        const float steps = x * inverse;
        if (e.bits == 8) return clamped(static_cast<double>(std::round(steps)) + zero, e);
        const float moved = steps + 8.5F;
        const double cut = std::trunc(static_cast<double>(moved));
        return (cut < 0 ? 0 : cut > 15 ? 15 : static_cast<int>(cut)) + (zero - 8);
    }
    default:  // onnx, gptq, awq
        return clamped(static_cast<double>(std::nearbyint(x / s)) + zero, e);
    }
}

// The scales of symmetric ranges.
float scale_of(integer_recipe recipe, float amax, ends e) {
    const auto half = static_cast<float>((1 << (e.bits - 1)) - 1), levels = static_cast<float>(e.high - e.low);
    switch (recipe) {
    case integer_recipe::compressed_tensors: {
        const float scale = amax / (levels / 2);
        return scale == 0 ? std::numeric_limits<float>::epsilon() : scale;
    }
    case integer_recipe::gptq: {
        const float low = amax == 0 ? -1.0F : -amax, high = amax == 0 ? 1.0F : amax;
        return (high - low) / levels;
    }
    case integer_recipe::awq: return std::fmax(amax, 1e-5F) / half;
    case integer_recipe::ggml: return e.bits == 4 ? amax / -8 : amax / 127;
    default:  // tensorrt, tflite
        return amax / half;
    }
}

found nudged(double min, double max, double scale, ends e, bool away) {
    const double low = e.low, high = e.high;
    const double from_min = low - min / scale, from_max = high - max / scale;
    const double min_error = std::abs(low) + std::abs(min / scale), max_error = std::abs(high) + std::abs(max / scale);
    const double zero = min_error < max_error ? from_min : from_max;
    const int z = zero < low    ? e.low
                  : zero > high ? e.high
                                : static_cast<int>(away ? std::round(zero) : std::nearbyint(zero));
    return {static_cast<float>(scale), z};
}

// The parameters of asymmetric ranges.
found parameters_of(integer_recipe recipe, float min, float max, ends e) {
    const auto levels = static_cast<float>(e.high - e.low), low = static_cast<float>(e.low);
    if (recipe == integer_recipe::awq) {
        const float scale = std::fmax(max - min, 1e-5F) / levels;
        return {scale, e.low + static_cast<int>(std::fmin(std::fmax(-std::nearbyint(min / scale), 0.0F), levels))};
    }
    min = std::fmin(min, 0.0F);
    max = std::fmax(max, 0.0F);
    switch (recipe) {
    case integer_recipe::onnx: {
        const float scale = (max == min ? 1.0F : max - min) / levels;
        return {scale, static_cast<int>(std::nearbyint(clamped_real(low - min / scale, e)))};
    }
    case integer_recipe::tflite:
        if (min == max) return {0, 0};
        return nudged(static_cast<double>(min), static_cast<double>(max),
                      (static_cast<double>(max) - static_cast<double>(min)) / (e.high - e.low), e, true);
    case integer_recipe::gemmlowp: {
        const double scale = static_cast<double>((max - min) / levels);
        const double zero = e.low - static_cast<double>(min) / scale;
        return {static_cast<float>(scale), static_cast<int>(std::round(clamped_real(zero, e)))};
    }
    case integer_recipe::compressed_tensors: {
        const float scale = (max - min) / levels, zero = low - min / scale;
        return {scale == 0 ? std::numeric_limits<float>::epsilon() : scale,
                std::isnan(zero) ? 0 : static_cast<int>(std::nearbyint(clamped_real(zero, e)))};
    }
    case integer_recipe::gptq: {
        if (min == 0 && max == 0) {
            min = -1;
            max = 1;
        }
        const float scale = (max - min) / levels;
        return {scale, e.low + static_cast<int>(std::nearbyint(-min / scale))};
    }
    default: {  // pytorch
        constexpr float threshold = 6.1e-5F;
        double scale = (static_cast<double>(max) - static_cast<double>(min)) / (e.high - e.low);
        if (static_cast<float>(scale) == 0.0F || std::isinf(1.0F / static_cast<float>(scale))) scale = 0.1;
        if (scale < static_cast<double>(threshold)) {
            const float before = static_cast<float>(scale);
            scale = static_cast<double>(threshold);
            if (min == 0) {
                max = threshold * levels;
            } else if (max == 0) {
                min = -threshold * levels;
            } else {
                const float stretch = threshold / before;
                min *= stretch;
                max *= stretch;
            }
        }
        return nudged(static_cast<double>(min), static_cast<double>(max), scale, e, false);
    }
    }
}

template <integer_recipe R, class A>
void check_codes(tally& result, std::uint64_t& cases, std::uint64_t& ties) {
    random_bits random{static_cast<std::uint64_t>(R) * 8 + A::bits};
    constexpr int levels = A::highest - A::lowest;
    constexpr bool own_zero = R != integer_recipe::tensorrt && R != integer_recipe::ggml;
    for (int i = 0; i < 60000; ++i) {
        const int zero = own_zero ? A::lowest + static_cast<int>(random() % (levels + 1)) : A::symmetric_zero_point;
        float scale = with_bits((40 + random() % 170) << 23 | (random() & 0x7FFFFF));
        float x = 0;
        if (i % 4 != 3) {
            // x / scale is k + 1/2, exactly; or beside that, with any scale
            if (i % 2 == 0) scale = with_bits(bits_of(scale) & 0x7FF00000);
            const float k = static_cast<float>(static_cast<int>(random() % (2 * levels + 2)) - levels) + 0.5F;
            x = scale * k;
            if (i % 8 == 1) x = with_bits(bits_of(x) + 1);
            const float q = x / scale;
            ties += q - std::floor(q) == 0.5F ? 1U : 0U;
        } else if (i % 64 == 3) {
            x = with_bits(random() % 0x7F800001 | (random() & 1) << 31);  // anything, infinity too
        } else {
            x = scale * static_cast<float>(static_cast<std::int64_t>(random() % 20001) - 10000) *
                (static_cast<float>(levels) / 10000);
        }
        if constexpr (R == integer_recipe::ggml && A::bits == 4)
            if (random() % 2 == 0) scale = -scale;
        result.equal(A{scale, zero}.template quantize<R>(x), code_of(R, x, scale, zero, ends_of<A>), "x", bits_of(x),
                     "scale", bits_of(scale), "zero", zero);
        ++cases;
    }
    // NaN, and scales of 0
    result.equal(A{2, A::symmetric_zero_point}.template quantize<R>(with_bits(0x7FC00000)), A::symmetric_zero_point,
                 "NaN");
    result.equal(A{0, A::symmetric_zero_point}.template quantize<R>(3.0F), A::symmetric_zero_point, "zero scale");
    // of the smallest scale the reciprocal is infinite
    result.equal(A{with_bits(1), A::symmetric_zero_point}.template quantize<R>(0.0F), A::symmetric_zero_point, "tiny");
    cases += 3;
}

// Numbers for scales: of any magnitude, ties of the quotient by the divisor among them, none whose scale is subnormal.
template <integer_recipe R, class A>
void check_amax(tally& result, std::uint64_t& cases) {
    random_bits random{100 + static_cast<std::uint64_t>(R)};
    for (int i = 0; i < 100000; ++i) {
        float amax = with_bits((20 + random() % 220) << 23 | (random() & 0x7FFFFF));
        if (i % 1000 == 0) amax = 0;
        if (i % 50 == 1) amax = 1e-5F * static_cast<float>(random() % 100);  // about awq's least
        if (R == integer_recipe::ggml && A::bits == 4 && i % 2 == 0) amax = -amax;
        float expected = scale_of(R, amax, ends_of<A>);
        if (R == integer_recipe::tensorrt && amax == 0) expected = 1;
        if (expected == 0) expected = 0;  // +0 for -0
        const A found = A::template from_amax<R>(amax);
        result.equal(bits_of(found.scale), bits_of(expected), "amax", bits_of(amax));
        result.equal(found.zero_point, A::symmetric_zero_point, "zero");
        cases += 2;
    }
}

template <integer_recipe R, class A>
void check_ranges(tally& result, std::uint64_t& cases) {
    random_bits random{200 + static_cast<std::uint64_t>(R)};
    constexpr int levels = A::highest - A::lowest;
    for (int i = 0; i < 100000; ++i) {
        float min = 0, max = 0;
        if (i % 2 == 0) {
            // the scale is a power of two, min lies at k + 1/2 of it: a tie of the zero point. Or beside that.
            const float power = with_bits((60 + random() % 120) << 23);
            const auto k = static_cast<float>(random() % static_cast<unsigned>(levels)) + 0.5F;
            min = -power * k;
            max = power * (static_cast<float>(levels) - k);
            if (i % 8 == 2) min = with_bits(bits_of(min) + 1);
            if (i % 8 == 6) max = with_bits(bits_of(max) + 1);
        } else {
            const std::uint64_t field = 60 + random() % 120;
            min = with_bits((field + random() % 12) << 23 | (random() & 0x7FFFFF) | 0x80000000);
            max = with_bits((field + random() % 12) << 23 | (random() & 0x7FFFFF));
            if (i % 16 == 1) min = 0;
            if (i % 16 == 3) max = 0;
            if (i % 16 == 5) min = -min < max ? -min : max;
            if (i % 16 == 7) max = -max > min ? -max : min;
            if (i % 1000 == 9) min = max = 0;
        }
        const found expected = parameters_of(R, min, max, ends_of<A>);
        if (R == integer_recipe::gemmlowp && std::fmin(min, 0.0F) == std::fmax(max, 0.0F)) continue;
        const A got = A::template from_range<R>(min, max);
        result.equal(bits_of(got.scale), bits_of(expected.scale), "scale", bits_of(min), bits_of(max));
        result.equal(got.zero_point, clamped(expected.zero, ends_of<A>), "zero", bits_of(min), bits_of(max));
        cases += 2;
    }
}

using s8 = affine<8>;
using n8 = affine<8, integer_codes::signed_narrow>;
using u8 = affine<8, integer_codes::unsigned_full>;
using s4 = affine<4>;
using u4 = affine<4, integer_codes::unsigned_full>;
using s3 = affine<3>;
using u2 = affine<2, integer_codes::unsigned_full>;

template <integer_recipe R, class... A>
void check_codes_of() {
    tally result;
    std::uint64_t cases = 0, ties = 0;
    (check_codes<R, A>(result, cases, ties), ...);
    INFO("recipe " << static_cast<int>(R));
    CHECK_TALLY(result, cases);
    CHECK(cases > 100000);
    CHECK(2 * ties > cases);
}
template <integer_recipe R, class... A>
void check_amax_of() {
    tally result;
    std::uint64_t cases = 0;
    (check_amax<R, A>(result, cases), ...);
    INFO("recipe " << static_cast<int>(R));
    CHECK_TALLY(result, cases);
}
template <integer_recipe R, class... A>
void check_ranges_of() {
    tally result;
    std::uint64_t cases = 0;
    (check_ranges<R, A>(result, cases), ...);
    INFO("recipe " << static_cast<int>(R));
    CHECK_TALLY(result, cases);
}

}  // namespace

TEST_CASE("codes by recipe") {
    check_codes_of<integer_recipe::onnx, s8, u8, s4>();
    check_codes_of<integer_recipe::pytorch, s8, u8>();
    check_codes_of<integer_recipe::tflite, s8, n8, u8>();
    check_codes_of<integer_recipe::gemmlowp, u8, s8>();
    check_codes_of<integer_recipe::tensorrt, s8, s4>();
    check_codes_of<integer_recipe::compressed_tensors, s8, s4, u4>();
    check_codes_of<integer_recipe::gptq, u4, s4, s3, u2>();
    check_codes_of<integer_recipe::awq, u4, s4, s3>();
    check_codes_of<integer_recipe::ggml, s8, u4, s4>();
}

TEST_CASE("scales of symmetric ranges by recipe") {
    check_amax_of<integer_recipe::tflite, n8, s8>();
    check_amax_of<integer_recipe::tensorrt, s8, s4>();
    check_amax_of<integer_recipe::compressed_tensors, s8, s4>();
    check_amax_of<integer_recipe::gptq, u4, s4, s3, u2, s8>();
    check_amax_of<integer_recipe::awq, u4, s4, s3>();
    check_amax_of<integer_recipe::ggml, s8, u4, s4>();
}

TEST_CASE("asymmetric ranges by recipe") {
    check_ranges_of<integer_recipe::onnx, u8>();
    check_ranges_of<integer_recipe::pytorch, u8, s8>();
    check_ranges_of<integer_recipe::tflite, u8, s8>();
    check_ranges_of<integer_recipe::gemmlowp, u8>();
    check_ranges_of<integer_recipe::compressed_tensors, s8, s4>();
    check_ranges_of<integer_recipe::gptq, u4, s4, s3, u2>();
    check_ranges_of<integer_recipe::awq, u4, s4, s3>();
}

TEST_CASE("where a tool would divide by zero") {
    CHECK(s8::from_amax<integer_recipe::tflite>(0) == s8{0, 0});
    CHECK(u8::from_range<integer_recipe::tflite>(0, 0) == u8{0, 0});
    CHECK(u8::from_range<integer_recipe::gemmlowp>(0, 0) == u8{1, 0});
    CHECK(u8::from_range<integer_recipe::pytorch>(0, 0) == u8{0.1F, 0});
    CHECK(s8::from_range<integer_recipe::pytorch>(0, 0) == s8{0.1F, 127});
    CHECK(u8::from_range<integer_recipe::onnx>(0, 0) == u8{1.0F / 255, 0});
    CHECK(s8::from_range<integer_recipe::compressed_tensors>(0, 0) == s8{0x1p-23F, 0});
    CHECK(u4::from_range<integer_recipe::gptq>(0, 0) == u4{2.0F / 15, 7});
    CHECK(u4::from_range<integer_recipe::awq>(0, 0) == u4{1e-5F / 15, 0});
    CHECK(s8::from_amax<integer_recipe::tensorrt>(0) == s8{1, 0});
    CHECK(s8::from_amax<integer_recipe::ggml>(0) == s8{0, 0});
    // scales that underflow to zero, where the tool would then divide by it
    constexpr float tiny = 0x1p-149F;
    CHECK(s8::from_amax<integer_recipe::tensorrt>(tiny).scale == 0x1p-126F);
    CHECK(u4::from_amax<integer_recipe::gptq>(tiny).scale == 0x1p-126F);
    CHECK(u8::from_range<integer_recipe::onnx>(-tiny, tiny).scale == 0x1p-126F);
    CHECK(u8::from_range<integer_recipe::gemmlowp>(-tiny, tiny).scale == 0x1p-126F);
    // widths that overflow float
    constexpr float largest = 0x1.FFFFFEp127F;
    CHECK(u8::from_range<integer_recipe::onnx>(-largest, largest).usable());
    CHECK(u4::from_range<integer_recipe::gptq>(-largest, largest).usable());
    CHECK(u4::from_amax<integer_recipe::gptq>(largest).usable());
    CHECK(u4::from_range<integer_recipe::awq>(-largest, largest).usable());
    CHECK(s8::from_range<integer_recipe::compressed_tensors>(-largest, largest).usable());
}

TEST_CASE("recipes and the exact way depend on no environment") {
    const auto all = [] {
        std::uint64_t hash = 0;
        random_bits random{7};
        const auto add = [&](auto code) { hash = hash * 0x100000001B3 + static_cast<std::uint64_t>(code); };
        for (int i = 0; i < 5000; ++i) {
            const float scale = with_bits(1 + random() % 0x7F000000), x = with_bits(random());
            const u8 a{scale, static_cast<std::int32_t>(random() % 256)};
            add(a.quantize(x));
            add(a.quantize<integer_recipe::onnx>(x));
            add(a.quantize<integer_recipe::pytorch>(x));
            add(a.quantize<integer_recipe::tflite>(x));
            add(a.quantize<integer_recipe::compressed_tensors>(x));
            add(bits_of(a.dequantize(static_cast<std::uint8_t>(random()))));
            add(bits_of(u8::from_range(-scale, scale).scale));
            add(bits_of(u8::from_range<integer_recipe::pytorch>(-scale, scale).scale));
            add(u8::from_range<integer_recipe::tflite>(-scale, 0).zero_point);
        }
        return hash;
    };
    const std::uint64_t expected = all();
    for (const int direction : {FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO}) {
        const rounding_direction set(direction);
        CHECK(all() == expected);
    }
    if constexpr (flushed_denormals::available) {
        const flushed_denormals set;
        CHECK(all() == expected);
    }
}

namespace {
template <integer_recipe R, class A>
concept quantizes = requires(A a) {
    a.template quantize<R>(1.0F);
};
template <integer_recipe R, class A>
concept has_range = requires {
    A::template from_range<R>(0.0F, 1.0F);
};
template <integer_recipe R, class A>
concept has_amax = requires {
    A::template from_amax<R>(1.0F);
};
static_assert(quantizes<integer_recipe::onnx, s4> && !has_range<integer_recipe::onnx, s8> &&
              !has_amax<integer_recipe::onnx, s8>);
static_assert(!quantizes<integer_recipe::tensorrt, u8> && !has_range<integer_recipe::tensorrt, s8>);
static_assert(!quantizes<integer_recipe::ggml, u8> && !quantizes<integer_recipe::ggml, s3> &&
              !has_range<integer_recipe::ggml, s4>);
static_assert(!has_amax<integer_recipe::pytorch, s8> && !has_amax<integer_recipe::gemmlowp, u8>);
}  // namespace
