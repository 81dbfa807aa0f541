// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A bare number may be TFLOPS or PFLOPS.
// expect: (cannot convert|could not convert|no viable conversion)
#include <lowprec/hardware.hpp>

lowprec::hardware::op_rate refused() { return 312; }
