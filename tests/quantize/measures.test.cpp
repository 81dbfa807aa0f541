// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Error measures against plain loops: sums in the stated order bit for bit, with every instruction set compiled in, and near
// the exact ones; counts by rules of their own.
// needs: simd
// isa: best
// ctest-label: aarch64
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <lowprec/formats.hpp>
#include <lowprec/quantize/measures.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/isa.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;

using bits32 = std::uint32_t;
using bits64 = std::uint64_t;

#if defined(__x86_64__)
__extension__ typedef __float128 wide;
#else
using wide = long double;  // binary128 on AArch64
#endif

constexpr bits32 infinity = 0x7F800000;

struct expected {
    std::array<std::array<double, 16>, 5> sums{};  // x^2, y^2, xy, e^2, largest |e|
    std::array<bits64, 6> counts{};                // finite, nan, infinite, overflowed, saturated, flushed
};

// In the environment that the test starts in, one rounded operation after another.
expected oracle(std::span<const float> x, std::span<const float> y, float low, float high) {
    expected result;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const bits32 a = std::bit_cast<bits32>(x[i]) & 0x7FFFFFFF, b = std::bit_cast<bits32>(y[i]) & 0x7FFFFFFF;
        if (a > infinity) ++result.counts[1];
        if (a == infinity) ++result.counts[2];
        if (a < infinity && b >= infinity) ++result.counts[3];
        if (a >= infinity || b >= infinity) continue;
        ++result.counts[0];
        if ((x[i] > high && y[i] >= high) || (x[i] < low && y[i] <= low)) ++result.counts[4];
        if (a != 0 && b == 0) ++result.counts[5];
        const volatile double p = static_cast<double>(x[i]), q = static_cast<double>(y[i]);
        const volatile double error = q - p;
        const volatile double terms[4] = {p * p, q * q, p * q, error * error};
        for (std::size_t k = 0; k < 4; ++k) {
            const volatile double sum = result.sums[k][i % 16] + terms[k];
            result.sums[k][i % 16] = sum;
        }
        result.sums[4][i % 16] = std::fmax(result.sums[4][i % 16], std::fabs(error));
    }
    return result;
}

double folded(std::array<double, 16> partial) {
    for (const std::size_t apart : {8U, 4U, 2U, 1U})
        for (std::size_t i = 0; i < apart; ++i) {
            const volatile double sum = partial[i] + partial[i + apart];
            partial[i] = sum;
        }
    return partial[0];
}

constexpr bits32 specials[] = {0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007FFFFF, 0x00800000,
                               0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000, 0x7F800001, 0xFF800001,
                               0x7FC00000, 0xFFC00000, 0x3FC00000, 0xBFC00000};

struct pairs {
    std::vector<float> x, y;
};

// Restored values near the originals, far from them, zero, or special.
pairs sample(std::size_t count, bits64 seed) {
    random_bits next{seed};
    pairs result;
    for (std::size_t i = 0; i < count; ++i) {
        const bits64 r = next(), kind = next() % 16;
        auto a = static_cast<bits32>(r >> 32), b = static_cast<bits32>(r);
        if (kind < 12) a = (a & 0x807FFFFF) | static_cast<bits32>(120 + r % 9) << 23;
        if (kind < 8) b = (a & 0xFFF00000) + (b & 0x00100000);
        if (kind == 8) b &= 0x80000000;
        if (kind == 9) b = (a & 0x80000000) | 0x3FC00000;
        if (kind == 10 || kind == 11)
            b = (b & 0x807FFFFF) | static_cast<bits32>(96 + r % 16) << 23;  // errors of 53 bits
        if (kind == 14) a = specials[next() % 16];
        if (kind == 15) b = specials[next() % 16];
        result.x.push_back(std::bit_cast<float>(a));
        result.y.push_back(std::bit_cast<float>(b));
    }
    return result;
}

struct raw {
    detail::error_sums sums{};
    detail::error_counts counts{};
};

