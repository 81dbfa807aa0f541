// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A user's program of two translation units, which must agree on values and on addresses.
#include <cstdio>
#include <lowprec/lowprec.hpp>

#include "other.hpp"

int main() {
    const lowprec::e4m3 third = lowprec::convert<lowprec::e4m3>(1.0F / 3.0F);
    if (third.bits() != 0x2B || other::third_bits() != third.bits()) {
        std::puts("the two translation units convert differently");
        return 1;
    }
    // An inline member has one address in a program; taking it makes the linker look for the definition.
    using limits = std::numeric_limits<lowprec::e4m3>;
    const other::addresses theirs = other::limits_addresses();
    if (theirs.digits != &limits::digits || theirs.has_infinity != &limits::has_infinity ||
        theirs.largest != &limits::max || theirs.width != &lowprec::e4m3::width) {
        std::puts("the two translation units hold different copies of numeric_limits");
        return 1;
    }
    return 0;
}
