// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 2
//
// + - * / sqrt fma on one format, each the exact result rounded once, to nearest even. Integers throughout: a detour
// through float would round twice for tf32 products, and depend on the environment for the rest.
//
// Infinite operands and x/0 give infinity where the format has one (the largest value where not); a finite result past the
// range follows overflow::by_format; an invalid operation (0/0, inf - inf, 0 * inf, sqrt of a negative) and every NaN
// operand give the default NaN, or the largest value where there is no NaN. A negative result in an unsigned format is
// its smallest value. Formats are not mixed: convert one side, so that the result's format is said.
#ifndef LOWPREC_ARITHMETIC_HPP
#define LOWPREC_ARITHMETIC_HPP

#include <lowprec/convert.hpp>

namespace lowprec {

namespace detail {

enum class operand_kind : unsigned char { zero, finite, infinite, nan };

/// A value taken apart: significand * 2^(exponent - M), its highest bit at M.
template <class F>
struct operand {
    operand_kind kind;
    bool negative;
    int exponent;
    std::uint64_t significand;
};

/// Where decode_format puts an operand; it asks for normalised significands by claiming to have no zero.
template <class F>
struct operand_sink {
    using target = operand<F>;
    using result = target;
    static constexpr int mantissa_bits = -1;
    static constexpr int min_exponent = 0;
    static constexpr bool has_zero = false;

    template <class Source>
    LOWPREC_INLINE static constexpr target nan(bool, std::uint64_t, policy) noexcept {
        return {operand_kind::nan, false, 0, 0};
    }
    LOWPREC_INLINE static constexpr target infinite(bool negative, policy) noexcept {
        return {operand_kind::infinite, negative, 0, 0};
    }
    LOWPREC_INLINE static constexpr target zero(bool negative, policy) noexcept {
        return {operand_kind::zero, negative, 0, 0};
    }
    template <int Top, int MaxExponent, class U>
    LOWPREC_INLINE static constexpr target finite(U significand, int exponent, bool negative, policy,
                                                  std::uint64_t) noexcept {
        static_assert(Top == F::mantissa_bits);
        return {operand_kind::finite, negative, exponent, significand};
    }
};

template <format F>
struct arithmetic {
    static constexpr int m = F::mantissa_bits;
    // Products and aligned sums take 2 M + 6 bits: two more than a product, so that one step of cancellation loses nothing.
    static constexpr int top = 2 * m + 4;
    using word = std::conditional_t<(top + 2 < 64), std::uint64_t, uint128>;
    using sink = format_sink<F>;
    using parts = operand<F>;

    LOWPREC_INLINE static constexpr parts take_apart(F x) noexcept {
        return decode_format<operand_sink<F>>(x, policy{}, 0);
    }
    LOWPREC_INLINE static constexpr F invalid() noexcept { return sink::template nan<F>(false, 0, policy{}); }
    LOWPREC_INLINE static constexpr F zero(bool negative) noexcept { return sink::zero(negative, policy{}); }
    LOWPREC_INLINE static constexpr F infinite(bool negative) noexcept {
        return sink::infinite(negative, policy{.infinity = infinity_input::infinity_or_largest});
    }

    /// Rounds significand * 2^exponent; the lowest bit may stand for anything that was lost below it.
    LOWPREC_INLINE static constexpr F round(word significand, int exponent, bool negative) noexcept {
        constexpr int at = bits_of<word> - 3;
        const int up = at + 1 - bit_width(significand);
        const word aligned = up >= 0 ? static_cast<word>(significand << up) : shift_right_sticky(significand, -up);
        return sink::template finite<at, (1 << 20)>(aligned, exponent + at - up, negative, policy{}, 0);
    }

    /// A term of a sum: significand * 2^(exponent - top), its highest bit at top.
    struct term {
        word significand;
        int exponent;
        bool negative;
    };

