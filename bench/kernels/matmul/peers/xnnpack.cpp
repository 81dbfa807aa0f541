// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: xnnpack
//
// XNNPACK's fully connected layers: "qs8", one scale for all weights, outputs of int8; and "f32". Debian's snapshot knows no
// weights of 4 bits and quantizes no activations on the fly.
#include <xnnpack.h>

#include <cstdint>
#include <limits>

#include "../../../support/peers/xnnpack.hpp"
#include "../products.hpp"
#include "codes.hpp"

namespace {

using namespace lowprec_bench;

struct operators {
    std::vector<xnn_operator_t> all;
    operators() = default;
    operators(const operators&) = delete;
    operators& operator=(const operators&) = delete;
    ~operators() {
        for (const xnn_operator_t op : all) xnn_delete_operator(op);
    }
};

/// `make` and `setup` as XNNPACK's, of one copy.
template <class In, class Out, class Create, class Setup>
product layer(const problem& p, std::vector<In> x, std::size_t weight_bytes, float out_scale, Create create,
              Setup setup) {
    struct state {
        std::vector<In> x;
        std::vector<Out> y;
        operators own;
    };
    auto s = std::make_shared<state>();
    s->x = std::move(x);
    s->y.resize(p.m * p.n);
    product made;
    made.weight_bytes = weight_bytes;
    made.copies = p.copies_of(weight_bytes);
    if (xnn_initialize(nullptr) != xnn_status_success) return {};
    for (std::size_t i = 0; i < made.copies; ++i) {
        xnn_operator_t op = nullptr;
        if (create(&op) != xnn_status_success) return {};
        s->own.all.push_back(op);
    }
    made.run = [s, setup, m = p.m](std::size_t copy) {
        setup(s->own.all[copy], m, s->x.data(), s->y.data(), nullptr);
        xnn_run_operator(s->own.all[copy], nullptr);
    };
    made.outputs = [s, out_scale] {
        std::vector<float> y(s->y.size());
        for (std::size_t i = 0; i < y.size(); ++i) y[i] = static_cast<float>(s->y[i]) * out_scale;
        return y;
    };
    return made;
}

product qs8(const problem& p) {
    const int8_codes x(p.x, 1), w(p.w, 1);
    const float scale = output_scale(p.x, p.w, p.k);
    return layer<std::int8_t, std::int8_t>(
        p, x.codes, p.n * p.k, scale,
        [&](xnn_operator_t* op) {
            return xnn_create_fully_connected_nc_qs8(p.k, p.n, p.k, p.n, 0, x.scales[0], w.scales[0], w.codes.data(),
                                                     nullptr, 0, scale, -128, 127, 0, op);
        },
        xnn_setup_fully_connected_nc_qs8);
}

product f32(const problem& p) {
    return layer<float, float>(
        p, {p.x.begin(), p.x.end()}, p.n * p.k * sizeof(float), 1,
        [&](xnn_operator_t* op) {
            constexpr float limit = std::numeric_limits<float>::infinity();
            return xnn_create_fully_connected_nc_f32(p.k, p.n, p.k, p.n, p.w.data(), nullptr, -limit, limit, 0, op);
        },
        xnn_setup_fully_connected_nc_f32);
}

const product_peer_registration xnnpack{
    {"XNNPACK",
     xnnpack_version,
     {{"int8", "int8", "one scale, int8 outputs", qs8}, {"int4 by 128", "float", "float weights", f32}}}};

}  // namespace
