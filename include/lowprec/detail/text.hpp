// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 0
//
// Short texts made while compiling or where something fails, without <string>: derived names of formats, messages.
#ifndef LOWPREC_DETAIL_TEXT_HPP
#define LOWPREC_DETAIL_TEXT_HPP

#include <cstddef>
#include <lowprec/config.hpp>
#include <string_view>
#include <type_traits>

namespace lowprec::detail {

/// Characters with a zero after them. What goes past the capacity is dropped: a cut message is better than none.
struct text {
    static constexpr int capacity = 160;
    char characters[capacity + 1]{};
    int length = 0;

    LOWPREC_INLINE constexpr text& operator<<(std::string_view s) noexcept {
        for (const char c : s) put(c);
        return *this;
    }

    template <class Integer>
    requires std::is_integral_v<Integer> LOWPREC_INLINE constexpr text& operator<<(Integer n) noexcept {
        using magnitude_type = std::make_unsigned_t<Integer>;
        auto magnitude = static_cast<magnitude_type>(n);
        if constexpr (std::is_signed_v<Integer>)
            if (n < 0) {
                put('-');
                magnitude = static_cast<magnitude_type>(magnitude_type{0} - magnitude);
            }
        magnitude_type place = 1;
        while (magnitude / place >= 10) place = static_cast<magnitude_type>(place * 10U);
        for (; place > 0; place = static_cast<magnitude_type>(place / 10U))
            put(static_cast<char>('0' + static_cast<int>(magnitude / place % 10U)));
        return *this;
    }

    [[nodiscard]] LOWPREC_INLINE constexpr operator std::string_view() const noexcept {
        return {characters, static_cast<std::size_t>(length)};
    }

private:
    LOWPREC_INLINE constexpr void put(char c) noexcept {
        if (length < capacity) characters[length++] = c;
    }
};

}  // namespace lowprec::detail

#endif
