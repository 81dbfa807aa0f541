// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// The formats and everything about single numbers: types, conversion, arithmetic, classification, literals and hashing;
// how codes of fewer than 8 bits lie in bytes; block formats and affine integers, one block and one number at a time.
// Text (charconv.hpp, ostream.hpp, format.hpp) and other systems' names (names.hpp) are included by name.
#ifndef LOWPREC_LOWPREC_HPP
#define LOWPREC_LOWPREC_HPP

#include <lowprec/affine.hpp>
#include <lowprec/arithmetic.hpp>
#include <lowprec/block_formats.hpp>
#include <lowprec/block_span.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/hash.hpp>
#include <lowprec/literals.hpp>
#include <lowprec/math.hpp>
#include <lowprec/packed_span.hpp>
#include <lowprec/packing.hpp>
#include <lowprec/presets.hpp>
#include <lowprec/quantize_block.hpp>
#include <lowprec/requantize.hpp>
#include <lowprec/traits.hpp>

#endif
