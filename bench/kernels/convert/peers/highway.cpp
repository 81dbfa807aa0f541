// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: highway
//
// Highway, its best target for this build: DemoteTo and PromoteTo, a vector at a time. Its bf16 from two vectors at once
// interleaves them, so it can't fill an array.
#define HWY_COMPILE_ONLY_STATIC  // without it, 1.0.3 refuses processors that have more than its AVX3
#include <hwy/highway.h>

#include <cstddef>
#include <string>

#include "../../../support/operation.hpp"

namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class Narrow>
void narrow(const std::byte* in, std::byte* out, std::size_t count) {
    const hn::ScalableTag<float> wide;
    const hn::Rebind<Narrow, decltype(wide)> tag;
    const auto* from = reinterpret_cast<const float*>(in);
    auto* to = reinterpret_cast<Narrow*>(out);
    for (std::size_t i = 0; i < count; i += hn::Lanes(wide))  // counts are multiples of 4096
        hn::StoreU(hn::DemoteTo(tag, hn::LoadU(wide, from + i)), tag, to + i);
}

template <class Narrow>
void widen(const std::byte* in, std::byte* out, std::size_t count) {
    const hn::ScalableTag<float> wide;
    const hn::Rebind<Narrow, decltype(wide)> tag;
    const auto* from = reinterpret_cast<const Narrow*>(in);
    auto* to = reinterpret_cast<float*>(out);
    for (std::size_t i = 0; i < count; i += hn::Lanes(wide))
        hn::StoreU(hn::PromoteTo(wide, hn::LoadU(tag, from + i)), wide, to + i);
}

const lowprec_bench::peer_registration highway{{"Highway",
                                                std::to_string(HWY_MAJOR) + "." + std::to_string(HWY_MINOR) + "." +
                                                    std::to_string(HWY_PATCH) + " " + hwy::TargetName(HWY_TARGET),
                                                {{"float", "bf16", narrow<hwy::bfloat16_t>},
                                                 {"bf16", "float", widen<hwy::bfloat16_t>},
                                                 {"float", "fp16", narrow<hwy::float16_t>},
                                                 {"fp16", "float", widen<hwy::float16_t>}}}};

}  // namespace
