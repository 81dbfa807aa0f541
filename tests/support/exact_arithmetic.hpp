// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Exact arithmetic on codes, for tests: the meaning of the five parameters written down a second time, and operations
// rounded by comparing the exact result with candidates and midpoints. Of the library it reads the parameters of a format
// and nothing else. Slow and plain on purpose; not a template, so that it costs little to compile.
#ifndef LOWPREC_TESTS_SUPPORT_EXACT_ARITHMETIC_HPP
#define LOWPREC_TESTS_SUPPORT_EXACT_ARITHMETIC_HPP

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <lowprec/specials.hpp>
#include <vector>

namespace exact {

using u64 = std::uint64_t;
__extension__ using u128 = unsigned __int128;
using lowprec::nan_at;

constexpr u64 low_ones(int n) { return n >= 64 ? ~u64{0} : (u64{1} << n) - 1; }

/// The parameters of a format as run-time data.
struct row {
    int s, e, m, bias;
    nan_at nan;
    bool infinity, zero;

    int width() const { return s + e + m; }
    u64 all() const { return low_ones(e + m); }
    u64 sign() const { return s == 1 ? u64{1} << (e + m) : 0; }
    bool negative_zero() const { return s == 1 && zero && nan != nan_at::negative_zero; }
};

template <class F>
row row_of() {
    constexpr lowprec::specials sp = F::special_values;
    return {F::sign_bits, F::exponent_bits, F::mantissa_bits, F::bias, sp.nan, sp.infinity, sp.zero};
}

enum class kind { finite, infinite, nan };

/// significand * 2^exponent with a sign.
struct value {
    kind what;
    bool negative;
    u64 significand;
    int exponent;

    bool is_zero() const { return what == kind::finite && significand == 0; }
};

/// The format's definition: what a code means.
inline value decode(const row& f, u64 code) {
    const bool negative = f.s == 1 && ((code >> (f.e + f.m)) & 1) != 0;
    const u64 magnitude = code & f.all();
    const u64 mantissa = magnitude & low_ones(f.m);
    const int field = static_cast<int>(magnitude >> f.m);
    const value nan{kind::nan, negative, 0, 0};
    const value infinite{kind::infinite, negative, 0, 0};
    switch (f.nan) {
    case nan_at::ieee:
        if (field == (1 << f.e) - 1) return mantissa != 0 ? nan : infinite;
        break;
    case nan_at::all_ones:
        if (magnitude == f.all()) return nan;
        if (f.infinity && magnitude + 1 == f.all()) return infinite;
        break;
    case nan_at::negative_zero:
        if (negative && magnitude == 0) return nan;
        if (f.infinity && magnitude == f.all()) return infinite;
        break;
    case nan_at::none:
        if (f.infinity && magnitude == f.all()) return infinite;
        break;
    }
    if (field == 0 && f.zero) return {kind::finite, negative, mantissa, 1 - f.bias - f.m};
    return {kind::finite, negative, mantissa + (u64{1} << f.m), field - f.bias - f.m};
}

/// The largest finite code.
inline u64 largest(const row& f) {
    if (f.nan == nan_at::ieee) return (low_ones(f.e) << f.m) - 1;
    u64 code = f.all();
    while (decode(f, code).what != kind::finite) --code;
    return code;
}

/// A positive number or zero: significand * 2^exponent.
struct magnitude {
    u128 significand;
    int exponent;
};

inline int length(u128 x) {
    const auto high = static_cast<u64>(x >> 64);
    const auto low = static_cast<u64>(x);
    if (high != 0) return 128 - __builtin_clzll(high);
    return low != 0 ? 64 - __builtin_clzll(low) : 0;
}

/// The sign of a - b.
inline int compare(magnitude a, magnitude b) {
    if (a.significand == 0 || b.significand == 0) return (a.significand != 0) - (b.significand != 0);
    const int la = length(a.significand);
    const int lb = length(b.significand);
    if (la + a.exponent != lb + b.exponent) return la + a.exponent > lb + b.exponent ? 1 : -1;
    const u128 x = a.significand << (128 - la);
    const u128 y = b.significand << (128 - lb);
    return (x > y) - (x < y);
}

inline magnitude of(const value& v) { return {v.significand, v.exponent}; }

/// The sign of a - b for finite or infinite values; zeros are equal.
inline int order(const value& a, const value& b) {
    const auto sign = [](const value& v) { return v.is_zero() ? 0 : v.negative ? -1 : 1; };
    if (sign(a) != sign(b)) return sign(a) > sign(b) ? 1 : -1;
    if (a.what == kind::infinite || b.what == kind::infinite)
        return sign(a) * ((a.what == kind::infinite) - (b.what == kind::infinite));
    return sign(a) * compare(of(a), of(b));
}

/// A finite value of at most 53 significant bits within the range of binary64, as a double.
inline double to_double(const value& v) {
    const double x = std::ldexp(static_cast<double>(v.significand), v.exponent);
    return v.negative ? -x : x;
}

/// A fixed-point number of as many bits as sums in a format can need: sums exactly, without any cleverness.
class fixed {
public:
    fixed(int lowest_exponent, int highest_exponent)
        : unit_(lowest_exponent), count_(static_cast<std::size_t>((highest_exponent - lowest_exponent) / 64 + 4)) {
        words_.fill(0);
    }

