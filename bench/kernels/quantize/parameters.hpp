// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The parameters of those affine integers that are given them, lowprec's and the peers'.
#ifndef LOWPREC_BENCH_KERNELS_QUANTIZE_PARAMETERS_HPP
#define LOWPREC_BENCH_KERNELS_QUANTIZE_PARAMETERS_HPP

#include <lowprec/affine.hpp>

namespace lowprec_bench {

template <class A>
inline constexpr A some_parameters = {0x1.234p-8F, A::symmetric_zero_point};

}  // namespace lowprec_bench

#endif
