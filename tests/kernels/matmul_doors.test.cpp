// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What matrix products refuse, and how they say it; weights as bytes; bias and functions.
// needs: simd
// ctest-label: aarch64 newer_xsimd
#include <lowprec/kernels/matmul.hpp>

#include "support/catch.hpp"
#include "support/isa.hpp"
#include "support/matmul.hpp"
#include "support/message_of.hpp"

namespace {

using namespace matmul_checks;

using int8s = affine<8>;
using int4s = affine<4>;

template <class Call>
std::string said(Call&& call) {
    return message_of<std::invalid_argument>(std::forward<Call>(call));
}

}  // namespace

TEST_CASE("extents that don't match") {
    random_bits next{1};
    const affine_case<int4s> w(5, 32, codes_are::any, next, 16, false);
    const auto p = prepare(w.source());
    std::vector<float> y(10, 7);
    const std::vector<float> bias(4);
    CHECK_THAT(said([&] { matmul(std::vector<float>(63), p, y); }),
               contains("lowprec::matmul: x has 63 elements, which are no rows of the weights' 32 columns"));
    CHECK_THAT(said([&] { matmul(std::vector<float>(96), p, y); }),
               contains("lowprec::matmul: 3 rows times 5 output channels are 15 outputs, but y has 10"));
    CHECK_THAT(said([&] { matmul(std::vector<float>(64), p, y, {.bias = bias}); }),
               contains("lowprec::matmul: there are 5 output channels, but bias has 4"));
    CHECK_THAT(said([&] { matmul(std::vector<float>(0), prepare(affine_matrix<int4s>(5, 0, granularity::row())), y); }),
               contains("weights"));
    CHECK_THAT(said([&] { matmul_int8(std::vector<float>(63), p, y); }),
               contains("lowprec::matmul_int8: x has 63 elements, which are no rows of the weights' 32 columns"));
    CHECK_THAT(said([&] {
                   matmul_int8(std::vector<float>(63), int8s{1, 0}, p, y);
               }),
               contains("lowprec::matmul_int8: x has 63 elements"));
    std::vector<float> wild(64, 1);
    wild[5] = std::numeric_limits<float>::quiet_NaN();
    CHECK(!said([&] { matmul_int8(wild, p, y); }).empty());
    wild[5] = std::numeric_limits<float>::infinity();
    CHECK(!said([&] { matmul_int8(wild, p, y); }).empty());
    CHECK(y == std::vector<float>(10, 7));
    matmul(std::vector<float>{}, p, std::vector<float>{});  // no rows
}

TEST_CASE("weights that are refused") {
    for (const auto& [bad, name] : {std::pair{0.0F, "zero"}, std::pair{-1.0F, "negative"},
                                    std::pair{std::numeric_limits<float>::infinity(), "infinite"},
                                    std::pair{std::numeric_limits<float>::quiet_NaN(), "NaN"}}) {
        affine_matrix<int4s> w(3, 32, granularity::group(16));
        for (float& s : w.view().scales()) s = 1;
        w.view().scales()[5] = bad;
        std::vector<float> y(3, 7);
        CHECK_THAT(said([&] { (void)prepare(w); }),
                   contains(std::string("lowprec::prepare: the scale of row 2, group 1 is ") + name));
        CHECK_THAT(said([&] { matmul(std::vector<float>(32), w, y); }), contains("the scale of row 2, group 1 is "));
        CHECK(y[0] == 7);
        const std::vector<e4m3> codes(64);
        const std::vector<float> scales{1, bad};
        CHECK_THAT(said([&] { (void)prepare(scaled_span<e4m3>(2, 32, scale_tiling::row(), codes, scales)); }),
                   contains(std::string("the scale of row 1, group 0 is ") + name));
    }
    affine_matrix<affine<4>> w(1, 8, granularity::row(), range_kind::asymmetric);
    w.view().scales()[0] = 1;
    w.view().zero_points()[0] = 8;
    CHECK_THAT(said([&] { (void)prepare(w); }),
               contains("lowprec::prepare: zero point 0 is 8, but codes go from -8 to 7"));
    block_tensor<mxfp4> blocks(2, 64);
    blocks.scales()[3] = std::byte{255};
    CHECK_THAT(said([&] { (void)prepare(blocks); }), contains("the scale of row 1, group 1 is NaN"));
}

