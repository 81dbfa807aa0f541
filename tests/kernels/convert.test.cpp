// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The public functions: what they take, what they refuse, and that they are the kernels which the other tests of this folder
// check in full.
// needs: simd
// ctest-label: newer_xsimd
// isa: best
// ctest-label: aarch64
#include <array>
#include <stdexcept>

#include "support/bulk.hpp"
#include "support/message_of.hpp"

namespace {

using namespace bulk;

constexpr policy random64{.round = rounding::stochastic};

std::vector<float> some_floats(std::size_t count) {
    std::vector<float> in(count);
    for (std::size_t i = 0; i < count; ++i) in[i] = static_cast<float>(static_cast<int>(i * 37 % 1001) - 500) / 16.0F;
    return in;
}

std::vector<std::byte> bytes(std::size_t count) { return std::vector<std::byte>(count, std::byte{0xA5}); }

}  // namespace

TEST_CASE("convert takes ranges of every kind") {
    const std::vector<float> in = some_floats(100);
    std::vector<e4m3> vector(100);
    convert(in, vector);
    for (std::size_t i = 0; i < in.size(); ++i) CHECK(vector[i].bits() == convert<e4m3>(in[i]).bits());
    std::array<e4m3, 100> array{};
    convert(in, array);
    CHECK(std::equal(array.begin(), array.end(), vector.begin()));
    e4m3 plain_array[100];
    convert(std::span(in), plain_array);
    CHECK(std::equal(array.begin(), array.end(), plain_array));
    std::vector<e4m3> by_span(100);
    convert(std::span<const float, 100>(in), std::span(by_span));
    CHECK(std::equal(array.begin(), array.end(), by_span.begin()));
    const auto made = convert_to<e4m3>(in);
    static_assert(std::is_same_v<decltype(made), const std::vector<e4m3>>);
    CHECK(made == vector);
    CHECK(convert_to<float>(vector) == convert_to<float>(convert_to<double>(vector)));
    CHECK(convert_to<e4m3>(std::vector<float>{}).empty());
    std::vector<float> nothing;
    convert(std::vector<e4m3>{}, nothing);
}

TEST_CASE("convert follows its policy") {
    const std::vector<float> in = {1e9F, -1e9F, 0.0F, 1.0F};
    const auto to = [&]<policy P>() { return convert_to<e4m3, P>(in)[0].bits(); };
    CHECK(to.operator()<policy{}>() == 0x7E);
    CHECK(to.operator()<policy{.over = overflow::nonfinite}>() == 0x7F);
    CHECK(convert_to<e2m1, policy{.round = rounding::upward}>(std::vector<float>{0.1F})[0].bits() == 1);
    CHECK(convert_to<e2m1, policy{.round = rounding::downward}>(std::vector<float>{0.1F})[0].bits() == 0);
}

TEST_CASE("stochastic convert takes the bits of stochastic_bits") {
    const std::vector<float> in = some_floats(1000);
    std::vector<e4m3> out(1000), part(1000);
    convert<random64>(in, out, 17, 5);
    for (std::size_t i = 0; i < in.size(); ++i)
        CHECK(out[i].bits() == convert<e4m3, random64>(in[i], stochastic_bits(17, 5 + i)).bits());
    convert<random64>(std::span(in).first(333), std::span(part).first(333), 17, 5);
    convert<random64>(std::span(in).subspan(333), std::span(part).subspan(333), 17, 5 + 333);
    CHECK(part == out);
    std::vector<float> floats = in;
    round_to<e4m3, random64>(floats, 17, 5);
    CHECK(floats == convert_to<float>(out));
}

TEST_CASE("round_to rounds in place") {
    std::vector<float> floats = some_floats(1000);
    const std::vector<float> in = floats;
    round_to<e2m1>(floats);
    CHECK(floats == convert_to<float>(convert_to<e2m1>(in)));
    round_to<e2m1>(std::span(floats).first(0));
}

TEST_CASE("convert and packed_span: what pack and unpack do") {
    const auto one = []<class F, nibble_order Order>() {
        const std::vector<float> in = some_floats(333);
        const std::vector<F> codes = convert_to<F>(in);
        auto packed_by_convert = bytes(packed_bytes<F>(333)), packed_by_pack = packed_by_convert;
        convert(in, packed_span<F, Order>(packed_by_convert, 333));
        pack<Order>(codes, packed_by_pack);
        // bits after the last code are pack's to clear, but not convert's to touch
        const std::size_t whole = 333 * F::width / 8;
        CHECK(std::equal(packed_by_pack.begin(), packed_by_pack.begin() + static_cast<std::ptrdiff_t>(whole),
                         packed_by_convert.begin()));
        std::vector<F> unpacked(333), again(333);
        convert(packed_span<const F, Order>(packed_by_convert, 333), unpacked);
        unpack<Order>(packed_by_convert, again);
        CHECK(unpacked == codes);
        CHECK(again == codes);
        // a part that begins inside a byte
        auto moved = bytes(packed_bytes<F>(400));
        const packed_span<F, Order> target(moved, 400);
        convert(packed_span<const F, Order>(packed_by_convert, 333).subspan(3, 200), target.subspan(5, 200));
        for (std::size_t i = 0; i < 200; ++i) CHECK(F(target[5 + i]).bits() == codes[3 + i].bits());
        CHECK(convert_to<float>(target.subspan(5, 200)) == convert_to<float>(std::span(codes).subspan(3, 200)));
        CHECK(moved[0] == (F::width == 4 ? std::byte{0xA5} : moved[0]));
    };
    one.template operator()<e2m1, nibble_order::low_first>();
    one.template operator()<e2m1, nibble_order::high_first>();
    one.template operator()<e3m2, nibble_order::low_first>();
    one.template operator()<e2m3, nibble_order::low_first>();
    one.template operator()<p3109<7, 3, p3109_kind::se>, nibble_order::low_first>();
}

