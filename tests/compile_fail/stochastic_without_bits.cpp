// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Stochastic rounding needs the caller's random bits.
// expect: policy_without_stochastic_rounding
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/traits.hpp>

using namespace lowprec;
auto refused() { return convert<e4m3, policy{.round = rounding::stochastic}>(1.1F); }
