// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Stochastic rounding of many numbers: the bits that it takes, what it makes of them, and how often it goes up.
// needs: simd
// isa: best
#include "support/bulk.hpp"

namespace {

using namespace bulk;

constexpr std::uint64_t firsts[] = {
    0, 1, 5, 16, 127, 1000, (1ULL << 32) - 3, (1ULL << 35) - 70, (1ULL << 63) + 11, ~0ULL - 300};

constexpr policy stochastic(int n, stochastic_method method) {
    return {.round = rounding::stochastic, .method = method, .random_bits = n};
}

/// Floats in the range of 8-bit formats, what rounds from far below it, and what is no number.
std::vector<float> inputs(std::size_t count) {
    std::vector<std::uint32_t> patterns(count);
    random_bits next{11};
    const auto specials = oracle::special_floats();
    for (std::uint32_t& x : patterns) {
        const std::uint64_t r = next();
        x = static_cast<std::uint32_t>(r);
        const std::uint64_t kind = (r >> 32) % 16;
        if (kind < 11) x = (x & 0x807FFFFFU) | static_cast<std::uint32_t>(110 + (r >> 40) % 30) << 23;
        if (kind == 11) x = (x & 0x807FFFFFU) | static_cast<std::uint32_t>(80 + (r >> 40) % 40) << 23;
        if (kind == 12) x &= 0xFFFC0000U;  // few bits: ties and exact values
        if (kind == 13 && (r >> 40) % 4 == 0) x = specials[(r >> 44) % specials.size()];
    }
    return as_floats(patterns);
}

template <class From, class To, policy P>
void check(tally& results, const std::vector<typename From::number>& in, std::uint64_t seed, std::uint64_t first,
           std::size_t from = 0) {
    using T = typename target_of<To>::type;
    const std::vector<typename From::number> part(in.begin() + static_cast<std::ptrdiff_t>(from), in.end());
    std::vector<T> expected(part.size()), got(part.size());
    by_scalar<To>(part, expected, P, {seed, first});
    for_each_isa([&]<class Isa>(const char* isa) {
        run<Isa, From, To, P>({bytes_of(part), 0}, {bytes_of(got), 0}, part.size(), P, {seed, first});
        compare(results, part, got, expected, P, isa);
    });
}

template <class From, class To, policy P>
void check_places(tally& results, const std::vector<typename From::number>& in) {
    for (const std::uint64_t first : firsts) check<From, To, P>(results, in, 0x0123456789ABCDEF, first);
    for (std::size_t skipped = 1; skipped < in.size(); skipped += in.size() / 5)
        check<From, To, P>(results, in, skipped, 77, skipped);
}

constexpr std::size_t count = 20000 / thinned + 77;

template <stochastic_method Method>
void check_method() {
    tally results("method " + std::to_string(static_cast<int>(Method)));
    const std::vector<float> in = inputs(count);
    const auto one = [&]<int N>() { check_places<plain<float>, plain<e4m3>, stochastic(N, Method)>(results, in); };
    one.template operator()<1>();
    one.template operator()<8>();
    one.template operator()<9>();
    one.template operator()<16>();
    one.template operator()<17>();
    one.template operator()<24>();
    one.template operator()<32>();
    one.template operator()<63>();
    one.template operator()<64>();
    results.check(9 * 10);
}

}  // namespace

TEST_CASE("stochastic rounding by every method and number of bits") {
    check_method<stochastic_method::a>();
    check_method<stochastic_method::b>();
    check_method<stochastic_method::c>();
}

