// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// What bulk conversion means: the scalar function, element by element. The other variants must return the same bits, and
// call this one for what they leave out. Also how elements lie in memory.
#ifndef LOWPREC_KERNELS_CONVERT_SCALAR_HPP
#define LOWPREC_KERNELS_CONVERT_SCALAR_HPP

#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/kernels/random.hpp>
#include <lowprec/packed_span.hpp>

namespace lowprec::detail {

// The format of a number: a built-in float is the format that it is.
template <class T>
struct format_of_number {
    using type = T;
};
template <class T>
    requires is_native_float_v<T>
struct format_of_number<T> {
    using type = format_of<T>;
};

/// An element that has its own address: float, double or a format.
template <class T>
struct plain {
    using number = T;
    using format = typename format_of_number<T>::type;
    static constexpr int bits = bits_of<T>;
    static constexpr bool is_packed = false;
    static constexpr nibble_order order = nibble_order::low_first;

    LOWPREC_INLINE static T read(bit_address<const std::byte> at) noexcept {
        T x;
        __builtin_memcpy(&x, at.byte, sizeof x);
        return x;
    }
    LOWPREC_INLINE static void write(bit_address<std::byte> at, T x) noexcept {
        __builtin_memcpy(at.byte, &x, sizeof x);
    }
};

/// An element of a packed_span.
template <class F, nibble_order Order>
struct packed {
    using number = F;
    using format = F;
    static constexpr int bits = F::width;
    static constexpr bool is_packed = true;
    static constexpr nibble_order order = Order;

    LOWPREC_INLINE static F read(bit_address<const std::byte> at) noexcept { return read_packed<F, Order>(at); }
    LOWPREC_INLINE static void write(bit_address<std::byte> at, F x) noexcept { write_packed<Order>(at, x); }
};

/// Where a conversion's random bits come from: element i of a call has the index `first + i`.
struct random_source {
    std::uint64_t seed = 0;
    std::uint64_t first = 0;
};

template <class To, class From>
LOWPREC_INLINE To convert_element(From x, policy p, random_source random, std::size_t i) noexcept {
    std::uint64_t bits = 0;
    if (p.round == rounding::stochastic) bits = stochastic_bits(random.seed, random.first + i) >> (64 - p.random_bits);
    return convert_with<To>(x, p, bits);
}

/// Elements begin .. end - 1 of a call.
template <class Isa, class From, class To>
[[gnu::noinline]] void convert_scalar(bit_address<const std::byte> in, bit_address<std::byte> out, std::size_t begin,
                                      std::size_t end, policy p, random_source random) noexcept {
    for (std::size_t i = begin; i < end; ++i)
        To::write(out.after(i * To::bits),
                  convert_element<typename To::number>(From::read(in.after(i * From::bits)), p, random, i));
}

}  // namespace lowprec::detail

#endif
