// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// block_format: numbers that share a scale, given by five parameters. A block of Length numbers is a scale and a code for each:
//
//     value = scale x element                    MX, q8_0, q4_0
//     value = scale x element x tensor scale     NVFP4: a float stands above all blocks of a tensor
//     value = scale x element + minimum          q4_1: the minimum is stored beside the scale
//
// block_formats.hpp is the table of those in use, quantize_block.hpp makes blocks of numbers, and block_span.hpp says how they
// lie in memory.
#ifndef LOWPREC_BLOCK_FORMAT_HPP
#define LOWPREC_BLOCK_FORMAT_HPP

#include <lowprec/concepts.hpp>
#include <lowprec/formats.hpp>

namespace lowprec {

/// How an integer is written as a code.
enum class int_coding : unsigned char {
    twos_complement,  ///< and the lowest code is not given to numbers: as many codes on both sides of zero
    offset,           ///< plus 2^(Bits - 1)
    plain,            ///< without a sign
};

/// An element that is an integer times 2^Exponent.
template <int Bits, int_coding Coding, int Exponent = 0>
    requires(Bits >= 2 && Bits <= 8)
struct int_element {
    static constexpr int width = Bits;
    static constexpr int_coding coding = Coding;
    static constexpr int exponent = Exponent;

    /// The ends of what numbers become.
    static constexpr int lowest = Coding == int_coding::plain    ? 0
                                  : Coding == int_coding::offset ? -(1 << (Bits - 1))
                                                                 : 1 - (1 << (Bits - 1));
    static constexpr int highest = Coding == int_coding::plain ? (1 << Bits) - 1 : (1 << (Bits - 1)) - 1;

    /// The code of an integer between the ends; and back, for all codes. Bits above Bits are ignored.
    [[nodiscard]] LOWPREC_INLINE static constexpr std::uint8_t encode(int n) noexcept {
        return static_cast<std::uint8_t>((Coding == int_coding::offset ? n - lowest : n) & ((1 << Bits) - 1));
    }
    [[nodiscard]] LOWPREC_INLINE static constexpr int decode(unsigned code) noexcept {
        const int n = static_cast<int>(code & ((1U << Bits) - 1));
        if constexpr (Coding == int_coding::offset) return n + lowest;
        return Coding == int_coding::twos_complement && n > highest ? n - (1 << Bits) : n;
    }
};

/// What a block's scale is.
enum class scale_rule : unsigned char {
    power_of_two,    ///< a power of two by the exponent of the largest magnitude (MX)
    two_level,       ///< the largest magnitude over the largest element and over the tensor's scale (NVFP4)
    largest,         ///< the largest magnitude over the largest element
    signed_largest,  ///< the number of largest magnitude over the lowest element, which it becomes: so with a sign
    range,           ///< largest minus smallest number over the largest element; the smallest is the block's minimum
};

/// How blocks lie in memory (block_span.hpp has the pictures).
enum class block_layout : unsigned char {
    separate,          ///< codes in one array, scales in another
    interleaved,       ///< each block as ggml has it: the scale, then the codes
    interleaved_by_4,  ///< four blocks together: their scales, then their codes
};

namespace detail {

template <class T>
inline constexpr bool is_int_element_v = false;
template <int Bits, int_coding Coding, int Exponent>
inline constexpr bool is_int_element_v<int_element<Bits, Coding, Exponent>> = true;

template <class T>
concept element_is_a_format_or_an_integer_of_at_most_8_bits =
    (is_format_v<T> || is_int_element_v<T>)&&T::width >= 2 && T::width <= 8;
template <int Length>
concept block_length_is_a_multiple_of_8 = Length >= 8 && Length <= 1024 && Length % 8 == 0;
template <class Scale>
concept scale_has_8_or_16_bits_in_memory = is_format_v<Scale> && Scale::width <= 16 && Scale::has_nan;
template <class Scale, scale_rule Rule>
concept power_of_two_scales_have_no_mantissa = (Rule == scale_rule::power_of_two) == (Scale::mantissa_bits == 0);
template <class Element, block_layout Layout>
concept interleaved_codes_have_4_or_8_bits =
    Layout == block_layout::separate || Element::width == 4 || Element::width == 8;

struct no_minimum {
    friend constexpr bool operator==(no_minimum, no_minimum) = default;
};

}  // namespace detail

/// A block format.
/// Needs:   elements of 2 to 8 bits, a Length that is a multiple of 8, a scale with NaN.
/// Source:  block_formats.hpp names those in use, with their specifications.
template <class Element, int Length, class Scale, scale_rule Rule, block_layout Layout>
    requires detail::element_is_a_format_or_an_integer_of_at_most_8_bits<Element> &&
        detail::block_length_is_a_multiple_of_8<Length> && detail::scale_has_8_or_16_bits_in_memory<Scale> &&
        detail::power_of_two_scales_have_no_mantissa<Scale, Rule> &&
        detail::interleaved_codes_have_4_or_8_bits<Element, Layout>
struct block_format {
    using element = Element;
    using scale = Scale;
    static constexpr int length = Length;
    static constexpr scale_rule rule = Rule;
    static constexpr block_layout layout = Layout;

    static constexpr bool has_tensor_scale = Rule == scale_rule::two_level;
    static constexpr bool has_minimum = Rule == scale_rule::range;
    using minimum = std::conditional_t<has_minimum, Scale, detail::no_minimum>;

    /// The bytes of a block's scale and minimum, and of its codes.
    static constexpr int scale_bytes = static_cast<int>(sizeof(Scale)) * (has_minimum ? 2 : 1);
    static constexpr int code_bytes = Length * Element::width / 8;
    /// How many blocks lie together.
    static constexpr int blocks_together = Layout == block_layout::interleaved_by_4 ? 4 : 1;
};

namespace detail {

template <class T>
inline constexpr bool is_block_format_v = false;
template <class Element, int Length, class Scale, scale_rule Rule, block_layout Layout>
inline constexpr bool is_block_format_v<block_format<Element, Length, Scale, Rule, Layout>> = true;

}  // namespace detail

template <class T>
concept block_row = detail::is_block_format_v<T>;

/// One block: the code of each element, right-aligned, the scale, and the minimum where there is one.
template <block_row B>
struct block {
    std::uint8_t codes[B::length]{};
    typename B::scale scale{};
    [[no_unique_address]] typename B::minimum minimum{};

    /// Whether all codes are the same.
    friend constexpr bool operator==(const block& a, const block& b) noexcept {
        for (int i = 0; i < B::length; ++i)
            if (a.codes[i] != b.codes[i]) return false;
        if constexpr (B::has_minimum)
            if (a.minimum.bits() != b.minimum.bits()) return false;
        return a.scale.bits() == b.scale.bits();
    }
};

}  // namespace lowprec

#endif
