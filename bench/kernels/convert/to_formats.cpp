// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// From float to every format of the table, from double to a few.
#include "rows.hpp"

namespace lowprec_bench {

std::vector<operation> operations_to_formats() {
    using namespace lowprec;
    std::vector<operation> all;
    for_each_type(static_cast<all_formats*>(nullptr),
                  [&]<class F>(std::type_identity<F>) { all.push_back(conversion<plain<float>, plain<F>>()); });
    for (const char* data : {"rare specials", "plain"}) {
        all.push_back(conversion<plain<float>, plain<bf16>>("", data));
        all.push_back(conversion<plain<float>, plain<fp16>>("", data));
        all.push_back(conversion<plain<float>, plain<e4m3>>("", data));
    }
    all.push_back(conversion<plain<double>, plain<bf16>>());
    all.push_back(conversion<plain<double>, plain<fp16>>());
    all.push_back(conversion<plain<double>, plain<e4m3>>());
    return all;
}

}  // namespace lowprec_bench
