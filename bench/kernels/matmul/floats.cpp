// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Floats of 4 and 8 bits, in blocks or with one scale a row, times bf16.
#include "lowprec.hpp"

namespace lowprec_bench {

namespace {

using namespace lowprec;

template <class B>
product_row blocks() {
    const auto weights = [](const problem& p) { return prepare(quantize<B>(p.w, p.k)); };
    return {std::string(name_of<B>), "bf16", ceiling::bf16_dot, {lowprec_float_product<bf16>(weights)}};
}

/// One scale a row, such that its largest magnitude becomes F's largest.
template <class F>
product_row scaled_rows() {
    const auto weights = [](const problem& p) {
        std::vector<F> codes(p.w.size());
        std::vector<float> scales(p.n);
        for (std::size_t r = 0; r < p.n; ++r) {
            const std::span<const float> row = p.w.subspan(r * p.k, p.k);
            float largest = 0;
            for (const float x : row) largest = (std::max)(largest, x < 0 ? -x : x);
            scales[r] = largest / convert<float>((std::numeric_limits<F>::max)());
            for (std::size_t c = 0; c < p.k; ++c) codes[r * p.k + c] = convert<F>(row[c] / scales[r]);
        }
        return prepare(scaled_span<F>(p.n, p.k, scale_tiling::row(), codes, scales));
    };
    return {std::string(name_of<F>), "bf16", ceiling::bf16_dot, {lowprec_float_product<bf16>(weights)}};
}

}  // namespace

std::vector<product_row> rows_of_floats() {
    return {blocks<nvfp4>(), blocks<mxfp4>(), blocks<mxfp8_e4m3>(), scaled_rows<e4m3>()};
}

}  // namespace lowprec_bench