    /// this += or -= x; the result must not become negative.
    void add(magnitude x) { combine(place(x), false); }
    void subtract(magnitude x) { combine(place(x), true); }

    int compare_to(magnitude x) const {
        const std::array<u64, most> other = place(x);
        for (std::size_t i = count_; i-- > 0;)
            if (words_[i] != other[i]) return words_[i] > other[i] ? 1 : -1;
        return 0;
    }

private:
    static constexpr std::size_t most = 80;  // what fma in binary64 takes
    int unit_;
    std::size_t count_;
    std::array<u64, most> words_;

    std::array<u64, most> place(magnitude x) const {
        std::array<u64, most> words;
        std::fill_n(words.begin(), count_, u64{0});
        if (x.significand == 0) return words;
        const auto at = static_cast<std::size_t>(x.exponent - unit_);
        const std::size_t word = at / 64;
        const int shift = static_cast<int>(at % 64);
        const u64 low = static_cast<u64>(x.significand);
        const u64 high = static_cast<u64>(x.significand >> 64);
        words.at(word) = low << shift;
        words.at(word + 1) = high << shift;
        words.at(word + 2) = 0;
        if (shift != 0) {
            words[word + 1] |= low >> (64 - shift);
            words[word + 2] |= high >> (64 - shift);
        }
        return words;
    }

    void combine(const std::array<u64, most>& other, bool minus) {
        u64 carry = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            const u128 a = words_[i];
            const u128 sum = minus ? a - other[i] - carry : a + other[i] + carry;
            words_[i] = static_cast<u64>(sum);
            carry = static_cast<u64>(sum >> 64) & 1;
        }
    }
};

/// A format with the constants that rounding needs.
struct target {
    row f;
    u64 max;

    explicit target(const row& r) : f(r), max(largest(r)) {}

    u64 infinity_code() const { return max + 1; }
    u64 nan_code() const {
        switch (f.nan) {
        case nan_at::ieee: return infinity_code() + (u64{1} << (f.m - 1));
        case nan_at::all_ones: return f.all();
        case nan_at::negative_zero: return f.sign();
        case nan_at::none: break;
        }
        return max;  // the largest value stands for it
    }

    u64 zero(bool negative) const { return negative && f.negative_zero() ? f.sign() : 0; }
    u64 infinite(bool negative) const {
        if (negative && f.s == 0) return 0;
        return (f.infinity ? infinity_code() : max) | (negative ? f.sign() : 0);
    }

    /// To nearest, ties to the even code; `sign_of_difference(x)` is the sign of the exact result's magnitude minus x.
    template <class Compare>
    u64 nearest(bool negative, Compare sign_of_difference) const {
        if (negative && f.s == 0) return 0;
        u64 code = 0;
        u64 above = max + 1;  // the answer is code, or the code after it; code < above
        while (above - code > 1) {
            const u64 middle = code + (above - code) / 2;
            (sign_of_difference(of(decode(f, middle))) >= 0 ? code : above) = middle;
        }
        // The next value up, or the one that the first overflowing value would have, is one unit away.
        const value lower = decode(f, code);
        const int side = sign_of_difference(magnitude{2 * u128{lower.significand} + 1, lower.exponent - 1});
        if (side > 0 || (side == 0 && code % 2 == 1)) ++code;
        if (code > max) {
            const bool p3109 = f.nan == nan_at::negative_zero || f.nan == nan_at::all_ones;
            code = f.infinity && (f.width() > 8 || p3109) ? infinity_code() : max;
        }
        if (negative && code == 0 && f.zero) return zero(true);
        return code | (negative ? f.sign() : 0);
    }

    /// A finite double, rounded.
    u64 round(double x) const {
        const value v = decode({1, 11, 52, 1023, nan_at::ieee, true, true}, std::bit_cast<u64>(x));
        if (v.is_zero()) return zero(v.negative);
        return nearest(v.negative, [&](magnitude c) { return compare(of(v), c); });
    }

    int lowest() const { return 2 * (-f.bias - f.m) - 4; }
    int highest() const { return 2 * ((1 << f.e) - f.bias + 2); }

