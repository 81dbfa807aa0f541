// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Integers in groups of 128 times floats: W4A16.
#include "lowprec.hpp"

namespace lowprec_bench {

namespace {

using namespace lowprec;

constexpr auto int4_by_128 = [](const problem& p) {
    return prepare(quantize<affine<4>, affine_policy{}, fp16>(p.w, p.n, p.k, granularity::group(128)));
};

}  // namespace

std::vector<product_row> rows_of_groups() {
    return {{"int4 by 128", "bf16", ceiling::bf16_dot, {lowprec_float_product<bf16>(int4_by_128)}},
            {"int4 by 128", "fp16", ceiling::fma, {lowprec_float_product<fp16>(int4_by_128)}},
            {"int4 by 128", "float", ceiling::fma, {lowprec_float_product<float>(int4_by_128)}}};
}

}  // namespace lowprec_bench
