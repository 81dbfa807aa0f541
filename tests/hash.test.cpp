// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/hash.hpp>
#include <unordered_map>
#include <unordered_set>

#include "support/catch.hpp"
#include "support/tally.hpp"

using namespace lowprec;

TEST_CASE("equal values have equal hashes, and others don't collide") {
    tally result;
    std::uint64_t expected = 0;
    for_each_format<all_formats>([&]<class F>(F) {
        if constexpr (F::width <= 16) {
            std::unordered_map<std::size_t, F> seen;
            for (std::uint32_t c = 0; c < 1u << F::width; ++c, ++expected) {
                const F x = F::from_bits(static_cast<typename F::storage_type>(c));
                const auto [at, fresh] = seen.emplace(std::hash<F>{}(x), x);
                result.equal(fresh || at->second == x, true, name_of<F>, c);
            }
            // only -0 shares a hash
            result.equal(seen.size(), (1u << F::width) - (F::has_negative_zero ? 1u : 0u), name_of<F>);
            ++expected;
        }
    });
    CHECK_TALLY(result, expected);
}

TEST_CASE("0 and -0 hash alike; the code of -0 that is a NaN hashes by its code") {
    const auto hash = []<class F>(F x) { return std::hash<F>{}(x); };
    CHECK(hash(e4m3::from_bits(0x80)) == hash(e4m3::from_bits(0x00)));
    CHECK(hash(tf32::from_bits(0x40000)) == hash(tf32::from_bits(0)));
    CHECK(hash(fp64::from_bits(std::uint64_t{1} << 63)) == hash(fp64::from_bits(0)));
    CHECK(hash(e4m3_fnuz::from_bits(0x80)) != hash(e4m3_fnuz::from_bits(0x00)));
    CHECK(hash(e4m3::from_bits(0x7F)) != hash(e4m3::from_bits(0xFF)));
}

TEST_CASE("formats are keys of unordered containers") {
    std::unordered_set<fp16> keys;
    for (int i = -100; i <= 100; ++i) keys.insert(fp16(i / 10));
    keys.insert(fp16(-0.0f));
    CHECK(keys.size() == 21);
    CHECK(keys.count(fp16(7)) == 1);
    CHECK(keys.count(fp16(11)) == 0);
}
