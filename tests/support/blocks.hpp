// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A second opinion on blocks: rows as literal data, values as doubles, and each decision a comparison with a midpoint times the
// scales. All these products are exact in double: an element has at most 7 bits, a midpoint one more, a scale 11, a tensor scale 24.
// Nothing here comes from the library.
#ifndef LOWPREC_TESTS_SUPPORT_BLOCKS_HPP
#define LOWPREC_TESTS_SUPPORT_BLOCKS_HPP

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace block_oracle {

/// Positive values in the order of their codes.
using values = std::vector<double>;

inline values floats(int mantissa_bits, int bias, int largest_code) {
    values v;
    for (int code = 0; code <= largest_code; ++code) {
        const int field = code >> mantissa_bits;
        const int t = code & ((1 << mantissa_bits) - 1);
        v.push_back(field == 0 ? std::ldexp(t, 1 - bias - mantissa_bits)
                               : std::ldexp(t + (1 << mantissa_bits), field - bias - mantissa_bits));
    }
    return v;
}
inline values integers(int largest, int exponent) {
    values v;
    for (int n = 0; n <= largest; ++n) v.push_back(std::ldexp(n, exponent));
    return v;
}

enum class kind { mx, nvfp4, q8_0, q4_0, q4_1, ggml_nvfp4 };

struct row {
    std::string_view name;
    block_oracle::kind kind;
    int length;
    values elements;     // magnitudes
    int mantissa_bits;   // of an element
    unsigned sign_code;  // 0: two's complement or no sign
};

inline const row& named(std::string_view name) {
    static const std::vector<row> rows = {
        {"mxfp8_e4m3", kind::mx, 32, floats(3, 7, 0x7E), 3, 0x80},
        {"mxfp8_e5m2", kind::mx, 32, floats(2, 15, 0x7B), 2, 0x80},
        {"mxfp6_e3m2", kind::mx, 32, floats(2, 3, 0x1F), 2, 0x20},
        {"mxfp6_e2m3", kind::mx, 32, floats(3, 1, 0x1F), 3, 0x20},
        {"mxfp4", kind::mx, 32, floats(1, 1, 7), 1, 8},
        {"mxint8", kind::mx, 32, integers(127, -6), 6, 0},
        {"nvfp4", kind::nvfp4, 16, floats(1, 1, 7), 1, 8},
        {"q4_0", kind::q4_0, 32, integers(8, 0), 0, 0},
        {"q4_1", kind::q4_1, 32, integers(15, 0), 0, 0},
        {"q8_0", kind::q8_0, 32, integers(127, 0), 0, 0},
        {"ggml_mxfp4", kind::mx, 32, floats(1, 1, 7), 1, 8},
        {"ggml_nvfp4", kind::ggml_nvfp4, 16, floats(1, 1, 7), 1, 8},
    };
    for (const row& r : rows)
        if (r.name == name) return r;
    throw std::logic_error("tests/support/blocks.hpp has no row " + std::string(name));
}

inline const values& e4m3_values() {
    static const values v = floats(3, 7, 0x7E);
    return v;
}
inline const values& fp16_values() {
    static const values v = floats(10, 15, 0x7BFF);
    return v;
}

/// The code of the value nearest to x / unit, ties to the even code, the last one beyond it. unit > 0.
inline int nearest(const values& v, double x, double unit) {
    // the first value whose midpoint with the next one is not below x
    std::size_t low = 0, high = v.size() - 1;
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if ((v[middle] + v[middle + 1]) / 2 * unit < x)
            low = middle + 1;
        else
            high = middle;
    }
    const bool tie = low + 1 < v.size() && (v[low] + v[low + 1]) / 2 * unit == x;
    return static_cast<int>(low) + (tie && low % 2 == 1 ? 1 : 0);
}

struct result {
    std::vector<unsigned> codes;
    unsigned scale = 0;
    unsigned minimum = 0;
};

enum class rule { floor, ceil, even, rceil };

