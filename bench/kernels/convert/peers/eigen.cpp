// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: eigen
//
// Eigen: Map<Array>::cast.
#include <Eigen/Core>
#include <cstddef>
#include <string>

#include "../../../support/operation.hpp"

namespace {

template <class In, class Out>
void convert(const std::byte* in, std::byte* out, std::size_t count) {
    const auto size = static_cast<Eigen::Index>(count);
    const Eigen::Map<const Eigen::Array<In, Eigen::Dynamic, 1>> from(reinterpret_cast<const In*>(in), size);
    Eigen::Map<Eigen::Array<Out, Eigen::Dynamic, 1>> to(reinterpret_cast<Out*>(out), size);
    to = from.template cast<Out>();
}

const lowprec_bench::peer_registration eigen{{"Eigen",
                                              std::to_string(EIGEN_WORLD_VERSION) + "." +
                                                  std::to_string(EIGEN_MAJOR_VERSION) + "." +
                                                  std::to_string(EIGEN_MINOR_VERSION),
                                              {{"float", "bf16", convert<float, Eigen::bfloat16>},
                                               {"bf16", "float", convert<Eigen::bfloat16, float>},
                                               {"float", "fp16", convert<float, Eigen::half>},
                                               {"fp16", "float", convert<Eigen::half, float>}}}};

}  // namespace
