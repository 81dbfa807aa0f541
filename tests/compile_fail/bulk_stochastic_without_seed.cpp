// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// needs: simd
// expect: stochastic rounding needs a seed
#include <lowprec/kernels/convert.hpp>

constexpr lowprec::policy stochastic{.round = lowprec::rounding::stochastic};
void refused(const std::vector<float>& in, std::vector<lowprec::e4m3>& out) { lowprec::convert<stochastic>(in, out); }
