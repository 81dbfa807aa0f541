// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Nor is a struct.
// expect: conversion_target
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/traits.hpp>

struct point {
    float x;
};
auto refused() { return lowprec::convert<point>(1.0F); }
