// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Observers against plain loops over what they saw; and merged in many ways, with the same bytes each time.
// needs: simd
// ctest-label: aarch64
#include <lowprec/quantize/observers.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

float with_bits(std::uint64_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits)); }
std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }

const float not_a_number = with_bits(0x7FC00000), infinite = with_bits(0x7F800000);

/// Something like a normal distribution, with a tail.
std::vector<float> some_numbers(std::size_t n, std::uint64_t seed, float factor = 1) {
    random_bits random{seed};
    std::vector<float> x(n);
    for (auto& v : x) {
        float sum = -3;
        for (int i = 0; i < 6; ++i) sum += static_cast<float>(random() >> 40) * 0x1p-24F;
        v = factor * sum * (random() % 500 == 0 ? 6.0F : 1.0F);
    }
    return x;
}

/// Any finite floats, of all magnitudes up to 2^top.
std::vector<float> any_numbers(std::size_t n, std::uint64_t seed, std::uint64_t top) {
    random_bits random{seed};
    std::vector<float> x(n);
    for (auto& v : x) v = with_bits((random() % ((127 + top) << 23)) | (random() & 1) << 31);
    return x;
}

template <class T>
bool same_bytes(const T& a, const T& b) {
    return std::memcmp(&a, &b, sizeof(T)) == 0;
}

// Parts of x go to some observers, which are then merged in some order.
template <class Observer>
void check_merges(const std::vector<float>& x, std::uint64_t seed) {
    const auto whole = [&] {
        Observer o;
        o.add(x);
        return o;
    }();
    tally result;
    random_bits random{seed};
    for (int round = 0; round < 60; ++round) {
        std::vector<Observer> parts(1 + random() % 7);
        std::vector<float> shuffled = x;
        for (std::size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[random() % i]);
        for (std::size_t begin = 0; begin < shuffled.size();) {
            const std::size_t n = std::min<std::size_t>(shuffled.size() - begin, random() % 400);
            parts[random() % parts.size()].add(std::span<const float>(shuffled).subspan(begin, n));
            begin += n;
        }
        while (parts.size() > 1) {
            const std::size_t from = random() % parts.size();
            const Observer taken = parts[from];
            parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(from));
            parts[random() % parts.size()].merge(taken);
        }
        result.equal(same_bytes(parts[0], whole), true, "round", round);
        result.equal(parts[0] == whole, true, "round", round);
    }
    CHECK_TALLY(result, 120);
}

/// A histogram by its definition: the smallest width that holds all numbers, then floor(x / width).
template <class Histogram>
void check_bins(const Histogram& h, const std::vector<float>& x, bool is_signed) {
    constexpr auto bins = static_cast<double>(Histogram::size);
    const auto place = [&](float v, int exponent) {
        return std::floor(std::ldexp(static_cast<double>(is_signed ? v : std::fabs(v)), -exponent)) +
               (is_signed ? bins / 2 : 0);
    };
    const auto fits = [&](int exponent) {
        return std::all_of(x.begin(), x.end(),
                           [&](float v) { return place(v, exponent) >= 0 && place(v, exponent) < bins; });
    };
    int exponent = -149;
    while (!fits(exponent)) ++exponent;
    CHECK(h.width_exponent() == exponent);
    std::vector<std::uint64_t> expected(Histogram::size);
    for (const float v : x) ++expected[static_cast<std::size_t>(place(v, exponent))];
    CHECK(std::equal(expected.begin(), expected.end(), h.bins().begin(), h.bins().end()));
    CHECK(h.count() == x.size());
    tally result;
    for (std::size_t i = 0; i <= Histogram::size; i += 37) {
        const double edge = std::ldexp(static_cast<double>(i) - (is_signed ? bins / 2 : 0), exponent);
        const auto most = static_cast<double>(with_bits(0x7F7FFFFF));
        result.equal(bits_of(h.edge(i)), bits_of(static_cast<float>(std::clamp(edge, -most, most))), i);
    }
    CHECK_TALLY(result, Histogram::size / 37 + 1);
}

}  // namespace

