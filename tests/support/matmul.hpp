// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Matrix products once more: weights that a test writes bit by bit together with the numbers they stand for, so that what a product
// should be is known without the library; an executor that scrambles its tasks; activations on which sums cancel.
#ifndef LOWPREC_TESTS_SUPPORT_MATMUL_HPP
#define LOWPREC_TESTS_SUPPORT_MATMUL_HPP

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <lowprec/kernels/matmul.hpp>
#include <thread>
#include <vector>

#include "support/tally.hpp"

namespace matmul_checks {

using namespace lowprec;

/// The bits of a float format, written down once more.
struct fields {
    int exponent, mantissa, bias;
    enum { finite, all_ones, ieee } specials;
};
template <class F>
inline constexpr fields fields_of{};
template <>
inline constexpr fields fields_of<e4m3>{4, 3, 7, fields::all_ones};
template <>
inline constexpr fields fields_of<ue4m3>{4, 3, 7, fields::all_ones};
template <>
inline constexpr fields fields_of<e5m2>{5, 2, 15, fields::ieee};
template <>
inline constexpr fields fields_of<e3m2>{3, 2, 3, fields::finite};
template <>
inline constexpr fields fields_of<e2m3>{2, 3, 1, fields::finite};
template <>
inline constexpr fields fields_of<e2m1>{2, 1, 1, fields::finite};
template <>
inline constexpr fields fields_of<bf16>{8, 7, 127, fields::ieee};
template <>
inline constexpr fields fields_of<fp16>{5, 10, 15, fields::ieee};

inline double value_of(fields f, unsigned code) {
    const unsigned magnitude = code & ((1U << (f.exponent + f.mantissa)) - 1);
    const unsigned e = magnitude >> f.mantissa, m = magnitude & ((1U << f.mantissa) - 1);
    const double sign = code >> (f.exponent + f.mantissa) != 0 ? -1 : 1;
    const bool top = e == (1U << f.exponent) - 1;
    if (f.specials == fields::ieee && top)
        return m == 0 ? sign * std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    if (f.specials == fields::all_ones && top && m == (1U << f.mantissa) - 1)
        return std::numeric_limits<double>::quiet_NaN();
    const unsigned significand = e == 0 ? m : m + (1U << f.mantissa);
    return sign * std::ldexp(static_cast<double>(significand), static_cast<int>(e == 0 ? 1 : e) - f.bias - f.mantissa);
}
/// Of a scale or an element as its code says.
template <class T>
double number_of(unsigned code) {
    if constexpr (std::is_same_v<T, e8m0>)
        return code == 255 ? std::numeric_limits<double>::quiet_NaN() : std::ldexp(1.0, static_cast<int>(code) - 127);
    else
        return value_of(fields_of<T>, code);
}

template <class X>
X as(double x) {
    if constexpr (std::is_same_v<X, float>)
        return static_cast<float>(x);
    else
        return X(x);
}
template <class X>
double exactly(X x) {
    if constexpr (std::is_same_v<X, float>)
        return static_cast<double>(x);
    else
        return value_of(fields_of<X>, x.bits());
}

inline double uniform(random_bits& next) { return static_cast<double>(next() >> 11) * 0x1p-53; }
inline int between(int lowest, int highest, random_bits& next) {
    return lowest + static_cast<int>(next() % static_cast<std::uint64_t>(highest - lowest + 1));
}

/// Bits of a stream, low ones first.
inline void put_bits(std::span<std::byte> bytes, std::size_t first, int width, unsigned code) {
    for (int i = 0; i < width; ++i) {
        const std::size_t at = first + static_cast<std::size_t>(i);
        const auto bit = static_cast<std::byte>(1U << at % 8);
        bytes[at / 8] = (code >> i & 1U) != 0 ? bytes[at / 8] | bit : bytes[at / 8] & ~bit;
    }
}

enum class codes_are { any, extreme, highest, lowest, in_pairs };
inline int some_code(codes_are which, int lowest, int highest, random_bits& next) {
    switch (which) {
    case codes_are::extreme: return next() % 2 == 0 ? lowest : highest;
    case codes_are::highest: return highest;
    case codes_are::lowest: return lowest;
    default: return between(lowest, highest, next);
    }
}

/// The columns that a granularity joins: 0 stands for the tensor, ~0 for rows.
inline constexpr std::size_t whole_tensor = 0, whole_row = ~std::size_t{0};
inline granularity granularity_of(std::size_t group) {
    return group == whole_tensor ? granularity::tensor()
           : group == whole_row  ? granularity::row()
                                 : granularity::group(group);
}

/// An affine matrix, and its codes and zero points as integers.
template <class A, class S = float>
struct affine_case {
    std::size_t rows, columns, group;
    affine_matrix<A, S> matrix;
    std::vector<int> codes, zeros;  // of each element
    std::vector<double> scales;     // of each element
    std::vector<double> values;     // scale * (code - zero)

