// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 3
//
// The names under which people know the formats elsewhere: as types (lowprec::float8_e4m3fn, also in lowprec::names for a
// using-directive of just these), and as text met at run time, in a checkpoint or a compiler's output (visit_format).
// Spellings that mean different formats in different systems, such as "E4M3", have no entry.
#ifndef LOWPREC_NAMES_HPP
#define LOWPREC_NAMES_HPP

#include <cstddef>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lowprec {

inline namespace names {

// ml_dtypes, PyTorch, JAX
using float64 = fp64;
using float32 = fp32;
using float16 = fp16;
using bfloat16 = bf16;
using float8_e5m2 = e5m2;
using float8_e4m3fn = e4m3;
using float8_e4m3 = e4m3_ieee;  ///< not OCP's E4M3: with infinities, largest value 240
using float8_e3m4 = e3m4;
using float8_e4m3fnuz = e4m3_fnuz;
using float8_e5m2fnuz = e5m2_fnuz;
using float8_e4m3b11fnuz = e4m3b11_fnuz;
using float8_e8m0fnu = e8m0;
using float6_e3m2fn = e3m2;
using float6_e2m3fn = e2m3;
using float4_e2m1fn = e2m1;
// others
using half = fp16;
using tfloat32 = tf32;

}  // namespace names

/// One name of a format in another system, or in several that agree.
struct spelling {
    std::string_view name;
    std::string_view system;
    std::size_t row;  ///< the format's place in all_formats
};

namespace detail {

template <class F, class... Rows>
constexpr std::size_t place_in(std::type_identity<std::tuple<Rows...>>) noexcept {
    constexpr bool same[] = {std::is_same_v<F, Rows>...};
    std::size_t place = 0;
    while (!same[place]) ++place;
    return place;
}

template <class F>
inline constexpr std::size_t row_number = place_in<F>(std::type_identity<all_formats>{});

}  // namespace detail