TEST_CASE("merged under any split and order: the same bytes") {
    for (const auto& x : {some_numbers(3000, 1), any_numbers(3000, 2, 40), any_numbers(500, 3, 127),
                          std::vector<float>(100), std::vector<float>{1}, some_numbers(1000, 4, 0x1p-140F)}) {
        check_merges<min_max_observer<>>(x, 5);
        check_merges<magnitude_histogram<>>(x, 6);
        check_merges<signed_histogram<>>(x, 7);
        check_merges<magnitude_histogram<nan_policy::error, 16>>(x, 8);
        check_merges<signed_histogram<nan_policy::error, 64>>(x, 9);
    }
    std::vector<float> with_others = some_numbers(1000, 10);
    for (std::size_t i = 0; i < 1000; i += 31)
        with_others[i] = i % 2 == 0 ? not_a_number : i % 3 == 0 ? infinite : -infinite;
    check_merges<min_max_observer<nan_policy::ignore>>(with_others, 11);
    check_merges<magnitude_histogram<nan_policy::zero>>(with_others, 12);
    check_merges<signed_histogram<nan_policy::ignore>>(with_others, 13);
}

TEST_CASE("histograms are what their definition says") {
    for (const auto& x :
         {some_numbers(5000, 20), some_numbers(5000, 21, 1e20F), any_numbers(2000, 22, 10), any_numbers(2000, 23, 127),
          std::vector<float>{0, -0.0F}, std::vector<float>{with_bits(1), with_bits(0x80000001)},
          std::vector<float>{2047, 1}, std::vector<float>{2048, 1}, std::vector<float>{-1024}, std::vector<float>{1024},
          std::vector<float>{with_bits(0x7F7FFFFF), with_bits(0xFF7FFFFF)}}) {
        magnitude_histogram<> m;
        m.add(x);
        check_bins(m, x, false);
        signed_histogram<> s;
        s.add(x);
        check_bins(s, x, true);
        signed_histogram<nan_policy::error, 16> narrow;
        for (const float v : x) narrow.add(std::span(&v, 1));
        check_bins(narrow, x, true);
    }
}

TEST_CASE("the smallest and the largest") {
    const auto x = any_numbers(10000, 30, 100);
    min_max_observer<> o;
    CHECK((o.range().min == 0 && o.range().max == 0 && o.count() == 0));
    o.add(x);
    CHECK(o.range().min == *std::min_element(x.begin(), x.end()));
    CHECK(o.range().max == *std::max_element(x.begin(), x.end()));
    CHECK(o.abs_max() == std::max(-o.range().min, o.range().max));
    min_max_observer<> zeros;
    zeros.add(std::vector<float>{0, -0.0F});
    CHECK(bits_of(zeros.range().min) == 0x80000000);
    CHECK(bits_of(zeros.range().max) == 0);
}

TEST_CASE("NaN and infinity by policy") {
    const std::vector<float> x{-3, not_a_number, 2, infinite, -infinite, not_a_number};
    min_max_observer<nan_policy::ignore> ignore;
    ignore.add(x);
    CHECK((ignore.count() == 2 && ignore.nan_count() == 2 && ignore.infinite_count() == 2));
    CHECK((ignore.range().min == -3 && ignore.range().max == 2));
    magnitude_histogram<nan_policy::zero> zero;
    zero.add(x);
    CHECK((zero.count() == 4 && zero.nan_count() == 2 && zero.infinite_count() == 2));
    CHECK(zero.bins()[0] == 2);
    signed_histogram<nan_policy::ignore> s;
    s.add(x);
    std::uint64_t all = 0;
    for (const std::uint64_t n : s.bins()) all += n;
    CHECK(all == 2);
    min_max_observer<> error;
    magnitude_histogram<> histogram;
    moving_average_observer<> average;
    error.add(std::vector<float>{1});
    const auto before = error;
    CHECK_THROWS_WITH(error.add(x), "lowprec::min_max_observer: element 1 is NaN");
    CHECK(error == before);
    CHECK_THROWS_WITH(histogram.add(std::vector<float>{1, infinite}),
                      "lowprec::magnitude_histogram: element 1 is infinite");
    CHECK(histogram.count() == 0);
    CHECK_THROWS_AS(signed_histogram<>{}.add(x), std::invalid_argument);
    CHECK_THROWS_AS(average.add(x), std::invalid_argument);
    CHECK(average.range().max == 0);
    // nothing but NaN: no numbers, a range of 0
    min_max_observer<nan_policy::ignore> none;
    none.add(std::vector<float>{not_a_number});
    CHECK((none.range().min == 0 && none.range().max == 0));
}

