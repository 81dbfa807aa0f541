// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// The formats that tensor cores multiply, and which of them each compute capability has. The capabilities are a list, not an order:
// 12.0 lacks what 10.0 has, and 9.0 lacks what 8.0 has.
#ifndef LOWPREC_HARDWARE_FORMATS_HPP
#define LOWPREC_HARDWARE_FORMATS_HPP

#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <lowprec/affine.hpp>
#include <lowprec/block_formats.hpp>
#include <lowprec/formats.hpp>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace lowprec::hardware {

/// A format of operands, by the name that lowprec gives it; int8 and int4 are affine<8> and affine<4>. int1 has no type.
enum class number_format : unsigned char {
    fp64,
    fp32,
    tf32,
    bf16,
    fp16,
    e4m3,
    e5m2,
    mxfp8_e4m3,
    mxfp8_e5m2,
    mxfp6_e3m2,
    mxfp6_e2m3,
    mxfp4,
    nvfp4,
    int8,
    int4,
    int1,
};
inline constexpr int number_formats = 16;

/// What has one rate: data sheets give a figure for FP8, whatever its exponent and its scales.
enum class number_kind : unsigned char { fp64, fp32, tf32, bf16, fp16, fp8, fp6, fp4, int8, int4, int1 };
inline constexpr int number_kinds = 11;

namespace detail {

// In the order of number_format.
using machine_types = std::tuple<lowprec::fp64, lowprec::fp32, lowprec::tf32, lowprec::bf16, lowprec::fp16,
                                 lowprec::e4m3, lowprec::e5m2, lowprec::mxfp8_e4m3, lowprec::mxfp8_e5m2,
                                 lowprec::mxfp6_e3m2, lowprec::mxfp6_e2m3, lowprec::mxfp4, lowprec::nvfp4>;

template <class... Ts>
struct machine_rows {
    static constexpr std::string_view names[] = {name_of<Ts>..., "int8", "int4", "int1"};
    template <class T>
    static constexpr int place() noexcept {
        int at = 0;
        return ((std::is_same_v<T, Ts> || (++at, false)) || ...) ? at : -1;
    }
};
template <class... Ts>
constexpr machine_rows<Ts...> rows_of(std::type_identity<std::tuple<Ts...>>) noexcept;
using machine_table = decltype(rows_of(std::type_identity<machine_types>{}));

static_assert(std::size(machine_table::names) == number_formats);
static_assert(machine_table::names[static_cast<int>(number_format::nvfp4)] == "nvfp4");

template <class T>
inline constexpr int machine_place = machine_table::place<T>();
template <integer_codes Codes>
inline constexpr int machine_place<affine<8, Codes>> = static_cast<int>(number_format::int8);
template <integer_codes Codes>
inline constexpr int machine_place<affine<4, Codes>> = static_cast<int>(number_format::int4);

template <class T>
concept multiplied_by_tensor_cores = machine_place<T>
>= 0;

}  // namespace detail

/// The number_format of a format, a block format or affine integers: format_of<e4m3>, format_of<nvfp4>, format_of<affine<8>>.
template <detail::multiplied_by_tensor_cores T>
inline constexpr number_format format_of = static_cast<number_format>(detail::machine_place<T>);

/// "nvfp4"
[[nodiscard]] constexpr std::string_view name(number_format f) noexcept {
    return detail::machine_table::names[static_cast<int>(f)];
}
/// "fp4"
[[nodiscard]] constexpr std::string_view name(number_kind k) noexcept {
    constexpr std::string_view names[] = {"fp64", "fp32", "tf32", "bf16", "fp16", "fp8",
                                          "fp6",  "fp4",  "int8", "int4", "int1"};
    return names[static_cast<int>(k)];
}

[[nodiscard]] constexpr number_kind kind_of(number_format f) noexcept {
    using k = number_kind;
    constexpr number_kind kinds[] = {k::fp64, k::fp32, k::tf32, k::bf16, k::fp16, k::fp8,  k::fp8,  k::fp8,
                                     k::fp8,  k::fp6,  k::fp6,  k::fp4,  k::fp4,  k::int8, k::int4, k::int1};
    return kinds[static_cast<int>(f)];
}