    affine_case(std::size_t n, std::size_t k, codes_are which, random_bits& next, std::size_t by, bool zero_points)
        : rows{n},
          columns{k},
          group{by},
          matrix{n, k, granularity_of(by), zero_points ? range_kind::asymmetric : range_kind::symmetric},
          codes(n * k),
          zeros(n * k),
          scales(n * k),
          values(n * k) {
        auto view = matrix.view();
        const std::size_t wide = by == whole_tensor || by > k ? k : by;
        const std::size_t per_row = wide == 0 ? 0 : (k + wide - 1) / wide;
        const std::size_t row_bytes = (k * A::bits + 7) / 8;
        const bool is_signed = A::codes == integer_codes::signed_full || A::codes == integer_codes::signed_narrow;
        const std::size_t groups = by == whole_tensor ? 1 : n * per_row;
        std::vector<double> scale(groups);
        std::vector<int> zero(groups, is_signed ? 0 : 1 << (A::bits - 1));
        for (std::size_t g = 0; g < groups; ++g) {
            const S s = matmul_checks::as<S>((1 + uniform(next)) * 0x1p-7);
            view.scales()[g] = s;
            scale[g] = exactly(s);
            if (zero_points) {
                zero[g] = some_code(which, A::lowest, A::highest, next);
                view.zero_points()[g] = static_cast<typename A::code_type>(zero[g]);
            }
        }
        for (std::size_t r = 0; r < n; ++r)
            for (std::size_t c = 0; c < k; ++c) {
                const std::size_t i = r * k + c, g = by == whole_tensor ? 0 : r * per_row + c / wide;
                codes[i] = which == codes_are::in_pairs && c % 2 == 1 ? codes[i - 1]
                                                                      : some_code(which, A::lowest, A::highest, next);
                put_bits(view.codes().subspan(r * row_bytes, row_bytes), c * A::bits, A::bits,
                         static_cast<unsigned>(codes[i]));
                zeros[i] = zero[g];
                scales[i] = scale[g];
                values[i] = scale[g] * (codes[i] - zero[g]);
            }
    }
    const affine_matrix<A, S>& source() const { return matrix; }
    affine_span<const A, S> view() const { return matrix.view(); }
};

/// The values of an element type's codes, and codes that are finite numbers.
template <class E>
double element_value(unsigned code) {
    if constexpr (std::is_same_v<E, detail::mx_int8>)
        return static_cast<double>(static_cast<std::int8_t>(code)) / 64;
    else if constexpr (std::is_same_v<E, detail::plain_int8>)
        return static_cast<double>(static_cast<std::int8_t>(code));
    else if constexpr (std::is_same_v<E, detail::offset_int4>)
        return static_cast<double>(code) - 8;
    else
        return number_of<E>(code);
}
template <class E>
unsigned some_element(random_bits& next) {
    for (;;) {
        const auto code = static_cast<unsigned>(next() & ((1U << E::width) - 1));
        if (std::isfinite(element_value<E>(code))) return code;
    }
}

/// A matrix of blocks, and its elements and scales as numbers. Scales lie around 1.
template <class B>
struct block_case {
    std::size_t rows, columns;
    block_tensor<B> tensor;
    std::vector<double> elements, scales, values;  // of each element; values: with all scales
    float tensor_scale = 1;

