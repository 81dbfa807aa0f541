// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 1
//
// What may be converted: formats, the compiler's floating-point types that are IEEE formats, and its integers up to
// 128 bits. std::integral leaves __int128 out in strict mode, so lowprec asks for itself.
#ifndef LOWPREC_CONCEPTS_HPP
#define LOWPREC_CONCEPTS_HPP

#include <limits>
#include <lowprec/detail/bits.hpp>
#include <lowprec/specials.hpp>
#include <type_traits>

namespace lowprec {

namespace detail {

template <class T>
inline constexpr bool is_format_v = false;  // true for every float_format: float_format.hpp

template <class T>
inline constexpr bool is_integer_v = std::is_integral_v<T> || std::is_same_v<T, int128> || std::is_same_v<T, uint128>;

template <class T>
inline constexpr bool is_signed_integer_v = std::is_same_v<T, int128> || (std::is_integral_v<T> && std::is_signed_v<T>);

// The format of a built-in floating-point type, by its digits; float_format.hpp names them.
template <class T>
inline constexpr bool is_native_float_v = std::is_same_v<T, float> || std::is_same_v<T, double> ||
                                          (std::is_same_v<T, long double> &&
                                           std::numeric_limits<long double>::digits == 53)
#if LOWPREC_HAS_FLOAT16
                                          || std::is_same_v<T, _Float16>
#endif
#if LOWPREC_HAS_BFLOAT16
                                          || std::is_same_v<T, __bf16>
#endif
    ;

}  // namespace detail

/// A lowprec::float_format.
template <class T>
concept format = detail::is_format_v<T>;

/// A built-in number that converts to and from formats: float, double, the 16-bit floats where the compiler has them, long
/// double where it is binary64, and every integer type up to 128 bits.
template <class T>
concept builtin_number = detail::is_native_float_v<T> || detail::is_integer_v<T>;

/// Anything that `convert` reads.
template <class T>
concept number = format<T> || builtin_number<T>;

}  // namespace lowprec

#endif
