// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What the tests of bulk conversion share. A kernel is compiled for an instruction set, two layouts and a rounding rule; the
// switches of a policy are data to it. So a few kernels are run with all the policies there are, and what they must give is
// asked of the scalar `convert`, once for all instruction sets.
#ifndef LOWPREC_TESTS_SUPPORT_BULK_HPP
#define LOWPREC_TESTS_SUPPORT_BULK_HPP

#include <algorithm>
#include <bit>
#include <cstring>
#include <lowprec/kernels/convert.hpp>
#include <lowprec/presets.hpp>
#include <span>
#include <utility>
#include <vector>

#include "support/isa.hpp"
#include "support/sweep.hpp"

namespace bulk {

using namespace lowprec;
using oracle::directions;
using oracle::overflows;
using oracle::random_bits;
using oracle::tally;

/// The same with every subset that a kernel asks for, for tests of few kernels.
template <class Function>
void for_each_subset(Function&& f) {
    using simd::isa;
    for_each_isa(f);
    if constexpr (simd::native::vectors) f.template operator()<isa<simd::scalar>>("scalar");
    if constexpr (simd::native::has(simd::avx2)) {
        f.template operator()<isa<simd::base>>("base among vectors");
        if constexpr (simd::native::has(simd::avx512)) f.template operator()<isa<simd::avx2 | simd::avx512>>("avx512");
        if constexpr (simd::native::has(simd::vbmi | simd::bf16)) {
            f.template operator()<isa<simd::avx2 | simd::avx512 | simd::vbmi>>("avx512 vbmi");
            f.template operator()<isa<simd::avx2 | simd::avx512 | simd::bf16>>("avx512 bf16");
        }
    }
}

/// f.operator()<R>() for the six directions; with the sanitizers, which make compiling slow, for one of each kind.
template <class Function>
void for_each_direction(Function&& f) {
    f.template operator()<rounding::nearest_even>();
    f.template operator()<rounding::downward>();
    f.template operator()<rounding::to_odd>();
    if constexpr (!sanitized) {
        f.template operator()<rounding::nearest_away>();
        f.template operator()<rounding::toward_zero>();
        f.template operator()<rounding::upward>();
    }
}
inline constexpr std::size_t direction_count = sanitized ? 3 : 6;

/// Every preset, every value of every switch alone, and overflow with infinity in all pairs; the rounding is left to the caller.
inline const std::vector<policy>& switches() {
    static const std::vector<policy> all = [] {
        std::vector<policy> list;
        const auto add = [&](policy p) {
            p.round = rounding::nearest_even;
            for (const policy& known : list)
                if (known == p) return;
            list.push_back(p);
        };
        add({});
        for (const overflow over : overflows)
            for (const infinity_input infinity : {infinity_input::as_overflow, infinity_input::infinity_or_nan,
                                                  infinity_input::infinity_or_largest, infinity_input::nan_if_at_zero})
                add({.over = over, .infinity = infinity});
        for (const nan_input nan : {nan_input::quiet, nan_input::all_ones, nan_input::cuda}) {
            add({.nan = nan});
            add({.nan = nan, .sign_of_nan = nan_sign::drop});
        }
        add({.sign_of_nan = nan_sign::drop});
        add({.no_nan = nan_missing::zero});
        add({.no_nan = nan_missing::opposite_zero});
        add({.negative = negative_input::nan});
        add({.negative = negative_input::ignore_sign});
        add({.no_zero = zero_missing::nan});
        add({.no_zero = zero_missing::nan_for_zero});
        using namespace presets;
        for (const policy& p :
             {cuda_satfinite,     cuda_nosat,   cuda_e8m0,  ptx,          ml_dtypes,       ml_dtypes_saturate,
              ml_dtypes_e8m0,     torch_2_12,   torch_2_13, torch_e8m0,   onnx_saturate,   onnx_nonsaturate,
              onnx_e8m0,          hip_saturate, hip_nosat,  ocp_saturate, ocp_nonsaturate, p3109_satfinite,
              p3109_satpropagate, p3109_satnone})
            add(p);
        return list;
    }();
    return all;
}

// ---- layouts -----------------------------------------------------------------------------------------------------------

using detail::bit_address;
using detail::packed;
using detail::plain;
using detail::random_source;
using detail::rounded;

/// What lies in memory for the scalar result: the float with its value for rounded<F>.
template <class To>
struct target_of {
    using type = typename To::number;
};
template <class F>
struct target_of<rounded<F>> {
    using type = float;
};

template <class Isa, class From, class To, policy Rule>
void run(bit_address<const std::byte> in, bit_address<std::byte> out, std::size_t count, const policy& p,
         random_source random = {}) {
    using source = typename From::format;
    using target = typename To::format;
    detail::drive<Isa>(detail::kernel_of<Isa, From, To, detail::rule<source, target, Rule>>(), in, out, count,
                       {p, detail::outcomes_of<source, target>(p), random});
}

/// By the scalar function.
template <class To, class S, class T>
[[gnu::noinline]] void by_scalar(const std::vector<S>& in, std::vector<T>& out, const policy& p,
                                 random_source random = {}) {
    for (std::size_t i = 0; i < in.size(); ++i) {
        std::uint64_t bits = 0;
        if (p.round == rounding::stochastic)
            bits = stochastic_bits(random.seed, random.first + i) >> (64 - p.random_bits);
        const auto code = convert<typename To::number>(in[i], p, bits);
        if constexpr (std::is_same_v<std::remove_const_t<decltype(code)>, T>)
            out[i] = code;
        else
            out[i] = convert<T>(code, policy{});
    }
}

template <class T>
std::uint64_t pattern(const T& x) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &x, sizeof x);
    return bits;
}

