// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 1
//
// float_format: a number format given by five parameters, everything else derived from them, and its numeric_limits.
//
//      sign      exponent field        mantissa field
//     +-------+---------------------+------------------+
//     | S     | E bits: e           | M bits: t        |      bits(): right-aligned, width = S + E + M
//     +-------+---------------------+------------------+
//
//     e > 0:  (-1)^sign * 2^(e - Bias) * (1 + t / 2^M)          less the codes that `specials` takes away
//     e = 0:  (-1)^sign * 2^(1 - Bias) * (t / 2^M)              subnormal; without subnormals as for e > 0
//
// The conversions that the constructors use are defined in convert.hpp, one floor up.
#ifndef LOWPREC_FLOAT_FORMAT_HPP
#define LOWPREC_FLOAT_FORMAT_HPP

#include <compare>
#include <lowprec/concepts.hpp>
#include <lowprec/detail/bits.hpp>
#include <lowprec/detail/log10.hpp>
#include <lowprec/specials.hpp>

namespace lowprec {

namespace detail {

// The largest finite code: below infinity, NaN, or at all ones.
constexpr std::uint64_t largest_finite(int e, int m, specials sp) noexcept {
    const std::uint64_t top = ones<std::uint64_t>(e + m);
    if (sp.nan == nan_at::ieee) return (ones<std::uint64_t>(e) << m) - 1;
    return top - (sp.nan == nan_at::all_ones ? 1 : 0) - (sp.infinity ? 1 : 0);
}

// One named condition each, so that a refused format says which one failed.
template <int S>
concept sign_bits_are_0_or_1 = S == 0 || S == 1;
template <int E>
concept exponent_bits_are_1_to_16 = E >= 1 && E <= 16;
template <int M>
concept mantissa_bits_are_0_to_52 = M >= 0 && M <= 52;
template <int S, int E, int M>
concept width_is_at_most_64 = S + E + M <= 64;
template <int Bias>
concept bias_is_at_most_32768_either_way = Bias >= -32768 && Bias <= 32768;
template <specials Sp, int M>
concept ieee_arrangement_has_infinity_and_a_mantissa = Sp.nan != nan_at::ieee || (Sp.infinity && M >= 1);
template <specials Sp, int S>
concept nan_at_negative_zero_needs_a_sign_and_a_zero = Sp.nan != nan_at::negative_zero || (S == 1 && Sp.zero);
template <specials Sp, int M>
concept zero_and_subnormals_come_together = Sp.zero == Sp.subnormals || (Sp.zero && M == 0);
template <int E, int M, specials Sp>
concept a_normal_number_is_left = largest_finite(E, M, Sp)
< (std::uint64_t{1} << 63) && largest_finite(E, M, Sp) >= (Sp.zero ? std::uint64_t{1} << M : std::uint64_t{0});

// Defined in convert.hpp.
template <class F, class T>
LOWPREC_INLINE constexpr F from_builtin(T x) noexcept;
template <class T, class F>
LOWPREC_INLINE constexpr T to_builtin(F x) noexcept;

template <class T>
concept convertible_builtin = builtin_number<T> && !std::is_same_v<T, bool>;

// Only a long double that is binary64 converts: lowprec would have to round any other twice. The second name is there to be
// read in the compiler's message.
template <class T>
concept long_double_that_is_not_binary64 = std::is_same_v<T, long double> && !builtin_number<T>;
struct long_double_is_wider_than_binary64_so_convert_to_double_first;

}  // namespace detail

/// A value of a low-precision format, held as its code. Trivially copyable; arithmetic, conversions and the rest are in
/// convert.hpp, arithmetic.hpp and math.hpp, or all at once in lowprec.hpp.
/// Needs:   S 0 or 1; E 1 to 16; M 0 to 52; |Bias| <= 32768; specials that leave a normal number.
/// Source:  formats.hpp names the formats in use, with their specifications.
template <int S, int E, int M, int Bias, specials Sp = special::ieee>
    requires detail::sign_bits_are_0_or_1<S> && detail::exponent_bits_are_1_to_16<E> &&
        detail::mantissa_bits_are_0_to_52<M> && detail::width_is_at_most_64<S, E, M> &&
        detail::bias_is_at_most_32768_either_way<Bias> && detail::ieee_arrangement_has_infinity_and_a_mantissa<Sp, M> &&
        detail::nan_at_negative_zero_needs_a_sign_and_a_zero<Sp, S> &&
        detail::zero_and_subnormals_come_together<Sp, M> && detail::a_normal_number_is_left<E, M, Sp>
class float_format {
public:
    static constexpr int sign_bits = S;
    static constexpr int exponent_bits = E;
    static constexpr int mantissa_bits = M;
    static constexpr int bias = Bias;
    static constexpr int width = S + E + M;
    static constexpr specials special_values = Sp;

