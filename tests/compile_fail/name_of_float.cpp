// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// name_of is for formats.
// expect: format
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/traits.hpp>

auto refused = lowprec::name_of<float>;
