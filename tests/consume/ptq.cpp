// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A user's program with the component ptq: a layer calibrated and rounded to four bits.
#include <cstddef>
#include <cstdio>
#include <lowprec/ptq.hpp>
#include <vector>

int main() {
    using namespace lowprec;
    constexpr std::size_t rows = 4, columns = 32, tokens = 64;
    std::vector<float> weights(rows * columns), x(tokens * columns);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i * 37 % 101) * 0.01F - 0.5F;
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 53 % 211) * 0.01F;

    input_statistics seen(columns);
    seen.add(x, tokens);
    const auto result = gptq(weights, rows, seen.gram(), integer_target<affine<4>>{granularity::group(16)});
    if (result.status == ptq_status::done && restored(result).size() == weights.size()) return 0;
    std::printf("GPTQ did not finish\n");
    return 1;
}
