// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Matrices of affine integers, fake quantization, requantization and KV caches: any shape, granularity and numbers.
// needs: simd
#include <lowprec/quantize.hpp>
#include <stdexcept>

#include "fuzz.hpp"

namespace {

using namespace lowprec;
using fuzz::promise;

granularity some_granularity(fuzz::input& in) {
    switch (in.take<std::uint8_t>() % 3) {
    case 0: return granularity::tensor();
    case 1: return granularity::row();
    default: return granularity::group(1 + in.up_to(40));
    }
}

template <class A, affine_policy P, class Scale>
void matrix(fuzz::input& in) {
    const granularity by = some_granularity(in);
    const std::size_t rows = in.up_to(4), columns = in.up_to(40), count = rows * columns;
    const fuzz::exact_block<float> x(count), back(count), fake(count);
    bool finite = true, nan = false;
    for (float& v : x.span()) {
        v = in.number();
        finite = finite && fuzz::is_finite(v);
        nan = nan || fuzz::is_nan(v);
    }
    try {
        const auto made = quantize<A, P, Scale>(x.span(), rows, columns, by);
        promise(finite || P.nan != nan_policy::error, "NaN and infinity are refused where that is the policy");
        const auto view = made.view();
        for (std::size_t row = 0; row < rows; ++row)
            for (std::size_t column = 0; column < columns; ++column) {
                const auto code = view.code(row, column);
                promise(code >= A::lowest && code <= A::highest, "a code is one of the range");
            }
        dequantize(view, back.span());
        fake_quantize<A, P, Scale>(x.span(), fake.span(), rows, columns, by);
        for (std::size_t i = 0; i < count; ++i) {
            promise(fuzz::is_finite(back[i]), "what comes back is finite");
            promise(fuzz::same_bits(back[i], fake[i]), "fake quantization is there and back");
        }
    } catch (const std::invalid_argument&) {
        promise(!finite && P.nan == nan_policy::error, "finite numbers are taken");
    }
}

template <class Element, class Scale>
void cache(fuzz::input& in) {
    const std::size_t heads = 1 + in.up_to(3), head_dim = 1 + in.up_to(20);
    kv_cache<Element, Scale> all(heads, head_dim);
    while (!in.empty()) {
        const std::size_t tokens = all.tokens();
        if (in.take<std::uint8_t>() % 4 == 0) {
            const std::size_t head = in.up_to(4), first = in.up_to(20), count = in.up_to(20);
            const bool there = head < heads && first <= tokens && count <= tokens - first;
            const fuzz::exact_block<float> out(count * head_dim);
            try {
                all.read(head, first, count, out.span());
                promise(there, "tokens that aren't there are refused");
                for (const float v : out.span()) promise(fuzz::is_finite(v), "what is read is finite");
                const fuzz::exact_block<fp16> narrow(count * head_dim);
                all.read(head, first, count, narrow.span());
            } catch (const std::invalid_argument&) {
                promise(!there, "tokens that are there are read");
            }
        } else {
            const std::size_t added = in.up_to(2);
            const fuzz::exact_block<float> rows(added * heads * head_dim);
            bool finite = true;
            for (float& v : rows.span()) {
                v = in.number();
                finite = finite && fuzz::is_finite(v);
            }
            try {
                all.append(rows.span());
                promise(finite && all.tokens() == tokens + added, "tokens are appended");
            } catch (const std::invalid_argument&) {
                promise(!finite && all.tokens() == tokens, "nothing changes where an append is refused");
            }
        }
        promise(all.bytes() == all.tokens() * all.bytes_per_token(), "bytes are those of the tokens");
    }
}

void fixed_point(fuzz::input& in) {
    while (!in.empty()) {
        const auto bits = in.take<std::uint64_t>();
        // any factor, or one near 1
        const auto real =
            std::bit_cast<double>((bits & 1) != 0 ? bits >> 1 : (bits >> 12) + ((1000 + bits % 60) << 52));
        fixed_factor factor;
        try {
            factor = fixed_factor::of(real);
            promise(std::bit_cast<std::uint64_t>(real) < 0x7FF0000000000000, "a factor that isn't finite is refused");
        } catch (const std::invalid_argument&) {
            promise(std::bit_cast<std::uint64_t>(real) >= 0x7FF0000000000000, "a finite factor is taken");
        }
        const auto x = in.take<std::int32_t>();
        const auto twice = multiply<requantization::double_rounding>(x, factor);
        const auto once = multiply<requantization::single_rounding>(x, factor);
        // with a positive shift one saturates sooner than the other
        promise(factor.shift > 0 || (std::int64_t{twice} - once <= 1 && std::int64_t{once} - twice <= 1),
                "both roundings are a step apart at most");
        static_cast<void>(multiply_wide(in.take<std::int64_t>(), factor));
        const auto code = requantize<affine<8>>(x, factor, in.take<std::int8_t>());
        promise(code >= -128 && code <= 127, "a code is one of the range");
    }
}

constexpr affine_policy asymmetric{.range = range_kind::asymmetric, .nan = nan_policy::zero};
constexpr affine_policy passing{.nan = nan_policy::ignore};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    switch (in.take<std::uint8_t>() % 10) {
    case 0: matrix<affine<8>, affine_policy{}, float>(in); break;
    case 1: matrix<affine<8, integer_codes::unsigned_full>, asymmetric, float>(in); break;
    case 2: matrix<affine<4>, passing, fp16>(in); break;
    case 3: matrix<affine<4, integer_codes::unsigned_full>, asymmetric, bf16>(in); break;
    case 4: matrix<affine<3, integer_codes::signed_narrow>, passing, float>(in); break;
    case 5: matrix<affine<2, integer_codes::unsigned_full>, asymmetric, float>(in); break;
    case 6: cache<affine<8>, float>(in); break;
    case 7: cache<affine<4>, fp16>(in); break;
    case 8: cache<e4m3, bf16>(in); break;
    default: fixed_point(in);
    }
    return 0;
}
