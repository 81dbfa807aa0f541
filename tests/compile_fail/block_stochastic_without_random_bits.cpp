// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Stochastic rounding needs random bits.
// expect: elements_are_not_rounded_at_random
#include <lowprec/quantize_block.hpp>

constexpr float x[16] = {};
using namespace lowprec;
auto refused = quantize_block<nvfp4, block_policy{.elements = {.round = rounding::stochastic, .random_bits = 8}}>(x);
