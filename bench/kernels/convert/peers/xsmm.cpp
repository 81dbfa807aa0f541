// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: xsmm
//
// libxsmm: the kernel that it generates for float -> bf16 where it can, else its loop; from bf16 it has only a loop.
// It has FP8 kernels since version 1.18, which no distribution carries.
#include <libxsmm.h>

#include <cstddef>
#include <string>

#include "../../../support/operation.hpp"

namespace {

constexpr int step = 4096;  // all counts are multiples of it

void narrow(const std::byte* in, std::byte* out, std::size_t count) {
    static const libxsmm_meltwfunction_cvtfp32bf16 kernel = [] {
        const libxsmm_blasint rows = step / 4;
        return libxsmm_dispatch_meltw_cvtfp32bf16(rows, 4, &rows, &rows, LIBXSMM_DATATYPE_F32, LIBXSMM_DATATYPE_BF16);
    }();
    const auto* from = reinterpret_cast<const float*>(in);
    auto* to = reinterpret_cast<libxsmm_bfloat16*>(out);
    if (kernel == nullptr) {
        libxsmm_rne_convert_fp32_bf16(from, to, static_cast<unsigned>(count));
        return;
    }
    for (std::size_t i = 0; i < count; i += step) {
        libxsmm_meltw_cvtfp32bf16_param where{from + i, to + i};
        kernel(&where);
    }
}

void widen(const std::byte* in, std::byte* out, std::size_t count) {
    libxsmm_convert_bf16_f32(reinterpret_cast<const libxsmm_bfloat16*>(in), reinterpret_cast<float*>(out),
                             static_cast<unsigned>(count));
}

const lowprec_bench::peer_registration xsmm{
    {"libxsmm", LIBXSMM_CONFIG_VERSION, {{"float", "bf16", narrow}, {"bf16", "float", widen}}}};

}  // namespace
