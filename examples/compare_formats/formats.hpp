// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The signed formats of the table as values.
#ifndef LOWPREC_EXAMPLES_COMPARE_FORMATS_FORMATS_HPP
#define LOWPREC_EXAMPLES_COMPARE_FORMATS_FORMATS_HPP

#include <cstddef>
#include <limits>
#include <lowprec/lowprec.hpp>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "products.hpp"

namespace compare_formats {

/// A format of the table as a value, so that only the rounding itself is compiled for every format.
struct signed_format {
    std::string_view name;
    int bits;
    double largest;
    double smallest;  ///< positive
    void (*round)(std::span<float> values, float scale, float back);
    /// None for formats that no product takes.
    product (*as_weights)(std::span<const float> weights, std::size_t rows, std::size_t columns, float scale,
                          float back);

    /// Formats of 8 bits and fewer are scaled; the wider ones have range enough.
    [[nodiscard]] bool is_scaled() const { return bits <= 8; }
};

/// Every value through F and back, with `scale` before and `back` after: the heart of this program.
template <lowprec::format F>
void round_through(std::span<float> values, float scale, float back) {
    for (float& value : values) value = static_cast<float>(lowprec::convert<F>(value * scale)) * back;
}

/// The signed rows of the table, in order.
template <multiplied What>
std::vector<signed_format> signed_formats() {
    std::vector<signed_format> rows;
    const auto add = [&]<class F>() {
        using limits = std::numeric_limits<F>;
        if constexpr (F::sign_bits == 1) {
            rows.push_back({lowprec::name_of<F>, F::width, static_cast<double>((limits::max)()),
                            static_cast<double>(limits::denorm_min()), round_through<F>, nullptr});
            if constexpr (What == multiplied::codes && F::width <= 8) rows.back().as_weights = product_in_format<F>;
        }
    };
    [&]<class... Fs>(std::tuple<Fs...>*) {
        (add.template operator()<Fs>(), ...);
    }(static_cast<lowprec::all_formats*>(nullptr));
    return rows;
}

}  // namespace compare_formats

#endif
