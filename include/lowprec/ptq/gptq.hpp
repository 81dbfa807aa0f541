// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 7
//
// GPTQ: weights are rounded column by column, and what a column loses is made up for by the columns that follow, so that the
// layer's outputs on the calibration inputs change least. With U upper triangular and U^T U = H^-1:
//
//     for each column i:   q_i = the nearest code of w_i;   e = (w_i - q_i) / U_ii;   w_k -= e U_ik for all k > i
//
//            columns    done | block | the rest                e U within a block at once, one column after the other;
//            rows       ............................           on the rest by one matrix product a block, in double
//
// It is the Optimal Brain Surgeon's update with a fixed order of columns. sum e^2 is trace(dW H dW^T): what the outputs lose.
#ifndef LOWPREC_PTQ_GPTQ_HPP
#define LOWPREC_PTQ_GPTQ_HPP

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <lowprec/ptq/linear_algebra.hpp>
#include <lowprec/ptq/target.hpp>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace lowprec {

/// The order in which columns are rounded.
enum class column_order : unsigned char {
    natural,
    by_activation,  ///< "act-order": the largest diagonal element of H first, equal ones in natural order
};
/// Which weights a group's parameters are found from. It matters for groups of a row; what a row or the tensor shares always comes
/// from the weights as they were.
enum class group_parameters : unsigned char {
    updated,  ///< as they are when the group's turn comes, all corrections included
    stale,  ///< as GPTQ's code: without the corrections from the current block of 128 columns, which differs for smaller groups
    original,  ///< "static groups": all before the first column. Groups are those of the natural order, whatever the order
};
/// Columns whose input was zero on all tokens.
enum class dead_column : unsigned char {
    rounded,  ///< to nearest: such an input may come later
    zeroed,   ///< as GPTQ's code
};

/// The search for a smaller range that loses less: of the ranges (1 - i / grid) x the group's own, i = 0 to max_shrink x grid,
/// that with the least sum of |q - x|^norm; the first of equal ones.
struct clip_search {
    bool wanted = false;
    double norm = 2.4;
    int grid = 100;
    double max_shrink = 0.8;
};

struct gptq_options {
    column_order order = column_order::natural;
    group_parameters groups = group_parameters::updated;
    dead_column dead = dead_column::rounded;
    double damping = 0.01;      ///< is added to H's diagonal, times its mean
    bool damping_grows = true;  ///< ten times as much, up to 10, where that does not make H positive definite
    clip_search clip{};
    ptq_run run{};

    /// GPTQ's own code: dead columns become zeros, small groups have stale parameters. (Its range of numbers that are none below
    /// zero is the target's: integer_recipe::gptq.)
    [[nodiscard]] static gptq_options reference() {
        gptq_options result;
        result.groups = group_parameters::stale;
        result.dead = dead_column::zeroed;
        return result;
    }
};

template <class Matrix>
struct gptq_result {
    Matrix weights;
    /// Column order[i] of the weights stands in column i of the matrix: only for by_activation with groups that are not original.
    /// Otherwise empty, and all stand where they stood.
    std::vector<std::uint32_t> order;
    /// The group of each column, in natural order ("g_idx"); 0 for rows and tensors.
    std::vector<std::uint32_t> group_index;

    ptq_status status = ptq_status::done;
    double damping = 0;  ///< what it was at last, times the mean of H's diagonal
    std::size_t dead_columns = 0;
    double loss = 0;  ///< trace(dW (H + damping) dW^T); 0 unless the status is done
};

