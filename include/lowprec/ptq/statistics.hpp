// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 7
//
// What calibration remembers of a layer's inputs: for each column the mean of |x|, its smallest and its largest number, and the
// Gram matrix, sum of x x^T over the tokens. Batches pass by and aren't kept.
//
//     input_statistics seen(columns);
//     for (each batch) seen.add(x, rows);          padding tokens are left out by a mask
//     seen.merge(other_thread);
//     smooth_quant(seen, layers); awq_search(seen, layers, target); gptq(weights, rows, seen.gram(), target);
#ifndef LOWPREC_PTQ_STATISTICS_HPP
#define LOWPREC_PTQ_STATISTICS_HPP

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/kernels/reduce.hpp>
#include <lowprec/math.hpp>
#include <lowprec/ptq/linear_algebra.hpp>
#include <lowprec/ptq/run.hpp>
#include <span>
#include <string_view>
#include <vector>

namespace lowprec {

/// Whether the Gram matrix is gathered: AWQ and GPTQ need it, SmoothQuant does not. It takes columns^2 doubles.
enum class gram_matrix : unsigned char { gathered, left_out };

namespace detail {

/// Refuses what isn't a matrix of so many rows.
inline std::size_t columns_of(std::string_view function, std::size_t size, std::size_t rows) {
    if (rows == 0 ? size != 0 : size % rows != 0)
        fail_argument("lowprec::", function, ": ", size, " numbers are no matrix of ", rows, " rows");
    return rows == 0 ? 0 : size / rows;
}
/// Refuses NaN and infinity, naming the first.
inline void check_finite(std::string_view function, std::string_view what, std::span<const float> x,
                         std::size_t columns) {
    if (all_finite(x)) return;
    for (std::size_t i = 0; i < x.size(); ++i)
        if (const fp32 v = format_from_native(x[i]); !isfinite(v))
            fail_argument("lowprec::", function, ": ", what, ", row ", i / columns, ", column ", i % columns, " is ",
                          isnan(v) ? "NaN" : "infinite");
}

}  // namespace detail

class input_statistics {
public:
    explicit input_statistics(std::size_t columns, gram_matrix gram = gram_matrix::gathered)
        : low_(columns), high_(columns), magnitudes_(columns) {
        if (columns != 0 && columns > ~std::size_t{0} / columns / sizeof(double))
            detail::fail_argument("lowprec::input_statistics: ", columns, " columns are too many");
        if (gram == gram_matrix::gathered) gram_.assign(columns * columns, 0.0);
    }

    /// Takes a batch of tokens.
    /// Shapes:  x: rows x columns, row-major. counted: one number for each row, or none: rows with 0 are left out, as padding is.
    /// Rounds:  sums are of doubles; the products are exact.
    /// Errors:  std::invalid_argument for another size; for NaN and infinity in a row that counts, naming the first. Nothing is
    ///          taken then.
    /// Cost:    rows x columns^2 multiplications in double, half of them saved; 2 KiB a column.
    void add(std::span<const float> x, std::size_t rows, std::span<const std::uint8_t> counted = {},
             const ptq_run& run = {}) {
        if ((columns() != 0 && rows > ~std::size_t{0} / columns()) || x.size() != rows * columns())
            detail::fail_argument("lowprec::input_statistics::add: ", rows, " rows of ", columns(),
                                  " elements, but there are ", x.size());
        if (!counted.empty() && counted.size() != rows)
            detail::fail_argument("lowprec::input_statistics::add: ", rows, " rows, but the mask has ", counted.size());
        for (std::size_t r = 0; r < rows; ++r)
            if (is_counted(counted, r) && !all_finite(row(x, r)))
                for (std::size_t j = 0; j < columns(); ++j)
                    if (!isfinite(detail::format_from_native(row(x, r)[j])))
                        detail::fail_argument("lowprec::input_statistics::add: row ", r, ", column ", j,
                                              " is NaN or infinite");
        for (std::size_t r = 0; r < rows; ++r)
            if (is_counted(counted, r)) see(row(x, r));
        if (!gram_.empty()) add_to_gram(x, rows, counted, run);
    }

    /// Takes what another has seen.
    /// Errors:  std::invalid_argument if it has other columns, or a Gram matrix where this has none, or the other way round.
    void merge(const input_statistics& other) {
        if (other.columns() != columns() || other.gram_.size() != gram_.size())
            detail::fail_argument("lowprec::input_statistics::merge: ", columns(), " columns and a Gram matrix of ",
                                  gram_.size(), " numbers, the other has ", other.columns(), " and ",
                                  other.gram_.size());
        for (std::size_t j = 0; j < columns(); ++j) {
            magnitudes_[j] += other.magnitudes_[j];
            if (other.tokens_ == 0) continue;
            low_[j] = tokens_ == 0 ? other.low_[j] : (std::min)(low_[j], other.low_[j]);
            high_[j] = tokens_ == 0 ? other.high_[j] : (std::max)(high_[j], other.high_[j]);
        }
        for (std::size_t i = 0; i < gram_.size(); ++i) gram_[i] += other.gram_[i];
        tokens_ += other.tokens_;
    }