/// Two numbers, without an order: a larger one says nothing about formats.
struct compute_capability {
    int major_number, minor_number;
    friend constexpr bool operator==(const compute_capability&, const compute_capability&) = default;
};

/// Whether tensor cores multiply a format.
enum class support : unsigned char {
    unknown,  ///< a compute capability that the table lacks
    none,
    reduced,  ///< they do, at a small part of the rate that the generation before had
    native,
};

namespace detail {

using format_set = std::uint32_t;
constexpr format_set set_of(std::initializer_list<number_format> formats) noexcept {
    format_set set = 0;
    for (const number_format f : formats) set |= format_set{1} << static_cast<int>(f);
    return set;
}
constexpr bool has(format_set set, number_format f) noexcept { return (set >> static_cast<int>(f) & 1) != 0; }

}  // namespace detail

/// A compute capability with the formats of its tensor cores.
struct capability_row {
    compute_capability capability;
    detail::format_set native;
    detail::format_set reduced;
};

namespace detail {

inline constexpr format_set fp8_set = set_of({number_format::e4m3, number_format::e5m2});
inline constexpr format_set hopper_set =
    set_of({number_format::fp64, number_format::tf32, number_format::bf16, number_format::fp16, number_format::int8}) |
    fp8_set;
inline constexpr format_set scaled_set =
    set_of({number_format::mxfp8_e4m3, number_format::mxfp8_e5m2, number_format::mxfp6_e3m2, number_format::mxfp6_e2m3,
            number_format::mxfp4, number_format::nvfp4});
inline constexpr format_set slow_on_10_3 = set_of({number_format::fp64, number_format::int8});

}  // namespace detail

/// Source:  NVIDIA, PTX ISA (mma, wgmma, tcgen05.mma) and the architectures' whitepapers. The block-scaled formats of 12.0 go through
///          mma.sync, not tcgen05.
inline constexpr capability_row capabilities[] = {
    {{8, 0},
     detail::set_of({number_format::fp64, number_format::tf32, number_format::bf16, number_format::fp16,
                     number_format::int8, number_format::int4, number_format::int1}),
     0},
    {{8, 9},
     detail::set_of(
         {number_format::tf32, number_format::bf16, number_format::fp16, number_format::int8, number_format::int4}) |
         detail::fp8_set,
     0},
    {{9, 0}, detail::hopper_set, 0},
    {{10, 0}, detail::hopper_set | detail::scaled_set, 0},
    {{10, 3}, (detail::hopper_set | detail::scaled_set) & ~detail::slow_on_10_3, detail::slow_on_10_3},
    {{12, 0}, (detail::hopper_set | detail::scaled_set) & ~detail::set_of({number_format::fp64}), 0},
};

/// Whether the tensor cores of a compute capability multiply a format. (fp32 is not theirs, and fp64 may have vector units.)
[[nodiscard]] constexpr support support_of(compute_capability capability, number_format f) noexcept {
    for (const capability_row& row : capabilities)
        if (row.capability == capability)
            return detail::has(row.native, f)    ? support::native
                   : detail::has(row.reduced, f) ? support::reduced
                                                 : support::none;
    return support::unknown;
}

/// What a library makes of a compute capability: less than its tensor cores can.
enum class software : unsigned char { no, partly, yes };

/// How TransformerEngine's recipes run, in the order of `capabilities`.
struct software_row {
    std::string_view recipe;
    software on[std::size(capabilities)];
};
/// Source:  TransformerEngine's support matrix.
inline constexpr software_row transformer_engine[] = {
    {"bf16", {software::yes, software::yes, software::yes, software::yes, software::yes, software::yes}},
    {"fp8, a scale for the tensor",
     {software::no, software::yes, software::yes, software::yes, software::yes, software::yes}},
    {"fp8 in blocks", {software::no, software::no, software::yes, software::yes, software::yes, software::yes}},
    {"mxfp8", {software::no, software::no, software::no, software::yes, software::yes, software::no}},
    {"nvfp4", {software::no, software::no, software::no, software::yes, software::yes, software::partly}},
};

}  // namespace lowprec::hardware

#endif
