// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: dnnl
//
// oneDNN, to and from its "s8". A reorder multiplies, so it is given the reciprocal of the scale, rounded, as
// XNNPACK makes it for itself.
#include "../../../support/peers/dnnl.hpp"
#include "../parameters.hpp"

namespace {

using namespace lowprec_bench;

constexpr lowprec::affine<8> parameters = some_parameters<lowprec::affine<8>>;
static_assert(parameters.zero_point == 0, "the reorders here are given none");

const peer_registration dnnl_peer{
    {"oneDNN",
     dnnl_library_version(),
     {{"float", "int8", dnnl_conversion(dnnl_type::f32, dnnl_type::s8, 1 / parameters.scale)},
      {"int8", "float", dnnl_conversion(dnnl_type::s8, dnnl_type::f32, parameters.scale)}}}};

}  // namespace
