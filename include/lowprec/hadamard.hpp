// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// The random Hadamard transform of 16 numbers, which spreads an outlier over its block before quantizing. Signs are applied, then
// four rounds of sums and differences, then a factor of 1/4, which makes it orthonormal:
//
//     y = H D x      D: the signs on the diagonal      H[i][j] = 1/4 if i & j has an even number of ones, else -1/4
//     x = D H y
//
// In float, each operation rounded to nearest even, in an order that never changes:
//
//     round r = 0, 1, 2, 3:   for each i without bit r, and k = i + 2^r:    (x[i], x[k]) = (x[i] + x[k], x[i] - x[k])
//
// so that all machines agree to the bit. Integers of up to 20 bits are transformed exactly.
#ifndef LOWPREC_HADAMARD_HPP
#define LOWPREC_HADAMARD_HPP

#include <cstddef>
#include <lowprec/arithmetic.hpp>
#include <lowprec/detail/fail_argument.hpp>
#include <lowprec/formats.hpp>
#include <span>

namespace lowprec {

/// Signs as bits: bit i is set where number i changes its sign.
/// Source:  the default is TransformerEngine's vector for NVFP4.
inline constexpr std::uint16_t hadamard_signs = 0xD7E8;

namespace detail {

/// x with its sign changed by the last bit of `flip`; NaN too.
LOWPREC_INLINE constexpr fp32 flip_sign(fp32 x, unsigned flip) noexcept {
    return fp32::from_bits(x.bits() ^ (flip & 1) << 31);
}

LOWPREC_INLINE constexpr void transform_16(float* numbers, unsigned signs_before, unsigned signs_after) noexcept {
    fp32 x[16];
    for (unsigned i = 0; i < 16; ++i) x[i] = flip_sign(format_from_native(numbers[i]), signs_before >> i);
    for (unsigned step = 1; step < 16; step *= 2)
        for (unsigned i = 0; i < 16; ++i) {
            if ((i & step) != 0) continue;
            const fp32 a = x[i], b = x[i + step];
            x[i] = a + b;
            x[i + step] = a - b;
        }
    constexpr fp32 quarter = convert<fp32>(0.25F);
    for (unsigned i = 0; i < 16; ++i)
        numbers[i] = native_from_format<float>(flip_sign(x[i] * quarter, signs_after >> i));
}

LOWPREC_INLINE constexpr void check_16(std::string_view function, std::size_t count) {
    if (count % 16 != 0) fail_argument("lowprec::", function, ": ", count, " numbers are no whole blocks of 16");
}

}  // namespace detail

/// Transforms each 16 numbers in place.
/// Rounds:  each sum and product to nearest even, in the order above.
/// Beyond:  as float arithmetic: a sum past the range is infinite, and infinities of both signs make NaN.
/// Errors:  std::invalid_argument if the numbers are no whole blocks of 16.
LOWPREC_INLINE constexpr void hadamard_16(std::span<float> numbers, std::uint16_t signs = hadamard_signs) {
    detail::check_16("hadamard_16", numbers.size());
    for (std::size_t i = 0; i < numbers.size(); i += 16) detail::transform_16(numbers.data() + i, signs, 0);
}

/// Transforms back. Where nothing was rounded, to the numbers that were.
/// Rounds:  as hadamard_16; so also Beyond and Errors.
LOWPREC_INLINE constexpr void inverse_hadamard_16(std::span<float> numbers, std::uint16_t signs = hadamard_signs) {
    detail::check_16("inverse_hadamard_16", numbers.size());
    for (std::size_t i = 0; i < numbers.size(); i += 16) detail::transform_16(numbers.data() + i, 0, signs);
}

}  // namespace lowprec

#endif
