// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// 64 random bits, policy's default, are more than a quotient is kept for.
// expect: stochastic_elements_take_1_to_32_random_bits
#include <lowprec/quantize_block.hpp>

constexpr float x[16] = {};
using namespace lowprec;
auto refused =
    quantize_block<nvfp4, block_policy{.elements = {.round = rounding::stochastic}}>(x, 1, [](int) { return 0; });
