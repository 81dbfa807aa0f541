// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// expect: literal_is_octal_or_binary_but_must_be_decimal_or_hexadecimal
#include <lowprec/literals.hpp>

using namespace lowprec::literals;
constexpr auto x = 010_e4m3;
