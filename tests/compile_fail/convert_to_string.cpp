// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A string is no number.
// expect: conversion_target
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/traits.hpp>
#include <string>

auto refused() { return lowprec::convert<std::string>(lowprec::e4m3(1.0F)); }
