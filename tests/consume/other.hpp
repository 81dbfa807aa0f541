// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What the second translation unit of the consumer tells the first.
#ifndef LOWPREC_TESTS_CONSUME_OTHER_HPP
#define LOWPREC_TESTS_CONSUME_OTHER_HPP

#include <lowprec/lowprec.hpp>

namespace other {

struct addresses {
    const int* digits;
    const bool* has_infinity;
    lowprec::e4m3 (*largest)();
    const int* width;
};

unsigned third_bits();
addresses limits_addresses();

}  // namespace other

#endif
