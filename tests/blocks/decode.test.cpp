// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: aarch64
//
// Decoding: every code with every scale (fp16: those at the ends and some between), to float, bf16 and fp16, against products and
// sums of doubles that are exact, rounded by the oracle of single conversions.
#include <lowprec/quantize_block.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "support/blocks.hpp"
#include "support/catch.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

// A number that double holds, as the target's code: nearest even, infinite past the range. M mantissa bits, E exponent bits.
std::uint32_t rounded(double x, int e_bits, int m_bits) {
    const int bias = (1 << (e_bits - 1)) - 1;
    const std::uint32_t sign = std::signbit(x) ? 1U << (e_bits + m_bits) : 0;
    const double a = std::fabs(x);
    if (a == 0) return sign;
    const int e = std::max(std::ilogb(a), 1 - bias);
    const double steps = std::ldexp(a, m_bits - e);  // at most 2^(m + 1), exact
    double whole = std::floor(steps);
    const double rest = steps - whole;
    if (rest > 0.5 || (rest == 0.5 && std::fmod(whole, 2) == 1)) whole += 1;
    auto code = static_cast<std::uint32_t>(whole);
    if (code >= 1U << m_bits) code += static_cast<std::uint32_t>(e + bias - 1) << m_bits;
    const std::uint32_t infinity = ((1U << e_bits) - 1) << m_bits;
    return sign | std::min(code, infinity);
}

struct value {
    bool nan;
    double number;
};

double float_value(unsigned code, int mantissa_bits, int bias) {
    const int field = static_cast<int>(code >> mantissa_bits);
    const auto t = static_cast<int>(code & ((1U << mantissa_bits) - 1));
    return field == 0 ? std::ldexp(t, 1 - bias - mantissa_bits)
                      : std::ldexp(t + (1 << mantissa_bits), field - bias - mantissa_bits);
}

double half_value(unsigned code) {
    const double sign = (code & 0x8000) != 0 ? -1 : 1;
    if ((code & 0x7FFF) == 0x7C00) return sign * std::numeric_limits<double>::infinity();
    return sign * float_value(code & 0x7FFF, 10, 15);
}

// What a scale's code means.
template <class B>
value scale_value(unsigned code) {
    const auto kind = block_oracle::named(name_of<B>).kind;
    using block_oracle::kind;
    if (B::rule == scale_rule::power_of_two) return {code == 0xFF, std::ldexp(1.0, static_cast<int>(code) - 127)};
    if (kind == kind::nvfp4)
        return {(code & 0x7F) == 0x7F, float_value(code & 0x7F, 3, 7) * ((code & 0x80) != 0 ? -1 : 1)};
    if (kind == kind::ggml_nvfp4) return {(code & 0x7F) == 0x7F, float_value(code & 0x7F, 3, 7)};
    return {(code & 0x7FFF) > 0x7C00, half_value(code)};
}

template <class B>
value element_value(unsigned code) {
    const auto& row = block_oracle::named(name_of<B>);
    if (row.sign_code != 0) {
        const unsigned magnitude = code & (row.sign_code - 1);
        const double sign = (code & row.sign_code) != 0 ? -1 : 1;
        if (magnitude >= row.elements.size()) {
            const bool infinite = row.name == "mxfp8_e5m2" && magnitude == row.elements.size();
            return {!infinite, sign * std::numeric_limits<double>::infinity()};
        }
        return {false, sign * row.elements[magnitude]};
    }
    const auto byte = static_cast<int>(code);
    switch (row.kind) {
    case block_oracle::kind::q4_0: return {false, byte - 8.0};
    case block_oracle::kind::q4_1: return {false, byte + 0.0};
    case block_oracle::kind::mx: return {false, (byte < 128 ? byte : byte - 256) / 64.0};
    default: return {false, byte < 128 ? byte + 0.0 : byte - 256.0};
    }
}

template <class B>
void compare(tally& result, unsigned scale, unsigned minimum, float g) {
    block<B> from;
    from.scale = B::scale::from_bits(static_cast<typename B::scale::storage_type>(scale));
    if constexpr (B::has_minimum) from.minimum = fp16::from_bits(static_cast<std::uint16_t>(minimum));
    constexpr unsigned codes = 1U << B::element::width;
    for (unsigned first = 0; first < codes; first += B::length) {
        const unsigned n = std::min<unsigned>(codes - first, B::length);
        for (unsigned i = 0; i < n; ++i) from.codes[i] = static_cast<std::uint8_t>(first + i);
        std::vector<float> f(n);
        std::vector<bf16> b(n);
        std::vector<fp16> h(n);
        dequantize_block<B>(from, std::span(f), g);
        dequantize_block<B>(from, std::span(b), g);
        dequantize_block<B>(from, std::span(h), g);
        for (unsigned i = 0; i < n; ++i) {
            const value s = scale_value<B>(scale), m = element_value<B>(first + i);
            double x = s.number * m.number;
            if (B::has_tensor_scale) x *= static_cast<double>(g);
            // the zero of an integer has no sign
            if (block_oracle::named(name_of<B>).sign_code == 0 && x == 0) x = 0;
            if (B::has_minimum) {
                const double low = half_value(minimum);
                x = x == 0 ? low : x + low;  // within 2^41 of each other, so exact
            }
            const bool nan = s.nan || m.nan || std::isnan(x) || (B::has_minimum && (minimum & 0x7FFF) > 0x7C00);
            const bool infinite = std::isinf(x);
            const std::uint32_t sign = std::signbit(x) ? 1 : 0;
            const auto expected = [&](int e_bits, int m_bits) {
                const std::uint32_t infinity = ((1U << e_bits) - 1) << m_bits;
                if (nan) return infinity | 1U << (m_bits - 1);
                return infinite ? infinity | sign << (e_bits + m_bits) : rounded(x, e_bits, m_bits);
            };
            result.equal(std::bit_cast<std::uint32_t>(f[i]), expected(8, 23), name_of<B>, "float, code", first + i,
                         "scale", scale, minimum);
            result.equal(b[i].bits(), expected(8, 7), name_of<B>, "bf16, code", first + i, "scale", scale, minimum);
            result.equal(h[i].bits(), expected(5, 10), name_of<B>, "fp16, code", first + i, "scale", scale, minimum);
        }
    }
}

