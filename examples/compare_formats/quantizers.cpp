// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The quantizers with products of their codes: a source of its own, so that processors share the work of compiling them.
#include "quantizers.hpp"

template std::vector<compare_formats::quantizer> compare_formats::quantizers<compare_formats::multiplied::codes>();
