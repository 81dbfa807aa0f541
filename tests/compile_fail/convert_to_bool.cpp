// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Which numbers are true is asked by bool(f).
// expect: conversion_target
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/traits.hpp>

auto refused() { return lowprec::convert<bool>(lowprec::e4m3(1.0F)); }
