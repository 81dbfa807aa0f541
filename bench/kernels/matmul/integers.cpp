// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Integers times integers: W8A8 and W4A8.
#include "lowprec.hpp"

namespace lowprec_bench {

namespace {

using namespace lowprec;

constexpr auto int8_by_row = [](const problem& p) {
    return prepare(quantize<affine<8>>(p.w, p.n, p.k, granularity::row()));
};
constexpr auto int4_by_row = [](const problem& p) {
    return prepare(quantize<affine<4>>(p.w, p.n, p.k, granularity::row()));
};
constexpr auto int4_by_128 = [](const problem& p) {
    return prepare(quantize<affine<4>, affine_policy{}, fp16>(p.w, p.n, p.k, granularity::group(128)));
};

/// Activations that are int8 already.
product_contender static_product() {
    using int8 = affine<8, integer_codes::signed_narrow>;
    return lowprec_product<float>(
        int8_by_row, [](const problem& p) { return quantize<int8>(p.x, p.m, p.k, granularity::row()); },
        [](const affine_matrix<int8>& x, const auto& w, auto& y, const auto& on) { matmul(x.view(), w, y, {}, on); });
}

}  // namespace

std::vector<product_row> rows_of_integers() {
    return {{"int8", "int8", ceiling::int8_dot, {static_product()}},
            {"int8", "float to int8", ceiling::int8_dot, {lowprec_int8_product(int8_by_row)}},
            {"int4", "float to int8", ceiling::int8_dot, {lowprec_int8_product(int4_by_row)}},
            {"int4 by 128", "float to int8", ceiling::int8_dot, {lowprec_int8_product(int4_by_128)}}};
}

}  // namespace lowprec_bench
