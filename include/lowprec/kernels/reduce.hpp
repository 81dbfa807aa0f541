// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// What quantizers ask of floats before they choose a scale: the largest magnitude, the range, whether all are finite, sums.
// Of everything, of each block of n elements, or of each row of a matrix.
//
//     abs_max(in)   abs_max_blocks(in, n, out)   abs_max_rows(in, columns, out)
//     min_max       all_finite       sum       sum_of_squares       likewise
//
// Every instruction set gives the same bits, whatever the compiler's flags and the floating-point environment are.
#ifndef LOWPREC_KERNELS_REDUCE_HPP
#define LOWPREC_KERNELS_REDUCE_HPP

#include <concepts>
#include <iterator>
#include <lowprec/detail/fail_argument.hpp>
#include <lowprec/kernels/environment.hpp>
#include <lowprec/kernels/reduce/avx512.hpp>
#include <lowprec/kernels/reduce/generic.hpp>
#include <lowprec/kernels/reduce/scalar.hpp>
#include <string_view>
#include <type_traits>

namespace lowprec {

namespace detail {

struct any_environment {};

/// Reduces blocks of n floats, n >= 1, the last one of what is left of `count`, and writes a reduced<R> for each. Nothing need
/// be aligned. `to` holds no byte of the input.
template <reduction R, class Isa>
[[gnu::noinline]] void reduce_blocks(const std::byte* from, std::size_t count, std::size_t n, std::byte* to) noexcept {
    [[maybe_unused]] const std::conditional_t<is_sum<R>, environment<Isa>, any_environment> guard;
    if constexpr (Isa::has(simd::avx512) && !is_sum<R>) {
#if defined(__AVX512F__)
        reduce_by_avx512<R, Isa>(from, count, n, to);
#endif
    } else if constexpr (Isa::vectors) {
        reduce_by_vectors<R, Isa>(from, count, n, to);
    } else {
        for (std::size_t size; count != 0; count -= size, from += 4 * size, to += sizeof(reduced<R>)) {
            size = count < n ? count : n;
            reduce_one_by_one<R, Isa>(from, size, to);
        }
    }
}

// Ranges are what std::data and std::size take: vector<bool> and deque are not.
template <class Range, class T>
concept contiguous_of = requires(Range& range) {
    { std::size(range) } -> std::convertible_to<std::size_t>;
    requires std::is_same_v<std::remove_const_t<std::remove_pointer_t<decltype(std::data(range))>>, T>;
};
template <class Range, class T>
concept contiguous_output_of = contiguous_of<Range, T> && requires(Range& range, T x) {
    *std::data(range) = x;
};

template <class In>
LOWPREC_INLINE std::size_t count_of(const In& in) noexcept {
    static_assert(contiguous_of<const In, float>, "lowprec: reductions take a vector, array or span of float");
    return std::size(in);
}

template <reduction R, class In>
LOWPREC_INLINE reduced<R> reduce(const In& in) noexcept {
    reduced<R> result;
    const std::size_t count = count_of(in);
    if (count != 0)
        reduce_blocks<R, simd::native>(reinterpret_cast<const std::byte*>(std::data(in)), count, count,
                                       reinterpret_cast<std::byte*>(&result));
    else if constexpr (R == reduction::min_max)
        result = {__builtin_inff(), -__builtin_inff()};
    else
        result = R == reduction::all_finite;
    return result;
}

template <reduction R, class In, class Out>
LOWPREC_INLINE void reduce_into(const In& in, std::size_t n, std::size_t blocks, Out& out, std::string_view operation) {
    static_assert(
        contiguous_output_of<Out, reduced<R>>,
        "lowprec: the results of a reduction go to a vector, array or span of float for abs_max, of extent for "
        "min_max, of bool for all_finite (not vector<bool>), of double for sums");
    if (std::size(out) != blocks)
        fail_argument("lowprec::", operation, ": ", count_of(in), " elements in blocks of ", n, " have ", blocks,
                      " results, but there is room for ", std::size(out));
    if (blocks != 0)
        reduce_blocks<R, simd::native>(reinterpret_cast<const std::byte*>(std::data(in)), count_of(in), n,
                                       reinterpret_cast<std::byte*>(std::data(out)));
}

template <reduction R, class In, class Out>
LOWPREC_INLINE void reduce_in_blocks(const In& in, std::size_t n, Out& out, std::string_view operation) {
    const std::size_t count = count_of(in);
    if (n == 0) fail_argument("lowprec::", operation, ": blocks of 0 elements");
    reduce_into<R>(in, n, count / n + (count % n != 0 ? 1 : 0), out, operation);
}

template <reduction R, class In, class Out>
LOWPREC_INLINE void reduce_in_rows(const In& in, std::size_t columns, Out& out, std::string_view operation) {
    const std::size_t count = count_of(in);
    if (columns == 0 || count % columns != 0)
        fail_argument("lowprec::", operation, ": ", count, " elements are no rows of ", columns);
    reduce_into<R>(in, columns, count / columns, out, operation);
}

}  // namespace detail

/// The largest magnitude; 0 if there is no element.
/// Shapes:  a contiguous range of float: vector, array, span.
/// Beyond:  infinity counts as the largest; if there is any NaN the result is NaN, 7FC00000.
/// Cost:    reads the input once; no allocation. The floating-point environment is left as it was.
template <class In>
[[nodiscard]] LOWPREC_INLINE float abs_max(const In& in) noexcept {
    return detail::reduce<detail::reduction::abs_max>(in);
}

/// The same of each block of n elements, the last of which may be short. Output and input must not overlap.
/// Shapes:  as many results as there are blocks.
/// Errors:  std::invalid_argument if n is 0 or `out` has another size; it says both.
template <class In, class Out>
LOWPREC_INLINE void abs_max_blocks(const In& in, std::size_t n, Out&& out) {
    detail::reduce_in_blocks<detail::reduction::abs_max>(in, n, out, "abs_max_blocks");
}

/// The same of each row of a row-major matrix.
/// Errors:  also std::invalid_argument if the elements are no whole rows, or `columns` is 0.
template <class In, class Out>
LOWPREC_INLINE void abs_max_rows(const In& in, std::size_t columns, Out&& out) {
    detail::reduce_in_rows<detail::reduction::abs_max>(in, columns, out, "abs_max_rows");
}

/// The smallest and the largest element; infinity and -infinity if there is none. -0 is smaller than +0.
/// Shapes:  as abs_max.
/// Beyond:  infinities count as the ends; if there is any NaN both are NaN, 7FC00000.
/// Cost:    as abs_max.
template <class In>
[[nodiscard]] LOWPREC_INLINE extent min_max(const In& in) noexcept {
    return detail::reduce<detail::reduction::min_max>(in);
}

/// As abs_max_blocks; `out` is of extent.
template <class In, class Out>
LOWPREC_INLINE void min_max_blocks(const In& in, std::size_t n, Out&& out) {
    detail::reduce_in_blocks<detail::reduction::min_max>(in, n, out, "min_max_blocks");
}

/// As abs_max_rows; `out` is of extent.
template <class In, class Out>
LOWPREC_INLINE void min_max_rows(const In& in, std::size_t columns, Out&& out) {
    detail::reduce_in_rows<detail::reduction::min_max>(in, columns, out, "min_max_rows");
}

/// Whether there is neither an infinity nor a NaN; so if there is no element.
/// Shapes:  as abs_max.
/// Cost:    as abs_max.
template <class In>
[[nodiscard]] LOWPREC_INLINE bool all_finite(const In& in) noexcept {
    return detail::reduce<detail::reduction::all_finite>(in);
}

/// As abs_max_blocks; `out` is of bool.
template <class In, class Out>
LOWPREC_INLINE void all_finite_blocks(const In& in, std::size_t n, Out&& out) {
    detail::reduce_in_blocks<detail::reduction::all_finite>(in, n, out, "all_finite_blocks");
}

/// As abs_max_rows; `out` is of bool.
template <class In, class Out>
LOWPREC_INLINE void all_finite_rows(const In& in, std::size_t columns, Out&& out) {
    detail::reduce_in_rows<detail::reduction::all_finite>(in, columns, out, "all_finite_rows");
}

/// The sum in double; +0 if there is no element.
/// Shapes:  as abs_max.
/// Rounds:  each addition to nearest even, in an order that never changes: element i is added to partial sum i % 16, which
///          starts at +0; then partial sum i + 8 is added to i for i < 8, i + 4 to i for i < 4, i + 2, i + 1.
/// Beyond:  NaN is 7FF8000000000000, also that of infinities of both signs.
/// Cost:    as abs_max.
template <class In>
[[nodiscard]] LOWPREC_INLINE double sum(const In& in) noexcept {
    return detail::reduce<detail::reduction::sum>(in);
}

/// As abs_max_blocks; `out` is of double. i counts from the start of each block.
template <class In, class Out>
LOWPREC_INLINE void sum_blocks(const In& in, std::size_t n, Out&& out) {
    detail::reduce_in_blocks<detail::reduction::sum>(in, n, out, "sum_blocks");
}

/// As abs_max_rows; `out` is of double.
template <class In, class Out>
LOWPREC_INLINE void sum_rows(const In& in, std::size_t columns, Out&& out) {
    detail::reduce_in_rows<detail::reduction::sum>(in, columns, out, "sum_rows");
}

/// The sum of the squares in double, which are exact; otherwise as sum.
template <class In>
[[nodiscard]] LOWPREC_INLINE double sum_of_squares(const In& in) noexcept {
    return detail::reduce<detail::reduction::sum_of_squares>(in);
}

/// As abs_max_blocks; `out` is of double.
template <class In, class Out>
LOWPREC_INLINE void sum_of_squares_blocks(const In& in, std::size_t n, Out&& out) {
    detail::reduce_in_blocks<detail::reduction::sum_of_squares>(in, n, out, "sum_of_squares_blocks");
}

/// As abs_max_rows; `out` is of double.
template <class In, class Out>
LOWPREC_INLINE void sum_of_squares_rows(const In& in, std::size_t columns, Out&& out) {
    detail::reduce_in_rows<detail::reduction::sum_of_squares>(in, columns, out, "sum_of_squares_rows");
}

}  // namespace lowprec

#endif
