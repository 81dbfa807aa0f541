// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: xnnpack
//
// XNNPACK: its convert operators of one channel, set up and run without a thread pool. Its conversions to and from int8
// belong to another table: they are affine.
#include <xnnpack.h>

#include <cstddef>

#include "../../../support/operation.hpp"

namespace {

template <class In, class Out, auto Create, auto Setup>
void convert(const std::byte* in, std::byte* out, std::size_t count) {
    static xnn_operator_t op = [] {
        xnn_operator_t made = nullptr;
        if (xnn_initialize(nullptr) == xnn_status_success) Create(1, 1, 1, 0, &made);
        return made;
    }();
    if (op == nullptr) return;  // not on this processor; the check shows it
    Setup(op, count, reinterpret_cast<const In*>(in), reinterpret_cast<Out*>(out), nullptr);
    xnn_run_operator(op, nullptr);
}

const lowprec_bench::peer_registration xnnpack{
    {"XNNPACK",
     "of 2022",  // it has no version
     {{"float", "fp16", convert<float, void, &xnn_create_convert_nc_f32_f16, &xnn_setup_convert_nc_f32_f16>},
      {"fp16", "float", convert<void, float, &xnn_create_convert_nc_f16_f32, &xnn_setup_convert_nc_f16_f32>}}}};

}  // namespace