bits32 place(float x) { return static_cast<bits32>(detail::place_of<simd::native>(std::bit_cast<bits32>(x))); }

void compare(tally& results, const raw& got, const expected& wanted, const char* isa, std::size_t size) {
    const auto* const all = reinterpret_cast<const double*>(&got.sums);
    static_assert(sizeof got.sums == 5 * 16 * sizeof(double));
    for (std::size_t k = 0; k < 5; ++k)
        for (std::size_t i = 0; i < 16; ++i)
            results.equal(std::bit_cast<bits64>(all[16 * k + i]), std::bit_cast<bits64>(wanted.sums[k][i]), isa, "size",
                          size, "sum", k, "lane", i);
    const bits64 counts[] = {got.counts.finite,     got.counts.nan,       got.counts.infinite,
                             got.counts.overflowed, got.counts.saturated, got.counts.flushed};
    for (std::size_t k = 0; k < 6; ++k) results.equal(counts[k], wanted.counts[k], isa, "size", size, "count", k);
}

constexpr float low = -1.5F, high = 1.5F;

struct prepared {
    pairs in;
    expected wanted;
};

std::vector<prepared> cases() {
    std::vector<prepared> all;
    for (std::size_t size = 0; size <= 70; ++size) all.push_back({sample(size, size), {}});
    for (const std::size_t size : {1023U, 1024U, 1025U, 1040U, 2047U, 3100U, 20000U})
        all.push_back({sample(size, size), {}});
    for (auto& c : all) c.wanted = oracle(c.in.x, c.in.y, low, high);
    return all;
}

// In one piece and in several, of which none need be whole chunks.
void check(tally& results, const std::vector<prepared>& all) {
    for_each_features([&]<class Isa>(const char* isa) {
        random_bits next{7};
        for (const auto& c : all)
            for (const bool whole : {true, false}) {
                raw got;
                for (std::size_t first = 0; first < c.in.x.size();) {
                    const std::size_t left = c.in.x.size() - first;
                    const std::size_t size = whole ? left : 1 + next() % (left < 700 ? left : 700);
                    detail::add_errors<Isa>(c.in.x.data() + first, c.in.y.data() + first, size, first,
                                            static_cast<std::int32_t>(place(low)),
                                            static_cast<std::int32_t>(place(high)), got.sums, got.counts);
                    first += size;
                }
                compare(results, got, c.wanted, isa, c.in.x.size());
            }
    });
}

TEST_CASE("sums and counts are those of the stated order") {
    tally results;
    check(results, cases());
    CHECK_TALLY_OVER(results, 10000);
}

TEST_CASE("in every rounding mode of the environment, and with denormals flushed") {
    const auto all = cases();
    for (const int mode : {FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO}) {
        tally results;
        {
            const rounding_direction guard(mode);
            check(results, all);
            CHECK(std::fegetround() == mode);
        }
        CHECK_TALLY_OVER(results, 10000);
    }
    if constexpr (flushed_denormals::available) {
        tally results;
        {
            const flushed_denormals guard;
            check(results, all);
        }
        CHECK_TALLY_OVER(results, 10000);
    }
}

