// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The choice of formats under a budget, beside all choices that there are.
#include <cstdint>
#include <limits>
#include <lowprec/ptq/mixed_precision.hpp>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/tally.hpp"

using namespace lowprec;
using namespace lowprec::ptq;

namespace {

const std::vector<layer_format> formats{weights_only(integers<2>(scaling::channel())),
                                        weights_only(integers<3>(scaling::channel())),
                                        weights_only(blocks<mxfp4>()),
                                        weights_only(blocks<nvfp4>()),
                                        weights_only(scaled<e4m3>(scaling::tensor())),
                                        weights_only(keep<fp16>())};

struct found {
    std::uint64_t loss = ~std::uint64_t{0};
    std::size_t bytes = 0;
};

// All choices, one after the other. Losses are integers here, so sums are exact in any order.
void try_all(const std::vector<budget_item>& items, std::size_t i, std::uint64_t loss, std::size_t bytes,
             std::size_t capacity, found& best) {
    if (i == items.size()) {
        if (bytes <= capacity && (loss < best.loss || (loss == best.loss && bytes < best.bytes))) best = {loss, bytes};
        return;
    }
    for (const auto& option : items[i].options) {
        std::size_t more = 0;
        for (const auto& layer : items[i].layers) more += option.format.weights.size(layer.rows, layer.columns).bytes();
        try_all(items, i + 1, loss + static_cast<std::uint64_t>(option.loss), bytes + more, capacity, best);
    }
}

std::vector<budget_item> random_items(random_bits& random, std::size_t count, std::uint64_t largest_loss) {
    std::vector<budget_item> items(count);
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t n = 1 + random() % 2; n-- > 0;)
            items[i].layers.push_back({"l" + std::to_string(i) + "." + std::to_string(n),
                                       static_cast<std::size_t>(1 + random() % 4) * 8,
                                       static_cast<std::size_t>(1 + random() % 4) * 16});
        for (std::size_t n = 1 + random() % 4; n-- > 0;)
            items[i].options.push_back(
                {formats[random() % formats.size()], static_cast<double>(random() % largest_loss)});
    }
    return items;
}

}  // namespace

