// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: benchmark
// needs: cli11
// needs: simd
//
// The speed of bulk conversion: everyone as a ratio to a loop that only moves the bytes. See docs/speed.md.
#include <iterator>

#include "../support/program.hpp"
#include "convert/operations.hpp"

namespace {

using namespace lowprec_bench;

std::vector<operation> all_operations() {
    std::vector<operation> all;
    for (auto* part : {operations_to_formats, operations_from_formats, operations_between_formats,
                       operations_with_packed_codes, operations_with_other_rounding}) {
        std::vector<operation> some = part();
        std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    return all;
}

}  // namespace

int main(int argc, char** argv) {
    return run_program(
        argc, argv, "bench.kernels.convert",
        "The speed of lowprec's bulk conversions and of its peers, as ratios to a loop that only moves the bytes.",
        all_operations());
}
