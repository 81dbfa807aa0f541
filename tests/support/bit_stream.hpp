// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Packed codes as the definition has them, one bit at a time: bit k of the stream is bit k mod width of code k / width.
// Shares nothing with the library but from_bits and bits.
#ifndef LOWPREC_TESTS_SUPPORT_BIT_STREAM_HPP
#define LOWPREC_TESTS_SUPPORT_BIT_STREAM_HPP

#include <cstddef>
#include <lowprec/formats.hpp>
#include <lowprec/packing.hpp>
#include <tuple>
#include <vector>

#include "support/tally.hpp"

namespace bit_stream {

/// Formats of every width below 8, 1 and several of a kind included.
using formats = std::tuple<lowprec::float_format<0, 1, 0, 0, lowprec::special::finite>,
                           lowprec::float_format<1, 1, 0, 0, lowprec::special::finite>,
                           lowprec::float_format<1, 1, 1, 0, lowprec::special::finite>,
                           lowprec::p3109<3, 1, lowprec::p3109_kind::ue>, lowprec::e2m1,
                           lowprec::p3109<4, 2, lowprec::p3109_kind::se>, lowprec::p3109<5, 3, lowprec::p3109_kind::sf>,
                           lowprec::e3m2, lowprec::e2m3, lowprec::ue4m3, lowprec::p3109<7, 4, lowprec::p3109_kind::se>>;

/// The place in memory of bit k: high_first exchanges the halves of each byte.
template <lowprec::nibble_order Order>
std::size_t place(std::size_t k) {
    return Order == lowprec::nibble_order::high_first ? k - k % 8 + (k + 4) % 8 : k;
}

inline bool bit_at(const std::byte* bytes, std::size_t place) {
    return (std::to_integer<unsigned>(bytes[place / 8]) >> (place % 8) & 1U) != 0;
}

template <class Bytes>
std::vector<bool> bits_of(const Bytes& bytes) {
    std::vector<bool> bits;
    for (const auto byte : bytes)
        for (unsigned k = 0; k < 8; ++k) bits.push_back((static_cast<unsigned>(byte) >> k & 1U) != 0);
    return bits;
}

/// Writes the code of the element that begins at bit `first` of the stream.
template <lowprec::nibble_order Order, class F>
void put(std::vector<bool>& memory, std::size_t first, F value) {
    for (std::size_t k = 0; k < std::size_t{F::width}; ++k)
        memory[place<Order>(first + k)] = (static_cast<unsigned>(value.bits()) >> k & 1U) != 0;
}

/// The code of the element that begins at bit `first`.
template <lowprec::nibble_order Order, class F>
unsigned get(const std::vector<bool>& memory, std::size_t first) {
    unsigned code = 0;
    for (std::size_t k = 0; k < std::size_t{F::width}; ++k)
        if (memory[place<Order>(first + k)]) code |= 1U << k;
    return code;
}

/// f.template operator()<F, Order>() for every format and each order that it has.
template <class Function>
void for_each_layout(Function&& f) {
    for_each_format<formats>([&]<class F>(F) {
        f.template operator()<F, lowprec::nibble_order::low_first>();
        if constexpr (F::width == 4) f.template operator()<F, lowprec::nibble_order::high_first>();
    });
}

/// n codes: in turn, from any one on, until each has come once; then random ones.
template <class F>
std::vector<F> some_codes(std::size_t n, random_bits& random) {
    std::vector<F> codes;
    const std::uint64_t begin = random();
    for (std::size_t i = 0; i < n; ++i)
        codes.push_back(make<F>((i < (1U << F::width) ? begin + i : random()) & F::code_mask));
    return codes;
}

}  // namespace bit_stream

#endif
