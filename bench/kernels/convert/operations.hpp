// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The operations of bulk conversion, one function for each source of this folder, which compile apart.
#ifndef LOWPREC_BENCH_KERNELS_CONVERT_OPERATIONS_HPP
#define LOWPREC_BENCH_KERNELS_CONVERT_OPERATIONS_HPP

#include <vector>

#include "../../support/operation.hpp"

namespace lowprec_bench {

std::vector<operation> operations_to_formats();
std::vector<operation> operations_from_formats();
std::vector<operation> operations_between_formats();
std::vector<operation> operations_with_packed_codes();
std::vector<operation> operations_with_other_rounding();

}  // namespace lowprec_bench

#endif
