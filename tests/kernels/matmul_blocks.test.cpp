// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Blocks times blocks, bit for bit: the products of a block as one exact integer, times both scales exactly, one rounding a block in
// the order of the columns, the tensors' scales last.
// needs: simd
// isa: best
#include <lowprec/kernels/matmul.hpp>

#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/isa.hpp"
#include "support/matmul.hpp"

namespace {

using namespace matmul_checks;

/// Everything before a rounding is a multiple of a power of two that 64 bits hold, which the test asserts by going back.
template <class B>
float expected_of(const block_case<B>& x, const block_case<B>& w, std::size_t i, std::size_t r, tally& exact) {
    const std::size_t k = x.columns, length = B::length;
    float total = 0;
    for (std::size_t first = 0; first < k; first += length) {
        std::int64_t sum = 0;  // of products in units of 2^-12
        for (std::size_t c = first; c < k && c < first + length; ++c)
            sum += static_cast<std::int64_t>(x.elements[i * k + c] * 64) *
                   static_cast<std::int64_t>(w.elements[r * k + c] * 64);
        const long double product = std::ldexp(static_cast<long double>(sum), -12) *
                                    static_cast<long double>(x.scales[i * k + first]) *
                                    static_cast<long double>(w.scales[r * k + first]);
        const long double all = static_cast<long double>(total) + product;
        exact.equal(
            all - static_cast<long double>(total) == product && all - product == static_cast<long double>(total), true,
            "the test's own sum is rounded");
        total = static_cast<float>(all);
    }
    const float scale = static_cast<float>(static_cast<double>(x.tensor_scale) * static_cast<double>(w.tensor_scale));
    return static_cast<float>(static_cast<double>(total) * static_cast<double>(scale));
}

template <class B, class Isa>
void check(tally& results, tally& exact) {
    random_bits next{41};
    const std::size_t shapes[][3] = {{1, 17, 31}, {3, 64, 128}, {33, 70, 200}, {2, 257, 32}, {1, 16, 1000}};
    for (const auto& shape : shapes)
        for (const auto which : {codes_are::any, codes_are::in_pairs}) {
            const std::size_t m = shape[0], n = shape[1], k = shape[2];
            const block_case<B> x(m, k, which, next);
            const block_case<B> w(n, k, which, next);
            const auto prepared = prepare(w.source());
            using P = std::remove_const_t<decltype(prepared)>;
            std::vector<float> y(m * n), again(m * n);
            matmul<const B, P, std::vector<float>&, scrambled, Isa>(x.view(), prepared, y, {}, scrambled{2});
            for (std::size_t i = 0; i < y.size(); ++i)
                results.equal(std::bit_cast<std::uint32_t>(y[i]),
                              std::bit_cast<std::uint32_t>(expected_of(x, w, i / n, i % n, exact)), name_of<B>,
                              "features", Isa::value, "rows", m, "channels", n, "columns", k, "at", i);
            in_every_environment([&](const char* where) {
                matmul<const B, P, std::vector<float>&, scrambled, Isa>(x.view(), prepared, again);
                results.equal(same_bytes(again, y), true, name_of<B>, "environment", where, "columns", k);
            });
            for (std::size_t i = 0; i < y.size(); i += 5) {  // the library's own definition says the same
                const float own = matmul_reference<B>(x.view(), i / n, w.view(), i % n);
                results.equal(std::bit_cast<std::uint32_t>(own), std::bit_cast<std::uint32_t>(y[i]), name_of<B>,
                              "matmul_reference", k, i);
            }
        }
}

template <class... Bs>
void check_all() {
    tally results, exact;
    (check<Bs, simd::native>(results, exact), ...);
    CHECK_TALLY_OVER(results, 1000U);
    CHECK_TALLY_OVER(exact, 1000U);
}

}  // namespace

TEST_CASE("nvfp4 times nvfp4") { check_all<nvfp4, ggml_nvfp4>(); }
TEST_CASE("mxfp4 times mxfp4") { check_all<mxfp4>(); }
TEST_CASE("mxfp6 times mxfp6") { check_all<mxfp6_e3m2>(); }
TEST_CASE("integers with scales of 11 bits times their like") {
    // a sum times two such scales has more bits than float: one rounding takes a fused multiply-add
    if constexpr (simd::native::has(simd::avx2)) check_all<q8_0>();
}
TEST_CASE("nvfp4 times nvfp4 with a lesser instruction set") {
    tally results, exact;
    if constexpr (simd::native::has(simd::avx2)) {
        check<nvfp4, simd::isa<simd::avx2>>(results, exact);
        CHECK_TALLY_OVER(results, 1000U);
    }
}