    LOWPREC_INLINE static constexpr F sum(term a, term b) noexcept {
        if (a.exponent < b.exponent || (a.exponent == b.exponent && a.significand < b.significand)) {
            const term larger = b;
            b = a;
            a = larger;
        }
        const word low = shift_right_sticky(b.significand, a.exponent - b.exponent);
        const word total = static_cast<word>(a.negative == b.negative ? a.significand + low : a.significand - low);
        return total == 0 ? zero(false) : round(total, a.exponent - top, a.negative);
    }

    LOWPREC_INLINE static constexpr term to_term(parts x) noexcept {
        return {static_cast<word>(static_cast<word>(x.significand) << (top - m)), x.exponent, x.negative};
    }

    LOWPREC_INLINE static constexpr F add(F x, F y, bool subtract) noexcept {
        const parts a = take_apart(x);
        parts b = take_apart(y);
        b.negative = b.negative != subtract;
        if (a.kind == operand_kind::nan || b.kind == operand_kind::nan) return invalid();
        if (a.kind == operand_kind::infinite || b.kind == operand_kind::infinite) {
            if (a.kind == b.kind && a.negative != b.negative) return invalid();
            return infinite(a.kind == operand_kind::infinite ? a.negative : b.negative);
        }
        if (b.kind == operand_kind::zero) return a.kind == operand_kind::zero ? zero(a.negative && b.negative) : x;
        if (a.kind == operand_kind::zero) return round(static_cast<word>(b.significand), b.exponent - m, b.negative);
        return sum(to_term(a), to_term(b));
    }

    LOWPREC_INLINE static constexpr F multiply(F x, F y) noexcept {
        const parts a = take_apart(x);
        const parts b = take_apart(y);
        const bool negative = a.negative != b.negative;
        if (a.kind == operand_kind::nan || b.kind == operand_kind::nan) return invalid();
        const bool has_zero = a.kind == operand_kind::zero || b.kind == operand_kind::zero;
        if (a.kind == operand_kind::infinite || b.kind == operand_kind::infinite)
            return has_zero ? invalid() : infinite(negative);
        if (has_zero) return zero(negative);
        return round(static_cast<word>(static_cast<word>(a.significand) * b.significand),
                     a.exponent + b.exponent - 2 * m, negative);
    }

    LOWPREC_INLINE static constexpr F divide(F x, F y) noexcept {
        const parts a = take_apart(x);
        const parts b = take_apart(y);
        const bool negative = a.negative != b.negative;
        if (a.kind == operand_kind::nan || b.kind == operand_kind::nan) return invalid();
        if (a.kind == b.kind && a.kind != operand_kind::finite) return invalid();  // 0/0, inf/inf
        if (a.kind == operand_kind::infinite || b.kind == operand_kind::zero) return infinite(negative);
        if (a.kind == operand_kind::zero || b.kind == operand_kind::infinite) return zero(negative);
        constexpr int up = m + 4;  // a quotient of at least M + 4 bits
        const auto dividend = static_cast<word>(static_cast<word>(a.significand) << up);
        const auto divisor = static_cast<word>(b.significand);
        const auto quotient = static_cast<word>(dividend / divisor);
        const auto lost = static_cast<word>(dividend % divisor != 0 ? 1 : 0);
        return round(static_cast<word>(quotient | lost), a.exponent - b.exponent - up, negative);
    }

    LOWPREC_INLINE static constexpr F root(F x) noexcept {
        const parts a = take_apart(x);
        if (a.kind == operand_kind::zero) return x;
        if (a.kind == operand_kind::nan || a.negative) return invalid();
        if (a.kind == operand_kind::infinite) return x;
        // An even exponent and 2 M + 6 bits or more give a root of M + 3 bits or more.
        const int scale = a.exponent - m;
        const int up = m + 5 + ((scale ^ (m + 5)) & 1);
        auto rest = static_cast<word>(static_cast<word>(a.significand) << up);
        word result = 0;
        for (auto bit = static_cast<word>(word{1} << (2 * ((top + 2) / 2))); bit != 0;
             bit = static_cast<word>(bit >> 2)) {
            const auto trial = static_cast<word>(result + bit);
            result = static_cast<word>(result >> 1);
            if (rest >= trial) {
                rest = static_cast<word>(rest - trial);
                result = static_cast<word>(result + bit);
            }
        }
        return round(static_cast<word>(result | static_cast<word>(rest != 0 ? 1 : 0)), (scale - up) / 2, false);
    }

