// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 1
//
// The table of formats. One line is one format: its alias, its name, its source, and its place in all_formats, from which
// tests, benches, documentation and tools take it. Constructors and casts need convert.hpp (or lowprec.hpp). The P3109 family is a template instead of rows.
#ifndef LOWPREC_FORMATS_HPP
#define LOWPREC_FORMATS_HPP

#include <lowprec/detail/text.hpp>
#include <lowprec/float_format.hpp>
#include <string_view>
#include <tuple>

namespace lowprec {

// The macro stays defined: what needs a format's name as a token, as literals.hpp does, expands it with an X of its own.
// clang-format off
//    name          S   E   M  bias  specials          source
#define LOWPREC_FORMATS(X)                                                              \
    X(fp64,         1, 11, 52, 1023, special::ieee,    "IEEE 754-2019 binary64")        \
    X(fp32,         1,  8, 23,  127, special::ieee,    "IEEE 754-2019 binary32")        \
    X(tf32,         1,  8, 10,  127, special::ieee,    "NVIDIA Ampere, PTX .tf32")      \
    X(bf16,         1,  8,  7,  127, special::ieee,    "Google Brain bfloat16")         \
    X(fp16,         1,  5, 10,   15, special::ieee,    "IEEE 754-2019 binary16")        \
    X(e5m2,         1,  5,  2,   15, special::ieee,    "OCP OFP8 1.0")                  \
    X(e4m3,         1,  4,  3,    7, special::fn,      "OCP OFP8 1.0")                  \
    X(e4m3_ieee,    1,  4,  3,    7, special::ieee,    "ml_dtypes float8_e4m3")         \
    X(e3m4,         1,  3,  4,    3, special::ieee,    "ml_dtypes float8_e3m4")         \
    X(e4m3_fnuz,    1,  4,  3,    8, special::fnuz,    "AMD CDNA 3; P3109 binary8p4sf") \
    X(e5m2_fnuz,    1,  5,  2,   16, special::fnuz,    "AMD CDNA 3; P3109 binary8p3sf") \
    X(e4m3b11_fnuz, 1,  4,  3,   11, special::fnuz,    "ml_dtypes float8_e4m3b11fnuz")  \
    X(e3m2,         1,  3,  2,    3, special::finite,  "OCP MX 1.0 FP6")                \
    X(e2m3,         1,  2,  3,    1, special::finite,  "OCP MX 1.0 FP6")                \
    X(e2m1,         1,  2,  1,    1, special::finite,  "OCP MX 1.0 FP4")                \
    X(e8m0,         0,  8,  0,  127, special::scale,   "OCP MX 1.0 scale")              \
    X(ue4m3,        0,  4,  3,    7, special::fn,      "PTX .ue4m3, NVFP4 scale")       \
    X(ue5m3,        0,  5,  3,   15, special::fn,      "PTX .ue5m3")
// clang-format on

namespace detail {

// Only the rows specialise this; two rows of one type do not compile.
template <class F>
struct row_of {
    static constexpr bool listed = false;
};

template <class None, class... Fs>
using tuple_of = std::tuple<Fs...>;  // drops the first, so that every row may begin with a comma

}  // namespace detail

#define LOWPREC_ROW(name, S, E, M, bias, specials, source) using name = float_format<S, E, M, bias, specials>;
LOWPREC_FORMATS(LOWPREC_ROW)
#undef LOWPREC_ROW

namespace detail {

#define LOWPREC_ROW(name_, S, E, M, bias, specials, source_) \
    template <>                                              \
    struct row_of<name_> {                                   \
        static constexpr bool listed = true;                 \
        static constexpr std::string_view name = #name_;     \
        static constexpr std::string_view source = source_;  \
    };
LOWPREC_FORMATS(LOWPREC_ROW)
#undef LOWPREC_ROW

}  // namespace detail

/// The rows of the table as types, in order.
#define LOWPREC_ROW(name, S, E, M, bias, specials, source) , name
using all_formats = detail::tuple_of<void LOWPREC_FORMATS(LOWPREC_ROW)>;
#undef LOWPREC_ROW

/// The kinds of the P3109 family: signed or unsigned, extended (with infinities) or finite.
enum class p3109_kind : unsigned char { se, sf, ue, uf };

namespace detail {

constexpr bool is_signed(p3109_kind kind) noexcept { return kind == p3109_kind::se || kind == p3109_kind::sf; }
constexpr specials specials_of(p3109_kind kind) noexcept {
    constexpr specials by_kind[] = {special::p3109_se, special::fnuz, special::p3109_ue, special::fn};
    return by_kind[static_cast<int>(kind)];
}

template <int K>
concept p3109_width_is_3_to_16 = K >= 3 && K <= 16;
template <int K, int P, p3109_kind Kind>
concept p3109_precision_fits_the_width = P >= 1 && P <= (is_signed(Kind) ? K - 1 : K);

}  // namespace detail

/// binary<K>p<P><kind> of IEEE P3109: K bits, precision P with the hidden bit, 3 <= K <= 16, 1 <= P <= K - 1 (signed) or K.
/// Source:  IEEE P3109 interim report 4.0. p3109<8, 4, sf> is e4m3_fnuz, p3109<8, 3, sf> is e5m2_fnuz.
template <int K, int P, p3109_kind Kind>
    requires detail::p3109_width_is_3_to_16<K> && detail::p3109_precision_fits_the_width<K, P, Kind>
using p3109 = float_format<detail::is_signed(Kind) ? 1 : 0, detail::is_signed(Kind) ? K - P : K - P + 1, P - 1,
                           detail::is_signed(Kind) ? (1 << (K - P)) / 2 : 1 << (K - P), detail::specials_of(Kind)>;

namespace detail {

/// The P3109 letter pair of a format, or nothing if it isn't of the family.
template <class F>
constexpr std::string_view p3109_letters() noexcept {
    constexpr int precision = F::mantissa_bits + 1;
    if (!F::has_zero || F::width < 3 || F::width > 16 || F::bias != (1 << (F::exponent_bits - 1))) return {};
    constexpr bool signed_ = F::sign_bits == 1;
    if (precision > F::width || F::special_values.nan != (signed_ ? nan_at::negative_zero : nan_at::all_ones))
        return {};
    if (signed_) return F::has_infinity ? "se" : "sf";
    return F::has_infinity ? "ue" : "uf";
}

template <class F>
constexpr text derived_name() noexcept {
    text name;
    if (constexpr std::string_view letters = p3109_letters<F>(); !letters.empty())
        return name << "binary" << F::width << "p" << F::mantissa_bits + 1 << letters;
    name << "float_format<" << F::sign_bits << "," << F::exponent_bits << "," << F::mantissa_bits << "," << F::bias;
    constexpr specials sp = F::special_values;
    if (sp == special::ieee) return name << ">";
    constexpr std::string_view nans[] = {"no nan", "nan all ones", "nan at -0", "ieee nan"};
    name << "," << nans[static_cast<int>(sp.nan)];
    if (sp.infinity) name << "+inf";
    if (!sp.zero) name << "-zero";
    return name << ">";
}

template <class F>
inline constexpr text derived_name_v = derived_name<F>();

template <class F>
constexpr std::string_view find_name() noexcept {
    if constexpr (row_of<F>::listed)
        return row_of<F>::name;
    else
        return derived_name_v<F>;
}

}  // namespace detail

namespace detail {

template <class F>
concept named = is_format_v<F> || row_of<F>::listed;  // the rows of other tables, too

}  // namespace detail

/// "e4m3", "binary8p3se", or "float_format<1,3,5,3>" for a type outside the table. Also "mxfp4" (block_formats.hpp).
template <detail::named F>
inline constexpr std::string_view name_of = detail::find_name<F>();

}  // namespace lowprec

#endif