namespace detail {

/// Parameters of a group by its range, or by a smaller one. `scratch` has room for the group.
template <class Target>
typename Target::parameters group_parameters_of(const Target& target, const typename Target::shared& whole,
                                                std::span<const float> x, const clip_search& clip,
                                                std::vector<float>& scratch) {
    const extent all = extent_of(x);
    auto best = target.find(all, whole);
    if (!clip.wanted) return best;
    scratch.resize(x.size());
    double least = 0;
    const int steps = static_cast<int>(clip.max_shrink * clip.grid);
    for (int i = 0; i < steps || i == 0; ++i) {
        const double p = 1 - static_cast<double>(i) / clip.grid;
        const auto shrunk = [p](float end) { return static_cast<float>(p * static_cast<double>(end)); };
        const auto found = target.find({shrunk(all.min), shrunk(all.max)}, whole);
        target.round(found, whole, x, scratch.data());
        double sum = 0;
        for (std::size_t k = 0; k < x.size(); ++k) {
            const double error = std::fabs(static_cast<double>(scratch[k]) - static_cast<double>(x[k]));
            sum += clip.norm == 2 ? error * error : std::pow(error, clip.norm);
        }
        if (i == 0 || sum < least) {
            least = sum;
            best = found;
        }
    }
    return best;
}

/// What all rows of a GPTQ run share.
struct gptq_plan {
    std::size_t columns = 0, group_size = 1, groups = 1;
    bool dynamic = false;              // groups form in processing order, with parameters found on the way
    bool permuted = false;             // the matrix stands in processing order
    bool corrected = true;             // not where the Hessian could not be factorized
    std::vector<std::uint32_t> order;  // of processing
    std::vector<std::uint8_t> dead;    // by column
    std::vector<double> factor;        // U in processing order
};

inline constexpr std::size_t gptq_block = 128, gptq_rows = 64;

/// Checks H and finds dead columns, the order and U.
inline ptq_status prepare_gptq(gptq_plan& plan, std::span<const double> hessian, const gptq_options& options,
                               double& damping) {
    const std::size_t n = plan.columns;
    const auto h = [&](std::size_t i, std::size_t j) { return i < j ? hessian[j * n + i] : hessian[i * n + j]; };
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j <= i; ++j)
            if (!isfinite(format_from_native(hessian[i * n + j])))
                fail_argument("lowprec::gptq: the Hessian, row ", i, ", column ", j, " is NaN or infinite");
    double sum = 0;
    std::size_t alive = 0;
    plan.dead.assign(n, 0);
    for (std::size_t j = 0; j < n; ++j) {
        if (h(j, j) < 0) fail_argument("lowprec::gptq: the Hessian's diagonal element ", j, " is below zero");
        plan.dead[j] = h(j, j) > 0 ? 0 : 1;
        if (plan.dead[j] == 0) ++alive;
        sum += h(j, j);
    }
    plan.order.resize(n);
    std::iota(plan.order.begin(), plan.order.end(), 0U);
    if (options.order == column_order::by_activation)
        std::stable_sort(plan.order.begin(), plan.order.end(),
                         [&](std::uint32_t a, std::uint32_t b) { return h(a, a) > h(b, b); });
    damping = options.damping;
    if (alive == 0) {
        plan.corrected = false;
        return ptq_status::done;
    }
    // Divided by the mean of the diagonal, so that nothing overflows. Dead columns are apart from all others.
    const double mean = sum / static_cast<double>(alive);
    plan.factor.resize(n * n);
    while (true) {
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j <= i; ++j) {
                const std::uint32_t a = plan.order[n - 1 - i], b = plan.order[n - 1 - j];
                const bool apart = plan.dead[a] != 0 || plan.dead[b] != 0;
                plan.factor[i * n + j] = (apart ? (a == b ? 1 : 0) : h(a, b) / mean) + (a == b ? damping : 0);
            }
        auto found = reverse_cholesky(plan.factor, n, options.run);
        if (found == factorization::done) found = invert_upper(plan.factor, n, options.run);
        if (found == factorization::cancelled) return ptq_status::cancelled;
        if (found == factorization::done) break;
        if (!options.damping_grows || damping * 10 > 10) {
            plan.corrected = false;
            plan.factor = {};
            return ptq_status::fell_back;
        }
        damping = damping > 0 ? damping * 10 : 0.01;
    }
    // sum e^2 in the units of H
    const double unit = 1 / std::sqrt(mean);
    for (double& u : plan.factor) u *= unit;
    return ptq_status::done;
}

