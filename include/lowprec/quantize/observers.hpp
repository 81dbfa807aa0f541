// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 6
//
// Ranges of numbers that pass by: what static quantization calibrates on.
//
//     min_max_observer                  the smallest and the largest
//     magnitude_histogram<>             of |x|: for symmetric ranges
//     signed_histogram<>                of x
//     moving_average_observer           of each batch's smallest and largest
//
// The first three merge: whichever way numbers are split among observers, and in whichever order these are merged, the bytes of
// the result are the same. A histogram's bins are as wide as a power of two, the smallest with which they hold all numbers:
//
//     magnitude    bin i: i w <= |x| < (i + 1) w                          w doubles when a number lies beyond the last bin:
//     signed       bin i: (i - Bins / 2) w <= x < (i + 1 - Bins / 2) w    then bins are added in pairs
//
// So a width depends on the numbers and not on their order, and at least half of the bins are in use. Isa is the instruction set,
// which the compiler's flags say.
#ifndef LOWPREC_QUANTIZE_OBSERVERS_HPP
#define LOWPREC_QUANTIZE_OBSERVERS_HPP

#include <array>
#include <lowprec/detail/quotient.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/math.hpp>
#include <lowprec/quantize/calibration.hpp>
#include <lowprec/quantize/nan_policy.hpp>
#include <string_view>

namespace lowprec {

namespace detail {

/// Refuses NaN and infinity under nan_policy::error, before anything is counted. Says whether all are finite.
template <class Isa, nan_policy Nan, class In>
bool check_observed(const In& in, std::string_view observer) {
    static_assert(contiguous_of<const In, float>, "lowprec: observers take a vector, array or span of float");
    if (all_finite(in)) return true;
    for (std::size_t i = 0; Nan == nan_policy::error && i < std::size(in); ++i) {
        const std::uint32_t magnitude = bits_of_float(std::data(in) + i) & ~float_sign;
        if (magnitude >= float_infinity)
            fail_argument("lowprec::", observer, ": element ", i, " is ",
                          magnitude == float_infinity ? "infinite" : "NaN");
    }
    return false;
}

/// What passes by and is no finite number.
struct observed_counts {
    std::uint64_t finite = 0, nan = 0, infinite = 0;
    friend constexpr bool operator==(const observed_counts&, const observed_counts&) = default;
};

}  // namespace detail

/// The smallest and the largest number.
/// Beyond:  NaN and infinity by the policy: error; or NaN as 0 or only counted, infinity only counted.
template <nan_policy Nan = nan_policy::error, class Isa = simd::native>
class min_max_observer {
public:
    /// Errors:  std::invalid_argument for NaN and infinity under nan_policy::error; then nothing is counted.
    template <class In>
    void add(const In& in) {
        if (detail::check_observed<Isa, Nan>(in, "min_max_observer")) {
            const extent ends = min_max(in);
            counts_.finite += std::size(in);
            if (std::size(in) != 0) extend(detail::bits_of_float(&ends.min), detail::bits_of_float(&ends.max));
        } else {
            for (std::size_t i = 0; i < std::size(in); ++i) add_one(detail::bits_of_float(std::data(in) + i));
        }
    }
    void merge(const min_max_observer& other) noexcept {
        counts_.finite += other.counts_.finite;
        counts_.nan += other.counts_.nan;
        counts_.infinite += other.counts_.infinite;
        if (other.low_ < low_) low_ = other.low_;
        if (other.high_ > high_) high_ = other.high_;
    }

    /// The range; 0 and 0 before the first number.
    [[nodiscard]] extent range() const noexcept {
        return counts_.finite == 0 ? extent{0, 0} : extent{number(low_), number(high_)};
    }
    [[nodiscard]] float abs_max() const noexcept {
        const extent r = range();
        const fp32 a = abs(detail::format_from_native(r.min)), b = abs(detail::format_from_native(r.max));
        return convert<float>(a < b ? b : a);
    }
    /// How many numbers there were, NaNs that count as 0 among them; and how many NaNs and infinities.
    [[nodiscard]] std::uint64_t count() const noexcept { return counts_.finite; }
    [[nodiscard]] std::uint64_t nan_count() const noexcept { return counts_.nan; }
    [[nodiscard]] std::uint64_t infinite_count() const noexcept { return counts_.infinite; }

