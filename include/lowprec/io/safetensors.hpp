// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 8
//
// A strict reader of safetensors, the file format of named tensors. Nothing is copied: a tensor's bytes are a view of the
// mapped file or of the caller's memory.
//
//     +--------------+--------------------------------+-------------------------------------------+
//     | N, 8 bytes,  | N bytes of JSON: names, types, | the tensors' bytes, one after the other,  |
//     | little end   | shapes, offsets, metadata      | without a hole and without an overlap     |
//     +--------------+--------------------------------+-------------------------------------------+
#ifndef LOWPREC_IO_SAFETENSORS_HPP
#define LOWPREC_IO_SAFETENSORS_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <lowprec/detail/fail.hpp>
#include <lowprec/io/detail/mapped_file.hpp>
#include <lowprec/io/detail/safetensors_header.hpp>
#include <lowprec/io/dtype.hpp>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lowprec::io {

/// What the reader makes of bytes behind the last tensor, which some writers leave there.
enum class trailing_bytes : unsigned char { refuse, ignore };

/// One tensor of a file. `bytes` holds the elements in row-major order, little-endian, and isn't aligned to anything.
struct tensor_view {
    std::string name;
    dtype type{};
    std::vector<std::uint64_t> shape;
    std::uint64_t elements = 0;        ///< the product of the shape; 1 for a scalar
    std::uint64_t offset = 0;          ///< of the first byte, from the beginning of the file
    std::span<const std::byte> bytes;  ///< valid as long as the file's object, or the parsed memory
};

/// The tensors of one file, in the order of their bytes.
class safetensors {
public:
    /// Opens a file; it is mapped where the system can (POSIX), otherwise read.
    /// Errors:  std::runtime_error that names the file and the tensor, and says which number broke which limit.
    /// Cost:    the header is read; a tensor's bytes are touched when you touch them.
    [[nodiscard]] static safetensors open(const std::string& path, trailing_bytes rest = trailing_bytes::refuse) {
        detail::mapped_file file(path);
        safetensors result(file.bytes(), path, rest);
        result.file_.emplace(std::move(file));
        return result;
    }

    /// Reads a file that is already in memory; the memory must outlive the result.
    /// Errors:  as `open`; `source` takes the place of the path in messages.
    [[nodiscard]] static safetensors parse(std::span<const std::byte> data,
                                           trailing_bytes rest = trailing_bytes::refuse,
                                           std::string source = "safetensors data") {
        return {data, std::move(source), rest};
    }

    [[nodiscard]] auto begin() const noexcept { return tensors_.begin(); }
    [[nodiscard]] auto end() const noexcept { return tensors_.end(); }
    [[nodiscard]] std::size_t size() const noexcept { return tensors_.size(); }

    /// The texts of "__metadata__".
    [[nodiscard]] const std::map<std::string, std::string>& metadata() const noexcept { return metadata_; }

    /// The tensor of this name, or nullptr.
    [[nodiscard]] const tensor_view* find(std::string_view name) const noexcept {
        const auto found = by_name_.find(name);
        return found == by_name_.end() ? nullptr : &tensors_[found->second];
    }

    /// The tensor of this name.
    /// Errors:  std::runtime_error if there is none.
    [[nodiscard]] const tensor_view& tensor(std::string_view name) const {
        if (const auto* found = find(name)) return *found;
        fail("no tensor " + detail::in_quotes(name) + " among the " + std::to_string(size()) + " in the file");
    }

    /// A copy of a tensor's elements as T, which must be the type that the file holds: nothing is converted.
    /// Needs:   dtype_of<T>. F4 and F6 elements share bytes; take `bytes` of those.
    /// Errors:  std::runtime_error if there is no such tensor or it has another type.
    template <class T>
        requires(dtype_of<T>.has_value())
    [[nodiscard]] std::vector<T> values(std::string_view name) const {
        const auto& t = tensor(name);
        if (t.type != *dtype_of<T>)
            fail("tensor " + detail::in_quotes(name) + " has dtype " + std::string(io::name(t.type)) + ", not " +
                 std::string(io::name(*dtype_of<T>)));
        std::vector<T> result(static_cast<std::size_t>(t.elements));
        if (!result.empty()) std::memcpy(result.data(), t.bytes.data(), t.bytes.size());
        return result;
    }