/// Compares bytes; the first difference is found only where there is one.
template <class S, class T>
void compare(tally& results, const std::vector<S>& in, const std::vector<T>& got, const std::vector<T>& expected,
             const policy& p, const char* isa) {
    const bool equal = std::memcmp(got.data(), expected.data(), got.size() * sizeof(T)) == 0;
    results.same(equal, [&] {
        std::size_t i = 0;
        while (pattern(got[i]) == pattern(expected[i])) ++i;
        return std::string(isa) + ": element " + std::to_string(i) + ", input " + oracle::hex(pattern(in[i])) +
               ": got " + oracle::hex(pattern(got[i])) + ", expected " + oracle::hex(pattern(expected[i])) + " under " +
               oracle::text(p);
    });
}

template <class T>
std::byte* bytes_of(std::vector<T>& v) {
    return reinterpret_cast<std::byte*>(v.data());
}
template <class T>
const std::byte* bytes_of(const std::vector<T>& v) {
    return reinterpret_cast<const std::byte*>(v.data());
}

/// All of `in`, with every instruction set, under this direction and the policies of `list`. Codes are asked for through the
/// float with their value, which is exact: compiling a scalar function for each pair of formats would take minutes. Doubles
/// become floats in the same way under every direction, so only nearest even is compiled for each instruction set.
template <class From, class To, rounding Round>
void sweep(tally& results, const std::vector<typename From::number>& in, const std::vector<policy>& list) {
    using T = typename target_of<To>::type;
    constexpr bool through_float = !detail::is_native_float_v<typename From::number> && !detail::is_native_float_v<T> &&
                                   !std::is_same_v<typename To::format, fp32> &&
                                   is_lossless_v<typename From::number, float>;
    constexpr bool every_isa = Round == rounding::nearest_even || !(detail::is_double<From> || detail::is_double<To>);
    std::vector<T> expected(in.size()), got(in.size());
    std::vector<float> values;
    if constexpr (through_float)
        for (const auto x : in) values.push_back(convert<float>(x));
    for (policy p : list) {
        p.round = Round;
        if constexpr (through_float)
            by_scalar<To>(values, expected, p);
        else
            by_scalar<To>(in, expected, p);
        for_each_isa([&]<class Isa>(const char* isa) {
            if constexpr (every_isa || std::is_same_v<Isa, simd::native>) {
                std::memset(static_cast<void*>(got.data()), 0x5A, got.size() * sizeof(T));
                run<Isa, From, To, policy{.round = Round}>({bytes_of(in), 0}, {bytes_of(got), 0}, in.size(), p);
                compare(results, in, got, expected, p, isa);
            }
        });
    }
}