    block_case(std::size_t n, std::size_t k, codes_are which, random_bits& next)
        : rows{n}, columns{k}, tensor{n, k}, elements(n * k), scales(n * k), values(n * k) {
        constexpr std::size_t length = B::length, width = B::element::width;
        constexpr bool separate = B::layout == block_layout::separate;
        if (B::has_tensor_scale) tensor_scale = static_cast<float>((1 + uniform(next)) * 0x1p-5);
        tensor.set_tensor_scale(tensor_scale);
        const std::size_t blocks = (k + length - 1) / length, together = B::blocks_together;
        const std::size_t one = length * width / 8 + sizeof(typename B::scale);
        for (std::size_t r = 0; r < n; ++r)
            for (std::size_t b = 0; b < blocks; ++b) {
                const unsigned scale = some_scale(next);
                // where the scale lies, and where the codes begin
                std::size_t scale_at = (r * blocks + b) * sizeof(typename B::scale), codes_at = 0;
                if (!separate) {
                    const std::size_t fours = (blocks + together - 1) / together;
                    const std::size_t at = (r * fours + b / together) * together * one;
                    scale_at = at + b % together * sizeof(typename B::scale);
                    codes_at = at + together * sizeof(typename B::scale) + b % together * (length * width / 8);
                }
                const std::span<std::byte> memory = separate ? tensor.scales() : tensor.codes();
                for (std::size_t i = 0; i < sizeof(typename B::scale); ++i)
                    memory[scale_at + i] = static_cast<std::byte>(scale >> 8 * i & 0xFF);
                unsigned code = 0;
                for (std::size_t i = 0; i < length && b * length + i < k; ++i) {
                    const std::size_t c = b * length + i;
                    if (which != codes_are::in_pairs || i % 2 == 0) code = some_element<typename B::element>(next);
                    if (separate)
                        put_bits(tensor.codes().subspan(r * ((k * width + 7) / 8)), c * width, width, code);
                    else if (width == 8)
                        tensor.codes()[codes_at + i] = static_cast<std::byte>(code);
                    else
                        put_bits(tensor.codes().subspan(codes_at), i % (length / 2) * 8 + i / (length / 2) * 4, 4,
                                 code);
                    elements[r * k + c] = element_value<typename B::element>(code);
                    scales[r * k + c] = number_of<typename B::scale>(scale);
                    values[r * k + c] = elements[r * k + c] * scales[r * k + c] * static_cast<double>(tensor_scale);
                }
            }
    }
    const block_tensor<B>& source() const { return tensor; }
    block_span<const B> view() const { return tensor.view(); }

private:
    static unsigned some_scale(random_bits& next) {
        if constexpr (std::is_same_v<typename B::scale, e8m0>)
            return 127 - 6 + static_cast<unsigned>(next() % 10);
        else if constexpr (std::is_same_v<typename B::scale, fp16>)  // of both signs where a format has them
            return static_cast<unsigned>(next() % 0x800) + 0x3800 +
                   (B::rule == scale_rule::signed_largest && next() % 2 == 0 ? 0x8000U : 0U);
        else
            return static_cast<unsigned>(next() % 0x7F);  // zero and subnormal scales, too
    }
};

/// A matrix of float codes with float scales.
template <class F>
struct scaled_case {
    std::size_t rows, columns;
    scale_tiling by;
    std::vector<F> codes;
    std::vector<float> scales;
    std::vector<double> values;

    scaled_case(std::size_t n, std::size_t k, codes_are which, random_bits& next, scale_tiling tiles)
        : rows{n}, columns{k}, by{tiles}, values(n * k) {
        const std::size_t high = tiles.rows < n ? tiles.rows : n, wide = tiles.columns < k ? tiles.columns : k;
        const std::size_t across = (k + wide - 1) / wide, down = (n + high - 1) / high;
        for (std::size_t i = 0; i < across * down; ++i) scales.push_back(static_cast<float>(1 + uniform(next)));
        unsigned code = 0;
        for (std::size_t r = 0; r < n; ++r)
            for (std::size_t c = 0; c < k; ++c) {
                if (which != codes_are::in_pairs || c % 2 == 0) code = some_element<F>(next);
                codes.push_back(make<F>(code));
                values[r * k + c] = number_of<F>(code) * static_cast<double>(scales[r / high * across + c / wide]);
            }
    }
    scaled_span<F> source() const { return {rows, columns, by, codes, scales}; }
};

/// NF4.
struct codebook_case {
    std::size_t rows, columns, group;
    std::vector<std::byte> codes;
    std::vector<float> scales;
    std::vector<double> values;