TEST_CASE("figures are near the exact ones") {
    const auto base = sample(5000, 3);
    pairs in;
    for (std::size_t i = 0; i < base.x.size(); ++i) {
        // of magnitudes whose sums mean something
        if (!(std::fabs(base.x[i]) < 1e4F) || !(std::fabs(base.y[i]) < 1e4F)) continue;
        in.x.push_back(base.x[i]);
        in.y.push_back(base.y[i]);
    }
    REQUIRE(in.x.size() > 2000);
    wide xx = 0, yy = 0, xy = 0, ee = 0, most = 0;
    for (std::size_t i = 0; i < in.x.size(); ++i) {
        const wide x = static_cast<wide>(in.x[i]), y = static_cast<wide>(in.y[i]), e = y - x;
        xx += x * x;
        yy += y * y;
        xy += x * y;
        ee += e * e;
        if (e > most) most = e;
        if (-e > most) most = -e;
    }
    const auto n = static_cast<wide>(in.x.size());
    const auto got = measure(in.x, in.y);
    CHECK(got.count() == in.x.size());
    CHECK(got.mse() == Approx(static_cast<double>(ee / n)).epsilon(1e-13));
    CHECK(got.max_error() == Approx(static_cast<double>(most)).epsilon(1e-15));
    CHECK(got.sqnr_db() ==
          Approx(static_cast<double>(10 * std::log10(static_cast<long double>(xx / ee)))).epsilon(1e-13));
    const auto length = std::sqrt(static_cast<long double>(xx)) * std::sqrt(static_cast<long double>(yy));
    CHECK(got.cosine_similarity() == Approx(static_cast<double>(static_cast<long double>(xy) / length)).epsilon(1e-13));

    const auto whole = oracle(in.x, in.y, low, high);
    CHECK(std::bit_cast<bits64>(got.mse()) == std::bit_cast<bits64>(folded(whole.sums[3]) / static_cast<double>(n)));
}

TEST_CASE("parts are merged, whatever their sizes") {
    const auto in = sample(3001, 11);
    const std::span<const float> x(in.x), y(in.y);
    const auto whole = measure(x, y, extent{low, high});
    for (const std::size_t cut : {0U, 1U, 16U, 1000U, 3000U, 3001U}) {
        auto merged = measure(x.first(cut), y.first(cut), extent{low, high});
        merged.merge(measure(x.subspan(cut), y.subspan(cut), extent{low, high}));
        CHECK(merged.count() == 3001);
        CHECK(merged.finite() == whole.finite());
        CHECK(merged.nan() == whole.nan());
        CHECK(merged.infinite() == whole.infinite());
        CHECK(merged.overflowed() == whole.overflowed());
        CHECK(merged.saturated() == whole.saturated());
        CHECK(merged.flushed() == whole.flushed());
        CHECK(merged.mse() == Approx(whole.mse()).epsilon(1e-12));
        CHECK(merged.sqnr_db() == Approx(whole.sqnr_db()).epsilon(1e-12));
        CHECK(merged.cosine_similarity() == Approx(whole.cosine_similarity()).epsilon(1e-12));
        CHECK(std::bit_cast<bits64>(merged.max_error()) == std::bit_cast<bits64>(whole.max_error()));
    }
    CHECK(whole.nan() > 10);
    CHECK(whole.infinite() > 10);
    CHECK(whole.overflowed() > 10);
    CHECK(whole.saturated() > 10);
    CHECK(whole.flushed() > 10);
    CHECK(whole.saturated_share() ==
          Approx(static_cast<double>(whole.saturated()) / static_cast<double>(whole.finite())));
    CHECK(whole.flushed_share() == Approx(static_cast<double>(whole.flushed()) / static_cast<double>(whole.finite())));
}

TEST_CASE("what there is nothing to divide by") {
    const std::vector<float> none, zeros(5), ones(5, 1.0F), nans(5, std::bit_cast<float>(0x7FC00000));
    const double infinite = std::numeric_limits<double>::infinity();
    for (const auto& m : {measure(none, none), measure(nans, ones)}) {
        CHECK(m.finite() == 0);
        CHECK(m.mse() == 0);
        CHECK(m.max_error() == 0);
        CHECK(m.sqnr_db() == infinite);
        CHECK(m.cosine_similarity() == 1);
        CHECK(m.saturated_share() == 0);
        CHECK(m.flushed_share() == 0);
    }
    CHECK(measure(zeros, zeros).sqnr_db() == infinite);
    CHECK(measure(zeros, ones).sqnr_db() == -infinite);
    CHECK(measure(zeros, ones).cosine_similarity() == 0);
    CHECK(measure(ones, zeros).cosine_similarity() == 0);
    CHECK(measure(ones, zeros).sqnr_db() == 0);
    CHECK(measure(ones, ones).cosine_similarity() == 1);
    CHECK(measure(ones, std::array<float, 5>{-1, -1, -1, -1, -1}).cosine_similarity() == -1);
    CHECK(measure(ones, nans).overflowed() == 5);
    // the smallest and the largest squares that there are
    const std::vector<float> small(3, 0x1p-149F), large(40, std::numeric_limits<float>::max());
    CHECK(measure(small, small).cosine_similarity() == 1);
    CHECK(measure(large, large).cosine_similarity() == 1);
    CHECK(measure(small, std::vector<float>(3)).mse() == 0x1p-298);
    CHECK(measure(large, std::vector<float>(40, std::numeric_limits<float>::lowest())).max_error() == 0x1.fffffep128);
}