    using storage_type = detail::uint_of<width>;
    using type = float_format;  ///< so that a value also serves as a tag of its format

    static constexpr bool has_infinity = Sp.infinity;
    static constexpr bool has_nan = Sp.nan != nan_at::none;
    static constexpr bool has_zero = Sp.zero;
    static constexpr bool has_negative_zero = S == 1 && Sp.zero && Sp.nan != nan_at::negative_zero;
    static constexpr bool has_subnormals = Sp.subnormals && M > 0;

    // Codes, right-aligned. A magnitude is a code without its sign.
    static constexpr storage_type magnitude_mask = detail::ones<storage_type>(E + M);
    static constexpr storage_type sign_mask = static_cast<storage_type>(S == 0 ? 0 : storage_type{1} << (E + M));
    static constexpr storage_type code_mask = static_cast<storage_type>(sign_mask | magnitude_mask);
    static constexpr storage_type mantissa_mask = detail::ones<storage_type>(M);
    static constexpr storage_type largest_code = static_cast<storage_type>(detail::largest_finite(E, M, Sp));
    static constexpr storage_type smallest_normal_code = static_cast<storage_type>(has_zero ? storage_type{1} << M : 0);
    static constexpr storage_type smallest_code = has_zero ? 1 : 0;  ///< of the smallest positive value
    /// Positive infinity, where there is one.
    static constexpr storage_type infinity_code = static_cast<storage_type>(has_infinity ? largest_code + 1 : 0);
    /// The quiet NaN without a sign, where there is one.
    static constexpr storage_type nan_code =
        static_cast<storage_type>(Sp.nan == nan_at::ieee ? infinity_code | (storage_type{1} << (M > 0 ? M - 1 : 0))
                                  : Sp.nan == nan_at::all_ones      ? magnitude_mask
                                  : Sp.nan == nan_at::negative_zero ? sign_mask
                                                                    : 0);

    /// Exponents of the smallest normal and of the largest finite value: 2^e <= value < 2^(e + 1).
    static constexpr int min_exponent = (has_zero ? 1 : 0) - Bias;
    static constexpr int max_exponent = static_cast<int>(largest_code >> M) - Bias;

    /// Leaves the code as it comes, like a built-in number; float_format{} is code 0.
    constexpr float_format() = default;

    /// Converts with the default policy: rounds to nearest even, once; out of range as `overflow::by_format` says.
    template <detail::convertible_builtin T>
    LOWPREC_INLINE constexpr explicit float_format(T x) noexcept
        : stored_{detail::from_builtin<float_format>(x).stored_} {}
    template <class Bool>
    requires std::is_same_v<Bool, bool>  // a parameter of type bool would take pointers too
        LOWPREC_INLINE constexpr explicit float_format(Bool x) noexcept : float_format{static_cast<int>(x)} {}

    template <detail::long_double_that_is_not_binary64 T,
              class = detail::long_double_is_wider_than_binary64_so_convert_to_double_first>
    explicit float_format(T) = delete;

