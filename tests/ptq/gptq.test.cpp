// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// GPTQ against two references in long double that share nothing with it or with each other: the published form, with H inverted by
// elimination, and LDLQ, which needs no inverse. Then what it must survive.
// needs: ptq
#include <lowprec/ptq/gptq.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/random_layers.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

using real = long double;
using reals = std::vector<real>;
using int4_groups = integer_target<affine<4>>;

/// Tokens of which neighbouring columns are correlated by rho.
std::vector<float> random_inputs(random_bits& random, std::size_t tokens, std::size_t n, double rho) {
    std::vector<float> x(tokens * n);
    for (std::size_t t = 0; t < tokens; ++t) {
        double before = normal(random);
        for (std::size_t j = 0; j < n; ++j) {
            before = rho * before + std::sqrt(1 - rho * rho) * normal(random);
            x[t * n + j] = static_cast<float>(before * (1 + static_cast<double>(j % 5)));
        }
    }
    return x;
}

/// sum x x^T, all of it.
reals gram_of(const std::vector<float>& x, std::size_t tokens) {
    const std::size_t n = x.size() / tokens;
    reals h(n * n);
    for (std::size_t t = 0; t < tokens; ++t)
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j)
                h[i * n + j] += static_cast<real>(x[t * n + i]) * static_cast<real>(x[t * n + j]);
    return h;
}
void damp(reals& h, std::size_t n, real share) {
    real mean = 0;
    for (std::size_t i = 0; i < n; ++i) mean += h[i * n + i] / static_cast<real>(n);
    for (std::size_t i = 0; i < n; ++i) h[i * n + i] += share * mean;
}

/// By elimination.
reals inverse(reals h, std::size_t n) {
    reals result(n * n);
    for (std::size_t i = 0; i < n; ++i) result[i * n + i] = 1;
    for (std::size_t k = 0; k < n; ++k) {
        const real pivot = h[k * n + k];
        for (std::size_t j = 0; j < n; ++j) {
            h[k * n + j] /= pivot;
            result[k * n + j] /= pivot;
        }
        for (std::size_t i = 0; i < n; ++i) {
            const real factor = i == k ? 0 : h[i * n + k];
            if (factor == 0) continue;
            for (std::size_t j = 0; j < n; ++j) {
                h[i * n + j] -= factor * h[k * n + j];
                result[i * n + j] -= factor * result[k * n + j];
            }
        }
    }
    return result;
}
/// U upper triangular with U^T U = A.
reals upper_cholesky(const reals& a, std::size_t n) {
    reals u(n * n);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = i; j < n; ++j) {
            real rest = a[i * n + j];
            for (std::size_t k = 0; k < i; ++k) rest -= u[k * n + i] * u[k * n + j];
            u[i * n + j] = i == j ? std::sqrt(rest) : rest / u[i * n + i];
        }
    return u;
}

/// Four bits, -8 to 7, symmetric: the scale is the largest magnitude over 7, in float.
struct plain_quantizer {
    static real scale(const reals& group) {
        real most = 0;
        for (const real x : group) most = std::fmax(most, std::fabs(static_cast<real>(static_cast<float>(x))));
        return most == 0 ? 1 : static_cast<real>(static_cast<float>(most / 7));
    }
    /// What the code stands for, which is a float.
    static real value(real code, real scale) { return static_cast<real>(static_cast<float>(code * scale)); }
    static real code(real x, real scale) { return std::fmax(-8.0L, std::fmin(std::nearbyint(x / scale), 7.0L)); }
};

struct expected {
    std::vector<int> codes;  // in processing order
    std::vector<real> scales;
};

