// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: io
#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <lowprec/io/safetensors.hpp>
#include <lowprec/names.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/message_of.hpp"

using lowprec::io::dtype;
using lowprec::io::safetensors;
using lowprec::io::trailing_bytes;

namespace {

using bytes = std::vector<std::byte>;

bytes to_bytes(std::string_view text) {
    bytes out(text.size());
    std::transform(text.begin(), text.end(), out.begin(), [](char c) { return static_cast<std::byte>(c); });
    return out;
}

// A file of this header and `body` bytes 0, 1, 2 ... behind it.
bytes file_of(std::string_view header, std::size_t body) {
    bytes out(8);
    for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<std::byte>(header.size() >> (8 * i));
    const bytes text = to_bytes(header);
    out.insert(out.end(), text.begin(), text.end());
    for (std::size_t i = 0; i < body; ++i) out.push_back(static_cast<std::byte>(i));
    return out;
}

// A copy in a block of exactly its size, so that AddressSanitizer sees one byte too far.
std::string error_of(const bytes& data, trailing_bytes rest = trailing_bytes::refuse) {
    const bytes exact(data);
    try {
        static_cast<void>(safetensors::parse(exact, rest, "x"));
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "";
}

std::string error_of(std::string_view header, std::size_t body = 0) { return error_of(file_of(header, body)); }

// The one sample of the specification: 60 bytes of header behind the length, 16 zero bytes of data.
const std::string golden = std::string("\x3C\0\0\0\0\0\0\0", 8) +
                           R"({"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}})" + std::string(16, '\0');

class scratch_file {
public:
    explicit scratch_file(const bytes& data)
        : path_{(std::filesystem::temp_directory_path() / ("lowprec-safetensors-test-" + std::to_string(++count) + "-" +
                                                           std::to_string(reinterpret_cast<std::uintptr_t>(this))))
                    .string()} {
        std::ofstream(path_, std::ios::binary)
            .write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(data.size()));
    }
    scratch_file(const scratch_file&) = delete;
    scratch_file& operator=(const scratch_file&) = delete;
    ~scratch_file() { std::filesystem::remove(path_); }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    static inline int count = 0;
    std::string path_;
};

}  // namespace

TEST_CASE("the golden sample is read", "[safetensors]") {
    const bytes data = to_bytes(golden);
    REQUIRE(data.size() == 84);
    const auto file = safetensors::parse(data);
    REQUIRE(file.size() == 1);
    const auto& t = file.tensor("test");
    CHECK(t.name == "test");
    CHECK(t.type == dtype::i32);
    CHECK(t.shape == std::vector<std::uint64_t>{2, 2});
    CHECK(t.elements == 4);
    CHECK(t.offset == 68);
    CHECK(t.bytes.data() == data.data() + 68);
    CHECK(t.bytes.size() == 16);
    CHECK(file.values<std::int32_t>("test") == std::vector<std::int32_t>(4, 0));
    CHECK(file.metadata().empty());
}

TEST_CASE("tensors come in the order of their bytes, whatever the order of the header", "[safetensors]") {
    const auto data = file_of(R"({"b":{"dtype":"U8","shape":[3],"data_offsets":[2,5]},"__metadata__":{"k":"v","w":""},)"
                              R"("a":{"shape":[],"data_offsets":[0,2],"dtype":"F16"},)"
                              R"("none":{"dtype":"F32","shape":[4,0],"data_offsets":[2,2]}})",
                              5);
    const auto file = safetensors::parse(data);
    std::string order;
    for (const auto& t : file) order += t.name + " ";
    CHECK(order == "a none b ");
    CHECK(file.metadata() == std::map<std::string, std::string>{{"k", "v"}, {"w", ""}});
    CHECK(file.tensor("a").elements == 1);
    CHECK(file.tensor("a").shape.empty());
    CHECK(file.tensor("none").elements == 0);
    CHECK(file.values<float>("none").empty());
    CHECK(file.values<std::uint8_t>("b") == std::vector<std::uint8_t>{2, 3, 4});
    CHECK(file.values<lowprec::fp16>("a").front().bits() == 0x0100);
    CHECK(file.find("c") == nullptr);
}

TEST_CASE("a file without tensors is a file", "[safetensors]") {
    CHECK(safetensors::parse(file_of("{}", 0)).size() == 0);
    CHECK(safetensors::parse(file_of(R"({"__metadata__":{}})", 0)).size() == 0);
}

