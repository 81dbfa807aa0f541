// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
#include "other.hpp"

namespace other {

unsigned third_bits() { return lowprec::convert<lowprec::e4m3>(1.0F / 3.0F).bits(); }

addresses limits_addresses() {
    using limits = std::numeric_limits<lowprec::e4m3>;
    return {&limits::digits, &limits::has_infinity, &limits::max, &lowprec::e4m3::width};
}

}  // namespace other