template <class Function>
void for_each_row(Function&& f) {
    [&]<class... Bs>(std::type_identity<std::tuple<Bs...>>) {
        (f.template operator()<Bs>(), ...);
    }(std::type_identity<all_block_formats>{});
}

constexpr unsigned halves[] = {0,      1,      2,      0x3FF,  0x400,  0x401,  0x1234, 0x2CD9, 0x3C00,
                               0x3C01, 0x5555, 0x7BFE, 0x7BFF, 0x7C00, 0xFC00, 0x7E00, 0x7D01, 0xFE00,
                               0x8000, 0x8001, 0x83FF, 0x8400, 0xBC00, 0xD555, 0xFBFF};

}  // namespace

TEST_CASE("Every code with every scale") {
    tally result;
    std::uint64_t expected_checks = 0;
    for_each_row([&]<class B>() {
        constexpr unsigned codes = 1U << B::element::width;
        if constexpr (B::scale::width > 8) {
            for (const unsigned scale : halves) {
                if (B::has_minimum) {
                    for (const unsigned minimum : halves) compare<B>(result, scale, minimum, 1);
                    expected_checks += 3 * codes * std::size(halves);
                } else {
                    compare<B>(result, scale, 0, 1);
                    expected_checks += 3 * codes;
                }
            }
        } else {
            for (unsigned scale = 0; scale < 256; ++scale) {
                const float some[] = {1, 0.1F, 0x1p-149F, 0x1.fffffep-126F, 3e-39F, 0x1.fffffep127F, 0x1.234568p-100F,
                                      0};
                for (const float g : some) {
                    if (!B::has_tensor_scale && g != 1) continue;
                    compare<B>(result, scale, 0, g);
                    expected_checks += 3 * codes;
                }
            }
        }
    });
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("NVFP4 at scale codes that are read in different ways") {
    const auto six_times = [](auto layout, unsigned scale) {
        using B = decltype(layout);
        block<typename B::type> b;
        b.scale = B::type::scale::from_bits(static_cast<std::uint8_t>(scale));
        b.codes[0] = 7;
        float x = 0;
        dequantize_block<typename B::type>(b, std::span(&x, 1));
        return x;
    };
    constexpr std::type_identity<nvfp4> in_rows{};
    constexpr std::type_identity<ggml_nvfp4> of_ggml{};
    CHECK(six_times(in_rows, 0x00) == 0);
    CHECK(six_times(in_rows, 0x01) == 6 * 0x1p-9F);
    CHECK(six_times(in_rows, 0x07) == 6 * 7 * 0x1p-9F);
    CHECK(six_times(in_rows, 0x08) == 6 * 0x1p-6F);
    CHECK(six_times(in_rows, 0x7E) == 6 * 448);
    CHECK(std::isnan(six_times(in_rows, 0x7F)));
    CHECK(six_times(in_rows, 0xFE) == -6 * 448);
    CHECK(std::isnan(six_times(in_rows, 0xFF)));
    CHECK(six_times(of_ggml, 0xFE) == 6 * 448);
    CHECK(std::isnan(six_times(of_ggml, 0x7F)));
}

TEST_CASE("Block formats outside the table") {
    using own = block_format<e5m2, 16, e4m3, scale_rule::two_level, block_layout::separate>;
    static_assert(name_of<own> == "block_format<e5m2,16,e4m3>");
    static_assert(name_of<block_format<int_element<4, int_coding::offset>, 64, fp16, scale_rule::signed_largest,
                                       block_layout::interleaved>> == "block_format<int4,64,fp16>");
    block<own> b;
    b.codes[0] = 0x7C;
    b.codes[1] = 0xFC;
    b.codes[2] = 0x7D;
    float x[3];
    for (const unsigned scale : {0x00U, 0x01U, 0x38U, 0xB8U}) {
        b.scale = e4m3::from_bits(static_cast<std::uint8_t>(scale));
        dequantize_block<own>(b, std::span<float>(x));
        const float infinity = std::numeric_limits<float>::infinity();
        if (scale == 0) {
            CHECK(std::isnan(x[0]));
            CHECK(std::isnan(x[1]));
        } else {
            CHECK(x[0] == (scale == 0xB8 ? -infinity : infinity));
            CHECK(x[1] == (scale == 0xB8 ? infinity : -infinity));
        }
        CHECK(std::isnan(x[2]));
    }
    const auto q = quantize_block<own>(std::vector<float>{57344 * 448.0F, -1e6F}, 1);
    CHECK(q.scale.bits() == 0x7E);
    CHECK(q.codes[0] == 0x7B);
}
