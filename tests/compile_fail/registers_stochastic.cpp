// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Stochastic rounding needs a seed and each element's index, which a register doesn't know.
// needs: simd
// expect: simd::store does not round stochastically
#include <lowprec/simd.hpp>

using namespace lowprec;
void refused(const simd::batches<e4m3>& floats, e4m3* codes) {
    simd::store<e4m3, policy{.round = rounding::stochastic}>(floats, codes);
}