    friend bool operator==(const min_max_observer&, const min_max_observer&) = default;

private:
    // As integers, floats are in order once the magnitude bits of the negative ones are inverted.
    static std::int32_t place(std::uint32_t bits) noexcept {
        const auto x = static_cast<std::int32_t>(bits);
        return x ^ ((x >> 31) & 0x7FFFFFFF);
    }
    static float number(std::int32_t place) noexcept {
        return __builtin_bit_cast(float, place ^ ((place >> 31) & 0x7FFFFFFF));
    }
    void add_one(std::uint32_t bits) noexcept {
        const std::uint32_t magnitude = bits & ~detail::float_sign;
        if (magnitude >= detail::float_infinity) {
            ++(magnitude == detail::float_infinity ? counts_.infinite : counts_.nan);
            if (magnitude == detail::float_infinity || Nan != nan_policy::zero) return;
            bits = 0;
        }
        ++counts_.finite;
        extend(bits, bits);
    }
    void extend(std::uint32_t low, std::uint32_t high) noexcept {
        if (place(low) < low_) low_ = place(low);
        if (place(high) > high_) high_ = place(high);
    }

    detail::observed_counts counts_;
    std::int32_t low_ = 0x7FFFFFFF, high_ = -0x7FFFFFFF - 1;
};

namespace detail {

enum class binned { magnitude, signed_value };

/// A histogram with a power of two as its bins' width.
template <class Isa, binned What, nan_policy Nan, std::size_t Bins>
class histogram {
    static_assert(Bins >= 16 && Bins <= 8192 && Bins % 2 == 0,
                  "lowprec: histograms have 16 to 8192 bins, an even number");

public:
    static constexpr std::size_t size = Bins;

    /// Errors:  std::invalid_argument for NaN and infinity under nan_policy::error; then nothing is counted.
    template <class In>
    void add(const In& in) {
        const bool finite =
            check_observed<Isa, Nan>(in, What == binned::magnitude ? "magnitude_histogram" : "signed_histogram");
        extremes_.add(in);
        const extent ends = extremes_.range();
        make_room(bits_of_float(&ends.min));
        make_room(bits_of_float(&ends.max));
        for (std::size_t i = 0; i < std::size(in); ++i) {
            std::uint32_t bits = bits_of_float(std::data(in) + i);
            if (!finite && (bits & ~float_sign) >= float_infinity) {
                if (Nan != nan_policy::zero || (bits & ~float_sign) == float_infinity) continue;
                bits = 0;
            }
            const std::int64_t steps = steps_to(bits, exponent_);
            ++bins_[static_cast<std::size_t>(centre + (below_zero(bits) ? -steps : steps))];
        }
    }
    void merge(const histogram& other) noexcept {
        extremes_.merge(other.extremes_);
        if (other.exponent_ > exponent_) widen(other.exponent_ - exponent_);
        for (std::size_t i = 0; i < Bins; ++i) bins_[halved(i, exponent_ - other.exponent_)] += other.bins_[i];
    }

    [[nodiscard]] const std::array<std::uint64_t, Bins>& bins() const noexcept { return bins_; }
    [[nodiscard]] std::uint64_t count() const noexcept { return extremes_.count(); }
    [[nodiscard]] std::uint64_t nan_count() const noexcept { return extremes_.nan_count(); }
    [[nodiscard]] std::uint64_t infinite_count() const noexcept { return extremes_.infinite_count(); }
    /// The exact ends of what was seen; 0 and 0 before the first number.
    [[nodiscard]] extent range() const noexcept { return extremes_.range(); }
    [[nodiscard]] float abs_max() const noexcept { return extremes_.abs_max(); }
    /// Bins are 2^width_exponent() wide.
    [[nodiscard]] int width_exponent() const noexcept { return exponent_; }
    /// Where bin i begins; the end of the last bin for i = Bins. Saturates at the largest float.
    [[nodiscard]] float edge(std::size_t i) const noexcept {
        const auto steps = static_cast<std::int64_t>(i) - centre;
        const exact magnitude{static_cast<std::uint64_t>(steps < 0 ? -steps : steps), exponent_};
        return convert<float>(
            quotient<format_sink<fp32>>(magnitude, exact::whole(1), steps < 0, policy{.over = overflow::saturate}));
    }

