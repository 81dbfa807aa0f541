// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Counts what a long loop checked and found wrong, and remembers the first wrong one: an assertion per element would take
// most of the time.
#ifndef LOWPREC_TESTS_SUPPORT_TALLY_HPP
#define LOWPREC_TESTS_SUPPORT_TALLY_HPP

#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

struct tally {
    std::uint64_t checked = 0;
    std::uint64_t wrong = 0;
    std::string first;

    /// got and expected codes; the parts name the case and are written in hexadecimal if they are integers.
    template <class Got, class Expected, class... Parts>
    void equal(Got got, Expected expected, const Parts&... parts) {
        ++checked;
        if (static_cast<std::uint64_t>(got) == static_cast<std::uint64_t>(expected)) return;
        if (wrong++ != 0) return;
        std::ostringstream out;
        out << std::hex << std::uppercase;
        ((out << parts << ' '), ...);
        out << "gives " << static_cast<std::uint64_t>(got) << ", expected " << static_cast<std::uint64_t>(expected);
        first = out.str();
    }
};

/// The value of F with this code.
template <class F>
F make(std::uint64_t code) {
    return F::from_bits(static_cast<typename F::storage_type>(code));
}

/// Calls f(F{}) for each format of a tuple.
template <class Formats, class Function>
void for_each_format(Function&& function) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (function(std::tuple_element_t<I, Formats>{}), ...); }
    (std::make_index_sequence<std::tuple_size_v<Formats>>{});
}

/// splitmix64 (Steele, Lea, Flood 2014): the same numbers everywhere, unlike <random>'s distributions.
struct random_bits {
    std::uint64_t state;
    std::uint64_t operator()() {
        std::uint64_t z = (state += 0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
};

// An assertion with the first wrong case in its message. A macro, so that the line reported is the caller's.
#define CHECK_TALLY(result, expected_count)                                           \
    do {                                                                              \
        INFO((result).wrong << " of " << (result).checked << ": " << (result).first); \
        CHECK((result).wrong == 0);                                                   \
        CHECK((result).checked == (expected_count));                                  \
    } while (false)

/// The same where only the least number of cases is known.
#define CHECK_TALLY_OVER(result, least_count)                                         \
    do {                                                                              \
        INFO((result).wrong << " of " << (result).checked << ": " << (result).first); \
        CHECK((result).wrong == 0);                                                   \
        CHECK((result).checked > (least_count));                                      \
    } while (false)

#endif
