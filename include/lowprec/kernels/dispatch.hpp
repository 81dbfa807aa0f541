// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Kernels chosen when the program starts. The CMake function lowprec_dispatch(app) builds the kernels once per instruction
// set into app (dispatch/kernels.hpp) together with the choice (dispatch/choice.hpp), and defines LOWPREC_DISPATCH for app's own
// sources, with which `convert` takes its kernel from here. Sources see declarations only:
//
//      app's source, app's flags       convert -> blocks_of_set[dispatched_set()] ---+
//      kernels, flags of one set       dispatched_blocks<set, From, To, R>   <-------+
//
// The kernels' isa carries a mark of its own, so no symbol is shared with sources that are compiled for the same features.
#ifndef LOWPREC_KERNELS_DISPATCH_HPP
#define LOWPREC_KERNELS_DISPATCH_HPP

#include <lowprec/kernels/convert/kernel.hpp>

namespace lowprec::detail {

/// The instruction sets, weakest first. CMake's lowprec_dispatch has the flags of each name.
struct dispatch_set {
    const char* name;
    unsigned features;
    std::size_t block;  ///< elements of its kernels' blocks: a source without these features can't ask block_size
};
inline constexpr dispatch_set dispatch_sets[] = {
    {"base", simd::base, 16},
#if defined(__x86_64__)
    {"avx2", simd::avx2, 32},
    {"avx512", simd::avx2 | simd::avx512, 64},
    {"avx512_vbmi", simd::avx2 | simd::avx512 | simd::vbmi | simd::vnni, 64},
    {"avx512_bf16", simd::avx2 | simd::avx512 | simd::vbmi | simd::vnni | simd::bf16, 64},
#endif
};
inline constexpr int dispatch_set_count = sizeof dispatch_sets / sizeof *dispatch_sets;

/// Marks an isa whose kernels belong to this header. No instruction set.
inline constexpr unsigned dispatch_mark = 1U << 31;
template <int Set>
using dispatch_isa = simd::isa<dispatch_sets[Set].features | dispatch_mark | (simd::compiled_features & simd::scalar)>;

/// The number of the chosen set: found at the first call, the same ever after.
int dispatched_set() noexcept;

template <int Set, class From, class To, policy R>
void dispatched_blocks(const std::byte* in, std::byte* out, std::size_t blocks, const bulk_plan& plan,
                       std::size_t first) noexcept;
template <int Set>
void dispatched_stream(std::byte* to, const std::byte* from, std::size_t bytes) noexcept;

// Which conversions have such kernels. Elements that lie alike in memory and mean the same share one: float and fp32.
template <class Element>
struct canonical {
    using type = Element;
};
template <class T>
struct canonical<plain<T>> {
    using type = plain<typename plain<T>::format>;
};

template <class Element>
inline constexpr bool is_row = false;
template <class F>
inline constexpr bool is_row<plain<F>> = row_of<F>::listed;
template <class F>
inline constexpr bool is_row<packed<F, nibble_order::low_first>> = row_of<F>::listed;
template <class F>
inline constexpr bool is_row<rounded<F>> = row_of<F>::listed;

/// float and double to and from the rows of the table, packed and rounded ones for float alone.
template <class From, class To>
inline constexpr bool is_dispatched_pair = [] {
    using wide32 = plain<binary32>;
    using wide64 = plain<binary64>;
    const bool plain_rows = !From::is_packed && !To::is_packed && !is_rounded<To>;
    return is_row<From> && is_row<To> &&
           (std::is_same_v<From, wide32> || (std::is_same_v<To, wide32>) ||
            (plain_rows && (std::is_same_v<From, wide64> || std::is_same_v<To, wide64>)));
}();
/// The rules of the default policy and of all presets.
template <policy R>
inline constexpr bool is_dispatched_rule =
    R == policy{} || R == policy{.round = rounding::nearest_away} || R == policy{.round = rounding::upward};

/// What a call of lowprec_dispatch lists beside these, as the types say it: float, double, a format or a packed_span.
template <class T>
struct listed_element {
    using type = typename canonical<plain<T>>::type;
};
template <class F, nibble_order Order>
struct listed_element<packed_span<F, Order>> {
    using type = packed<F, Order>;
};
template <class From, class To, policy P>
struct dispatch_listed {
    using from = typename listed_element<From>::type;
    using to = typename listed_element<To>::type;
    static constexpr policy listed_rule = rule<typename from::format, typename to::format, P>;
    template <class X, class Y, policy R>
    static constexpr bool is = std::is_same_v<X, from>&& std::is_same_v<Y, to>&& R == listed_rule;
};
template <class... Listed>
struct dispatch_list {
    template <class From, class To, policy R>
    static constexpr bool has = (Listed::template is<From, To, R> || ...);
};

/// Whether one kernel per set exists; From and To canonical.
template <class List, class From, class To, policy R>
inline constexpr bool is_dispatched = lanes_can_convert<dispatch_isa<0>, From, To, R> &&
                                      (!std::is_same_v<typename From::format, typename To::format> || From::is_packed ||
                                       To::is_packed ||
                                       is_rounded<To>)&&((is_dispatched_pair<From, To> && is_dispatched_rule<R>) ||
                                                         List::template has<From, To, R>);

template <class Sets, class From, class To, policy R>
struct blocks_by_set;
template <int... Set, class From, class To, policy R>
struct blocks_by_set<std::integer_sequence<int, Set...>, From, To, R> {
    static constexpr bulk_kernel::blocks_function* blocks[] = {&dispatched_blocks<Set, From, To, R>...};
    static constexpr bulk_kernel::stream_function* stream[] = {&dispatched_stream<Set>...};
};

/// The chosen kernel. Single elements are converted by Isa's scalar function: that is the caller's own.
template <class Isa, class From, class To, policy R>
LOWPREC_INLINE bulk_kernel dispatched_kernel() noexcept {
    using from = typename canonical<From>::type;
    using to = typename canonical<To>::type;
    using by_set = blocks_by_set<std::make_integer_sequence<int, dispatch_set_count>, from, to, R>;
    const int set = dispatched_set();
    bulk_kernel k{by_set::blocks[set],
                  &convert_scalar<Isa, From, To>,
                  by_set::stream[set],
                  dispatch_sets[set].block,
                  From::bits,
                  To::bits,
                  false};
    if constexpr (To::is_packed) k.high_first = To::order == nibble_order::high_first;
    return k;
}

}  // namespace lowprec::detail