    /// For a magnitude histogram: the largest |x| with which a share p of the numbers is kept, by the upper edges of bins, and
    /// not beyond the largest number. 0 without numbers.
    /// p is taken 2^-53 smaller, which is what it can have been rounded up by: 0.9999 of 20000 numbers are 19998.
    /// Errors:  std::invalid_argument if p isn't from 0 to 1.
    [[nodiscard]] float percentile(double p) const requires(What == binned::magnitude) {
        const std::size_t bin = first_bin_with(share(p));
        return lesser(edge(bin + 1), abs_max());
    }
    /// For a signed histogram: a range that leaves out at most a share (1 - p) / 2 of the numbers at each end.
    [[nodiscard]] extent percentile_range(double p) const requires(What == binned::signed_value) {
        const uint128 all_numbers = uint128{count()} << 53, outside = (all_numbers - share(p)) / 2;
        const std::size_t high = first_bin_with(all_numbers - outside);
        std::size_t low = 0;
        for (uint128 below = 0; low < high; ++low) {
            below += bins_[low];
            if (below << 53 > outside) break;
        }
        const extent all = range();
        return {greater(edge(low), all.min), lesser(edge(high + 1), all.max)};
    }
    /// For a magnitude histogram: the largest |x| by relative entropy (calibration.hpp), with `levels` codes from 0 on.
    /// Errors:  std::invalid_argument if there are no levels.
    /// Cost:    of this and of mean_squared_error, the square of the number of bins.
    [[nodiscard]] float entropy(std::size_t levels = 128) const requires(What == binned::magnitude) {
        return lesser(edge(entropy_threshold<Isa>(bins_, used(), levels)), abs_max());
    }
    /// For a magnitude histogram: the largest |x| with which the mean squared error is least (calibration.hpp); codes go to
    /// +-`highest`.
    /// Errors:  std::invalid_argument if that is not 1 to 127.
    [[nodiscard]] float mean_squared_error(int highest = 127) const requires(What == binned::magnitude) {
        return lesser(edge(squared_error_threshold<Isa>(bins_, used(), highest)), abs_max());
    }

    friend bool operator==(const histogram&, const histogram&) = default;

private:
    static constexpr int smallest_exponent = -149;
    static constexpr std::int64_t centre = What == binned::magnitude ? 0 : Bins / 2;

    // The bin that holds bin i when bins are 2^k times as wide. k >= 0.
    static constexpr std::size_t halved(std::size_t i, int k) noexcept {
        if (k > 62) k = 62;
        return static_cast<std::size_t>(((static_cast<std::int64_t>(i) - centre) >> k) + centre);
    }
    void widen(int k) noexcept {
        std::array<std::uint64_t, Bins> wider{};
        for (std::size_t i = 0; i < Bins; ++i) wider[halved(i, k)] += bins_[i];
        bins_ = wider;
        exponent_ += k;
    }

    static bool below_zero(std::uint32_t bits) noexcept {
        return What == binned::signed_value && (bits & float_sign) != 0;
    }
    // |floor(x / 2^width)| of a finite float: cut toward zero, or away from it below zero. 2^62 stands for more.
    static std::int64_t steps_to(std::uint32_t bits, int width) noexcept {
        const std::uint32_t field = bits >> 23 & 0xFF, fraction = bits & 0x7FFFFF;
        const std::uint64_t significand = field == 0 ? fraction : fraction | 0x800000;
        const int down = width - (field == 0 ? -149 : static_cast<int>(field) - 150);
        if (down <= 0) return down < -38 ? std::int64_t{1} << 62 : static_cast<std::int64_t>(significand << -down);
        if (down > 40) return below_zero(bits) && significand != 0 ? 1 : 0;
        const std::uint64_t all = (std::uint64_t{1} << down) - 1;
        return static_cast<std::int64_t>((significand + (below_zero(bits) ? all : 0)) >> down);
    }
    // Doubles the bins until a finite float has one.
    void make_room(std::uint32_t bits) noexcept {
        const std::int64_t most = below_zero(bits) ? centre : static_cast<std::int64_t>(Bins) - centre - 1;
        int k = 0;
        while (steps_to(bits, exponent_ + k) > most) ++k;
        if (k != 0) widen(k);
    }

