// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// Codes of fewer than 8 bits, packed densely into bytes: a stream of bits without gaps, low bits first. Bit k of the stream
// is bit k mod width of code k / width, and lies in byte k / 8 as its bit k mod 8. Bits after the last code are zero.
//
//     4 bits     byte 0                    byte 1
//                7     4 3     0           7     4 3     0
//               +-------+-------+         +-------+-------+
//               | [1]   | [0]   |         | [3]   | [2]   |     low_first: the first code in the low nibble
//               +-------+-------+         +-------+-------+
//               | [0]   | [1]   |         | [2]   | [3]   |     high_first: in the high nibble
//               +-------+-------+         +-------+-------+
//
//     6 bits        byte 2           byte 1            byte 0
//               23     18 17 16 15    12 11     8 7   6 5      0
//               +--------+-----:--------+--------:-----+--------+
//               |  [3]   |     [2]      |     [1]      |  [0]   |      four codes in three bytes
//               +--------+-----:--------+--------:-----+--------+
//
// Eight codes of any width W are exactly W bytes; the loops below take them in one 64-bit word.
// packed_span.hpp looks at single codes in place.
#ifndef LOWPREC_PACKING_HPP
#define LOWPREC_PACKING_HPP

#include <cstddef>
#include <lowprec/concepts.hpp>
#include <lowprec/detail/bits.hpp>
#include <lowprec/detail/fail_argument.hpp>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lowprec {

/// Which half of a byte holds the first of two 4-bit codes. Other widths know low_first only.
enum class nibble_order : unsigned char { low_first, high_first };

namespace detail {

// One named condition each, so that a refused call says which one failed.
template <class F>
concept width_is_below_8 = F::width < 8;
template <nibble_order Order, class F>
concept high_first_needs_4_bit_codes = Order == nibble_order::low_first || F::width == 4;

/// A contiguous sized range: vector, array, C array, span, const or not. An rvalue will do, it lives until the call returns.
template <class Range>
concept viewable_as_span = requires(std::remove_reference_t<Range>& range) {
    std::span(range);
};
template <class Range>
using element_of =
    typename decltype(std::span(std::declval<std::remove_reference_t<Range>&>()))::element_type;  // const if it is
template <class Range>
using code_of = std::remove_cv_t<element_of<Range>>;

template <class T>
inline constexpr bool is_byte_v = std::is_same_v<T, std::byte> || std::is_same_v<T, unsigned char>;

template <class Range>
concept elements_are_formats = format<code_of<Range>>;
template <class Range>
concept elements_are_bytes = is_byte_v<code_of<Range>>;
template <class Range>
concept elements_are_writable = !std::is_const_v<element_of<Range>>;

template <class Range>
concept range_of_codes = viewable_as_span<Range> && elements_are_formats<Range> && width_is_below_8<code_of<Range>>;
template <class Range>
concept range_of_bytes = viewable_as_span<Range> && elements_are_bytes<Range>;

LOWPREC_INLINE constexpr std::uint64_t swap_nibbles(std::uint64_t word) noexcept {
    constexpr std::uint64_t low = 0x0F0F0F0F0F0F0F0F;
    return (word & low) << 4 | (word >> 4 & low);
}

// Up to eight codes and their bytes.
template <nibble_order Order, class F, class Byte>
LOWPREC_INLINE constexpr void pack_word(const F* codes, Byte* bytes, int codes_count, int bytes_count) noexcept {
    std::uint64_t word = 0;
    for (int k = 0; k < codes_count; ++k) word |= std::uint64_t{codes[k].bits()} << (F::width * k);
    if constexpr (Order == nibble_order::high_first) word = swap_nibbles(word);
    for (int k = 0; k < bytes_count; ++k) bytes[k] = static_cast<Byte>(static_cast<unsigned char>(word >> (8 * k)));
}

template <nibble_order Order, class F, class Byte>
LOWPREC_INLINE constexpr void unpack_word(const Byte* bytes, F* codes, int bytes_count, int codes_count) noexcept {
    std::uint64_t word = 0;
    for (int k = 0; k < bytes_count; ++k) word |= std::uint64_t{static_cast<unsigned char>(bytes[k])} << (8 * k);
    if constexpr (Order == nibble_order::high_first) word = swap_nibbles(word);
    for (int k = 0; k < codes_count; ++k)
        codes[k] = F::from_bits(static_cast<typename F::storage_type>(word >> (F::width * k) & F::code_mask));
}

}  // namespace detail

