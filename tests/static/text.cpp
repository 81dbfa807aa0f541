// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Text, hashes and names while compiling.
#include <lowprec/charconv.hpp>
#include <lowprec/hash.hpp>
#include <lowprec/lowprec.hpp>
#include <lowprec/names.hpp>
#include <string_view>

namespace {

using namespace lowprec;
using namespace lowprec::literals;

template <class F>
constexpr F read(std::string_view text, std::chars_format fmt = std::chars_format::general) {
    F value = F::from_bits(0x55);
    from_chars(text.data(), text.data() + text.size(), value, fmt);
    return value;
}

template <class F>
constexpr bool writes(F value, std::string_view expected) {
    char buffer[40]{};
    const auto end = to_chars(buffer, buffer + 40, value).ptr;
    return std::string_view(buffer, static_cast<std::size_t>(end - buffer)) == expected;
}

static_assert(read<e4m3>("1.0625").bits() == 0x38);
static_assert(read<e4m3>("1.06250000000000000000001").bits() == 0x39);
static_assert(read<e4m3>("1e9").bits() == 0x55, "out of range: unchanged");
static_assert(read<e5m2>("1.8p3", std::chars_format::hex).bits() == 0x4A);
static_assert(read<fp64>("2.2250738585072011e-308").bits() == 0x000FFFFFFFFFFFFF);
static_assert(writes(448_e4m3, "448"));
static_assert(writes(0x1p-1074_fp64, "5e-324"));
static_assert(writes(e4m3::from_bits(0x7F), "nan"));

static_assert(std::hash<e4m3>{}(e4m3::from_bits(0x80)) == std::hash<e4m3>{}(e4m3::from_bits(0)));

static_assert(visit_format("float8_e4m3fn", []<class F>(std::type_identity<F>) { static_assert(format<F>); }));
static_assert(!visit_format("E4M3", [](auto) {}));
static_assert(visit_p3109("Binary8p3se", [](auto) {}));
static_assert(std::is_same_v<names::float8_e4m3, e4m3_ieee>);

}  // namespace
