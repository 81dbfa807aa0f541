// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 2
//
// How a number becomes a code where exact arithmetic leaves a choice: the rounding direction, and one switch for each kind
// of value that the target can't hold. Single booleans ("saturate") mean something else in every system that has one, so
// the switches are independent; presets.hpp combines them into other systems' behaviour.
#ifndef LOWPREC_POLICY_HPP
#define LOWPREC_POLICY_HPP

namespace lowprec {

enum class rounding : unsigned char {
    nearest_even,  ///< ties to the even code (for a format without mantissa as well)
    nearest_away,  ///< ties away from zero
    toward_zero,
    upward,
    downward,
    to_odd,      ///< an inexact result gets the neighbour whose code is odd
    stochastic,  ///< by the caller's random bits
};

/// A finite value whose rounded result, in an exponent range without end, lies beyond the largest value. Rounding toward
/// zero, or in the directed mode that points inward, gives the largest value whatever this says.
enum class overflow : unsigned char {
    by_format,  ///< infinity if the format has one and is wider than 8 bits or arranged as P3109; else the largest value
    saturate,   ///< the largest value
    nonfinite,  ///< infinity, else NaN, else the largest value
    infinity,   ///< infinity, else the largest value (P3109 SatNone)
};

/// An infinite input. It ignores the rounding direction.
enum class infinity_input : unsigned char {
    as_overflow,          ///< what the overflow switch says
    infinity_or_nan,      ///< infinity, else NaN, else the largest value
    infinity_or_largest,  ///< infinity, else the largest value
    nan_if_at_zero,  ///< NaN in a format without infinity that keeps NaN at -0, else what the overflow switch says (ONNX)
};

/// A NaN input where the target has NaN.
enum class nan_input : unsigned char {
    payload,   ///< a quiet NaN with the top bits of the payload
    quiet,     ///< the quiet NaN
    all_ones,  ///< exponent and mantissa all ones, where that is a NaN
    cuda,      ///< as CUDA's headers: payload and sign from binary64; all ones without a sign from narrower sources
};

/// The sign of a NaN input, where the target's NaN has a sign.
enum class nan_sign : unsigned char { keep, drop };

/// A NaN input where the target has no NaN.
enum class nan_missing : unsigned char {
    largest,        ///< the largest positive value (PTX)
    zero,           ///< zero
    opposite_zero,  ///< zero with the opposite of NaN's sign (ml_dtypes)
};

/// A negative value into an unsigned format, judged after rounding: what rounds to zero is zero.
enum class negative_input : unsigned char {
    smallest,     ///< the smallest value: zero where there is one
    nan,          ///< NaN, else the smallest value
    ignore_sign,  ///< the magnitude, rounded
};

/// Zero, or a value that rounds below the smallest, into a format without zero.
enum class zero_missing : unsigned char {
    smallest,      ///< the smallest value
    nan,           ///< NaN, else the smallest value
    nan_for_zero,  ///< NaN for zero itself, the smallest value for what rounds below it
};

/// P3109's three ways to use N random bits R on the discarded fraction v: round away from zero if ...
enum class stochastic_method : unsigned char {
    a,  ///< floor(v 2^N) + R >= 2^N: biased toward zero
    b,  ///< floor(v 2^(N+1)) + 2R + 1 >= 2^(N+1)
    c,  ///< nearest_even(v 2^N) + R >= 2^N
};

/// Everything that `convert` has to be told. The default is nearest even with saturation as hardware does it.
struct policy {
    rounding round = rounding::nearest_even;
    overflow over = overflow::by_format;
    infinity_input infinity = infinity_input::as_overflow;
    nan_input nan = nan_input::payload;
    nan_sign sign_of_nan = nan_sign::keep;
    nan_missing no_nan = nan_missing::largest;
    negative_input negative = negative_input::smallest;
    zero_missing no_zero = zero_missing::smallest;
    stochastic_method method = stochastic_method::b;
    int random_bits = 64;  ///< N, 1 to 64: stochastic rounding reads the low N bits of its argument

    friend constexpr bool operator==(const policy&, const policy&) = default;
};

/// What a conversion returned, and what was lost on the way.
template <class To>
struct conversion {
    To value;
    bool inexact;    ///< the value isn't the source's: rounded, saturated, or a NaN, sign or zero that To doesn't have
    bool overflow;   ///< a finite source, rounded in an exponent range without end, is beyond To's largest value
    bool underflow;  ///< inexact, and so rounded below To's smallest normal value; zero only where To has no zero
};

}  // namespace lowprec

#endif
