// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// block_span: blocks looked at and changed where they lie in memory, as rows of a matrix. The last block of a row may be short. Every
// row begins at a byte.
//
//     separate             codes    row 0: [0] [1] ... one stream of bits, low bits first (packing.hpp); after the last code of a
//                                   row zeros up to the next byte; row 1 ...
//                          scales   row 0: one for each block; row 1 ...
//
//     interleaved          one after the other, in whole blocks: what is left of the last one has the code of zero
//       +-------+---------+-------------------+
//       | scale | minimum | codes             |      the minimum only where there is one
//       +-------+---------+-------------------+
//
//     interleaved_by_4     in whole fours: what is left has scales of zero, too
//       +---------+---------+---------+---------+-----------+-----------+-----------+-----------+
//       | scale 0 | scale 1 | scale 2 | scale 3 | codes 0   | codes 1   | codes 2   | codes 3   |
//       +---------+---------+---------+---------+-----------+-----------+-----------+-----------+
//
//     4-bit codes of interleaved blocks: byte j        7        4 3        0
//                                                     +----------+----------+
//                                                     | [j + n/2]|   [j]    |    n is the block's length, j < n / 2
//                                                     +----------+----------+
#ifndef LOWPREC_BLOCK_SPAN_HPP
#define LOWPREC_BLOCK_SPAN_HPP

#include <cstddef>
#include <lowprec/block_formats.hpp>
#include <lowprec/detail/fail_argument.hpp>
#include <lowprec/math.hpp>
#include <span>
#include <type_traits>

namespace lowprec {

/// The bytes of a matrix of blocks: of its codes, and of its scales if they lie apart.
struct block_bytes {
    std::size_t codes, scales;
    friend constexpr bool operator==(const block_bytes&, const block_bytes&) = default;
};

namespace detail {

LOWPREC_INLINE constexpr std::size_t divide_up(std::size_t n, std::size_t d) noexcept {
    return n / d + (n % d != 0 ? 1 : 0);
}

/// The bytes of one row; `columns` numbers are at least as many bits, so nothing overflows below 2^60 of them.
template <class B>
LOWPREC_INLINE constexpr block_bytes row_bytes(std::size_t columns) noexcept {
    constexpr std::size_t length = B::length;
    if constexpr (B::layout == block_layout::separate) {
        constexpr std::size_t width = B::element::width;
        return {columns / 8 * width + (columns % 8 * width + 7) / 8,
                divide_up(columns, length) * std::size_t{B::scale_bytes}};
    } else {
        constexpr std::size_t together = B::blocks_together;
        return {divide_up(columns, length * together) * together * std::size_t{B::scale_bytes + B::code_bytes}, 0};
    }
}

LOWPREC_INLINE constexpr void check_scale_of_view(float tensor_scale) {
    const fp32 t = format_from_native(tensor_scale);
    if (!isfinite(t) || t < fp32::from_bits(0))
        fail_argument("lowprec::block_span: the tensor scale must be a finite number, not negative");
}

template <class B>
concept scales_lie_apart = std::remove_const_t<B>::layout == block_layout::separate;

}  // namespace detail

/// How many bytes a matrix takes.
/// Errors:  std::invalid_argument if they can't be counted in a std::size_t.
template <block_row B>
[[nodiscard]] LOWPREC_INLINE constexpr block_bytes bytes_of_blocks(std::size_t rows, std::size_t columns) {
    const block_bytes row = detail::row_bytes<B>(columns);
    block_bytes all{};
    if (columns >> 59 != 0 || __builtin_mul_overflow(row.codes, rows, &all.codes) ||
        __builtin_mul_overflow(row.scales, rows, &all.scales))
        detail::fail_argument("lowprec::bytes_of_blocks: ", rows, " rows of ", columns, " columns of ", name_of<B>,
                              " are too many");
    return all;
}

/// A view of a matrix of blocks: of B, which `set` changes, or of const B.
/// Needs:   indices within rows(), blocks_per_row(), which aren't checked.
template <class B>
    requires block_row<std::remove_const_t<B>>
class block_span {
    using byte_type = std::conditional_t<std::is_const_v<B>, const std::byte, std::byte>;

public:
    using format = std::remove_const_t<B>;

    constexpr block_span() = default;

