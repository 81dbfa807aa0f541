// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The formats again, as literals copied from their specifications and not from formats.hpp, and the loops that pair each
// type of the library with its row.
#ifndef LOWPREC_TESTS_SUPPORT_ROWS_HPP
#define LOWPREC_TESTS_SUPPORT_ROWS_HPP

#include <lowprec/formats.hpp>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "support/oracle.hpp"

namespace oracle {

// clang-format off
inline constexpr row rows[] = {
    // name          S   E   M  bias  NaN                       infinity zero
    {"fp64",         1, 11, 52, 1023, nan_place::ieee,          true,  true},
    {"fp32",         1,  8, 23,  127, nan_place::ieee,          true,  true},
    {"tf32",         1,  8, 10,  127, nan_place::ieee,          true,  true},
    {"bf16",         1,  8,  7,  127, nan_place::ieee,          true,  true},
    {"fp16",         1,  5, 10,   15, nan_place::ieee,          true,  true},
    {"e5m2",         1,  5,  2,   15, nan_place::ieee,          true,  true},
    {"e4m3",         1,  4,  3,    7, nan_place::all_ones,      false, true},
    {"e4m3_ieee",    1,  4,  3,    7, nan_place::ieee,          true,  true},
    {"e3m4",         1,  3,  4,    3, nan_place::ieee,          true,  true},
    {"e4m3_fnuz",    1,  4,  3,    8, nan_place::negative_zero, false, true},
    {"e5m2_fnuz",    1,  5,  2,   16, nan_place::negative_zero, false, true},
    {"e4m3b11_fnuz", 1,  4,  3,   11, nan_place::negative_zero, false, true},
    {"e3m2",         1,  3,  2,    3, nan_place::none,          false, true},
    {"e2m3",         1,  2,  3,    1, nan_place::none,          false, true},
    {"e2m1",         1,  2,  1,    1, nan_place::none,          false, true},
    {"e8m0",         0,  8,  0,  127, nan_place::all_ones,      false, false},
    {"ue4m3",        0,  4,  3,    7, nan_place::all_ones,      false, true},
    {"ue5m3",        0,  5,  3,   15, nan_place::all_ones,      false, true},
};
// clang-format on

/// binary<K>p<P>, signed or unsigned, extended or finite. NaN takes the code of -0, or the last one of an unsigned format.
inline row p3109_row(int k, int p, bool is_signed, bool extended) {
    const int exponent_bits = is_signed ? k - p : k - p + 1;
    const int bias = is_signed ? 1 << (k - p - 1) : 1 << (k - p);
    return {"p3109",       is_signed ? 1 : 0,
            exponent_bits, p - 1,
            bias,          is_signed ? nan_place::negative_zero : nan_place::all_ones,
            extended,      true};
}

inline row p3109_row(int k, int p, lowprec::p3109_kind kind) {
    using lowprec::p3109_kind;
    return p3109_row(k, p, kind == p3109_kind::se || kind == p3109_kind::sf,
                     kind == p3109_kind::se || kind == p3109_kind::ue);
}

/// The format of that name, built once.
inline const format& named(const std::string& name) {
    static std::map<std::string, std::unique_ptr<format>> known;
    auto& entry = known[name];
    if (!entry) {
        for (const row& r : rows)
            if (r.name == name) entry = std::make_unique<format>(r);
        if (!entry) throw std::logic_error("tests/support/rows.hpp has no row " + name);
    }
    return *entry;
}

/// The format F as the oracle sees it. One without a literal above was just added: its parameters are read off the type.
template <class F>
const format& format_of() {
    for (const row& r : rows)
        if (r.name == lowprec::name_of<F>) return named(r.name);
    constexpr lowprec::specials s = F::special_values;
    static const format added{{lowprec::name_of<F>.data(), F::sign_bits, F::exponent_bits, F::mantissa_bits, F::bias,
                               static_cast<nan_place>(s.nan), s.infinity, s.zero}};
    return added;
}

template <class T>
struct type {
    using self = T;
};

/// f(type<F>{}) for every row with MinWidth <= width <= MaxWidth.
template <int MinWidth, int MaxWidth, class Function>
void for_each_format(Function&& f) {
    const auto one = [&]<class F>(type<F>) {
        if constexpr (F::width >= MinWidth && F::width <= MaxWidth) f(type<F>{});
    };
    [&]<class... Fs>(type<std::tuple<Fs...>>) { (one(type<Fs>{}), ...); }(type<lowprec::all_formats>{});
}

}  // namespace oracle

#endif
