// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: gemmlowp
//
// gemmlowp: unsigned bytes with zero points, outputs of int32. It lays weights out anew in every call.
#include <gemmlowp/public/gemmlowp.h>

#include <cstdint>
#include <tuple>

#include "../products.hpp"
#include "codes.hpp"

namespace {

using namespace lowprec_bench;

/// It has no version; this is Debian's snapshot.
constexpr const char* version = "of 2021";

std::vector<std::uint8_t> moved(const std::vector<std::int8_t>& codes) {
    std::vector<std::uint8_t> bytes(codes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(codes[i] + 128);
    return bytes;
}

product u8(const problem& p) {
    const int8_codes x(p.x, 1), w(p.w, 1);
    struct state {
        gemmlowp::GemmContext context;
        std::vector<std::uint8_t> x;
        std::vector<std::int32_t> y;
        std::vector<std::vector<std::uint8_t>> w;
    };
    auto s = std::make_shared<state>();
    s->context.set_max_num_threads(1);
    s->x = moved(x.codes);
    s->y.resize(p.m * p.n);
    product made;
    made.weight_bytes = p.w.size();
    made.copies = p.copies_of(made.weight_bytes);
    const std::vector<std::uint8_t> codes = moved(w.codes);
    for (std::size_t i = 0; i < made.copies; ++i) s->w.push_back(codes);
    const auto m = static_cast<int>(p.m), n = static_cast<int>(p.n), k = static_cast<int>(p.k);
    made.run = [=](std::size_t copy) {
        using gemmlowp::MapOrder;
        const gemmlowp::MatrixMap<const std::uint8_t, MapOrder::RowMajor> left(s->w[copy].data(), n, k);
        const gemmlowp::MatrixMap<const std::uint8_t, MapOrder::ColMajor> right(s->x.data(), k, m);
        gemmlowp::MatrixMap<std::int32_t, MapOrder::ColMajor> sums(s->y.data(), n, m);
        gemmlowp::GemmWithOutputPipeline<std::uint8_t, std::int32_t, gemmlowp::DefaultL8R8BitDepthParams>(
            &s->context, left, right, &sums, -128, -128, std::make_tuple());
    };
    made.outputs = [=, scale = x.scales[0] * w.scales[0]] {
        std::vector<float> y(s->y.size());
        for (std::size_t i = 0; i < y.size(); ++i) y[i] = static_cast<float>(s->y[i]) * scale;
        return y;
    };
    return made;
}

const product_peer_registration gemmlowp_peer{
    {"gemmlowp", version, {{"int8", "int8", "one scale, int32 outputs", u8}}}};

}  // namespace
