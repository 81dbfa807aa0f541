// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: simd
// needs: eigen
//
// Parts of examples/ptq: paired differences, and linear layers on quantized weights beside sums in double.
#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <lowprec/block_formats.hpp>
#include <lowprec/quantize/affine.hpp>
#include <string>
#include <vector>

#include "../../examples/networks/quantized_linear.hpp"
#include "../../examples/ptq/paired.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using namespace networks;

namespace {

constexpr Eigen::Index tokens = 9, columns = 200, rows = 70;

matrix noise(Eigen::Index m, Eigen::Index k, std::uint32_t seed) {
    matrix x(m, k);
    for (Eigen::Index i = 0; i < x.size(); ++i) {
        seed = seed * 1664525U + 1013904223U;
        x.data()[i] = static_cast<float>(seed >> 8) * 0x1p-23F - 1.0F;
    }
    return x;
}

// The largest |y - x w^T| over the bound of docs/matmul.md, which for these sizes is below 220 roundings of the sum of magnitudes.
double error_in_bounds(const matrix& x, const matrix& w, const matrix& y) {
    const Eigen::MatrixXd xd = x.cast<double>(), wd = w.cast<double>();
    const Eigen::MatrixXd exact = xd * wd.transpose(), magnitudes = xd.cwiseAbs() * wd.cwiseAbs().transpose();
    return ((y.cast<double>() - exact).cwiseAbs().array() / (220 * 0x1p-24 * magnitudes.array())).maxCoeff();
}

template <class Weights>
matrix restored(const Weights& weights) {
    matrix w(rows, columns);
    lowprec::dequantize(weights, values_of(w));
    return w;
}

matrix through(const layer_product& product, const matrix& x) {
    matrix y = matrix::Constant(x.rows(), rows, NAN);
    quantized_linear({{"a", product}})("a", x, y);
    return y;
}

}  // namespace

TEST_CASE("layers of quantized weights give the products with what their codes stand for", "[ptq]") {
    const auto x = noise(tokens, columns, 1), w = noise(rows, columns, 2);
    const auto int4 =
        lowprec::quantize<lowprec::affine<4, lowprec::integer_codes::unsigned_full>,
                          lowprec::affine_policy{.range = lowprec::range_kind::asymmetric}, lowprec::fp16>(
            values_of(w), rows, columns, lowprec::granularity::group(64));
    const auto nvfp4 = lowprec::quantize<lowprec::nvfp4>(values_of(w), columns);
    CHECK(error_in_bounds(x, restored(int4.view()), through(product_of(int4), x)) < 1);
    CHECK(error_in_bounds(x, restored(nvfp4), through(product_of(nvfp4), x)) < 1);
    CHECK(error_in_bounds(x, w, through(product_of(int4), x)) > 100);  // the test would see another matrix
}

TEST_CASE("layers of int8 weights and inputs give the products of both codes", "[ptq]") {
    const auto x = noise(tokens, columns, 3), w = noise(rows, columns, 4);
    const auto int8 = lowprec::quantize<lowprec::affine<8>>(values_of(w), rows, columns, lowprec::granularity::row());
    const auto restored_weights = restored(int8.view());
    matrix by_row = x, by_tensor = x;
    const auto fixed = int8_inputs::from_amax(0.5F);  // half of the inputs saturate
    for (Eigen::Index i = 0; i < tokens; ++i) {
        const auto own = int8_inputs::from_amax(x.row(i).cwiseAbs().maxCoeff());
        for (Eigen::Index j = 0; j < columns; ++j) {
            by_row(i, j) = own.dequantize(own.quantize(x(i, j)));
            by_tensor(i, j) = fixed.dequantize(fixed.quantize(x(i, j)));
        }
    }
    CHECK(error_in_bounds(by_row, restored_weights, through(int8_product_of(int8), x)) < 1);
    CHECK(error_in_bounds(by_tensor, restored_weights, through(int8_product_of(int8, fixed), x)) < 1);
    CHECK(error_in_bounds(x, restored_weights, through(int8_product_of(int8), x)) > 10);
}

TEST_CASE("a layer that isn't there is refused by name", "[ptq]") {
    matrix y(1, 1);
    CHECK_THAT(message_of([&] { quantized_linear({})("lm_head", y, y); }), contains("lm_head"));
}

TEST_CASE("paired differences and their standard errors", "[ptq]") {
    const std::vector<double> a{1, 5, 2, 8}, b{2, 5, 3, 11};  // 1, 0, 1, 3: mean 5/4, squares 19/4
    const auto d = ptq::paired_difference(a, b);
    CHECK(d.mean == Approx(1.25));
    CHECK(d.error == Approx(std::sqrt(19.0 / 4 / 3 / 4)));
    CHECK(!d.is_seen());                       // 1.25 is below two times 0.629
    const std::vector<double> c{2, 6, 3, 10};  // 1, 1, 1, 2
    CHECK(ptq::paired_difference(a, c).is_seen());
    CHECK(!ptq::paired_difference(a, a).is_seen());
    CHECK(ptq::difference{std::nan(""), 0}.is_seen());

    const auto percent = ptq::in_percent_of_perplexity({std::log(1.5), 0.01});
    CHECK(percent.mean == Approx(50));
    CHECK(percent.error == Approx(1.5));

    const std::vector<float> values{1, 2, 3, 4, 5, 9};
    CHECK(ptq::means_of<float>(values, 3) == std::vector<double>{2, 6});
    CHECK_THAT(message_of([&] { ptq::means_of<float>(values, 4); }), contains("windows of 4"));
    CHECK_THAT(message_of([&] { ptq::paired_difference(a, std::vector<double>{1}); }), contains("4 and 1"));
    CHECK_THAT(message_of([] { ptq::paired_difference(std::vector<double>{1}, std::vector<double>{1}); }),
               contains("1 and 1"));
}
