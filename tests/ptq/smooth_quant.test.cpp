// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Statistics against sums in long double, and SmoothQuant's scales: both maxima of each channel, injected outliers, zero channels,
// other tools' rules, folding.
// needs: ptq
#include <lowprec/ptq/smooth_quant.hpp>
#include <lowprec/traits.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/random_layers.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

std::vector<float> random_floats(random_bits& random, std::size_t n) {
    std::vector<float> x(n);
    for (auto& v : x) v = static_cast<float>((2 * uniform(random) - 1) * std::exp2(6 * uniform(random)));
    return x;
}

/// How many floats lie between two of one sign.
std::int64_t ulps(float a, float b) {
    std::int32_t i = 0, j = 0;
    std::memcpy(&i, &a, 4);
    std::memcpy(&j, &b, 4);
    return std::abs(std::int64_t{i} - j);
}

float column_max(const std::vector<float>& m, std::size_t columns, std::size_t j) {
    float most = 0;
    for (std::size_t i = j; i < m.size(); i += columns) most = std::fmax(most, std::fabs(m[i]));
    return most;
}

std::vector<float> divided(std::vector<float> x, const std::vector<float>& s) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] /= s[i % s.size()];
    return x;
}

}  // namespace

TEST_CASE("statistics are the sums") {
    constexpr std::size_t rows = 700, columns = 300;
    random_bits random{3};
    const auto x = random_floats(random, rows * columns);
    std::vector<std::uint8_t> counted(rows);
    for (auto& c : counted) c = random() % 4 != 0 ? 1 : 0;
    ptq_run threads;
    threads.in_parallel = [](std::size_t count, const std::function<void(std::size_t)>& task) {
        std::thread other([&] {
            for (std::size_t i = 1; i < count; i += 2) task(i);
        });
        for (std::size_t i = 0; i < count; i += 2) task(i);
        other.join();
    };
    input_statistics all(columns), first(columns), second(columns);
    all.add(x, rows, counted, threads);
    const std::span<const float> numbers(x);
    const std::span<const std::uint8_t> mask(counted);
    first.add(numbers.first(200 * columns), 200, mask.first(200));
    second.add(numbers.subspan(200 * columns), rows - 200, mask.subspan(200));
    first.merge(second);

    tally result;
    std::size_t tokens = 0;
    for (const auto c : counted) tokens += c;
    for (const input_statistics* seen : {&all, &first}) {
        CHECK(seen->tokens() == tokens);
        for (std::size_t i = 0; i < columns; ++i) {
            long double magnitude = 0;
            float low = 1e30F, high = -1e30F;
            for (std::size_t r = 0; r < rows; ++r) {
                if (counted[r] == 0) continue;
                magnitude += std::fabs(static_cast<long double>(x[r * columns + i]));
                low = std::fmin(low, x[r * columns + i]);
                high = std::fmax(high, x[r * columns + i]);
            }
            magnitude /= static_cast<long double>(tokens);
            result.equal(std::fabs(seen->abs_mean(i) - static_cast<double>(magnitude)) <= 1e-13, true, "mean", i);
            result.equal(seen->range(i).min == low && seen->range(i).max == high, true, "range", i);
            result.equal(seen->abs_max(i) == std::fmax(-low, high), true, "largest", i);
            for (std::size_t j = 0; j <= i; j += 1 + i / 16) {
                long double sum = 0;
                for (std::size_t r = 0; r < rows; ++r)
                    if (counted[r] != 0)
                        sum +=
                            static_cast<long double>(x[r * columns + i]) * static_cast<long double>(x[r * columns + j]);
                result.equal(std::fabs(seen->gram()[i * columns + j] - static_cast<double>(sum)) <= 1e-8, true, "Gram",
                             i, j);
            }
        }
    }
    CHECK_TALLY_OVER(result, 2U * 3 * columns);

    const auto scaled = all.divided_by(std::vector<float>(columns, 4.0F));
    CHECK(scaled.abs_max(7) == all.abs_max(7) / 4);
    CHECK(scaled.abs_mean(7) == all.abs_mean(7) / 4);
    CHECK(scaled.gram()[7 * columns + 3] == all.gram()[7 * columns + 3] / 16);
}

