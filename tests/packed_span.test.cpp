// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: aarch64
//
// packed_span against a stream of bits: reading, writing and sub-spans at every offset, for every width and order.
#include <algorithm>
#include <array>
#include <iterator>
#include <lowprec/convert.hpp>
#include <lowprec/packed_span.hpp>
#include <ranges>
#include <span>
#include <stdexcept>
#include <vector>

#include "support/bit_stream.hpp"
#include "support/catch.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

std::vector<std::byte> random_bytes(std::size_t size, random_bits& random) {
    std::vector<std::byte> bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::byte>(random());
    return bytes;
}

constexpr std::size_t most = 40;

}  // namespace

TEST_CASE("elements are read where the stream has them") {
    tally result;
    std::uint64_t expected_checks = 0;
    random_bits random{3};
    bit_stream::for_each_layout([&]<class F, nibble_order Order>() {
        for (std::size_t n = 0; n <= most; ++n) {
            std::vector<std::byte> bytes = random_bytes(packed_bytes<F>(n), random);  // exactly: a sanitizer sees more
            const auto bits = bit_stream::bits_of(bytes);
            const packed_span<F, Order> span(bytes, n);
            const packed_span<const F, Order> constant = span;
            for (std::size_t i = 0; i < n; ++i) {
                const unsigned expected = bit_stream::get<Order, F>(bits, i * F::width);
                const F value = span[i];
                result.equal(value.bits(), expected, name_of<F>, n, i);
                result.equal(constant[i].bits(), expected, "const", name_of<F>, n, i);
            }
            result.equal(bit_stream::bits_of(bytes) == bits, true, "unchanged", name_of<F>, n);
            expected_checks += 2 * n + 1;
        }
    });
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("writing an element changes its bits and no others") {
    tally result;
    std::uint64_t expected_checks = 0;
    random_bits random{4};
    bit_stream::for_each_layout([&]<class F, nibble_order Order>() {
        for (const std::size_t n : {1U, 2U, 3U, 5U, 8U, 11U, 16U}) {
            const std::size_t guard = 2, size = packed_bytes<F>(n);
            std::vector<std::byte> bytes = random_bytes(size + 2 * guard, random);
            const packed_span<F, Order> span(std::span<std::byte>(bytes).subspan(guard, size), n);
            for (std::size_t i = 0; i < n; ++i)
                for (unsigned code = 0; code < 1U << F::width; ++code) {
                    const auto before = random_bytes(bytes.size(), random);
                    std::copy(before.begin(), before.end(), bytes.begin());
                    auto expected = bit_stream::bits_of(before);
                    bit_stream::put<Order>(expected, 8 * guard + i * F::width, make<F>(code));
                    span[i] = make<F>(code);
                    result.equal(bit_stream::bits_of(bytes) == expected, true, name_of<F>, n, i, code);
                    ++expected_checks;
                }
        }
    });
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("a part begins at any element, inside a byte too") {
    tally result;
    std::uint64_t expected_checks = 0;
    random_bits random{5};
    bit_stream::for_each_layout([&]<class F, nibble_order Order>() {
        const std::size_t n = 19;
        std::vector<std::byte> bytes = random_bytes(packed_bytes<F>(n), random);
        const packed_span<F, Order> span(bytes, n);
        for (std::size_t offset = 0; offset <= n; ++offset)
            for (std::size_t count = 0; count <= n - offset; ++count) {
                const auto part = span.subspan(offset, count);
                const packed_span<const F, Order> constant = part;
                const std::size_t bit = offset * F::width;
                result.equal(part.size(), count, "size", name_of<F>, offset, count);
                result.equal(part.bytes() == bytes.data() + bit / 8, true, "bytes", name_of<F>, offset, count);
                result.equal(part.bit_offset(), bit % 8, "bit_offset", name_of<F>, offset, count);
                auto expected = bit_stream::bits_of(bytes);
                for (std::size_t i = 0; i < count; ++i) {
                    const F old = part[i];
                    result.equal(old.bits(), bit_stream::get<Order, F>(expected, bit + i * F::width), name_of<F>,
                                 offset, i);
                    result.equal(constant[i].bits(), old.bits(), "const", name_of<F>, offset, i);
                    const F fresh = make<F>(random() & F::code_mask);
                    part[i] = fresh;
                    bit_stream::put<Order>(expected, bit + i * F::width, fresh);
                }
                result.equal(bit_stream::bits_of(bytes) == expected, true, "written", name_of<F>, offset, count);
                expected_checks += 4 + 2 * count;
            }
        // a part of a part; first, last, and the rest
        for (std::size_t a = 0; a <= n; ++a)
            for (std::size_t b = 0; a + b <= n; ++b) {
                const auto once = span.subspan(a + b), twice = span.subspan(a).subspan(b);
                const auto last = span.last(n - a - b), first = span.first(a + b);
                result.equal(once.bytes() == twice.bytes() && once.bit_offset() == twice.bit_offset() &&
                                 once.size() == twice.size() && once.size() == n - a - b,
                             true, "twice", name_of<F>, a, b);
                result.equal(once.bytes() == last.bytes() && once.bit_offset() == last.bit_offset() &&
                                 once.size() == last.size(),
                             true, "last", name_of<F>, a, b);
                result.equal(first.bytes() == span.bytes() && first.bit_offset() == 0 && first.size() == a + b, true,
                             "first", name_of<F>, a, b);
                expected_checks += 3;
            }
    });
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("references") {
    std::array<std::byte, 5> bytes{};
    const packed_span<e2m3> p(bytes, 6);
    for (std::size_t i = 0; i < p.size(); ++i) p[i] = e2m3::from_bits(static_cast<std::uint8_t>(i + 1));
    const auto code = [&](std::size_t i) { return static_cast<e2m3>(p[i]).bits(); };

    p[0] = p[5];  // the value, not the place
    CHECK((code(0) == 6 && code(5) == 6));
    p[1] = packed_span<const e2m3>(p)[2];
    CHECK(code(1) == 3);
    auto named = p[3];
    const e2m3 value = named;
    CHECK(value.bits() == 4);
    p[3] = e2m3::from_bits(0x11);
    CHECK(static_cast<e2m3>(named).bits() == 0x11);  // it stands for the place
    p[4] = named;
    CHECK(code(4) == 0x11);
    swap(p[0], p[1]);
    CHECK((code(0) == 3 && code(1) == 6));
    CHECK(p[3] == p[4]);
    CHECK(p[0] < p[1]);
    CHECK(p[3] == e2m3::from_bits(0x11));
    CHECK(static_cast<float>(p[0]) == static_cast<float>(e2m3::from_bits(3)));
    p.front() = e2m3::from_bits(0x3F);
    p.back() = e2m3::from_bits(0x2A);
    CHECK((code(0) == 0x3F && code(5) == 0x2A));
    // between orders
    std::array<std::byte, 1> low{}, high{};
    packed_span<e2m1>(low, 2)[1] = e2m1::from_bits(0x9);
    packed_span<e2m1, nibble_order::high_first>(high, 2)[1] = packed_span<e2m1>(low, 2)[1];
    CHECK((low[0] == std::byte{0x90} && high[0] == std::byte{0x09}));
}

namespace {

template <class P>
using reference = decltype(std::declval<const P&>()[0]);
template <class To, class From>
concept assigns = requires(To to, From from) {
    static_cast<To>(to) = from;
};

using span6 = packed_span<e2m3>;
using constant6 = packed_span<const e2m3>;
static_assert(assigns<reference<span6>&&, e2m3>);
static_assert(assigns<const reference<span6>&&, e2m3>);
static_assert(!assigns<reference<span6>&, e2m3>, "auto x = p[i]; x = v;");
static_assert(!assigns<const reference<span6>&, e2m3>);
static_assert(!assigns<reference<span6>&, reference<span6>>, "auto x = p[i]; x = p[j];");
static_assert(!assigns<reference<span6>&&, float>, "as for e2m3");
static_assert(!assigns<reference<constant6>&&, e2m3>);
static_assert(std::is_same_v<std::remove_const_t<reference<constant6>>, e2m3>);

static_assert(std::is_convertible_v<span6, constant6> && !std::is_convertible_v<constant6, span6>);
static_assert(std::is_convertible_v<span6::iterator, constant6::iterator>);
static_assert(!std::is_convertible_v<packed_span<e2m1>, packed_span<const e2m1, nibble_order::high_first>>);
static_assert(!std::is_constructible_v<span6, std::span<const std::byte>, std::size_t>);
static_assert(std::is_constructible_v<constant6, std::span<std::byte>, std::size_t>);
static_assert(std::is_trivially_copyable_v<span6> && std::is_trivially_copyable_v<span6::iterator>);
static_assert(std::is_same_v<constant6::value_type, e2m3> && std::is_same_v<constant6::element_type, const e2m3>);
static_assert(std::is_same_v<decltype(std::declval<span6>().bytes()), std::byte*>);
static_assert(std::is_same_v<decltype(std::declval<constant6>().bytes()), const std::byte*>);
static_assert(span6::order == nibble_order::low_first);

static_assert(std::random_access_iterator<span6::iterator> && std::random_access_iterator<constant6::iterator>);
static_assert(std::indirectly_writable<span6::iterator, e2m3> && !std::indirectly_writable<constant6::iterator, e2m3>);
static_assert(std::permutable<span6::iterator>);
static_assert(std::ranges::random_access_range<span6> && std::ranges::sized_range<span6>);
static_assert(std::ranges::borrowed_range<span6> && std::ranges::view<span6> && std::ranges::view<constant6>);
static_assert(std::is_same_v<std::iterator_traits<span6::iterator>::iterator_category, std::input_iterator_tag>);

template <class Element, nibble_order Order = nibble_order::low_first>
concept spannable = requires {
    typename packed_span<Element, Order>;
};
static_assert(spannable<ue4m3> && spannable<const e2m1, nibble_order::high_first>);
static_assert(!spannable<e4m3> && !spannable<const e8m0> && !spannable<float>);
static_assert(!spannable<e2m3, nibble_order::high_first>);

// In a constant expression a byte without a bit of the element can't be touched: beyond the array is no byte.
template <class F, nibble_order Order, std::size_t N>
constexpr bool writes_and_reads() {
    std::array<std::byte, packed_bytes<F>(N)> bytes{};
    const packed_span<F, Order> p(bytes, N);
    const auto code = [](std::size_t i) { return static_cast<typename F::storage_type>((7 * i + 3) & F::code_mask); };
    for (std::size_t i = 0; i < N; ++i) p[N - 1 - i] = F::from_bits(code(N - 1 - i));
    std::size_t i = 0;
    for (const F value : packed_span<const F, Order>(p))
        if (value.bits() != code(i++)) return false;
    std::array<std::byte, packed_bytes<F>(N)> packed{};
    std::array<F, N> codes{};
    std::ranges::copy(p, codes.begin());
    pack<Order>(codes, packed);
    return packed == bytes && p.subspan(N).empty() && packed_span<F, Order>().empty();
}
static_assert(writes_and_reads<e2m1, nibble_order::low_first, 7>());
static_assert(writes_and_reads<e2m1, nibble_order::high_first, 7>());
static_assert(writes_and_reads<e3m2, nibble_order::low_first, 8>());
static_assert(writes_and_reads<e3m2, nibble_order::low_first, 9>());
static_assert(writes_and_reads<ue4m3, nibble_order::low_first, 8>());
static_assert(writes_and_reads<p3109<5, 2, p3109_kind::sf>, nibble_order::low_first, 3>());

}  // namespace

TEST_CASE("iterators and algorithms") {
    bit_stream::for_each_layout([]<class F, nibble_order Order>() {
        random_bits random{6};
        const std::size_t n = 29;
        std::vector<std::byte> bytes(packed_bytes<F>(n + 3));
        const auto p = packed_span<F, Order>(bytes, n + 3).subspan(3);
        std::vector<F> codes = bit_stream::some_codes<F>(n, random);
        const auto same = [&](const auto& span) {
            return std::ranges::equal(span, codes, [](F a, F b) { return a.bits() == b.bits(); });
        };
        std::ranges::copy(codes, p.begin());
        CHECK(same(p));
        std::ranges::reverse(p);
        std::ranges::reverse(codes);
        CHECK(same(p));
        const auto less = [](F a, F b) { return a.bits() < b.bits(); };
        std::ranges::sort(p, less);
        std::ranges::sort(codes, less);
        CHECK(same(p));
        CHECK(same(packed_span<const F, Order>(p)));
        const std::vector<F> copied(p.begin(), p.end());
        CHECK(same(copied));
        std::ranges::fill(p.subspan(4, 10), codes[0]);
        std::ranges::fill(codes.begin() + 4, codes.begin() + 14, codes[0]);
        CHECK(same(p));
        CHECK(static_cast<F>(packed_span<F, Order>(bytes, n + 3)[2]).bits() == 0);  // before the part

        auto at = p.begin() + 7;
        CHECK(at - p.begin() == 7);
        CHECK(static_cast<F>(at[-2]).bits() == codes[5].bits());
        CHECK(static_cast<F>(*at++).bits() == codes[7].bits());
        CHECK(static_cast<F>(*at--).bits() == codes[8].bits());
        CHECK(static_cast<F>(*++at).bits() == codes[8].bits());
        CHECK(static_cast<F>(*--at).bits() == codes[7].bits());
        CHECK(static_cast<F>(*(3 + at - 1)).bits() == codes[9].bits());
        CHECK((at < p.end() && at != p.begin() && (at += 2) == p.begin() + 9 && (at -= 9) == p.begin()));
        CHECK(p.end() - p.begin() == static_cast<std::ptrdiff_t>(n));
    });
}

TEST_CASE("what doesn't fit is refused") {
    std::vector<std::byte> bytes(5);
    const packed_span<e3m2> p(bytes, 6);
    CHECK(packed_span<e3m2>(bytes, 2).size() == 2);  // more bytes than codes are welcome
    CHECK_THROWS_AS(packed_span<e3m2>(bytes, 7), std::invalid_argument);
    CHECK_THROWS_WITH(packed_span<e3m2>(bytes, 7),
                      "lowprec::packed_span: 7 codes of 6 bits take 6 bytes, but bytes has 5");
    CHECK_THROWS_AS(packed_span<const e3m2>(bytes, ~std::size_t{0}), std::invalid_argument);
    CHECK_THROWS_AS(p.subspan(7), std::invalid_argument);
    CHECK_THROWS_WITH(p.subspan(7), "lowprec::packed_span::subspan: offset 7 is past the size 6");
    CHECK_THROWS_WITH(p.subspan(4, 3), "lowprec::packed_span::subspan: offset 4 and count 3 reach past the size 6");
    CHECK_THROWS_AS(p.subspan(7, 0), std::invalid_argument);
    CHECK_THROWS_AS(p.subspan(2, ~std::size_t{0} - 1), std::invalid_argument);
    CHECK_THROWS_WITH(p.first(7), "lowprec::packed_span::first: count 7 is past the size 6");
    CHECK_THROWS_WITH(p.last(8), "lowprec::packed_span::last: count 8 is past the size 6");
    CHECK_THROWS_AS(p.first(7), std::invalid_argument);
    CHECK_THROWS_AS(p.last(7), std::invalid_argument);
    CHECK(p.subspan(6).empty());
    CHECK(p.subspan(6, 0).empty());
    CHECK(p.first(6).size() == 6);
}