    /// Over codes and scales.
    /// Errors:  std::invalid_argument if these don't have exactly the bytes that bytes_of_blocks says.
    LOWPREC_INLINE constexpr block_span(std::span<byte_type> codes, std::span<byte_type> scales, std::size_t rows,
                                        std::size_t columns,
                                        float tensor_scale = 1) requires detail::scales_lie_apart<B>
        : codes_{codes.data()}, scales_{scales.data()}, rows_{rows}, columns_{columns}, tensor_scale_{tensor_scale} {
        check(codes.size(), scales.size());
    }
    /// Over interleaved blocks.
    LOWPREC_INLINE constexpr block_span(std::span<byte_type> blocks, std::size_t rows,
                                        std::size_t columns) requires(!detail::scales_lie_apart<B>)
        : codes_{blocks.data()}, rows_{rows}, columns_{columns} {
        check(blocks.size(), 0);
    }

    /// Over bytes that were checked before.
    LOWPREC_INLINE constexpr block_span(detail::known_to_fit, byte_type* codes, byte_type* scales, std::size_t rows,
                                        std::size_t columns, float tensor_scale) noexcept
        : codes_{codes}, scales_{scales}, rows_{rows}, columns_{columns}, tensor_scale_{tensor_scale} {}

    /// Of const B from one of B.
    template <class Other>
    requires std::is_const_v<B> && std::is_same_v<Other, format> LOWPREC_INLINE constexpr block_span(
        const block_span<Other>& other) noexcept
        : codes_{other.codes().data()},
          scales_{other.scales().data()},
          rows_{other.rows()},
          columns_{other.columns()},
          tensor_scale_{other.tensor_scale()} {}

    [[nodiscard]] LOWPREC_INLINE constexpr std::size_t rows() const noexcept { return rows_; }
    [[nodiscard]] LOWPREC_INLINE constexpr std::size_t columns() const noexcept { return columns_; }
    /// The elements.
    [[nodiscard]] LOWPREC_INLINE constexpr std::size_t size() const noexcept { return rows_ * columns_; }
    [[nodiscard]] LOWPREC_INLINE constexpr std::size_t blocks_per_row() const noexcept {
        return detail::divide_up(columns_, length);
    }
    /// How many elements a block has: format::length, but for the last one of a row.
    [[nodiscard]] LOWPREC_INLINE constexpr int size_of_block(std::size_t index) const noexcept {
        const std::size_t left = columns_ - index * length;
        return static_cast<int>(left < length ? left : length);
    }

    /// What the blocks are multiplied by (NVFP4; 1 for other formats).
    [[nodiscard]] LOWPREC_INLINE constexpr float tensor_scale() const noexcept { return tensor_scale_; }

    /// All bytes of the codes (of the blocks, where they are interleaved), and of the scales (none then).
    [[nodiscard]] LOWPREC_INLINE constexpr std::span<byte_type> codes() const noexcept {
        return {codes_, rows_ * detail::row_bytes<format>(columns_).codes};
    }
    [[nodiscard]] LOWPREC_INLINE constexpr std::span<byte_type> scales() const noexcept {
        return {scales_, rows_ * detail::row_bytes<format>(columns_).scales};
    }

    /// One row, or several.
    /// Errors:  std::invalid_argument if there aren't so many.
    [[nodiscard]] LOWPREC_INLINE constexpr block_span subrows(std::size_t first, std::size_t count) const {
        if (first > rows_ || count > rows_ - first)
            detail::fail_argument("lowprec::block_span::subrows: first ", first, " and count ", count,
                                  " reach past the ", rows_, " rows");
        const block_bytes row = detail::row_bytes<format>(columns_);
        block_span part = *this;
        part.codes_ = codes_ + first * row.codes;
        if constexpr (detail::scales_lie_apart<B>) part.scales_ = scales_ + first * row.scales;
        part.rows_ = count;
        return part;
    }

    /// Where a block begins: its codes, and its scale.
    [[nodiscard]] LOWPREC_INLINE constexpr byte_type* codes_of(std::size_t row, std::size_t index) const noexcept {
        byte_type* const begin = codes_ + row * detail::row_bytes<format>(columns_).codes;
        if constexpr (detail::scales_lie_apart<B>)
            return begin + index * code_bytes;
        else
            return begin + index / together * group_bytes + together * scale_bytes + index % together * code_bytes;
    }
    [[nodiscard]] LOWPREC_INLINE constexpr byte_type* scale_of(std::size_t row, std::size_t index) const noexcept {
        const block_bytes bytes = detail::row_bytes<format>(columns_);
        if constexpr (detail::scales_lie_apart<B>)
            return scales_ + row * bytes.scales + index * scale_bytes;
        else
            return codes_ + row * bytes.codes + index / together * group_bytes + index % together * scale_bytes;
    }

