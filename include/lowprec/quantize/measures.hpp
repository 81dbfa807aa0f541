// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 6
//
// What quantization costs: the error between floats and what came back from a format, in one pass over both.
//
//     measure<e4m3>(in).sqnr_db()                of a format, rounded to and back
//     measure(in, restored).mse()                of any quantizer: `restored` is what it gives back
//     error_measures all; all.add(...); all.merge(...)      piece by piece
//
// A pair whose original is NaN or infinite, or whose restored value is, is counted and left out of everything else. Sums are of
// doubles in one stated order, so that every instruction set, flag and floating-point environment gives the same bits.
#ifndef LOWPREC_QUANTIZE_MEASURES_HPP
#define LOWPREC_QUANTIZE_MEASURES_HPP

#include <cmath>
#include <lowprec/kernels/convert.hpp>
#include <lowprec/kernels/reduce.hpp>

namespace lowprec {

namespace detail {

/// The sums of all pairs (x, y) of an original and its restored value. Pair i of all is added to partial sum i % 16.
struct error_sums {
    double x_squared[partial_sums];
    double y_squared[partial_sums];
    double product[partial_sums];
    double error_squared[partial_sums];
    double largest_error[partial_sums];
};

struct error_counts {
    std::uint64_t finite, nan, infinite, overflowed, saturated, flushed;
};

/// Pairs are taken so many at a time. Beside them stand zeros that make whole chunks of sixteen: zeros add nothing.
inline constexpr std::size_t measured_together = 1024;
struct measured_block {
    float x[measured_together + 2 * partial_sums], y[measured_together + 2 * partial_sums];
};

/// A finite float's place among all, both zeros alike.
template <class Isa>
LOWPREC_INLINE std::int32_t place_of(std::uint32_t bits) noexcept {
    const auto magnitude = static_cast<std::int32_t>(bits & ~float_sign);
    return (bits & float_sign) != 0 ? -magnitude : magnitude;
}

/// Counts the pairs, and writes those to the block that enter the sums, zeros for the others.
template <class Isa>
LOWPREC_INLINE void sort_pairs(const float* x, const float* y, std::size_t count, std::int32_t lowest,
                               std::int32_t largest, measured_block& block, std::size_t first,
                               error_counts& counts) noexcept {
    std::uint32_t finite = 0, nan = 0, infinite = 0, saturated = 0, flushed = 0;
    // All ones if the highest bit is set: of conditions compilers make branches, which vectors do not have.
    const auto below_zero = [](std::uint32_t bits) {
        return static_cast<std::uint32_t>(static_cast<std::int32_t>(bits) >> 31);
    };
    for (std::size_t i = 0; i < count; ++i) {
        std::uint32_t a, b;
        __builtin_memcpy(&a, x + i, 4);
        __builtin_memcpy(&b, y + i, 4);
        const std::uint32_t a_size = a & ~float_sign, b_size = b & ~float_sign;
        const std::uint32_t a_finite = below_zero(a_size - float_infinity), a_nan = below_zero(float_infinity - a_size);
        const std::uint32_t both = a_finite & below_zero(b_size - float_infinity);
        finite -= both;
        nan -= a_nan;
        infinite -= ~(a_finite | a_nan);
        flushed -= both & below_zero(0 - a_size) & ~below_zero(0 - b_size);
        a &= both;
        b &= both;
        __builtin_memcpy(block.x + first + i, &a, 4);
        __builtin_memcpy(block.y + first + i, &b, 4);
    }
    if (lowest != -0x7FFFFFFF || largest != 0x7FFFFFFF)
        for (std::size_t i = 0; i < count; ++i) {  // pairs that are left out are zeros here
            std::uint32_t a, b;
            __builtin_memcpy(&a, block.x + first + i, 4);
            __builtin_memcpy(&b, block.y + first + i, 4);
            if ((a | b) << 1 == 0) continue;
            const std::int32_t a_place = place_of<Isa>(a), b_place = place_of<Isa>(b);
            if ((a_place > largest && b_place >= largest) || (a_place < lowest && b_place <= lowest)) ++saturated;
        }
    counts.finite += finite;
    counts.nan += nan;
    counts.infinite += infinite;
    counts.overflowed += count - finite - nan - infinite;
    counts.saturated += saturated;
    counts.flushed += flushed;
}

/// Adds `count` pairs, a multiple of 16, to the sums. The caller holds an `environment`. x^2, y^2 and xy are exact, so fusing
/// them with the addition changes nothing; the error's square is hidden from it.
template <class Isa>
LOWPREC_INLINE void add_errors_one_by_one(const measured_block& block, std::size_t count, error_sums& sums) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = i % partial_sums;
        const auto x = static_cast<double>(block.x[i]), y = static_cast<double>(block.y[i]);
        double error = y - x;
        hide(error);
        double square = error * error;
        hide(square);
        const auto add = [](double& sum, double term) {
            sum += term;
            hide(sum);
        };
        add(sums.x_squared[at], x * x);
        add(sums.y_squared[at], y * y);
        add(sums.product[at], x * y);
        add(sums.error_squared[at], square);
        const double size = error < 0 ? -error : error;
        if (size > sums.largest_error[at]) sums.largest_error[at] = size;
    }
}

