// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: fp16
//
// FP16 (Marat Dukhan): one number at a time, with float arithmetic; what many projects carry a copy of.
#include <fp16.h>

#include <cstddef>
#include <cstdint>

#include "../../../support/operation.hpp"

namespace {

void narrow(const std::byte* in, std::byte* out, std::size_t count) {
    const auto* from = reinterpret_cast<const float*>(in);
    auto* to = reinterpret_cast<std::uint16_t*>(out);
    for (std::size_t i = 0; i < count; ++i) to[i] = fp16_ieee_from_fp32_value(from[i]);
}

void widen(const std::byte* in, std::byte* out, std::size_t count) {
    const auto* from = reinterpret_cast<const std::uint16_t*>(in);
    auto* to = reinterpret_cast<float*>(out);
    for (std::size_t i = 0; i < count; ++i) to[i] = fp16_ieee_to_fp32_value(from[i]);
}

// it has no version
const lowprec_bench::peer_registration fp16{{"FP16", "of 2020", {{"float", "fp16", narrow}, {"fp16", "float", widen}}}};

}  // namespace
