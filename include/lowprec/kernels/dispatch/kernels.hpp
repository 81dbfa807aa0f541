// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// What the sources made by lowprec_dispatch instantiate, each under the flags of one instruction set.
#ifndef LOWPREC_KERNELS_DISPATCH_KERNELS_HPP
#define LOWPREC_KERNELS_DISPATCH_KERNELS_HPP

#include <lowprec/kernels/dispatch.hpp>

namespace lowprec::detail {

template <int Set, class From, class To, policy R>
void dispatched_blocks(const std::byte* in, std::byte* out, std::size_t blocks, const bulk_plan& plan,
                       std::size_t first) noexcept {
    static_assert(dispatch_sets[Set].block == block_size<dispatch_isa<Set>>);
    convert_blocks<dispatch_isa<Set>, From, To, R>(in, out, blocks, plan, first);
}

template <int Set>
void dispatched_stream(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
    store_past_cache<dispatch_isa<Set>>(to, from, bytes);
}

/// A kernel by its address, so that it is compiled; none where there is none, or where the rule is another one's.
template <int Set, class List, class From, class To, policy R>
constexpr bulk_kernel::blocks_function* dispatched_or_none() noexcept {
    if constexpr (is_dispatched<List, From, To, R>)
        return &dispatched_blocks<Set, From, To, R>;
    else
        return nullptr;
}
template <int Set, class From, class To, rounding Round>
inline constexpr bulk_kernel::blocks_function* dispatched_rounding = [] {
    constexpr policy r = rule<typename From::format, typename To::format, policy{.round = Round}>;
    if constexpr (r.round == Round)
        return dispatched_or_none<Set, dispatch_list<>, From, To, r>();
    else
        return static_cast<bulk_kernel::blocks_function*>(nullptr);
}();

/// `template struct dispatch_default<set, rounding>;` compiles all kernels that every program gets.
template <int Set, rounding Round, class Table = all_formats>
struct dispatch_default;
template <int Set, rounding Round, class... F>
struct dispatch_default<Set, Round, std::tuple<F...>> {
    template <class X, class Y>
    static constexpr auto kernel = dispatched_rounding<Set, X, Y, Round>;
    template <class X>  // itself, if it has no packed memory
    using packed_or_plain =
        typename std::conditional_t<(X::width < 8), std::type_identity<packed<X, nibble_order::low_first>>,
                                    std::type_identity<plain<X>>>::type;
    using wide32 = plain<binary32>;
    using wide64 = plain<binary64>;
    [[gnu::used]] static inline bulk_kernel::stream_function* const stream = &dispatched_stream<Set>;
    [[gnu::used]] static inline bulk_kernel::blocks_function* const all[] = {
        kernel<wide32, plain<F>>...,   kernel<plain<F>, wide32>...,           kernel<wide64, plain<F>>...,
        kernel<plain<F>, wide64>...,   kernel<wide32, packed_or_plain<F>>..., kernel<packed_or_plain<F>, wide32>...,
        kernel<wide32, rounded<F>>...,
    };
};

/// `template struct dispatch_extra<set, list>;` compiles what a call of lowprec_dispatch lists.
template <int Set, class List>
struct dispatch_extra;
template <int Set, class... Listed>
struct dispatch_extra<Set, dispatch_list<Listed...>> {
    [[gnu::used]] static inline bulk_kernel::blocks_function* const all[] = {
        dispatched_or_none<Set, dispatch_list<Listed...>, typename Listed::from, typename Listed::to,
                           Listed::listed_rule>()...,
        nullptr,
    };
};

}  // namespace lowprec::detail

#endif