TEST_CASE("stochastic rounding to every format") {
    tally results("stochastic to every format");
    const std::vector<float> in = inputs(count / 4);
    std::vector<bf16> halves;
    std::vector<double> doubles;
    for (const float x : in) {
        halves.push_back(convert<bf16>(x));
        doubles.push_back(convert<double>(x));
    }
    const auto one = [&]<class F>() {
        if constexpr (F::width < 32) {
            check<plain<float>, plain<F>, stochastic(64, stochastic_method::b)>(results, in, 1, 3);
            check<plain<float>, plain<F>, stochastic(64, stochastic_method::b)>(results, in, 2, 1ULL << 40);
            if constexpr (F::width <= 8)
                check<plain<float>, plain<F>, stochastic(9, stochastic_method::c)>(results, in, 3, 9);
        }
    };
    [&]<class... F>(std::type_identity<std::tuple<F...>>) {
        (one.template operator()<F>(), ...);
    }(std::type_identity<all_formats>{});
    check<plain<bf16>, plain<e4m3>, stochastic(64, stochastic_method::b)>(results, halves, 4, 5);
    check<plain<bf16>, plain<e5m2>, stochastic(16, stochastic_method::a)>(results, halves, 4, 5);
    check<plain<double>, plain<e4m3>, stochastic(64, stochastic_method::b)>(results, doubles, 4, 5);
    check<plain<double>, plain<float>, stochastic(32, stochastic_method::b)>(results, doubles, 4, 5);
    check<plain<float>, rounded<e4m3>, stochastic(64, stochastic_method::b)>(results, in, 6, 130);
    results.check();
}

TEST_CASE("stochastic rounding of packed elements") {
    tally results("stochastic, packed");
    const auto one = [&]<class To>() {
        constexpr policy p = stochastic(64, stochastic_method::b);
        const std::vector<float> in = inputs(1000);
        for (const std::uint64_t first : firsts) {
            std::vector<typename To::number> expected(in.size()), got(in.size());
            by_scalar<To>(in, expected, p, {9, first});
            for_each_isa([&]<class Isa>(const char* isa) {
                std::vector<std::byte> bytes(1024);
                const unsigned bit = To::bits % 8;
                run<Isa, plain<float>, To, p>({bytes_of(in), 0}, {bytes.data(), bit}, in.size(), p, {9, first});
                const bit_address<const std::byte> base{bytes.data(), bit};
                for (std::size_t i = 0; i < in.size(); ++i) got[i] = To::read(base.after(i * To::bits));
                compare(results, in, got, expected, p, isa);
            });
        }
    };
    one.template operator()<packed<e2m1, nibble_order::low_first>>();
    one.template operator()<packed<e2m1, nibble_order::high_first>>();
    one.template operator()<packed<e3m2, nibble_order::low_first>>();
    results.check(30);
}

TEST_CASE("the result does not depend on how an array is split into calls") {
    constexpr policy p = stochastic(64, stochastic_method::b);
    const std::vector<float> in = inputs(3000);
    tally results("split");
    for_each_isa([&]<class Isa>(const char* isa) {
        std::vector<e4m3> whole(in.size()), parts(in.size());
        run<Isa, plain<float>, plain<e4m3>, p>({bytes_of(in), 0}, {bytes_of(whole), 0}, in.size(), p, {42, 1000});
        for (const std::size_t size : {1U, 7U, 16U, 63U, 64U, 65U, 128U, 129U, 1000U}) {
            for (std::size_t i = 0; i < in.size(); i += size)
                run<Isa, plain<float>, plain<e4m3>, p>({bytes_of(in) + 4 * i, 0}, {bytes_of(parts) + i, 0},
                                                       std::min(size, in.size() - i), p, {42, 1000 + i});
            compare(results, in, parts, whole, p, isa);
        }
    });
    results.check(9);
}