/// The published algorithm with blocks of 128 columns. `stale`: a group's scale from W, which lacks the block's corrections; else
/// from W with all of them.
expected published(const std::vector<float>& weights, std::size_t rows, const reals& damped,
                   const std::vector<std::size_t>& order, std::size_t group, bool stale) {
    const std::size_t n = order.size();
    reals h(n * n);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) h[i * n + j] = damped[order[i] * n + order[j]];
    const reals u = upper_cholesky(inverse(h, n), n);
    expected result{std::vector<int>(rows * n), {}};
    for (std::size_t r = 0; r < rows; ++r) {
        reals w(n), current;
        for (std::size_t i = 0; i < n; ++i) w[i] = static_cast<real>(weights[r * n + order[i]]);
        current = w;
        real scale = 1;
        for (std::size_t i = 0; i < n; ++i) {
            if (i % 128 == 0) w = current;  // W takes over what W1 and the errors made
            if (i % group == 0) {
                const auto& from = stale ? w : current;
                // Beyond the block, W has not seen the block's errors; `current` has, so `stale` must not look there.
                const std::size_t end = std::min(i + group, n);
                scale = plain_quantizer::scale(reals(from.begin() + static_cast<std::ptrdiff_t>(i),
                                                     from.begin() + static_cast<std::ptrdiff_t>(end)));
                result.scales.push_back(scale);
            }
            const real code = plain_quantizer::code(current[i], scale);
            result.codes[r * n + i] = static_cast<int>(code);
            const real error = (current[i] - plain_quantizer::value(code, scale)) / u[i * n + i];
            for (std::size_t k = i; k < n; ++k) current[k] -= error * u[i * n + k];
        }
    }
    return result;
}

/// LDLQ: H = R R^T, R upper triangular; nothing is inverted. One scale a row.
std::vector<int> ldlq(const std::vector<float>& weights, std::size_t rows, const reals& h, std::size_t n) {
    reals r(n * n);
    for (std::size_t jj = n; jj-- > 0;)
        for (std::size_t i = jj + 1; i-- > 0;) {
            real rest = h[i * n + jj];
            for (std::size_t k = jj + 1; k < n; ++k) rest -= r[i * n + k] * r[jj * n + k];
            r[i * n + jj] = i == jj ? std::sqrt(rest) : rest / r[jj * n + jj];
        }
    std::vector<int> codes(rows * n);
    for (std::size_t row = 0; row < rows; ++row) {
        reals w(n), lost(n);
        for (std::size_t j = 0; j < n; ++j) w[j] = static_cast<real>(weights[row * n + j]);
        const real scale = plain_quantizer::scale(w);
        for (std::size_t k = 0; k < n; ++k) {
            real x = w[k];
            for (std::size_t j = 0; j < k; ++j) x += lost[j] * r[j * n + k] / r[k * n + k];
            const real code = plain_quantizer::code(x, scale);
            codes[row * n + k] = static_cast<int>(code);
            lost[k] = w[k] - plain_quantizer::value(code, scale);
        }
    }
    return codes;
}

std::vector<std::size_t> natural_order(std::size_t n) {
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    return order;
}

/// trace(D H D^T) of D = restored - weights.
real loss_of(const std::vector<float>& weights, const std::vector<float>& back, const reals& h, std::size_t n) {
    real sum = 0;
    for (std::size_t begin = 0; begin < weights.size(); begin += n)
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j)
                sum += (static_cast<real>(back[begin + i]) - static_cast<real>(weights[begin + i])) * h[i * n + j] *
                       (static_cast<real>(back[begin + j]) - static_cast<real>(weights[begin + j]));
    return sum;
}

template <class Matrix>
bool same_codes(const Matrix& a, const Matrix& b) {
    return std::ranges::equal(a.view().codes(), b.view().codes());
}
template <class A, class Scale>
bool same(const affine_matrix<A, Scale>& a, const affine_matrix<A, Scale>& b) {
    return same_codes(a, b) && restored(a) == restored(b) &&
           std::ranges::equal(a.view().zero_points(), b.view().zero_points());
}
template <block_row B>
bool same(const block_tensor<B>& a, const block_tensor<B>& b) {
    return std::ranges::equal(a.codes(), b.codes()) && std::ranges::equal(a.scales(), b.scales()) &&
           a.tensor_scale() == b.tensor_scale();
}

