// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A conversion that may round is written down.
// expect: (conversion from|no viable conversion)
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/traits.hpp>

lowprec::e4m3 refused = 1.0F;
