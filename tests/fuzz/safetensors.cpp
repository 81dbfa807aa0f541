// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The safetensors reader: any bytes are read or refused with std::runtime_error, and every tensor lies within them. The length of
// the header is written by the target, so that the fuzzer need not guess eight bytes.
// needs: io
#include <lowprec/io/safetensors.hpp>
#include <stdexcept>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const bool own_length = in.take<std::uint8_t>() % 8 == 0;
    const auto rest = in.one_of(lowprec::io::trailing_bytes::ignore);
    const std::size_t body = in.up_to(64);
    const auto text = in.rest();
    const std::size_t length = own_length ? 0 : 8;
    const fuzz::exact_block<std::byte> file(length + text.size() + (own_length ? 0 : body));
    if (!own_length) {
        const std::uint64_t header = text.size();
        std::memcpy(file.span().data(), &header, 8);
    }
    if (!text.empty()) std::memcpy(file.span().data() + length, text.data(), text.size());

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