    /// x + y of finite values that aren't both zero, rounded.
    u64 rounded_sum(bool x_negative, magnitude x, bool y_negative, magnitude y) const {
        const int sign = compare(x, y);
        if (x_negative != y_negative && sign == 0) return zero(false);
        fixed total(lowest(), highest());
        total.add(sign < 0 ? y : x);
        if (x_negative == y_negative)
            total.add(sign < 0 ? x : y);
        else
            total.subtract(sign < 0 ? x : y);
        return nearest(sign < 0 ? y_negative : x_negative, [&](magnitude c) { return total.compare_to(c); });
    }

    u64 add(u64 a, u64 b, bool subtract = false) const {
        const value x = decode(f, a);
        value y = decode(f, b);
        y.negative = y.negative != subtract;
        if (x.what == kind::nan || y.what == kind::nan) return nan_code();
        if (x.what == kind::infinite && y.what == kind::infinite)
            return x.negative == y.negative ? infinite(x.negative) : nan_code();
        if (x.what == kind::infinite) return infinite(x.negative);
        if (y.what == kind::infinite) return infinite(y.negative);
        if (x.is_zero() && y.is_zero()) return zero(x.negative && y.negative);
        return rounded_sum(x.negative, of(x), y.negative, of(y));
    }

    u64 multiply(u64 a, u64 b) const {
        const value x = decode(f, a);
        const value y = decode(f, b);
        const bool negative = x.negative != y.negative;
        if (x.what == kind::nan || y.what == kind::nan) return nan_code();
        if (x.what == kind::infinite || y.what == kind::infinite)
            return x.is_zero() || y.is_zero() ? nan_code() : infinite(negative);
        if (x.is_zero() || y.is_zero()) return zero(negative);
        const magnitude product{u128{x.significand} * y.significand, x.exponent + y.exponent};
        return nearest(negative, [&](magnitude c) { return compare(product, c); });
    }

    u64 divide(u64 a, u64 b) const {
        const value x = decode(f, a);
        const value y = decode(f, b);
        const bool negative = x.negative != y.negative;
        if (x.what == kind::nan || y.what == kind::nan) return nan_code();
        if (x.what == kind::infinite) return y.what == kind::infinite ? nan_code() : infinite(negative);
        if (y.what == kind::infinite) return zero(negative);
        if (y.is_zero()) return x.is_zero() ? nan_code() : infinite(negative);
        if (x.is_zero()) return zero(negative);
        return nearest(negative, [&](magnitude c) {
            return compare(of(x), {c.significand * y.significand, c.exponent + y.exponent});
        });
    }

    u64 sqrt(u64 a) const {
        const value x = decode(f, a);
        if (x.what == kind::nan) return nan_code();
        if (x.is_zero()) return zero(x.negative);
        if (x.negative) return nan_code();
        if (x.what == kind::infinite) return infinite(false);
        return nearest(false, [&](magnitude c) {
            return compare(of(x), {c.significand * c.significand, 2 * c.exponent});
        });
    }

    u64 fma(u64 a, u64 b, u64 c) const {
        const value x = decode(f, a);
        const value y = decode(f, b);
        const value z = decode(f, c);
        const bool negative = x.negative != y.negative;
        if (x.what == kind::nan || y.what == kind::nan || z.what == kind::nan) return nan_code();
        if (x.what == kind::infinite || y.what == kind::infinite) {
            if (x.is_zero() || y.is_zero()) return nan_code();
            if (z.what == kind::infinite && z.negative != negative) return nan_code();
            return infinite(negative);
        }
        if (z.what == kind::infinite) return infinite(z.negative);
        const magnitude product{u128{x.significand} * y.significand, x.exponent + y.exponent};
        if (product.significand == 0 && z.is_zero()) return zero(negative && z.negative);
        return rounded_sum(negative, product, z.negative, of(z));
    }

    /// Whether a code has exactly the value of `x`; NaN, infinities and -0 are values here.
    bool holds(const value& x) const {
        if (x.what == kind::nan) return f.nan != nan_at::none;
        if (x.negative && f.s == 0) return false;
        if (x.what == kind::infinite) return f.infinity;
        if (x.is_zero()) return x.negative ? f.negative_zero() : f.zero;
        u64 code = 0;
        u64 above = max + 1;
        while (above - code > 1) {
            const u64 middle = code + (above - code) / 2;
            (compare(of(x), of(decode(f, middle))) >= 0 ? code : above) = middle;
        }
        return compare(of(x), of(decode(f, code))) == 0;
    }
};

/// All codes that aren't NaN, in the order of their values; -0 stands directly below 0.
inline std::vector<u64> codes_by_value(const row& f) {
    std::vector<u64> codes;
    for (u64 code = 0; code <= low_ones(f.width()); ++code)
        if (decode(f, code).what != kind::nan) codes.push_back(code);
    std::sort(codes.begin(), codes.end(), [&](u64 a, u64 b) {
        const value x = decode(f, a);
        const value y = decode(f, b);
        const int sign = order(x, y);
        return sign != 0 ? sign < 0 : x.negative && !y.negative;
    });
    return codes;
}

}  // namespace exact

#endif
