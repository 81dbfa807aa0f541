// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Prints one checksum for each row and mode, over inputs made of integers only. The output must be the same bytes from every
// compiler, at every optimisation level, under -ffast-math and in every floating-point environment; expected.txt has them.
//     --ftz                 flush denormals: results (FTZ) and operands (DAZ)
//     --round up|down|zero  the environment's rounding mode
#include <bit>
#include <cfenv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <lowprec/affine.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/quantize_block.hpp>
#include <lowprec/requantize.hpp>
#include <utility>
#if __has_include(<lowprec/arithmetic.hpp>)
#include <lowprec/arithmetic.hpp>
#include <lowprec/math.hpp>
#define WITH_ARITHMETIC 1
#else
#define WITH_ARITHMETIC 0
#endif
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace {

using namespace lowprec;

bool flush_denormals() {
#if defined(__SSE2__)
    _mm_setcsr(_mm_getcsr() | 0x8040U);
    return true;
#elif defined(__aarch64__)
    std::uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    control |= std::uint64_t{1} << 24;
    __asm__ volatile("msr fpcr, %0" : : "r"(control));
    return true;
#else
    return false;
#endif
}

class checksum {
public:
    void operator()(std::uint64_t x) { state_ = (state_ ^ x) * 0x100000001B3ULL + (state_ >> 47); }  // after FNV-1a
    std::uint64_t value() const { return state_; }

private:
    std::uint64_t state_ = 0xCBF29CE484222325ULL;
};

std::uint64_t mixed(std::uint64_t i) {  // SplitMix64
    std::uint64_t z = (i + 1) * 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

constexpr int count = 1200;

// A third anywhere, a third near the range of the small formats, a third with few bits, where ties are.
std::uint64_t input_pattern(int i, int exponent_bits, int mantissa_bits) {
    const auto n = static_cast<std::uint64_t>(i);
    const std::uint64_t any = mixed(n), bias = (1ULL << (exponent_bits - 1)) - 1;
    const std::uint64_t sign = (any >> 63) << (exponent_bits + mantissa_bits);
    const std::uint64_t fraction = (any >> 4) & ((1ULL << mantissa_bits) - 1);
    if (i % 3 == 0) return any >> (63 - exponent_bits - mantissa_bits);
    const std::uint64_t field = bias - 24 + mixed(n + 1000000) % 45;
    if (i % 3 == 1) return sign | (field << mantissa_bits) | fraction;
    const std::uint64_t top = fraction >> (mantissa_bits - 5) << (mantissa_bits - 5);
    return (sign | (field << mantissa_bits) | top) + (any & 3) - 1;
}

float float_at(int i) { return std::bit_cast<float>(static_cast<std::uint32_t>(input_pattern(i, 8, 23))); }
double double_at(int i) { return std::bit_cast<double>(input_pattern(i, 11, 52)); }
std::int64_t integer_at(int i) {
    const std::uint64_t any = mixed(static_cast<std::uint64_t>(i) + 5000);
    const std::uint64_t magnitude = any >> 1 >> (any % 63);
    return static_cast<std::int64_t>((any >> 60) % 2 == 0 ? magnitude : ~magnitude);
}

constexpr const char* round_names[] = {"nearest_even", "nearest_away", "toward_zero", "upward",
                                       "downward",     "to_odd",       "stochastic"};
constexpr const char* over_names[] = {"by_format", "saturate", "nonfinite", "infinity"};

template <class F>
void conversions() {
    for (int round = 0; round < 7; ++round)
        for (int over = 0; over < 4; ++over) {
            policy p;
            p.round = static_cast<rounding>(round);
            p.over = static_cast<overflow>(over);
            checksum sum;
            for (int i = 0; i < count; ++i) {
                const std::uint64_t random = mixed(static_cast<std::uint64_t>(i) + 9000);
                p.method = static_cast<stochastic_method>(i % 3);
                p.random_bits = 1 + i % 64;
                sum(convert<F>(float_at(i), p, random).bits());
                sum(convert<F>(double_at(i), p, random).bits());
                sum(convert<F>(integer_at(i), p, random).bits());
            }
            std::printf("%s convert %s %s %016llx\n", name_of<F>.data(), round_names[round], over_names[over],
                        static_cast<unsigned long long>(sum.value()));
        }
}

// All codes of a narrow row; of a wider one, codes from all over.
template <class F>
F value_at(int i) {
    using code = typename F::storage_type;
    return F::from_bits(
        static_cast<code>(F::width <= 8 ? static_cast<std::uint64_t>(i) : mixed(static_cast<std::uint64_t>(i))));
}
template <class F>
constexpr int values = F::width <= 8 ? 1 << F::width : count;

template <class F>
void decoding() {
    checksum sum;
    for (int i = 0; i < values<F>; ++i) {
        const F x = value_at<F>(i);
        sum(std::bit_cast<std::uint32_t>(convert<float>(x)));
        sum(std::bit_cast<std::uint64_t>(convert<double>(x)));
        sum(static_cast<std::uint64_t>(convert<std::int64_t>(x, policy{.round = rounding::nearest_even})));
    }
    std::printf("%s decode %016llx\n", name_of<F>.data(), static_cast<unsigned long long>(sum.value()));
}

#if WITH_ARITHMETIC
template <class F>
void calculations() {
    checksum sums[6];
    for (int i = 0; i < values<F>; ++i) {
        const F x = value_at<F>(i);
        for (int j = 0; j < 6; ++j) {
            const F y = value_at<F>((i * 7 + j * 41) % values<F>), z = value_at<F>((i * 3 + j) % values<F>);
            sums[0]((x + y).bits());
            sums[1]((x - y).bits());
            sums[2]((x * y).bits());
            sums[3]((x / y).bits());
            sums[4](fma(x, y, z).bits());
        }
        sums[5](sqrt(x).bits());
    }
    constexpr const char* names[] = {"add", "subtract", "multiply", "divide", "fma", "sqrt"};
    for (int i = 0; i < 6; ++i)
        std::printf("%s %s %016llx\n", name_of<F>.data(), names[i], static_cast<unsigned long long>(sums[i].value()));
}
#endif

template <class F>
void one_row() {
    conversions<F>();
    decoding<F>();
#if WITH_ARITHMETIC
    calculations<F>();
#endif
}

template <std::size_t... I>
void every_row(std::index_sequence<I...>) {
    (one_row<std::tuple_element_t<I, all_formats>>(), ...);
}

template <integer_recipe R, class A>
void integers(const char* name) {
    checksum codes, parameters;
    for (int i = 0; i < count; ++i) {
        const float x = float_at(i);
        const auto scale = std::bit_cast<float>(
            static_cast<std::uint32_t>(1 + mixed(static_cast<std::uint64_t>(i) + 77) % 0x7F7FFFFF));
        const auto any = static_cast<typename A::code_type>(A::from_bits(static_cast<unsigned>(i)));
        // beside a scale from anywhere one with few bits that x is a few steps of: ties
        const auto magnitude = static_cast<std::uint32_t>(std::bit_cast<std::uint32_t>(x) & 0x7FF00000U);
        const std::uint32_t down = static_cast<std::uint32_t>(1 + i % 6) << 23;
        const auto steps = std::bit_cast<float>(magnitude > down ? magnitude - down : 1U);
        for (const float s : {scale, steps}) {
            const A a{s, any};
            codes(static_cast<std::uint64_t>(a.template quantize<R>(x)));
            codes(std::bit_cast<std::uint32_t>(a.dequantize(static_cast<typename A::code_type>(A::lowest))));
            codes(a.template dequantize<bf16>(static_cast<typename A::code_type>(A::highest)).bits());
        }
        const auto add = [&](A found) {
            parameters(std::bit_cast<std::uint32_t>(found.scale));
            parameters(static_cast<std::uint64_t>(found.zero_point));
        };
        const float y = convert<float>(abs(fp32(scale)));
        if constexpr (requires { A::template from_amax<R>(y); }) add(A::template from_amax<R>(y));
        if constexpr (requires { A::template from_range<R>(-y, y); })
            if (isfinite(fp32(x)))
                add(fp32(x) < fp32(0) ? A::template from_range<R>(x, y) : A::template from_range<R>(-y, x));
        if constexpr (R == integer_recipe::exact) {
            add(A::template from_amax<R, fp16>(y));
            const fixed_factor f = fixed_factor::of_scales(scale, 1, 1);
            parameters(static_cast<std::uint64_t>(
                multiply(static_cast<std::int32_t>(mixed(static_cast<std::uint64_t>(i))), f)));
            parameters(static_cast<std::uint64_t>(f.multiplier));
        }
    }
    std::printf("integers %s %d bits %016llx %016llx\n", name, A::bits, static_cast<unsigned long long>(codes.value()),
                static_cast<unsigned long long>(parameters.value()));
}

void every_recipe() {
    using s8 = affine<8>;
    using u8 = affine<8, integer_codes::unsigned_full>;
    using u4 = affine<4, integer_codes::unsigned_full>;
    integers<integer_recipe::exact, s8>("exact");
    integers<integer_recipe::exact, u4>("exact");
    integers<integer_recipe::onnx, u8>("onnx");
    integers<integer_recipe::pytorch, u8>("pytorch");
    integers<integer_recipe::tflite, s8>("tflite");
    integers<integer_recipe::gemmlowp, u8>("gemmlowp");
    integers<integer_recipe::tensorrt, s8>("tensorrt");
    integers<integer_recipe::compressed_tensors, s8>("compressed_tensors");
    integers<integer_recipe::gptq, u4>("gptq");
    integers<integer_recipe::awq, u4>("awq");
    integers<integer_recipe::ggml, s8>("ggml");
    integers<integer_recipe::ggml, u4>("ggml");
}

template <class B, recipe How>
void blocks(const char* name) {
    constexpr block_policy p{How};
    checksum codes, numbers;
    for (int i = 0; i < count; ++i) {
        float x[B::length];
        const auto base = static_cast<std::uint32_t>(mixed(static_cast<std::uint64_t>(i)) % 240);
        for (std::uint32_t j = 0; j < B::length; ++j) {
            // within a few binades, with few bits here and there: ties; sometimes anything
            auto bits = static_cast<std::uint32_t>(mixed(static_cast<std::uint64_t>(i) * B::length + j));
            const std::uint32_t kind = bits >> 24 & 31;
            if (kind != 0) bits = (bits & 0x807FFFFF) | (base + bits % 5) << 23;
            if (kind > 16) bits &= 0xFFF00000;
            x[j] = std::bit_cast<float>(bits);
        }
        const float amax = std::bit_cast<float>((base + 6) << 23);
        const float t = tensor_scale<B, p>(amax);
        const block<B> b = quantize_block<B, p>(x, t);
        for (const std::uint8_t code : b.codes) codes(code);
        codes(b.scale.bits());
        if constexpr (B::has_minimum) codes(b.minimum.bits());
        codes(std::bit_cast<std::uint32_t>(t));
        bf16 y[B::length];
        dequantize_block<B>(b, std::span<float>(x), decoding_scale<B, p>(t));
        dequantize_block<B>(b, std::span<bf16>(y), decoding_scale<B, p>(t));
        for (int j = 0; j < B::length; ++j) {
            numbers(std::bit_cast<std::uint32_t>(x[j]));
            numbers(y[j].bits());
        }
    }
    std::printf("blocks %s %s %016llx %016llx\n", name_of<B>.data(), name,
                static_cast<unsigned long long>(codes.value()), static_cast<unsigned long long>(numbers.value()));
}

template <class... Bs>
void every_block_format(std::type_identity<std::tuple<Bs...>>) {
    (blocks<Bs, recipe::exact>("exact"), ...);
    blocks<mxfp4, recipe::even>("even");
    blocks<mxfp8_e4m3, recipe::rceil>("rceil");
    blocks<mxfp4, recipe::compressed_tensors>("compressed_tensors");
    blocks<nvfp4, recipe::compressed_tensors>("compressed_tensors");
    blocks<nvfp4, recipe::transformer_engine>("transformer_engine");
    blocks<nvfp4, recipe::modelopt>("modelopt");
    blocks<nvfp4, recipe::torchao>("torchao");
    blocks<q4_0, recipe::ggml>("ggml");
    blocks<q4_1, recipe::ggml>("ggml");
    blocks<q8_0, recipe::ggml>("ggml");
    blocks<ggml_mxfp4, recipe::ggml>("ggml");
    blocks<ggml_nvfp4, recipe::ggml>("ggml");
}

int usage() {
    std::fputs("usage: checksums [--ftz] [--round up|down|zero]\n", stderr);
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const char* const mode = i + 1 < argc ? argv[i + 1] : "";
        int direction = -1;
        if (std::strcmp(argv[i], "--ftz") == 0) {
            if (!flush_denormals()) return usage();
            continue;
        }
        if (std::strcmp(argv[i], "--round") != 0) return usage();
        if (std::strcmp(mode, "up") == 0) direction = FE_UPWARD;
        if (std::strcmp(mode, "down") == 0) direction = FE_DOWNWARD;
        if (std::strcmp(mode, "zero") == 0) direction = FE_TOWARDZERO;
        if (direction == -1 || std::fesetround(direction) != 0) return usage();
        ++i;
    }
    every_row(std::make_index_sequence<std::tuple_size_v<all_formats>>{});
    every_recipe();
    every_block_format(std::type_identity<all_block_formats>{});
    return 0;
}
