// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Operations of a rack for each byte of one chip.
// expect: both_sides_are_of_a_chip_or_both_of_a_system
#include <lowprec/hardware.hpp>

auto refused() { return lowprec::hardware::system_peta_ops(2.5) / lowprec::hardware::terabytes_per_second(2); }