TEST_CASE("a range of one sign, and zeros of both") {
    const std::vector<float> x = {-1.0F, -0.0F, 0.0F, 2.0F, 300.0F, 255.0F},
                             y = {0.0F, 0.0F, 0.0F, 2.0F, 255.0F, 255.0F};
    for (const float zero : {0.0F, -0.0F}) CHECK(measure(x, y, extent{zero, 255.0F}).saturated() == 2);
    CHECK(measure(x, y).saturated() == 0);
}

TEST_CASE("sizes that differ are refused") {
    const std::vector<float> a(3), b(4);
    std::string message;
    error_measures all;
    try {
        all.add(a, b);
    } catch (const std::invalid_argument& error) {
        message = error.what();
    }
    CHECK(message == "lowprec::error_measures::add: 3 originals, but 4 restored values");
    CHECK(all.count() == 0);
}

// Floats around everything that matters to a format of 16 bits and fewer.
template <class F>
std::vector<float> around_codes() {
    std::vector<float> all;
    constexpr auto largest = static_cast<unsigned>(F::largest_code);
    for (unsigned code = 0; code <= largest; code += code > 300 && code + 300 < largest ? 97 : 1) {
        const auto x = static_cast<float>(make<F>(code));
        const auto up =
            code < largest ? static_cast<float>(make<F>(code + 1)) : x + (x - static_cast<float>(make<F>(code - 1)));
        const float between = x / 2 + up / 2;
        for (const float v :
             {x, between, std::nextafter(between, 0.0F), std::nextafter(between, up), 0.75F * x + 0.25F * up})
            for (const float sign : {1.0F, -1.0F}) all.push_back(sign * v);
    }
    for (const float beyond : {1.5F, 2.0F, 100.0F})
        for (const float sign : {1.0F, -1.0F}) all.push_back(sign * beyond * static_cast<float>(make<F>(largest)));
    for (const bits32 special : specials) all.push_back(std::bit_cast<float>(special));
    return all;
}

// Past the largest value there would be one more, a step above; what is nearer to it, or level and the last code is odd, is past.
template <class F>
bool rounds_past_largest(float x) {
    const double largest = static_cast<double>(make<F>(F::largest_code));
    const double before = static_cast<double>(make<F>(F::largest_code - 1));
    const double step = F::mantissa_bits == 0 ? largest : largest - before;  // a power of two is followed by its double
    const double tie = largest + step / 2, size = std::fabs(static_cast<double>(x));
    return size > tie || (size == tie && F::largest_code % 2 == 1);
}

