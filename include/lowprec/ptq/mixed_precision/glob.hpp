// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 7
//
// Patterns for names:
//
//     *          any characters, dots too, or none
//     ?          any one character
//     [a-z_]     one of these; [!a-z] one of the others; a ] that comes first, and a - at an end, mean themselves
//     {a,b*,}    one of these patterns, of which one may be empty; braces nest
//     \c         the character c itself, in brackets, too
//
// A pattern stands for the whole name. Without braces and backslashes it means what Python's fnmatch makes of it.
#ifndef LOWPREC_PTQ_MIXED_PRECISION_GLOB_HPP
#define LOWPREC_PTQ_MIXED_PRECISION_GLOB_HPP

#include <cstddef>
#include <cstdint>
#include <lowprec/detail/fail_argument.hpp>
#include <string>
#include <string_view>

namespace lowprec::ptq {

/// The characters that a pattern has at most.
inline constexpr std::size_t longest_glob = 1024;

/// What is wrong with a pattern, and at which character; nothing is wrong where `what` is empty.
struct glob_problem {
    std::string_view what;
    std::size_t at = 0;
};

namespace detail {

/// The place behind the bracket expression that begins at `at`, or 0 if it does not end.
constexpr std::size_t end_of_set(std::string_view pattern, std::size_t at) noexcept {
    std::size_t i = at + 1;
    if (i < pattern.size() && pattern[i] == '!') ++i;
    for (bool first = true; i < pattern.size(); first = false, ++i) {
        if (pattern[i] == ']' && !first) return i + 1;
        if (pattern[i] == '\\') ++i;
    }
    return 0;
}

/// Takes a character of a bracket expression, without its backslash.
constexpr unsigned char take_of_set(std::string_view pattern, std::size_t& i) noexcept {
    if (pattern[i] == '\\') ++i;
    return static_cast<unsigned char>(pattern[i++]);
}

/// Calls range(low, high, place) for each range of a bracket expression that ends at `end`. Returns whether it began with '!'.
template <class Range>
constexpr bool for_each_range(std::string_view pattern, std::size_t at, std::size_t end, Range&& range) {
    std::size_t i = at + 1;
    const bool negated = pattern[i] == '!';
    if (negated) ++i;
    while (i + 1 < end) {
        const std::size_t place = i;
        const unsigned char low = take_of_set(pattern, i);
        unsigned char high = low;
        if (i + 2 < end && pattern[i] == '-') {
            ++i;
            high = take_of_set(pattern, i);
        }
        range(low, high, place);
    }
    return negated;
}

constexpr bool set_has(std::string_view pattern, std::size_t at, std::size_t end, char c) noexcept {
    const auto code = static_cast<unsigned char>(c);
    bool found = false;
    const bool negated = for_each_range(pattern, at, end, [&](unsigned char low, unsigned char high, std::size_t) {
        found = found || (low <= code && code <= high);
    });
    return found != negated;
}

/// Where the brackets and braces of a pattern lead, by the place that they stand at.
struct glob_links {
    std::uint16_t
        next[longest_glob]{};  ///< '{' and ',': the next ',' of the same braces, or the '}'; '[': behind the ']'
    std::uint16_t close[longest_glob]{};  ///< ',': the '}' of its braces; '{': the '{' around it, while they are read
    bool inside[longest_glob]{};          ///< ',': it divides alternatives
};

/// Fills the links in, once through the pattern.
constexpr glob_problem link_glob(std::string_view pattern, glob_links& links) noexcept {
    constexpr std::uint16_t outside = 0xFFFF;
    if (pattern.size() > longest_glob) return {"a pattern has at most 1024 characters", longest_glob};
    std::uint16_t open = outside;        // the innermost '{'
    std::uint16_t last[longest_glob]{};  // of an open '{': the last ',' of it, or itself
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const auto here = static_cast<std::uint16_t>(i);
        switch (pattern[i]) {
        case '\\':
            if (++i == pattern.size()) return {"nothing follows the backslash", i - 1};
            break;
        case '[': {
            const std::size_t end = end_of_set(pattern, i);
            if (end == 0) return {"the [ has no ]", i};
            glob_problem found;
            for_each_range(pattern, i, end, [&](unsigned char low, unsigned char high, std::size_t place) {
                if (low > high && found.what.empty()) found = {"a range that ends before it begins", place};
            });
            if (!found.what.empty()) return found;
            links.next[i] = static_cast<std::uint16_t>(end);
            i = end - 1;
            break;
        }
        case '{':
            links.close[i] = open;
            open = last[i] = here;
            break;
        case ',':
            if (open == outside) break;
            links.inside[i] = true;
            links.next[last[open]] = here;
            last[open] = here;
            break;
        case '}': {
            if (open == outside) return {"the } has no {", i};
            if (open + 1U == i) return {"nothing between { and }", open};
            links.next[last[open]] = here;
            for (std::uint16_t j = links.next[open]; j != here; j = links.next[j]) links.close[j] = here;
            open = links.close[open];
            break;
        }
        default: break;
        }
    }
    if (open != outside) return {"the { has no }", open};
    return {};
}

constexpr bool is_plain(std::string_view pattern) noexcept { return pattern.find_first_of("*?[{}\\") == pattern.npos; }

[[noreturn]] inline void refuse_glob(std::string_view pattern, glob_problem problem) {
    lowprec::detail::fail_argument("lowprec::ptq::glob_matches: ", problem.what, ", at character ", problem.at, " of ",
                                   pattern);
}

/// Which places of a pattern the characters read so far can have led to.
class glob_places {
public:
    constexpr void add(std::size_t place) noexcept { words_[place / 64] |= std::uint64_t{1} << place % 64; }
    [[nodiscard]] constexpr bool has(std::size_t place) const noexcept {
        return (words_[place / 64] >> place % 64 & 1) != 0;
    }

private:
    std::uint64_t words_[longest_glob / 64 + 1]{};
};

/// Adds the places that are reached without a character. All of them lie behind the place that leads there.
constexpr void add_reached(std::string_view pattern, const glob_links& links, glob_places& places) noexcept {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (!places.has(i)) continue;
        const char c = pattern[i];
        if (c == '*' || c == '}') places.add(i + 1);
        if (c == ',' && links.inside[i]) places.add(links.close[i] + std::size_t{1});
        if (c == '{') {
            std::size_t before = i;
            for (; pattern[before] != '}'; before = links.next[before]) places.add(before + 1);
        }
    }
}

}  // namespace detail

