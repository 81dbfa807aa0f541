// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Rows and groups quantized together: every scale and code against affine::from_amax and affine::quantize, number by number, which
// tests/affine compares with rationals. Group lengths that lanes serve and others, several pieces, all kinds of numbers,
// scales in float, bf16 and fp16, every environment. Scales of float also against a quotient in double.
// needs: simd
// isa: base
// isa: best
// ctest-label: aarch64
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <lowprec/quantize.hpp>
#include <vector>

#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/isa.hpp"
#include "support/special_floats.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;

enum class kind { ordinary, ties, tiny, huge, zeros, anything };

/// Numbers of a group; its largest magnitude is h scales for ties, so that halves of the scale are ties or next to them.
void fill_group(float* x, std::size_t n, kind which, int h, random_bits& next) {
    const auto uniform = [&] { return static_cast<double>(next() >> 11) * 0x1p-52 - 1; };
    const double scale = static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(next() % 20 + 117) << 23 |
                                                                  static_cast<std::uint32_t>(next() & 0x7FFFFF)));
    for (std::size_t i = 0; i < n; ++i) {
        switch (which) {
        case kind::ordinary: x[i] = static_cast<float>(uniform() * scale); break;
        case kind::ties: {
            const int q = static_cast<int>(next() % static_cast<unsigned>(2 * h)) - h;
            x[i] = static_cast<float>(scale * (q + 0.5));
            if (next() % 4 == 0) x[i] = std::nextafter(x[i], next() % 2 == 0 ? HUGE_VALF : -HUGE_VALF);
            break;
        }
        case kind::tiny: x[i] = static_cast<float>(uniform() * 0x1p-130); break;
        case kind::huge: x[i] = static_cast<float>(uniform() * 0x1p127); break;
        case kind::zeros: x[i] = next() % 2 == 0 ? 0.0F : -0.0F; break;
        default: x[i] = std::bit_cast<float>(static_cast<std::uint32_t>(next()));
        }
    }
    if (which == kind::ties) x[next() % n] = static_cast<float>(scale * h);
}

template <class A, class Scale, affine_policy P>
void check(tally& results, std::size_t rows, std::size_t columns, granularity by) {
    random_bits next{static_cast<std::uint64_t>(A::bits) * columns + rows};
    const std::size_t size = by.size(columns), per_row = by.per_row(columns), groups = by.count(rows, columns);
    std::vector<float> x(rows * columns);
    std::vector<A> parameters(groups);
    std::vector<int> expected(rows * columns);
    for (std::size_t g = 0; g < groups; ++g) {
        const std::size_t begin = g % per_row * size, first = g / per_row * columns + begin;
        const std::size_t n = std::min(size, columns - begin);
        // mostly what lanes serve, so that pieces without anything else occur
        auto which = static_cast<kind>(next() % (next() % 8 == 0 ? 6 : 2));
        if (P.nan == nan_policy::error && which == kind::anything) which = kind::ordinary;
        fill_group(x.data() + first, n, which, A::highest - A::symmetric_zero_point, next);
        float amax = 0;
        for (std::size_t i = first; i < first + n; ++i)
            if ((bits_of(x[i]) & 0x7F800000) != 0x7F800000 && std::fabs(x[i]) > amax) amax = std::fabs(x[i]);
        parameters[g] = A::template from_amax<integer_recipe::exact, detail::scale_format<Scale>>(amax);
        for (std::size_t i = first; i < first + n; ++i) expected[i] = parameters[g].quantize(x[i]);
    }
    constexpr std::byte guard{0xA5};
    constexpr std::size_t margin = 16;
    const std::size_t bytes = detail::matrix_bytes<A>(rows, columns);
    in_every_environment([&](const char* where) {
        std::vector<std::byte> codes(bytes + 2 * margin, guard);
        std::vector<Scale> scales(groups);
        std::vector<typename A::code_type> zero_points(next() % 2 == 0 ? groups : 0);
        const affine_span<A, Scale> out(rows, columns, by, std::span(codes).subspan(margin, bytes), scales,
                                        zero_points);
        quantize<P>(x, out);
        for (std::size_t g = 0; g < groups; ++g) {
            results.equal(bits_of(out.group(g).scale), bits_of(parameters[g].scale), where, "bits", A::bits, "columns",
                          columns, "size", size, "group", g);
            results.equal(out.group(g).zero_point, A::symmetric_zero_point, "zero point of group", g);
        }
        for (std::size_t i = 0; i < x.size(); ++i)
            results.equal(out.code(i / columns, i % columns), expected[i], where, "bits", A::bits, "columns", columns,
                          "size", size, "x", bits_of(x[i]), "element", i);
        for (std::size_t i = 0; i < margin; ++i) {
            results.equal(codes[i], guard, where, "before the codes of", rows, "x", columns);
            results.equal(codes[codes.size() - 1 - i], guard, where, "after the codes of", rows, "x", columns);
        }
    });
}

