// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Only two codes of 4 bits have an order in their byte.
// expect: high_first_needs_4_bit_codes
#include <array>
#include <lowprec/formats.hpp>
#include <lowprec/packing.hpp>

void refused(const std::array<lowprec::e3m2, 4>& codes, std::array<unsigned char, 3>& bytes) {
    lowprec::pack<lowprec::nibble_order::high_first>(codes, bytes);
}