/// What is wrong with a pattern, if anything.
[[nodiscard]] constexpr glob_problem check_glob(std::string_view pattern) noexcept {
    detail::glob_links links;
    return detail::link_glob(pattern, links);
}

/// Whether the pattern stands for the name.
/// Errors:  std::invalid_argument if the pattern is malformed; it says how and where.
/// Cost:    the pattern's characters times the name's, whatever the pattern.
[[nodiscard]] constexpr bool glob_matches(std::string_view pattern, std::string_view name) {
    if (detail::is_plain(pattern) && pattern.size() <= longest_glob) return pattern == name;
    detail::glob_links links;
    if (const glob_problem problem = detail::link_glob(pattern, links); !problem.what.empty())
        detail::refuse_glob(pattern, problem);
    detail::glob_places places;
    places.add(0);
    detail::add_reached(pattern, links, places);
    for (const char c : name) {
        detail::glob_places next;
        bool any = false;
        for (std::size_t i = 0; i < pattern.size(); ++i) {
            if (!places.has(i)) continue;
            std::size_t to = i + 1;
            bool fits = true;
            switch (pattern[i]) {
            case '*': to = i; break;
            case '?': break;
            case '[':
                to = links.next[i];
                fits = detail::set_has(pattern, i, to, c);
                break;
            case '\\':
                fits = pattern[i + 1] == c;
                to = i + 2;
                break;
            case '{':
            case '}': fits = false; break;
            default: fits = pattern[i] == c && !(c == ',' && links.inside[i]); break;
            }
            if (!fits) continue;
            next.add(to);
            any = true;
        }
        if (!any) return false;
        detail::add_reached(pattern, links, next);
        places = next;
    }
    return places.has(pattern.size());
}

/// The pattern that stands for this name alone, in braces, too.
[[nodiscard]] inline std::string glob_quoted(std::string_view name) {
    std::string pattern;
    for (const char c : name) {
        if (std::string_view("*?[{,}\\").find(c) != std::string_view::npos) pattern += '\\';
        pattern += c;
    }
    return pattern;
}

}  // namespace lowprec::ptq

#endif
