// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Products whose kernels are chosen when the program starts: those that CMake's lowprec_dispatch(app PRODUCTS ...) lists. They
// are compiled once per instruction set (kernels/dispatch/products.hpp); sources see the declaration only:
//
//      app's source, app's flags       matmul: checks -> products_by_set::of[dispatched_set()] ---+
//      kernels, flags of one set       dispatched_product<set, X, Weights, Out>       <------+
//      app's source, app's flags       the executor, the function of integer sums     <------+ through pointers
//
// Prepared weights lie alike for all sets, so any set's kernels take what another source prepared, or a file holds.
#ifndef LOWPREC_KERNELS_MATMUL_DISPATCH_HPP
#define LOWPREC_KERNELS_MATMUL_DISPATCH_HPP

#include <lowprec/kernels/dispatch.hpp>
#include <lowprec/kernels/matmul/products.hpp>

namespace lowprec::detail {

/// The caller's executor, for a kernel that doesn't know its type.
struct executor_pointer {
    using task_function = void(const void* task, std::size_t number);
    void* executor;
    void (*run)(void* executor, std::size_t tasks, const void* task, task_function* call);

    template <class Executor>
    LOWPREC_INLINE static executor_pointer to(Executor& e) noexcept {
        return {const_cast<void*>(static_cast<const void*>(&e)),
                [](void* own, std::size_t tasks, const void* task, task_function* call) {
                    (*static_cast<Executor*>(own))(tasks, [=](std::size_t i) { call(task, i); });
                }};
    }
    template <class Task>
    LOWPREC_INLINE void operator()(std::size_t tasks, const Task& task) const {
        run(executor, tasks, &task, [](const void* t, std::size_t i) { (*static_cast<const Task*>(t))(i); });
    }
};

/// The caller's function of integer sums: f(row, strip, sums[64], head of the strip).
struct sums_pointer {
    const void* function;
    void (*call)(const void* function, std::size_t row, std::size_t strip, const std::int32_t* sums,
                 const weight_strip& head);

    template <class Function>
    LOWPREC_INLINE static sums_pointer to(const Function& f) noexcept {
        return {&f, [](const void* own, std::size_t row, std::size_t strip, const std::int32_t* sums,
                       const weight_strip& head) { (*static_cast<const Function*>(own))(row, strip, sums, head); }};
    }
    LOWPREC_INLINE void operator()(std::size_t row, std::size_t strip, const std::int32_t* sums,
                                   const weight_strip& head) const {
        call(function, row, strip, sums, head);
    }
};

// What X and Out of a list say: float, bf16, fp16; a row of blocks; affine parameters, with float scales. int32_t stands for sums
// that stay integers, of matmul_sums and matmul_requantized.
template <class X>
struct listed_activations {
    using type = block_span<const X>;
};
template <matmul_number X>
struct listed_activations<X> {
    using type = number_rows<X>;
};
template <affine_parameters X>
struct listed_activations<X> {
    using type = affine_span<const X, float>;
};
template <class Out>
struct listed_outputs {
    static_assert(matmul_number<Out>, "lowprec: the output of a listed product is float, bf16, fp16 or std::int32_t");
    using type = output_matrix<Out>;
};
template <>
struct listed_outputs<std::int32_t> {
    using type = sums_pointer;
};

/// The weights by their plain form, whose preparation the kernels take: affine_matrix<affine<4>, fp16>, block_tensor<nvfp4>,
/// scaled_span<e4m3>, codebook_span.
template <class X, weights_in_rows W, class Out>
struct listed_product {
    using activations = typename listed_activations<X>::type;
    using weights = prepared<W>;
    using outputs = typename listed_outputs<Out>::type;
    template <class A, class V, class Y>
    static constexpr bool is = std::is_same_v<A, activations>&& std::is_same_v<V, weights>&& std::is_same_v<Y, outputs>;
};

template <int Set, class Activations, class Weights, class Outputs>
void dispatched_product(const Activations& x, const Weights& w, const Outputs& y, const executor_pointer& executor);

template <class Sets, class Activations, class Weights, class Outputs>
struct products_by_set;
template <int... Set, class Activations, class Weights, class Outputs>
struct products_by_set<std::integer_sequence<int, Set...>, Activations, Weights, Outputs> {
    using function = void(const Activations&, const Weights&, const Outputs&, const executor_pointer&);
    static constexpr function* of[] = {&dispatched_product<Set, Activations, Weights, Outputs>...};
};

template <class... Listed>
struct product_list {
    template <class A, class W, class Y>
    static constexpr bool has = (Listed::template is<A, W, Y> || ...);
};

}  // namespace lowprec::detail

#if defined(LOWPREC_DISPATCH)
#include <lowprec_dispatch_products.hpp>  // made by CMake: detail::dispatched_products_here, a product_list
#else
namespace lowprec::detail {
using dispatched_products_here = product_list<>;
}
#endif

namespace lowprec::detail {

// Activations and outputs as lists have them.
template <class A, class S>
LOWPREC_INLINE affine_span<const A, S> listed(affine_span<A, S> x) noexcept {
    return x;
}
template <class X>
LOWPREC_INLINE const X& listed(const X& x) noexcept {
    return x;
}
template <class Out>
LOWPREC_INLINE const output_matrix<Out>& listed_output(const output_matrix<Out>& y) noexcept {
    return y;
}
template <class Function>
LOWPREC_INLINE sums_pointer listed_output(const Function& f) noexcept {
    return sums_pointer::to(f);
}

/// The product on Isa, or on the choice of the start where the call is of the plain `matmul` and its types are listed.
template <class Isa, class X, class W, class Y, class Executor>
LOWPREC_INLINE void chosen_product(const X& x, const strips_of<W>& w, const Y& y, Executor&& executor) {
    using activations = std::remove_cvref_t<decltype(listed(x))>;
    using outputs = std::remove_cvref_t<decltype(listed_output(y))>;
    if constexpr (std::is_same_v<Isa, simd::native> && dispatched_products_here::has<activations, W, outputs>) {
        using sets = std::make_integer_sequence<int, dispatch_set_count>;
        products_by_set<sets, activations, W, outputs>::of[dispatched_set()](listed(x), w.w, listed_output(y),
                                                                             executor_pointer::to(executor));
    } else {
        run_product<Isa>(x, w, y, executor);
    }
}

}  // namespace lowprec::detail

#endif
