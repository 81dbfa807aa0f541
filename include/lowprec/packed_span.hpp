// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// packed_span: codes of fewer than 8 bits, looked at and changed where they lie packed in bytes (packing.hpp). A view, as
// std::span is one; a part of it may begin inside a byte:
//
//     byte            bytes()[0]            bytes()[1]            bytes()[2]
//     bit            7   6 5       0       7     4 3     0       7         2 1   0
//                   +-----+---------+     +-------+-------+     +-----------+-----+
//     6-bit codes   | [0] |    .    |     |  [1]  |  [0]  |     |    [2]    | [1] |      bit_offset() is 6 here
//                   +-----+---------+     +-------+-------+     +-----------+-----+
//
// An element is read and written through the bytes that hold bits of it and no others, so the last byte may be the last
// of a page. Elements that share a byte must not be written from two threads at once.
#ifndef LOWPREC_PACKED_SPAN_HPP
#define LOWPREC_PACKED_SPAN_HPP

#include <compare>
#include <cstddef>
#include <lowprec/float_format.hpp>
#include <lowprec/packing.hpp>
#include <span>  // and, with it, the tags and concepts of iterators and ranges; <iterator> would bring streams too
#include <type_traits>

namespace lowprec {

namespace detail {

/// A bit of the stream: the byte that holds it and its number there, 0 to 7. For high_first the numbers of a byte's
/// nibbles are still 0, then 4; that the first is the high one is decided at the access.
template <class Byte>
struct bit_address {
    Byte* byte = nullptr;
    unsigned bit = 0;

    [[nodiscard]] LOWPREC_INLINE constexpr bit_address after(std::size_t bits) const noexcept {
        const std::size_t at = bit + bits;
        return {byte + at / 8, static_cast<unsigned>(at % 8)};
    }
};

template <int Width>
inline constexpr bool may_straddle_bytes = 8 % Width != 0;

template <nibble_order Order>
LOWPREC_INLINE constexpr unsigned shift_of(unsigned bit) noexcept {
    return Order == nibble_order::high_first ? 4 - bit : bit;
}

template <class F, nibble_order Order, class Byte>
LOWPREC_INLINE constexpr F read_packed(bit_address<Byte> from) noexcept {
    const unsigned shift = shift_of<Order>(from.bit);
    unsigned bits = static_cast<unsigned>(from.byte[0]);
    if constexpr (may_straddle_bytes<F::width>)
        if (shift + F::width > 8) bits |= static_cast<unsigned>(from.byte[1]) << 8;
    return F::from_bits(static_cast<typename F::storage_type>(bits >> shift & F::code_mask));
}

template <nibble_order Order, class F>
LOWPREC_INLINE constexpr void write_packed(bit_address<std::byte> to, F value) noexcept {
    const unsigned shift = shift_of<Order>(to.bit);
    const unsigned ones = unsigned{F::code_mask} << shift;
    const unsigned code = unsigned{value.bits()} << shift;
    to.byte[0] = static_cast<std::byte>((static_cast<unsigned>(to.byte[0]) & ~ones) | (code & 0xFF));
    if constexpr (may_straddle_bytes<F::width>)
        if (shift + F::width > 8)
            to.byte[1] = static_cast<std::byte>((static_cast<unsigned>(to.byte[1]) & ~(ones >> 8)) | code >> 8);
}

/// What `p[i]` of a packed_span<F> is: converts to F, and a temporary one takes assignments. A named one doesn't, so that
/// `auto x = p[i]; x = v;`, which looks as if it changed a copy, doesn't compile.
template <class F, nibble_order Order>
class packed_reference {
public:
    LOWPREC_INLINE constexpr explicit packed_reference(bit_address<std::byte> at) noexcept : at_{at} {}
    packed_reference(const packed_reference&) = default;

    [[nodiscard]] LOWPREC_INLINE constexpr operator F() const noexcept { return read_packed<F, Order>(at_); }

    /// As of F; needs convert.hpp.
    template <convertible_builtin T>
    [[nodiscard]] LOWPREC_INLINE constexpr explicit operator T() const noexcept {
        return static_cast<T>(static_cast<F>(*this));
    }

    LOWPREC_INLINE constexpr const packed_reference& operator=(F value) const&& noexcept {
        write_packed<Order>(at_, value);
        return *this;
    }
    /// Copies the value, as p[i] = p[j] looks.
    LOWPREC_INLINE constexpr const packed_reference& operator=(const packed_reference& other) const&& noexcept {
        write_packed<Order>(at_, static_cast<F>(other));
        return *this;
    }

