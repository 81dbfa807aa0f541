// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
#include <lowprec/lowprec.hpp>
#include <stdexcept>

#include "hook.hpp"

namespace hook {

bool the_other_unit_throws() {
    const lowprec::e2m1 codes[3]{};
    unsigned char bytes[1]{};
    try {
        lowprec::pack(codes, bytes);
    } catch (const std::invalid_argument&) {
        return true;
    }
    return false;
}

}  // namespace hook
