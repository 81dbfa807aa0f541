// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: io
// needs: eigen
// needs: zlib
//
// The networks of the examples. Run from the repository's root, with Debian's dataset-fashion-mnist installed. What the GPT
// must give was computed by PyTorch in float64, in examples/train_char_gpt.py.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <lowprec/io/safetensors.hpp>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "../../examples/networks/char_gpt.hpp"
#include "../../examples/networks/fashion_mnist.hpp"
#include "../../examples/networks/judge.hpp"
#include "../../examples/networks/outliers.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using namespace networks;

namespace {

const std::string data = "examples/data/";

const char_gpt& gpt() {
    static const char_gpt net = read_char_gpt(data + "char_gpt.safetensors");
    return net;
}

const std::vector<token>& held_out() {
    static const auto tokens = read_tokens(gpt(), data + "kjv_held_out.txt");
    return tokens;
}

matrix plain_logits(const char_gpt& net, std::size_t count) {
    return logits_of(net, std::span(held_out()).first(count), float_linear(net.weights));
}

double perplexity(const matrix& logits) {
    const auto targets = std::span(held_out()).subspan(1, static_cast<std::size_t>(logits.rows()));
    return judge(logits, targets, logits).perplexity();
}

// A bit pattern each, so that equal means equal.
bool same_bits(const matrix& a, const matrix& b) {
    return a.rows() == b.rows() && a.cols() == b.cols() &&
           std::memcmp(a.data(), b.data(), sizeof(float) * static_cast<std::size_t>(a.size())) == 0;
}

}  // namespace

TEST_CASE("the GPT gives PyTorch's logits and perplexity", "[networks]") {
    const auto reference = lowprec::io::safetensors::open(data + "char_gpt_reference.safetensors");
    const auto wanted = reference.values<float>("logits");
    const auto positions = reference.values<std::int64_t>("positions");
    const auto characters = gpt().vocabulary.size();
    REQUIRE(wanted.size() == 2 * positions.size() * characters);
    REQUIRE(wanted.size() > 200);

    const auto logits = plain_logits(gpt(), 16384);
    double largest = 0, error = 0;
    auto next = wanted.begin();
    for (Eigen::Index window = 0; window < 2; ++window)
        for (const auto position : positions)
            for (Eigen::Index c = 0; c < logits.cols(); ++c, ++next) {
                largest = std::fmax(largest, std::fabs(static_cast<double>(*next)));
                const auto got = static_cast<double>(logits(128 * window + static_cast<Eigen::Index>(position), c));
                error = std::fmax(error, std::fabs(got - static_cast<double>(*next)));
            }
    INFO("largest logit " << largest << ", largest error " << error);
    CHECK(largest > 5);
    CHECK(error < 1e-4);

    const auto wanted_perplexity = reference.values<double>("perplexity").at(0);
    INFO(perplexity(logits) / wanted_perplexity - 1);
    CHECK(std::fabs(perplexity(logits) / wanted_perplexity - 1) < 1e-6);

    // in other words: the same on two threads, and no logit knows what comes after it or stands in another window
    auto tokens = std::vector(held_out().begin(), held_out().begin() + 4096);
    CHECK(same_bits(logits_of(gpt(), tokens, float_linear(gpt().weights), 2), logits.topRows(4096)));
    tokens[128 + 100] = static_cast<token>(tokens[128 + 100] == 0);
    const auto other = logits_of(gpt(), tokens, float_linear(gpt().weights));
    CHECK(same_bits(other.topRows(128 + 100), logits.topRows(128 + 100)));
    CHECK(!same_bits(other.row(128 + 100), logits.row(128 + 100)));
    CHECK(!same_bits(other.row(128 + 127), logits.row(128 + 127)));
    CHECK(same_bits(other.middleRows(256, 3840), logits.middleRows(256, 3840)));
}

TEST_CASE("outliers change the inputs of the layers behind a norm, and nothing else", "[networks]") {
    const auto plain = plain_logits(gpt(), 2048);
    const auto plain_perplexity = perplexity(plain);
    std::set<std::vector<std::size_t>> drawn;
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        auto net = gpt();
        const auto injected = inject_outliers(net, seed);
        REQUIRE(injected.size() == 2 * net.layers + 1);
        for (const auto& [norm, channels] : injected) {
            drawn.insert(channels);
            CHECK(std::set(channels.begin(), channels.end()).size() == 4);
            Eigen::VectorXf gain = gpt().gains.at(norm);
            for (const auto c : channels) gain[static_cast<Eigen::Index>(c)] *= 32;
            CHECK(gain == net.gains.at(norm));
        }
        for (const auto& pair : net.pairs())
            for (const auto& name : pair.linears) CHECK(net.weights.at(name) != gpt().weights.at(name));
        CHECK(net.weights.at("layers.0.self_attn.o_proj") == gpt().weights.at("layers.0.self_attn.o_proj"));
        CHECK(net.weights.at("layers.3.mlp.down_proj") == gpt().weights.at("layers.3.mlp.down_proj"));
        const auto logits = plain_logits(net, 2048);
        CHECK(std::fabs(perplexity(logits) / plain_perplexity - 1) < 1e-5);
        CHECK(same_bits(logits, plain));  // 32 is a power of two
    }
    CHECK(drawn.size() == 3 * (2 * gpt().layers + 1));

    auto net = gpt();
    inject_outliers(net, 1, 6, 30.0F);
    const auto logits = plain_logits(net, 2048);
    CHECK(!same_bits(logits, plain));
    CHECK(std::fabs(perplexity(logits) / plain_perplexity - 1) < 1e-5);

    auto one = gpt();
    const auto pairs = one.pairs();
    CHECK(inject_outliers(one, {pairs[2]}, 1).size() == 1);
    CHECK(one.gains.at("layers.0.input_norm") == gpt().gains.at("layers.0.input_norm"));
    CHECK(one.gains.at("layers.1.input_norm") != gpt().gains.at("layers.1.input_norm"));
    CHECK_THAT(message_of([&] { inject_outliers(one, 1, 129); }), contains("129 outliers among 128"));
    CHECK_THAT(message_of([&] { inject_outliers(one, 1, 4, 0.0F); }), contains("factor"));
}

