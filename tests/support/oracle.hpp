// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A second opinion on every conversion. It knows a format as a row of data at run time, lists its values as exact numbers,
// looks for the two values that surround a number, and compares with their midpoint. Slow, and meant to be obviously right.
// It shares the enumerations of policy.hpp with the library and no code.
#ifndef LOWPREC_TESTS_SUPPORT_ORACLE_HPP
#define LOWPREC_TESTS_SUPPORT_ORACLE_HPP

#include <lowprec/policy.hpp>
#include <string>
#include <vector>

#include "support/exact.hpp"

namespace oracle {

enum class nan_place : unsigned char { none, all_ones, negative_zero, ieee };

/// A format. `infinity` is the code after the largest finite one.
struct row {
    const char* name;
    int sign_bits;
    int exponent_bits;
    int mantissa_bits;
    int bias;
    nan_place nan;
    bool infinity;
    bool zero;  // and with it subnormals, where there is a mantissa

    int magnitude_bits() const { return exponent_bits + mantissa_bits; }
    int width() const { return sign_bits + magnitude_bits(); }
    std::uint64_t sign_code() const { return sign_bits == 0 ? 0 : 1ULL << magnitude_bits(); }
    std::uint64_t codes() const { return 1ULL << width(); }
    std::uint64_t all_ones() const { return ~0ULL >> (64 - magnitude_bits()); }
    bool negative_zero() const { return sign_bits == 1 && zero && nan != nan_place::negative_zero; }
    bool nan_has_sign() const { return sign_bits == 1 && (nan == nan_place::ieee || nan == nan_place::all_ones); }
};

/// What a code means.
inline source decode(const row& r, std::uint64_t code) {
    source s;
    if (r.nan == nan_place::negative_zero && code == r.sign_code()) {
        s.kind = kind::nan;
        return s;
    }
    s.negative = (code & r.sign_code()) != 0;
    const std::uint64_t magnitude = code & r.all_ones();
    const std::uint64_t t = r.mantissa_bits == 0 ? 0 : magnitude & (~0ULL >> (64 - r.mantissa_bits));
    const std::uint64_t e = magnitude >> r.mantissa_bits;
    if (r.nan == nan_place::ieee && e == (1ULL << r.exponent_bits) - 1) {
        s.kind = t == 0 ? kind::infinite : kind::nan;
        s.payload = r.mantissa_bits == 0 ? 0 : t << (64 - r.mantissa_bits);
        return s;
    }
    std::uint64_t top = r.all_ones();
    if (r.nan == nan_place::all_ones) {
        if (magnitude == top) {
            s.kind = kind::nan;
            return s;
        }
        --top;
    }
    if (r.infinity && r.nan != nan_place::ieee && magnitude == top) {
        s.kind = kind::infinite;
        return s;
    }
    const bool subnormal = e == 0 && r.zero;
    const int exponent = (subnormal ? 1 : static_cast<int>(e)) - r.bias - r.mantissa_bits;
    s.magnitude = {subnormal ? t : t + (1ULL << r.mantissa_bits), exponent};
    return s;
}

/// A conversion's code and exceptions. Underflow is judged on the rounded value, before any switch: inexact, and below the
/// smallest normal value.
struct outcome {
    std::uint64_t code = 0;
    bool inexact = false;
    bool overflow = false;
    bool underflow = false;
};

/// Where a magnitude lies among the values of a format, the grid being continued by one step above the largest value and,
/// where there is no zero, by one step below the smallest.
struct position {
    std::int64_t below = 0;  // the code of the largest value that is not above x; -1: the step below the smallest
    bool exact = false;      // x is that value
    int half = 0;            // x against the midpoint of that value and the next: -1, 0, 1
    bool past = false;       // x is at or above the step after the largest value
    bool under = false;      // x is at or below the step before the smallest value, in a format without zero
};

class format {
public:
    explicit format(const row& r) : row_{r} {
        if (r.magnitude_bits() <= 20) {
            for (std::uint64_t code = 0; code <= r.all_ones(); ++code) {
                const source s = decode(r, code);
                if (s.kind != kind::finite) break;
                values_.push_back(s.magnitude);
            }
            largest_ = static_cast<std::int64_t>(values_.size()) - 1;
        } else {
            if (r.nan != nan_place::ieee) throw std::logic_error("only IEEE arrangements are this wide");
            largest_ = static_cast<std::int64_t>(((1ULL << r.exponent_bits) - 1) << r.mantissa_bits) - 1;
        }
        const number top = value(largest_);
        const int last_place = static_cast<int>(largest_ >> r.mantissa_bits) - r.bias - r.mantissa_bits;
        after_ = sum(top, {1, last_place});
    }

