// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Operations made of types: what one conversion reads, writes and means, with lowprec's variants and the plain loop as
// contenders.
#ifndef LOWPREC_BENCH_KERNELS_CONVERT_ROWS_HPP
#define LOWPREC_BENCH_KERNELS_CONVERT_ROWS_HPP

#include <cstddef>
#include <cstdint>
#include <lowprec/simd.hpp>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "../../support/data.hpp"
#include "../../support/operation.hpp"
#include "../../support/stream.hpp"
#include "operations.hpp"

namespace lowprec_bench {

/// Numbers as they lie in memory: one after the other, each with its own address.
template <class T>
struct plain {
    using number = T;
    static constexpr int bits = 8 * static_cast<int>(sizeof(T));
    static std::span<const T> read(const std::byte* at, std::size_t count) {
        return {reinterpret_cast<const T*>(at), count};
    }
    static std::span<T> write(std::byte* at, std::size_t count) { return {reinterpret_cast<T*>(at), count}; }
    static std::string name() {
        if constexpr (std::is_same_v<T, float>)
            return "float";
        else if constexpr (std::is_same_v<T, double>)
            return "double";
        else
            return std::string(lowprec::name_of<T>);
    }
};

/// Codes of fewer than 8 bits without gaps.
template <class F>
struct packed {
    using number = F;
    static constexpr int bits = F::width;
    static std::size_t bytes(std::size_t count) { return lowprec::packed_bytes<F>(count); }
    static lowprec::packed_span<const F> read(const std::byte* at, std::size_t count) {
        return {std::span(at, bytes(count)), count};
    }
    static lowprec::packed_span<F> write(std::byte* at, std::size_t count) {
        return {std::span(at, bytes(count)), count};
    }
    static std::string name() { return "packed " + std::string(lowprec::name_of<F>); }
};

inline constexpr std::uint64_t seed = 42;

/// The definition: one number after the other, the first of them number `first` of all.
template <class In, class Out, lowprec::policy P>
void define(const std::byte* in, std::byte* out, std::size_t count, std::size_t first) {
    const auto from = In::read(in, count);
    const auto to = Out::write(out, count);
    for (std::size_t i = 0; i < count; ++i) {
        const typename In::number x = from[i];
        if constexpr (P.round == lowprec::rounding::stochastic)
            to[i] = lowprec::convert<typename Out::number, P>(
                x, lowprec::stochastic_bits(seed, first + i) >> (64 - P.random_bits));
        else
            to[i] = lowprec::convert<typename Out::number, P>(x);
    }
}

template <class In, class Out, lowprec::policy P>
void convert_scalar(const std::byte* in, std::byte* out, std::size_t count) {
    define<In, Out, P>(in, out, count, 0);
}

template <unsigned Features, class In, class Out, lowprec::policy P>
void convert_variant(const std::byte* in, std::byte* out, std::size_t count) {
    using isa = lowprec::simd::isa<Features>;
    if constexpr (P.round == lowprec::rounding::stochastic)
        lowprec::detail::convert_on<isa, P>(In::read(in, count), Out::write(out, count), {seed, 0});
    else
        lowprec::detail::convert_on<isa, P>(In::read(in, count), Out::write(out, count));
}

/// What users call.
template <class In, class Out, lowprec::policy P>
void convert_public(const std::byte* in, std::byte* out, std::size_t count) {
    if constexpr (P.round == lowprec::rounding::stochastic)
        lowprec::convert<P>(In::read(in, count), Out::write(out, count), seed);
    else
        lowprec::convert<P>(In::read(in, count), Out::write(out, count));
}

/// Whether two numbers are one, with NaN apart.
template <class T>
bool same_bits(const T& a, const T& b) {
    return __builtin_memcmp(&a, &b, sizeof(T)) == 0;
}
template <class T>
bool is_nan(const T& x) {
    if constexpr (lowprec::format<T>)
        return lowprec::isnan(x);
    else
        return x != x;
}

template <class Out>
difference compare(const std::byte* right, const std::byte* other, std::size_t count) {
    const auto a = Out::read(right, count), b = Out::read(other, count);
    difference found;
    for (std::size_t i = 0; i < count; ++i) {
        const typename Out::number x = a[i], y = b[i];
        if (same_bits(x, y)) continue;
        ++(is_nan(x) && is_nan(y) ? found.other_nan : found.wrong);
    }
    return found;
}

template <class In>
void fill_codes(std::byte* in, std::size_t count, const std::string& data, auto out_number) {
    using number = typename In::number;
    if constexpr (std::is_same_v<In, plain<number>>) {
        fill<decltype(out_number)>(In::write(in, count), data);
    } else {
        std::vector<number> codes(count);
        fill<decltype(out_number)>(std::span(codes), data);
        lowprec::pack(codes, std::span(in, In::bytes(count)));
    }
}

/// An operation without contenders.
template <class In, class Out, lowprec::policy P = lowprec::policy{}>
operation empty_operation(const std::string& detail, const std::string& data) {
    operation op;
    op.from = In::name();
    op.to = Out::name();
    op.detail = detail;
    op.data = data;
    op.in_bits = In::bits;
    op.out_bits = Out::bits;
    op.streams = streams<In::bits, Out::bits>();
    op.fill = [data](std::byte* in, std::size_t count) { fill_codes<In>(in, count, data, typename Out::number{}); };
    op.definition = define<In, Out, P>;
    op.by_place = P.round == lowprec::rounding::stochastic;
    op.compare = compare<Out>;
    return op;
}

inline constexpr unsigned avx2_features = lowprec::simd::avx2;
inline constexpr bool has_avx2_variant =
    (lowprec::simd::compiled_features & avx2_features) != 0 && lowprec::simd::compiled_features != avx2_features;
inline constexpr bool has_base_variant = lowprec::simd::compiled_features != lowprec::simd::base;

/// One conversion: the public function, as compiled for this machine, and its variants for smaller ones.
template <class In, class Out, lowprec::policy P = lowprec::policy{}>
operation conversion(const std::string& detail = "", const std::string& data = "mixed") {
    operation op = empty_operation<In, Out, P>(detail, data);
    op.contenders.push_back({"lowprec", role::lowprec, convert_public<In, Out, P>});
    if constexpr (has_avx2_variant)
        op.contenders.push_back({"AVX2", role::lowprec, convert_variant<avx2_features, In, Out, P>});
    if constexpr (has_base_variant)
        op.contenders.push_back({"base", role::lowprec, convert_variant<lowprec::simd::base, In, Out, P>});
    op.contenders.push_back({"scalar", role::lowprec, convert_scalar<In, Out, P>});
    return op;
}

/// Calls f(type) for each type of a tuple, as std::type_identity.
template <class... Ts>
void for_each_type(std::tuple<Ts...>*, auto f) {
    (f(std::type_identity<Ts>{}), ...);
}

}  // namespace lowprec_bench

#endif
