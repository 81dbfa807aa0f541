// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// The table of block formats. One line is one format: its alias, its name, its source, and its place in all_block_formats, from
// which tests, documentation and tools take it.
#ifndef LOWPREC_BLOCK_FORMATS_HPP
#define LOWPREC_BLOCK_FORMATS_HPP

#include <lowprec/block_format.hpp>

namespace lowprec {

namespace detail {

using mx_int8 = int_element<8, int_coding::twos_complement, -6>;
using plain_int8 = int_element<8, int_coding::twos_complement>;
using offset_int4 = int_element<4, int_coding::offset>;
using plain_uint4 = int_element<4, int_coding::plain>;

}  // namespace detail

// clang-format off
//    name         element              n   scale  rule            layout            source
#define LOWPREC_BLOCK_FORMATS(X)                                                                                          \
    X(mxfp8_e4m3,  e4m3,                32, e8m0,  power_of_two,   separate,         "OCP MX 1.0 MXFP8")                  \
    X(mxfp8_e5m2,  e5m2,                32, e8m0,  power_of_two,   separate,         "OCP MX 1.0 MXFP8")                  \
    X(mxfp6_e3m2,  e3m2,                32, e8m0,  power_of_two,   separate,         "OCP MX 1.0 MXFP6")                  \
    X(mxfp6_e2m3,  e2m3,                32, e8m0,  power_of_two,   separate,         "OCP MX 1.0 MXFP6")                  \
    X(mxfp4,       e2m1,                32, e8m0,  power_of_two,   separate,         "OCP MX 1.0 MXFP4")                  \
    X(mxint8,      detail::mx_int8,     32, e8m0,  power_of_two,   separate,         "OCP MX 1.0 MXINT8")                 \
    X(nvfp4,       e2m1,                16, e4m3,  two_level,      separate,         "NVIDIA Blackwell, cuDNN")           \
    X(q4_0,        detail::offset_int4, 32, fp16,  signed_largest, interleaved,      "ggml Q4_0")                         \
    X(q4_1,        detail::plain_uint4, 32, fp16,  range,          interleaved,      "ggml Q4_1")                         \
    X(q8_0,        detail::plain_int8,  32, fp16,  largest,        interleaved,      "ggml Q8_0")                         \
    X(ggml_mxfp4,  e2m1,                32, e8m0,  power_of_two,   interleaved,      "ggml MXFP4")                        \
    X(ggml_nvfp4,  e2m1,                16, ue4m3, largest,        interleaved_by_4, "ggml NVFP4")
// clang-format on

#define LOWPREC_ROW(name, element, n, scale, rule, layout, source) \
    using name = block_format<element, n, scale, scale_rule::rule, block_layout::layout>;
LOWPREC_BLOCK_FORMATS(LOWPREC_ROW)
#undef LOWPREC_ROW

namespace detail {

// Formats outside the table are named after their parameters.
template <class B>
constexpr text block_format_name() noexcept {
    text name;
    name << "block_format<";
    if constexpr (is_format_v<typename B::element>)
        name << name_of<typename B::element>;
    else
        name << "int" << B::element::width;
    return name << "," << B::length << "," << name_of<typename B::scale> << ">";
}
template <class B>
inline constexpr text block_format_name_v = block_format_name<B>();

template <block_row B>
struct row_of<B> {
    static constexpr bool listed = true;
    static constexpr std::string_view name = block_format_name_v<B>;
};

#define LOWPREC_ROW(name_, element, n, scale, rule, layout, source_) \
    template <>                                                      \
    struct row_of<name_> {                                           \
        static constexpr bool listed = true;                         \
        static constexpr std::string_view name = #name_;             \
        static constexpr std::string_view source = source_;          \
    };
LOWPREC_BLOCK_FORMATS(LOWPREC_ROW)
#undef LOWPREC_ROW

}  // namespace detail

/// The rows of the table as types, in order. name_of<mxfp4> is "mxfp4".
#define LOWPREC_ROW(name, element, n, scale, rule, layout, source) , name
using all_block_formats = detail::tuple_of<void LOWPREC_BLOCK_FORMATS(LOWPREC_ROW)>;
#undef LOWPREC_ROW

}  // namespace lowprec

#endif
