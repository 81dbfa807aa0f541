// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Products of integer codes: sums equal 64-bit sums bit for bit, up to the longest that 32 bits hold and with the most extreme codes;
// requantized codes equal a rational that is rounded as the two forms say; scaled sums are off by a few units in the last place.
// needs: simd
// isa: best
#include <lowprec/kernels/matmul.hpp>

#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/isa.hpp"
#include "support/matmul.hpp"
#include "support/message_of.hpp"

namespace {

using namespace matmul_checks;

using s8 = affine<8>;
using u8 = affine<8, integer_codes::unsigned_full>;
using narrow = affine<8, integer_codes::signed_narrow>;
using unsigned_narrow = affine<8, integer_codes::unsigned_narrow>;

template <class Isa, class A, class W, class Out>
void sums(const affine_case<A>& x, const W& w, std::vector<Out>& y, scrambled executor = {}) {
    matmul_sums<const A, float, W, std::vector<Out>&, scrambled&, Isa>(x.view(), w, y, executor);
}

template <class A, class W>
std::vector<std::int64_t> exact_sums(const affine_case<A>& x, const affine_case<W>& w) {
    std::vector<std::int64_t> y;
    std::vector<std::int64_t> a(x.codes.size()), b(w.codes.size());
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = x.codes[i] - x.zeros[i];
    for (std::size_t i = 0; i < b.size(); ++i) b[i] = w.codes[i] - w.zeros[i];
    for (std::size_t m = 0; m < x.rows; ++m)
        for (std::size_t n = 0; n < w.rows; ++n) {
            std::int64_t sum = 0;
            for (std::size_t c = 0; c < x.columns; ++c) sum += a[m * x.columns + c] * b[n * x.columns + c];
            y.push_back(sum);
        }
    return y;
}

template <class Isa, class A, class W>
void check_sums(tally& results, std::size_t m, std::size_t n, std::size_t k, bool za, bool zw, codes_are which,
                std::size_t x_by, std::size_t w_by, random_bits& next) {
    const affine_case<A> x(m, k, which, next, x_by, za);
    const affine_case<W> w(n, k, which, next, w_by, zw);
    std::vector<std::int32_t> y(m * n, 77);
    sums<Isa>(x, prepare(w.source()), y, scrambled{1 + next() % 2});
    const std::vector<std::int64_t> e = exact_sums(x, w);
    for (std::size_t i = 0; i < y.size(); ++i)
        results.equal(static_cast<std::int64_t>(y[i]), e[i], "features", Isa::value, "bits of codes", A::lowest,
                      W::lowest, "rows", m, "channels", n, "columns", k, "zero points", za, zw, "codes",
                      static_cast<int>(which), "at", i);
}

template <class Isa, class A, class W, bool All>
void check_types(tally& results) {
    random_bits next{3};
    for (const std::size_t k : {1U, 31U, 32U, 100U, 784U, 4096U})
        for (const std::size_t n : {1U, 15U, 64U, 257U})
            for (const std::size_t m : {1U, 2U, 7U, 32U, 33U}) {
                if (m * n * k > 1000000 && (!All || thinned != 1)) continue;
                const auto which = static_cast<codes_are>(next() % 4);
                check_sums<Isa, A, W>(results, m, n, k, next() % 2 == 0, next() % 2 == 0, which,
                                      next() % 2 == 0 ? whole_row : whole_tensor,
                                      next() % 2 == 0 ? whole_row : whole_tensor, next);
            }
    for (const bool za : {false, true})
        for (const bool zw : {false, true})
            for (const auto which : {codes_are::any, codes_are::extreme, codes_are::highest, codes_are::lowest})
                check_sums<Isa, A, W>(results, 3, 70, 300, za, zw, which, whole_row, whole_row, next);
}

/// Sums as long as they may be, of the most extreme products; and one more is refused.
template <class A, class W>
void check_longest(tally& results, std::int64_t longest, std::int64_t with_zero_points) {
    using isa = simd::native;
    for (const bool zeros : {false, true}) {
        const auto k = static_cast<std::size_t>(zeros ? with_zero_points : longest);
        for (const int a : {A::lowest, A::highest})
            for (const int b : {W::lowest, W::highest})
                for (const bool opposite : {false, true}) {
                    affine_matrix<A> x(1, k, granularity::row(), range_kind::asymmetric);
                    affine_matrix<W> w(1, k, granularity::row(),
                                       zeros ? range_kind::asymmetric : range_kind::symmetric);
                    const int za = zeros ? (opposite ? A::lowest + A::highest - a : a) : A::symmetric_zero_point;
                    const int zw = zeros ? (opposite ? W::lowest + W::highest - b : b) : W::symmetric_zero_point;
                    x.view().scales()[0] = w.view().scales()[0] = 1;
                    x.view().zero_points()[0] = static_cast<typename A::code_type>(za);
                    if (zeros) w.view().zero_points()[0] = static_cast<typename W::code_type>(zw);
                    for (std::byte& c : x.view().codes()) c = static_cast<std::byte>(a);
                    for (std::byte& c : w.view().codes()) c = static_cast<std::byte>(b);
                    std::vector<std::int32_t> y(1);
                    matmul_sums<const A, float, affine_matrix<W>, std::vector<std::int32_t>&, serial, isa>(
                        std::as_const(x).view(), w, y);
                    results.equal(std::int64_t{y[0]}, std::int64_t{a - za} * (b - zw) * static_cast<std::int64_t>(k),
                                  "longest", k, "codes", a, b, "zero points", za, zw);
                }
        affine_matrix<A> x(1, k + 1, granularity::row(), range_kind::asymmetric);
        affine_matrix<W> w(1, k + 1, granularity::row());
        x.view().scales()[0] = w.view().scales()[0] = 1;
        x.view().zero_points()[0] = static_cast<typename A::code_type>(zeros ? A::highest : A::symmetric_zero_point);
        std::vector<std::int32_t> y(1, 77);
        const std::string said = message_of<std::invalid_argument>([&] {
            matmul_sums<const A, float, affine_matrix<W>, std::vector<std::int32_t>&, serial, isa>(
                std::as_const(x).view(), w, y);
        });
        CHECK_THAT(said, contains("lowprec::matmul_sums: sums of " + std::to_string(k + 1) + " products"));
        CHECK_THAT(said, contains("the bound is " + std::to_string(k)));
        CHECK(y[0] == 77);
    }
}

// Requantization, from the formulas of gemmlowp and TensorFlow Lite, in wide integers.
__extension__ using wide = __int128;
wide floor_divide(wide a, wide b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }
wide saturated(wide x, wide low, wide high) { return x < low ? low : x > high ? high : x; }
wide in_32_bits(wide x) { return saturated(x, -(wide{1} << 31), (wide{1} << 31) - 1); }
/// A positive float is significand * 2^exponent.
struct split {
    wide significand;
    int exponent;
    explicit split(float x) {
        int e = 0;
        significand = static_cast<wide>(std::ldexp(std::frexp(static_cast<double>(x), &e), 24));
        exponent = e - 24;
    }
};
struct multiplier {
    wide q;
    int shift;
};
multiplier multiplier_of(float a, float w, float y) {
    const split sa(a), sw(w), sy(y);
    // (sa sw 2^70) / sy has more than 31 bits: they are cut to 31 with half away
    const wide scaled = (sa.significand * sw.significand) << 70, quotient = scaled / sy.significand;
    int bits = 0;
    while (quotient >> bits != 0) ++bits;
    const wide unit = wide{1} << (bits - 31);
    wide q = (quotient + unit / 2) / unit;
    int exponent = sa.exponent + sw.exponent - sy.exponent - 70 + bits - 31;
    if (q == wide{1} << 31) {
        q /= 2;
        ++exponent;
    }
    const int shift = exponent + 31;
    if (shift < -31) return {0, 0};
    if (shift > 30) return {(wide{1} << 31) - 1, 30};
    return {q, shift};
}
wide requantized(requantization form, wide x, multiplier m, int zero, int lowest, int highest) {
    wide r;
    if (form == requantization::single_rounding) {
        r = in_32_bits(floor_divide(x * m.q + (wide{1} << (30 - m.shift)), wide{1} << (31 - m.shift)));
    } else {
        if (m.shift > 0) x = in_32_bits(x * (wide{1} << m.shift));
        const wide product = x * m.q, half = wide{1} << 30;
        const wide high = in_32_bits((product + (product >= 0 ? half : 1 - half)) / (wide{1} << 31));
        const int right = m.shift > 0 ? 0 : -m.shift;
        const wide magnitude = high < 0 ? -high : high;  // ties away from zero
        const wide divided = right == 0 ? magnitude : (magnitude + (wide{1} << (right - 1))) >> right;
        r = high < 0 ? -divided : divided;
    }
    return saturated(r + zero, lowest, highest);
}

template <class A, class W, class Y, requantization Form>
void check_requantized(tally& results, float scale) {
    random_bits next{7};
    for (const std::size_t k : {1U, 40U, 300U})
        for (const bool with_bias : {false, true}) {
            const std::size_t m = 5, n = 70;
            const affine_case<A> x(m, k, codes_are::any, next, whole_row, next() % 2 == 0);
            const affine_case<W> w(n, k, codes_are::any, next, whole_row, next() % 2 == 0);
            std::vector<std::int32_t> bias;
            for (std::size_t i = 0; with_bias && i < n; ++i)
                bias.push_back(next() % 4 == 0 ? static_cast<std::int32_t>(next()) : between(-99999, 99999, next));
            if (with_bias) {
                bias[0] = std::numeric_limits<std::int32_t>::max();
                bias[1] = std::numeric_limits<std::int32_t>::min();
            }
            const Y out{scale, between(Y::lowest, Y::highest, next)};
            std::vector<typename Y::code_type> y(m * n);
            matmul_requantized<Form>(x.view(), prepare(w.source()), out, y, bias, scrambled{});
            const auto e = exact_sums(x, w);
            for (std::size_t i = 0; i < y.size(); ++i) {
                const wide sum = in_32_bits(wide{e[i]} + (with_bias ? bias[i % n] : 0));
                const auto factor = multiplier_of(static_cast<float>(x.scales[i / n * k]),
                                                  static_cast<float>(w.scales[i % n * k]), scale);
                const wide expected = requantized(Form, sum, factor, out.zero_point, Y::lowest, Y::highest);
                results.equal(static_cast<std::int64_t>(y[i]), static_cast<std::int64_t>(expected), "requantized, form",
                              static_cast<int>(Form), "columns", k, "bias", with_bias, "scale", scale, "at", i);
            }
        }
}

/// Scaled sums: |y - exact| is at most a few units in the last place of the groups' magnitudes.
template <class Isa, class A, class W, class S, class Out>
void check_scaled(tally& results, std::size_t m, std::size_t n, std::size_t k, std::size_t group, bool zw, bool za,
                  random_bits& next) {
    const affine_case<A> x(m, k, codes_are::any, next, whole_row, za);
    const affine_case<W, S> w(n, k, codes_are::any, next, group, zw);
    std::vector<float> bias;
    for (std::size_t i = 0; i < n; ++i) bias.push_back(static_cast<float>(uniform(next)));
    const auto prepared = prepare(w.source());
    std::vector<Out> y(m * n);
    const matmul_options options{.bias = bias};
    using P = std::remove_const_t<decltype(prepared)>;
    matmul<const A, float, P, std::vector<Out>&, scrambled, Isa>(x.view(), prepared, y, options, scrambled{2});
    const std::size_t width = group < k && group != 0 ? group : k;
    for (std::size_t i = 0; i < m; ++i)
        for (std::size_t r = 0; r < n; ++r) {
            expected_output e{static_cast<long double>(bias[r]), static_cast<long double>(bias[r])};
            for (std::size_t first = 0; first < k; first += width) {
                std::int64_t sum = 0;
                for (std::size_t c = first; c < k && c < first + width; ++c)
                    sum += std::int64_t{x.codes[i * k + c] - x.zeros[i * k + c]} *
                           (w.codes[r * k + c] - w.zeros[r * k + c]);
                const long double part = static_cast<long double>(sum) *
                                         static_cast<long double>(w.scales[r * k + first]) *
                                         static_cast<long double>(x.scales[i * k]);
                e.value += part;
                e.magnitudes += part < 0 ? -part : part;
            }
            const double bound = static_cast<double>((k + width - 1) / width + 4) * 0x1p-24;
            results.equal(within(y[i * n + r], e, bound), true, "scaled, features", Isa::value, "bits", W::bits,
                          "columns", k, "group", group, "rows", m, "zero points", za, zw, "at", i, r, "is",
                          exactly(y[i * n + r]), "exact", static_cast<double>(e.value));
        }
    std::vector<Out> again(m * n);
    in_every_environment([&](const char* where) {
        matmul<const A, float, P, std::vector<Out>&, scrambled, Isa>(x.view(), prepared, again, options, scrambled{1});
        results.equal(same_bytes(again, y), true, "scaled, environment", where, "bits", W::bits, "columns", k, "group",
                      group, "rows", m);
    });
    for (std::size_t i = 0; i < m; ++i) {  // row by row
        affine_span<const A, float> all = x.view();
        const affine_span<const A, float> one(
            1, k, granularity::row(), all.codes().subspan(i * k, k), all.scales().subspan(i, 1),
            all.zero_points().empty() ? all.zero_points() : all.zero_points().subspan(i, 1));
        std::vector<Out> single(n);
        matmul<const A, float, P, std::vector<Out>&, scrambled, Isa>(one, prepared, single, options, scrambled{1});
        results.equal(std::memcmp(single.data(), y.data() + i * n, n * sizeof(Out)), 0, "row by row, features",
                      Isa::value, "bits", W::bits, "columns", k, "group", group, "row", i);
    }
}

}  // namespace