/// MX: the code of the scale. e is sought among all of them.
inline int mx_scale(const row& r, rule how, double a) {
    if (a == 0) return 0;
    const double largest = r.elements.back();
    const int top = std::ilogb(largest);
    for (int e = -127; e <= 127; ++e) {
        const double binade = std::ldexp(1.0, e + top);
        bool enough = false;
        switch (how) {
        case rule::floor: enough = a < 2 * binade; break;
        case rule::ceil: enough = a <= binade; break;
        case rule::even: enough = a < binade * (2 - std::ldexp(1.0, -r.mantissa_bits - 1)); break;
        case rule::rceil: enough = a <= std::ldexp(largest, e); break;
        }
        if (enough) return e + 127;
    }
    return 254;
}

/// The code of zero.
inline unsigned zero_code(const row& r) { return r.kind == kind::q4_0 ? 8 : 0; }

inline unsigned with_sign(const row& r, int magnitude, bool negative) {
    if (r.kind == kind::q4_0) return static_cast<unsigned>(negative ? 8 - magnitude : std::min(8 + magnitude, 15));
    if (r.sign_code == 0) return static_cast<unsigned>(negative ? -magnitude : magnitude) & 0xFF;
    return static_cast<unsigned>(magnitude) + (negative ? r.sign_code : 0);
}

/// The exact block.
inline result quantize(const row& r, const std::vector<float>& x, float tensor_scale = 1, rule how = rule::floor) {
    result out;
    out.codes.assign(static_cast<std::size_t>(r.length), zero_code(r));
    double a = 0, low = 0, high = 0;
    float most = 0;
    bool finite = true;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double v = static_cast<double>(x[i]);
        finite = finite && std::isfinite(v);
        if (std::fabs(v) > a) {
            a = std::fabs(v);
            most = x[i];
        }
        low = i == 0 ? v : std::min(low, v);
        high = i == 0 ? v : std::max(high, v);
    }
    const bool half = r.kind == kind::q4_0 || r.kind == kind::q4_1 || r.kind == kind::q8_0;
    if (!finite) {
        out.scale = half ? 0x7E00 : r.kind == kind::mx ? 0xFF : 0x7F;
        if (r.kind == kind::q4_1) out.minimum = 0x7E00;
        return out;
    }
    const double g = r.kind == kind::nvfp4 ? static_cast<double>(tensor_scale) : 1;
    double unit = 0;
    bool flip = false;
    switch (r.kind) {
    case kind::mx:
        out.scale = static_cast<unsigned>(mx_scale(r, how, a));
        unit = std::ldexp(1.0, static_cast<int>(out.scale) - 127);
        break;
    case kind::nvfp4:
    case kind::ggml_nvfp4:
        out.scale = static_cast<unsigned>(nearest(e4m3_values(), a, 6 * g));
        unit = e4m3_values()[out.scale] * g;
        break;
    case kind::q8_0:
    case kind::q4_0:
        out.scale = static_cast<unsigned>(nearest(fp16_values(), a, r.kind == kind::q8_0 ? 127 : 8));
        unit = fp16_values()[out.scale];
        if (r.kind == kind::q4_0 && most > 0) {
            out.scale |= 0x8000;
            flip = true;
        }
        break;
    case kind::q4_1: {
        out.scale = static_cast<unsigned>(nearest(fp16_values(), high - low, 15));
        const int m = nearest(fp16_values(), std::fabs(low), 1);
        out.minimum = static_cast<unsigned>(m) | (low < 0 ? 0x8000 : 0);
        const double minimum =
            low < 0 ? -fp16_values()[static_cast<std::size_t>(m)] : fp16_values()[static_cast<std::size_t>(m)];
        for (std::size_t i = 0; i < x.size(); ++i) {
            const double above = std::max(0.0, static_cast<double>(x[i]) - minimum);
            const double d = fp16_values()[out.scale];
            out.codes[i] = d == 0 ? 0 : static_cast<unsigned>(nearest(r.elements, above, d));
        }
        return out;
    }
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
        const int magnitude = unit == 0 ? 0 : nearest(r.elements, std::fabs(static_cast<double>(x[i])), unit);
        out.codes[i] = with_sign(r, magnitude, std::signbit(x[i]) != flip);
    }
    return out;
}

}  // namespace block_oracle

#endif