void on_two_threads(std::size_t count, const std::function<void(std::size_t)>& task) {
    std::thread other([&] {
        for (std::size_t i = 1; i < count; i += 2) task(i);
    });
    for (std::size_t i = 0; i < count; i += 2) task(i);
    other.join();
}

}  // namespace

TEST_CASE("worked by hand") {
    // H^-1 of the first two columns is [2 -1; -1 2] / 3, so the second takes over half of what the first loses: 0.4 becomes 0,
    // and 1.4 + 0.2 becomes 2, which alone would have become 1. The scale is 7 / 7.
    const std::vector<float> w{0.4F, 1.4F, 7};
    const std::vector<double> h{2, 0, 0, 1, 2, 0, 0, 0, 1};  // above the diagonal nothing is read
    gptq_options options;
    options.damping = 0;
    const auto result = gptq(w, 1, h, int4_groups{granularity::row()}, options);
    CHECK(restored(result) == std::vector<float>{0, 2, 7});
    CHECK(restored(round_to_nearest(w, 1, int4_groups{granularity::row()})) == std::vector<float>{0, 1, 7});
    // What is lost: -0.4 and 0.6, 2 x 0.16 + 2 x 0.36 - 2 x 0.24.
    CHECK(result.loss == Approx(0.56).epsilon(1e-6));
    CHECK(result.damping == 0);
}

TEST_CASE("the published form and LDLQ give the same codes") {
    tally by_published, by_ldlq;
    random_bits random{1};
    for (int layer = 0; layer < 100; ++layer) {
        const std::size_t n = 2 + random() % 63, rows = 1 + random() % 8, tokens = 1 + random() % (2 * n);
        const auto w = random_weights(random, rows * n), x = random_inputs(random, tokens, n, 0.95 * uniform(random));
        const auto result = gptq(w, rows, statistics_of(x, tokens).gram(), int4_groups{granularity::row()});
        reals h = gram_of(x, tokens);
        damp(h, n, 0.01L);
        const auto first = published(w, rows, h, natural_order(n), n, false);
        const auto second = ldlq(w, rows, h, n);
        for (std::size_t i = 0; i < w.size(); ++i) {
            const int code = result.weights.view().code(i / n, i % n);
            by_published.equal(static_cast<unsigned>(code), static_cast<unsigned>(first.codes[i]), layer, i);
            by_ldlq.equal(static_cast<unsigned>(code), static_cast<unsigned>(second[i]), layer, i);
        }
    }
    CHECK_TALLY_OVER(by_published, 10000U);
    CHECK_TALLY_OVER(by_ldlq, 10000U);
}

TEST_CASE("groups, orders and blocks as published") {
    tally result;
    random_bits random{2};
    constexpr std::size_t n = 300, rows = 70, tokens = 200;  // two parts of rows, three blocks of columns
    const auto w = random_weights(random, rows * n), x = random_inputs(random, tokens, n, 0.9);
    const auto seen = statistics_of(x, tokens);
    reals h = gram_of(x, tokens);
    auto by_activation = natural_order(n);
    std::ranges::stable_sort(by_activation, [&](std::size_t a, std::size_t b) { return h[a * n + a] > h[b * n + b]; });
    damp(h, n, 0.01L);
    for (const std::size_t group : {std::size_t{16}, std::size_t{96}, std::size_t{128}, std::size_t{200}})
        for (const bool activation : {false, true})
            for (const bool stale : {false, true}) {
                // A group that reaches beyond its block would be found from weights that the reference has corrected already.
                if (stale && group != 16 && group != 128) continue;
                gptq_options options;
                options.order = activation ? column_order::by_activation : column_order::natural;
                options.groups = stale ? group_parameters::stale : group_parameters::updated;
                options.run.in_parallel = on_two_threads;
                const auto got = gptq(w, rows, seen.gram(), int4_groups{granularity::group(group)}, options);
                const auto& order = activation ? by_activation : natural_order(n);
                const auto wanted = published(w, rows, h, order, group, stale);
                const auto view = got.weights.view();
                for (std::size_t i = 0; i < w.size(); ++i)
                    result.equal(static_cast<unsigned>(view.code(i / n, i % n)), static_cast<unsigned>(wanted.codes[i]),
                                 "code", group, activation, stale, i);
                for (std::size_t i = 0; i < wanted.scales.size(); ++i)
                    result.equal(view.scales()[i] == static_cast<float>(wanted.scales[i]), true, "scale", group,
                                 activation, stale, i, view.scales()[i], static_cast<float>(wanted.scales[i]));
                result.equal(got.order.size(), activation ? n : 0, "order", group);
                for (std::size_t i = 0; i < n; ++i) {
                    if (activation) result.equal(got.order[i], order[i], "order", i);
                    result.equal(got.group_index[order[i]], i / group, "group", i);
                }
                // In natural order again.
                const auto back = restored(got);
                for (std::size_t i = 0; i < n; ++i)
                    result.equal(back[n + order[i]] == view.at_group(1, i).dequantize(view.code(1, i)), true, "back",
                                 i);
                result.equal(std::fabs(got.loss / static_cast<double>(loss_of(w, back, h, n)) - 1) < 1e-9, true,
                             "loss");
            }
    CHECK_TALLY_OVER(result, 12U * rows * n);
}