// clang-format off
/// Other systems' names; lowprec's own come from the table of formats.
/// Source:  ml_dtypes float8.h, mxfloat.h; PyTorch dtypes; LLVM APFloat.h; ONNX TensorProto; CUDA cuda_fp8.h, cuda_fp6.h,
///          cuda_fp4.h; ROCm amd_hip_fp8.h; CUTLASS float8.h, float_subbyte.h; the safetensors format.
inline constexpr spelling spellings[] = {
    {"float64",              "ml_dtypes, PyTorch", detail::row_number<fp64>},
    {"double",               "C, PyTorch",         detail::row_number<fp64>},
    {"F64",                  "safetensors",        detail::row_number<fp64>},
    {"IEEEdouble",           "LLVM",               detail::row_number<fp64>},
    {"DOUBLE",               "ONNX",               detail::row_number<fp64>},
    {"binary64",             "IEEE 754",           detail::row_number<fp64>},
    {"float32",              "ml_dtypes, PyTorch", detail::row_number<fp32>},
    {"float",                "C, PyTorch",         detail::row_number<fp32>},
    {"F32",                  "safetensors",        detail::row_number<fp32>},
    {"IEEEsingle",           "LLVM",               detail::row_number<fp32>},
    {"FLOAT",                "ONNX",               detail::row_number<fp32>},
    {"binary32",             "IEEE 754",           detail::row_number<fp32>},
    {"tfloat32",             "CUTLASS",            detail::row_number<tf32>},
    {"tfloat32_t",           "CUTLASS",            detail::row_number<tf32>},
    {"FloatTF32",            "LLVM",               detail::row_number<tf32>},
    {"bfloat16",             "ml_dtypes, PyTorch", detail::row_number<bf16>},
    {"bfloat16_t",           "CUTLASS",            detail::row_number<bf16>},
    {"BF16",                 "safetensors",        detail::row_number<bf16>},
    {"BFloat",               "LLVM",               detail::row_number<bf16>},
    {"BFLOAT16",             "ONNX",               detail::row_number<bf16>},
    {"__nv_bfloat16",        "CUDA",               detail::row_number<bf16>},
    {"__hip_bfloat16",       "HIP",                detail::row_number<bf16>},
    {"float16",              "ml_dtypes, PyTorch", detail::row_number<fp16>},
    {"half",                 "PyTorch",            detail::row_number<fp16>},
    {"half_t",               "CUTLASS",            detail::row_number<fp16>},
    {"F16",                  "safetensors",        detail::row_number<fp16>},
    {"IEEEhalf",             "LLVM",               detail::row_number<fp16>},
    {"FLOAT16",              "ONNX",               detail::row_number<fp16>},
    {"__half",               "CUDA, HIP",          detail::row_number<fp16>},
    {"binary16",             "IEEE 754",           detail::row_number<fp16>},
    {"float8_e5m2",          "ml_dtypes, PyTorch", detail::row_number<e5m2>},
    {"F8_E5M2",              "safetensors",        detail::row_number<e5m2>},
    {"Float8E5M2",           "LLVM",               detail::row_number<e5m2>},
    {"FLOAT8E5M2",           "ONNX",               detail::row_number<e5m2>},
    {"__nv_fp8_e5m2",        "CUDA",               detail::row_number<e5m2>},
    {"__hip_fp8_e5m2",       "HIP",                detail::row_number<e5m2>},
    {"float_e5m2_t",         "CUTLASS",            detail::row_number<e5m2>},
    {"float8_e4m3fn",        "ml_dtypes, PyTorch", detail::row_number<e4m3>},
    {"F8_E4M3",              "safetensors",        detail::row_number<e4m3>},
    {"Float8E4M3FN",         "LLVM",               detail::row_number<e4m3>},
    {"FLOAT8E4M3FN",         "ONNX",               detail::row_number<e4m3>},
    {"__nv_fp8_e4m3",        "CUDA",               detail::row_number<e4m3>},
    {"__hip_fp8_e4m3",       "HIP",                detail::row_number<e4m3>},
    {"float_e4m3_t",         "CUTLASS",            detail::row_number<e4m3>},
    {"float8_e4m3",          "ml_dtypes",          detail::row_number<e4m3_ieee>},
    {"Float8E4M3",           "LLVM",               detail::row_number<e4m3_ieee>},
    {"float8_e3m4",          "ml_dtypes",          detail::row_number<e3m4>},
    {"Float8E3M4",           "LLVM",               detail::row_number<e3m4>},
    {"float8_e4m3fnuz",      "ml_dtypes, PyTorch", detail::row_number<e4m3_fnuz>},
    {"Float8E4M3FNUZ",       "LLVM",               detail::row_number<e4m3_fnuz>},
    {"FLOAT8E4M3FNUZ",       "ONNX",               detail::row_number<e4m3_fnuz>},
    {"F8_E4M3FNUZ",          "safetensors",        detail::row_number<e4m3_fnuz>},
    {"__hip_fp8_e4m3_fnuz",  "HIP",                detail::row_number<e4m3_fnuz>},
    {"float8_e5m2fnuz",      "ml_dtypes, PyTorch", detail::row_number<e5m2_fnuz>},
    {"Float8E5M2FNUZ",       "LLVM",               detail::row_number<e5m2_fnuz>},
    {"FLOAT8E5M2FNUZ",       "ONNX",               detail::row_number<e5m2_fnuz>},
    {"F8_E5M2FNUZ",          "safetensors",        detail::row_number<e5m2_fnuz>},
    {"__hip_fp8_e5m2_fnuz",  "HIP",                detail::row_number<e5m2_fnuz>},
    {"float8_e4m3b11fnuz",   "ml_dtypes",          detail::row_number<e4m3b11_fnuz>},
    {"Float8E4M3B11FNUZ",    "LLVM",               detail::row_number<e4m3b11_fnuz>},
    {"float6_e3m2fn",        "ml_dtypes",          detail::row_number<e3m2>},
    {"F6_E3M2",              "safetensors",        detail::row_number<e3m2>},
    {"Float6E3M2FN",         "LLVM",               detail::row_number<e3m2>},
    {"__nv_fp6_e3m2",        "CUDA",               detail::row_number<e3m2>},
    {"float_e3m2_t",         "CUTLASS",            detail::row_number<e3m2>},
    {"float6_e2m3fn",        "ml_dtypes",          detail::row_number<e2m3>},
    {"F6_E2M3",              "safetensors",        detail::row_number<e2m3>},
    {"Float6E2M3FN",         "LLVM",               detail::row_number<e2m3>},
    {"__nv_fp6_e2m3",        "CUDA",               detail::row_number<e2m3>},
    {"float_e2m3_t",         "CUTLASS",            detail::row_number<e2m3>},
    {"float4_e2m1fn",        "ml_dtypes",          detail::row_number<e2m1>},
    {"F4",                   "safetensors",        detail::row_number<e2m1>},
    {"Float4E2M1FN",         "LLVM",               detail::row_number<e2m1>},
    {"FLOAT4E2M1",           "ONNX",               detail::row_number<e2m1>},
    {"__nv_fp4_e2m1",        "CUDA",               detail::row_number<e2m1>},
    {"float_e2m1_t",         "CUTLASS",            detail::row_number<e2m1>},
    {"float8_e8m0fnu",       "ml_dtypes, PyTorch", detail::row_number<e8m0>},
    {"F8_E8M0",              "safetensors",        detail::row_number<e8m0>},
    {"Float8E8M0FNU",        "LLVM",               detail::row_number<e8m0>},
    {"FLOAT8E8M0",           "ONNX",               detail::row_number<e8m0>},
    {"__nv_fp8_e8m0",        "CUDA",               detail::row_number<e8m0>},
    {"float_ue8m0_t",        "CUTLASS",            detail::row_number<e8m0>},
    {"float_ue4m3_t",        "CUTLASS",            detail::row_number<ue4m3>},
};
// clang-format on