TEST_CASE("percentiles: enough numbers are kept, and one bin less would not be enough") {
    for (const auto& x : {some_numbers(20000, 40), some_numbers(777, 41, 1e-30F), any_numbers(5000, 42, 3)}) {
        magnitude_histogram<> h;
        h.add(x);
        signed_histogram<> s;
        s.add(x);
        const double width = std::ldexp(1.0, h.width_exponent()), signed_width = std::ldexp(1.0, s.width_exponent());
        const auto total = static_cast<double>(x.size());
        for (const double p : {1.0, 0.9999, 0.999, 0.99, 0.5, 0.25}) {
            const auto kept_below = [&](double edge) {
                return static_cast<double>(std::count_if(
                    x.begin(), x.end(), [&](float v) { return std::fabs(static_cast<double>(v)) < edge; }));
            };
            const auto t = static_cast<double>(h.percentile(p));
            CHECK(t <= static_cast<double>(h.abs_max()));
            const double edge = std::ceil(t / width) * width;  // t is an edge, or the largest number
            CHECK((kept_below(edge) >= p * total || t == static_cast<double>(h.abs_max())));
            CHECK(kept_below(edge - width) < p * total);
            const extent r = s.percentile_range(p);
            const auto outside = [&](auto&& is_outside) {
                return static_cast<double>(std::count_if(x.begin(), x.end(), is_outside));
            };
            CHECK(outside([&](float v) { return v < r.min; }) <= (1 - p) / 2 * total + 1e-6);
            CHECK(outside([&](float v) { return v > r.max; }) <= (1 - p) / 2 * total + 1e-6);
            CHECK(outside([&](float v) { return static_cast<double>(v) < static_cast<double>(r.min) + signed_width; }) >
                  (1 - p) / 2 * total - 1e-6);
            CHECK(outside([&](float v) {
                      return static_cast<double>(v) >= static_cast<double>(r.max) - signed_width;
                  }) > (1 - p) / 2 * total - 1e-6);
        }
        CHECK(h.percentile(1) == h.abs_max());
        CHECK((s.percentile_range(1).min == s.range().min && s.percentile_range(1).max == s.range().max));
        for (const double bad : {-0.1, 1.1, static_cast<double>(not_a_number)})
            CHECK_THROWS_WITH(h.percentile(bad), "lowprec::histogram: a percentile is below 0, above 1 or NaN");
    }
    CHECK(magnitude_histogram<>{}.percentile(0.99) == 0);
    CHECK(signed_histogram<>{}.percentile_range(0.99).max == 0);
}

namespace {

/// The relative entropies as they are described, in double; those that aren't finite are huge.
std::vector<double> entropies(std::vector<double> bins, std::size_t levels) {
    bins[0] = bins[1];
    std::size_t used = bins.size();
    while (bins[used - 1] == 0) --used;
    std::vector<double> result(used + 1, 1e300);
    for (std::size_t i = levels; i <= used; ++i) {
        std::vector<double> p(bins.begin(), bins.begin() + static_cast<std::ptrdiff_t>(i)), q(i);
        for (std::size_t j = i; j < used; ++j) p[i - 1] += bins[j];
        for (std::size_t level = 0; level < levels; ++level) {
            double sum = 0, filled = 0;
            for (std::size_t j = 0; j < i; ++j)
                if (j * levels / i == level) {
                    sum += bins[j];
                    filled += bins[j] != 0 ? 1 : 0;
                }
            for (std::size_t j = 0; j < i; ++j)
                if (j * levels / i == level && bins[j] != 0) q[j] = sum / filled;
        }
        double all_p = 0, all_q = 0, entropy = 0;
        for (std::size_t j = 0; j < i; ++j) {
            all_p += p[j];
            all_q += q[j];
        }
        for (std::size_t j = 0; j < i; ++j)
            if (p[j] != 0) entropy += q[j] == 0 ? 1e300 : p[j] / all_p * std::log2(p[j] / all_p / (q[j] / all_q));
        result[i] = entropy;
    }
    return result;
}

std::vector<double> squared_errors(const std::vector<double>& bins, int highest) {
    std::size_t used = bins.size();
    while (bins[used - 1] == 0) --used;
    std::vector<double> result(used + 1, 1e300);
    for (std::size_t i = static_cast<std::size_t>(highest) + 1; i <= used; ++i) {
        const double scale = static_cast<double>(i) / highest;
        result[i] = 0;
        for (std::size_t j = 0; j < used; ++j) {
            const double centre = static_cast<double>(j) + 0.5;
            const double code = std::min(std::floor(centre / scale + 0.5), static_cast<double>(highest));
            result[i] += bins[j] * (centre - code * scale) * (centre - code * scale);
        }
    }
    return result;
}

// The threshold is where the list has its last minimum, but for what double loses.
void check_minimum(const std::vector<double>& list, double threshold, double width) {
    const double least = *std::min_element(list.begin(), list.end());
    const auto chosen = static_cast<std::size_t>(std::ceil(threshold / width));
    REQUIRE(chosen < list.size());
    CHECK(list[chosen] <= least + std::fabs(least) * 1e-9 + 1e-12);
    for (std::size_t i = chosen + 1; i < list.size(); ++i)
        if (list[i] < least - std::fabs(least) * 1e-9 - 1e-12) FAIL("a later one is as good");
}

}  // namespace

