// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Two fast blocks one after the other, through a block of floats or of codes in the first-level cache: between two formats, from
// doubles (rounded to odd floats first), and round_to (there and back).
#ifndef LOWPREC_KERNELS_CONVERT_COMPOSED_HPP
#define LOWPREC_KERNELS_CONVERT_COMPOSED_HPP

#include <lowprec/kernels/convert/avx2.hpp>
#include <lowprec/kernels/convert/avx512/decode.hpp>
#include <lowprec/kernels/convert/avx512/encode.hpp>
#include <lowprec/kernels/convert/avx512/words.hpp>

namespace lowprec::detail {

/// A plan of the default policy, for the half of a composition that only widens.
template <class F>
LOWPREC_INLINE bulk_plan widening_plan() noexcept {
    constexpr outcomes fate = outcomes_of<F, binary32>(policy{});
    return {policy{}, fate, {}};
}

template <class Isa, class From, class To, policy R>
struct composed_block {
    static constexpr bool exists = false;
};

template <class Isa, class From, class To, policy R>
    requires(R.round != rounding::stochastic && !is_float_element<From> && !is_double<From> && !is_float_element<To> &&
             !is_double<To> && !is_rounded<To> && fast_block<Isa, From, plain<float>, policy{}>::exists &&
             fast_block<Isa, plain<float>, To, R>::exists)
struct composed_block<Isa, From, To, R> {
    using widening = fast_block<Isa, From, plain<float>, policy{}>;
    using narrowing = fast_block<Isa, plain<float>, To, R>;
    using environment = typename narrowing::environment;
    static constexpr bool exists = true;
    widening first;
    narrowing second;

    LOWPREC_INLINE static bool serves(const bulk_plan& plan) noexcept { return narrowing::serves(plan); }
    LOWPREC_INLINE explicit composed_block(const bulk_plan& plan) noexcept
        : first(widening_plan<typename From::format>()), second(plan) {}
    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        alignas(64) std::byte floats[block_size<Isa> * 4];
        return first.run(in, floats) && second.run(floats, out);
    }
};

template <class Isa, class From, class To, policy R>
    requires(R.round != rounding::stochastic && is_double<From> && !is_float_element<To> && !is_rounded<To> &&
             fast_block<Isa, plain<float>, To, R>::exists)
struct composed_block<Isa, From, To, R> {
    using narrowing = fast_block<Isa, plain<float>, To, R>;
    using environment = typename narrowing::environment;
    static constexpr bool exists = true;
    narrowing second;

    LOWPREC_INLINE static bool serves(const bulk_plan& plan) noexcept { return narrowing::serves(plan); }
    LOWPREC_INLINE explicit composed_block(const bulk_plan& plan) noexcept : second(plan) {}
    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        alignas(64) std::byte floats[block_size<Isa> * 4];
        for (int i = 0; i < 4; ++i)
            store_to(floats + i * 4 * lanes<Isa>, double_to_odd_float<Isa>(in + i * 8 * lanes<Isa>));
        return second.run(floats, out);
    }
};

template <class Isa, class From, class F, policy R>
    requires(R.round != rounding::stochastic && is_float_element<From> && fast_block<Isa, From, plain<F>, R>::exists &&
             fast_block<Isa, plain<F>, plain<float>, policy{}>::exists)
struct composed_block<Isa, From, rounded<F>, R> {
    using narrowing = fast_block<Isa, From, plain<F>, R>;
    using widening = fast_block<Isa, plain<F>, plain<float>, policy{}>;
    using environment = typename narrowing::environment;
    static constexpr bool exists = true;
    narrowing first;
    widening second;

    LOWPREC_INLINE static bool serves(const bulk_plan& plan) noexcept { return narrowing::serves(plan); }
    LOWPREC_INLINE explicit composed_block(const bulk_plan& plan) noexcept : first(plan), second(widening_plan<F>()) {}
    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        alignas(64) std::byte codes[block_size<Isa> * plain<F>::bits / 8];
        return first.run(in, codes) && second.run(codes, out);
    }
};

/// The fastest there is.
template <class Isa, class From, class To, policy R>
using best_block = std::conditional_t<fast_block<Isa, From, To, R>::exists, fast_block<Isa, From, To, R>,
                                      composed_block<Isa, From, To, R>>;

}  // namespace lowprec::detail

#endif