TEST_CASE("statistics refuse what they cannot take") {
    input_statistics seen(3);
    std::vector<float> x(6, 1.0F);
    x[4] = std::numeric_limits<float>::quiet_NaN();
    CHECK_THAT(message_of<std::invalid_argument>([&] { seen.add(x, 2); }), contains("row 1, column 1"));
    CHECK(seen.tokens() == 0);
    seen.add(x, 2, std::vector<std::uint8_t>{1, 0});  // a padding token may be anything
    CHECK(seen.tokens() == 1);
    CHECK_THAT(message_of<std::invalid_argument>([&] { seen.add(x, 3); }), contains("3 rows of 3"));
    CHECK_THAT(message_of<std::invalid_argument>([&] { seen.merge(input_statistics(3, gram_matrix::left_out)); }),
               contains("Gram"));
    const std::vector<float> bad{1.0F, x[4], 1.0F};
    CHECK_THAT(message_of<std::invalid_argument>([&] { (void)smooth_quant(seen, bad, 1); }),
               contains("column 1 is NaN"));
    CHECK_THAT(message_of<std::invalid_argument>(
                   [&] { (void)smooth_quant(seen, std::vector<float>(3), 1, smooth_options{.alpha = 1.5}); }),
               contains("alpha"));
    std::vector<float> w(6, 1e30F);
    CHECK_THAT(message_of<std::invalid_argument>([&] {
                   scale_columns(w, 2, std::vector<float>{1, 1, 1e30F});
               }),
               contains("not finite"));
    CHECK(w[2] == 1e30F);
    CHECK_THAT(message_of<std::invalid_argument>([&] {
                   scale_columns(w, 2, std::vector<float>{1, 0, 1});
               }),
               contains("scale 1"));
}

TEST_CASE("both maxima become sqrt(a w)") {
    tally result;
    random_bits random{5};
    for (int layer = 0; layer < 100; ++layer) {
        const std::size_t columns = 1 + random() % 40, rows = 1 + random() % 20, tokens = 1 + random() % 30;
        const auto x = random_floats(random, tokens * columns);
        auto w = random_floats(random, rows * columns), k = random_floats(random, 3 * columns);  // fused layers share
        input_statistics seen(columns, gram_matrix::left_out);
        seen.add(x, tokens);
        const std::vector<weight_view> layers{{w, rows}, {k, 3}};
        const auto s = smooth_quant(seen, layers);
        const auto smoothed = divided(x, s);
        std::vector<float> both = w;
        both.insert(both.end(), k.begin(), k.end());
        std::vector<float> scaled = both;
        scale_columns(scaled, rows + 3, s);
        for (std::size_t j = 0; j < columns; ++j) {
            const auto expected = static_cast<float>(std::sqrt(static_cast<double>(column_max(x, columns, j)) *
                                                               static_cast<double>(column_max(both, columns, j))));
            result.equal(ulps(column_max(smoothed, columns, j), expected) <= 4, true, layer, j);
            result.equal(ulps(column_max(scaled, columns, j), expected) <= 4, true, layer, j);
        }
    }
    CHECK_TALLY_OVER(result, 1000U);
}

TEST_CASE("an injected rescaling is undone") {
    tally result;
    random_bits random{7};
    for (int layer = 0; layer < 50; ++layer) {
        const std::size_t columns = 2 + random() % 40, rows = 1 + random() % 20, tokens = 1 + random() % 30;
        const auto x = random_floats(random, tokens * columns), w = random_floats(random, rows * columns);
        auto gain = random_floats(random, columns), injected_gain = gain;
        auto injected_x = x, injected_w = w;
        for (int outlier = 0; outlier < 4; ++outlier) {
            const std::size_t j = random() % columns;
            const auto factor = static_cast<float>(1 + 40 * uniform(random));
            injected_gain[j] *= factor;
            for (std::size_t i = j; i < x.size(); i += columns) injected_x[i] *= factor;
            for (std::size_t i = j; i < w.size(); i += columns) injected_w[i] /= factor;
        }
        const auto smooth = [&](const std::vector<float>& inputs, std::vector<float>& weights, std::vector<float>& g) {
            input_statistics seen(columns, gram_matrix::left_out);
            seen.add(inputs, tokens);
            const auto s = smooth_quant(seen, weights, rows);
            scale_columns(weights, rows, s);
            divide_norm(g, {}, s);
        };
        auto plain_w = w;
        smooth(x, plain_w, gain);
        smooth(injected_x, injected_w, injected_gain);
        for (std::size_t i = 0; i < w.size(); ++i) result.equal(ulps(plain_w[i], injected_w[i]) <= 8, true, layer, i);
        for (std::size_t j = 0; j < columns; ++j) result.equal(ulps(gain[j], injected_gain[j]) <= 8, true, layer, j);
    }
    CHECK_TALLY_OVER(result, 5000U);
}

