// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// lowprec beside a system header that defines min and max as macros, as <windows.h> does. The standard headers come first,
// because they are nobody's to repair; every header of lowprec comes after.
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
#include <version>
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

int main() {
    using limits = std::numeric_limits<lowprec::e4m3>;
    const bool right = float((limits::max)()) == 448.0F && lowprec::convert<lowprec::e4m3>(1000.0F) == (limits::max)();
    return right ? 0 : 1;
}
