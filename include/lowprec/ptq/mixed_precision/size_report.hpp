// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 7
//
// What a model takes in memory under a policy, with scales and zero points.
#ifndef LOWPREC_PTQ_MIXED_PRECISION_SIZE_REPORT_HPP
#define LOWPREC_PTQ_MIXED_PRECISION_SIZE_REPORT_HPP

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <lowprec/ptq/mixed_precision/rules.hpp>
#include <span>
#include <string>
#include <vector>

namespace lowprec::ptq {

/// A layer's weights: [outputs, inputs]. A vector has one row.
struct layer_shape {
    std::string name;
    std::size_t rows = 0;
    std::size_t columns = 0;
    friend bool operator==(const layer_shape&, const layer_shape&) = default;
};

namespace detail {

constexpr void add_checked(std::size_t& sum, std::size_t n) {
    if (__builtin_add_overflow(sum, n, &sum)) lowprec::detail::fail_argument("lowprec::ptq: more than 2^64 bytes");
}
constexpr void add_checked(storage_size& sum, const storage_size& n) {
    add_checked(sum.codes, n.codes);
    add_checked(sum.scales, n.scales);
    add_checked(sum.zeros, n.zeros);
    std::size_t all = sum.codes;
    add_checked(all, sum.scales);
    add_checked(all, sum.zeros);
}
inline double ratio(std::size_t bytes, std::size_t elements) noexcept {
    return elements == 0 ? 0 : static_cast<double>(bytes) * 8 / static_cast<double>(elements);
}

}  // namespace detail

/// The bytes of one layer, or of all that share a format of weights.
struct size_row {
    std::string name;  ///< the layer's, or the format's
    tensor_format weights;
    std::size_t elements = 0;
    storage_size size;
    [[nodiscard]] double bits_per_weight() const noexcept { return detail::ratio(size.bytes(), elements); }
};

/// The bytes of a model.
struct size_report {
    std::vector<size_row> layers;   ///< as they were given
    std::vector<size_row> formats;  ///< the most bytes first
    std::size_t elements = 0;
    storage_size size;

    /// Effective bits: all bytes over all weights.
    [[nodiscard]] double bits_per_weight() const noexcept { return detail::ratio(size.bytes(), elements); }

    /// A line for each format and one for all.
    [[nodiscard]] std::string text() const {
        std::string out = "     weights        bytes  bits each  format\n";
        const auto line = [&](std::size_t n, std::size_t bytes, double bits, const std::string& words) {
            char numbers[80];
            std::snprintf(numbers, sizeof numbers, "%12zu %12zu %10.4f  ", n, bytes, bits);
            out += numbers + words + "\n";
        };
        for (const size_row& row : formats) line(row.elements, row.size.bytes(), row.bits_per_weight(), row.name);
        line(elements, size.bytes(), bits_per_weight(), "all");
        return out;
    }
};

/// Adds up what layers take.
/// Errors:  std::invalid_argument if the bytes can't be counted in a std::size_t.
[[nodiscard]] inline size_report report_size(const mixed_precision& policy, std::span<const layer_shape> layers,
                                             zero_points zeros = zero_points::bytes) {
    size_report report;
    for (const layer_shape& layer : layers) {
        const tensor_format weights = policy.of(layer.name).weights;
        const storage_size size = weights.size(layer.rows, layer.columns, zeros);
        const std::size_t elements = layer.rows * layer.columns;
        detail::add_checked(report.size, size);
        detail::add_checked(report.elements, elements);
        report.layers.push_back({layer.name, weights, elements, size});
        auto format = std::find_if(report.formats.begin(), report.formats.end(),
                                   [&](const size_row& row) { return row.weights == weights; });
        if (format == report.formats.end()) {
            report.formats.push_back({weights.text(), weights, 0, {}});
            format = report.formats.end() - 1;
        }
        format->elements += elements;
        detail::add_checked(format->size, size);
    }
    std::stable_sort(report.formats.begin(), report.formats.end(),
                     [](const size_row& a, const size_row& b) { return a.size.bytes() > b.size.bytes(); });
    return report;
}

}  // namespace lowprec::ptq

#endif