TEST_CASE("every dtype is read, with its size", "[safetensors]") {
    const std::vector<std::pair<const char*, int>> all{
        {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},   {"I8", 8},
        {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"I16", 16}, {"F8_E5M2FNUZ", 8},
        {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32}, {"F32", 32},
        {"C64", 64},    {"F64", 64},    {"I64", 64},    {"U64", 64}};
    CHECK(all.size() == std::size(lowprec::io::detail::dtype_rows));
    for (const auto& [spelling, width] : all) {
        CAPTURE(spelling);
        const auto size = static_cast<std::size_t>(width);  // bytes of 8 elements
        const auto header = std::string(R"({"t":{"dtype":")") + spelling + R"(","shape":[4,2],"data_offsets":[0,)" +
                            std::to_string(size) + "]}}";
        const auto data = file_of(header, size);
        const auto file = safetensors::parse(data);
        const auto& t = file.tensor("t");
        CHECK(name(t.type) == spelling);
        CHECK(bits(t.type) == width);
        CHECK(t.bytes.size() == size);
        CHECK_THAT(error_of(file_of(header, size + 1)), contains("1 bytes follow the last tensor"));
        CHECK_THAT(error_of(file_of(header, size - 1)), contains("tensor \"t\"") && contains("ends beyond the"));
    }
}

TEST_CASE("elements are read as the type that the file holds and no other", "[safetensors]") {
    const auto data = file_of(R"({"t":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[0,3]}})", 3);
    const auto file = safetensors::parse(data, trailing_bytes::refuse, "model");
    const auto values = file.values<lowprec::e4m3>("t");
    REQUIRE(values.size() == 3);
    CHECK(values[2].bits() == 2);
    CHECK(message_of([&] { static_cast<void>(file.values<float>("t")); }) ==
          "model: tensor \"t\" has dtype F8_E4M3, not F32");
    CHECK(message_of([&] { static_cast<void>(file.tensor("u")); }) == "model: no tensor \"u\" among the 1 in the file");
    STATIC_REQUIRE(lowprec::io::dtype_of<float> == dtype::f32);
    STATIC_REQUIRE(lowprec::io::dtype_of<lowprec::bf16> == dtype::bf16);
    STATIC_REQUIRE(lowprec::io::dtype_of<std::uint64_t> == dtype::u64);
    STATIC_REQUIRE(!lowprec::io::dtype_of<lowprec::e2m1>.has_value());
    STATIC_REQUIRE(!lowprec::io::dtype_of<bool>.has_value());
}

TEST_CASE("unaligned elements are read", "[safetensors]") {
    const auto data = file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                              R"("b":{"dtype":"U64","shape":[2],"data_offsets":[1,17]}})",
                              17);
    CHECK(safetensors::parse(data).values<std::uint64_t>("b") ==
          std::vector<std::uint64_t>{0x0807060504030201, 0x100F0E0D0C0B0A09});
}

TEST_CASE("the header may stand between white space", "[safetensors]") {
    for (const auto* header : {" \t\r\n{}", "{}   ", "{ } \r\n\t"}) CHECK(error_of(header) == "");
    CHECK_THAT(error_of(""), contains("doesn't begin with '{'"));
    CHECK_THAT(error_of("   "), contains("doesn't begin with '{'"));
    CHECK_THAT(error_of("[]"), contains("doesn't begin with '{'"));
    CHECK_THAT(error_of("\xEF\xBB\xBF{}"), contains("doesn't begin with '{'"));
}

TEST_CASE("a header that isn't JSON is refused with the byte", "[safetensors]") {
    CHECK_THAT(error_of("{}}"), contains("byte 11 of the file"));
    CHECK_THAT(error_of("{} {}"), contains("of the file"));
    CHECK_THAT(error_of("{\"a\""), contains("of the file"));
    CHECK_THAT(error_of("{\"\xFF\":1}"), contains("of the file"));
    CHECK_THAT(error_of(R"({} // no comments)"), contains("of the file"));
    CHECK(error_of(std::string_view("{}\0\0", 4)) == "x: byte 10 of the file: a zero byte in the header");
}