    LOWPREC_INLINE friend constexpr void swap(packed_reference a, packed_reference b) noexcept {
        const F value = a;
        write_packed<Order>(a.at_, static_cast<F>(b));
        write_packed<Order>(b.at_, value);
    }

private:
    bit_address<std::byte> at_;
};

template <class Element, nibble_order Order>
class packed_iterator {
    using byte_type = std::conditional_t<std::is_const_v<Element>, const std::byte, std::byte>;

public:
    using value_type = std::remove_const_t<Element>;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    // A const value, because class types take assignments to temporaries: p[i] = v must not compile and do nothing.
    using reference =
        std::conditional_t<std::is_const_v<Element>, const value_type, packed_reference<value_type, Order>>;
    using iterator_concept = std::random_access_iterator_tag;
    using iterator_category = std::input_iterator_tag;  // `reference` is no reference, as C++17 demands for more

    packed_iterator() = default;
    LOWPREC_INLINE constexpr packed_iterator(bit_address<byte_type> first, difference_type index) noexcept
        : first_{first}, index_{index} {}

    /// From the iterator of a packed_span<F> to that of a packed_span<const F>.
    template <class Other>
    requires std::is_const_v<Element> && std::is_same_v<Other, value_type> LOWPREC_INLINE constexpr packed_iterator(
        const packed_iterator<Other, Order>& other) noexcept
        : first_{other.first().byte, other.first().bit}, index_{other.index()} {}

    [[nodiscard]] LOWPREC_INLINE constexpr reference operator*() const noexcept { return (*this)[0]; }
    [[nodiscard]] LOWPREC_INLINE constexpr reference operator[](difference_type n) const noexcept {
        const auto at = first_.after(static_cast<std::size_t>(index_ + n) * std::size_t{value_type::width});
        if constexpr (std::is_const_v<Element>)
            return read_packed<value_type, Order>(at);
        else
            return reference{at};
    }

    LOWPREC_INLINE constexpr packed_iterator& operator+=(difference_type n) noexcept {
        index_ += n;
        return *this;
    }
    LOWPREC_INLINE constexpr packed_iterator& operator-=(difference_type n) noexcept { return *this += -n; }
    LOWPREC_INLINE constexpr packed_iterator& operator++() noexcept { return *this += 1; }
    LOWPREC_INLINE constexpr packed_iterator& operator--() noexcept { return *this += -1; }
    LOWPREC_INLINE constexpr packed_iterator operator++(int) noexcept {
        const packed_iterator before = *this;
        ++*this;
        return before;
    }
    LOWPREC_INLINE constexpr packed_iterator operator--(int) noexcept {
        const packed_iterator before = *this;
        --*this;
        return before;
    }

    [[nodiscard]] LOWPREC_INLINE friend constexpr packed_iterator operator+(packed_iterator at,
                                                                            difference_type n) noexcept {
        return at += n;
    }
    [[nodiscard]] LOWPREC_INLINE friend constexpr packed_iterator operator+(difference_type n,
                                                                            packed_iterator at) noexcept {
        return at += n;
    }
    [[nodiscard]] LOWPREC_INLINE friend constexpr packed_iterator operator-(packed_iterator at,
                                                                            difference_type n) noexcept {
        return at -= n;
    }
    // Of iterators into one span, as everywhere.
    [[nodiscard]] LOWPREC_INLINE friend constexpr difference_type operator-(packed_iterator a,
                                                                            packed_iterator b) noexcept {
        return a.index_ - b.index_;
    }
    [[nodiscard]] LOWPREC_INLINE friend constexpr bool operator==(packed_iterator a, packed_iterator b) noexcept {
        return a.index_ == b.index_;
    }
    [[nodiscard]] LOWPREC_INLINE friend constexpr std::strong_ordering operator<=>(packed_iterator a,
                                                                                   packed_iterator b) noexcept {
        return a.index_ <=> b.index_;
    }

    /// The span's first bit and the element's number from there.
    [[nodiscard]] LOWPREC_INLINE constexpr bit_address<byte_type> first() const noexcept { return first_; }
    [[nodiscard]] LOWPREC_INLINE constexpr difference_type index() const noexcept { return index_; }

private:
    bit_address<byte_type> first_{};
    difference_type index_ = 0;
};

}  // namespace detail

/// A view of `size()` packed codes: of F, whose elements are references that convert to F and take assignments, or of
/// const F, whose elements are values. Its iterators are random-access for std::ranges; std::ranges::reverse works, too.
/// Shapes:  the layout that `pack` writes; the view may begin at any bit of a byte, as `subspan` makes it.
/// Needs:   a width below 8; high_first a width of 4. Indices below size(), which aren't checked.
template <class Element, nibble_order Order = nibble_order::low_first>
    requires format<std::remove_const_t<Element>> && detail::width_is_below_8<std::remove_const_t<Element>> &&
        detail::high_first_needs_4_bit_codes<Order, std::remove_const_t<Element>>
class packed_span {
    using byte_type = std::conditional_t<std::is_const_v<Element>, const std::byte, std::byte>;

public:
    using element_type = Element;
    using value_type = std::remove_const_t<Element>;
    using size_type = std::size_t;
    using difference_type = std::ptrdiff_t;
    using iterator = detail::packed_iterator<Element, Order>;
    using reference = typename iterator::reference;
    static constexpr nibble_order order = Order;

