// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// lowprec after C's complex header, whose macro I breaks templates with a parameter of that name; and headers that are
// enough by themselves to construct and to cast.
#include <complex.h>

#include <lowprec/charconv.hpp>
#include <lowprec/io/safetensors.hpp>
#include <lowprec/lowprec.hpp>
#include <lowprec/names.hpp>
#include <lowprec/ostream.hpp>

int main() { return float(lowprec::names::float8_e4m3fn(448.0F)) == 448.0F ? 0 : 1; }