TEST_CASE("the length of the header is checked before the header", "[safetensors]") {
    CHECK(error_of(to_bytes("1234567")) == "x: has 7 bytes, fewer than the 8 of the header's length");
    CHECK(error_of(bytes{}) == "x: has 0 bytes, fewer than the 8 of the header's length");
    CHECK(error_of(bytes(8)) == "x: the header doesn't begin with '{'");
    bytes data = file_of("{}", 0);
    data[0] = std::byte{3};
    CHECK(error_of(data) == "x: a header of 3 bytes, but only 2 follow");
    data[7] = std::byte{0x80};
    CHECK_THAT(error_of(data), contains("the limit is 100000000"));
    data = file_of("{}", 0);
    data[0] = std::byte{0x01};
    data[1] = std::byte{0xE1};
    data[2] = std::byte{0xF5};
    data[3] = std::byte{0x05};
    CHECK_THAT(error_of(data), contains("a header of 100000001 bytes; the limit"));
    data[0] = std::byte{0x00};
    CHECK_THAT(error_of(data), contains("a header of 100000000 bytes, but only 2 follow"));
}

TEST_CASE("a key that comes twice is refused", "[safetensors]") {
    CHECK(
        error_of(
            R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})") ==
        "x: tensor \"a\" appears twice");
    CHECK(error_of(R"({"a":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}})") ==
          "x: tensor \"a\": \"dtype\" appears twice");
    CHECK(error_of(R"({"__metadata__":{},"__metadata__":{}})") == "x: __metadata__ appears twice");
    CHECK(error_of(R"({"__metadata__":{"k":"v","k":"v"}})") == "x: __metadata__: key \"k\" appears twice");
    // equal after the escapes are read
    CHECK_THAT(error_of(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0061":{}})"),
               contains("appears twice"));
}

TEST_CASE("what doesn't belong into a header is refused by name", "[safetensors]") {
    const auto entry = [](std::string_view inner) { return error_of(R"({"a":{)" + std::string(inner) + "}}"); };
    CHECK(entry(R"("dtype":"F2","shape":[],"data_offsets":[0,0])") == "x: tensor \"a\": unknown dtype \"F2\"");
    CHECK(entry(R"("dtype":"f32","shape":[],"data_offsets":[0,0])") == "x: tensor \"a\": unknown dtype \"f32\"");
    CHECK_THAT(entry(R"("dtype":"U8","type":1)"), contains("tensor \"a\": unknown key \"type\""));
    CHECK(entry(R"("dtype":"U8","shape":[0])") == "x: tensor \"a\": has no data_offsets");
    CHECK(entry(R"("dtype":"U8","data_offsets":[0,0])") == "x: tensor \"a\": has no shape");
    CHECK(entry(R"("shape":[0],"data_offsets":[0,0])") == "x: tensor \"a\": has no dtype");
    CHECK(entry(R"("dtype":7)") == "x: tensor \"a\": dtype is the number 7 instead of a string");
    CHECK(entry(R"("dtype":["U8"])") == "x: tensor \"a\": dtype is an array instead of a string");
    CHECK(entry(R"("shape":3)") == "x: tensor \"a\": shape is the number 3 instead of an array of integers");
    CHECK_THAT(entry(R"("shape":[-1])"), contains("shape has the number -1 instead of"));
    CHECK_THAT(entry(R"("shape":[1.0])"), contains("shape has the number \"1.0\" instead of"));
    CHECK_THAT(entry(R"("shape":[18446744073709551616])"), contains("18446744073709551616"));
    CHECK_THAT(entry(R"("shape":[[1]])"), contains("shape has an array instead of"));
    CHECK_THAT(entry(R"("shape":[null])"), contains("shape has null instead of"));
    CHECK_THAT(entry(R"("shape":[true])"), contains("shape has a boolean instead of"));
    CHECK_THAT(entry(R"("shape":[{}])"), contains("shape has an object instead of"));
    CHECK(entry(R"("data_offsets":[0])") == "x: tensor \"a\": data_offsets has 1 numbers instead of 2");
    CHECK(entry(R"("data_offsets":[])") == "x: tensor \"a\": data_offsets has 0 numbers instead of 2");
    CHECK(entry(R"("data_offsets":[0,1,2])") == "x: tensor \"a\": data_offsets has more than 2 numbers");
    CHECK_THAT(entry(R"("data_offsets":[0,"1"])"), contains("data_offsets has a string instead of"));
    CHECK(error_of(R"({"a":1})") == "x: tensor \"a\": is described by the number 1 instead of an object");
    CHECK(error_of(R"({"a":[]})") == "x: tensor \"a\": is described by an array instead of an object");
    CHECK(error_of(R"({"__metadata__":"k"})") == "x: __metadata__ is a string instead of an object");
    CHECK(error_of(R"({"__metadata__":{"k":1}})") == "x: __metadata__: key \"k\" has the number 1 instead of a string");
    CHECK(error_of(R"({"__metadata__":{"k":{}}})") == "x: __metadata__: key \"k\" has an object instead of a string");
}

