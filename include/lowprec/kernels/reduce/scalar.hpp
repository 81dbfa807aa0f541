// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// The reductions one element at a time: the definition. Extremes are found among integers. Sums are of doubles, in an order
// that the compiler can't change, and the caller holds an `environment`.
#ifndef LOWPREC_KERNELS_REDUCE_SCALAR_HPP
#define LOWPREC_KERNELS_REDUCE_SCALAR_HPP

#include <cstddef>
#include <cstdint>
#include <lowprec/kernels/arch.hpp>
#include <type_traits>

namespace lowprec {

/// The smallest and the largest element.
struct extent {
    float min, max;
};

namespace detail {

enum class reduction { abs_max, min_max, all_finite, sum, sum_of_squares };

template <reduction R>
inline constexpr bool is_sum = R == reduction::sum || R == reduction::sum_of_squares;

template <reduction R>
using reduced = std::conditional_t<
    is_sum<R>, double,
    std::conditional_t<R == reduction::min_max, extent, std::conditional_t<R == reduction::all_finite, bool, float>>>;

inline constexpr std::uint32_t float_infinity = 0x7F800000, float_nan = 0x7FC00000, float_sign = 0x80000000;
inline constexpr std::uint64_t double_infinity = 0x7FF0000000000000, double_nan = 0x7FF8000000000000;

/// How many partial sums there are. Element i is added to partial sum i % 16; they start at +0.
inline constexpr std::size_t partial_sums = 16;

/// The compiler knows nothing about x from here on: -ffast-math reorders no additions across it.
template <class T>
LOWPREC_INLINE void hide(T& x) noexcept {
#if defined(__SSE2__)
    asm("" : "+v"(x));
#elif defined(__aarch64__)
    asm("" : "+w"(x));
#else
    asm("" : "+m"(x));
#endif
}

/// A sum as it is given back: one NaN for all.
template <class Isa>
LOWPREC_INLINE std::uint64_t sum_bits(double x) noexcept {
    const auto bits = __builtin_bit_cast(std::uint64_t, x);
    return (bits & ~(std::uint64_t{1} << 63)) > double_infinity ? double_nan : bits;
}

/// The partial sums' sum: those eight apart are added first, then those four, two and one apart.
template <class Isa>
LOWPREC_INLINE double sum_of_partial_sums(double (&partial)[partial_sums]) noexcept {
    for (std::size_t distance = partial_sums / 2; distance != 0; distance /= 2)
        for (std::size_t i = 0; i < distance; ++i) {
            partial[i] += partial[i + distance];
            hide(partial[i]);
        }
    return partial[0];
}

/// Reduces `n` floats, n >= 1, and writes a reduced<R>.
template <reduction R, class Isa>
LOWPREC_INLINE void reduce_one_by_one(const std::byte* from, std::size_t n, std::byte* to) noexcept {
    const auto bits_at = [=](std::size_t i) {
        std::uint32_t bits;
        __builtin_memcpy(&bits, from + 4 * i, 4);
        return bits;
    };
    if constexpr (is_sum<R>) {
        double partial[partial_sums] = {};
        for (double& p : partial) hide(p);  // 0 + -0 is +0, which -ffast-math forgets
        for (std::size_t i = 0; i < n; ++i) {
            const double x = static_cast<double>(__builtin_bit_cast(float, bits_at(i)));
            partial[i % partial_sums] +=
                R == reduction::sum ? x : x * x;  // the square is exact, so fusing changes nothing
            hide(partial[i % partial_sums]);
        }
        const std::uint64_t bits = sum_bits<Isa>(sum_of_partial_sums<Isa>(partial));
        __builtin_memcpy(to, &bits, 8);
    } else if constexpr (R == reduction::min_max) {
        // As integers, floats are in order once the magnitude bits of the negative ones are inverted.
        const auto inverted_below_zero = [](std::int32_t x) { return x ^ ((x >> 31) & 0x7FFFFFFF); };
        std::int32_t low = 0x7FFFFFFF, high = -0x7FFFFFFF - 1;
        for (std::size_t i = 0; i < n; ++i) {
            const std::int32_t place = inverted_below_zero(static_cast<std::int32_t>(bits_at(i)));
            if (place < low) low = place;
            if (place > high) high = place;
        }
        std::uint32_t bits[2] = {static_cast<std::uint32_t>(inverted_below_zero(low)),
                                 static_cast<std::uint32_t>(inverted_below_zero(high))};
        // A NaN lies beyond the infinity of its sign.
        if ((bits[0] & ~float_sign) > float_infinity || (bits[1] & ~float_sign) > float_infinity)
            bits[0] = bits[1] = float_nan;
        __builtin_memcpy(to, bits, 8);
    } else {
        std::uint32_t high = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const std::uint32_t magnitude = bits_at(i) & ~float_sign;
            if (magnitude > high) high = magnitude;
        }
        if constexpr (R == reduction::all_finite) {
            const bool finite = high < float_infinity;
            __builtin_memcpy(to, &finite, 1);
        } else {
            if (high > float_infinity) high = float_nan;
            __builtin_memcpy(to, &high, 4);
        }
    }
}

}  // namespace detail
}  // namespace lowprec

#endif