    const row& description() const { return row_; }
    std::int64_t largest() const { return largest_; }
    /// The first code that isn't subnormal or zero.
    std::int64_t smallest_normal() const { return row_.zero ? std::int64_t{1} << row_.mantissa_bits : 0; }

    /// The magnitude of a code; largest() + 1 is the step after it, -1 the step before the smallest value without zero.
    number value(std::int64_t code) const {
        if (code > largest_) return after_;
        if (code < 0) return {(2ULL << row_.mantissa_bits) - 1, -1 - row_.bias - row_.mantissa_bits};
        if (!values_.empty()) return values_[static_cast<std::size_t>(code)];
        return decode(row_, static_cast<std::uint64_t>(code)).magnitude;
    }

    number midpoint(std::int64_t code) const { return half(sum(value(code), value(code + 1))); }

    position locate(number x) const {
        position p;
        if (compare(x, after_) >= 0) {
            p.past = true;
            p.below = largest_ + 1;
            return p;
        }
        const std::int64_t first = row_.zero ? 0 : -1;
        if (first < 0) {
            const int order = compare(x, value(-1));
            if (order <= 0) {
                p.under = true;
                p.below = -1;
                p.exact = order == 0;
                return p;
            }
        }
        std::int64_t low = first, high = largest_ + 1;  // value(low) <= x < value(high)
        while (high - low > 1) {
            const std::int64_t middle = low + (high - low) / 2;
            (compare(value(middle), x) <= 0 ? low : high) = middle;
        }
        p.below = low;
        p.exact = compare(value(low), x) == 0;
        p.half = compare(twice(x), sum(value(low), value(high)));
        return p;
    }

    outcome convert(const source& s, const lowprec::policy& p, std::uint64_t random = 0) const {
        return convert(s, s.kind == kind::finite ? locate(s.magnitude) : position{}, p, random);
    }

    /// The same with the position known.
    outcome convert(source s, const position& at, const lowprec::policy& p, std::uint64_t random = 0) const {
        if (s.kind == kind::nan) return nan_result(s, p);
        if (row_.sign_bits == 0 && p.negative == lowprec::negative_input::ignore_sign) s.negative = false;
        const bool is_zero = s.kind == kind::finite && s.magnitude.significand == 0;
        if (is_zero) return zero_result(s.negative, p);

        const std::int64_t rounded = s.kind == kind::infinite ? largest_ + 1 : round(s, at, p, random);
        const bool negative = s.negative;
        outcome result;
        result.inexact = s.kind == kind::finite && (!at.exact || at.past || at.under);
        result.overflow = s.kind == kind::finite && (at.past || rounded > largest_);

        if (negative && row_.sign_bits == 0) {
            result.inexact = true;
            result.underflow = rounded < smallest_normal();
            if (rounded == 0 && row_.zero) return result;
            const bool nan = p.negative == lowprec::negative_input::nan && row_.nan != nan_place::none;
            return coded(result, nan ? quiet_nan(false) : 0);
        }
        if (s.kind == kind::infinite) return infinite_result(negative, p);
        result.underflow = result.inexact && rounded < smallest_normal();
        if (rounded > largest_) {
            if (holds_inside(s.negative, p)) return coded(result, with_sign(negative, largest_));
            return coded(result, beyond(negative, p.over));
        }
        if (rounded < 0) {
            if (p.no_zero == lowprec::zero_missing::nan && row_.nan != nan_place::none)
                return coded(result, quiet_nan(negative));
            return coded(result, with_sign(negative, 0));
        }
        return coded(result, with_sign(negative, rounded));
    }

