// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 8
//
// The element types that a safetensors file can hold, and the C++ types and formats that stand for them.
#ifndef LOWPREC_IO_DTYPE_HPP
#define LOWPREC_IO_DTYPE_HPP

#include <complex>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <optional>
#include <string_view>
#include <type_traits>

namespace lowprec::io {

/// Element types, in the format's own order: writers put the tensors of the last type first.
enum class dtype : unsigned char {
    boolean,
    f4,
    f6_e2m3,
    f6_e3m2,
    u8,
    i8,
    f8_e5m2,
    f8_e4m3,
    f8_e8m0,
    f8_e4m3_fnuz,
    f8_e5m2_fnuz,
    i16,
    u16,
    f16,
    bf16,
    i32,
    u32,
    f32,
    c64,
    f64,
    i64,
    u64,
};

namespace detail {

struct dtype_row {
    std::string_view name;
    int bits;
};

// In the order of the enumeration.
inline constexpr dtype_row dtype_rows[] = {
    {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
    {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
    {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32},        {"F32", 32},
    {"C64", 64},    {"F64", 64},    {"I64", 64},    {"U64", 64},
};
static_assert(std::size(dtype_rows) == static_cast<std::size_t>(dtype::u64) + 1);

template <class T, class... Us>
inline constexpr bool is_one_of = (std::is_same_v<T, Us> || ...);

}  // namespace detail

/// The spelling in the file, such as "F8_E4M3".
[[nodiscard]] constexpr std::string_view name(dtype type) noexcept {
    return detail::dtype_rows[static_cast<std::size_t>(type)].name;
}

/// Bits of one element; 4 or 6 where several elements share a byte.
[[nodiscard]] constexpr int bits(dtype type) noexcept {
    return detail::dtype_rows[static_cast<std::size_t>(type)].bits;
}

/// The type with this spelling, or nothing.
[[nodiscard]] constexpr std::optional<dtype> find_dtype(std::string_view spelling) noexcept {
    for (std::size_t i = 0; i < std::size(detail::dtype_rows); ++i)
        if (detail::dtype_rows[i].name == spelling) return static_cast<dtype>(i);
    return std::nullopt;
}

/// The element type whose bytes are the memory of T, or nothing. BOOL has none (a byte from a file may be neither 0 nor 1),
/// nor have F4 and the F6 types, whose elements share bytes.
template <class T>
inline constexpr std::optional<dtype> dtype_of = []() -> std::optional<dtype> {
    using detail::is_one_of;
    if constexpr (is_one_of<T, float, fp32>) return dtype::f32;
    if constexpr (is_one_of<T, double, fp64>) return dtype::f64;
    if constexpr (is_one_of<T, std::complex<float>>) return dtype::c64;
    if constexpr (is_one_of<T, fp16>) return dtype::f16;
    if constexpr (is_one_of<T, bf16>) return dtype::bf16;
    if constexpr (is_one_of<T, e5m2>) return dtype::f8_e5m2;
    if constexpr (is_one_of<T, e4m3>) return dtype::f8_e4m3;
    if constexpr (is_one_of<T, e8m0>) return dtype::f8_e8m0;
    if constexpr (is_one_of<T, e4m3_fnuz>) return dtype::f8_e4m3_fnuz;
    if constexpr (is_one_of<T, e5m2_fnuz>) return dtype::f8_e5m2_fnuz;
    if constexpr (is_one_of<T, std::uint8_t, std::byte>) return dtype::u8;
    if constexpr (is_one_of<T, std::int8_t>) return dtype::i8;
    if constexpr (is_one_of<T, std::uint16_t>) return dtype::u16;
    if constexpr (is_one_of<T, std::int16_t>) return dtype::i16;
    if constexpr (is_one_of<T, std::uint32_t>) return dtype::u32;
    if constexpr (is_one_of<T, std::int32_t>) return dtype::i32;
    if constexpr (is_one_of<T, std::uint64_t>) return dtype::u64;
    if constexpr (is_one_of<T, std::int64_t>) return dtype::i64;
    return std::nullopt;
}();

}  // namespace lowprec::io

#endif