TEST_CASE("convert in place") {
    std::vector<float> memory = some_floats(1000);
    const std::vector<e4m3> expected = convert_to<e4m3>(memory);
    std::span<e4m3> out(reinterpret_cast<e4m3*>(memory.data()), memory.size());
    convert(memory, out);
    CHECK(std::memcmp(out.data(), expected.data(), expected.size()) == 0);
}

TEST_CASE("a format converted to itself is copied, NaN of every payload included") {
    const std::vector<fp16> in = all_codes<fp16>();
    const std::vector<fp16> out = convert_to<fp16, presets::ml_dtypes>(in);
    CHECK(std::memcmp(in.data(), out.data(), 2 * in.size()) == 0);
    std::vector<float> floats = as_floats(oracle::special_floats()), copied(floats.size());
    convert(floats, copied);
    CHECK(std::memcmp(floats.data(), copied.data(), 4 * floats.size()) == 0);
    std::vector<fp32> same(floats.size());
    convert(floats, same);
    CHECK(std::memcmp(floats.data(), same.data(), 4 * floats.size()) == 0);
}

TEST_CASE("sizes that differ are refused, and nothing is written") {
    const std::vector<float> in = some_floats(100);
    std::vector<e4m3> out(99, e4m3::from_bits(0x55));
    const std::string message = message_of<std::invalid_argument>([&] { convert(in, out); });
    CHECK_THAT(message, contains("100") && contains("99"));
    CHECK(std::all_of(out.begin(), out.end(), [](e4m3 x) { return x.bits() == 0x55; }));
    CHECK_THAT(message_of<std::invalid_argument>([&] { convert(std::span(in).first(98), out); }),
               contains("98") && contains("99"));
    CHECK_THAT(message_of<std::invalid_argument>([&] { convert<random64>(in, out, 1); }),
               contains("100") && contains("99"));
    auto memory = bytes(50);
    CHECK_THAT(message_of<std::invalid_argument>([&] { convert(in, packed_span<e2m1>(memory, 77)); }),
               contains("100") && contains("77"));
    CHECK(memory == bytes(50));
    CHECK(message_of<std::invalid_argument>([&] { convert(std::span(in).first(0), std::span(out).first(0)); }).empty());
}

TEST_CASE("memory that overlaps is refused, and nothing is written") {
    std::vector<float> memory = some_floats(100);
    const std::vector<float> before = memory;
    const auto codes_at = [&](std::size_t byte, std::size_t count) {
        return std::span(reinterpret_cast<e4m3*>(memory.data()) + byte, count);
    };
    // not at the same address
    CHECK_THAT(message_of<std::invalid_argument>([&] { convert(memory, codes_at(1, 100)); }),
               contains("400 bytes") && contains("100 bytes"));
    CHECK_THAT(message_of<std::invalid_argument>([&] { convert(std::span(memory).subspan(1, 50), codes_at(0, 50)); }),
               contains("200 bytes") && contains("50 bytes"));
    CHECK_THAT(message_of<std::invalid_argument>([&] { convert(codes_at(399, 1), std::span(memory).last(1)); }),
               contains("4 bytes"));
    // at the same address, and growing
    CHECK_THAT(message_of<std::invalid_argument>([&] { convert(codes_at(0, 100), memory); }),
               contains("grow") && contains("400 bytes"));
    // one whole float further would be fine, one byte of overlap is not
    CHECK_THAT(message_of<std::invalid_argument>([&] { convert(std::span(memory).first(10), codes_at(39, 10)); }),
               contains("40 bytes"));
    CHECK(memory == before);
    convert(std::span(memory).first(10), codes_at(40, 10));
    CHECK(memory != before);
    // packed: one bit apart in one byte
    auto packed_memory = bytes(30);
    const packed_span<e3m2> six(packed_memory, 40);
    CHECK_FALSE(message_of<std::invalid_argument>([&] { convert(six.first(20), six.subspan(1, 20)); }).empty());
    CHECK(packed_memory == bytes(30));
    convert(six.first(20), six.first(20));
    CHECK(packed_memory == bytes(30));
}