TEST_CASE("the choice loses least among all choices") {
    random_bits random{3};
    tally result;
    int refused = 0, greedy_worse = 0, in_between = 0;
    for (int round = 0; round < 4000; ++round) {
        const auto items = random_items(random, 1 + random() % 6, round % 2 == 0 ? 6 : 100'000);
        const double bits = 2 + static_cast<double>(random() % 1024) / 100;
        std::size_t weights = 0;
        for (const auto& item : items)
            for (const auto& layer : item.layers) weights += layer.rows * layer.columns;
        const auto capacity = static_cast<std::size_t>(bits * static_cast<double>(weights) / 8);
        found best;
        try_all(items, 0, 0, 0, capacity, best);
        if (best.loss == ~std::uint64_t{0}) {
            ++refused;
            result.equal(message_of<std::invalid_argument>([&] { (void)choose_formats(items, bits); }).empty(), false,
                         round);
            continue;
        }
        const budget_choice choice = choose_formats(items, bits);
        // what is said about the choice is so
        std::uint64_t loss = 0;
        std::size_t bytes = 0;
        double largest_step = 0;
        for (std::size_t i = 0; i < items.size(); ++i) {
            const auto& option = items[i].options.at(choice.options.at(i));
            loss += static_cast<std::uint64_t>(option.loss);
            double highest = 0, lowest = option.loss;
            for (const auto& o : items[i].options) {
                highest = (std::max)(highest, o.loss);
                lowest = (std::min)(lowest, o.loss);
            }
            largest_step = (std::max)(largest_step, highest - lowest);
            for (const auto& layer : items[i].layers)
                bytes += option.format.weights.size(layer.rows, layer.columns).bytes();
        }
        result.equal(loss, best.loss, round, "loss");
        result.equal(bytes, best.bytes, round, "bytes");
        result.equal(choice.bytes == bytes && choice.loss == static_cast<double>(loss) && choice.exact &&
                         choice.lower_bound == choice.loss && choice.elements == weights,
                     true, round, "said");
        // without memory for states, the greedy choice keeps its promise
        const budget_choice greedy = choose_formats(items, bits, {.most_states = 0});
        const auto least = static_cast<double>(best.loss);
        result.equal(greedy.bytes <= capacity && greedy.loss >= least && greedy.loss <= least + largest_step &&
                         greedy.lower_bound <= least + 1e-6 && greedy.loss - greedy.lower_bound <= largest_step + 1e-6,
                     true, round, "greedy");
        greedy_worse += greedy.loss > least ? 1 : 0;
        in_between += greedy.exact ? 0 : 1;
    }
    CHECK_TALLY_OVER(result, 10'000U);
    CHECK(refused > 20);
    CHECK(greedy_worse > 30);
    CHECK(in_between > 500);
}

TEST_CASE("a model of 64 layers is chosen exactly, within its budget, the same way each time") {
    random_bits random{11};
    std::vector<budget_item> items;
    for (int layer = 0; layer < 64; ++layer) {
        const std::string at = "model.layers." + std::to_string(layer);
        const auto add = [&](std::vector<layer_shape> layers) {
            budget_item item{std::move(layers), {}};
            const double sensitivity = 1e-3 + static_cast<double>(random() >> 11) * 0x1p-53;
            for (const auto& f : formats) {
                const int bits = f.weights.bits();
                item.options.push_back({f, sensitivity / static_cast<double>(std::uint64_t{1} << 2 * bits)});
            }
            items.push_back(std::move(item));
        };
        add({{at + ".q_proj", 4096, 4096}, {at + ".k_proj", 1024, 4096}, {at + ".v_proj", 1024, 4096}});
        add({{at + ".o_proj", 4096, 4096}});
        add({{at + ".gate_proj", 14336, 4096}, {at + ".up_proj", 14336, 4096}});
        add({{at + ".down_proj", 4096, 14336}});
    }
    const budget_choice choice = choose_formats(items, 4.8);
    CHECK(choice.exact);
    CHECK(choice.bits_per_weight() <= 4.8);
    CHECK(choice.bits_per_weight() > 4.79);
    const budget_choice greedy = choose_formats(items, 4.8, {.most_states = 0});
    CHECK_FALSE(greedy.exact);
    CHECK(choice.loss <= greedy.loss);
    CHECK(greedy.lower_bound <= choice.loss);
    CHECK(choose_formats(items, 4.8).options == choice.options);
    CHECK(choose_formats(items, 100).bits_per_weight() <= 16);

    mixed_precision p;
    add_rules(p, items, choice);
    std::vector<layer_shape> layers;
    for (const auto& item : items) layers.insert(layers.end(), item.layers.begin(), item.layers.end());
    CHECK(report_size(p, layers).size.bytes() == choice.bytes);
    CHECK(p.of(items[5].layers[0].name) == items[5].options[choice.options[5]].format);
}

TEST_CASE("budgets that can't be met and losses that are none are refused") {
    std::vector<budget_item> items{{{{"a", 8, 32}}, {{formats[2], 1.0}, {formats[5], 0.0}}}};
    const auto refused = [&](double bits) {
        return message_of<std::invalid_argument>([&] { (void)choose_formats(items, bits); });
    };
    CHECK(refused(4) == "lowprec::ptq::choose_formats: the budget is 128 bytes, and the smallest options take 136");
    CHECK(refused(-1) == "lowprec::ptq::choose_formats: the budget must be a number, not negative");
    CHECK(refused(std::numeric_limits<double>::quiet_NaN()) ==
          "lowprec::ptq::choose_formats: the budget must be a number, not negative");
    CHECK(choose_formats(items, 4.25).options == std::vector<std::size_t>{0});
    CHECK(choose_formats(items, 16).options == std::vector<std::size_t>{1});
    items[0].options[1].loss = -1;
    CHECK(refused(16) ==
          "lowprec::ptq::choose_formats: the loss of option 1 of item 0 must be a finite number, not negative");
    items[0].options.clear();
    CHECK(refused(16) == "lowprec::ptq::choose_formats: item 0 has no options");
    CHECK(choose_formats({}, 4).options.empty());
    mixed_precision p;
    CHECK(message_of<std::invalid_argument>([&] { add_rules(p, items, {}); }) ==
          "lowprec::ptq::add_rules: a choice of 0 for 1 items");
}
