// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The floats at the ends, by short names, and the code of a float.
#ifndef LOWPREC_TESTS_SUPPORT_SPECIAL_FLOATS_HPP
#define LOWPREC_TESTS_SUPPORT_SPECIAL_FLOATS_HPP

#include <bit>
#include <cstdint>
#include <limits>

inline constexpr float infinity = std::numeric_limits<float>::infinity();
inline constexpr float quiet_nan = std::numeric_limits<float>::quiet_NaN();
inline constexpr float largest = std::numeric_limits<float>::max();
inline constexpr float tiny = std::numeric_limits<float>::denorm_min();

inline std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }

#endif