TEST_CASE("the base-two logarithm in fixed point") {
    tally result;
    random_bits random{50};
    for (int i = 0; i < 20000; ++i) {
        const std::uint64_t x = (random() >> random() % 64) | 1;
        const long double exact = std::log2(static_cast<long double>(x)) * 0x1p48L;
        const auto got = static_cast<long double>(detail::log2_fixed(x));
        result.equal(got <= exact + 1.5L && got >= exact - 1.5L, true, x);
    }
    CHECK_TALLY(result, 20000);
    CHECK(detail::log2_fixed(1) == 0);
    CHECK(detail::log2_fixed(std::uint64_t{1} << 63) == std::int64_t{63} << 48);
}

TEST_CASE("entropy and mean squared error choose the least") {
    for (const std::uint64_t seed : {60U, 61U, 62U}) {
        for (const std::size_t n : {300U, 20000U}) {
            const auto x = some_numbers(n, seed, static_cast<float>(seed));
            magnitude_histogram<nan_policy::error, 512> h;
            h.add(x);
            const std::vector<double> bins(h.bins().begin(), h.bins().end());
            const double width = std::ldexp(1.0, h.width_exponent());
            for (const std::size_t levels : {128U, 8U})
                check_minimum(entropies(bins, levels), static_cast<double>(h.entropy(levels)), width);
            for (const int highest : {127, 7, 1})
                check_minimum(squared_errors(bins, highest), static_cast<double>(h.mean_squared_error(highest)), width);
        }
    }
    // a tail that is worth cutting off is cut off
    magnitude_histogram<> h;
    h.add(some_numbers(100000, 63));
    h.add(std::vector<float>{100});
    CHECK(h.entropy() < 50);
    CHECK(h.mean_squared_error(7) < 50);
    // of equals the last: both the first bin alone and all of a uniform histogram are like their mean
    magnitude_histogram<nan_policy::error, 16> uniform;
    for (int i = 0; i < 16; ++i) uniform.add(std::vector<float>{static_cast<float>(i) + 0.5F});
    CHECK(uniform.entropy(1) == 15.5F);
    // the last bin's centre is as far from its beginning as from its end
    magnitude_histogram<> lonely;
    lonely.add(std::vector<float>{0, 0, 100.53F});
    CHECK(lonely.mean_squared_error(1) == 100.53F);
    // few bins, none, only zeros
    CHECK(magnitude_histogram<>{}.entropy() == 0);
    CHECK(magnitude_histogram<>{}.mean_squared_error() == 0);
    magnitude_histogram<> zeros;
    zeros.add(std::vector<float>(9));
    CHECK((zeros.entropy() == 0 && zeros.mean_squared_error() == 0));
    magnitude_histogram<> one;
    one.add(std::vector<float>{3});
    CHECK((one.entropy() == 3 && one.mean_squared_error() == 3));
    CHECK_THROWS_WITH(h.entropy(0), "lowprec::histogram: entropy needs levels");
    CHECK_THROWS_WITH(h.mean_squared_error(128), "lowprec::histogram: the highest code is not 1 to 127");
}

TEST_CASE("the moving average of batches") {
    moving_average_observer<> o;
    CHECK((o.range().min == 0 && o.range().max == 0));
    volatile float low = 0, high = 0;
    for (std::uint64_t batch = 0; batch < 200; ++batch) {
        const auto x = some_numbers(50, 70 + batch, static_cast<float>(batch + 1));
        o.add(x);
        const float a = *std::min_element(x.begin(), x.end()), b = *std::max_element(x.begin(), x.end());
        if (batch == 0) {
            low = a;
            high = b;
        } else {  // each operation rounded to float
            volatile float d = a - low;
            d = 0.01F * d;
            low = low + d;
            d = b - high;
            d = 0.01F * d;
            high = high + d;
        }
        CHECK((o.range().min == low && o.range().max == high));
    }
    o.add(std::vector<float>{});
    CHECK(o.range().min == low);
    moving_average_observer<> huge(1);
    huge.add(std::vector<float>{3e38F});
    huge.add(std::vector<float>{-3e38F});
    CHECK((bits_of(huge.range().min) & 0x7F800000) != 0x7F800000);
    for (const float bad : {0.0F, -1.0F, 1.5F, not_a_number})
        CHECK_THROWS_WITH(moving_average_observer<>(bad),
                          "lowprec::moving_average_observer: the constant is not above 0 and at most 1");
}
