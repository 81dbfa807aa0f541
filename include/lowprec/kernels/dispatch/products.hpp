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
    using function = void(const typename L::activations&, const typename L::weights&, const typename L::outputs&,
                          const executor_pointer&);
    [[gnu::used]] static inline const std::tuple<function<Listed>*...> all{
        &dispatched_product<Set, typename Listed::activations, typename Listed::weights, typename Listed::outputs>...};
};

}  // namespace lowprec::detail

#endif
