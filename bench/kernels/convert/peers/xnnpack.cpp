// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: xnnpack
//
// XNNPACK. Its conversions to and from int8 are affine; bench.kernels.quantize measures them.
#include "../../../support/peers/xnnpack.hpp"

namespace {

using namespace lowprec_bench;

const peer_registration xnnpack{
    {"XNNPACK",
     xnnpack_version,
     {{"float", "fp16", xnnpack_conversion(xnn_create_convert_nc_f32_f16, xnn_setup_convert_nc_f32_f16)},
      {"fp16", "float", xnnpack_conversion(xnn_create_convert_nc_f16_f32, xnn_setup_convert_nc_f16_f32)}}}};

}  // namespace
