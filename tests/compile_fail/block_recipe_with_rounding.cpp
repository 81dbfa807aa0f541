// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A tool's recipe says how elements are rounded.
// expect: a_tools_recipe_rounds_elements_by_itself
#include <lowprec/quantize_block.hpp>

constexpr float x[16] = {};
using namespace lowprec;
auto refused = quantize_block<nvfp4, block_policy{recipe::torchao, {.round = rounding::upward}}>(x);