TEST_CASE("sums of products of codes are exact") {
    tally results;
    check_types<simd::native, s8, s8, true>(results);
    check_types<simd::native, u8, s8, false>(results);
    check_types<simd::native, u8, u8, false>(results);
    check_types<simd::native, narrow, unsigned_narrow, false>(results);
    check_types<simd::native, unsigned_narrow, narrow, false>(results);
    CHECK_TALLY_OVER(results, 200000U);
}
TEST_CASE("sums of products are exact with every instruction set") {
    tally results;
    for_each_features([&]<class Isa>(const char*) {
        if constexpr (Isa::vectors && !std::is_same_v<Isa, simd::native>) check_types<Isa, u8, u8, false>(results);
    });
    INFO(results.first);
    CHECK(results.wrong == 0);
    CHECK(results.checked >= (simd::native::has(simd::avx2) ? 100000U : 0U));  // the base has none beside it
}
TEST_CASE("sums as long as 32 bits hold them") {
    tally results;
    check_longest<u8, s8>(results, 65793, 33025);
    check_longest<s8, s8>(results, 131071, 33025);
    check_longest<narrow, narrow>(results, 133144, 33286);
    check_longest<u8, u8>(results, 33025, 33025);
    CHECK_TALLY(results, 4U * 16U);
}
TEST_CASE("requantized codes") {
    tally results;
    for (const float scale : {0x1.8p-12F, 0x1.23456p-7F, 1.0F, 0x1.fffffep2F, 0x1p-40F, 0x1p30F}) {
        check_requantized<s8, s8, s8, requantization::single_rounding>(results, scale);
        check_requantized<u8, s8, u8, requantization::double_rounding>(results, scale);
        check_requantized<u8, s8, narrow, requantization::single_rounding>(results, scale);
        check_requantized<s8, s8, s8, requantization::double_rounding>(results, scale);
    }
    CHECK_TALLY(results, 4U * 6U * 6U * 350U);
}
TEST_CASE("sums times scales") {
    tally results;
    random_bits next{13};
    for (const std::size_t m : {1U, 5U, 50U})
        for (const std::size_t k : {32U, 100U, 784U}) {
            for (const bool zeros : {false, true}) {
                for (const std::size_t group : {std::size_t{32}, std::size_t{64}, std::size_t{128}, whole_row})
                    check_scaled<simd::native, narrow, affine<4>, float, float>(results, m, 80, k, group, zeros, false,
                                                                                next);
                check_scaled<simd::native, narrow, affine<4>, float, float>(results, m, 80, k, 20, zeros, false, next);
                check_scaled<simd::native, s8, s8, float, float>(results, m, 80, k == 32 ? 4096 : k, whole_row, zeros,
                                                                 true, next);
                check_scaled<simd::native, s8, s8, float, bf16>(results, m, 80, k, 64, zeros, false, next);
                check_scaled<simd::isa<simd::base>, narrow, affine<4>, float, float>(results, m, 80, k, 32, zeros,
                                                                                     false, next);
            }
        }
    CHECK_TALLY_OVER(results, 10000U);
}