TEST_CASE("an observer sees every layer's input, and a layer can be replaced", "[networks]") {
    std::vector<std::string> seen;
    bool shapes = true;
    const auto watch = observed(float_linear(gpt().weights), [&](std::string_view layer, const matrix& x) {
        seen.emplace_back(layer);
        shapes = shapes && x.rows() == 256 && x.cols() == gpt().weights.find(layer)->second.cols();
    });
    const auto tokens = std::span(held_out()).first(256);
    const auto logits = logits_of(gpt(), tokens, watch);
    CHECK(shapes);
    CHECK(seen == gpt().linear_names());
    CHECK(seen.size() == gpt().weights.size());

    const auto without_head = [&](std::string_view layer, const matrix& x, matrix& y) {
        if (layer == "lm_head")
            y.setZero();
        else
            float_linear(gpt().weights)(layer, x, y);
    };
    const auto zero = logits_of(gpt(), tokens, without_head);
    CHECK(zero.isZero(0));
    CHECK(!logits.isZero(0));
}

TEST_CASE("what the GPT refuses", "[networks]") {
    const auto apply = float_linear(gpt().weights);
    CHECK_THAT(message_of([&] { logits_of(gpt(), std::span(held_out()).first(130), apply); }), contains("130 tokens"));
    CHECK_THAT(message_of([&] { logits_of(gpt(), std::span(held_out()).first(129), apply, 1, 129); }),
               contains("at most 128"));
    CHECK_THAT(message_of([&] { logits_of(gpt(), std::vector<token>(128, 63), apply); }), contains("vocabulary of 63"));
    CHECK_THAT(message_of([&] { tokens_of(gpt(), "In{"); }), contains("character 123 at 2"));
    CHECK_THAT(message_of([] { read_tokens(gpt(), data + "nothing.txt"); }), contains("nothing.txt"));
    CHECK_THAT(message_of([] { read_char_gpt(data + "fashion_mnist_mlp.safetensors"); }), contains("vocabulary"));
    const linear fails = [](std::string_view, const matrix&, matrix&) { throw std::runtime_error("on purpose"); };
    CHECK_THAT(message_of([&] { logits_of(gpt(), std::span(held_out()).first(4096), fails, 2); }),
               contains("on purpose"));

    CHECK(held_out().size() > 16384 + 64);
    CHECK(read_tokens(gpt(), data + "kjv_calibration.txt").size() == 65536);
}

TEST_CASE("judging logits", "[networks]") {
    const matrix reference{{0.0F, std::log(3.0F)}, {0.0F, 0.0F}};
    matrix logits{{std::log(4.0F), 0.0F}, {1000.0F, 1000.0F}};
    const std::vector<std::uint8_t> targets{0, 1};
    const auto first = judge(logits, targets, reference);
    CHECK(first.loss[0] == Approx(std::log(1.25)));
    CHECK(first.loss[1] == Approx(std::log(2.0)));
    // probabilities 1/4, 3/4 from 4/5, 1/5
    CHECK(first.divergence[0] == Approx(0.25 * std::log(0.25 / 0.8) + 0.75 * std::log(0.75 / 0.2)));
    CHECK(first.divergence[1] == Approx(0).margin(1e-15));
    CHECK(first.perplexity() == Approx(std::sqrt(2.5)));
    CHECK(first.right == std::vector<std::uint8_t>{1, 0});
    CHECK(first.changed == std::vector<std::uint8_t>{1, 0});
    CHECK(first.accuracy() == Approx(0.5));

    logits(1, 0) = std::numeric_limits<float>::quiet_NaN();
    const auto second = judge(logits, targets, reference);
    CHECK(second.loss[0] == first.loss[0]);
    CHECK(std::isnan(second.loss[1]));
    CHECK(second.changed[1] == 1);
    CHECK_THAT(message_of([&] { judge(logits, std::vector<std::uint8_t>{0, 2}, reference); }), contains("target"));
    CHECK_THAT(message_of([&] { judge(logits, std::vector<std::uint8_t>{0}, reference); }), contains("sizes"));
}

TEST_CASE("17 pixels never fire in 128 images, and do in 702 test images", "[networks]") {
    const auto images = read_fashion_mnist_images();
    CHECK(images.calibration.rows() == 128);
    CHECK(images.silent.size() == 17);
    CHECK(images.woken.size() == 702);

    const auto path = data + "fashion_mnist_mlp.safetensors";
    const auto net = read_mlp(path);
    const auto logits = logits_of(net, images.test.topRows(500), float_linear(net.weights));
    const auto same = compare_formats::run(compare_formats::read_network(path), images.test.topRows(500).transpose(),
                                           [](std::size_t, const Eigen::MatrixXf&) {});
    CHECK((logits.transpose() - same).cwiseAbs().maxCoeff() < 1e-4F);
    const auto judged = judge(logits, std::span(images.labels).first(500), logits);
    CHECK(judged.accuracy() > 0.85);
    CHECK(judged.changed_share() == 0.0);
}
