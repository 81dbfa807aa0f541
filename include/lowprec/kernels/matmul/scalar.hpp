// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Products one output after the other, in plain sight: what the kernels are compared with. Integer sums are exact; numbers are
// summed in double, whose error is below that of the last rounding to float up to thousands of columns.
#ifndef LOWPREC_KERNELS_MATMUL_SCALAR_HPP
#define LOWPREC_KERNELS_MATMUL_SCALAR_HPP

#include <cmath>
#include <lowprec/kernels/matmul/sources.hpp>

namespace lowprec {

/// sum x[c] w[row][c] in double, and the sum of the magnitudes, by which error bounds are scaled.
struct reference_output {
    double value, magnitudes;
};

/// One output of a product of numbers (anything that converts to double) with weights of any source.
/// Needs:   x has the weights' columns; row is below their rows.
template <detail::weights_in_rows W, class X>
[[nodiscard]] reference_output matmul_reference(const X* x, const W& weights, std::size_t row) {
    const detail::source_of<W> source{detail::source_view(weights)};
    const std::size_t columns = source.shape().columns;
    reference_output y{0, 0};
    for (std::size_t c = 0; c < columns; ++c) {
        const double scale = convert<double>(source.scale(row, c)) * static_cast<double>(source.tensor_scale());
        const double product = static_cast<double>(x[c]) * (scale * source.element(row, c));
        y.value += product;
        y.magnitudes += product < 0 ? -product : product;
    }
    return y;
}

/// One sum of (a - za) (w - zw) over integer codes, exact.
template <class A, class S, class Code>
[[nodiscard]] std::int64_t matmul_reference(const Code* codes, int zero_point, affine_span<A, S> weights,
                                            std::size_t row) {
    std::int64_t sum = 0;
    for (std::size_t c = 0; c < weights.columns(); ++c)
        sum += (std::int64_t{codes[c]} - zero_point) *
               (std::int64_t{weights.code(row, c)} - weights.at_group(row, c).zero_point);
    return sum;
}

/// One output of blocks times blocks of as many numbers, as lowprec defines it: the products of a block are summed exactly,
/// that times both scales is added to a float in the order of the columns with one rounding, and both tensor scales follow.
template <class B>
[[nodiscard]] float matmul_reference(block_span<const B> x, std::size_t x_row, block_span<const B> weights,
                                     std::size_t row) {
    const detail::weight_source<block_span<const B>> a{x}, w{weights};
    float total = 0;
    for (std::size_t c = 0; c < x.columns();) {
        const std::size_t end = c + B::length < x.columns() ? c + B::length : x.columns();
        const float scale = convert<float>(a.scale(x_row, c)) * convert<float>(w.scale(row, c));  // exact
        double sum = 0;
        for (; c < end; ++c) sum += a.element(x_row, c) * w.element(row, c);
        total = std::fma(static_cast<float>(sum), scale, total);
    }
    return total * (x.tensor_scale() * weights.tensor_scale());
}

}  // namespace lowprec

#endif