TEST_CASE("views that are refused") {
    const std::vector<e4m3> codes(64);
    const std::vector<float> scales(2, 1.0F);
    using span = scaled_span<e4m3>;
    CHECK_THAT(said([&] { span(2, 32, {0, 1}, codes, scales); }), contains("lowprec::scaled_span: tiles of 0 rows"));
    CHECK_THAT(said([&] { span(2, 31, scale_tiling::row(), codes, scales); }),
               contains("lowprec::scaled_span: 2 x 31 codes are expected, but there are 64"));
    CHECK_THAT(said([&] {
                   span(2, 32, scale_tiling::square(16), codes, scales.empty() ? scales : std::span(scales).first(1));
               }),
               contains("lowprec::scaled_span: 2 tiles need as many scales, but there are 1"));
    const std::vector<std::byte> bytes(32);
    float table[16] = {};
    CHECK_THAT(said([&] { codebook_span(2, 32, 0, bytes, scales, nf4_table); }),
               contains("lowprec::codebook_span: groups of 0 columns"));
    CHECK_THAT(said([&] { codebook_span(2, 31, 31, std::span(bytes).first(31), scales, nf4_table); }),
               contains("lowprec::codebook_span: 2 rows of 31 codes take 32 bytes, but there are 31"));
    CHECK_THAT(said([&] { codebook_span(2, 32, 16, bytes, scales, nf4_table); }),
               contains("lowprec::codebook_span: 4 groups need as many scales, but there are 2"));
    table[3] = std::numeric_limits<float>::infinity();
    CHECK_THAT(said([&] { codebook_span(2, 32, 32, bytes, scales, table); }),
               contains("lowprec::codebook_span: number 3 of the table is infinite or NaN"));
}

TEST_CASE("integer activations that are refused") {
    random_bits next{2};
    const affine_case<int8s> w(3, 32, codes_are::any, next, whole_row, false);
    const affine_case<int8s> groups(3, 32, codes_are::any, next, 16, false);
    const affine_case<int4s> four(3, 32, codes_are::any, next, 16, false);
    std::vector<std::int32_t> sums(6, 7);
    std::vector<float> y(6, 7);
    affine_matrix<int8s> x(2, 32, granularity::group(16));
    for (float& s : x.view().scales()) s = 1;
    CHECK_THAT(said([&] { matmul(std::as_const(x).view(), w.source(), y); }),
               contains("lowprec::matmul: activations have one scale a row, or one in all, but x has groups of 16"));
    affine_matrix<int8s> zeros(2, 32, granularity::row(), range_kind::asymmetric);
    zeros.view().scales()[0] = 1;
    CHECK_THAT(said([&] { matmul_sums(std::as_const(zeros).view(), w.source(), sums); }),
               contains("lowprec::matmul_sums: scale 1 of x is zero, negative, infinite or NaN"));
    zeros.view().scales()[1] = 1;
    zeros.view().zero_points()[1] = 3;
    CHECK_THAT(said([&] { matmul(std::as_const(zeros).view(), four.source(), y); }),
               contains("lowprec::matmul: activations with zero points need weights of 8 bits with one scale a row"));
    CHECK_THAT(said([&] { matmul_sums(std::as_const(zeros).view(), groups.source(), sums); }),
               contains("lowprec::matmul_sums: weights have groups of 16 columns"));
    std::vector<std::int8_t> codes(6, 7);
    CHECK_THAT(said([&] {
                   matmul_requantized(std::as_const(zeros).view(), groups.source(), int8s{1, 0}, codes);
               }),
               contains("lowprec::matmul_requantized: weights have groups of 16 columns"));
    for (const int8s out :
         {int8s{0, 0}, int8s{-1, 0}, int8s{std::numeric_limits<float>::quiet_NaN(), 0}, int8s{1, 128}})
        CHECK_THAT(said([&] { matmul_requantized(std::as_const(zeros).view(), w.source(), out, codes); }),
                   contains("lowprec::matmul_requantized: the output's scale is zero, negative, infinite or NaN"));
    const std::vector<std::int32_t> bias(2);
    CHECK_THAT(said([&] {
                   matmul_requantized(std::as_const(zeros).view(), w.source(), int8s{1, 0}, codes, bias);
               }),
               contains("there are 3 output channels, but bias has 2"));
    CHECK(sums == std::vector<std::int32_t>(6, 7));
    CHECK(y == std::vector<float>(6, 7));
    CHECK(codes == std::vector<std::int8_t>(6, 7));
    // blocks with other columns
    block_tensor<nvfp4> a(2, 32), b(3, 64);
    CHECK_THAT(said([&] { matmul(std::as_const(a).view(), b, std::vector<float>(3)); }),
               contains("lowprec::matmul: x has 32 columns, but the weights 64"));
}

