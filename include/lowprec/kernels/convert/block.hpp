// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// One block of elements from memory to memory, in registers: load and decode, encode, narrow and store. What a variant does
// faster it says by specialising `fast_block`.
#ifndef LOWPREC_KERNELS_CONVERT_BLOCK_HPP
#define LOWPREC_KERNELS_CONVERT_BLOCK_HPP

#include <lowprec/kernels/convert/double.hpp>
#include <lowprec/kernels/convert/generic.hpp>
#include <lowprec/kernels/convert/packing.hpp>
#include <lowprec/kernels/convert/scalar.hpp>
#include <lowprec/kernels/environment.hpp>

namespace lowprec::detail {

using binary32 = float_format<1, 8, 23, 127>;
using binary64 = float_format<1, 11, 52, 1023>;

/// The target of round_to: floats, rounded to the values of F.
template <class F>
struct rounded {
    using number = F;
    using format = F;
    static constexpr int bits = 32;
    static constexpr bool is_packed = false;
    static constexpr nibble_order order = nibble_order::low_first;

    LOWPREC_INLINE static void write(bit_address<std::byte> at, F x) noexcept {
        plain<float>::write(at, convert_with<float>(x, policy{}, 0));
    }
};
template <class To>
inline constexpr bool is_rounded = false;
template <class F>
inline constexpr bool is_rounded<rounded<F>> = true;

template <class Element>
inline constexpr bool is_double = std::is_same_v<typename Element::format, binary64>;

/// Where the codes of a format stand in the words that store it.
template <class F>
inline constexpr int storage_shift = F::width > 16 && F::width < 32 ? 32 - F::width : 0;

template <class Element>
inline constexpr bool has_lanes = is_double<Element> || has_kernel<typename Element::format>;

/// Whether lanes can do it; scalar.hpp does the rest.
template <class Isa, class From, class To, policy R>
inline constexpr bool lanes_can_convert =
    Isa::vectors&& has_lanes<From>&& has_lanes<To> &&
    !(is_double<From> && is_double<To>)&&!(is_double<To> && is_rounded<To>)&&(
        R.round != rounding::stochastic || (stochastic_in_lanes<R> && !is_double<From> && !is_double<To>));

/// The floats with the values of a block's elements.
template <class Isa, class From>
LOWPREC_INLINE block<Isa> load_floats(const std::byte* from) noexcept {
    using F = typename From::format;
    block<Isa> b;
    if constexpr (is_double<From>) {
        for (int i = 0; i < 4; ++i) b.v[i] = double_to_odd_float<Isa>(from + i * 8 * lanes<Isa>);
    } else if constexpr (From::is_packed) {
        std::byte codes[block_size<Isa>];
        store_to(codes, unpack_block<Isa, F::width, From::order>(from));
        b = load_bytes<Isa>(codes);
    } else if constexpr (From::bits == 8) {
        b = load_bytes<Isa>(from);
    } else if constexpr (From::bits == 16) {
        b = load_words<Isa>(from);
    } else {
        b = load_dwords<Isa>(from);
    }
    if constexpr (!is_double<From> && !std::is_same_v<F, binary32>)
        for (u32<Isa>& v : b.v) v = decode<Isa, F>(storage_shift<F> == 0 ? v : v >> storage_shift<F>);
    return b;
}

template <class Isa, class To>
LOWPREC_INLINE void store_codes(std::byte* to, block<Isa> codes) noexcept {
    using F = typename To::format;
    if constexpr (is_rounded<To>) {
        for (u32<Isa>& v : codes.v) v = decode<Isa, F>(v);
        store_dwords<Isa>(to, codes);
    } else if constexpr (To::is_packed) {
        pack_block<Isa, F::width, To::order>(to, to_bytes<Isa>(codes));
    } else if constexpr (To::bits == 8) {
        store_to(to, to_bytes<Isa>(codes));
    } else if constexpr (To::bits == 16) {
        store_words<Isa>(to, codes);
    } else {
        if constexpr (storage_shift<F> != 0)
            for (u32<Isa>& v : codes.v) v = v << storage_shift<F>;
        store_dwords<Isa>(to, codes);
    }
}

/// What a call knows beside its arrays.
struct bulk_plan {
    policy p;
    outcomes fate;
    random_source random;
};

struct no_environment {};

/// Specialised where a variant has something better. `serves(plan)`: a kernel is compiled for one rule, but called with many
/// policies. Made from the plan, `run(in, out)` converts a block, or returns false for generic_block to do it. `environment`
/// lives around the blocks.
template <class Isa, class From, class To, policy R>
struct fast_block {
    static constexpr bool exists = false;
};

/// Converts a block. False where lanes could not: what was written then doesn't count.
template <class Isa, class From, class To, policy R>
LOWPREC_INLINE bool generic_block(const std::byte* in, std::byte* out, const bulk_plan& plan,
                                  const random_table* random, std::size_t place) noexcept {
    using F = typename To::format;
    bool fine = true;
    if constexpr (std::is_same_v<typename From::format, F> && !is_rounded<To>) {
        // the same codes, packed on one side at least; plain ones are copied elsewhere
        u8<Isa> codes;
        if constexpr (From::is_packed)
            codes = unpack_block<Isa, F::width, From::order>(in);
        else
            codes = load_from<u8<Isa>>(in);
        if constexpr (To::is_packed)
            pack_block<Isa, F::width, To::order>(out, codes);
        else
            store_to(out, codes);
    } else if constexpr (is_double<From> && std::is_same_v<F, binary32>) {
        block<Isa> b;
        for (int i = 0; i < 4; ++i) b.v[i] = double_to_float<Isa, R>(in + i * 8 * lanes<Isa>, plan.fate, fine);
        if (fine) store_codes<Isa, To>(out, b);
    } else {
        block<Isa> b = load_floats<Isa, From>(in);
        if constexpr (is_double<To>) {
            for (int i = 0; i < 4; ++i) store_as_double<Isa>(out + i * 8 * lanes<Isa>, b.v[i], plan.fate, fine);
        } else {
            if (!std::is_same_v<F, binary32> || !plan.fate.special_stays) {
                for (int i = 0; i < 4; ++i) {
                    u32<Isa> r(0U);
                    if constexpr (R.round == rounding::stochastic)
                        r = random_lanes<Isa>(*random, place + static_cast<std::size_t>(i * lanes<Isa>));
                    b.v[i] = encode<Isa, F, R>(b.v[i], r, plan.fate, fine);
                }
            }
            if (fine) store_codes<Isa, To>(out, b);
        }
    }
    return fine;
}

}  // namespace lowprec::detail

#endif