    LOWPREC_INLINE static constexpr F multiply_add(F x, F y, F z) noexcept {
        const parts a = take_apart(x);
        const parts b = take_apart(y);
        const parts c = take_apart(z);
        const bool negative = a.negative != b.negative;
        if (a.kind == operand_kind::nan || b.kind == operand_kind::nan || c.kind == operand_kind::nan) return invalid();
        const bool has_zero = a.kind == operand_kind::zero || b.kind == operand_kind::zero;
        if (a.kind == operand_kind::infinite || b.kind == operand_kind::infinite) {
            if (has_zero || (c.kind == operand_kind::infinite && c.negative != negative)) return invalid();
            return infinite(negative);
        }
        if (c.kind == operand_kind::infinite) return z;
        if (has_zero) return c.kind == operand_kind::zero ? zero(negative && c.negative) : z;
        const auto product = static_cast<word>(static_cast<word>(a.significand) * b.significand);
        const int exponent = a.exponent + b.exponent - 2 * m;
        if (c.kind == operand_kind::zero) return round(product, exponent, negative);
        const int up = top + 1 - bit_width(product);
        return sum({static_cast<word>(product << up), exponent + top - up, negative}, to_term(c));
    }
};

}  // namespace detail

template <format F>
[[nodiscard]] LOWPREC_INLINE constexpr F operator+(F a, F b) noexcept {
    return detail::arithmetic<F>::add(a, b, false);
}
template <format F>
[[nodiscard]] LOWPREC_INLINE constexpr F operator-(F a, F b) noexcept {
    return detail::arithmetic<F>::add(a, b, true);
}
template <format F>
[[nodiscard]] LOWPREC_INLINE constexpr F operator*(F a, F b) noexcept {
    return detail::arithmetic<F>::multiply(a, b);
}
template <format F>
[[nodiscard]] LOWPREC_INLINE constexpr F operator/(F a, F b) noexcept {
    return detail::arithmetic<F>::divide(a, b);
}
template <format F>
LOWPREC_INLINE constexpr F& operator+=(F& a, F b) noexcept {
    return a = a + b;
}
template <format F>
LOWPREC_INLINE constexpr F& operator-=(F& a, F b) noexcept {
    return a = a - b;
}
template <format F>
LOWPREC_INLINE constexpr F& operator*=(F& a, F b) noexcept {
    return a = a * b;
}
template <format F>
LOWPREC_INLINE constexpr F& operator/=(F& a, F b) noexcept {
    return a = a / b;
}

template <format F>
[[nodiscard]] LOWPREC_INLINE constexpr F operator+(F a) noexcept {
    return a;
}

/// The other sign. Where there is no -0, zero stays zero and NaN stays NaN.
template <format F>
    requires(F::sign_bits == 1)
[[nodiscard]] LOWPREC_INLINE constexpr F operator-(F a) noexcept {
    if (F::special_values.nan == nan_at::negative_zero && (a.bits() & F::magnitude_mask) == 0) return a;
    return F::from_bits(static_cast<typename F::storage_type>(a.bits() ^ F::sign_mask));
}

/// The square root, rounded once; sqrt(-0) is -0.
template <format F>
[[nodiscard]] LOWPREC_INLINE constexpr F sqrt(F a) noexcept {
    return detail::arithmetic<F>::root(a);
}

/// a * b + c, rounded once.
template <format F>
[[nodiscard]] LOWPREC_INLINE constexpr F fma(F a, F b, F c) noexcept {
    return detail::arithmetic<F>::multiply_add(a, b, c);
}

}  // namespace lowprec

#endif
