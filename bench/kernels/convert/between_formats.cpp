// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// From one narrow format to another.
#include "rows.hpp"

namespace lowprec_bench {

std::vector<operation> operations_between_formats() {
    using namespace lowprec;
    std::vector<operation> all;
    all.push_back(conversion<plain<e4m3>, plain<fp16>>());
    all.push_back(conversion<plain<e4m3>, plain<bf16>>());
    all.push_back(conversion<plain<e5m2>, plain<fp16>>());
    all.push_back(conversion<plain<e5m2>, plain<bf16>>());
    all.push_back(conversion<plain<e4m3>, plain<e5m2>>());
    all.push_back(conversion<plain<e5m2>, plain<e4m3>>());
    all.push_back(conversion<plain<e4m3>, plain<e4m3_fnuz>>());
    all.push_back(conversion<plain<fp16>, plain<e4m3>>());
    all.push_back(conversion<plain<bf16>, plain<e4m3>>());
    all.push_back(conversion<plain<bf16>, plain<fp16>>());
    all.push_back(conversion<plain<fp16>, plain<bf16>>());
    return all;
}

}  // namespace lowprec_bench