/// Rounds some rows; returns the sum of e^2.
template <class Target>
double gptq_on_rows(const gptq_plan& plan, const Target& target, const typename Target::shared& whole,
                    std::span<const float> weights, std::size_t first_row, typename Target::matrix& result,
                    const gptq_options& options) {
    using parameters = typename Target::parameters;
    const std::size_t n = plan.columns, rows = weights.size() / n, size = plan.group_size, groups = plan.groups;
    std::vector<parameters> found(rows * groups);
    std::vector<float> group, scratch, with_zeros;
    if (options.dead == dead_column::zeroed) {
        with_zeros.assign(weights.begin(), weights.end());
        for (std::size_t i = 0; i < with_zeros.size(); ++i)
            if (plan.dead[i % n] != 0) with_zeros[i] = 0;
        // What a row shares GPTQ's code finds before it zeroes columns.
        if (groups > 1) weights = with_zeros;
    }
    if (!plan.dynamic)
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t k = 0; k < groups; ++k) {
                const std::size_t begin = k * size, count = (std::min)(size, n - begin);
                found[r * groups + k] =
                    group_parameters_of(target, whole, weights.subspan(r * n + begin, count), options.clip, scratch);
            }
    Eigen::MatrixXd w(index(rows), index(n)), errors, stale;
    if (!with_zeros.empty()) weights = with_zeros;
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t r = 0; r < rows; ++r)
            w(index(r), index(i)) = static_cast<double>(weights[r * n + plan.order[i]]);
    const const_matrix_map u(plan.factor.data(), plan.corrected ? index(n) : 0, plan.corrected ? index(n) : 0);
    std::vector<std::uint8_t> codes(rows * n);
    double loss = 0;
    for (std::size_t begin = 0, end = 0; begin < n; begin = end) {
        end = (std::min)(begin + gptq_block, n);
        const bool fresh = plan.dynamic && options.groups == group_parameters::updated;
        // No group may begin in a block and end after it: its last columns would lack the block's corrections.
        if (fresh && end < n && end / size * size > begin) end = end / size * size;
        if (plan.dynamic && !fresh) stale = w.middleCols(index(begin), index(end - begin));
        errors.resize(index(rows), index(end - begin));
        for (std::size_t i = begin; i < end; ++i) {
            if (plan.dynamic && i % size == 0) {
                group.resize((std::min)(size, n - i));
                for (std::size_t r = 0; r < rows; ++r) {
                    for (std::size_t k = 0; k < group.size(); ++k)
                        group[k] = float_of(fresh || i + k >= end ? w(index(r), index(i + k))
                                                                  : stale(index(r), index(i + k - begin)));
                    found[r * groups + i / size] = group_parameters_of(target, whole, group, options.clip, scratch);
                }
            }
            const std::size_t at = plan.permuted ? i : plan.order[i];  // in the matrix
            const bool alive = plan.dead[plan.order[i]] == 0;
            const double reciprocal = plan.corrected ? u(index(i), index(i)) : 1;
            for (std::size_t r = 0; r < rows; ++r) {
                const parameters& p = found[r * groups + at / size];
                const double x = w(index(r), index(i));
                const std::uint8_t code = target.encode(p, whole, x);
                codes[r * n + at] = code;
                const double e = (x - static_cast<double>(target.decode(p, whole, code))) / reciprocal;
                errors(index(r), index(i - begin)) = e;
                if (alive) loss += e * e;
            }
            if (plan.corrected)
                w.middleCols(index(i + 1), index(end - i - 1)).noalias() -=
                    errors.col(index(i - begin)) * u.row(index(i)).segment(index(i + 1), index(end - i - 1));
        }
        if (plan.corrected && end < n)
            w.rightCols(index(n - end)).noalias() -=
                errors * u.block(index(begin), index(end), index(end - begin), index(n - end));
    }
    for (std::size_t r = 0; r < rows; ++r)
        target.store_row(result, first_row + r, std::span(found).subspan(r * groups, groups),
                         std::span(codes).subspan(r * n, n));
    return plan.corrected ? loss : 0;
}

}  // namespace detail