TEST_CASE("weights as bytes") {
    random_bits next{3};
    const affine_case<int8s> w(70, 200, codes_are::any, next, 64, true);
    const auto p = prepare(w.source());
    using P = std::remove_const_t<decltype(p)>;
    const std::vector<std::byte> good(p.bytes().begin(), p.bytes().end());
    const std::vector<float> x = some_numbers<float>(3, 200, numbers_are::any, next);
    std::vector<float> y(210), again(210);
    matmul(x, p, y);
    matmul(x, P::from_bytes(good), again);
    CHECK(same_bytes(y, again));
    matmul(x, w.source(), again);
    CHECK(same_bytes(y, again));
    const auto refused = [&](std::vector<std::byte> bytes) { return said([&] { (void)P::from_bytes(bytes); }); };
    const auto changed = [&](std::size_t at, std::byte to) {
        std::vector<std::byte> bytes = good;
        bytes[at] = to;
        return refused(bytes);
    };
    CHECK(refused(good).empty());
    CHECK_THAT(refused({}), contains("lowprec::prepared_weights: these 0 bytes are no prepared weights"));
    CHECK_THAT(changed(0, std::byte{'L'}), contains("bytes are no prepared weights"));
    CHECK_THAT(changed(16, std::byte{99}), contains("the bytes have version 99, but this lowprec reads version "));
    CHECK(!changed(24, std::byte{'x'}).empty());    // kind
    CHECK(!changed(88, std::byte{90}).empty());     // rows
    CHECK(!changed(96, std::byte{255}).empty());    // columns
    CHECK(!changed(104, std::byte{0}).empty());     // group
    CHECK(!changed(112, std::byte{2}).empty());     // zero points
    CHECK(!changed(95, std::byte{255}).empty());    // rows beyond reason
    CHECK(!changed(119, std::byte{0xFF}).empty());  // a negative tensor scale
    for (const std::size_t size : {std::size_t{100}, std::size_t{192}, good.size() - 1})
        CHECK(!refused(std::vector<std::byte>(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))).empty());
    std::vector<std::byte> longer = good;
    longer.push_back({});
    CHECK(!refused(longer).empty());
    // the first scale, right behind the head
    std::vector<std::byte> nan = good;
    for (std::size_t i = 0; i < 4; ++i) nan[192 + i] = std::byte{0xFF};
    CHECK_THAT(refused(nan), contains("the scale of row 0, group 0 is infinite or NaN"));
    // other codes, other scales
    const affine_case<int4s> other(70, 200, codes_are::any, next, 64, true);
    const auto q = prepare(other.source());
    CHECK(!refused(std::vector<std::byte>(q.bytes().begin(), q.bytes().end())).empty());
}

