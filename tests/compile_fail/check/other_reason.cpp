// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Refused, but not for the reason that it names: the check must notice.
// expect: a message that no compiler prints
static_assert(false, "the actual reason");
int main() {}