    codebook_case(std::size_t n, std::size_t k, codes_are which, random_bits& next, std::size_t size)
        : rows{n}, columns{k}, group{size}, codes(n * ((k + 1) / 2)), values(n * k) {
        const std::size_t across = (k + size - 1) / size;
        for (std::size_t i = 0; i < n * across; ++i) scales.push_back(static_cast<float>(1 + uniform(next)));
        unsigned code = 0;
        for (std::size_t r = 0; r < n; ++r)
            for (std::size_t c = 0; c < k; ++c) {
                if (which != codes_are::in_pairs || c % 2 == 0) code = static_cast<unsigned>(next() % 16);
                put_bits(std::span(codes).subspan(r * ((k + 1) / 2)), c * 4, 4, code);
                values[r * k + c] =
                    static_cast<double>(nf4_table[code]) * static_cast<double>(scales[r * across + c / size]);
            }
    }
    codebook_span source() const { return {rows, columns, group, codes, scales, nf4_table}; }
};

/// Runs tasks backwards on one thread, or out of order on several.
struct scrambled {
    std::size_t threads = 1;
    template <class Task>
    void operator()(std::size_t tasks, Task&& task) const {
        if (threads == 1) {
            for (std::size_t i = tasks; i-- > 0;) task(i);
            return;
        }
        std::vector<std::thread> all;
        for (std::size_t t = 0; t < threads; ++t)
            all.emplace_back([&, t] {
                for (std::size_t i = 0; i < tasks; ++i)
                    if ((i * 7 + 3) % threads == t) task(tasks - 1 - i);
            });
        for (std::thread& t : all) t.join();
    }
};

enum class numbers_are { any, in_pairs, big_and_small, subnormal };
template <class X>
std::vector<X> some_numbers(std::size_t rows, std::size_t columns, numbers_are which, random_bits& next) {
    std::vector<X> x(rows * columns);
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < columns; ++c) {
            double v = (uniform(next) * 2 - 1) * std::ldexp(1.0, static_cast<int>(next() % 8) - 4);
            switch (which) {
            case numbers_are::any: break;
            case numbers_are::in_pairs:  // +a, -a, and now and then a crumb
                if (c % 2 == 1 && next() % 16 != 0) v = -exactly(x[r * columns + c - 1]);
                break;
            case numbers_are::big_and_small: v = c % 9 == 0 ? 12 : c % 9 == 1 && c % 2 == 1 ? -12 : v * 0x1p-12; break;
            case numbers_are::subnormal:
                v = static_cast<double>(between(std::is_same_v<X, float> ? -4000000 : -100,
                                                std::is_same_v<X, float> ? 4000000 : 100, next));
                break;
            }
            if (which == numbers_are::subnormal)  // multiples of the smallest number
                v *= std::is_same_v<X, float> ? 0x1p-149 : std::is_same_v<X, bf16> ? 0x1p-133 : 0x1p-24;
            x[r * columns + c] = matmul_checks::as<X>(v);
        }
    return x;
}

/// gamma as docs/matmul.md has it, and the relative and absolute error of rounding to Out.
inline double gamma(std::size_t columns) { return static_cast<double>((columns + 15) / 16 + 4 + 4) * 0x1p-24; }
template <class Out>
inline constexpr double unit_roundoff = std::is_same_v<Out, float>  ? 0x1p-24
                                        : std::is_same_v<Out, bf16> ? 0x1p-8
                                                                    : 0x1p-11;
template <class Out>
inline constexpr double half_smallest = std::is_same_v<Out, float>  ? 0x1p-150
                                        : std::is_same_v<Out, bf16> ? 0x1p-134
                                                                    : 0x1p-25;

struct expected_output {
    long double value = 0, magnitudes = 0;
};
template <class X>
expected_output expected(const X* x, const double* w, std::size_t columns) {
    expected_output e;
    for (std::size_t c = 0; c < columns; ++c) {
        const long double p = static_cast<long double>(exactly(x[c])) * static_cast<long double>(w[c]);
        e.value += p;
        e.magnitudes += p < 0 ? -p : p;
    }
    return e;
}

/// |y - expected| within gamma and the rounding of y; `roundings` of them may be of subnormal floats.
template <class Out>
bool within(Out y, const expected_output& e, double bound, std::size_t roundings = 0) {
    const long double got = static_cast<long double>(exactly(y)),
                      difference = got > e.value ? got - e.value : e.value - got;
    const long double summed = static_cast<long double>(bound) * e.magnitudes;
    const long double magnitude = (e.value < 0 ? -e.value : e.value) + summed;
    return difference <= summed + magnitude * static_cast<long double>(unit_roundoff<Out>) +
                             static_cast<long double>(half_smallest<Out> + static_cast<double>(roundings) * 0x1p-150);
}

/// matmul for an instruction set.
template <class Isa, class X, class W, class Out>
void product(const std::vector<X>& x, const W& w, std::vector<Out>& y, const matmul_options& options = {},
             scrambled executor = {}) {
    lowprec::matmul<std::vector<X>, W, std::vector<Out>&, scrambled&, Isa>(x, w, y, options, executor);
}

template <class T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

}  // namespace matmul_checks

#endif
