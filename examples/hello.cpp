// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
#include <cstdio>
#include <lowprec/lowprec.hpp>
using namespace lowprec;
using namespace lowprec::literals;

static_assert(convert<e4m3>(1.0 / 3) == 0.34375_e4m3);  // a literal is exact, or it does not compile
static_assert(is_lossless_v<e4m3, fp16> && !is_lossless_v<fp16, bf16>);

int main() {
    for (float x : {0.3F, 464.0F, 65520.0F})
        std::printf("%g: e4m3 %g, e5m2 %g, fp16 %g, toward zero %g\n", double(x), double(convert<e4m3>(x)),
                    double(e5m2(x)), double(fp16(x)), double(convert<fp16, policy{.round = rounding::toward_zero}>(x)));
}