    static constexpr std::uint64_t largest_header = 100'000'000;  ///< bytes, as in the reference reader

private:
    safetensors(std::span<const std::byte> data, std::string source, trailing_bytes rest) : source_{std::move(source)} {
        const auto header_size = read_header_size(data);
        const auto after_size = data.subspan(8);
        auto header = detail::read_header(
            {reinterpret_cast<const char*>(after_size.data()), static_cast<std::size_t>(header_size)}, source_);
        metadata_ = std::move(header.metadata);
        take(std::move(header.tensors), after_size.subspan(static_cast<std::size_t>(header_size)), 8 + header_size,
             rest);
    }

    [[noreturn]] void fail(const std::string& why) const { lowprec::detail::fail(source_ + ": " + why); }

    [[nodiscard]] std::uint64_t read_header_size(std::span<const std::byte> data) const {
        if (data.size() < 8)
            fail("has " + std::to_string(data.size()) + " bytes, fewer than the 8 of the header's length");
        std::uint64_t size = 0;
        for (std::size_t i = 0; i < 8; ++i) size |= std::to_integer<std::uint64_t>(data[i]) << (8 * i);
        if (size > largest_header)
            fail("a header of " + std::to_string(size) + " bytes; the limit is " + std::to_string(largest_header));
        if (size > data.size() - 8)
            fail("a header of " + std::to_string(size) + " bytes, but only " + std::to_string(data.size() - 8) +
                 " follow");
        return size;
    }

    // Checks that the entries fit their types, their shapes, each other and the buffer, and makes tensors of them.
    void take(std::vector<detail::header_entry> entries, std::span<const std::byte> buffer, std::uint64_t buffer_offset,
              trailing_bytes rest) {
        std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
            return std::pair{a.begin, a.end} < std::pair{b.begin, b.end};
        });
        std::uint64_t expected = 0;
        tensors_.reserve(entries.size());
        for (auto& entry : entries) {
            const auto elements = check(entry, buffer.size());
            if (entry.begin != expected) {
                const auto before =
                    tensors_.empty() ? "the buffer begins" : detail::in_quotes(tensors_.back().name) + " ends";
                fail(describe(entry) + (entry.begin > expected ? "a hole: " : "an overlap: ") + before + " at " +
                     std::to_string(expected));
            }
            expected = entry.end;
            by_name_.emplace(entry.name, tensors_.size());
            tensors_.push_back({std::move(entry.name), entry.type, std::move(entry.shape), elements,
                                buffer_offset + entry.begin,
                                buffer.subspan(static_cast<std::size_t>(entry.begin),
                                               static_cast<std::size_t>(entry.end - entry.begin))});
        }
        if (expected < buffer.size() && rest == trailing_bytes::refuse)
            fail(std::to_string(buffer.size() - expected) + " bytes follow the last tensor, from byte " +
                 std::to_string(buffer_offset + expected) + " of the file");
    }

    // One entry by itself; returns its number of elements.
    [[nodiscard]] std::uint64_t check(const detail::header_entry& entry, std::size_t buffer_size) const {
        std::uint64_t elements = 1;
        std::uint64_t bit_count = 0;
        bool overflow = false;
        for (const auto extent : entry.shape)
            overflow = overflow || __builtin_mul_overflow(elements, extent, &elements);
        overflow =
            overflow || __builtin_mul_overflow(elements, static_cast<std::uint64_t>(bits(entry.type)), &bit_count);
        if (overflow) fail(describe(entry) + "the size of the shape is beyond 2^64 bits");
        if (bit_count % 8 != 0)
            fail(describe(entry) + std::to_string(elements) + " elements of " + std::to_string(bits(entry.type)) +
                 " bits don't fill whole bytes");
        if (entry.begin > entry.end) fail(describe(entry) + "the end lies before the beginning");
        if (entry.end > buffer_size)
            fail(describe(entry) + "ends beyond the " + std::to_string(buffer_size) + " bytes of the buffer");
        if (entry.end - entry.begin != bit_count / 8)
            fail(describe(entry) + "spans " + std::to_string(entry.end - entry.begin) + " bytes, the shape needs " +
                 std::to_string(bit_count / 8));
        return elements;
    }

    [[nodiscard]] static std::string describe(const detail::header_entry& entry) {
        return "tensor " + detail::in_quotes(entry.name) + ", " + std::string(io::name(entry.type)) +
               ", data_offsets [" + std::to_string(entry.begin) + ", " + std::to_string(entry.end) + "]: ";
    }

    std::optional<detail::mapped_file> file_;
    std::string source_;
    std::vector<tensor_view> tensors_;
    std::map<std::string, std::size_t, std::less<>> by_name_;
    std::map<std::string, std::string> metadata_;
};

}  // namespace lowprec::io

#endif
