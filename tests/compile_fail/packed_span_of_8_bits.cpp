// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Codes of 8 bits and more fill their bytes: std::span is their view.
// expect: width_is_below_8
#include <lowprec/formats.hpp>
#include <lowprec/packed_span.hpp>

lowprec::packed_span<lowprec::e4m3> refused();
