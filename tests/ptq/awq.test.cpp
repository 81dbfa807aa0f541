// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// AWQ's searches against losses that are computed from the activations themselves, and what the methods give together.
// needs: ptq
#include <lowprec/ptq.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/random_layers.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

using int4_groups = integer_target<affine<4>>;

/// A few columns are much larger than the others.
std::vector<float> random_inputs(random_bits& random, std::size_t tokens, std::size_t n) {
    std::vector<float> x(tokens * n);
    for (std::size_t j = 0; j < n; ++j) {
        const double size = random() % 8 == 0 ? 20 : 0.2 + uniform(random);
        for (std::size_t t = 0; t < tokens; ++t) x[t * n + j] = static_cast<float>(size * normal(random));
    }
    return x;
}

/// The mean over tokens and outputs of (x (W' - W)^T)^2, from the tokens.
double output_error(const std::vector<float>& x, const std::vector<float>& w, const std::vector<double>& back,
                    std::size_t n) {
    long double sum = 0;
    for (std::size_t t = 0; t < x.size(); t += n)
        for (std::size_t r = 0; r < w.size(); r += n) {
            long double y = 0;
            for (std::size_t j = 0; j < n; ++j)
                y += static_cast<long double>(x[t + j]) *
                     (static_cast<long double>(back[r + j]) - static_cast<long double>(w[r + j]));
            sum += y * y;
        }
    return static_cast<double>(sum / static_cast<long double>(x.size() / n * (w.size() / n)));
}

/// Q(W s) / s by the quantizer of matrices.
std::vector<double> scaled_and_back(const std::vector<float>& w, const std::vector<float>& s, std::size_t group) {
    const std::size_t n = s.size();
    std::vector<float> scaled = w;
    for (std::size_t i = 0; i < w.size(); ++i) scaled[i] *= s[i % n];
    std::vector<float> q(w.size());
    dequantize(quantize<affine<4>>(scaled, w.size() / n, n, granularity::group(group)).view(), q);
    std::vector<double> back(w.size());
    for (std::size_t i = 0; i < w.size(); ++i) back[i] = static_cast<double>(q[i]) / static_cast<double>(s[i % n]);
    return back;
}
std::vector<double> widened(const std::vector<float>& x) { return {x.begin(), x.end()}; }

}  // namespace

TEST_CASE("the scale search is never above round-to-nearest") {
    tally result;
    random_bits random{1};
    int better = 0;
    for (int layer = 0; layer < 1000; ++layer) {
        const std::size_t n = 4 + random() % 29, rows = 1 + random() % 6, tokens = 1 + random() % 24, group = 8;
        const auto x = random_inputs(random, tokens, n), w = random_weights(random, rows * n);
        const auto found = awq_search(statistics_of(x, tokens), w, rows, int4_groups{granularity::group(group)});
        const double plain = output_error(x, w, scaled_and_back(w, std::vector<float>(n, 1.0F), group), n);
        const double searched = output_error(x, w, scaled_and_back(w, found.scales, group), n);
        result.equal(searched <= plain * (1 + 1e-12), true, "not above", layer);
        result.equal(std::fabs(found.loss - searched) <= 1e-9 * searched + 1e-15, true, "its own loss", layer);
        result.equal(std::fabs(found.rounded_loss - plain) <= 1e-9 * plain + 1e-15, true, "round to nearest's", layer);
        if (searched < 0.9 * plain) ++better;
    }
    CHECK_TALLY(result, 3000U);
    CHECK(better > 500);
}