TEST_CASE("bias and functions") {
    random_bits next{4};
    const std::size_t n = 70, k = 8, m = 7;
    // small integers: the sums are exact
    affine_case<int4s> w(n, k, codes_are::any, next, whole_row, false);
    for (float& s : w.matrix.view().scales()) s = 0x1p-4F;
    std::vector<float> x, bias, y(m * n);
    for (std::size_t i = 0; i < m * k; ++i) x.push_back(static_cast<float>(between(-4, 4, next)));
    for (std::size_t i = 0; i < n; ++i) bias.push_back(static_cast<float>(between(-64, 64, next)) / 8);
    tally results;
    for (const auto f : {activation::none, activation::relu, activation::gelu, activation::silu})
        for (const bool with_bias : {false, true}) {
            matmul(x, prepare(w.source()), y,
                   {.bias = with_bias ? std::span<const float>(bias) : std::span<const float>{}, .function = f});
            for (std::size_t i = 0; i < m * n; ++i) {
                double v = with_bias ? static_cast<double>(bias[i % n]) : 0;
                for (std::size_t c = 0; c < k; ++c)
                    v += static_cast<double>(x[i / n * k + c]) * w.codes[i % n * k + c] / 16;
                const double e = f == activation::none   ? v
                                 : f == activation::relu ? (v > 0 ? v : 0)
                                 : f == activation::gelu ? v * std::erfc(-v * std::sqrt(0.5)) / 2
                                                         : v / (1 + std::exp(-v));
                // gelu's sum 1 + erf(x) is off by a unit of 1, wherever it is
                const double allowed = f == activation::none || f == activation::relu ? 0
                                       : f == activation::gelu                        ? std::fabs(v) * 0x1p-23
                                                                                      : std::fabs(e) * 0x1p-22;
                results.equal(std::fabs(static_cast<double>(y[i]) - e) <= allowed, true, "function",
                              static_cast<int>(f), "bias", with_bias, "of", v, "is", y[i], "exact", e);
            }
        }
    CHECK_TALLY(results, 8U * m * n);
}

TEST_CASE("activations that become codes first") {
    random_bits next{6};
    tally results;
    const affine_case<int8s> w(20, 100, codes_are::any, next, whole_row, false);
    const std::vector<float> x = some_numbers<float>(4, 100, numbers_are::any, next);
    std::vector<float> y(80), given(80);
    matmul_int8(x, prepare(w.source()), y);
    const affine<8, integer_codes::unsigned_full> parameters{0x1p-5F, 100};
    matmul_int8(x, parameters, prepare(w.source()), given);
    for (std::size_t i = 0; i < 4; ++i) {
        double most = 0;
        for (std::size_t c = 0; c < 100; ++c) most = std::fmax(most, std::fabs(static_cast<double>(x[i * 100 + c])));
        const double scale = static_cast<double>(static_cast<float>(most / 127));
        for (std::size_t r = 0; r < 20; ++r) {
            double sum = 0, sum_given = 0, all = 0;
            for (std::size_t c = 0; c < 100; ++c) {
                const double v = static_cast<double>(x[i * 100 + c]);
                sum += std::nearbyint(v / scale) * scale * w.values[r * 100 + c];
                const double code = std::fmin(255, std::fmax(0, std::nearbyint(v * 32) + 100));
                sum_given += (code - 100) / 32 * w.values[r * 100 + c];
                all += std::fabs(v * w.values[r * 100 + c]);
            }
            results.equal(std::fabs(static_cast<double>(y[i * 20 + r]) - sum) <= all * 0x1p-21, true, "dynamic", i, r);
            results.equal(std::fabs(static_cast<double>(given[i * 20 + r]) - sum_given) <= all * 0x1p-21, true,
                          "static", i, r);
        }
    }
    CHECK_TALLY(results, 160U);
}