/// Quantizes a layer's weights by GPTQ.
/// Shapes:  weights: rows x columns, row-major; a row makes one output. hessian: columns x columns, row-major, the lower triangle is
///          read: the Gram matrix of the inputs, in any unit.
/// Rounds:  corrections are computed in double. With a diagonal Hessian every code is round_to_nearest's.
/// Beyond:  dead columns as the options say. A Hessian that no damping makes positive definite gives round_to_nearest's codes and
///          the status fell_back.
/// Errors:  std::invalid_argument for another size; for NaN and infinity in the weights or the Hessian, and a diagonal element
///          below zero, naming the first; for damping that is negative or not finite, for a grid that is not 1 to 1000, and a shrinkage that is
///          not 0 to 1.
/// Cost:    2/3 columns^3 + rows x columns^2 multiplications in double; columns^2 doubles and 1 KiB a column for each
///          thread.
/// Source:  arXiv 2210.17323.
template <class Target>
[[nodiscard]] gptq_result<typename Target::matrix> gptq(std::span<const float> weights, std::size_t rows,
                                                        std::span<const double> hessian, const Target& target,
                                                        const gptq_options& options = {}) {
    const std::size_t columns = detail::columns_of("gptq", weights.size(), rows);
    if (columns != 0 && (hessian.size() / columns != columns || hessian.size() % columns != 0))
        detail::fail_argument("lowprec::gptq: ", columns, " columns, but the Hessian has ", hessian.size(),
                              " numbers; is the Gram matrix gathered?");
    if (!isfinite(detail::format_from_native(options.damping)) || options.damping < 0)
        detail::fail_argument("lowprec::gptq: the damping is negative, infinite or NaN");
    if (options.clip.grid < 1 || options.clip.grid > 1000 ||
        !(options.clip.max_shrink >= 0 && options.clip.max_shrink <= 1) ||
        !(options.clip.norm > 0 && options.clip.norm <= 100))
        detail::fail_argument(
            "lowprec::gptq: the clip search needs a grid of 1 to 1000, a shrinkage of 0 to 1 and a norm above 0");
    detail::check_finite("gptq", "the weights", weights, columns);

    const granularity by = target.by(columns);
    const auto whole = target.share(detail::extent_of(weights));
    gptq_result<typename Target::matrix> result{target.make(rows, columns, whole), {}, {}};
    if (rows == 0 || columns == 0) return result;
    detail::gptq_plan plan;
    plan.columns = columns;
    plan.group_size = by.size(columns);
    plan.groups = by.per_row(columns);
    plan.dynamic = plan.groups > 1 && options.groups != group_parameters::original;
    plan.permuted = plan.dynamic && options.order == column_order::by_activation;
    result.status = detail::prepare_gptq(plan, hessian, options, result.damping);
    for (const std::uint8_t dead : plan.dead) result.dead_columns += dead;
    if (result.status == ptq_status::cancelled) return result;

    result.group_index.resize(columns);
    for (std::size_t i = 0; i < columns; ++i) {
        const std::size_t column = plan.order[i];
        result.group_index[column] = static_cast<std::uint32_t>((plan.permuted ? i : column) / plan.group_size);
    }
    if (plan.permuted) result.order = plan.order;

    constexpr std::size_t together = 16 * detail::gptq_rows;
    std::vector<double> losses((rows + detail::gptq_rows - 1) / detail::gptq_rows);
    for (std::size_t first = 0; first < rows; first += together) {
        if (!detail::goes_on(options.run, "round", first, rows)) {
            result.status = ptq_status::cancelled;
            return result;
        }
        detail::for_each_part(options.run, first, (std::min)(first + together, rows), detail::gptq_rows,
                              [&](std::size_t row, std::size_t count) {
                                  losses[row / detail::gptq_rows] = detail::gptq_on_rows(
                                      plan, target, whole, weights.subspan(row * columns, count * columns), row,
                                      result.weights, options);
                              });
    }
    for (const double loss : losses) result.loss += loss;
    return result;
}

/// The floats that a result stands for, in the natural order of columns: what a layer must be calibrated with that comes later.
template <class Matrix>
[[nodiscard]] std::vector<float> restored(const gptq_result<Matrix>& from) {
    std::vector<float> in_order = restored(from.weights);
    if (from.order.empty()) return in_order;
    std::vector<float> out(in_order.size());
    const std::size_t columns = from.order.size();
    for (std::size_t i = 0; i < out.size(); ++i) out[i / columns * columns + from.order[i % columns]] = in_order[i];
    return out;
}

}  // namespace lowprec

#endif
