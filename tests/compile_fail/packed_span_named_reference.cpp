// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// It looks as if it changed a copy, and would change the array.
// expect: (passing .* discards|no match for|no viable overloaded '=')
#include <lowprec/formats.hpp>
#include <lowprec/packed_span.hpp>

void refused(lowprec::packed_span<lowprec::e2m1> p, lowprec::e2m1 value) {
    auto x = p[0];
    x = value;
}
