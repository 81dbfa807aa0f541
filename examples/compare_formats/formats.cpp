// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The signed formats with products of their codes: a source of its own, so that processors share the work of compiling them.
#include "formats.hpp"

template std::vector<compare_formats::signed_format>
compare_formats::signed_formats<compare_formats::multiplied::codes>();
