// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Codes of 4 and 6 bits, packed.
#include "rows.hpp"

namespace lowprec_bench {

std::vector<operation> operations_with_packed_codes() {
    using namespace lowprec;
    std::vector<operation> all;
    all.push_back(conversion<plain<float>, packed<e2m1>>());
    for (const char* data : {"rare specials", "plain"}) all.push_back(conversion<plain<float>, packed<e2m1>>("", data));
    all.push_back(conversion<plain<float>, packed<e2m3>>());
    all.push_back(conversion<plain<float>, packed<e3m2>>());
    all.push_back(conversion<packed<e2m1>, plain<float>>());
    all.push_back(conversion<packed<e2m3>, plain<float>>());
    all.push_back(conversion<packed<e3m2>, plain<float>>());
    all.push_back(conversion<packed<e2m1>, plain<bf16>>());
    all.push_back(conversion<packed<e2m1>, plain<fp16>>());
    return all;
}

}  // namespace lowprec_bench