template <class Isa>
LOWPREC_INLINE void add_errors_by_vectors(const measured_block& block, std::size_t count, error_sums& sums) noexcept {
    constexpr std::size_t together = static_cast<std::size_t>(lanes<Isa> / 2);
    for (std::size_t first = 0; first < partial_sums; first += together) {
        f64<Isa> sum[4], largest = load_from<f64<Isa>>(sums.largest_error + first);
        double* const from[4] = {sums.x_squared + first, sums.y_squared + first, sums.product + first,
                                 sums.error_squared + first};
        for (int k = 0; k < 4; ++k) sum[k] = load_from<f64<Isa>>(from[k]);
        const auto hidden = [](f64<Isa> x) {
            auto bits = static_cast<typename f64<Isa>::register_type>(x);
            hide(bits);
            return f64<Isa>(bits);
        };
        for (std::size_t i = first; i < count; i += partial_sums) {
            const auto x = load_as_doubles<Isa>(reinterpret_cast<const std::byte*>(block.x + i));
            const auto y = load_as_doubles<Isa>(reinterpret_cast<const std::byte*>(block.y + i));
            const auto error = hidden(y - x);
            sum[0] = hidden(sum[0] + x * x);
            sum[1] = hidden(sum[1] + y * y);
            sum[2] = hidden(sum[2] + x * y);
            sum[3] = hidden(sum[3] + hidden(error * error));
            largest = (xsimd::max)(largest, xsimd::abs(error));
        }
        for (int k = 0; k < 4; ++k) store_to(from[k], sum[k]);
        store_to(sums.largest_error + first, largest);
    }
}

/// Adds the pairs, the first of which has the number `index` among all.
template <class Isa>
[[gnu::noinline]] void add_errors(const float* x, const float* y, std::size_t count, std::uint64_t index,
                                  std::int32_t lowest, std::int32_t largest, error_sums& sums,
                                  error_counts& counts) noexcept {
    const environment<Isa> guard;
    measured_block block;
    for (std::size_t size; count != 0; count -= size, x += size, y += size, index += size) {
        size = count < measured_together ? count : measured_together;
        const std::size_t before = static_cast<std::size_t>(index % partial_sums);
        const std::size_t all = (before + size + partial_sums - 1) / partial_sums * partial_sums;
        for (std::size_t i = 0; i < before; ++i) block.x[i] = block.y[i] = 0;
        sort_pairs<Isa>(x, y, size, lowest, largest, block, before, counts);
        for (std::size_t i = before + size; i < all; ++i) block.x[i] = block.y[i] = 0;
        if constexpr (Isa::vectors)
            add_errors_by_vectors<Isa>(block, all, sums);
        else
            add_errors_one_by_one<Isa>(block, all, sums);
    }
}