TEST_CASE("zero channels, and other tools' rules") {
    // Columns: a and w; a alone; w alone; neither. Each expected value is worked out by hand.
    const std::vector<float> x{-4, 8, 0, 0, 2, -1, 0, 0}, w{0.25F, 0, 0.5F, 0};
    input_statistics seen(4);
    seen.add(x, 2);
    const auto scales = [&](smooth_rule rule, double alpha = 0.5) {
        return smooth_quant(seen, w, 1, smooth_options{.alpha = alpha, .rule = rule});
    };
    CHECK(scales(smooth_rule::exact) == std::vector<float>{4, 1, 1, 1});  // sqrt(4 / 0.25)
    const auto reference = scales(smooth_rule::reference);
    CHECK(reference[0] == 4);
    CHECK(reference[1] == static_cast<float>(std::sqrt(8 / 1e-5)));
    CHECK(reference[2] == 1e-5F);
    CHECK(reference[3] == 1e-5F);
    const auto compressor = scales(smooth_rule::llm_compressor);
    CHECK(compressor[0] == static_cast<float>(std::sqrt(6 / 0.5)));
    CHECK(compressor[1] == 9);
    CHECK(compressor[2] == 1e-5F);
    CHECK(scales(smooth_rule::log_equalization)[0] == 2);  // 6 / log2(2 + 6)
    const auto modelopt = scales(smooth_rule::modelopt, 1);
    CHECK(modelopt[0] == 4);  // 1 / (1 / 4)
    CHECK(modelopt[2] == 1);
    CHECK(modelopt[3] == 1);
}

TEST_CASE("powers of two fold without rounding") {
    constexpr std::size_t columns = 24, rows = 9, tokens = 17;
    random_bits random{11};
    const auto x = random_floats(random, tokens * columns), w = random_floats(random, rows * columns);
    input_statistics seen(columns);
    seen.add(x, tokens);
    tally result;
    for (const double alpha : {0.3, 0.5, 0.85}) {
        const auto s = smooth_quant(seen, w, rows, {.alpha = alpha, .form = scale_form::power_of_two});
        const auto free = smooth_quant(seen, w, rows, {.alpha = alpha});
        auto scaled = w;
        scale_columns(scaled, rows, s);
        const auto smoothed = divided(x, s);
        for (std::size_t j = 0; j < columns; ++j) {
            int exponent = 0;
            result.equal(std::frexp(s[j], &exponent) == 0.5F, true, "power", j);
            const float ratio = s[j] / free[j];
            result.equal(ratio > 0.7F && ratio < 1.42F, true, "near", j);
        }
        for (std::size_t t = 0; t < tokens; ++t)
            for (std::size_t r = 0; r < rows; ++r) {
                float before = 0, after = 0;
                for (std::size_t j = 0; j < columns; ++j) {
                    before += x[t * columns + j] * w[r * columns + j];
                    after += smoothed[t * columns + j] * scaled[r * columns + j];
                }
                result.equal(before == after, true, "product", t, r);
            }
    }
    CHECK_TALLY(result, 3U * (2 * columns + tokens * rows));
    const auto half = smooth_quant(seen, w, rows, {.form = scale_form::float16});
    const auto brain = smooth_quant(seen, w, rows, {.form = scale_form::bfloat16});
    for (std::size_t j = 0; j < columns; ++j) {
        CHECK(representable<fp16>(half[j]));
        CHECK(representable<bf16>(brain[j]));
    }
}

TEST_CASE("a linear layer before is divided by rows") {
    std::vector<float> w{1, 2, 3, 4, 6, 8}, bias{1, 2, 4};  // 3 x 2; the last two outputs feed the layer
    divide_rows(w, 3, bias, std::vector<float>{2, 4});
    CHECK(w == std::vector<float>{1, 2, 1.5F, 2, 1.5F, 2});
    CHECK(bias == std::vector<float>{1, 1, 1});
    std::vector<float> gain{2, 4}, shift{8, 8};
    divide_norm(gain, shift, std::vector<float>{2, 4});
    CHECK(gain == std::vector<float>{1, 1});
    CHECK(shift == std::vector<float>{4, 2});
}
