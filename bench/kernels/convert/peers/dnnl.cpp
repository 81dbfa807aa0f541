// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: dnnl
#include "../../../support/peers/dnnl.hpp"

namespace {

using namespace lowprec_bench;

const peer_registration dnnl_peer{{"oneDNN",
                                   dnnl_library_version(),
                                   {{"float", "bf16", dnnl_conversion(dnnl_type::f32, dnnl_type::bf16)},
                                    {"bf16", "float", dnnl_conversion(dnnl_type::bf16, dnnl_type::f32)},
                                    {"float", "fp16", dnnl_conversion(dnnl_type::f32, dnnl_type::f16)},
                                    {"fp16", "float", dnnl_conversion(dnnl_type::f16, dnnl_type::f32)}}}};

}  // namespace
