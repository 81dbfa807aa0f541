// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Which products the sources made by lowprec_dispatch(app PRODUCTS ...) instantiate, each under the flags of one instruction set.
#ifndef LOWPREC_KERNELS_DISPATCH_PRODUCTS_HPP
#define LOWPREC_KERNELS_DISPATCH_PRODUCTS_HPP

#include <lowprec/kernels/matmul/dispatch.hpp>

namespace lowprec::detail {

template <int Set, class Activations, class Weights, class Outputs>
void dispatched_product(const Activations& x, const Weights& w, const Outputs& y, const executor_pointer& executor) {
    run_product<dispatch_isa<Set>>(x, strips_of<Weights>(w), y, executor);
}

/// `template struct dispatch_products<set, list>;` compiles what a call of lowprec_dispatch lists.
template <int Set, class List>
struct dispatch_products;
template <int Set, class... Listed>
struct dispatch_products<Set, product_list<Listed...>> {
    template <class L>
    static constexpr auto* kernel =
        &dispatched_product<Set, typename L::activations, typename L::weights, typename L::outputs>;
    [[gnu::used]] static constexpr auto all = std::tuple(kernel<Listed>...);
};

}  // namespace lowprec::detail

#endif