TEST_CASE("static groups stay where they were") {
    random_bits random{3};
    constexpr std::size_t n = 100, rows = 5, tokens = 300;
    const auto w = random_weights(random, rows * n), x = random_inputs(random, tokens, n, 0.9);
    gptq_options options;
    options.order = column_order::by_activation;
    options.groups = group_parameters::original;
    const int4_groups target{granularity::group(32)};
    const auto got = gptq(w, rows, statistics_of(x, tokens).gram(), target, options);
    const auto plain = round_to_nearest(w, rows, target);
    CHECK(std::ranges::equal(got.weights.view().scales(), plain.view().scales()));
    CHECK(got.order.empty());
    CHECK(got.group_index[31] == 0);
    CHECK(got.group_index[96] == 3);
    CHECK_FALSE(same_codes(got.weights, plain));
    reals h = gram_of(x, tokens);
    CHECK(loss_of(w, restored(got), h, n) < 0.8L * loss_of(w, restored(plain), h, n));
}

TEST_CASE("a diagonal Hessian gives round-to-nearest, code for code") {
    random_bits random{4};
    constexpr std::size_t n = 200, rows = 67;
    auto w = random_weights(random, rows * n);
    for (std::size_t i = 0; i < 40; ++i) w[64 + i] = 0;                                        // a group of zeros
    for (std::size_t i = 0; i < 64; ++i) w[n + i] = 0.5F * static_cast<float>(i % 16) - 4.0F;  // ties
    std::vector<double> identity(n * n), diagonal(n * n);
    for (std::size_t j = 0; j < n; ++j) {
        identity[j * n + j] = 1;
        diagonal[j * n + j] = static_cast<double>(1 + j * j % 17);
    }
    const auto check = [&]<class Target>(const Target& target, const typename Target::matrix& wanted) {
        CHECK(same(round_to_nearest(w, rows, target), wanted));
        for (const auto& h : {identity, diagonal}) {
            const auto got = gptq(w, rows, h, target);
            CHECK(same(got.weights, wanted));
            CHECK(restored(got.weights) == restored(wanted));
        }
    };
    const auto by = granularity::group(32);
    constexpr affine_policy asymmetric{.range = range_kind::asymmetric};
    using u4 = affine<4, integer_codes::unsigned_full>;
    check(integer_target<affine<4>>{by}, quantize<affine<4>>(w, rows, n, by));
    check(integer_target<u4, asymmetric, fp16>{by}, quantize<u4, asymmetric, fp16>(w, rows, n, by));
    check(integer_target<affine<3>>{by}, quantize<affine<3>>(w, rows, n, by));
    check(integer_target<affine<8>>{granularity::row()}, quantize<affine<8>>(w, rows, n, granularity::row()));
    check(integer_target<affine<2>>{granularity::tensor()}, quantize<affine<2>>(w, rows, n, granularity::tensor()));
    check(block_target<nvfp4>{}, quantize<nvfp4>(w, n));
    check(block_target<mxfp4>{}, quantize<mxfp4>(w, n));

    // FP8: each row's largest magnitude is 448, the rest in one rounding.
    const auto got = gptq(w, rows, identity, float_target<e4m3>{});
    tally result;
    for (std::size_t r = 0; r < rows; ++r) {
        float most = 0;
        for (std::size_t j = 0; j < n; ++j) most = std::fmax(most, std::fabs(w[r * n + j]));
        result.equal(got.weights.scales[r] == most / 448, true, "scale", r);
        for (std::size_t j = 0; j < n; ++j)
            result.equal(got.weights.codes[r * n + j].bits(),
                         convert<e4m3>(static_cast<double>(w[r * n + j]) / static_cast<double>(most / 448)).bits(), r,
                         j);
    }
    CHECK_TALLY(result, rows * (n + 1));
}