    /// A block as it stands; what a short one lacks has the code 0.
    [[nodiscard]] LOWPREC_INLINE constexpr block<format> get(std::size_t row, std::size_t index) const noexcept {
        block<format> result;
        const byte_type* const at = codes_of(row, index);
        const int n = size_of_block(index);
        for (int i = 0; i < n; ++i) {
            const int bit = bit_of(i);
            unsigned bits = std::to_integer<unsigned>(at[bit / 8]);
            if (bit % 8 + width > 8) bits |= std::to_integer<unsigned>(at[bit / 8 + 1]) << 8;
            result.codes[i] = static_cast<std::uint8_t>(bits >> bit % 8 & ((1U << width) - 1));
        }
        const byte_type* const scale = scale_of(row, index);
        result.scale = read(scale);
        if constexpr (format::has_minimum) result.minimum = read(scale + sizeof(typename format::scale));
        return result;
    }

    /// Writes a block: all bytes of a whole one; of a short one in two arrays only those that hold codes. With the last block
    /// of a row also what is left of its four.
    LOWPREC_INLINE constexpr void set(std::size_t row, std::size_t index, const block<format>& value) const noexcept
        requires(!std::is_const_v<B>) {
        write_block(row, index, value, size_of_block(index));
        if constexpr (together > 1)
            if (index + 1 == blocks_per_row())
                for (++index; index % together != 0; ++index) write_block(row, index, {}, 0);
    }

private:
    static constexpr int width = format::element::width;
    static constexpr std::size_t length = format::length;
    static constexpr std::size_t code_bytes = format::code_bytes;
    static constexpr std::size_t scale_bytes = format::scale_bytes;
    static constexpr std::size_t together = format::blocks_together;
    static constexpr std::size_t group_bytes = together * (scale_bytes + code_bytes);

    /// The first bit of code i among the block's.
    LOWPREC_INLINE static constexpr int bit_of(int i) noexcept {
        constexpr int half = format::length / 2;
        if constexpr (!detail::scales_lie_apart<B> && width == 4) return i < half ? 8 * i : 8 * (i - half) + 4;
        return i * width;
    }

    LOWPREC_INLINE static constexpr typename format::scale read(const std::byte* from) noexcept {
        unsigned bits = std::to_integer<unsigned>(from[0]);
        if constexpr (sizeof(typename format::scale) == 2) bits |= std::to_integer<unsigned>(from[1]) << 8;
        return format::scale::from_bits(static_cast<typename format::scale::storage_type>(bits));
    }
    LOWPREC_INLINE static constexpr void write(std::byte* to, typename format::scale value) noexcept {
        to[0] = static_cast<std::byte>(value.bits() & 0xFF);
        if constexpr (sizeof(typename format::scale) == 2) to[1] = static_cast<std::byte>(value.bits() >> 8);
    }

    LOWPREC_INLINE constexpr void write_block(std::size_t row, std::size_t index, const block<format>& value,
                                              int n) const noexcept {
        byte_type* const at = codes_of(row, index);
        if constexpr (!detail::scales_lie_apart<B>) n = format::length;
        const int bytes = (n * width + 7) / 8;
        for (int k = 0; k < bytes; ++k) at[k] = std::byte{0};
        for (int i = 0; i < n; ++i) {
            const int bit = bit_of(i);
            const unsigned bits = unsigned{value.codes[i]} << bit % 8;
            at[bit / 8] |= static_cast<std::byte>(bits & 0xFF);
            if (bit % 8 + width > 8) at[bit / 8 + 1] |= static_cast<std::byte>(bits >> 8);
        }
        byte_type* const scale = scale_of(row, index);
        write(scale, value.scale);
        if constexpr (format::has_minimum) write(scale + sizeof(typename format::scale), value.minimum);
    }

    LOWPREC_INLINE constexpr void check(std::size_t codes, std::size_t scales) const {
        const block_bytes needed = bytes_of_blocks<format>(rows_, columns_);
        if (codes != needed.codes)
            detail::fail_argument("lowprec::block_span: the ", detail::scales_lie_apart<B> ? "codes" : "blocks", " of ",
                                  rows_, " x ", columns_, " elements of ", name_of<format>, " take exactly ",
                                  needed.codes, " bytes, but there are ", codes);
        if (scales != needed.scales)
            detail::fail_argument("lowprec::block_span: the scales of ", rows_, " x ", columns_, " elements of ",
                                  name_of<format>, " take exactly ", needed.scales, " bytes, but there are ", scales);
        detail::check_scale_of_view(tensor_scale_);
    }

    byte_type* codes_ = nullptr;
    byte_type* scales_ = nullptr;
    std::size_t rows_ = 0;
    std::size_t columns_ = 0;
    float tensor_scale_ = 1;
};

}  // namespace lowprec

#endif