TEST_CASE("sizes that don't fit are refused", "[safetensors]") {
    const auto entry = [](std::string_view type, std::string_view shape, std::string_view offsets,
                          std::size_t body = 8) {
        return error_of(R"({"a":{"dtype":")" + std::string(type) + R"(","shape":[)" + std::string(shape) +
                            R"(],"data_offsets":[)" + std::string(offsets) + "]}}",
                        body);
    };
    CHECK(entry("F32", "2", "0,8") == "");
    CHECK(entry("F32", "3", "0,8") == "x: tensor \"a\", F32, data_offsets [0, 8]: spans 8 bytes, the shape needs 12");
    CHECK(entry("F32", "2", "8,0") == "x: tensor \"a\", F32, data_offsets [8, 0]: the end lies before the beginning");
    CHECK(entry("F32", "2", "0,8", 7) ==
          "x: tensor \"a\", F32, data_offsets [0, 8]: ends beyond the 7 bytes of the buffer");
    CHECK_THAT(entry("F32", "2", "18446744073709551608,18446744073709551615"), contains("ends beyond the 8 bytes"));
    CHECK_THAT(entry("F32", "4294967296,4294967296", "0,0"), contains("beyond 2^64 bits"));
    CHECK_THAT(entry("U64", "288230376151711744", "0,0"), contains("beyond 2^64 bits"));  // 2^58 elements of 64 bits
    CHECK_THAT(entry("U64", "288230376151711743", "0,8"), contains("the shape needs 2305843009213693944"));
    CHECK_THAT(entry("F4", "15", "0,8"), contains("15 elements of 4 bits don't fill whole bytes"));
    CHECK_THAT(entry("F6_E2M3", "2,5", "0,8"), contains("10 elements of 6 bits don't fill whole bytes"));
    CHECK(entry("F4", "4,4", "0,8") == "");
    CHECK(entry("F6_E3M2", "4", "0,3", 3) == "");
}

TEST_CASE("the tensors must tile the buffer", "[safetensors]") {
    const auto two = [](std::string_view first, std::string_view second, trailing_bytes rest = trailing_bytes::refuse) {
        return error_of(
            file_of(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[)" + std::string(first) +
                        R"(]},"b":{"dtype":"U8","shape":[4],"data_offsets":[)" + std::string(second) + "]}}",
                    8),
            rest);
    };
    CHECK(two("0,4", "4,8") == "");
    CHECK(two("4,8", "0,4") == "");
    CHECK(two("0,4", "3,7") == "x: tensor \"b\", U8, data_offsets [3, 7]: an overlap: \"a\" ends at 4");
    CHECK(two("0,4", "0,4") == "x: tensor \"b\", U8, data_offsets [0, 4]: an overlap: \"a\" ends at 4");
    CHECK(two("1,5", "4,8") == "x: tensor \"a\", U8, data_offsets [1, 5]: a hole: the buffer begins at 0");
    const auto hole = error_of(
        R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
        3);
    CHECK(hole == "x: tensor \"b\", U8, data_offsets [2, 3]: a hole: \"a\" ends at 1");
    // an empty tensor inside another one
    CHECK_THAT(
        error_of(
            R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}})",
            4),
        contains("an overlap"));
}

