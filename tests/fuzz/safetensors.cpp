// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The safetensors reader: any bytes are read or refused with std::runtime_error, and every tensor lies within them. The target writes
// the length of the header, and mostly the header, too: tensors that fit together but for a number or two.
// needs: io
#include <array>
#include <lowprec/io/safetensors.hpp>
#include <stdexcept>
#include <string>

#include "fuzz.hpp"

namespace {

std::string header_of(fuzz::input& in) {
    constexpr const char* types[] = {"F32", "BF16", "F8_E4M3", "I8", "U64", "BOOL", "F4", "F6_E2M3", "none"};
    constexpr unsigned bits[] = {32, 16, 8, 8, 64, 8, 4, 6, 8};
    std::string text = "{";
    std::uint64_t at = 0;
    for (unsigned n = in.up_to(4); n != 0; --n) {
        const auto type = in.take<std::uint8_t>() % 9;
        std::uint64_t elements = 1;
        std::string shape;
        for (unsigned extents = in.up_to(3); extents != 0; --extents) {
            const std::uint64_t extent = in.take<std::uint8_t>() == 255 ? in.take<std::uint64_t>() : in.up_to(9);
            elements *= extent;
            shape += (shape.empty() ? "" : ",") + std::to_string(extent);
        }
        const std::uint64_t size = elements * bits[type] / 8;
        const auto wrong = [&]() -> std::uint64_t {
            return in.take<std::uint8_t>() < 8 ? in.take<std::uint8_t>() : 0U;
        };
        const std::uint64_t begin = at + wrong(), end = begin + size - wrong();
        at = end;
        text += (text.size() > 1 ? "," : "") + std::string("\"t") + std::to_string(in.up_to(20)) + "\":{\"dtype\":\"" +
                types[type] + "\",\"shape\":[" + shape + "],\"data_offsets\":[" + std::to_string(begin) + "," +
                std::to_string(end) + "]}";
    }
    return text + "}";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const auto rest = in.one_of(lowprec::io::trailing_bytes::ignore);
    const auto mode = in.take<std::uint8_t>() % 8;
    const std::size_t body = in.up_to(300);
    std::string bytes = mode > 1 ? header_of(in) : std::string();
    if (mode <= 1) bytes.assign(reinterpret_cast<const char*>(in.rest().data()), in.size());
    if (mode != 0) {
        const auto length = std::bit_cast<std::array<char, 8>>(std::uint64_t{bytes.size()});
        bytes = std::string(length.data(), 8) + bytes + std::string(body, 'x');
    }
    const fuzz::exact_block<std::byte> file(bytes.size());
    if (!bytes.empty()) std::memcpy(file.span().data(), bytes.data(), bytes.size());

    try {
        const auto tensors = lowprec::io::safetensors::parse(file.span(), rest);
        for (const auto& tensor : tensors) {
            std::uint64_t elements = 1;
            for (const auto extent : tensor.shape) elements *= extent;
            fuzz::promise(elements == tensor.elements, "elements are the product of the shape");
            fuzz::promise(
                tensor.offset <= file.span().size() && tensor.bytes.size() <= file.span().size() - tensor.offset,
                "a tensor lies within the file");
            fuzz::promise(tensors.find(tensor.name) == &tensor, "a tensor is found by its name");
            unsigned sum = 0;
            for (const std::byte byte : tensor.bytes) sum += static_cast<unsigned>(byte);
            static_cast<void>(static_cast<volatile unsigned&>(sum));
            if (tensor.type == lowprec::io::dtype_of<float>)
                fuzz::promise(tensors.values<float>(tensor.name).size() == tensor.elements,
                              "a tensor has all its elements");
        }
    } catch (const std::runtime_error&) {
    }
    return 0;
}
