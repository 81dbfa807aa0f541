// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// ModelOpt has no recipe for MX.
// expect: recipe_is_for_this_block_format
#include <lowprec/quantize_block.hpp>

constexpr float x[16] = {};
using namespace lowprec;
auto refused = quantize_block<mxfp4, block_policy{recipe::modelopt}>(x);
