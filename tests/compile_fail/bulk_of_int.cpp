// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// needs: simd
// expect: the elements to convert must be float, double or a format
#include <lowprec/kernels/convert.hpp>

void refused(const std::vector<int>& in, std::vector<lowprec::e4m3>& out) { lowprec::convert(in, out); }
