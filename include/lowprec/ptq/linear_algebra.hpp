// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 7
//
// Symmetric matrices in double, row-major, of which the lower triangle is read: blocked factorization and inversion in place,
// and the quadratic form of AWQ's loss. Products are Eigen's. The blocks are the same however many threads there are.
//
//     reverse_cholesky    H = R R^T with R upper triangular: the Cholesky factor of H with rows and columns in reverse order
//     invert_upper        U = R^-1, so that U^T U = H^-1: what GPTQ needs, without H^-1
#ifndef LOWPREC_PTQ_LINEAR_ALGEBRA_HPP
#define LOWPREC_PTQ_LINEAR_ALGEBRA_HPP

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <lowprec/detail/fail_argument.hpp>
#include <lowprec/ptq/run.hpp>
#include <span>
#include <utility>
#include <vector>

namespace lowprec {

namespace detail {

using row_major_matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using matrix_map = Eigen::Map<row_major_matrix>;
using const_matrix_map = Eigen::Map<const row_major_matrix>;

constexpr Eigen::Index index(std::size_t i) noexcept { return static_cast<Eigen::Index>(i); }

/// A part of the lower triangle.
struct tile {
    Eigen::Index row, column, rows, columns;
};
inline constexpr std::size_t tile_size = 256;

/// f(tile) for the tiles that cover the lower triangle of an n x n matrix from row and column `first` on, as tasks.
template <class Function>
void for_each_tile(const ptq_run& run, std::size_t n, Function&& f, std::size_t first = 0) {
    std::vector<tile> tiles;
    for (std::size_t i = first; i < n; i += tile_size)
        for (std::size_t j = first; j <= i; j += tile_size)
            tiles.push_back(
                {index(i), index(j), index((std::min)(tile_size, n - i)), index((std::min)(tile_size, n - j))});
    run_tasks(run, tiles.size(), [&](std::size_t k) { f(tiles[k]); });
}

/// f(first, count) for stretches of n things, as tasks.
template <class Function>
void for_each_part(const ptq_run& run, std::size_t first, std::size_t last, std::size_t size, Function&& f) {
    if (first >= last) return;
    run_tasks(run, (last - first + size - 1) / size, [&](std::size_t k) {
        const std::size_t begin = first + k * size;
        f(begin, (std::min)(size, last - begin));
    });
}

enum class factorization : unsigned char { done, not_positive, cancelled };

inline constexpr std::size_t factor_block = 128;

/// The Cholesky factor of a small matrix in its lower triangle. A pivot that isn't above `least` fails.
template <class Block>
bool small_cholesky(Block&& a, double least) {
    for (Eigen::Index i = 0; i < a.rows(); ++i)
        for (Eigen::Index j = 0; j <= i; ++j) {
            const double rest = a(i, j) - a.row(i).head(j).dot(a.row(j).head(j));
            if (j < i) {
                a(i, j) = rest / a(j, j);
            } else {
                if (!(rest > least)) return false;
                a(i, i) = std::sqrt(rest);
            }
        }
    return true;
}

/// H = L L^T, L in the lower triangle in H's place.
inline factorization cholesky(std::span<double> matrix, std::size_t n, const ptq_run& run) {
    matrix_map a(matrix.data(), index(n), index(n));
    double most = 0;
    for (std::size_t i = 0; i < n; ++i) most = (std::max)(most, a(index(i), index(i)));
    const double least = most * static_cast<double>(n) * 0x1p-52;
    for (std::size_t k = 0; k < n; k += factor_block) {
        if (!goes_on(run, "factorize", k, n)) return factorization::cancelled;
        const std::size_t size = (std::min)(factor_block, n - k), after = k + size;
        auto corner = a.block(index(k), index(k), index(size), index(size));
        if (!small_cholesky(corner, least)) return factorization::not_positive;
        for_each_part(run, after, n, factor_block, [&](std::size_t first, std::size_t rows) {
            auto panel = a.block(index(first), index(k), index(rows), index(size));
            corner.transpose().template triangularView<Eigen::Upper>().template solveInPlace<Eigen::OnTheRight>(panel);
        });
        for_each_tile(
            run, n,
            [&](tile t) {
                a.block(t.row, t.column, t.rows, t.columns).noalias() -=
                    a.block(t.row, index(k), t.rows, index(size)) *
                    a.block(t.column, index(k), t.columns, index(size)).transpose();
            },
            after);
    }
    return factorization::done;
}

/// H = R R^T, R in the upper triangle in place of H reversed: element (i, j) of `matrix` is H(n - 1 - i, n - 1 - j). Reversing
/// rows and columns of a matrix is reversing its memory. What is below R's diagonal is zero afterwards.
inline factorization reverse_cholesky(std::span<double> reversed, std::size_t n, const ptq_run& run) {
    const factorization found = cholesky(reversed, n, run);
    if (found != factorization::done) return found;
    std::reverse(reversed.begin(), reversed.end());
    for (std::size_t i = 0; i < n; ++i) std::fill_n(reversed.begin() + index(i * n), i, 0.0);
    return factorization::done;
}

/// The inverse of an upper triangular matrix, in its place.
/// Needs:   zeros below the diagonal.
inline factorization invert_upper(std::span<double> matrix, std::size_t n, const ptq_run& run) {
    matrix_map u(matrix.data(), index(n), index(n));
    row_major_matrix above;
    for (std::size_t k = 0; k < n; k += factor_block) {
        if (!goes_on(run, "invert", k, n)) return factorization::cancelled;
        const std::size_t size = (std::min)(factor_block, n - k);
        auto corner = u.block(index(k), index(k), index(size), index(size));
        row_major_matrix inverse = row_major_matrix::Identity(index(size), index(size));
        corner.template triangularView<Eigen::Upper>().solveInPlace(inverse);
        corner = inverse;
        above = u.block(0, index(k), index(k), index(size));
        for_each_part(run, 0, k, factor_block, [&](std::size_t first, std::size_t rows) {
            // What is left of the diagonal are zeros.
            const row_major_matrix product =
                u.block(index(first), index(first), index(rows), index(k - first)) * above.bottomRows(index(k - first));
            u.block(index(first), index(k), index(rows), index(size)).noalias() = -product * inverse;
        });
    }
    return factorization::done;
}

/// trace(D H D^T) for rows of D.
inline double quadratic_form(const row_major_matrix& d, std::span<const double> hessian, std::size_t n) {
    const const_matrix_map h(hessian.data(), index(n), index(n));
    double sum = 0;
    for (std::size_t i = 0; i < n; i += tile_size) {
        const std::size_t rows = (std::min)(tile_size, n - i);
        const auto here = d.middleCols(index(i), index(rows));
        const row_major_matrix own =
            here * h.block(index(i), index(i), index(rows), index(rows)).template selfadjointView<Eigen::Lower>();
        sum += own.cwiseProduct(here).sum();
        if (i == 0) continue;
        const row_major_matrix before = here * h.block(index(i), 0, index(rows), index(i));
        sum += 2 * before.cwiseProduct(d.leftCols(index(i))).sum();
    }
    return sum;
}

}  // namespace detail

/// U, upper triangular and row-major, with U^T U = H^-1, by the reverse factorization H = R R^T and U = R^-1.
/// Shapes:  hessian: n x n doubles, row-major, of which the lower triangle is read.
/// Errors:  std::invalid_argument for another size; if H isn't positive definite to working precision.
[[nodiscard]] inline std::vector<double> inverse_factor(std::span<const double> hessian, std::size_t n,
                                                        const ptq_run& run = {}) {
    if (n != 0 && (n > ~std::size_t{0} / n || hessian.size() != n * n))
        detail::fail_argument("lowprec::inverse_factor: a matrix of ", n, " rows, but there are ", hessian.size(),
                              " numbers");
    std::vector<double> u(n * n);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j <= i; ++j) u[i * n + j] = hessian[(n - 1 - j) * n + (n - 1 - i)];
    ptq_run quiet{run.in_parallel, {}};
    if (detail::reverse_cholesky(u, n, quiet) != detail::factorization::done)
        detail::fail_argument("lowprec::inverse_factor: the matrix is not positive definite");
    detail::invert_upper(u, n, quiet);
    return u;
}

}  // namespace lowprec

#endif