    constexpr packed_span() = default;

    /// The first `count` codes in `bytes`, which may go on after them.
    /// Errors:  std::invalid_argument if they don't fit.
    LOWPREC_INLINE constexpr packed_span(std::span<byte_type> bytes, size_type count)
        : first_{bytes.data(), 0}, size_{count} {
        if (bytes.size() < packed_bytes<value_type>(count))
            detail::fail_argument("lowprec::packed_span: ", count, " codes of ", value_type::width, " bits take ",
                                  packed_bytes<value_type>(count), " bytes, but bytes has ", bytes.size());
    }

    /// Of const F from one of F.
    template <class Other>
    requires std::is_const_v<Element> && std::is_same_v<Other, value_type> LOWPREC_INLINE constexpr packed_span(
        const packed_span<Other, Order>& other) noexcept
        : packed_span{{other.bytes(), other.bit_offset()}, other.size(), part{}} {}

    [[nodiscard]] LOWPREC_INLINE constexpr size_type size() const noexcept { return size_; }
    [[nodiscard]] LOWPREC_INLINE constexpr bool empty() const noexcept { return size_ == 0; }

    [[nodiscard]] LOWPREC_INLINE constexpr reference operator[](size_type i) const noexcept {
        return begin()[static_cast<difference_type>(i)];
    }
    [[nodiscard]] LOWPREC_INLINE constexpr reference front() const noexcept { return (*this)[0]; }
    [[nodiscard]] LOWPREC_INLINE constexpr reference back() const noexcept { return (*this)[size_ - 1]; }

    [[nodiscard]] LOWPREC_INLINE constexpr iterator begin() const noexcept { return {first_, 0}; }
    [[nodiscard]] LOWPREC_INLINE constexpr iterator end() const noexcept {
        return {first_, static_cast<difference_type>(size_)};
    }

    /// The byte that holds the first bit of the first element, for kernels; and that bit's number in it, 0 to 7. With
    /// high_first 0 stands for the high nibble, which is first, and 4 for the low one.
    [[nodiscard]] LOWPREC_INLINE constexpr byte_type* bytes() const noexcept { return first_.byte; }
    [[nodiscard]] LOWPREC_INLINE constexpr unsigned bit_offset() const noexcept { return first_.bit; }

    /// `count` elements from number `offset` on, or all that follow.
    /// Errors:  std::invalid_argument if there aren't so many.
    [[nodiscard]] LOWPREC_INLINE constexpr packed_span subspan(size_type offset,
                                                               size_type count = std::dynamic_extent) const {
        if (offset > size_ || (count != std::dynamic_extent && count > size_ - offset)) {
            if (count == std::dynamic_extent)
                detail::fail_argument("lowprec::packed_span::subspan: offset ", offset, " is past the size ", size_);
            detail::fail_argument("lowprec::packed_span::subspan: offset ", offset, " and count ", count,
                                  " reach past the size ", size_);
        }
        return slice(offset, count == std::dynamic_extent ? size_ - offset : count);
    }
    /// The first or last `count` elements.
    /// Errors:  std::invalid_argument if there aren't so many.
    [[nodiscard]] LOWPREC_INLINE constexpr packed_span first(size_type count) const {
        if (count > size_)
            detail::fail_argument("lowprec::packed_span::first: count ", count, " is past the size ", size_);
        return slice(0, count);
    }
    [[nodiscard]] LOWPREC_INLINE constexpr packed_span last(size_type count) const {
        if (count > size_)
            detail::fail_argument("lowprec::packed_span::last: count ", count, " is past the size ", size_);
        return slice(size_ - count, count);
    }

private:
    struct part {};
    LOWPREC_INLINE constexpr packed_span(detail::bit_address<byte_type> first, size_type size, part) noexcept
        : first_{first}, size_{size} {}

    LOWPREC_INLINE constexpr packed_span slice(size_type offset, size_type count) const noexcept {
        return {first_.after(offset * std::size_t{value_type::width}), count, part{}};
    }

    detail::bit_address<byte_type> first_{};
    size_type size_ = 0;
};

}  // namespace lowprec

template <class Element, lowprec::nibble_order Order>
inline constexpr bool std::ranges::enable_borrowed_range<lowprec::packed_span<Element, Order>> = true;
template <class Element, lowprec::nibble_order Order>
inline constexpr bool std::ranges::enable_view<lowprec::packed_span<Element, Order>> = true;

#endif
