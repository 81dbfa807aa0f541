// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
#ifndef LOWPREC_KERNELS_CONVERT_AVX2_HPP
#define LOWPREC_KERNELS_CONVERT_AVX2_HPP

#include <lowprec/kernels/convert/block.hpp>

#endif
