// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// lowprec's products, as users call them.
#ifndef LOWPREC_BENCH_KERNELS_MATMUL_LOWPREC_HPP
#define LOWPREC_BENCH_KERNELS_MATMUL_LOWPREC_HPP

#include <lowprec/kernels/blocks.hpp>
#include <lowprec/kernels/matmul.hpp>
#include <utility>

#include "products.hpp"

namespace lowprec_bench {

/// `prepare_weights(problem)` and `prepare_activations(problem)` make both sides; multiply(x, weights, y, executor).
template <class Out, class Weights, class Activations, class Multiply>
product_contender lowprec_product(Weights prepare_weights, Activations prepare_activations, Multiply multiply) {
    const auto make = [=](const problem& p) {
        using weights_type = decltype(prepare_weights(p));
        struct state {
            std::vector<weights_type> weights;
            decltype(prepare_activations(p)) x;
            std::vector<Out> y;
        };
        auto s = std::make_shared<state>(state{{}, prepare_activations(p), std::vector<Out>(p.m * p.n)});
        s->weights.push_back(prepare_weights(p));
        product made;
        made.weight_bytes = s->weights[0].bytes().size();
        made.copies = p.copies_of(made.weight_bytes);
        s->weights.reserve(made.copies);
        while (s->weights.size() < made.copies) s->weights.push_back(weights_type(s->weights[0]));
        made.run = [=](std::size_t copy) { multiply(s->x, s->weights[copy], s->y, lowprec::serial{}); };
        made.run_in_tasks = [=](std::size_t copy, const executor& on) { multiply(s->x, s->weights[copy], s->y, on); };
        made.outputs = [=] {
            std::vector<float> y(s->y.size());
            for (std::size_t i = 0; i < y.size(); ++i) y[i] = lowprec::convert<float>(s->y[i]);
            return y;
        };
        return made;
    };
    return {"lowprec", role::lowprec, "", make};
}

/// Activations of In, outputs of the same.
template <class In, class Weights>
product_contender lowprec_float_product(Weights prepare_weights) {
    return lowprec_product<In>(
        prepare_weights,
        [](const problem& p) {
            std::vector<In> x(p.x.size());
            for (std::size_t i = 0; i < x.size(); ++i) x[i] = lowprec::convert<In>(p.x[i]);
            return x;
        },
        [](const auto& x, const auto& w, auto& y, const auto& on) { lowprec::matmul(x, w, y, {}, on); });
}

/// Activations of float that become int8 in each call.
template <class Weights>
product_contender lowprec_int8_product(Weights prepare_weights) {
    return lowprec_product<float>(
        prepare_weights, [](const problem& p) { return std::vector<float>(p.x.begin(), p.x.end()); },
        [](const auto& x, const auto& w, auto& y, const auto& on) { lowprec::matmul_int8(x, w, y, {}, on); });
}

}  // namespace lowprec_bench

#endif
