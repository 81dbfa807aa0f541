// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Only two codes of 4 bits have an order in their byte.
// expect: high_first_needs_4_bit_codes
#include <lowprec/formats.hpp>
#include <lowprec/packed_span.hpp>

lowprec::packed_span<const lowprec::e3m2, lowprec::nibble_order::high_first> refused();