    /// To a floating-point type: rounds to nearest even if it must. To an integer: cuts the fraction off, saturates, NaN is 0.
    template <detail::convertible_builtin T>
    [[nodiscard]] LOWPREC_INLINE constexpr explicit operator T() const noexcept {
        return detail::to_builtin<T>(*this);
    }

    template <detail::long_double_that_is_not_binary64 T,
              class = detail::long_double_is_wider_than_binary64_so_convert_to_double_first>
    explicit operator T() const = delete;

    /// x != 0; true for NaN, as for float.
    [[nodiscard]] LOWPREC_INLINE constexpr explicit operator bool() const noexcept {
        return !has_zero || (bits() & (has_negative_zero ? magnitude_mask : code_mask)) != 0;
    }

    /// The value whose code is `code`; bits above `width` are ignored.
    [[nodiscard]] LOWPREC_INLINE static constexpr float_format from_bits(storage_type code) noexcept {
        float_format result{};
        result.stored_ = static_cast<storage_type>(static_cast<storage_type>(code & code_mask) << storage_shift);
        return result;
    }

    /// The code, right-aligned.
    [[nodiscard]] LOWPREC_INLINE constexpr storage_type bits() const noexcept {
        return static_cast<storage_type>(stored_ >> storage_shift);
    }

    /// As for float: -0 equals 0, NaN equals nothing.
    [[nodiscard]] LOWPREC_INLINE friend constexpr bool operator==(float_format a, float_format b) noexcept {
        return !a.unordered() && !b.unordered() && a.order() == b.order();
    }
    [[nodiscard]] LOWPREC_INLINE friend constexpr std::partial_ordering operator<=>(float_format a,
                                                                                    float_format b) noexcept {
        if (a.unordered() || b.unordered()) return std::partial_ordering::unordered;
        return a.order() <=> b.order();
    }

private:
    // Widths 17 to 31 are stored left-aligned in 32 bits: an array of tf32 is an array of floats with low bits zero.
    static constexpr int storage_shift = width > 16 && width < 32 ? 32 - width : 0;

    LOWPREC_INLINE constexpr bool unordered() const noexcept {
        if constexpr (Sp.nan == nan_at::none)
            return false;
        else if constexpr (Sp.nan == nan_at::negative_zero)
            return bits() == sign_mask;
        else if constexpr (Sp.nan == nan_at::all_ones)
            return (bits() & magnitude_mask) == magnitude_mask;
        else
            return (bits() & magnitude_mask) > infinity_code;
    }

    // Codes in the order of their values, both zeros alike.
    LOWPREC_INLINE constexpr std::int64_t order() const noexcept {
        constexpr std::int64_t below_zero = has_zero ? 0 : 1;
        const auto magnitude = static_cast<std::int64_t>(bits() & magnitude_mask);
        return S == 1 && (bits() & sign_mask) != 0 ? -magnitude - below_zero : magnitude;
    }

    storage_type stored_;
};

namespace detail {

template <int S, int E, int M, int Bias, specials Sp>
inline constexpr bool is_format_v<float_format<S, E, M, Bias, Sp>> = true;

// The code of 2^exponent, or of the nearest power of two that F has.
template <class F>
LOWPREC_HOST_DEVICE constexpr typename F::storage_type code_of_power(int exponent) noexcept {
    using code = typename F::storage_type;
    if (exponent > F::max_exponent) return F::largest_code;
    const int above = exponent - F::min_exponent;
    if (above >= 0)
        return static_cast<code>(F::smallest_normal_code +
                                 static_cast<code>(static_cast<code>(above) << F::mantissa_bits));
    const int subnormal = above + F::mantissa_bits;
    return F::has_subnormals && subnormal >= 0 ? static_cast<code>(code{1} << subnormal) : F::smallest_code;
}

// The largest value is significand * 2^exponent.
template <class F>
constexpr int largest_log10() noexcept {
    const std::uint64_t significand = (std::uint64_t{1} << F::mantissa_bits) | (F::largest_code & F::mantissa_mask);
    return floor_log10(significand, F::max_exponent - F::mantissa_bits);
}

}  // namespace detail
}  // namespace lowprec