namespace detail {

constexpr std::size_t no_row = ~std::size_t{0};

template <class... Rows>
constexpr std::size_t find_own_name(std::type_identity<std::tuple<Rows...>>, std::string_view name) noexcept {
    std::size_t row = 0;
    const bool found = ((name == name_of<Rows> || (++row, false)) || ...);
    return found ? row : no_row;
}

constexpr std::size_t find_row(std::string_view name) noexcept {
    const std::size_t row = find_own_name(std::type_identity<all_formats>{}, name);
    if (row != no_row) return row;
    for (const spelling& s : spellings)
        if (s.name == name) return s.row;
    return no_row;
}

/// f<F>(), f(F{}), or f(std::type_identity<F>{}): the first that f takes.
template <class F, class Visitor>
constexpr void call_with_format(Visitor& f) {
    if constexpr (requires { f.template operator()<F>(); })
        static_cast<void>(f.template operator()<F>());
    else if constexpr (std::is_invocable_v<Visitor&, F>)
        static_cast<void>(f(F{}));
    else if constexpr (std::is_invocable_v<Visitor&, std::type_identity<F>>)
        static_cast<void>(f(std::type_identity<F>{}));
    else
        static_assert(!format<F>, "a visitor of formats is called as f<F>(), f(F{}) or f(std::type_identity<F>{})");
}

template <class... Rows, class Visitor>
constexpr bool visit_row(std::type_identity<std::tuple<Rows...>>, std::size_t row, Visitor& f) {
    return ((row-- == 0 && (call_with_format<Rows>(f), true)) || ...);
}

/// K, P and kind of a family member; K is 0 if the text names none.
struct p3109_parameters {
    int k = 0;
    int p = 0;
    p3109_kind kind = p3109_kind::se;
};

constexpr p3109_parameters parse_p3109(std::string_view name) noexcept {
    constexpr std::string_view prefix = "inary";
    if (name.empty() || (name[0] != 'b' && name[0] != 'B') || name.substr(1, prefix.size()) != prefix) return {};
    name.remove_prefix(1 + prefix.size());
    const auto number = [&name] {
        int n = 0;
        for (int i = 0; i < 2 && !name.empty() && name[0] >= '0' && name[0] <= '9'; ++i) {
            if (i == 1 && n == 0) return 0;  // no leading zeros
            n = 10 * n + (name[0] - '0');
            name.remove_prefix(1);
        }
        return n;
    };
    p3109_parameters result;
    const int k = number();
    if (name.empty() || name[0] != 'p') return {};
    name.remove_prefix(1);
    result.p = number();
    constexpr std::string_view letters[] = {"se", "sf", "ue", "uf"};
    for (int i = 0; i < 4; ++i) {
        if (name != letters[i]) continue;
        result.kind = static_cast<p3109_kind>(i);
        if (k >= 3 && k <= 16 && result.p >= 1 && result.p <= (is_signed(result.kind) ? k - 1 : k)) result.k = k;
    }
    return result;
}

template <int K, int P, p3109_kind Kind, class Visitor>
constexpr bool visit_member(p3109_parameters wanted, Visitor& f) {
    if constexpr (P <= (is_signed(Kind) ? K - 1 : K)) {
        if (wanted.p == P && wanted.kind == Kind) {
            call_with_format<p3109<K, P, Kind>>(f);
            return true;
        }
    }
    return false;
}

template <int K, class Visitor, int... Index>
constexpr bool visit_width(p3109_parameters wanted, Visitor& f, std::integer_sequence<int, Index...>) {
    return wanted.k == K && ((visit_member<K, Index / 4 + 1, static_cast<p3109_kind>(Index % 4)>(wanted, f)) || ...);
}

template <class Visitor, int... Index>
constexpr bool visit_widths(p3109_parameters wanted, Visitor& f, std::integer_sequence<int, Index...>) {
    return ((visit_width<Index + 3>(wanted, f, std::make_integer_sequence<int, 4 * (Index + 3)>{})) || ...);
}

}  // namespace detail

/// Calls f with the row F of the table that `name` means, in lowprec's spelling or another system's, exactly as that system
/// writes it: as f<F>() for a lambda []<class F>() {...}, else with a value, F{}, whose type counts, else with
/// std::type_identity<F>. True if there is such a row.
/// Cost:    f is compiled once for each row.
template <class Visitor>
constexpr bool visit_format(std::string_view name, Visitor&& f) {
    const std::size_t row = detail::find_row(name);
    return row != detail::no_row && detail::visit_row(std::type_identity<all_formats>{}, row, f);
}

/// The same for the P3109 family: "binary8p3se" or, as its report writes it, "Binary8p3se", up to K = LargestK.
/// Cost:    f is compiled once for each member: 120 times up to K = 8, 504 times up to K = 16.
template <int LargestK = 8, class Visitor>
    requires detail::p3109_width_is_3_to_16<LargestK>
constexpr bool visit_p3109(std::string_view name, Visitor&& f) {
    return detail::visit_widths(detail::parse_p3109(name), f, std::make_integer_sequence<int, LargestK - 2>{});
}

}  // namespace lowprec

#endif
