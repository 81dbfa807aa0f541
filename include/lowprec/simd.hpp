// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Many numbers: conversion, packing, block formats and reductions at the speed of memory. Needs xsimd; the CMake target is lowprec::simd.
#ifndef LOWPREC_SIMD_HPP
#define LOWPREC_SIMD_HPP

#include <lowprec/kernels/blocks.hpp>
#include <lowprec/kernels/convert.hpp>
#include <lowprec/kernels/reduce.hpp>
#include <lowprec/kernels/registers.hpp>
#include <lowprec/lowprec.hpp>

#endif