// Members that a format lacks (infinity() where there is none) give code 0, as the standard's own do for integers.
template <int S, int E, int M, int Bias, lowprec::specials Sp>
class std::numeric_limits<lowprec::float_format<S, E, M, Bias, Sp>> {
    using F = lowprec::float_format<S, E, M, Bias, Sp>;
    using code = typename F::storage_type;
    LOWPREC_HOST_DEVICE static constexpr F at(code c) noexcept { return F::from_bits(c); }

public:
    static constexpr bool is_specialized = true;
    static constexpr bool is_signed = S == 1;
    static constexpr bool is_integer = false;
    static constexpr bool is_exact = false;
    static constexpr bool has_infinity = F::has_infinity;
    static constexpr bool has_quiet_NaN = F::has_nan;
    static constexpr bool has_signaling_NaN = Sp.nan == lowprec::nan_at::ieee && M >= 2;
    static constexpr float_denorm_style has_denorm = F::has_subnormals ? denorm_present : denorm_absent;
    static constexpr bool has_denorm_loss = false;
    static constexpr float_round_style round_style = round_to_nearest;
    /// The IEEE arrangement, and overflow to infinity by default: wider than 8 bits.
    static constexpr bool is_iec559 = Sp.nan == lowprec::nan_at::ieee && S == 1 && F::width > 8;
    static constexpr bool is_bounded = true;
    static constexpr bool is_modulo = false;
    static constexpr bool traps = false;
    static constexpr bool tinyness_before = false;
    static constexpr int radix = 2;
    static constexpr int digits = M + 1;
    static constexpr int digits10 = lowprec::detail::floor_log10_pow2(M);
    static constexpr int max_digits10 = 2 + lowprec::detail::floor_log10_pow2(M + 1);
    static constexpr int min_exponent = F::min_exponent + 1;
    static constexpr int max_exponent = F::max_exponent + 1;
    static constexpr int min_exponent10 = -lowprec::detail::floor_log10_pow2(-F::min_exponent);
    static constexpr int max_exponent10 = lowprec::detail::largest_log10<F>();

    LOWPREC_HOST_DEVICE static constexpr F(min)() noexcept { return at(F::smallest_normal_code); }
    LOWPREC_HOST_DEVICE static constexpr F(max)() noexcept { return at(F::largest_code); }
    /// The smallest value: minus the largest, or zero, or the smallest positive one.
    LOWPREC_HOST_DEVICE static constexpr F lowest() noexcept {
        return at(static_cast<code>(S == 1 ? F::sign_mask | F::largest_code : 0));
    }
    /// The step above 1.
    LOWPREC_HOST_DEVICE static constexpr F epsilon() noexcept {
        return at(lowprec::detail::code_of_power<F>(lowprec::detail::max_of(F::min_exponent, 0) - M));
    }
    LOWPREC_HOST_DEVICE static constexpr F round_error() noexcept { return at(lowprec::detail::code_of_power<F>(-1)); }
    LOWPREC_HOST_DEVICE static constexpr F denorm_min() noexcept { return at(F::smallest_code); }
    LOWPREC_HOST_DEVICE static constexpr F infinity() noexcept { return at(F::infinity_code); }
    LOWPREC_HOST_DEVICE static constexpr F quiet_NaN() noexcept { return at(F::nan_code); }
    LOWPREC_HOST_DEVICE static constexpr F signaling_NaN() noexcept {
        return at(static_cast<code>(
            has_signaling_NaN ? F::infinity_code | (code{1} << lowprec::detail::max_of(M - 2, 0)) : 0));
    }
};

#endif