TEST_CASE("U is the factor of the inverse") {
    random_bits random{5};
    for (const std::size_t n : {1U, 2U, 127U, 128U, 129U, 300U})
        for (const bool singular : {false, true}) {
            const std::size_t tokens = singular ? n / 2 + 1 : 2 * n;
            reals h = gram_of(random_inputs(random, tokens, n, 0.9), tokens);
            damp(h, n, 0.01L);
            std::vector<double> rounded(h.begin(), h.end());
            const auto u = inverse_factor(rounded, n, ptq_run{on_two_threads, {}});
            real worst = 0;
            reals uh(n * n);
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t k = 0; k < n; ++k) {
                    if (k < i && u[i * n + k] != 0) worst = 1;  // not triangular
                    for (std::size_t j = 0; k >= i && j < n; ++j)
                        uh[i * n + j] += static_cast<real>(u[i * n + k]) * static_cast<real>(rounded[k * n + j]);
                }
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t j = 0; j < n; ++j) {
                    real sum = i == j ? -1 : 0;
                    for (std::size_t k = 0; k <= i; ++k) sum += static_cast<real>(u[k * n + i]) * uh[k * n + j];
                    worst = std::fmax(worst, std::fabs(sum));
                }
            CHECK(worst <= 1e-9L);
        }
    CHECK_THAT(message_of<std::invalid_argument>([] {
                   (void)inverse_factor(std::vector<double>{1, 0, 2, 1}, 2);
               }),
               contains("not positive definite"));
}

TEST_CASE("correlated inputs: at least a fifth less error") {
    for (const std::uint64_t seed : {10U, 11U, 12U}) {
        random_bits random{seed};
        constexpr std::size_t n = 128, rows = 16, tokens = 512;
        const auto w = random_weights(random, rows * n), x = random_inputs(random, tokens, n, 0.9);
        const auto seen = statistics_of(x, tokens);
        const reals h = gram_of(x, tokens);
        const auto check = [&](const auto& target) {
            const real plain = loss_of(w, restored(round_to_nearest(w, rows, target)), h, n);
            CHECK(loss_of(w, restored(gptq(w, rows, seen.gram(), target)), h, n) <= 0.8L * plain);
        };
        check(int4_groups{granularity::group(32)});
        check(integer_target<affine<3>>{granularity::group(32)});
        check(float_target<e4m3>{});
        check(block_target<nvfp4>{});
        check(block_target<mxfp4>{});
    }
}

