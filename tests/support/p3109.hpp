// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// One P3109 format against the oracle: all codes, and conversions at values, midpoints and their neighbours.
#ifndef LOWPREC_TESTS_SUPPORT_P3109_HPP
#define LOWPREC_TESTS_SUPPORT_P3109_HPP

#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/presets.hpp>
#include <utility>

#include "support/sweep.hpp"

namespace oracle {

inline constexpr lowprec::policy p3109_policies[] = {
    lowprec::presets::p3109_satfinite,
    lowprec::presets::p3109_satpropagate,
    lowprec::presets::p3109_satnone,
    {.round = lowprec::rounding::nearest_away, .over = lowprec::overflow::infinity},
    {.round = lowprec::rounding::toward_zero, .over = lowprec::overflow::infinity},
    {.round = lowprec::rounding::upward, .over = lowprec::overflow::infinity},
    {.round = lowprec::rounding::downward, .over = lowprec::overflow::saturate},
    {.round = lowprec::rounding::to_odd, .over = lowprec::overflow::infinity},
    {},
};

/// The library's side of one format, as plain functions, so that the check below is compiled once.
struct p3109_subject {
    row r;
    std::string name;
    std::uint64_t (*to_double)(std::uint64_t code);
    std::uint64_t (*from_double)(std::uint64_t bits, const lowprec::policy& p);
    bool (*above_the_code_before)(std::uint64_t code);
};

template <class F>
constexpr F value_at(std::uint64_t code) {
    return F::from_bits(static_cast<typename F::storage_type>(code));
}

template <int K, int P, lowprec::p3109_kind Kind>
p3109_subject p3109_subject_of() {
    using F = lowprec::p3109<K, P, Kind>;
    return {p3109_row(K, P, Kind), std::string{lowprec::name_of<F>},
            [](std::uint64_t code) { return std::bit_cast<std::uint64_t>(double(value_at<F>(code))); },
            [](std::uint64_t bits, const lowprec::policy& p) {
                return static_cast<std::uint64_t>(lowprec::convert<F>(as_double(bits), p).bits());
            },
            [](std::uint64_t code) { return value_at<F>(code - 1) < value_at<F>(code); }};
}

/// Every code; the edges of every stride-th value and of the last.
inline void check_p3109(const p3109_subject& subject, tally& decoded, tally& converted, std::int64_t stride) {
    const row& r = subject.r;
    const format f{r};
    const format& native = named("fp64");
    for (std::uint64_t code = 0; code < r.codes(); ++code) {
        const source s = decode(r, code);
        const std::uint64_t got = subject.to_double(code);
        // Formats with many exponent bits have values that binary64 must round, and overflow it.
        const std::uint64_t expected = native.convert(s, lowprec::policy{.over = lowprec::overflow::nonfinite}).code;
        decoded.same(got == expected, [&] {
            return subject.name + " code " + hex(code) + ": got " + hex(got) + ", expected " + hex(expected);
        });
        const auto index = static_cast<std::int64_t>(code);
        if (index > 0 && index <= f.largest())
            decoded.same(compare(f.value(index - 1), f.value(index)) < 0 && subject.above_the_code_before(code),
                         [&] { return subject.name + ": the order of code " + hex(code); });
    }
    const auto compare_at = [&](std::uint64_t magnitude) {
        for (const std::uint64_t bits : {magnitude, magnitude | std::uint64_t{1} << 63}) {
            const source s = from_double_bits(bits);
            const position at = s.kind == kind::finite ? f.locate(s.magnitude) : position{};
            for (const lowprec::policy& p : p3109_policies) {
                const std::uint64_t got = subject.from_double(bits, p);
                const std::uint64_t expected = f.convert(s, at, p).code;
                converted.same(got == expected, [&] {
                    return subject.name + " input " + hex(bits) + ": got " + hex(got) + ", expected " + hex(expected) +
                           " under " + text(p);
                });
            }
        }
    };
    const auto around = [&](number x) {
        const std::uint64_t at = floor_bits(native, x);
        for (std::uint64_t bits = at == 0 ? 0 : at - 1; bits <= at + 2; ++bits) compare_at(bits);
    };
    for (std::int64_t code = 0; code <= f.largest(); code += stride) {
        around(f.value(code));
        around(f.midpoint(code));
    }
    around(f.value(f.largest()));
    around(f.midpoint(f.largest()));
    around(f.value(f.largest() + 1));
    for (const std::uint64_t bits : special_doubles()) compare_at(bits & ~(std::uint64_t{1} << 63));
}

/// The kinds of one K and P; P = K is unsigned only.
template <int K, int P>
void check_kinds(tally& decoded, tally& converted, std::int64_t stride = 1) {
    using lowprec::p3109_kind;
    if constexpr (P < K) {
        check_p3109(p3109_subject_of<K, P, p3109_kind::se>(), decoded, converted, stride);
        check_p3109(p3109_subject_of<K, P, p3109_kind::sf>(), decoded, converted, stride);
    }
    check_p3109(p3109_subject_of<K, P, p3109_kind::ue>(), decoded, converted, stride);
    check_p3109(p3109_subject_of<K, P, p3109_kind::uf>(), decoded, converted, stride);
}

template <int K>
void check_precisions() {
    tally decoded{"K = " + std::to_string(K) + " decodes"}, converted{"K = " + std::to_string(K) + " converts"};
    [&]<int... I>(std::integer_sequence<int, I...>) { (check_kinds<K, I + 1>(decoded, converted), ...); }
    (std::make_integer_sequence<int, K>{});
    decoded.check((4 * K - 2) << K);
    converted.check(1000);
}

/// Four precisions of one width, the edges of every seventh value.
template <int K>
void some_precisions() {
    tally decoded{"K = " + std::to_string(K) + " decodes"}, converted{"K = " + std::to_string(K) + " converts"};
    check_kinds<K, 1>(decoded, converted, 7);
    check_kinds<K, 2>(decoded, converted, 7);
    check_kinds<K, K / 2>(decoded, converted, 7);
    check_kinds<K, K - 1>(decoded, converted, 7);
    decoded.check(16U << K);
    converted.check(10000);
}

}  // namespace oracle

#endif
