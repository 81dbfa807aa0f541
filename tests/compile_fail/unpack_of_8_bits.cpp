// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Codes of 8 bits lie in bytes as they are.
// expect: width_is_below_8
#include <array>
#include <lowprec/formats.hpp>
#include <lowprec/packing.hpp>

void refused(const std::array<unsigned char, 4>& bytes, std::array<lowprec::e4m3, 4>& codes) {
    lowprec::unpack(bytes, codes);
}
