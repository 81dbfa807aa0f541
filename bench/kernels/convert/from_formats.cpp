// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// From every format of the table to float, from a few to double.
#include "rows.hpp"

namespace lowprec_bench {

std::vector<operation> operations_from_formats() {
    using namespace lowprec;
    std::vector<operation> all;
    for_each_type(static_cast<all_formats*>(nullptr),
                  [&]<class F>(std::type_identity<F>) { all.push_back(conversion<plain<F>, plain<float>>()); });
    all.push_back(conversion<plain<e4m3>, plain<float>>("", "plain"));
    all.push_back(conversion<plain<bf16>, plain<double>>());
    all.push_back(conversion<plain<e4m3>, plain<double>>());
    return all;
}

}  // namespace lowprec_bench
