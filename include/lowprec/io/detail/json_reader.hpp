// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 8
//
// Strict reading of small JSON files: equal keys are refused, depth and size are bounded, and a value of the wrong type is an error
// that names the file and the place in it: "config.json: $.weights.num_bits is a string instead of an integer".
#ifndef LOWPREC_IO_DETAIL_JSON_READER_HPP
#define LOWPREC_IO_DETAIL_JSON_READER_HPP

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <lowprec/detail/fail.hpp>
#include <lowprec/io/detail/safetensors_header.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lowprec::io::detail {

using nlohmann::json;

/// Looks for what the JSON library lets pass: equal keys, and depth that a recursive reader would drown in.
class json_check {
public:
    std::string problem;

    bool null() { return true; }
    bool boolean(bool) { return true; }
    bool number_integer(std::int64_t) { return true; }
    bool number_unsigned(std::uint64_t) { return true; }
    bool number_float(double, const std::string&) { return true; }
    bool string(std::string&) { return true; }
    bool binary(json::binary_t&) { return true; }
    bool start_object(std::size_t) { return enter(); }
    bool start_array(std::size_t) { return enter(); }
    bool end_object() { return leave(); }
    bool end_array() { return leave(); }
    bool key(std::string& text) {
        if (keys_.back().insert(text).second) return true;
        problem = "key " + in_quotes(text) + " appears twice in one object";
        return false;
    }
    template <class Exception>
    bool parse_error(std::size_t position, const std::string&, const Exception& error) {
        problem =
            "byte " + std::to_string(position) + ": " + std::string(std::string_view(error.what()).substr(0, 200));
        return false;
    }

private:
    static constexpr std::size_t deepest = 64;
    bool enter() {
        keys_.emplace_back();
        if (keys_.size() <= deepest) return true;
        problem = "more than " + std::to_string(deepest) + " arrays and objects within each other";
        return false;
    }
    bool leave() {
        keys_.pop_back();
        return true;
    }
    std::vector<std::set<std::string>> keys_;
};

/// Reads a whole text, or fails with `source` at the head of the message.
inline json parse_json(std::string_view text, const std::string& source) {
    constexpr std::size_t largest = 64'000'000;
    if (text.size() > largest)
        lowprec::detail::fail(source + ": " + std::to_string(text.size()) + " bytes; the limit is " +
                              std::to_string(largest));
    // the JSON library takes a zero byte for the end of its input
    if (const auto zero = text.find('\0'); zero != text.npos)
        lowprec::detail::fail(source + ": byte " + std::to_string(zero) + ": a zero byte");
    json_check check;
    if (!json::sax_parse(text.begin(), text.end(), &check)) lowprec::detail::fail(source + ": " + check.problem);
    return json::parse(text.begin(), text.end(), nullptr, false);
}

/// A value with its place in the file.
class json_at {
public:
    json_at(const json& value, std::string source, std::string path = "$")
        : value_{&value}, source_{std::move(source)}, path_{std::move(path)} {}

    [[nodiscard]] const json& value() const noexcept { return *value_; }
    [[nodiscard]] bool is_null() const noexcept { return value_->is_null(); }
    [[noreturn]] void fail(const std::string& why) const { lowprec::detail::fail(source_ + ": " + path_ + why); }

    const json_at& object() const {
        if (!value_->is_object()) expected("an object");
        return *this;
    }
    [[nodiscard]] bool has(const char* key) const { return object().value_->contains(key); }
    /// A field that must be there.
    [[nodiscard]] json_at at(const std::string& key) const {
        const auto found = object().value_->find(key);
        if (found == value_->end()) fail(" has no " + in_quotes(key));
        return {*found, source_, path_ + "." + shown(key)};
    }
    /// Whether a field is there and isn't null.
    [[nodiscard]] bool says(const char* key) const { return has(key) && !at(key).is_null(); }
    /// Refuses the fields that aren't among these.
    void only(std::initializer_list<std::string_view> known) const {
        for (const auto& [key, unused] : object().value_->items()) {
            bool found = false;
            for (const auto name : known) found = found || name == key;
            if (!found) fail(" has the unknown field " + in_quotes(key));
        }
    }
    /// The fields, in the order of their names.
    [[nodiscard]] std::vector<std::pair<std::string, json_at>> fields() const {
        std::vector<std::pair<std::string, json_at>> out;
        for (const auto& [key, unused] : object().value_->items()) out.emplace_back(key, at(key));
        return out;
    }
    [[nodiscard]] std::vector<json_at> elements() const {
        if (!value_->is_array()) expected("an array");
        std::vector<json_at> out;
        for (std::size_t i = 0; i < value_->size(); ++i)
            out.emplace_back((*value_)[i], source_, path_ + "[" + std::to_string(i) + "]");
        return out;
    }
    [[nodiscard]] std::string text() const {
        if (!value_->is_string()) expected("a string");
        return *value_->get_ptr<const std::string*>();
    }
    [[nodiscard]] std::vector<std::string> texts() const {
        std::vector<std::string> out;
        for (const json_at& element : elements()) out.push_back(element.text());
        return out;
    }
    [[nodiscard]] bool truth() const {
        if (!value_->is_boolean()) expected("true or false");
        return *value_->get_ptr<const bool*>();
    }
    [[nodiscard]] std::uint32_t integer(std::uint32_t lowest, std::uint32_t highest) const {
        if (!value_->is_number_integer()) expected("an integer");
        // numbers that the library has put there itself are signed, those of a file are not unless they are negative
        const bool negative = !value_->is_number_unsigned() && value_->get<std::int64_t>() < 0;
        const std::uint64_t n = negative ? 0 : value_->get<std::uint64_t>();
        if (negative || n < lowest || n > highest)
            fail(" is " + value_->dump() + ", not from " + std::to_string(lowest) + " to " + std::to_string(highest));
        return static_cast<std::uint32_t>(n);
    }

private:
    [[noreturn]] void expected(const char* what) const {
        const json& v = *value_;
        const char* const found = v.is_null()             ? "null"
                                  : v.is_boolean()        ? "a boolean"
                                  : v.is_string()         ? "a string"
                                  : v.is_array()          ? "an array"
                                  : v.is_object()         ? "an object"
                                  : v.is_number_integer() ? "an integer"
                                                          : "a number";
        fail(std::string(" is ") + found + " instead of " + what);
    }
    /// A key that isn't a plain word is shown in quotes.
    [[nodiscard]] static std::string shown(const std::string& key) {
        for (const char c : key)
            if (!(('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') || c == '_'))
                return in_quotes(key);
        return key;
    }

    const json* value_;
    std::string source_, path_;
};

}  // namespace lowprec::io::detail

#endif
