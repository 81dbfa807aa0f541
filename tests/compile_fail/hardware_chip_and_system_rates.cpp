// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A system's sum beside one chip's rate: system_total or per_chip says which is meant.
// expect: both_sides_are_of_a_chip_or_both_of_a_system
#include <lowprec/hardware.hpp>

auto refused() { return lowprec::hardware::tera_ops(312) + lowprec::hardware::system_peta_ops(2.5); }