#if defined(LOWPREC_DISPATCH)
#include <lowprec_dispatch_conversions.hpp>  // made by CMake: detail::dispatched_here, a dispatch_list
#else
namespace lowprec::detail {
using dispatched_here = void;
}
#endif

namespace lowprec {

namespace detail {

/// Whether conversions on Isa take the choice of the start: the plain `convert` does, one on an isa that was asked for doesn't.
template <class Isa, class From, class To, policy R>
inline constexpr bool takes_dispatched = [] {
    if constexpr (std::is_same_v<Isa, simd::native> && !std::is_void_v<dispatched_here>)
        return is_dispatched<dispatched_here, typename canonical<From>::type, typename canonical<To>::type, R>;
    else
        return false;
}();

}  // namespace detail

namespace simd {

/// The instruction set whose kernels `convert` uses: base, avx2, avx512, avx512_vbmi or avx512_bf16. The choice of the start with
/// lowprec_dispatch, and otherwise the best of these that this source is compiled for. The environment variable LOWPREC_ISA
/// lowers the choice to the set that it names.
[[nodiscard]] LOWPREC_INLINE const char* dispatched_isa() noexcept {
#if defined(LOWPREC_DISPATCH)
    return detail::dispatch_sets[detail::dispatched_set()].name;
#else
    int best = 0;
    for (int set = 0; set < detail::dispatch_set_count; ++set)
        if (native::has(detail::dispatch_sets[set].features)) best = set;
    return detail::dispatch_sets[best].name;
#endif
}

}  // namespace simd
}  // namespace lowprec

#endif
