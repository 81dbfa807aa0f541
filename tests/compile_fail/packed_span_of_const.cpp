// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The elements are const.
// expect: (passing .* discards|no match for|no viable overloaded '=')
#include <lowprec/formats.hpp>
#include <lowprec/packed_span.hpp>

void refused(lowprec::packed_span<const lowprec::e2m1> p, lowprec::e2m1 value) { p[0] = value; }
