// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The registers hold floats, which not all values of fp64 are.
// needs: simd
// expect: simd::load and simd::store have no fp64
#include <lowprec/simd.hpp>

auto refused(const lowprec::fp64* codes) { return lowprec::simd::load(codes); }
