// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// needs: simd
// expect: the elements to convert to must not be const
#include <lowprec/kernels/convert.hpp>

void refused(const std::vector<float>& in, const std::vector<lowprec::e4m3>& out) { lowprec::convert(in, out); }