TEST_CASE("rounding to a format: every format of 16 bits and fewer") {
    tally results;
    for_each_format<all_formats>([&]<class F>(F) {
        if constexpr (F::width <= 16 && F::max_exponent < 127) {
            const auto in = around_codes<F>();
            std::vector<float> restored;
            bits64 saturated = 0, flushed = 0, overflowed = 0;
            for (const float x : in) {
                const auto code = convert<F>(x);
                restored.push_back(static_cast<float>(code));
                const bits32 size = std::bit_cast<bits32>(x) & 0x7FFFFFFF;
                if (size >= infinity) continue;
                const bool finite = (std::bit_cast<bits32>(restored.back()) & 0x7FFFFFFF) < infinity;
                if (!finite) ++overflowed;
                if (finite && (F::sign_bits == 1 || !std::signbit(x)) && rounds_past_largest<F>(x)) ++saturated;
                if (finite && size != 0 && restored.back() == 0) ++flushed;
            }
            const auto got = measure<F>(in);
            const auto pairwise = measure(in, restored);
            const std::string_view name = name_of<F>;
            results.equal(got.saturated(), saturated, name, "saturated");
            results.equal(got.flushed(), flushed, name, "flushed");
            results.equal(got.overflowed(), overflowed, name, "overflowed");
            results.equal(got.count(), in.size(), name, "count");
            results.equal(got.nan(), 4U, name, "nan");
            results.equal(got.infinite(), 2U, name, "infinite");
            results.equal(std::bit_cast<bits64>(got.mse()), std::bit_cast<bits64>(pairwise.mse()), name, "mse");
            results.equal(std::bit_cast<bits64>(got.max_error()), std::bit_cast<bits64>(pairwise.max_error()), name,
                          "max");
            results.equal(got.finite(), pairwise.finite(), name, "finite");
            if (F::width <= 8) results.equal(got.saturated() > 3 ? 1U : 0U, 1U, name, "some saturate");
        }
    });
    INFO(results.first);
    CHECK(results.wrong == 0);
    CHECK(results.checked > 120);
}

TEST_CASE("formats that hold every float lose nothing") {
    const auto in = sample(4000, 5).x;
    for (const auto& m : {measure<fp32>(in), measure<fp64>(in)}) {
        CHECK(m.sqnr_db() == std::numeric_limits<double>::infinity());
        CHECK(m.saturated() + m.flushed() + m.overflowed() == 0);
        CHECK(m.finite() + m.nan() + m.infinite() == 4000);
    }
    CHECK(measure<bf16>(in).overflowed() > 0);  // FLT_MAX rounds to infinity
}

TEST_CASE("policies and stochastic rounding") {
    constexpr policy cut{.round = rounding::toward_zero};
    const std::vector<float> in = {449.0F, 464.0F, 479.9F, 480.0F, 1e9F, -1e9F, 0.001F};
    const auto toward_zero = measure<e4m3, cut>(in);
    CHECK(toward_zero.saturated() == 3);  // 480 and beyond: the rest is cut to 448 as any number is
    CHECK(toward_zero.flushed() == 1);
    CHECK(measure<e4m3>(in).saturated() == 4);  // 464 is a tie with the even 448
    constexpr policy to_infinity{.over = overflow::infinity};
    CHECK(measure<e5m2, to_infinity>(std::vector<float>{1e6F, 60000.0F}).overflowed() == 1);

    constexpr policy dice{.round = rounding::stochastic, .random_bits = 8};
    auto data = sample(3000, 9).x;
    for (std::size_t i = 0; i < data.size(); i += 2)
        data[i] = 5.0F + static_cast<float>(i % 997) / 256;  // about the largest
    std::vector<float> restored;
    bits64 saturated = 0;
    for (std::size_t i = 0; i < data.size(); ++i) {
        const auto random = stochastic_bits(42, 100 + i) >> 56;
        restored.push_back(static_cast<float>(convert<e2m1, dice>(data[i], random)));
        const double size = std::fabs(static_cast<double>(data[i]));
        // from 6 to 8 the next step is as likely as the way is long, in 512 steps with the half one of method b
        if (size > 6 && size < 0x1p128 &&
            (size >= 8 || std::floor((size - 6) / 2 * 512) + 2 * static_cast<double>(random) + 1 >= 512))
            ++saturated;
    }
    const auto got = measure<e2m1, dice>(data, 42, 100);
    CHECK(std::bit_cast<bits64>(got.mse()) == std::bit_cast<bits64>(measure(data, restored).mse()));
    CHECK(got.saturated() == saturated);
    CHECK(saturated > 100);
}

}  // namespace