/// What the sums of one accumulator become when those of another join them.
template <class Isa>
[[gnu::noinline]] void join_errors(error_sums& sums, const error_sums& others) noexcept {
    const environment<Isa> guard;
    const auto join = [](double(&a)[partial_sums], const double(&b)[partial_sums]) {
        for (std::size_t i = 0; i < partial_sums; ++i) {
            a[i] += b[i];
            hide(a[i]);
        }
    };
    join(sums.x_squared, others.x_squared);
    join(sums.y_squared, others.y_squared);
    join(sums.product, others.product);
    join(sums.error_squared, others.error_squared);
    for (std::size_t i = 0; i < partial_sums; ++i)
        if (others.largest_error[i] > sums.largest_error[i]) sums.largest_error[i] = others.largest_error[i];
}

/// What is asked of the sums in the end.
enum class error_figure { mse, sqnr_db, cosine, largest };

template <class Isa>
[[gnu::noinline]] std::uint64_t error_figure_of(error_figure which, error_sums sums, std::uint64_t finite) noexcept {
    const environment<Isa> guard;
    double largest = 0;
    for (const double error : sums.largest_error) largest = error > largest ? error : largest;
    const double noise = sum_of_partial_sums<Isa>(sums.error_squared);
    const double signal = sum_of_partial_sums<Isa>(sums.x_squared);
    const double restored = sum_of_partial_sums<Isa>(sums.y_squared);
    const double product = sum_of_partial_sums<Isa>(sums.product);
    double result = 0;
    if (which == error_figure::largest) {
        result = largest;
    } else if (which == error_figure::mse) {
        result = finite == 0 ? 0 : noise / static_cast<double>(finite);
    } else if (which == error_figure::sqnr_db) {
        if (!(noise > 0)) return double_infinity;  // as bits: -ffast-math knows no infinities
        if (!(signal > 0)) return double_infinity | std::uint64_t{1} << 63;
        result = 10 * std::log10(signal / noise);
    } else if (!(signal > 0) || !(restored > 0)) {
        result = signal > 0 || restored > 0 ? 0 : 1;
    } else {
        double lengths = signal * restored;  // between 2^-596 and 2^640: exact enough, and no overflow
        hide(lengths);
        result = product / std::sqrt(lengths);
        result = result > 1 ? 1 : result < -1 ? -1 : result;
    }
    hide(result);
    return __builtin_bit_cast(std::uint64_t, result);
}

}  // namespace detail

/// What is known of the errors of the pairs that were added: an original float, and what a quantizer gave back for it.
/// Rounds:  errors are y - x, rounded to double where it isn't exact; the squares of errors are rounded, those of x and y are
///          exact. Each sum is sixteen partial sums from +0: pair i of all pairs is added to number i % 16, and in the end
///          i + 8 is added to i for i < 8, then i + 4, i + 2, i + 1. So however many calls of `add` bring the pairs, the bits are
///          the same; `merge` adds partial sums, and so its order can show in the last digits.
/// Beyond:  pairs of which one is NaN or infinite are counted, and left out of all else.
class error_measures {
public:
    LOWPREC_INLINE error_measures() noexcept : sums_{}, counts_{} {}

    /// Adds the pairs. `range`, if given, is what the quantizer can represent: an original beyond it whose restored value is its
    /// end counts as saturated.
    /// Shapes:  two contiguous ranges of float of one size.
    /// Errors:  std::invalid_argument that names both sizes; then nothing is added.
    /// Cost:    reads both once; no allocation.
    template <class In, class Restored>
    LOWPREC_INLINE void add(const In& in, const Restored& restored) {
        add_within(in, restored, -0x7FFFFFFF, 0x7FFFFFFF);
    }
    template <class In, class Restored>
    LOWPREC_INLINE void add(const In& in, const Restored& restored, extent range) {
        using isa = simd::native;
        add_within(in, restored, detail::place_of<isa>(__builtin_bit_cast(std::uint32_t, range.min)),
                   detail::place_of<isa>(__builtin_bit_cast(std::uint32_t, range.max)));
    }
    /// Counts pairs that were added as saturated, for a caller that knows better than a range says.
    LOWPREC_INLINE void add_saturated(std::uint64_t count) noexcept { counts_.saturated += count; }

