// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 8
//
// The JSON header of a safetensors file, read event by event. A tree would be simpler, but JSON trees keep the last of two
// equal keys without a word, and a header of 100 MB of brackets would become as many nodes; here the first event that does
// not belong ends the reading.
#ifndef LOWPREC_IO_DETAIL_SAFETENSORS_HEADER_HPP
#define LOWPREC_IO_DETAIL_SAFETENSORS_HEADER_HPP

#include <cstddef>
#include <cstdint>
#include <lowprec/detail/fail.hpp>
#include <lowprec/io/dtype.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace lowprec::io::detail {

/// A text of the file as an error message may show it: quoted, control characters escaped, cut after 80 characters.
inline std::string in_quotes(std::string_view text) {  // not "quoted": std has one
    constexpr std::size_t limit = 80;
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text.substr(0, limit)) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (code < 0x20 || code == 0x7F)
            ((out += "\\x") += digits[code >> 4U]) += digits[code & 15U];
        else
            out += c;
    }
    return out += text.size() > limit ? "\"..." : "\"";
}

/// A tensor as the header describes it; nothing is known yet about whether its numbers fit together.
struct header_entry {
    std::string name;
    dtype type{};
    std::vector<std::uint64_t> shape;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

/// Takes the parser's events. The grammar is small enough for a state and the field that was named last.
class header_reader {
public:
    std::vector<header_entry> tensors;
    std::map<std::string, std::string> metadata;
    std::string problem;  ///< why reading stopped

    bool start_object(std::size_t) {
        if (state_ == state::start) return enter(state::top);
        if (state_ == state::top) return enter(in_metadata_ ? state::metadata : state::tensor);
        return unexpected("an object");
    }

    bool key(std::string& text) {
        if (state_ == state::metadata) {
            metadata_key_ = text;
            return metadata.try_emplace(text).second ||
                   refuse("__metadata__: key " + in_quotes(text) + " appears twice");
        }
        if (state_ == state::tensor) {
            for (std::size_t i = 0; i < std::size(field_names); ++i)
                if (text == field_names[i]) {
                    if (seen_[i]) return refuse(where() + in_quotes(text) + " appears twice");
                    seen_[i] = true;
                    field_ = i;
                    return true;
                }
            return refuse(where() + "unknown key " + in_quotes(text) +
                          " (dtype, shape and data_offsets are the known ones)");
        }
        if (!names_.insert(text).second)
            return refuse(text == "__metadata__" ? "__metadata__ appears twice"
                                                 : "tensor " + in_quotes(text) + " appears twice");
        in_metadata_ = text == "__metadata__";
        if (in_metadata_) return true;
        tensors.push_back({.name = text, .type = {}, .shape = {}});
        for (bool& seen : seen_) seen = false;
        field_ = none;
        return true;
    }

    bool string(std::string& text) {
        if (state_ == state::metadata) {
            metadata[metadata_key_] = text;
            return true;
        }
        if (state_ != state::tensor || field_ != dtype_field) return unexpected("a string");
        const auto type = find_dtype(text);
        if (!type) return refuse(where() + "unknown dtype " + in_quotes(text));
        tensors.back().type = *type;
        return true;
    }

    bool start_array(std::size_t) {
        if (state_ != state::tensor || (field_ != shape_field && field_ != offsets_field))
            return unexpected("an array");
        offsets_read_ = 0;
        return enter(field_ == shape_field ? state::shape : state::offsets);
    }

    bool number_unsigned(std::uint64_t value) {
        if (state_ == state::shape) {
            tensors.back().shape.push_back(value);
            return true;
        }
        if (state_ != state::offsets) return unexpected("the number " + std::to_string(value));
        if (offsets_read_ == 2) return refuse(where() + "data_offsets has more than 2 numbers");
        (offsets_read_ == 0 ? tensors.back().begin : tensors.back().end) = value;
        ++offsets_read_;
        return true;
    }

    bool end_array() {
        if (state_ == state::offsets && offsets_read_ != 2)
            return refuse(where() + "data_offsets has " + std::to_string(offsets_read_) + " numbers instead of 2");
        return enter(state::tensor);
    }

    bool end_object() {
        if (state_ == state::tensor)
            for (std::size_t i = 0; i < std::size(field_names); ++i)
                if (!seen_[i]) return refuse(where() + "has no " + std::string(field_names[i]));
        return enter(state_ == state::top ? state::start : state::top);
    }

    // None of these belongs anywhere. An integer above 2^64 - 1 arrives as a float.
    bool null() { return unexpected("null"); }
    bool boolean(bool) { return unexpected("a boolean"); }
    bool number_integer(std::int64_t value) { return unexpected("the number " + std::to_string(value)); }
    bool number_float(double, const std::string& text) { return unexpected("the number " + in_quotes(text)); }
    bool binary(nlohmann::json::binary_t&) { return unexpected("binary data"); }

    template <class Exception>
    bool parse_error(std::size_t position, const std::string&, const Exception& error) {
        // the library's text quotes the last token, whatever its length
        return refuse("byte " + std::to_string(8 + position) +
                      " of the file: " + std::string(std::string_view(error.what()).substr(0, 200)));
    }

private:
    enum class state : unsigned char { start, top, metadata, tensor, shape, offsets };
    static constexpr std::string_view field_names[] = {"dtype", "shape", "data_offsets"};
    static constexpr std::size_t dtype_field = 0, shape_field = 1, offsets_field = 2, none = 3;

    bool enter(state next) {
        state_ = next;
        return true;
    }
    bool refuse(std::string why) {
        problem = std::move(why);
        return false;
    }
    [[nodiscard]] std::string where() const { return "tensor " + in_quotes(tensors.back().name) + ": "; }

    bool unexpected(const std::string& what) {
        const auto found = " instead of ";
        switch (state_) {
        case state::start: return refuse(what + found + "an object");
        case state::metadata:
            return refuse("__metadata__: key " + in_quotes(metadata_key_) + " has " + what + found + "a string");
        case state::shape: return refuse(where() + "shape has " + what + found + "integers from 0 to 2^64 - 1");
        case state::offsets:
            return refuse(where() + "data_offsets has " + what + found + "integers from 0 to 2^64 - 1");
        case state::tensor:
            return refuse(where() + std::string(field_names[field_]) + " is " + what + found +
                          (field_ == dtype_field ? "a string" : "an array of integers"));
        case state::top: break;
        }
        return refuse((in_metadata_ ? "__metadata__ is " : where() + "is described by ") + what + found + "an object");
    }

    state state_ = state::start;
    bool in_metadata_ = false;
    std::size_t field_ = none;
    bool seen_[3]{};
    int offsets_read_ = 0;
    std::string metadata_key_;
    std::unordered_set<std::string> names_;
};

/// Reads the JSON text of a header, or fails with `source` at the head of the message.
inline header_reader read_header(std::string_view text, const std::string& source) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == text.npos || text[first] != '{') lowprec::detail::fail(source + ": the header doesn't begin with '{'");
    // the JSON library takes a zero byte for the end of its input
    if (const auto zero = text.find('\0'); zero != text.npos)
        lowprec::detail::fail(source + ": byte " + std::to_string(8 + zero) +
                              " of the file: a zero byte in the header");
    header_reader reader;
    if (!nlohmann::json::sax_parse(text.data(), text.data() + text.size(), &reader))
        lowprec::detail::fail(source + ": " + reader.problem);
    return reader;
}

}  // namespace lowprec::io::detail

#endif
