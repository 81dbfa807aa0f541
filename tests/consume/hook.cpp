// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A translation unit without exceptions: a wrong size goes to its hook. The other one of the program has exceptions, and
// there the same call throws.
#include <cstdio>
#include <cstdlib>
#include <cstring>

[[noreturn]] inline void on_failure(const char* message) {
    const bool right =
        std::strcmp(message, "lowprec::pack: 3 codes of 4 bits take exactly 2 bytes, but bytes has 1") == 0;
    if (!right) std::printf("the hook got: %s\n", message);
    std::exit(right ? 0 : 1);
}
#define LOWPREC_FAIL(message) on_failure(message)

#include <lowprec/lowprec.hpp>

#include "hook.hpp"

int main() {
    if (!hook::the_other_unit_throws()) {
        std::puts("the translation unit with exceptions doesn't throw");
        return 1;
    }
    const lowprec::e2m1 codes[3]{};
    unsigned char bytes[1]{};
    lowprec::pack(codes, bytes);
    std::puts("pack returned");
    return 1;
}