template <class A, class Scale, affine_policy P = affine_policy{.nan = nan_policy::zero}>
void check_shapes(tally& results) {
    for (const std::size_t size : {16U, 32U, 48U, 64U, 112U, 128U, 24U, 20U})
        check<A, Scale, P>(results, 7, size * (thinned == 1 ? 40 : 9), granularity::group(size));
    check<A, Scale, P>(results, 3, 200, granularity::group(64));  // the last group is short
    check<A, Scale, P>(results, 5, 784, granularity::row());
    check<A, Scale, P>(results, 2, 1040, granularity::row());
    check<A, Scale, P>(results, 2, 4096, granularity::row());
    check<A, Scale, P>(results, 70, 16, granularity::row());
    check<A, Scale, P>(results, 3, 33, granularity::row());
}

}  // namespace

TEST_CASE("groups quantized together have each the scale and the codes of their own numbers") {
    tally results;
    check_shapes<affine<8>, float>(results);
    check_shapes<affine<8, integer_codes::unsigned_narrow>, bf16>(results);
    check_shapes<affine<4>, fp16, affine_policy{}>(results);
    check_shapes<affine<3, integer_codes::unsigned_full>, fp16>(results);
    check_shapes<affine<2>, bf16>(results);
    check_shapes<affine<4, integer_codes::signed_narrow>, e4m3>(results);  // scales that are not made in lanes
    CHECK_TALLY_OVER(results, 100000U);
}

TEST_CASE("float scales are the quotients rounded once") {
    tally results;
    const auto check_quotients = [&]<class A>() {
        constexpr std::size_t groups = 64, step = 61;  // every 61st significand
        constexpr int h = A::highest - A::symmetric_zero_point;
        std::vector<float> x(groups * 16), scales(groups);
        std::vector<std::byte> codes(detail::matrix_bytes<A>(groups, 16));
        const affine_span<A> out(groups, 16, granularity::row(), codes, scales);
        for (std::uint32_t significand = 0; significand < 1U << 23; significand += step * groups) {
            for (std::size_t g = 0; g < groups; ++g)
                x[g * 16 + g % 16] = -std::bit_cast<float>(
                    127U << 23 | std::min((1U << 23) - 1, significand + static_cast<std::uint32_t>(g * step)));
            quantize(x, out);
            for (std::size_t g = 0; g < groups; ++g) {
                // 24 bits over 7 are no nearer to a tie of floats than 2^-33, so double's rounding does no harm.
                const double quotient = -static_cast<double>(x[g * 16 + g % 16]) / h;
                results.equal(bits_of(scales[g]), bits_of(static_cast<float>(quotient)), "h", h, "x",
                              bits_of(x[g * 16 + g % 16]));
            }
        }
    };
    check_quotients.operator()<affine<8>>();
    check_quotients.operator()<affine<4>>();
    check_quotients.operator()<affine<3>>();
    check_quotients.operator()<affine<2>>();
    CHECK_TALLY_OVER(results, 100000U);
}