TEST_CASE("the grids of other tools, worked out again") {
    tally result;
    random_bits random{2};
    for (int layer = 0; layer < 30; ++layer) {
        constexpr std::size_t n = 24, rows = 5, tokens = 12, group = 8;
        const auto x = random_inputs(random, tokens, n), w = random_weights(random, rows * n);
        for (const bool duo : {false, true}) {
            double least = 0, best_alpha = 0;
            std::vector<float> best;
            for (int step = 0; step < 20; ++step) {
                const double alpha = step / 20.0;
                std::vector<double> s(n);
                for (std::size_t j = 0; j < n; ++j) {
                    double mean = 0, weight = 0;
                    for (std::size_t t = 0; t < tokens; ++t)
                        mean += std::fabs(static_cast<double>(x[t * n + j])) / tokens;
                    for (std::size_t r = 0; r < rows; ++r) {
                        double most = 0;
                        for (std::size_t k = j / group * group; k < j / group * group + group; ++k)
                            most = std::fmax(most, std::fabs(static_cast<double>(w[r * n + k])));
                        weight += std::fabs(static_cast<double>(w[r * n + j])) / (most + 1e-6) / rows;
                    }
                    s[j] = std::pow(mean, alpha);
                    if (duo) s[j] /= std::pow(weight, 1 - alpha) + 1e-4;
                    s[j] = std::fmax(s[j], 1e-4);
                }
                const double middle = std::sqrt(*std::ranges::min_element(s) * *std::ranges::max_element(s));
                std::vector<float> scales(n);
                for (std::size_t j = 0; j < n; ++j) scales[j] = static_cast<float>(s[j] / middle);
                const double loss = output_error(x, w, scaled_and_back(w, scales, group), n);
                if (step == 0 || loss < least) {
                    least = loss;
                    best = scales;
                    best_alpha = alpha;
                }
            }
            const auto found = awq_search(statistics_of(x, tokens), w, rows, int4_groups{granularity::group(group)},
                                          duo ? awq_options::autoawq() : awq_options::llm_awq());
            result.equal(found.losses.size(), 20U, "steps", layer);
            result.equal(found.alpha == best_alpha, true, "alpha", layer, duo);
            for (std::size_t j = 0; j < n; ++j)
                result.equal(std::fabs(found.scales[j] / best[j] - 1) < 1e-6F, true, "scale", layer, duo, j);
            if (!duo) result.equal(found.losses[0] == found.rounded_loss, true, "alpha 0 is the identity", layer);
        }
    }
    CHECK_TALLY(result, 30U * (2 * 26 + 1));
}

TEST_CASE("the clip search looks at every limit") {
    tally result;
    random_bits random{3};
    constexpr std::size_t n = 20, rows = 70, tokens = 15, group = 8;
    const auto x = random_inputs(random, tokens, n), w = random_weights(random, rows * n);
    const int4_groups target{granularity::group(group)};
    const auto found = awq_clip(statistics_of(x, tokens), w, rows, target);
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t g = 0; g < 3; ++g) {
            const std::size_t begin = g * group, end = std::min(begin + group, n);
            float most = 0, best = 0;
            for (std::size_t k = begin; k < end; ++k) most = std::fmax(most, std::fabs(w[r * n + k]));
            double least = 0;
            for (int t = 0; t < 10; ++t) {
                const auto limit = static_cast<float>(static_cast<double>(most) * (1 - t / 20.0));
                std::vector<float> part;
                for (std::size_t k = begin; k < end; ++k) part.push_back(std::clamp(w[r * n + k], -limit, limit));
                std::vector<float> back(part.size());
                dequantize(quantize<affine<4>>(part, 1, part.size(), granularity::row()).view(), back);
                double sum = 0;
                for (std::size_t token = 0; token < tokens; ++token) {
                    double y = 0;
                    for (std::size_t k = begin; k < end; ++k)
                        y += static_cast<double>(x[token * n + k]) *
                             (static_cast<double>(back[k - begin]) - static_cast<double>(w[r * n + k]));
                    sum += y * y;
                }
                if (t == 0 || sum < least) {
                    least = sum;
                    best = limit;
                }
            }
            result.equal(found.limits[r * 3 + g] == best, true, r, g);
        }
    CHECK_TALLY(result, 3 * rows);
    CHECK(found.loss < found.unclipped_loss);
    auto clipped = w;
    clip_weights(clipped, rows, found);
    for (std::size_t i = 0; i < w.size(); ++i) CHECK(std::fabs(clipped[i]) <= found.limits[i / n * 3 + i % n / group]);
}