TEST_CASE("elements that 16 random bits don't decide") {
    // Each gets the fraction v for which v + R / 2^64 is just below 1 with the top 16 bits of R, so that the others decide.
    const auto one = []<stochastic_method Method>() {
        constexpr policy p = stochastic(64, Method);
        constexpr std::uint64_t seed = 3, first = 12;
        std::vector<float> in(4099);
        std::size_t expected_up = 0;
        for (std::size_t i = 0; i < in.size(); ++i) {
            const std::uint64_t r = stochastic_bits(seed, first + i), top = r >> 48;
            // v = 1 - top / 2^16 - 1 / 2^17, between 1 and 1.125, whose codes are 0x38 and 0x39; 0 for top = 2^16 - 1 would need more
            const std::uint64_t v = (1U << 17) - 2 * top - 1;
            in[i] = std::bit_cast<float>(0x3F800000U + static_cast<std::uint32_t>(v << 3));
            expected_up += (r & ((1ULL << 48) - 1)) >= 1ULL << 47;
        }
        CHECK(expected_up > in.size() * 2 / 5);
        CHECK(expected_up < in.size() * 3 / 5);
        tally results("undecided");
        check<plain<float>, plain<e4m3>, p>(results, in, seed, first);
        results.check();
        for_each_isa([&]<class Isa>(const char*) {
            std::vector<e4m3> out(in.size());
            run<Isa, plain<float>, plain<e4m3>, p>({bytes_of(in), 0}, {bytes_of(out), 0}, in.size(), p, {seed, first});
            std::size_t up = 0;
            for (const e4m3 x : out) up += x.bits() == 0x39;
            CHECK(up == expected_up);
        });
    };
    one.template operator()<stochastic_method::a>();
    one.template operator()<stochastic_method::b>();
    one.template operator()<stochastic_method::c>();
}

TEST_CASE("how often stochastic rounding goes up") {
    constexpr std::size_t trials = 1 << 16;
    for (int k = 0; k <= 16; ++k) {
        const std::vector<float> in(trials, std::bit_cast<float>(0x3F800000U + (static_cast<std::uint32_t>(k) << 16)));
        std::vector<e4m3> out(trials);
        convert<stochastic(64, stochastic_method::b)>(in, out, 5);
        std::int64_t up = 0;
        for (const e4m3 x : out) up += x.bits() - 0x38;
        const std::int64_t mean = static_cast<std::int64_t>(trials) * k / 16;
        INFO(k << " sixteenths: " << up << " of " << trials);
        CHECK(std::abs(up - mean) <= (k % 16 == 0 ? 0 : 4 * 128));  // a standard deviation is at most 128
    }
}

TEST_CASE("Philox gives its authors' known answers") {
    const auto same = [](detail::philox_words got, detail::philox_words expected) {
        return std::equal(std::begin(got.word), std::end(got.word), std::begin(expected.word));
    };
    using detail::philox4x32_10;
    CHECK(same(philox4x32_10({{0, 0, 0, 0}}, 0), {{0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8}}));
    CHECK(same(philox4x32_10({{0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}}, ~0ULL),
               {{0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD}}));
    CHECK(same(philox4x32_10({{0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344}}, 0x299F31D0A4093822),
               {{0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1}}));
}

TEST_CASE("tables of random bits hold what stochastic_bits says") {
    tally results("random tables");
    for_each_subset([&]<class Isa>(const char* isa) {
        if constexpr (Isa::vectors)
            for (const std::uint64_t at : firsts) {
                const std::uint64_t index = at / 128 * 128;
                detail::random_table table;
                detail::fill_random<Isa>(table, at * 0x9E3779B97F4A7C15U, index);
                for (std::size_t place = 0; place < 128; place += static_cast<std::size_t>(detail::lanes<Isa>)) {
                    std::uint32_t words[64];
                    detail::store_to(words, detail::random_lanes<Isa>(table, place));
                    for (std::size_t l = 0; l < static_cast<std::size_t>(detail::lanes<Isa>); ++l)
                        results.same(
                            words[l] == stochastic_bits(at * 0x9E3779B97F4A7C15U, index + place + l) >> 48 << 16,
                            [&] { return std::string(isa) + " index " + std::to_string(index + place + l); });
                }
            }
    });
    results.check(128);
}
