// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// lowprec beside a system header that defines min and max as macros, as <windows.h> does. The standard headers and xsimd
// come first, because they are nobody's to repair here; every header of lowprec comes after.
#include <array>
#include <bit>
#include <charconv>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <limits>
#include <span>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>
#include <version>
#include <xsimd/xsimd.hpp>
#if __has_include(<format>)
#include <format>
#endif

// NOLINTBEGIN(readability-identifier-naming)
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
// NOLINTEND(readability-identifier-naming)

#include <lowprec/charconv.hpp>
#include <lowprec/format.hpp>
#include <lowprec/lowprec.hpp>
#include <lowprec/names.hpp>
#include <lowprec/ostream.hpp>
#include <lowprec/simd.hpp>

int main() {
    using limits = std::numeric_limits<lowprec::e4m3>;
    const bool right = float((limits::max)()) == 448.0F && lowprec::convert<lowprec::e4m3>(1000.0F) == (limits::max)();
    const auto codes = lowprec::convert_to<lowprec::e4m3>(std::vector<float>(100, 1000.0F));
    return right && codes[99] == (limits::max)() ? 0 : 1;
}
