// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Stochastic rounding takes 1 to 64 bits.
// expect: policy_with_stochastic_rounding
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/traits.hpp>

using namespace lowprec;
auto refused() { return convert<e4m3, policy{.round = rounding::stochastic, .random_bits = 65}>(1.1F, 17U); }