    /// The magnitude's code before any switch: largest() + 1 past the range, -1 below the smallest value without zero.
    std::int64_t rounded(const source& s, const lowprec::policy& p) const {
        return round(s, locate(s.magnitude), p, 0);
    }

    /// floor(v 2^n) for the discarded fraction v of x, and what is left of v 2^n against one half.
    struct digits {
        wide floor;
        int rest_against_half;
        bool rest_is_zero;
    };
    digits fraction(number x, std::int64_t below, int n) const {
        const number step = difference(value(below + 1), value(below));
        number rest = difference(x, value(below));
        wide floor = 0;
        for (int i = 0; i < n; ++i) {  // long division, one binary digit at a time
            rest = shortened(twice(rest));
            floor *= 2;
            if (compare(rest, step) >= 0) {
                rest = difference(rest, step);
                ++floor;
            }
        }
        return {floor, compare(twice(rest), step), rest.significand == 0};
    }

private:
    row row_;
    std::vector<number> values_;
    std::int64_t largest_ = 0;
    number after_;

    static number shortened(number x) {
        while (x.significand != 0 && (x.significand & 1) == 0) x = {x.significand / 2, x.exponent + 1};
        return x;
    }

    static outcome coded(outcome result, std::uint64_t code) {
        result.code = code;
        return result;
    }

    std::uint64_t with_sign(bool negative, std::int64_t magnitude) const {
        const auto code = static_cast<std::uint64_t>(magnitude);
        if (!negative || (magnitude == 0 && row_.zero && !row_.negative_zero())) return code;
        return code | row_.sign_code();
    }

    std::uint64_t infinity_code(bool negative) const {
        return static_cast<std::uint64_t>(largest_ + 1) | (negative ? row_.sign_code() : 0);
    }
    std::uint64_t quiet_nan(bool negative) const {
        const std::uint64_t sign = negative && row_.nan_has_sign() ? row_.sign_code() : 0;
        if (row_.nan == nan_place::negative_zero) return row_.sign_code();
        if (row_.nan == nan_place::all_ones) return row_.all_ones() | sign;
        return (((1ULL << row_.exponent_bits) - 1) << row_.mantissa_bits) | (1ULL << (row_.mantissa_bits - 1)) | sign;
    }

    bool by_format_is_infinite() const {
        const bool as_p3109 = row_.nan == nan_place::negative_zero || row_.nan == nan_place::all_ones;
        return row_.infinity && (row_.width() > 8 || as_p3109);
    }

    std::uint64_t beyond(bool negative, lowprec::overflow choice) const {
        const std::uint64_t largest = with_sign(negative, largest_);
        switch (choice) {
        case lowprec::overflow::by_format: return by_format_is_infinite() ? infinity_code(negative) : largest;
        case lowprec::overflow::saturate: return largest;
        case lowprec::overflow::nonfinite:
            if (row_.infinity) return infinity_code(negative);
            return row_.nan != nan_place::none ? quiet_nan(negative) : largest;
        case lowprec::overflow::infinity: return row_.infinity ? infinity_code(negative) : largest;
        }
        return largest;
    }

