// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A user's program with the component io: a file of one bf16 tensor, made and read in memory.
#include <cstddef>
#include <cstdio>
#include <lowprec/io/safetensors.hpp>
#include <lowprec/lowprec.hpp>
#include <span>
#include <string>

int main() {
    const std::string header = R"({"w":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}})";
    std::string file(8, '\0');
    file[0] = static_cast<char>(header.size());
    file += header + std::string("\x80\x3F\x00\xC0", 4);  // 1 and -2, low bytes first
    const auto tensors = lowprec::io::safetensors::parse(std::as_bytes(std::span(file)));
    const auto* const w = tensors.find("w");
    const bool right =
        w != nullptr && w->bytes.size() == 4 &&
        float(lowprec::bf16::from_bits(static_cast<unsigned short>(
            std::to_integer<unsigned>(w->bytes[2]) | std::to_integer<unsigned>(w->bytes[3]) << 8))) == -2.0F;
    if (!right) std::puts("the tensor was not read");
    return right ? 0 : 1;
}
