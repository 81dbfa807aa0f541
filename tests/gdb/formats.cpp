// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What run.sh stops in: one variable for each case of the printer.
#include <lowprec/lowprec.hpp>

using namespace lowprec;

template <class F>
F code(unsigned long bits) {
    return F::from_bits(static_cast<typename F::storage_type>(bits));
}

struct tensor {
    e4m3 codes[3];
    e8m0 scale;
};

int stop(const tensor& t) { return static_cast<int>(t.codes[0].bits()); }

int main() {
    [[maybe_unused]] const auto normal = code<e4m3>(0x46);
    [[maybe_unused]] const auto subnormal = code<e4m3>(0x01);
    [[maybe_unused]] const auto negative_zero = code<e4m3>(0x80);
    [[maybe_unused]] const auto fn_nan = code<e4m3>(0xFF);
    [[maybe_unused]] const auto fnuz_nan = code<e4m3_fnuz>(0x80);
    [[maybe_unused]] const auto fp4 = code<e2m1>(0xF);
    [[maybe_unused]] const auto scale = code<e8m0>(0x7C);
    [[maybe_unused]] const auto smallest_scale = code<e8m0>(0x00);
    [[maybe_unused]] const auto scale_nan = code<e8m0>(0xFF);
    [[maybe_unused]] const auto left_aligned = tf32(1.5f);
    [[maybe_unused]] const auto infinite = code<fp16>(0xFC00);
    [[maybe_unused]] const auto ieee_nan = code<bf16>(0x7FC1);
    [[maybe_unused]] const auto unsigned_value = code<ue5m3>(0xFE);
    [[maybe_unused]] const auto extended = code<p3109<8, 3, p3109_kind::se>>(0xFF);
    [[maybe_unused]] const auto one_bit = code<p3109<8, 1, p3109_kind::uf>>(0x80);
    [[maybe_unused]] const auto tiny = code<p3109<16, 1, p3109_kind::ue>>(0x01);
    [[maybe_unused]] const auto wide = fp64(0.1);
    [[maybe_unused]] const tensor t{{code<e4m3>(0x38), code<e4m3>(0x7E), code<e4m3>(0xB8)}, code<e8m0>(0x80)};
    return stop(t);
}
