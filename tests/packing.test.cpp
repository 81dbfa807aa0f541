// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: aarch64
//
// pack and unpack against the stream of bits that they are defined as, for every width and order.
#include <array>
#include <climits>
#include <cstdint>
#include <lowprec/packing.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/bit_stream.hpp"
#include "support/catch.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

constexpr std::size_t lengths[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,  12,  13,  14,
                                   15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,  27,  28,  29,
                                   30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 128, 131, 1000};
constexpr std::size_t guard = 3;
constexpr auto guard_byte = std::byte{0xA5};

// The bytes of a stream, with nothing behind the last code.
template <nibble_order Order, class F>
std::vector<bool> expected_bits(const std::vector<F>& codes) {
    const std::size_t bytes = (codes.size() * F::width + 7) / 8;
    std::vector<bool> bits(8 * bytes);
    for (std::size_t i = 0; i < codes.size(); ++i) bit_stream::put<Order>(bits, i * F::width, codes[i]);
    return bits;
}

template <class F>
std::vector<unsigned> bits_of_codes(const std::vector<F>& codes) {
    std::vector<unsigned> bits;
    for (const F code : codes) bits.push_back(code.bits());
    return bits;
}

}  // namespace

TEST_CASE("pack writes the stream, clears the bits after it and touches nothing else") {
    tally result;
    std::uint64_t expected_checks = 0;
    random_bits random{1};
    bit_stream::for_each_layout([&]<class F, nibble_order Order>() {
        for (const std::size_t n : lengths) {
            const std::vector<F> codes = bit_stream::some_codes<F>(n, random);
            const std::vector<bool> expected = expected_bits<Order>(codes);
            const std::size_t size = expected.size() / 8;
            result.equal(packed_bytes<F>(n), size, "packed_bytes", name_of<F>, n);
            std::vector<std::byte> memory(size + 2 * guard, guard_byte);
            pack<Order>(codes, std::span(memory).subspan(guard, size));
            const auto bits = bit_stream::bits_of(memory);
            for (std::size_t k = 0; k < 8 * guard; ++k) {
                const bool outside = (0xA5U >> k % 8 & 1U) != 0;
                result.equal(bits[k], outside, "before", name_of<F>, n);
                result.equal(bits[8 * (guard + size) + k], outside, "behind", name_of<F>, n);
            }
            for (std::size_t k = 0; k < 8 * size; ++k)
                result.equal(bits[8 * guard + k], expected[k], "bit", k, name_of<F>, n);
            expected_checks += 1 + 16 * guard + 8 * size;
        }
    });
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("unpack reads the stream, whatever stands after its last code") {
    tally result;
    std::uint64_t expected_checks = 0;
    random_bits random{2};
    bit_stream::for_each_layout([&]<class F, nibble_order Order>() {
        for (const std::size_t n : lengths) {
            std::vector<unsigned char> bytes((n * F::width + 7) / 8);
            for (auto& byte : bytes) byte = static_cast<unsigned char>(random());
            const auto bits = bit_stream::bits_of(bytes);
            std::vector<F> codes(n + 2, make<F>(1));
            unpack<Order>(bytes, std::span(codes).subspan(1, n));
            for (std::size_t i = 0; i < n; ++i)
                result.equal(codes[i + 1].bits(), bit_stream::get<Order, F>(bits, i * F::width), "code", i, name_of<F>,
                             n);
            result.equal(codes.front().bits(), 1, "before", name_of<F>, n);
            result.equal(codes.back().bits(), 1, "behind", name_of<F>, n);
            expected_checks += n + 2;
        }
    });
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("every code comes back at every place of the word") {
    tally result;
    std::uint64_t expected_checks = 0;
    bit_stream::for_each_layout([&]<class F, nibble_order Order>() {
        for (unsigned code = 0; code < 1U << F::width; ++code)
            for (std::size_t at = 0; at < 11; ++at)
                for (const bool ones : {false, true}) {
                    std::vector<F> codes(11, make<F>(ones ? F::code_mask : 0)), back(11);
                    codes[at] = make<F>(code);
                    std::vector<std::byte> bytes(packed_bytes<F>(11));
                    pack<Order>(codes, bytes);
                    unpack<Order>(bytes, back);
                    result.equal(bits_of_codes(back) == bits_of_codes(codes), true, name_of<F>, code, at);
                    ++expected_checks;
                }
    });
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("the layouts that other systems write") {
    // compressed-tensors nvfp4: [0.5, -6] is 0xF1; the first element in the low nibble
    const e2m1 pair[] = {e2m1::from_bits(0x1), e2m1::from_bits(0xF)};
    unsigned char byte[1]{};
    pack(pair, byte);
    CHECK(byte[0] == 0xF1);
    pack<nibble_order::high_first>(pair, byte);
    CHECK(byte[0] == 0x1F);
    // one code of an odd count: the other nibble is zero
    pack<nibble_order::high_first>(std::span(pair).last(1), byte);
    CHECK(byte[0] == 0xF0);
    pack(std::span(pair).last(1), byte);
    CHECK(byte[0] == 0x0F);
    // four 6-bit codes as one 24-bit number
    const std::array codes{e2m3::from_bits(0x01), e2m3::from_bits(0x22), e2m3::from_bits(0x33), e2m3::from_bits(0x3C)};
    std::array<unsigned char, 3> bytes{};
    pack(codes, bytes);
    const unsigned number = 0x01U | 0x22U << 6 | 0x33U << 12 | 0x3CU << 18;
    CHECK((bytes[0] | unsigned{bytes[1]} << 8 | unsigned{bytes[2]} << 16) == number);
}

TEST_CASE("any contiguous range will do") {
    const std::vector<e3m2> codes(5, e3m2::from_bits(0x2A));
    std::array<e3m2, 5> array{};
    e3m2 c_array[5]{};
    std::vector<e3m2> vector(5);
    std::vector<std::byte> bytes(4);
    unsigned char c_bytes[4]{};
    const auto filled = [](const auto& out) {
        for (const e3m2 x : out)
            if (x.bits() != 0x2A) return false;
        return true;
    };
    pack(codes, bytes);
    pack(std::vector<e3m2>(codes), std::span<std::byte, 4>(bytes));
    pack(std::span<const e3m2, 5>(codes), c_bytes);
    unpack(bytes, array);
    unpack(std::as_const(bytes), c_array);
    unpack(std::span<const std::byte>(bytes), vector);
    CHECK((filled(array) && filled(c_array) && filled(vector)));
    vector.assign(5, e3m2{});
    unpack(std::span<const unsigned char, 4>(c_bytes), std::span<e3m2>(vector));
    pack(c_array, std::span<unsigned char>(c_bytes));
    const std::span<e3m2, 5> fixed(array);
    unpack(std::vector<std::byte>(bytes), fixed);
    CHECK((filled(array) && filled(vector)));
    pack(std::vector<e3m2>(), std::span<std::byte>());
    unpack(std::vector<std::byte>(), std::span<e3m2>());
}

namespace {

// Names, so that they are unevaluated in a template and a refusal is an answer.
template <class Codes, class Bytes, nibble_order Order = nibble_order::low_first>
concept packs = requires(Codes&& codes, Bytes&& bytes) {
    pack<Order>(codes, bytes);
};
template <class Bytes, class Codes, nibble_order Order = nibble_order::low_first>
concept unpacks = requires(Bytes&& bytes, Codes&& codes) {
    unpack<Order>(bytes, codes);
};

using bytes_type = std::vector<std::byte>;
static_assert(packs<std::vector<e2m1>&, bytes_type&>);
static_assert(packs<std::vector<e2m1>&, bytes_type&, nibble_order::high_first>);
static_assert(!packs<std::vector<e2m3>&, bytes_type&, nibble_order::high_first>);
static_assert(!packs<std::vector<e4m3>&, bytes_type&>);
static_assert(!packs<std::vector<float>&, bytes_type&>);
static_assert(!packs<std::vector<e2m1>&, const bytes_type&>);
static_assert(!packs<std::vector<e2m1>&, std::string&>);
static_assert(!packs<std::vector<e2m1>&, std::vector<std::uint16_t>&>);
static_assert(!packs<e2m1, bytes_type&>);
static_assert(!packs<int, int>);
static_assert(unpacks<const bytes_type&, std::vector<e2m1>&>);
static_assert(!unpacks<const bytes_type&, const std::vector<e2m1>&>);
static_assert(!unpacks<const bytes_type&, std::vector<e2m3>&, nibble_order::high_first>);
static_assert(!unpacks<const std::vector<float>&, std::vector<e2m1>&>);

static_assert(packed_bytes<e2m3>(0) == 0 && packed_bytes<e2m3>(1) == 1 && packed_bytes<e2m3>(4) == 3);
static_assert(packed_bytes<ue4m3>(~std::size_t{0}) == (~std::size_t{0} >> 3) * 7 + 7, "no overflow");

// In a constant expression a byte too much, read or written, doesn't compile.
template <class F, nibble_order Order, std::size_t N>
constexpr bool comes_back() {
    std::array<F, N> codes{}, back{};
    for (std::size_t i = 0; i < N; ++i) codes[i] = F::from_bits(static_cast<typename F::storage_type>(5 * i + 3));
    std::array<unsigned char, packed_bytes<F>(N)> bytes{};
    pack<Order>(codes, bytes);
    unpack<Order>(bytes, back);
    for (std::size_t i = 0; i < N; ++i)
        if (back[i].bits() != codes[i].bits()) return false;
    return true;
}
static_assert(comes_back<e2m1, nibble_order::low_first, 11>());
static_assert(comes_back<e2m1, nibble_order::high_first, 11>());
static_assert(comes_back<e3m2, nibble_order::low_first, 21>());
static_assert(comes_back<ue4m3, nibble_order::low_first, 16>());
static_assert(comes_back<p3109<5, 2, p3109_kind::sf>, nibble_order::low_first, 7>());

}  // namespace

TEST_CASE("sizes that don't fit together are refused, and nothing is written") {
    tally result;
    std::uint64_t expected_checks = 0;
    for (std::size_t n = 0; n < 20; ++n)
        for (std::size_t size = 0; size < 20; ++size) {
            if (size == packed_bytes<e3m2>(n)) continue;
            std::vector<e3m2> codes(n, e3m2::from_bits(0x15));
            std::vector<std::byte> bytes(size, guard_byte);
            const auto throws = [](auto&& call) {
                try {
                    call();
                } catch (const std::invalid_argument&) {
                    return true;
                }
                return false;
            };
            result.equal(throws([&] { pack(codes, bytes); }), true, "pack", n, size);
            result.equal(throws([&] { unpack(bytes, codes); }), true, "unpack", n, size);
            result.equal(bytes == std::vector<std::byte>(size, guard_byte), true, "bytes", n, size);
            result.equal(codes == std::vector<e3m2>(n, e3m2::from_bits(0x15)), true, "codes", n, size);
            expected_checks += 4;
        }
    CHECK_TALLY(result, expected_checks);

    std::vector<e3m2> codes(7);
    std::vector<std::byte> bytes(5);
    CHECK_THROWS_AS(pack(codes, bytes), std::invalid_argument);
    CHECK_THROWS_WITH(pack(codes, bytes), "lowprec::pack: 7 codes of 6 bits take exactly 6 bytes, but bytes has 5");
    CHECK_THROWS_WITH(unpack(bytes, codes), "lowprec::unpack: 7 codes of 6 bits take exactly 6 bytes, but bytes has 5");
}

TEST_CASE("texts without <string>: numbers of every type, and a cut at the capacity") {
    const auto written = [](const auto&... parts) {
        detail::text t;
        (t << ... << parts);
        CHECK(std::string_view(t) == t.characters);
        return std::string(t);
    };
    CHECK(written("a ", 0, " b", -7, " ", 1000, " ", 99) == "a 0 b-7 1000 99");
    CHECK(written(~std::uint64_t{0}, " ", INT64_MIN, " ", INT_MIN, " ", std::uint8_t{255}, " ", std::int8_t{-128}) ==
          "18446744073709551615 -9223372036854775808 -2147483648 255 -128");
    CHECK(written(std::string(159, 'x'), 123, "more") == std::string(159, 'x') + "1");
}
