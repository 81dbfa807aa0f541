// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Random bits would be ignored.
// expect: policy_with_stochastic_rounding
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/traits.hpp>

using namespace lowprec;
auto refused() { return convert<e4m3, policy{.round = rounding::upward}>(1.1F, 17U); }