TEST_CASE("GPTQ's own range") {
    // Numbers that are none below zero keep their lower end 0, so that seven fifteenths of the largest are left.
    constexpr affine_policy gptq_policy{.recipe = integer_recipe::gptq};
    const integer_target<affine<4, integer_codes::unsigned_full>, gptq_policy> target{granularity::row()};
    const auto of = [&](const std::vector<float>& w) {
        std::vector<double> h(w.size() * w.size());
        for (std::size_t j = 0; j < w.size(); ++j) h[j * w.size() + j] = 1;
        const auto result = restored(gptq(w, 1, h, target, gptq_options::reference()));
        CHECK(result == restored(round_to_nearest(w, 1, target)));
        return result;
    };
    const auto above = of({0.1F, 0.5F, 1.0F});
    CHECK(above[0] == Approx(2 / 15.0).epsilon(1e-6));
    CHECK(above[1] == Approx(7 / 15.0).epsilon(1e-6));
    CHECK(above[2] == Approx(7 / 15.0).epsilon(1e-6));
    // Both signs: 2 / 15 is rounded up in float, so -1 is less than 7.5 steps away. Exactly it would be 8 steps.
    const auto mixed = of({-1.0F, 0.5F, 1.0F});
    CHECK(mixed[0] == Approx(-14 / 15.0).epsilon(1e-6));
    CHECK(mixed[1] == Approx(8 / 15.0).epsilon(1e-6));
    CHECK(mixed[2] == Approx(14 / 15.0).epsilon(1e-6));
    CHECK(of({0, 0}) == std::vector<float>{0, 0});
}

TEST_CASE("dead columns, duplicated ones, few tokens, no tokens") {
    random_bits random{6};
    constexpr std::size_t n = 24, rows = 4, tokens = 10;
    const auto w = random_weights(random, rows * n);
    auto x = random_inputs(random, tokens, n, 0.5);
    for (std::size_t t = 0; t < tokens; ++t) {
        x[t * n + 3] = x[t * n + 17] = 0;
        x[t * n + 9] = x[t * n + 8];
    }
    const auto seen = statistics_of(x, tokens);
    const int4_groups target{granularity::group(8)};
    const auto finite = [](const std::vector<float>& v) {
        return std::ranges::all_of(v, [](float f) { return std::isfinite(f); });
    };
    const auto got = gptq(w, rows, seen.gram(), target);
    CHECK(got.status == ptq_status::done);
    CHECK(got.dead_columns == 2);
    CHECK(finite(restored(got)));
    const auto view = got.weights.view();
    for (std::size_t r = 0; r < rows; ++r)  // to nearest, not to zero
        for (const std::size_t j : {std::size_t{3}, std::size_t{17}})
            CHECK(view.code(r, j) == view.at_group(r, j).quantize(w[r * n + j]));
    const auto zeroed = restored(gptq(w, rows, seen.gram(), target, gptq_options::reference()));
    for (std::size_t r = 0; r < rows; ++r) {
        CHECK(zeroed[r * n + 3] == 0);
        CHECK(zeroed[r * n + 17] == 0);
    }

    gptq_options options;
    options.damping = 0;  // singular then: ten tokens, and two equal columns
    const auto damped = gptq(w, rows, seen.gram(), target, options);
    CHECK(damped.status == ptq_status::done);
    CHECK(damped.damping == 0.01);
    CHECK(same(damped.weights, got.weights));
    options.damping_grows = false;
    const auto plain = gptq(w, rows, seen.gram(), target, options);
    CHECK(plain.status == ptq_status::fell_back);
    CHECK(same(plain.weights, round_to_nearest(w, rows, target)));

    const auto without = gptq(w, rows, input_statistics(n).gram(), target);  // no tokens at all
    CHECK(without.dead_columns == n);
    CHECK(same(without.weights, round_to_nearest(w, rows, target)));
    std::vector<double> indefinite(4, 1.0);  // no Gram matrix
    indefinite[2] = 100;
    CHECK(gptq(std::vector<float>{1, 2}, 1, indefinite, target).status == ptq_status::fell_back);
    CHECK(restored(gptq(std::vector<float>(rows * n), rows, seen.gram(), target)) == std::vector<float>(rows * n));
    CHECK(restored(gptq(std::vector<float>{}, 0, {}, target)).empty());

    auto tiny = seen.divided_by(std::vector<float>(n, 1e30F));
    CHECK(same(gptq(w, rows, tiny.gram(), target).weights, got.weights));
}

