// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A quantized matrix against the scalar definition: groups are found and codes are read once more, one by one.
#ifndef LOWPREC_TESTS_SUPPORT_AFFINE_MATRIX_HPP
#define LOWPREC_TESTS_SUPPORT_AFFINE_MATRIX_HPP

#include <algorithm>
#include <bit>
#include <cstdint>
#include <lowprec/quantize/affine.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "support/isa.hpp"
#include "support/tally.hpp"

namespace affine_checks {

using namespace lowprec;

inline float with_bits(std::uint64_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits)); }
inline std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }
inline bool is_finite(float x) { return (bits_of(x) & 0x7F800000) != 0x7F800000; }
inline bool is_nan(float x) { return (bits_of(x) & 0x7FFFFFFF) > 0x7F800000; }

inline const float not_a_number = with_bits(0x7FC00001), infinity = with_bits(0x7F800000),
                   largest = with_bits(0x7F7FFFFF);

/// The groups of a matrix, written down once more: the elements of each, and the group of each element.
struct groups {
    std::vector<std::vector<std::size_t>> members;
    std::vector<std::size_t> of;
};
enum class by_what { tensor, row, group };
struct grouping {
    by_what what;
    std::size_t size = 0;
    granularity get() const {
        return what == by_what::tensor ? granularity::tensor()
               : what == by_what::row  ? granularity::row()
                                       : granularity::group(size);
    }
};
inline groups groups_of(std::size_t rows, std::size_t columns, grouping by) {
    groups g;
    g.of.resize(rows * columns);
    if (by.what == by_what::tensor) g.members.resize(1);
    for (std::size_t row = 0; row < rows; ++row) {
        if (by.what == by_what::row) g.members.emplace_back();
        for (std::size_t column = 0; column < columns; ++column) {
            if (by.what == by_what::group && column % by.size == 0) g.members.emplace_back();
            g.members.back().push_back(row * columns + column);
            g.of[row * columns + column] = g.members.size() - 1;
        }
    }
    return g;
}

/// Code k of a row, out of its bits one by one.
template <class A>
int code_in(std::span<const std::byte> row, std::size_t k) {
    unsigned code = 0;
    for (unsigned b = 0; b < A::bits; ++b) {
        const std::size_t bit = k * A::bits + b;
        code |= (static_cast<unsigned>(row[bit / 8]) >> bit % 8 & 1U) << b;
    }
    const bool is_signed = A::lowest < 0;
    return static_cast<int>(code) - (is_signed && code >> (A::bits - 1) != 0 ? 1 << A::bits : 0);
}

/// The parameters of a group: the range of its finite numbers by comparing them, the rest by the scalar definition.
template <class A, affine_policy P, class Scale>
A expected_parameters(const std::vector<float>& x, const std::vector<std::size_t>& members) {
    using format = std::conditional_t<std::is_same_v<Scale, float>, fp32, Scale>;
    std::optional<float> low, high;
    for (const std::size_t i : members) {
        const float v = is_nan(x[i]) && P.nan == nan_policy::zero ? 0.0F : x[i];
        if (!is_finite(v)) continue;
        if (!low || v < *low) low = v;
        if (!high || v > *high) high = v;
    }
    const float a = low.value_or(0.0F), b = high.value_or(0.0F);
    if constexpr (P.range == range_kind::symmetric)
        return A::template from_amax<P.recipe, format>(-a > b ? -a : b < 0 ? -b : b);
    else
        return A::template from_range<P.recipe, format>(a, b);
}

