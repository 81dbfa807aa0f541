// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What the translation unit with exceptions tells the one without.
#ifndef LOWPREC_TESTS_CONSUME_HOOK_HPP
#define LOWPREC_TESTS_CONSUME_HOOK_HPP

namespace hook {

bool the_other_unit_throws();

}  // namespace hook

#endif
