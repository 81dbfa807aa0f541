// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// needs: simd
// expect: a seed is for policies whose rounding is stochastic
#include <lowprec/kernels/convert.hpp>

void refused(const std::vector<float>& in, std::vector<lowprec::e4m3>& out) {
    lowprec::convert<lowprec::policy{}>(in, out, 1);
}
