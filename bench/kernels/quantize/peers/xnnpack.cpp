// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: xnnpack
//
// XNNPACK, to and from its "qs8". It multiplies by the reciprocal of the scale, rounded. At many scales some codes differ
// from the exact quotient's; this scale's reciprocal is so close that none does.
#include <cstdint>

#include "../../../support/peers/xnnpack.hpp"
#include "../parameters.hpp"

namespace {

using namespace lowprec_bench;

using int8 = lowprec::affine<8>;
constexpr int8 parameters = some_parameters<int8>;
constexpr auto zero_point = static_cast<std::int8_t>(parameters.zero_point);
constexpr auto lowest = static_cast<std::int8_t>(int8::lowest), highest = static_cast<std::int8_t>(int8::highest);

const peer_registration xnnpack{{"XNNPACK",
                                 xnnpack_version,
                                 {{"float", "int8",
                                   xnnpack_conversion(xnn_create_convert_nc_f32_qs8, xnn_setup_convert_nc_f32_qs8,
                                                      parameters.scale, zero_point, lowest, highest)},
                                  {"int8", "float",
                                   xnnpack_conversion(xnn_create_convert_nc_qs8_f32, xnn_setup_convert_nc_qs8_f32,
                                                      parameters.scale, zero_point)}}}};

}  // namespace
