// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// A block of codes between one byte each and W bits each, in 64-bit lanes: eight codes of W bits are W bytes.
//
//      ------hh------gg------ff------ee------dd------cc------bb------aa      eight bytes (here W = 2)
//      ------------hhgg------------ffee------------ddcc------------bbaa      every second one moved down by 8 - W
//      ------------------------hhggffee------------------------ddccbbaa      then pairs, then fours
//      ------------------------------------------------hhggffeeddccbbaa      then the lanes are put side by side
//
// One body serves every width below 8.
#ifndef LOWPREC_KERNELS_CONVERT_PACKING_HPP
#define LOWPREC_KERNELS_CONVERT_PACKING_HPP

#include <lowprec/kernels/lanes.hpp>
#include <lowprec/packing.hpp>

namespace lowprec::detail {

template <class Isa>
inline constexpr int wide_lanes = lanes<Isa> / 2;

template <class Isa>
LOWPREC_INLINE u64<Isa> swap_nibbles_of(u64<Isa> x) noexcept {
    const u64<Isa> low(std::uint64_t{0x0F0F0F0F'0F0F0F0F});
    return ((x & low) << 4) | ((x >> 4) & low);
}

/// Lanes of eight bytes to lanes of 8 W bits.
template <class Isa, int W, nibble_order Order>
LOWPREC_INLINE u64<Isa> squeeze(u64<Isa> x) noexcept {
    const auto step = [](u64<Isa> y, std::uint64_t low, int down) {
        return (y & u64<Isa>(low)) | ((y & u64<Isa>(~low)) >> down);
    };
    x = step(x, 0x00FF00FF'00FF00FF, 8 - W);
    x = step(x, 0x0000FFFF'0000FFFF, 16 - 2 * W);
    x = step(x, 0x00000000'FFFFFFFF, 32 - 4 * W);
    return Order == nibble_order::high_first ? swap_nibbles_of<Isa>(x) : x;
}

/// And back.
template <class Isa, int W, nibble_order Order>
LOWPREC_INLINE u64<Isa> spread(u64<Isa> x) noexcept {
    if constexpr (Order == nibble_order::high_first) x = swap_nibbles_of<Isa>(x);
    const auto step = [](u64<Isa> y, std::uint64_t unit, int bits, int up) {
        const std::uint64_t low = unit * ones<std::uint64_t>(bits);
        return (y & u64<Isa>(low)) | ((y & u64<Isa>(low << bits)) << up);
    };
    x = step(x, 1, 4 * W, 32 - 4 * W);
    x = step(x, 0x00000001'00000001, 2 * W, 16 - 2 * W);
    return step(x, 0x00010001'00010001, W, 8 - W);
}

/// The codes of a block, one in each byte, to W / 8 of their bytes.
template <class Isa, int W, nibble_order Order>
LOWPREC_INLINE void pack_block(std::byte* to, u8<Isa> codes) noexcept {
    const u64<Isa> squeezed = squeeze<Isa, W, Order>(as<u64<Isa>>(codes));
    std::uint64_t words[wide_lanes<Isa>];
    store_to(words, squeezed);
    // each store but the last is overwritten after its first W bytes
    for (int k = 0; k < wide_lanes<Isa>; ++k) {
        const int room = (wide_lanes<Isa> - k) * W;
        __builtin_memcpy(to + k * W, &words[k], static_cast<std::size_t>(room < 8 ? room : 8));
    }
}

template <class Isa, int W, nibble_order Order>
LOWPREC_INLINE u8<Isa> unpack_block(const std::byte* from) noexcept {
    std::uint64_t words[wide_lanes<Isa>] = {};
    for (int k = 0; k < wide_lanes<Isa>; ++k) {
        const int room = (wide_lanes<Isa> - k) * W;
        __builtin_memcpy(&words[k], from + k * W, static_cast<std::size_t>(room < 8 ? room : 8));
    }
    return as<u8<Isa>>(spread<Isa, W, Order>(load_from<u64<Isa>>(words)));
}

}  // namespace lowprec::detail

#endif