TEST_CASE("shared scales, dead columns, forms, losses of the caller") {
    random_bits random{4};
    constexpr std::size_t n = 16, tokens = 20;
    auto x = random_inputs(random, tokens, n);
    for (std::size_t t = 0; t < tokens; ++t) x[t * n + 5] = 0;
    const auto q = random_weights(random, 3 * n), k = random_weights(random, 2 * n);
    std::vector<float> fused = q;
    fused.insert(fused.end(), k.begin(), k.end());
    const auto seen = statistics_of(x, tokens);
    const int4_groups target{granularity::group(8)};
    const std::vector<weight_view> layers{{q, 3}, {k, 2}};
    const auto apart = awq_search(seen, layers, target), together = awq_search(seen, fused, 5, target);
    CHECK(apart.scales == together.scales);
    CHECK(apart.loss == Approx(together.loss));
    CHECK(apart.scales[5] == 1);
    CHECK(apart.losses.size() == 22);
    for (const float s : awq_search(seen, fused, 5, target, awq_options::llm_awq()).scales) CHECK(s > 0);

    awq_options options;
    options.form = scale_form::power_of_two;
    for (const float s : awq_search(seen, fused, 5, target, options).scales) {
        int exponent = 0;
        CHECK(std::frexp(s, &exponent) == 0.5F);
    }
    options.form = scale_form::float16;
    const auto half = awq_search(seen, fused, 5, target, options);
    for (const float s : half.scales) CHECK(convert<float>(convert<fp16>(s)) == s);
    CHECK(half.loss == Approx(output_error(x, fused, scaled_and_back(fused, half.scales, 8), n)).epsilon(1e-9));

    options = {};
    int calls = 0;
    options.loss = [&](std::span<const std::vector<float>> back) {
        CHECK(back.size() == 2);
        CHECK(back[1].size() == k.size());
        return ++calls == 7 ? 1.0 : 2.0;
    };
    CHECK(awq_search(seen, layers, target, options).alpha == 0.25);  // after the identity, 0, .05, .1, .15, .2
    options = {};
    options.run.report = [](const ptq_progress& at) { return at.done < 3; };
    CHECK(awq_search(seen, layers, target, options).status == ptq_status::cancelled);

    const input_statistics without(n, gram_matrix::left_out);
    CHECK_THAT(message_of<std::invalid_argument>([&] { (void)awq_search(without, layers, target); }), contains("Gram"));
    CHECK_THAT(message_of<std::invalid_argument>([&] { (void)awq_clip(without, q, 3, target); }), contains("Gram"));
    CHECK_THAT(message_of<std::invalid_argument>([&] { (void)awq_search(seen, q, 2, target); }), contains("layer 0"));
}

TEST_CASE("AWQ, then GPTQ; SmoothQuant, then eight bits for both") {
    for (const std::uint64_t seed : {5U, 6U, 7U}) {
        random_bits random{seed};
        constexpr std::size_t n = 64, rows = 16, tokens = 200;
        auto x = random_inputs(random, tokens, n);
        for (std::size_t i = 1; i < x.size(); ++i) x[i] += 0.5F * x[i - 1];  // correlated
        const auto w = random_weights(random, rows * n);
        const auto seen = statistics_of(x, tokens);
        const int4_groups target{granularity::group(32)};
        const double rounded = output_error(x, w, widened(restored(round_to_nearest(w, rows, target))), n);
        const double gptq_alone = output_error(x, w, widened(restored(gptq(w, rows, seen.gram(), target))), n);
        const auto found = awq_search(seen, w, rows, target);
        auto scaled = w;
        scale_columns(scaled, rows, found.scales);
        auto both = widened(restored(gptq(scaled, rows, seen.divided_by(found.scales).gram(), target)));
        for (std::size_t i = 0; i < both.size(); ++i) both[i] /= static_cast<double>(found.scales[i % n]);
        CHECK(found.loss < rounded);
        CHECK(gptq_alone < rounded);
        CHECK(output_error(x, w, both, n) < found.loss);

        const auto eight_bits = [&](const std::vector<float>& s) {  // static, one scale for all activations
            auto weights = w, inputs = x;
            scale_columns(weights, rows, s);
            for (std::size_t i = 0; i < x.size(); ++i) inputs[i] /= s[i % n];
            fake_quantize<affine<8>>(inputs, inputs, tokens, n);
            fake_quantize<affine<8>>(weights, weights, rows, n, granularity::row());
            double sum = 0;
            for (std::size_t t = 0; t < tokens; ++t)
                for (std::size_t r = 0; r < rows; ++r) {
                    double y = 0;
                    for (std::size_t j = 0; j < n; ++j)
                        y += static_cast<double>(inputs[t * n + j]) * static_cast<double>(weights[r * n + j]) -
                             static_cast<double>(x[t * n + j]) * static_cast<double>(w[r * n + j]);
                    sum += y * y;
                }
            return sum;
        };
        CHECK(eight_bits(smooth_quant(seen, w, rows)) < 0.5 * eight_bits(std::vector<float>(n, 1.0F)));
    }
}