    /// The statistics of x / scales: what a layer's inputs are once its scales are folded into the layer before.
    /// Errors:  std::invalid_argument unless there is one positive, finite scale for each column.
    [[nodiscard]] input_statistics divided_by(std::span<const float> scales) const {
        if (scales.size() != columns())
            detail::fail_argument("lowprec::input_statistics::divided_by: ", columns(), " columns, but there are ",
                                  scales.size(), " scales");
        for (std::size_t j = 0; j < columns(); ++j)
            if (const fp32 s = detail::format_from_native(scales[j]); !isfinite(s) || !(s > fp32::from_bits(0)))
                detail::fail_argument("lowprec::input_statistics::divided_by: scale ", j,
                                      " is not positive and finite");
        input_statistics result = *this;
        for (std::size_t j = 0; j < columns(); ++j) {
            result.low_[j] /= scales[j];
            result.high_[j] /= scales[j];
            result.magnitudes_[j] /= static_cast<double>(scales[j]);
        }
        for (std::size_t i = 0; !gram_.empty() && i < columns(); ++i)
            for (std::size_t j = 0; j <= i; ++j)
                result.gram_[i * columns() + j] /= static_cast<double>(scales[i]) * static_cast<double>(scales[j]);
        return result;
    }

    [[nodiscard]] std::size_t columns() const noexcept { return magnitudes_.size(); }
    /// How many rows counted.
    [[nodiscard]] std::uint64_t tokens() const noexcept { return tokens_; }
    /// The mean of |x|; 0 before the first row.
    [[nodiscard]] double abs_mean(std::size_t column) const noexcept {
        return tokens_ == 0 ? 0 : magnitudes_[column] / static_cast<double>(tokens_);
    }
    [[nodiscard]] float abs_max(std::size_t column) const noexcept { return (std::max)(-low_[column], high_[column]); }
    /// The smallest and the largest number; 0 and 0 before the first row.
    [[nodiscard]] extent range(std::size_t column) const noexcept { return {low_[column], high_[column]}; }
    /// The sum of x_i x_j over the rows, in element i * columns + j where j <= i; what stands above the diagonal is not said.
    /// Empty if it is left out.
    [[nodiscard]] std::span<const double> gram() const noexcept { return gram_; }

private:
    static bool is_counted(std::span<const std::uint8_t> counted, std::size_t r) noexcept {
        return counted.empty() || counted[r] != 0;
    }
    std::span<const float> row(std::span<const float> x, std::size_t r) const {
        return x.subspan(r * columns(), columns());
    }
    void see(std::span<const float> x) noexcept {
        for (std::size_t j = 0; j < x.size(); ++j) {
            magnitudes_[j] += std::fabs(static_cast<double>(x[j]));
            low_[j] = tokens_ == 0 ? x[j] : (std::min)(low_[j], x[j]);
            high_[j] = tokens_ == 0 ? x[j] : (std::max)(high_[j], x[j]);
        }
        ++tokens_;
    }
    void add_to_gram(std::span<const float> x, std::size_t rows, std::span<const std::uint8_t> counted,
                     const ptq_run& run) {
        constexpr std::size_t together = 256;
        detail::row_major_matrix some(detail::index((std::min)(rows, together)), detail::index(columns()));
        detail::matrix_map gram(gram_.data(), detail::index(columns()), detail::index(columns()));
        for (std::size_t next = 0; next < rows;) {
            std::size_t n = 0;
            for (; next < rows && n < together; ++next) {
                if (!is_counted(counted, next)) continue;
                const auto numbers = row(x, next);
                for (std::size_t j = 0; j < numbers.size(); ++j)
                    some(detail::index(n), detail::index(j)) = static_cast<double>(numbers[j]);
                ++n;
            }
            const auto used = some.topRows(detail::index(n));
            detail::for_each_tile(run, columns(), [&](detail::tile t) {
                gram.block(t.row, t.column, t.rows, t.columns).noalias() +=
                    used.middleCols(t.row, t.rows).transpose() * used.middleCols(t.column, t.columns);
            });
        }
    }

    std::vector<float> low_, high_;
    std::vector<double> magnitudes_, gram_;
    std::uint64_t tokens_ = 0;
};

}  // namespace lowprec

#endif
