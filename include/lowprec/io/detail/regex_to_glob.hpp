// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 8
//
// The part of regular expressions that patterns can say: characters, ., .*, .+, sets, alternatives, optional groups, ^ at the beginning
// and $ at the end. What else there is can't be said, and is refused rather than guessed.
#ifndef LOWPREC_IO_DETAIL_REGEX_TO_GLOB_HPP
#define LOWPREC_IO_DETAIL_REGEX_TO_GLOB_HPP

#include <cstddef>
#include <lowprec/ptq/mixed_precision/glob.hpp>
#include <string>
#include <string_view>

namespace lowprec::io::detail {

/// Translates what Python's re.match accepts: it begins where the name begins, and ends anywhere unless there is a $.
class regex_to_glob {
public:
    explicit regex_to_glob(std::string_view regex) : text_{regex} {
        const bool begins = peek() == '^';
        if (begins) ++at_;
        glob = alternatives(0);
        if (problem.empty() && at_ != text_.size()) refuse("a ) without a (");
        if (!anchored_) glob += "*";
    }

    std::string glob;
    std::string problem;  ///< why there is no pattern; empty if there is one

private:
    static constexpr char end = '\0';
    [[nodiscard]] char peek(std::size_t ahead = 0) const noexcept {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : end;
    }
    void refuse(const std::string& why) {
        if (problem.empty()) problem = why + ", at character " + std::to_string(at_);
        at_ = text_.size();
    }

    // One alternative, or several in braces, up to the end or to the ) that closes them.
    std::string alternatives(int depth) {
        if (depth > 50) {
            refuse("groups too deep");
            return "";
        }
        std::string out = sequence(depth);
        bool several = false;
        while (peek() == '|') {
            ++at_;
            several = true;
            several_ = several_ || depth == 0;
            out += "," + sequence(depth);
        }
        return several ? "{" + out + "}" : out;
    }

    std::string sequence(int depth) {
        std::string out;
        while (at_ < text_.size() && peek() != '|' && peek() != ')') {
            const char c = peek();
            if (c == '.') {
                ++at_;
                if (peek() == '*' || peek() == '+') {
                    out += peek() == '*' ? "*" : "?*";
                    ++at_;
                    if (peek() == '?') ++at_;  // lazy: the same names
                } else {
                    out += once("?");
                }
            } else if (c == '$') {
                ++at_;
                if (depth != 0 || at_ != text_.size() || several_) refuse("a $ before the end");
                anchored_ = true;
            } else if (c == '(') {
                ++at_;
                if (peek() == '?') {
                    if (peek(1) != ':') {
                        refuse("a group of a special kind");
                        break;
                    }
                    at_ += 2;
                }
                std::string inner = alternatives(depth + 1);
                if (peek() != ')') {
                    refuse("a ( without a )");
                    break;
                }
                ++at_;
                out += once(inner);
            } else if (c == '[') {
                out += once(set());
            } else if (c == '\\') {
                out += once(escaped());
            } else if (c == '*' || c == '+' || c == '?' || c == '{' || c == '}' || c == '^') {
                refuse(std::string("a ") + c + " that patterns don't have");
            } else {
                ++at_;
                out += once(ptq::glob_quoted(std::string_view(&c, 1)));
            }
        }
        return out;
    }

    // What may follow a piece: a ? makes it optional, repetitions can't be said.
    std::string once(const std::string& piece) {
        if (peek() == '?') {
            ++at_;
            return piece.empty() ? piece : "{" + piece + ",}";
        }
        if (peek() == '*' || peek() == '+' || peek() == '{')
            refuse(std::string("a repetition ") + peek() + " of something else than .");
        return piece;
    }

    std::string escaped() {
        const char c = peek(1);
        const bool word = ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9');
        if (c == 'd') {
            at_ += 2;
            return "[0-9]";
        }
        if (c == end || word) {
            refuse("a backslash that patterns don't have");
            return "";
        }
        at_ += 2;
        return ptq::glob_quoted(std::string_view(&c, 1));
    }

    std::string set() {
        std::string out = "[";
        ++at_;
        if (peek() == '^') {
            out += '!';
            ++at_;
        }
        for (bool first = true; at_ < text_.size(); first = false) {
            char c = peek();
            if (c == ']' && !first) {
                ++at_;
                return out + "]";
            }
            if (c == '[') break;  // a class such as [:alpha:], or a set of sets
            if (c == '-' && !first && peek(1) != ']' && out.back() != '-') {
                out += '-';
                ++at_;
                continue;
            }
            if (c == '\\') {
                c = peek(1);
                if (c == 'd') {
                    out += "0-9";
                    at_ += 2;
                    continue;
                }
                if (c == end || ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9')) break;
                ++at_;
            }
            const bool plain = ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') || c == '_';
            if (!plain) out += '\\';
            out += c;
            ++at_;
        }
        refuse("a set that patterns don't have");
        return "";
    }

    std::string_view text_;
    std::size_t at_ = 0;
    bool anchored_ = false;
    bool several_ = false;  // a | outside of groups: ^ and $ would be of one side alone
};

}  // namespace lowprec::io::detail

#endif
