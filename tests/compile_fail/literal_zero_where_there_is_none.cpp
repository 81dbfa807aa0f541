// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// expect: literal_is_not_exactly_representable_in_the_format
#include <lowprec/literals.hpp>

using namespace lowprec::literals;
constexpr auto x = 0_e8m0;