    /// Takes in what another one knows.
    LOWPREC_INLINE void merge(const error_measures& other) noexcept {
        detail::join_errors<simd::native>(sums_, other.sums_);
        counts_.finite += other.counts_.finite;
        counts_.nan += other.counts_.nan;
        counts_.infinite += other.counts_.infinite;
        counts_.overflowed += other.counts_.overflowed;
        counts_.saturated += other.counts_.saturated;
        counts_.flushed += other.counts_.flushed;
    }

    /// All pairs that were added.
    [[nodiscard]] LOWPREC_INLINE std::uint64_t count() const noexcept {
        return counts_.finite + counts_.nan + counts_.infinite + counts_.overflowed;
    }
    /// Pairs of finite numbers; the sums and the shares are of these.
    [[nodiscard]] LOWPREC_INLINE std::uint64_t finite() const noexcept { return counts_.finite; }
    /// Originals that are NaN, or infinite.
    [[nodiscard]] LOWPREC_INLINE std::uint64_t nan() const noexcept { return counts_.nan; }
    [[nodiscard]] LOWPREC_INLINE std::uint64_t infinite() const noexcept { return counts_.infinite; }
    /// Finite originals that came back as NaN or infinity.
    [[nodiscard]] LOWPREC_INLINE std::uint64_t overflowed() const noexcept { return counts_.overflowed; }
    /// Finite originals that came back as the end of the range, being beyond it.
    [[nodiscard]] LOWPREC_INLINE std::uint64_t saturated() const noexcept { return counts_.saturated; }
    /// Originals other than zero that came back as zero; in an unsigned format negative ones too.
    [[nodiscard]] LOWPREC_INLINE std::uint64_t flushed() const noexcept { return counts_.flushed; }

    /// Of the finite pairs; 0 if there is none.
    [[nodiscard]] LOWPREC_INLINE double saturated_share() const noexcept { return share(counts_.saturated); }
    [[nodiscard]] LOWPREC_INLINE double flushed_share() const noexcept { return share(counts_.flushed); }

    /// The mean of the squared errors; 0 if there is no finite pair.
    [[nodiscard]] LOWPREC_INLINE double mse() const noexcept { return figure(detail::error_figure::mse); }
    /// The largest |y - x|.
    [[nodiscard]] LOWPREC_INLINE double max_error() const noexcept { return figure(detail::error_figure::largest); }
    /// Signal to quantization noise, 10 log10(sum of x^2 / sum of (y - x)^2).
    /// Units:   decibels.
    /// Rounds:  the logarithm is the C library's.
    /// Beyond:  infinity where there is no noise, else -infinity where there is no signal.
    [[nodiscard]] LOWPREC_INLINE double sqnr_db() const noexcept { return figure(detail::error_figure::sqnr_db); }
    /// The cosine of the angle between originals and restored values, -1 to 1: sum of xy / sqrt(sum of x^2 * sum of y^2).
    /// Beyond:  1 if both are all zero, 0 if one is.
    [[nodiscard]] LOWPREC_INLINE double cosine_similarity() const noexcept {
        return figure(detail::error_figure::cosine);
    }

private:
    template <class In, class Restored>
    LOWPREC_INLINE void add_within(const In& in, const Restored& restored, std::int32_t lowest, std::int32_t largest) {
        static_assert(detail::contiguous_of<const In, float> && detail::contiguous_of<const Restored, float>,
                      "lowprec: measures take vectors, arrays or spans of float");
        if (std::size(in) != std::size(restored))
            detail::fail_argument("lowprec::error_measures::add: ", std::size(in), " originals, but ",
                                  std::size(restored), " restored values");
        if (std::size(in) != 0)
            detail::add_errors<simd::native>(std::data(in), std::data(restored), std::size(in), count(), lowest,
                                             largest, sums_, counts_);
    }

