// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The same with an element on the right: the copy assignment of the reference must not be an implicit one.
// expect: (passing .* discards|no match for|no viable overloaded '=')
#include <lowprec/formats.hpp>
#include <lowprec/packed_span.hpp>

void refused(lowprec::packed_span<lowprec::e2m1> p) {
    auto x = p[0];
    x = p[1];
}
