// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// An unsigned format has no other sign.
// expect: (no match for .*operator-|invalid argument type)
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/traits.hpp>

auto refused(lowprec::ue4m3 x) { return -x; }