// ---- inputs ------------------------------------------------------------------------------------------------------------

/// All codes of F up to 16 bits, otherwise 2^16 of them, in order and then in disorder, as many again.
template <class F>
std::vector<F> all_codes() {
    std::vector<F> codes;
    if constexpr (F::width <= 16) {
        for (std::uint32_t c = 0; c < 1U << F::width; ++c)
            codes.push_back(F::from_bits(static_cast<typename F::storage_type>(c)));
    } else {
        for (std::uint64_t c = 0; c < 1 << 16; ++c)
            for (const std::uint64_t low : {0x0U, 0x1U})
                codes.push_back(F::from_bits(static_cast<typename F::storage_type>((c << (F::width - 16)) | low)));
    }
    random_bits next{1};
    const std::size_t count = codes.size();
    for (std::size_t i = 0; i < count + 77; ++i) codes.push_back(codes[next() % count]);
    return codes;
}

/// Appends the floats around the values of F and the middles between them, of both signs, each with its neighbours.
template <class F>
void add_edges(std::vector<std::uint32_t>& patterns, std::size_t step = 1) {
    const auto value = [](std::uint32_t c) {
        return std::bit_cast<std::uint32_t>(
            convert<float>(F::from_bits(static_cast<typename F::storage_type>(c)), policy{}));
    };
    std::vector<std::uint32_t> values;
    for (std::uint32_t c = 0; c <= std::uint32_t{F::largest_code}; c += static_cast<std::uint32_t>(step))
        values.push_back(value(c));
    values.push_back(values.back() + (1U << 23));  // past the range
    const auto around = [&](std::uint32_t at) {
        for (std::uint32_t x = at == 0 ? 0 : at - 1; x <= at + 1; ++x) {
            patterns.push_back(x);
            patterns.push_back(x | 0x80000000U);
        }
    };
    for (std::size_t i = 0; i < values.size(); ++i) {
        around(values[i]);
        if (i == 0) continue;
        // neighbours lie in one binade, so that the middle of the patterns is that of the values; but for zero
        if (values[i - 1] == 0)
            around(values[i] - (1U << 23));
        else
            around(values[i - 1] + (values[i] - values[i - 1]) / 2);
    }
    const std::uint32_t largest = value(F::largest_code), before = value(F::largest_code - 1U);
    if (largest - before < 1U << 23) {
        around(largest + (largest - before) / 2);  // where overflow begins
        around(largest + (largest - before));
    }
}

inline std::vector<float> as_floats(const std::vector<std::uint32_t>& patterns) {
    std::vector<float> floats(patterns.size());
    std::memcpy(floats.data(), patterns.data(), 4 * patterns.size());
    return floats;
}

/// Appends special floats alone and strewn among others, so that blocks have them in every place.
inline void add_specials(std::vector<std::uint32_t>& patterns) {
    const std::vector<std::uint32_t> specials = oracle::special_floats();
    random_bits next{7};
    const std::size_t count = patterns.size();
    for (const std::uint32_t s : specials)
        for (int i = 0; i < 5; ++i) patterns.push_back(s);
    for (int at = 0; at < 128; ++at)
        for (int i = 0; i < 128; ++i)
            patterns.push_back(i == at ? specials[next() % specials.size()] : patterns[next() % count]);
    for (int i = 0; i < 2000; ++i) patterns.push_back(specials[next() % specials.size()]);
    for (int i = 0; i < 23; ++i) patterns.push_back(0x7F800000U | static_cast<std::uint32_t>(next()));  // payloads
}

/// f<F>() for every row of the table.
template <class Function>
void for_each_row(Function&& f) {
    [&]<class... F>(std::type_identity<std::tuple<F...>>) {
        (f.template operator()<F>(), ...);
    }(std::type_identity<all_formats>{});
}

/// F to G under the rule R.
template <class F, class G, rounding R>
void between(tally& results, const std::vector<policy>& list) {
    if constexpr (!std::is_same_v<F, G>) {
        std::vector<F> in = all_codes<F>();
        if (thinned > 1 && in.size() > 4096) in.resize(4096 + 33);
        sweep<plain<F>, plain<G>, R>(results, in, list);
    }
}

}  // namespace bulk

#endif
