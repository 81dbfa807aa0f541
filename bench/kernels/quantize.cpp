// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: benchmark
// needs: cli11
// needs: simd
//
// The speed of quantization, to blocks and to affine integers: everyone as a ratio to a loop that only moves the bytes. See
// docs/speed.md. Codes are compared with the scalar definition; scales are stored beside them and not counted in the bytes.
#include <iterator>

#include "../support/program.hpp"
#include "quantize/operations.hpp"

namespace {

using namespace lowprec_bench;

std::vector<operation> all_operations() {
    std::vector<operation> all = operations_with_blocks();
    std::vector<operation> integers = operations_with_integers();
    std::move(integers.begin(), integers.end(), std::back_inserter(all));
    return all;
}

}  // namespace

int main(int argc, char** argv) {
    return run_program(
        argc, argv, "bench.kernels.quantize",
        "The speed of lowprec's quantizers and of their peers, as ratios to a loop that only moves the bytes.",
        all_operations());
}