/// The number of bytes that `count` codes of F take.
template <format F>
    requires detail::width_is_below_8<F>
[[nodiscard]] LOWPREC_INLINE constexpr std::size_t packed_bytes(std::size_t count) noexcept {
    constexpr std::size_t width = F::width;
    return count / 8 * width + (count % 8 * width + 7) / 8;  // count * width could overflow
}

namespace detail {

template <class F>
LOWPREC_INLINE constexpr void check_packed_size(std::string_view function, std::size_t codes, std::size_t bytes) {
    if (bytes != packed_bytes<F>(codes))
        fail_argument("lowprec::", function, ": ", codes, " codes of ", F::width, " bits take exactly ",
                      packed_bytes<F>(codes), " bytes, but bytes has ", bytes);
}

}  // namespace detail

/// Packs codes of fewer than 8 bits densely into bytes; bits of the last byte after the last code become zero.
/// Shapes:  codes n values of a format; bytes packed_bytes<F>(n) of std::byte or unsigned char. Ranges that std::span takes,
///          which don't overlap.
/// Errors:  std::invalid_argument if the sizes don't fit together; then nothing is written.
/// Cost:    eight codes a step; not vectorised.
template <nibble_order Order = nibble_order::low_first, detail::range_of_codes Codes, detail::range_of_bytes Bytes>
requires detail::elements_are_writable<Bytes> && detail::high_first_needs_4_bit_codes<Order, detail::code_of<Codes>>
    LOWPREC_INLINE constexpr void pack(Codes&& codes, Bytes&& bytes) {
    using F = detail::code_of<Codes>;
    const std::span<const F> from{std::span(codes)};
    const std::span<detail::element_of<Bytes>> to{std::span(bytes)};
    detail::check_packed_size<F>("pack", from.size(), to.size());
    const F* code = from.data();
    auto* byte = to.data();
    std::size_t left = from.size();
    for (; left >= 8; left -= 8, code += 8, byte += F::width) detail::pack_word<Order>(code, byte, 8, F::width);
    detail::pack_word<Order>(code, byte, static_cast<int>(left), static_cast<int>(packed_bytes<F>(left)));
}

/// Takes codes out of the bytes that `pack` wrote; bits after the last code are ignored.
/// Shapes:  bytes packed_bytes<F>(n) of std::byte or unsigned char; codes n values of a format. Ranges that std::span takes,
///          which don't overlap.
/// Errors:  std::invalid_argument if the sizes don't fit together; then nothing is written.
/// Cost:    eight codes a step; not vectorised.
template <nibble_order Order = nibble_order::low_first, detail::range_of_bytes Bytes, detail::range_of_codes Codes>
requires detail::elements_are_writable<Codes> && detail::high_first_needs_4_bit_codes<Order, detail::code_of<Codes>>
    LOWPREC_INLINE constexpr void unpack(Bytes&& bytes, Codes&& codes) {
    using F = detail::code_of<Codes>;
    const std::span<const detail::code_of<Bytes>> from{std::span(bytes)};
    const std::span<F> to{std::span(codes)};
    detail::check_packed_size<F>("unpack", to.size(), from.size());
    const auto* byte = from.data();
    F* code = to.data();
    std::size_t left = to.size();
    for (; left >= 8; left -= 8, code += 8, byte += F::width) detail::unpack_word<Order>(byte, code, F::width, 8);
    detail::unpack_word<Order>(byte, code, static_cast<int>(packed_bytes<F>(left)), static_cast<int>(left));
}

}  // namespace lowprec

#endif