template <class A, affine_policy P, class Scale>
void check_matrix(tally& result, std::uint64_t& cases, const std::vector<float>& x, std::size_t rows,
                  std::size_t columns, grouping by) {
    const groups g = groups_of(rows, columns, by);
    const std::size_t row_bytes = (columns * A::bits + 7) / 8;
    // the caller's memory, with guards around it
    constexpr std::size_t guard = 5;
    std::vector<std::byte> codes(rows * row_bytes + 2 * guard, std::byte{0xA5});
    std::vector<Scale> scales(g.members.size(), convert<Scale>(7.0F));
    std::vector<typename A::code_type> zeros(P.range == range_kind::asymmetric || rows % 2 == 0 ? g.members.size() : 0);
    const affine_span<A, Scale> view(rows, columns, by.get(), std::span(codes).subspan(guard, rows * row_bytes), scales,
                                     zeros);
    quantize<P>(x, view);
    std::vector<float> back(x.size(), 99.0F), fake(x.size(), 98.0F);
    dequantize(view, back);
    fake_quantize<A, P, Scale>(x, fake, rows, columns, by.get());

    const auto tag = [&](const char* what) { return std::string(what) + " " + std::to_string(A::bits) + " bits"; };
    std::vector<A> parameters;
    for (std::size_t i = 0; i < g.members.size(); ++i) {
        parameters.push_back(expected_parameters<A, P, Scale>(x, g.members[i]));
        result.equal(bits_of(convert<float>(scales[i])), bits_of(parameters[i].scale), tag("scale"), i, rows, columns,
                     by.size);
        if (!zeros.empty()) {
            result.equal(zeros[i], parameters[i].zero_point, tag("zero"), i, rows, columns, by.size);
            ++cases;
        }
        ++cases;
    }
    for (std::size_t row = 0; row < rows; ++row) {
        const auto bytes = std::span<const std::byte>(codes).subspan(guard + row * row_bytes, row_bytes);
        for (std::size_t column = 0; column < columns; ++column) {
            const std::size_t i = row * columns + column;
            const A p = parameters[g.of[i]];
            const auto code = p.template quantize<P.recipe>(x[i]);
            result.equal(code_in<A>(bytes, column), code, tag("code"), row, column, rows, columns, by.size,
                         bits_of(x[i]));
            result.equal(view.code(row, column), code, tag("code()"), row, column);
            result.equal(view.at_group(row, column) == p, true, tag("at_group"), row, column);
            result.equal(bits_of(back[i]), bits_of(p.dequantize(code)), tag("dequantize"), row, column);
            result.equal(bits_of(fake[i]), bits_of(p.dequantize(code)), tag("fake"), row, column, rows, columns,
                         by.size);
            cases += 5;
        }
        for (std::size_t bit = columns * A::bits; bit < 8 * row_bytes; ++bit, ++cases)
            result.equal(static_cast<unsigned>(bytes[bit / 8]) >> bit % 8 & 1U, 0, tag("bit behind"), row, bit);
    }
    for (std::size_t i = 0; i < guard; ++i) {
        result.equal(static_cast<unsigned>(codes[i]), 0xA5, tag("before"));
        result.equal(static_cast<unsigned>(codes[codes.size() - 1 - i]), 0xA5, tag("behind"));
        cases += 2;
    }
    // static: the same parameters, other memory
    std::vector<std::byte> again(rows * row_bytes);
    quantize_as_chosen<P>(x, affine_span<A, Scale>(rows, columns, by.get(), again, scales, zeros));
    result.equal(std::equal(again.begin(), again.end(), codes.begin() + guard), true, tag("as chosen"));
    const auto owner = quantize<A, P, Scale>(x, rows, columns, by.get());
    const auto owned = owner.view().codes();
    result.equal(std::equal(again.begin(), again.end(), owned.begin(), owned.end()), true, tag("owner"));
    cases += 2;
}

inline constexpr grouping all_groupings[] = {{by_what::tensor},    {by_what::row},      {by_what::group, 1},
                                             {by_what::group, 3},  {by_what::group, 8}, {by_what::group, 32},
                                             {by_what::group, 100}};

using s8 = affine<8>;
using u8 = affine<8, integer_codes::unsigned_full>;
using s4 = affine<4>;
using u4 = affine<4, integer_codes::unsigned_full>;
using s3 = affine<3>;
using u2 = affine<2, integer_codes::unsigned_full>;
inline constexpr affine_policy symmetric{}, asymmetric{.range = range_kind::asymmetric};

}  // namespace affine_checks

#endif
