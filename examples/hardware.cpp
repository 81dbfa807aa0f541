// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What a layer costs on an accelerator, by format.
#include <cstdio>
#include <lowprec/hardware.hpp>

using namespace lowprec;
using namespace lowprec::hardware;

template <class Weight, class Input>
void print(const char* what, const accelerator& a, linear_layer layer, int_groups groups = {}) {
    const time_bound t = layer_bound<Weight, Input>(a, layer, groups);
    std::printf("%-24s %4d tokens: %7.2f us, bound by %s\n", what, static_cast<int>(layer.tokens),
                t.total().value() * 1e6, t.binds() == bound::memory ? "memory" : "compute");
}

int main() {
    // At compile time. A rate is read in the unit that is asked for.
    constexpr const accelerator& h100 = accelerator_named("H100 SXM");
    static_assert(peak(h100, format_of<e4m3>)->tera() == 1979);
    static_assert(!peak(h100, format_of<nvfp4>));

    // Where a figure is from, and what others say.
    const rate* fp4 = find_rate(accelerator_named("B300"), format_of<nvfp4>);
    std::printf("B300, nvfp4: %g PFLOPS (%s), %g (%s)\n", fp4->dense.best->value.peta(),
                fp4->dense.best->from.where.data(), fp4->dense.other->value.peta(),
                fp4->dense.other->from.where.data());

    // A system's sum is another type, and no sum of the two compiles.
    const system_op_rate eight = system_total(*peak(h100, format_of<bf16>), chips(8));
    std::printf("8 x H100, bf16: %g PFLOPS\n", eight.peta());

    // 4-bit weights with a scale and a zero point for each 128: bits a weight
    const int_groups awq{.size = 128, .zero_point_bits = 4};
    const linear_layer decode{.outputs = 8192, .inputs = 8192, .tokens = 1};
    std::printf("affine<4>, groups of 128: %g bits a weight\n",
                weight_bytes<affine<4>>(decode, awq).value() * 8 / (8192.0 * 8192.0));

    linear_layer prefill = decode;
    prefill.tokens = 2048;
    for (const linear_layer& layer : {decode, prefill}) {
        print<bf16, bf16>("bf16", h100, layer);
        print<affine<4>, bf16>("affine<4> weights, bf16", h100, layer, awq);
        print<affine<8>, affine<8>>("affine<8>", h100, layer);
        print<e4m3, e4m3>("e4m3", h100, layer);
    }
}