    // The number of bins up to the last that isn't empty.
    std::size_t used() const noexcept {
        std::size_t n = Bins;
        while (n != 0 && bins_[n - 1] == 0) --n;
        return n;
    }
    // A share of all numbers, in units of 2^-53 numbers.
    uint128 share(double p) const {
        const fp64 x = format_from_native(p);
        const auto units = convert<std::int64_t>(x * fp64::from_bits(std::uint64_t{1023 + 53} << 52));
        if (isnan(x) || signbit(x) || units > std::int64_t{1} << 53)
            fail_argument("lowprec::histogram: a percentile is below 0, above 1 or NaN");
        return uint128{static_cast<std::uint64_t>(units > 0 ? units - 1 : 0)} * count();
    }
    // The first bin up to which there are so many numbers, and which has one.
    std::size_t first_bin_with(uint128 wanted) const noexcept {
        uint128 below = 0;
        for (std::size_t i = 0; i < Bins; ++i) {
            below += bins_[i];
            if (bins_[i] != 0 && below << 53 >= wanted) return i;
        }
        return What == binned::magnitude ? 0 : static_cast<std::size_t>(centre);
    }
    static float lesser(float a, float b) noexcept { return format_from_native(a) < format_from_native(b) ? a : b; }
    static float greater(float a, float b) noexcept { return format_from_native(a) < format_from_native(b) ? b : a; }

    std::array<std::uint64_t, Bins> bins_{};
    min_max_observer<Nan, Isa> extremes_;
    int exponent_ = smallest_exponent;
    int unused_ = 0;  // no byte is left undefined
};

}  // namespace detail

/// A histogram of |x|.
template <nan_policy Nan = nan_policy::error, std::size_t Bins = 2048, class Isa = simd::native>
using magnitude_histogram = detail::histogram<Isa, detail::binned::magnitude, Nan, Bins>;
/// A histogram of x.
template <nan_policy Nan = nan_policy::error, std::size_t Bins = 2048, class Isa = simd::native>
using signed_histogram = detail::histogram<Isa, detail::binned::signed_value, Nan, Bins>;

/// The smallest and the largest number of each batch, averaged exponentially in float: the first batch's, then
/// average + constant * (batch's - average). The order of the batches matters, so there is no merge.
/// Beyond:  NaN and infinity as in min_max_observer; a batch without numbers changes nothing.
template <nan_policy Nan = nan_policy::error, class Isa = simd::native>
class moving_average_observer {
public:
    /// Errors:  std::invalid_argument if the constant isn't above 0 and at most 1.
    explicit moving_average_observer(float constant = 0.01F) : constant_{detail::format_from_native(constant)} {
        if (!(constant_ > fp32::from_bits(0)) || constant_ > convert<fp32>(1))
            detail::fail_argument("lowprec::moving_average_observer: the constant is not above 0 and at most 1");
    }

    /// Errors:  std::invalid_argument for NaN and infinity under nan_policy::error; then nothing changes.
    template <class In>
    void add(const In& batch) {
        min_max_observer<Nan, Isa> seen;
        seen.add(batch);
        if (seen.count() == 0) return;
        const fp32 low = detail::format_from_native(seen.range().min),
                   high = detail::format_from_native(seen.range().max);
        // Differences of huge numbers may overflow; the average stays where it is finite.
        low_ = any_ ? finite(low_ + constant_ * finite(low - low_)) : low;
        high_ = any_ ? finite(high_ + constant_ * finite(high - high_)) : high;
        any_ = true;
    }
    /// The range; 0 and 0 before the first number.
    [[nodiscard]] extent range() const noexcept {
        return any_ ? extent{convert<float>(low_), convert<float>(high_)} : extent{0, 0};
    }

private:
    static fp32 finite(fp32 x) noexcept { return isinf(x) ? copysign(fp32::from_bits(fp32::largest_code), x) : x; }
    fp32 constant_, low_{fp32::from_bits(0)}, high_{fp32::from_bits(0)};
    bool any_ = false;
};

}  // namespace lowprec

#endif
