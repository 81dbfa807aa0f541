// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// No tensor core multiplies e3m4.
// expect: multiplied_by_tensor_cores
#include <lowprec/hardware.hpp>

auto refused() { return lowprec::hardware::format_of<lowprec::e3m4>; }
