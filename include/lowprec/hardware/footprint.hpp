// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// How many bytes a matrix takes in a format, with its scales and zero points.
#ifndef LOWPREC_HARDWARE_FOOTPRINT_HPP
#define LOWPREC_HARDWARE_FOOTPRINT_HPP

#include <cstdint>
#include <lowprec/affine.hpp>
#include <lowprec/block_span.hpp>
#include <lowprec/hardware/units.hpp>

namespace lowprec::hardware {

/// The bytes of a matrix, by what they hold.
struct matrix_bytes {
    byte_count codes, scales, zero_points;
    [[nodiscard]] constexpr byte_count total() const noexcept { return codes + scales + zero_points; }
};

/// How affine integers share scales and zero points, and what these take. AWQ and GPTQ files: {.size = 128, .zero_point_bits = 4}.
struct int_groups {
    std::uint64_t size = 0;   ///< numbers of a row that share a scale; 0: the whole row
    int scale_bits = 16;      ///< of each scale
    int zero_point_bits = 0;  ///< of each zero point; 0: there are none
};

namespace detail {

template <class T>
inline constexpr bool is_affine_v = false;
template <int Bits, integer_codes Codes>
inline constexpr bool is_affine_v<affine<Bits, Codes>> = true;

// 2^50 bytes, beyond any machine's memory: so that all sums here are exact.
constexpr std::uint64_t multiply(std::uint64_t rows, std::uint64_t columns, std::uint64_t bits) {
    std::uint64_t all = 0;
    if (__builtin_mul_overflow(rows, columns, &all) || __builtin_mul_overflow(all, bits, &all) || all >> 53 != 0)
        lowprec::detail::fail_argument("lowprec::hardware::footprint: ", rows, " x ", columns, " numbers of ", bits,
                                       " bits are more than 2^50 bytes");
    return all;
}
constexpr byte_count bytes_of_bits(std::uint64_t bits) noexcept {
    return byte_count::of(static_cast<double>(bits / 8 + (bits % 8 != 0 ? 1 : 0)));
}

}  // namespace detail

/// What a row-major matrix takes in a format: codes below 8 bits are packed without gaps, others as in an array (tf32 in 4 bytes).
/// Errors:  std::invalid_argument if it is more than 2^50 bytes.
template <format F>
[[nodiscard]] constexpr matrix_bytes footprint(std::uint64_t rows, std::uint64_t columns) {
    constexpr std::uint64_t bits = F::width < 8 ? std::uint64_t{F::width} : 8 * sizeof(F);
    constexpr byte_count none = byte_count::of(0);
    return {detail::bytes_of_bits(detail::multiply(rows, columns, bits)), none, none};
}

/// In a block format: as block_span lays it out, the last block of a row may be short. A minimum counts as a scale, and NVFP4's
/// scale of the whole matrix is a float.
/// Errors:  std::invalid_argument if it is more than 2^50 bytes.
template <block_row B>
[[nodiscard]] constexpr matrix_bytes footprint(std::uint64_t rows, std::uint64_t columns) {
    static_cast<void>(detail::multiply(rows, columns + B::length, 8));  // a bound, before anything is multiplied
    const block_bytes all = bytes_of_blocks<B>(rows, columns);
    const auto together = static_cast<double>(all.codes);
    constexpr double tensor_scale = B::has_tensor_scale ? sizeof(float) : 0;
    constexpr byte_count none = byte_count::of(0);
    if constexpr (B::layout == block_layout::separate)
        return {byte_count::of(together), byte_count::of(static_cast<double>(all.scales) + tensor_scale), none};
    constexpr double share = static_cast<double>(B::scale_bytes) / (B::scale_bytes + B::code_bytes);
    return {byte_count::of(together - together * share), byte_count::of(together * share + tensor_scale), none};
}

/// In affine integers: each row of codes begins at a byte; scales and zero points for each group, the last of a row may be short.
/// Errors:  std::invalid_argument if it is more than 2^50 bytes, or a scale has no bits.
template <class A>
    requires detail::is_affine_v<A>
[[nodiscard]] constexpr matrix_bytes footprint(std::uint64_t rows, std::uint64_t columns, int_groups groups = {}) {
    if (groups.scale_bits < 1 || groups.scale_bits > 64 || groups.zero_point_bits < 0 || groups.zero_point_bits > 64)
        lowprec::detail::fail_argument("lowprec::hardware::footprint: scales of ", groups.scale_bits,
                                       " bits and zero points of ", groups.zero_point_bits, " bits");
    const std::uint64_t size = groups.size == 0 || groups.size > columns ? columns : groups.size;
    const std::uint64_t in_row = columns == 0 ? 0 : columns / size + (columns % size != 0 ? 1 : 0);
    const std::uint64_t row_bits = detail::multiply(1, columns, A::bits);
    const std::uint64_t row_bytes = row_bits / 8 + (row_bits % 8 != 0 ? 1 : 0);
    const auto per_group = [&](int bits) {
        return detail::bytes_of_bits(detail::multiply(rows, in_row, static_cast<std::uint64_t>(bits)));
    };
    return {detail::bytes_of_bits(detail::multiply(rows, row_bytes, 8)), per_group(groups.scale_bits),
            per_group(groups.zero_point_bits)};
}

/// Whether there is memory for it on one chip, or in a system.
template <counted Of>
[[nodiscard]] constexpr bool fits(byte_count bytes, quantity<unit::bytes, Of> memory) noexcept {
    return bytes.value() <= memory.value();
}

}  // namespace lowprec::hardware

#endif