    outcome infinite_result(bool negative, const lowprec::policy& p) const {
        outcome result;
        switch (p.infinity) {
        case lowprec::infinity_input::as_overflow: result.code = beyond(negative, p.over); break;
        case lowprec::infinity_input::infinity_or_nan:
            result.code = beyond(negative, lowprec::overflow::nonfinite);
            break;
        case lowprec::infinity_input::infinity_or_largest:
            result.code = beyond(negative, lowprec::overflow::infinity);
            break;
        case lowprec::infinity_input::nan_if_at_zero:
            result.code = row_.nan == nan_place::negative_zero ? quiet_nan(negative) : beyond(negative, p.over);
            break;
        }
        result.inexact = decode(row_, result.code).kind != kind::infinite;
        return result;
    }

    outcome nan_result(const source& s, const lowprec::policy& p) const {
        outcome result;
        result.inexact = row_.nan == nan_place::none;
        const bool negative = s.negative && p.sign_of_nan == lowprec::nan_sign::keep;
        if (row_.nan == nan_place::none) {
            switch (p.no_nan) {
            case lowprec::nan_missing::largest: result.code = static_cast<std::uint64_t>(largest_); break;
            case lowprec::nan_missing::zero: break;
            case lowprec::nan_missing::opposite_zero: result.code = with_sign(!s.negative, 0); break;
            }
            return result;
        }
        result.code = quiet_nan(negative);
        if (row_.nan == nan_place::ieee) {
            if (p.nan == lowprec::nan_input::payload) result.code |= s.payload >> (64 - row_.mantissa_bits);
            if (p.nan == lowprec::nan_input::all_ones) result.code |= row_.all_ones();
        }
        return result;
    }

    outcome zero_result(bool negative, const lowprec::policy& p) const {
        outcome result;
        if (row_.zero) {
            result.code = with_sign(negative, 0);
            result.inexact = negative && !row_.negative_zero();
            return result;
        }
        result.inexact = result.underflow = true;
        const bool nan = p.no_zero != lowprec::zero_missing::smallest && row_.nan != nan_place::none;
        return coded(result, nan ? quiet_nan(false) : 0);
    }

    // Whether a finite value past the range stays at the largest value under every overflow choice.
    bool holds_inside(bool negative, const lowprec::policy& p) const {
        switch (p.round) {
        case lowprec::rounding::toward_zero: return true;
        case lowprec::rounding::upward: return negative;
        case lowprec::rounding::downward: return !negative;
        case lowprec::rounding::to_odd: return largest_ % 2 != 0;
        default: return false;
        }
    }

    std::int64_t round(const source& s, const position& at, const lowprec::policy& p, std::uint64_t random) const {
        if (at.past || at.under || at.exact) return at.below;
        const bool odd = at.below % 2 != 0;  // of -1 too
        bool away = false;
        switch (p.round) {
        case lowprec::rounding::nearest_even: away = at.half > 0 || (at.half == 0 && odd); break;
        case lowprec::rounding::nearest_away: away = at.half >= 0; break;
        case lowprec::rounding::toward_zero: break;
        case lowprec::rounding::upward: away = !s.negative; break;
        case lowprec::rounding::downward: away = s.negative; break;
        case lowprec::rounding::to_odd: away = !odd; break;
        case lowprec::rounding::stochastic: away = by_chance(s.magnitude, at.below, p, random); break;
        }
        return at.below + (away ? 1 : 0);
    }

    bool by_chance(number x, std::int64_t below, const lowprec::policy& p, std::uint64_t random) const {
        const int n = p.random_bits;
        const wide r = n == 64 ? random : random & ((1ULL << n) - 1);
        const wide one = wide{1} << n;
        switch (p.method) {
        case lowprec::stochastic_method::a: return fraction(x, below, n).floor + r >= one;
        case lowprec::stochastic_method::b: return fraction(x, below, n + 1).floor + 2 * r + 1 >= 2 * one;
        case lowprec::stochastic_method::c: break;
        }
        const digits d = fraction(x, below, n);
        const bool up = d.rest_against_half > 0 || (d.rest_against_half == 0 && d.floor % 2 != 0);
        return d.floor + (up ? 1 : 0) + r >= one;
    }
};

}  // namespace oracle

#endif
