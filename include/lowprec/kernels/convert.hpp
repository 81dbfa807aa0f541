// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Conversion of many numbers: the contract and the choice. Every element becomes what the scalar `convert` makes of it, on
// every machine; convert/scalar.hpp is that definition, convert/generic.hpp does it in the lanes of any vector machine, and
// convert/avx2.hpp and convert/avx512/ hold what is measured to beat it. The instruction set is what this source is compiled
// for, or the best of the machine where CMake's lowprec_dispatch built kernels for several (dispatch.hpp).
#ifndef LOWPREC_KERNELS_CONVERT_HPP
#define LOWPREC_KERNELS_CONVERT_HPP

#include <lowprec/detail/fail_argument.hpp>
#include <lowprec/kernels/convert/kernel.hpp>
#include <lowprec/kernels/dispatch.hpp>
#include <lowprec/packed_span.hpp>
#include <span>
#include <vector>

namespace lowprec {

namespace detail {

template <class Range>
struct is_packed_span : std::false_type {};
template <class F, nibble_order Order>
struct is_packed_span<packed_span<F, Order>> : std::true_type {};

template <class Range>
inline constexpr bool is_bulk_range = is_packed_span<std::remove_cvref_t<Range>>::value || viewable_as_span<Range>;

/// How a range's elements lie in memory.
template <class Range>
struct memory_of {
    using element = typename decltype(std::span(std::declval<std::remove_reference_t<Range>&>()))::element_type;
};
template <class Range>
requires is_packed_span<std::remove_cvref_t<Range>>::value struct memory_of<Range> {
    using element = typename std::remove_cvref_t<Range>::element_type;
};

template <class Range>
using bulk_element = typename memory_of<Range>::element;

template <class T>
inline constexpr bool is_bulk_number = std::is_same_v<T, float> || std::is_same_v<T, double> || format<T>;

/// The address, the extent and the layout of a range.
template <class Byte, class Element>
struct bulk_view {
    bit_address<Byte> at;
    std::size_t count;
    using layout = Element;
};

template <class Byte, class Range>
LOWPREC_INLINE auto view(Range& range) noexcept {
    if constexpr (is_packed_span<std::remove_cvref_t<Range>>::value) {
        using span = std::remove_cvref_t<Range>;
        return bulk_view<Byte, packed<typename span::value_type, span::order>>{{range.bytes(), range.bit_offset()},
                                                                               range.size()};
    } else {
        const std::span all(range);
        using number = std::remove_cv_t<typename decltype(all)::element_type>;
        return bulk_view<Byte, plain<number>>{{reinterpret_cast<Byte*>(all.data()), 0}, all.size()};
    }
}

template <class Isa>
[[noreturn, gnu::noinline, gnu::cold]] void fail_sizes(std::size_t in, std::size_t out) {
    fail_argument("lowprec::convert: in has ", in, " elements, but out has ", out);
}
template <class Isa>
[[noreturn, gnu::noinline, gnu::cold]] void fail_overlap(std::size_t in, std::size_t out, bool same_start) {
    if (same_start)
        fail_argument("lowprec::convert: in (", in, " bytes) and out (", out,
                      " bytes) begin at the same address, and the elements grow");
    fail_argument("lowprec::convert: in (", in, " bytes) and out (", out,
                  " bytes) overlap without beginning at the same address");
}

/// The one check at the door.
template <class Isa, class In, class Out>
LOWPREC_INLINE void check_bulk(const In& in, const Out& out) {
    constexpr std::size_t in_bits = In::layout::bits, out_bits = Out::layout::bits;
    if (in.count != out.count) fail_sizes<Isa>(in.count, out.count);
    const auto in_begin = reinterpret_cast<std::uintptr_t>(in.at.byte),
               out_begin = reinterpret_cast<std::uintptr_t>(out.at.byte);
    const std::size_t in_bytes = (in.at.bit + in.count * in_bits + 7) / 8,
                      out_bytes = (out.at.bit + out.count * out_bits + 7) / 8;
    if (in_begin < out_begin + out_bytes && out_begin < in_begin + in_bytes && in.count != 0) {
        const bool same = in_begin == out_begin && in.at.bit == out.at.bit && In::layout::order == Out::layout::order;
        if (!same || out_bits > in_bits) fail_overlap<Isa>(in_bytes, out_bytes, same);
    }
}

template <class Isa, class From, class To, policy P>
LOWPREC_INLINE void run_bulk(bit_address<const std::byte> in, bit_address<std::byte> out, std::size_t count,
                             random_source random) noexcept {
    using source = typename From::format;
    using target = typename To::format;
    constexpr policy r = rule<source, target, P>;
    constexpr outcomes fate = outcomes_of<source, target>(P);
    if constexpr (takes_dispatched<Isa, From, To, r>) {
        drive<Isa>(dispatched_kernel<Isa, From, To, r>(), in, out, count, {P, fate, random});
    } else {
        constexpr bulk_kernel kernel = kernel_of<Isa, From, To, r>();
        drive<Isa>(kernel, in, out, count, {P, fate, random});
    }
}

/// As `convert` below, on an instruction set that this translation unit is compiled for.
template <class Isa, policy P, class In, class Out>
LOWPREC_INLINE void convert_on(In&& in, Out&& out, random_source random = {}) {
    static_assert(is_bulk_range<In>, "the first argument must be a vector, array, span or packed_span");
    static_assert(is_bulk_range<Out>, "the second argument must be a vector, array, span or packed_span");
    static_assert(is_bulk_number<std::remove_const_t<bulk_element<In>>>,
                  "the elements to convert must be float, double or a format");
    static_assert(is_bulk_number<std::remove_const_t<bulk_element<Out>>>,
                  "the elements to convert to must be float, double or a format");
    static_assert(!std::is_const_v<bulk_element<Out>>, "the elements to convert to must not be const");
    static_assert(P.random_bits >= 1 && P.random_bits <= 64, "policy::random_bits must be 1 to 64");
    const auto from = view<const std::byte>(in);
    const auto to = view<std::byte>(out);
    using source = typename decltype(from)::layout;
    using target = typename decltype(to)::layout;
    check_bulk<Isa>(from, to);
    if (from.count == 0) return;
    if constexpr (std::is_same_v<typename source::format, typename target::format> && !source::is_packed &&
                  !target::is_packed)
        __builtin_memmove(to.at.byte, from.at.byte, from.count * source::bits / 8);
    else
        run_bulk<Isa, source, target, P>(from.at, to.at, from.count, random);
}

}  // namespace detail

/// Converts every element of `in` to the type of the elements of `out`.
/// Shapes:  in and out of one size: vectors, arrays, spans or packed_spans of float, double or a format. They are the same memory
///          (then elements must not grow), or don't overlap. Any alignment.
/// Rounds:  by P, once, as convert<To, P>(x) does for one number; so also Beyond. A format converted to itself is copied.
/// Errors:  std::invalid_argument that names both extents, before anything is written.
/// Cost:    about that of copying the bytes (docs/speed.md). Outputs past half of the last-level cache are stored past it.
template <policy P = policy{}, class In, class Out>
LOWPREC_INLINE void convert(In&& in, Out&& out) {
    static_assert(P.round != rounding::stochastic, "stochastic rounding needs a seed: convert<P>(in, out, seed)");
    detail::convert_on<simd::native, P>(in, out);
}

/// The same with stochastic rounding: element i is rounded by `stochastic_bits(seed, first_index + i)`, so that the result depends
/// neither on the machine nor on how an array is split into calls.
template <policy P, class In, class Out>
LOWPREC_INLINE void convert(In&& in, Out&& out, std::uint64_t seed, std::uint64_t first_index = 0) {
    static_assert(P.round == rounding::stochastic, "a seed is for policies whose rounding is stochastic");
    detail::convert_on<simd::native, P>(in, out, {seed, first_index});
}

/// The elements of `in`, converted.
template <detail::conversion_target To, policy P = policy{}, class In>
    requires(detail::is_bulk_range<In>)
[[nodiscard]] LOWPREC_INLINE std::vector<To> convert_to(In&& in) {
    std::vector<To> out(detail::view<const std::byte>(in).count);
    lowprec::convert<P>(in, out);
    return out;
}

/// Rounds floats in place to the values of F ("fake quantization"): each becomes float(convert<F, P>(x)).
/// Errors:  none.
template <format F, policy P = policy{}, class Range>
LOWPREC_INLINE void round_to(Range&& floats) {
    static_assert(detail::viewable_as_span<Range> && std::is_same_v<detail::element_of<Range>, float>,
                  "round_to changes the floats of a vector, array or span");
    static_assert(P.round != rounding::stochastic, "stochastic rounding needs a seed: round_to<F, P>(floats, seed)");
    const auto all = detail::view<std::byte>(floats);
    detail::run_bulk<simd::native, detail::plain<float>, detail::rounded<F>, P>({all.at.byte, 0}, all.at, all.count,
                                                                                {});
}
template <format F, policy P, class Range>
LOWPREC_INLINE void round_to(Range&& floats, std::uint64_t seed, std::uint64_t first_index = 0) {
    static_assert(detail::viewable_as_span<Range> && std::is_same_v<detail::element_of<Range>, float>,
                  "round_to changes the floats of a vector, array or span");
    static_assert(P.round == rounding::stochastic, "a seed is for policies whose rounding is stochastic");
    const auto all = detail::view<std::byte>(floats);
    detail::run_bulk<simd::native, detail::plain<float>, detail::rounded<F>, P>({all.at.byte, 0}, all.at, all.count,
                                                                                {seed, first_index});
}

}  // namespace lowprec

#endif
