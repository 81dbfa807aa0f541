// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// So is one that widens: it would let formats mix.
// expect: (cannot convert|no viable conversion)
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/traits.hpp>

float refused = lowprec::e4m3(1.0F);
