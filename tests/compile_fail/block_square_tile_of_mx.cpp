// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Blocks of 32 make no tiles of 16 x 16.
// expect: square_tiles_are_for_nvfp4_in_two_arrays
#include <lowprec/quantize_block.hpp>

constexpr float x[16] = {};
using namespace lowprec;
auto refused = quantize_block<mxfp4, block_policy{.tile = scale_tile::square}>(x);
