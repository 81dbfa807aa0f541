// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Formats are compared after an explicit conversion.
// expect: (no match for|invalid operands to binary expression)
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/traits.hpp>

auto refused() { return lowprec::fp16(1.0F) == lowprec::bf16(1.0F); }
