// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What a product of numbers with weights must fulfil, whatever the weights are.
#ifndef LOWPREC_TESTS_SUPPORT_MATMUL_NUMBERS_HPP
#define LOWPREC_TESTS_SUPPORT_MATMUL_NUMBERS_HPP

#include <lowprec/kernels/matmul.hpp>

#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/isa.hpp"
#include "support/matmul.hpp"

namespace matmul_checks {

/// What was found of each promise.
struct findings {
    tally bound, rows, threads, environments, special, sources;
};
#define CHECK_FINDINGS(f, least)                 \
    do {                                         \
        CHECK_TALLY_OVER((f).bound, least);      \
        CHECK_TALLY_OVER((f).rows, 10U);         \
        CHECK_TALLY_OVER((f).threads, 10U);      \
        CHECK_TALLY_OVER((f).environments, 10U); \
        CHECK_TALLY_OVER((f).special, 5U);       \
        CHECK_TALLY_OVER((f).sources, 10U);      \
    } while (false)

template <class Isa, class X, class Out, class W, class Case>
void check_outputs(findings& found, const char* name, const Case& w, const W& prepared, std::size_t m,
                   numbers_are which, random_bits& next) {
    const std::size_t n = w.rows, k = w.columns;
    const std::vector<X> x = some_numbers<X>(m, k, which, next);
    std::vector<Out> y(m * n);
    product<Isa>(x, prepared, y);
    for (std::size_t i = 0; i < m; ++i)
        for (std::size_t r = 0; r < n; ++r) {
            const auto e = expected(x.data() + i * k, w.values.data() + r * k, k);
            found.bound.equal(within(y[i * n + r], e, gamma(k), 4 * k + 4), true, name, "features", Isa::value, "rows",
                              m, "columns", k, "numbers", static_cast<int>(which), "at", i, r, "is",
                              exactly(y[i * n + r]), "exact", static_cast<double>(e.value), "magnitudes",
                              static_cast<double>(e.magnitudes));
        }
    // one by one; short groups of 4-bit weights have one kernel for up to 4 rows and one for more
    const std::size_t together = prepared.group() < 64 && m > 4 ? 5 : 1;
    std::vector<Out> single(together * n);
    for (std::size_t i = 0; i + together <= m; i += 1 + m / 8) {
        const std::vector<X> row(x.begin() + static_cast<std::ptrdiff_t>(i * k),
                                 x.begin() + static_cast<std::ptrdiff_t>((i + together) * k));
        product<Isa>(row, prepared, single);
        found.rows.equal(std::memcmp(single.data(), y.data() + i * n, together * n * sizeof(Out)), 0, name, "features",
                         Isa::value, together, "rows by themselves: row", i, "of", m, "columns", k, "numbers",
                         static_cast<int>(which));
    }
    // in any order, on any threads, in any environment
    std::vector<Out> again(m * n);
    for (const std::size_t threads : {1U, 2U, 3U, 7U}) {
        if (threads > 3 && k > 200) continue;
        product<Isa>(x, prepared, again, {}, scrambled{threads});
        found.threads.equal(same_bytes(again, y), true, name, "threads", threads, "rows", m, "columns", k);
    }
    in_every_environment([&](const char* where) {
        product<Isa>(x, prepared, again);
        found.environments.equal(same_bytes(again, y), true, name, "environment", where, "rows", m, "columns", k,
                                 "numbers", static_cast<int>(which));
    });
    // numbers so small that they need another way change nothing about the rows beside them
    if (m > 1 && which != numbers_are::subnormal) {
        std::vector<X> tiny = x;
        for (std::size_t c = 0; c < k; ++c)
            tiny[c] = matmul_checks::as<X>(std::is_same_v<X, fp16> ? 0x1p-24 : 0x1p-133);
        product<Isa>(tiny, prepared, again);
        found.rows.equal(std::memcmp(again.data() + n, y.data() + n, (m - 1) * n * sizeof(Out)), 0, name, "features",
                         Isa::value, "rows beside tiny numbers: rows", m, "columns", k);
    }
    // NaN and infinity stay in their rows: others are as they were
    if (m > 2 && k > 2) {
        std::vector<X> wild = x;
        wild[k + k / 2] = matmul_checks::as<X>(std::numeric_limits<double>::quiet_NaN());
        wild[2 * k + k - 1] = matmul_checks::as<X>(std::numeric_limits<double>::infinity());
        product<Isa>(wild, prepared, again);
        bool others = true, nan = true, infinite = true;
        for (std::size_t i = 0; i < m * n; ++i) {
            const double v = exactly(again[i]);
            if (i / n == 1)
                nan = nan && std::isnan(v);
            else if (i / n == 2) {
                const double value = w.values[i % n * k + k - 1];
                infinite = infinite && (value == 0 ? std::isnan(v) : std::isinf(v) && (v < 0) == (value < 0));
            } else
                others = others && std::memcmp(&again[i], &y[i], sizeof(Out)) == 0;
        }
        found.special.equal(others && nan && infinite, true, name, "features", Isa::value, "NaN and infinity: others",
                            others, "nan", nan, "infinite", infinite, "rows", m, "columns", k);
    }
}

/// make(n, k, codes, random) makes weights.
template <class Isa, class X, class Out, class Make>
void check_weights(findings& found, const char* name, Make&& make) {
    random_bits next{31};
    const std::size_t shapes[][3] = {{1, 17, 31}, {3, 64, 128}, {7, 70, 200}, {33, 80, 784}, {2, 16, 4096}};
    for (const auto& [m, n, k] : shapes)
        for (const auto which :
             {numbers_are::any, numbers_are::in_pairs, numbers_are::big_and_small, numbers_are::subnormal}) {
            if (which == numbers_are::subnormal && m > 7) continue;
            const auto w = make(n, k, which == numbers_are::any ? codes_are::any : codes_are::in_pairs, next);
            const auto source = w.source();
            const auto prepared = prepare(source);
            using P = std::remove_const_t<decltype(prepared)>;
            check_outputs<Isa, X, Out>(found, name, w, prepared, m, which, next);
            const std::vector<X> x = some_numbers<X>(m, k, which, next);
            std::vector<Out> y(m * n), plain(m * n), loaded(m * n);
            product<Isa>(x, prepared, y);
            product<Isa>(x, source, plain);
            const P from = P::from_bytes(std::vector<std::byte>(prepared.bytes().begin(), prepared.bytes().end()));
            product<Isa>(x, from, loaded);
            found.sources.equal(same_bytes(y, plain), true, name, "plain weights, rows", m, "columns", k);
            found.sources.equal(same_bytes(y, loaded), true, name, "weights from bytes, rows", m, "columns", k);
        }
}

}  // namespace matmul_checks

using namespace matmul_checks;

#endif