    [[nodiscard]] LOWPREC_INLINE double share(std::uint64_t part) const noexcept {
        return counts_.finite == 0 ? 0 : static_cast<double>(part) / static_cast<double>(counts_.finite);
    }
    [[nodiscard]] LOWPREC_INLINE double figure(detail::error_figure which) const noexcept {
        return __builtin_bit_cast(double, detail::error_figure_of<simd::native>(which, sums_, counts_.finite));
    }

    detail::error_sums sums_;
    detail::error_counts counts_;
};

/// The errors of `restored` against `in`, as error_measures::add says.
template <class In, class Restored>
    requires requires(const Restored& restored) { std::data(restored); }
[[nodiscard]] LOWPREC_INLINE error_measures measure(const In& in, const Restored& restored) {
    error_measures result;
    result.add(in, restored);
    return result;
}
template <class In, class Restored>
[[nodiscard]] LOWPREC_INLINE error_measures measure(const In& in, const Restored& restored, extent range) {
    error_measures result;
    result.add(in, restored, range);
    return result;
}

namespace detail {

template <class Isa, class F, policy P>
[[gnu::noinline]] error_measures measure_format(const float* in, std::size_t count, std::uint64_t seed,
                                                std::uint64_t first_index) noexcept {
    error_measures result;
    float restored[measured_together];
    for (std::size_t size; count != 0; count -= size, in += size, first_index += size) {
        size = count < measured_together ? count : measured_together;
        __builtin_memcpy(restored, in, 4 * size);
        const std::span rounded(restored, size);
        if constexpr (P.round == rounding::stochastic)
            round_to<F, P>(rounded, seed, first_index);
        else
            round_to<F, P>(rounded);
        result.add(std::span(in, size), rounded);
        // Only what is beyond the largest value can saturate. Whether it did, conversion knows: some of it merely rounds down.
        constexpr std::uint32_t largest =
            convert<fp32>(F::from_bits(F::largest_code), policy{.round = rounding::toward_zero}).bits();
        std::uint64_t saturated = 0;
        for (std::size_t i = 0; i < size; ++i) {
            std::uint32_t x, y;
            __builtin_memcpy(&x, in + i, 4);
            __builtin_memcpy(&y, restored + i, 4);
            const std::uint32_t x_size = x & ~float_sign, y_size = y & ~float_sign;
            if (x_size <= largest || x_size >= float_infinity || y_size < largest || y_size >= float_infinity) continue;
            std::uint64_t random = 0;
            if constexpr (P.round == rounding::stochastic)
                random = stochastic_bits(seed, first_index + i) >> (64 - P.random_bits);
            saturated += convert_with<F, conversion<F>>(fp32::from_bits(x), P, random).overflow ? 1U : 0U;
        }
        result.add_saturated(saturated);
    }
    return result;
}

}  // namespace detail

/// The errors of rounding floats to F and back. Saturated is what conversion calls overflow and what became the largest value or
/// its negative: not what merely rounds down to it.
/// Shapes:  a contiguous range of float.
/// Rounds:  each element to F by P, and back to float by the default policy.
/// Cost:    as conversion to F and back, and reading; no allocation.
template <format F, policy P = policy{}, class In>
[[nodiscard]] LOWPREC_INLINE error_measures measure(const In& in) noexcept {
    static_assert(detail::contiguous_of<const In, float>, "lowprec: measures take a vector, array or span of float");
    static_assert(P.round != rounding::stochastic, "stochastic rounding needs a seed: measure<F, P>(in, seed)");
    return detail::measure_format<simd::native, F, P>(std::data(in), std::size(in), 0, 0);
}
/// The same with stochastic rounding: element i is rounded by `stochastic_bits(seed, first_index + i)`.
template <format F, policy P, class In>
[[nodiscard]] LOWPREC_INLINE error_measures measure(const In& in, std::uint64_t seed,
                                                    std::uint64_t first_index = 0) noexcept {
    static_assert(detail::contiguous_of<const In, float>, "lowprec: measures take a vector, array or span of float");
    static_assert(P.round == rounding::stochastic, "a seed is for policies whose rounding is stochastic");
    return detail::measure_format<simd::native, F, P>(std::data(in), std::size(in), seed, first_index);
}

}  // namespace lowprec

#endif