TEST_CASE("what is refused") {
    const std::vector<float> w{1, std::numeric_limits<float>::quiet_NaN(), 3, 4}, fine{1, 2, 3, 4};
    std::vector<double> h{1, 0, 0, 1};
    const int4_groups target;
    const auto says = [&](const std::vector<float>& weights, const gptq_options& options = {}) {
        return message_of<std::invalid_argument>([&] { (void)gptq(weights, 2, h, target, options); });
    };
    CHECK(says(fine).empty());
    CHECK_THAT(says(w), contains("row 0, column 1 is NaN"));
    h[2] = std::numeric_limits<double>::infinity();
    CHECK_THAT(says(fine), contains("Hessian, row 1, column 0"));
    h = {1, 0, 0, -1};
    CHECK_THAT(says(fine), contains("diagonal element 1"));
    h.pop_back();
    CHECK_THAT(says(fine), contains("2 columns, but the Hessian has 3"));
    h = {1, 0, 0, 1};
    gptq_options options;
    options.damping = -1;
    CHECK_THAT(says(fine, options), contains("damping"));
    options = {};
    options.clip.grid = 0;
    CHECK_THAT(says(fine, options), contains("grid"));
    CHECK_THAT(says({1, 2, 3}), contains("3 numbers are no matrix of 2 rows"));
}

TEST_CASE("the clip search") {
    tally result;
    random_bits random{8};
    constexpr std::size_t n = 32, rows = 50;
    const auto w = random_weights(random, rows * n);
    std::vector<double> identity(n * n);
    for (std::size_t j = 0; j < n; ++j) identity[j * n + j] = 1;
    gptq_options options;
    options.clip.wanted = true;
    const auto got = gptq(w, rows, identity, int4_groups{granularity::row()}, options);
    for (std::size_t r = 0; r < rows; ++r) {
        real most = 0, least = 0, best = 0;
        for (std::size_t j = 0; j < n; ++j) most = std::fmax(most, std::fabs(static_cast<real>(w[r * n + j])));
        for (int i = 0; i < 80; ++i) {
            const auto end = static_cast<float>((1 - static_cast<double>(i) / 100) * static_cast<double>(most));
            const real scale = static_cast<real>(static_cast<float>(static_cast<real>(end) / 7));
            real sum = 0;
            for (std::size_t j = 0; j < n; ++j) {
                const auto x = static_cast<real>(w[r * n + j]);
                sum += std::pow(std::fabs(plain_quantizer::value(plain_quantizer::code(x, scale), scale) - x), 2.4L);
            }
            if (i == 0 || sum < least) {
                least = sum;
                best = scale;
            }
        }
        result.equal(got.weights.view().scales()[r] == static_cast<float>(best), true, r);
    }
    CHECK_TALLY(result, rows);
}

TEST_CASE("progress, cancellation, threads") {
    random_bits random{9};
    constexpr std::size_t n = 300, rows = 130, tokens = 100;
    const auto w = random_weights(random, rows * n);
    const auto seen = statistics_of(random_inputs(random, tokens, n, 0.9), tokens);
    const int4_groups target{granularity::group(32)};
    const auto serial = gptq(w, rows, seen.gram(), target);
    std::size_t reports = 0, stop_at = 1000;
    gptq_options options;
    options.run.in_parallel = on_two_threads;
    options.run.report = [&](const ptq_progress& at) {
        CHECK(at.done < at.total);
        return ++reports < stop_at;
    };
    const auto parallel = gptq(w, rows, seen.gram(), target, options);
    CHECK(same(parallel.weights, serial.weights));
    CHECK(parallel.loss == serial.loss);
    const std::size_t all = reports;
    CHECK(all == 3 + 3 + 1);
    for (stop_at = 1; stop_at <= all; ++stop_at) {
        reports = 0;
        CHECK(gptq(w, rows, seen.gram(), target, options).status == ptq_status::cancelled);
        CHECK(reports == stop_at);
    }
}
