// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// The random bits of stochastic rounding: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1,
// 2, 3, SC 2011), a function of a key and a counter. An element's bits depend on the seed and on its index alone:
//
//      index = 128 q + 16 c + l        counter (16 q + l, stream), key = seed; l < 16, c < 8
//      bits 63..48                     stream 0: the c-th 16 bits of its four words, low halves first
//      bits 47..0                      counter (index, 1): its first word, and above it the low half of its second
//
// so that 16 lanes of one counter each serve 128 elements, and the bits that decide one rounding in 65536 cost nothing else.
#ifndef LOWPREC_KERNELS_RANDOM_HPP
#define LOWPREC_KERNELS_RANDOM_HPP

#include <lowprec/kernels/lanes.hpp>

namespace lowprec {

namespace detail {

struct philox_words {
    std::uint32_t word[4];
};

inline constexpr std::uint32_t philox_multiplier[2] = {0xD2511F53U, 0xCD9E8D57U};
inline constexpr std::uint32_t philox_weyl[2] = {0x9E3779B9U, 0xBB67AE85U};

/// The four words of a counter of 128 bits under a key of 64.
LOWPREC_INLINE constexpr philox_words philox4x32_10(philox_words counter, std::uint64_t key) noexcept {
    auto [a, b, c, d] = counter.word;
    auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t p0 = std::uint64_t{philox_multiplier[0]} * a;
        const std::uint64_t p1 = std::uint64_t{philox_multiplier[1]} * c;
        a = static_cast<std::uint32_t>(p1 >> 32) ^ b ^ k0;
        b = static_cast<std::uint32_t>(p1);
        c = static_cast<std::uint32_t>(p0 >> 32) ^ d ^ k1;
        d = static_cast<std::uint32_t>(p0);
        k0 += philox_weyl[0];
        k1 += philox_weyl[1];
    }
    return {{a, b, c, d}};
}

LOWPREC_INLINE constexpr philox_words philox_counter(std::uint64_t low, std::uint32_t stream) noexcept {
    return {{static_cast<std::uint32_t>(low), static_cast<std::uint32_t>(low >> 32), stream, 0}};
}

/// The indices that share 16 counters of stream 0.
inline constexpr std::size_t random_period = 128;

/// The words of stream 0 for 128 elements: word j of counter l at [j][l].
struct random_table {
    std::uint32_t word[4][16];
};

/// Fills the table for the elements from `index`, a multiple of 128. In 64-bit lanes, whose low halves count: a product's low
/// half is then the next round's word as it stands, and no lanes need to be put together until the end.
template <class Isa>
LOWPREC_INLINE void fill_random(random_table& table, std::uint64_t seed, std::uint64_t index) noexcept {
    using wide = u64<Isa>;
    constexpr int half = lanes<Isa> / 2;
    const auto all = [](std::uint64_t x) { return wide(x); };
    const std::uint64_t first = index / random_period * 16;
    constexpr std::uint64_t steps[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    for (int l = 0; l < 16; l += lanes<Isa>) {
        wide_pair<Isa> a, b, c, d;
        for (int h = 0; h < 2; ++h) {
            a.v[h] =
                all(first) + load_from<wide>(steps + l + h * half);  // no carry into the high half: 16 divides first
            b.v[h] = all(first >> 32);
            c.v[h] = d.v[h] = all(0);
        }
        auto k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
        for (int round = 0; round < 10; ++round) {
            for (int h = 0; h < 2; ++h) {
                const wide p0 = multiply_low_halves<Isa>(a.v[h], all(philox_multiplier[0]));
                const wide p1 = multiply_low_halves<Isa>(c.v[h], all(philox_multiplier[1]));
                a.v[h] = (p1 >> 32) ^ b.v[h] ^ all(k0);
                b.v[h] = p1;
                c.v[h] = (p0 >> 32) ^ d.v[h] ^ all(k1);
                d.v[h] = p0;
            }
            k0 += philox_weyl[0];
            k1 += philox_weyl[1];
        }
        store_to(&table.word[0][l], narrow<Isa>(a));
        store_to(&table.word[1][l], narrow<Isa>(b));
        store_to(&table.word[2][l], narrow<Isa>(c));
        store_to(&table.word[3][l], narrow<Isa>(d));
    }
}

/// The first 16 random bits, at the top of the lanes, of the elements from `place` (a multiple of the lanes) in the table.
template <class Isa>
LOWPREC_INLINE u32<Isa> random_lanes(const random_table& table, std::size_t place) noexcept {
    const u32<Isa> words = load_from<u32<Isa>>(&table.word[place / 32][place % 16]);
    return place / 16 % 2 == 0 ? words << 16 : words & u32<Isa>(0xFFFF0000U);
}

}  // namespace detail

/// The random bits with which bulk conversion rounds the element of that index: `convert(in, out, seed, first)` gives element i
/// what `convert<To, P>(in[i], stochastic_bits(seed, first + i) >> (64 - P.random_bits))` gives.
/// Source:  Philox4x32-10; the layout is in random.hpp.
[[nodiscard]] LOWPREC_INLINE constexpr std::uint64_t stochastic_bits(std::uint64_t seed, std::uint64_t index) noexcept {
    const std::uint64_t l = index % 16, c = index / 16 % 8;
    const auto first = detail::philox4x32_10(detail::philox_counter(index / 128 * 16 + l, 0), seed);
    const auto rest = detail::philox4x32_10(detail::philox_counter(index, 1), seed);
    const std::uint64_t top = first.word[c / 2] >> (16 * (c % 2)) & 0xFFFF;
    return top << 48 | std::uint64_t{rest.word[1] & 0xFFFFU} << 32 | rest.word[0];
}

}  // namespace lowprec

#endif
