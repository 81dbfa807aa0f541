// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Nothing is wrong with this source: the check must say so.
// expect: some error
int main() {}