TEST_CASE("bytes behind the last tensor are refused unless the caller ignores them", "[safetensors]") {
    const auto data = file_of(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 8);
    CHECK(error_of(data) == "x: 4 bytes follow the last tensor, from byte 65 of the file");
    CHECK(error_of(data, trailing_bytes::ignore) == "");
    CHECK(safetensors::parse(data, trailing_bytes::ignore).values<std::uint8_t>("a") ==
          std::vector<std::uint8_t>{0, 1, 2, 3});
    // ignoring forgives nothing else
    CHECK_THAT(error_of(file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", 8), trailing_bytes::ignore),
               contains("a hole"));
}

TEST_CASE("a hostile header neither overflows the stack nor the message", "[safetensors]") {
    CHECK_THAT(error_of(R"({"a":)" + std::string(1'000'000, '[')), contains("is described by an array"));
    const auto long_name = error_of(R"({")" + std::string(1'000'000, 'n') + R"(":1})");
    CHECK(long_name.size() < 300);
    const auto long_token = error_of("{" + std::string(1'000'000, 'n'));
    CHECK(long_token.size() < 300);
    CHECK_THAT(error_of(R"({"a\n\u0007\"":1})"), contains(R"(tensor "a\x0a\x07\"")"));
}

TEST_CASE("a file cut at any byte is refused", "[safetensors]") {
    const bytes whole = file_of(R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                                R"("b":{"dtype":"F4","shape":[2,3],"data_offsets":[8,11]}} )",
                                11);
    REQUIRE(error_of(whole) == "");
    std::size_t accepted = 0;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        if (error_of(cut).empty() || error_of(cut, trailing_bytes::ignore).empty()) ++accepted;
    }
    CHECK(accepted == 0);
}

TEST_CASE("a header with any one byte changed is refused or means something else that is valid", "[safetensors]") {
    const bytes whole =
        file_of(R"({"__metadata__":{"k":"v"},"a":{"dtype":"U16","shape":[2,2],"data_offsets":[0,8]}} )", 8);
    const std::size_t header = whole.size() - 8;
    std::size_t accepted = 0;
    std::size_t wrong = 0;
    for (std::size_t at = 0; at < header; ++at)
        for (unsigned value = 0; value < 256; ++value) {
            bytes changed = whole;
            changed[at] = static_cast<std::byte>(value);
            if (changed == whole || !error_of(changed).empty()) continue;
            ++accepted;
            // what is accepted is a name, a text, I16 or F16 instead of U16, another white space: one tensor of 8 bytes
            const auto file = safetensors::parse(changed);
            if (file.size() != 1 || file.begin()->bytes.size() != 8 || file.begin()->elements != 4) ++wrong;
        }
    CHECK(wrong == 0);
    CHECK(accepted > 100);
    CHECK(accepted < 1000);  // of more than 20,000 changes
}

TEST_CASE("a file on disk is opened, and stays open through a move", "[safetensors]") {
    const scratch_file scratch(to_bytes(golden));
    auto file = safetensors::open(scratch.path());
    const auto moved = std::move(file);
    CHECK(moved.values<std::int32_t>("test") == std::vector<std::int32_t>(4, 0));
    CHECK(moved.tensor("test").bytes.size() == 16);
}

TEST_CASE("what can't be opened is refused by path", "[safetensors]") {
    CHECK_THAT(message_of([] { static_cast<void>(safetensors::open("/nonexistent/model.safetensors")); }),
               contains("/nonexistent/model.safetensors: "));
    const auto folder = std::filesystem::temp_directory_path().string();
    CHECK_THAT(message_of([&] { static_cast<void>(safetensors::open(folder)); }), contains(folder + ": "));
    const scratch_file empty{bytes{}};
    CHECK(message_of([&] { static_cast<void>(safetensors::open(empty.path())); }) ==
          empty.path() + ": has 0 bytes, fewer than the 8 of the header's length");
}

TEST_CASE("the committed network is a valid file", "[safetensors]") {
    const auto file = safetensors::open("examples/data/fashion_mnist_mlp.safetensors");
    CHECK(file.size() == 6);
    CHECK(file.tensor("fc1.weight").shape == std::vector<std::uint64_t>{256, 784});
    CHECK(file.values<float>("fc3.bias").size() == 10);
    CHECK(file.metadata().at("seed") == "1");
}

TEST_CASE("visit_format knows each floating-point dtype, with its width", "[safetensors]") {
    int known = 0;
    for (int i = 0; i <= static_cast<int>(dtype::u64); ++i) {
        const auto type = static_cast<dtype>(i);
        const std::string_view name = lowprec::io::name(type);
        if (name[0] != 'F' && name.substr(0, 2) != "BF") continue;
        INFO(name);
        int width = 0;
        CHECK(lowprec::visit_format(name, [&]<class F>() { width = F::width; }));
        CHECK(width == lowprec::io::bits(type));
        ++known;
    }
    CHECK(known == 12);
}
