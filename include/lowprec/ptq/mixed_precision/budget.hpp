// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 7
//
// The choice of a format for each layer: the least sum of losses whose bytes fit a budget. Each layer, or each group of layers that
// must share a format, comes with its options and with the loss that was measured for each.
//
// This is the multiple-choice knapsack problem. The answer is exact: layer after layer, the sums (bytes, loss) are kept that no other
// beats in both, without those that a Lagrangian bound shows to lead nowhere. Where more than `most_states` sums would be kept, the
// answer is the greedy one along the convex hulls of the options; it is above the optimum by at most one step on one layer's hull, and
// `lower_bound` says how much is left open.
#ifndef LOWPREC_PTQ_MIXED_PRECISION_BUDGET_HPP
#define LOWPREC_PTQ_MIXED_PRECISION_BUDGET_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <lowprec/ptq/mixed_precision/size_report.hpp>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace lowprec::ptq {

/// A format that a layer can have, and what is lost by it, on one scale for all layers.
struct format_option {
    layer_format format;
    double loss = 0;
};

/// Layers that get one format together, such as the three projections of an attention layer; mostly one.
struct budget_item {
    std::vector<layer_shape> layers;
    std::vector<format_option> options;
};

struct budget_options {
    zero_points zeros = zero_points::bytes;
    std::size_t most_states = std::size_t{1} << 20;  ///< of 24 bytes each
};

/// The options chosen.
struct budget_choice {
    std::vector<std::size_t> options;  ///< for each item the place of its option
    std::size_t bytes = 0;
    std::size_t elements = 0;
    double loss = 0;
    double lower_bound = 0;  ///< no choice within the budget loses less
    bool exact = true;       ///< no choice within the budget loses less than this one

    [[nodiscard]] double bits_per_weight() const noexcept { return detail::ratio(bytes, elements); }
};

namespace detail {

struct priced_option {
    std::size_t bytes;
    double loss;
    std::size_t place;
};

/// An item's options that no other beats, the smallest first: their losses fall.
inline std::vector<priced_option> useful_options(const budget_item& item, zero_points zeros, std::size_t number) {
    if (item.options.empty())
        lowprec::detail::fail_argument("lowprec::ptq::choose_formats: item ", number, " has no options");
    std::vector<priced_option> all;
    for (std::size_t i = 0; i < item.options.size(); ++i) {
        const format_option& option = item.options[i];
        if (!(option.loss >= 0 && option.loss <= (std::numeric_limits<double>::max)()))
            lowprec::detail::fail_argument("lowprec::ptq::choose_formats: the loss of option ", i, " of item ", number,
                                           " must be a finite number, not negative");
        std::size_t bytes = 0;
        for (const layer_shape& layer : item.layers)
            add_checked(bytes, option.format.weights.size(layer.rows, layer.columns, zeros).bytes());
        all.push_back({bytes, option.loss, i});
    }
    std::sort(all.begin(), all.end(), [](const priced_option& a, const priced_option& b) {
        return std::tuple(a.bytes, a.loss, a.place) < std::tuple(b.bytes, b.loss, b.place);
    });
    std::vector<priced_option> useful;
    for (const priced_option& option : all)
        if (useful.empty() || option.loss < useful.back().loss) useful.push_back(option);
    return useful;
}

/// What a step along the lower convex hull of an item's options saves, and what it takes.
struct hull_step {
    double slope;  ///< loss for each byte
    std::size_t item, to;
    std::size_t bytes;
    double loss;
};

inline void add_hull(const std::vector<priced_option>& options, std::size_t item, std::vector<hull_step>& steps) {
    const auto slope = [&](std::size_t a, std::size_t b) {
        return (options[a].loss - options[b].loss) / static_cast<double>(options[b].bytes - options[a].bytes);
    };
    std::vector<std::size_t> hull;
    for (std::size_t i = 0; i < options.size(); ++i) {
        while (hull.size() >= 2 && slope(hull[hull.size() - 2], hull.back()) <= slope(hull.back(), i)) hull.pop_back();
        hull.push_back(i);
    }
    for (std::size_t i = 1; i < hull.size(); ++i)
        steps.push_back({slope(hull[i - 1], hull[i]), item, hull[i],
                         options[hull[i]].bytes - options[hull[i - 1]].bytes,
                         options[hull[i - 1]].loss - options[hull[i]].loss});
}

/// A sum over the items so far.
struct budget_state {
    std::size_t bytes;
    double loss;
    std::uint32_t before;  ///< the state of the items before
    std::uint32_t option;
};

class knapsack {
public:
    using table = std::vector<std::vector<priced_option>>;

    knapsack(const table& items, std::size_t capacity) : items_{items}, capacity_{capacity} { take_steps(); }

    /// Each item's option, by the greedy way.
    [[nodiscard]] const std::vector<std::size_t>& greedy() const noexcept { return taken_; }
    [[nodiscard]] double lower_bound() const noexcept { return bound_; }
    /// Whether every item has the option that loses least.
    [[nodiscard]] bool all_fit() const noexcept { return all_fit_; }

    [[nodiscard]] double loss_of(const std::vector<std::size_t>& taken) const noexcept {
        double sum = 0;
        for (std::size_t i = 0; i < items_.size(); ++i) sum += items_[i][taken[i]].loss;
        return sum;
    }

    /// The best options, or none if that takes more states.
    [[nodiscard]] std::vector<std::size_t> best(std::size_t most_states) const {
        const std::size_t n = items_.size();
        std::vector<std::size_t> rest_bytes(n + 1, 0);  // the least that the items from i on take
        std::vector<double> rest_cost(n + 1, 0);        // and their least loss with bytes at a price
        for (std::size_t i = n; i-- > 0;) {
            double least = std::numeric_limits<double>::infinity();
            for (const priced_option& o : items_[i]) least = (std::min)(least, cost(o.loss, o.bytes));
            rest_cost[i] = rest_cost[i + 1] + least;
            rest_bytes[i] = rest_bytes[i + 1] + items_[i].front().bytes;
        }
        const double limit = loss_of(taken_), budget = cost(0, capacity_);
        // what rounding can do to a bound
        const double slack =
            8 * static_cast<double>(n + 4) * std::numeric_limits<double>::epsilon() * (limit + budget + rest_cost[0]);

        std::vector<std::vector<budget_state>> stages{{{0, 0, 0, 0}}};
        std::vector<budget_state> sums;
        std::size_t held = 0;
        for (std::size_t i = 0; i < n; ++i) {
            sums.clear();
            const auto& before = stages.back();
            if (before.size() > most_states) return {};
            for (std::size_t s = 0; s < before.size(); ++s)
                for (std::size_t o = 0; o < items_[i].size(); ++o) {
                    const std::size_t bytes = before[s].bytes + items_[i][o].bytes;
                    const double loss = before[s].loss + items_[i][o].loss;
                    if (bytes > capacity_ || rest_bytes[i + 1] > capacity_ - bytes) break;
                    if (cost(loss, bytes) + rest_cost[i + 1] - budget > limit + slack) continue;
                    sums.push_back({bytes, loss, static_cast<std::uint32_t>(s), static_cast<std::uint32_t>(o)});
                }
            std::sort(sums.begin(), sums.end(), [](const budget_state& a, const budget_state& b) {
                return std::tuple(a.bytes, a.loss, a.before, a.option) <
                       std::tuple(b.bytes, b.loss, b.before, b.option);
            });
            std::vector<budget_state> kept;
            for (const budget_state& s : sums)
                if (kept.empty() || s.loss < kept.back().loss) kept.push_back(s);
            held += kept.size();
            if (held > most_states || kept.empty()) return {};
            stages.push_back(std::move(kept));
        }
        std::vector<std::size_t> options(n);
        std::size_t at = stages.back().size() - 1;  // the last one loses least
        for (std::size_t i = n; i-- > 0;) {
            options[i] = stages[i + 1][at].option;
            at = stages[i + 1][at].before;
        }
        return options;
    }

private:
    [[nodiscard]] double cost(double loss, std::size_t bytes) const noexcept {
        return loss + price_ * static_cast<double>(bytes);
    }

    // From the smallest options, the steps that save most for a byte. The first that doesn't fit gives the price of a byte.
    void take_steps() {
        std::vector<hull_step> steps;
        std::size_t bytes = 0;
        double loss = 0;
        for (std::size_t i = 0; i < items_.size(); ++i) {
            add_hull(items_[i], i, steps);
            bytes += items_[i].front().bytes;
            loss += items_[i].front().loss;
        }
        std::stable_sort(steps.begin(), steps.end(),
                         [](const hull_step& a, const hull_step& b) { return a.slope > b.slope; });
        taken_.assign(items_.size(), 0);
        std::vector<char> stopped(items_.size(), 0);
        for (const hull_step& step : steps) {
            if (stopped[step.item] != 0) continue;
            if (step.bytes > capacity_ - bytes) {
                if (all_fit_) {
                    all_fit_ = false;
                    price_ = step.slope;
                    bound_ = (std::max)(0.0, loss - step.slope * static_cast<double>(capacity_ - bytes));
                }
                stopped[step.item] = 1;
                continue;
            }
            bytes += step.bytes;
            loss -= step.loss;
            taken_[step.item] = step.to;
        }
        if (all_fit_) bound_ = loss_of(taken_);
    }

    const table& items_;
    std::size_t capacity_;
    std::vector<std::size_t> taken_;
    double price_ = 0, bound_ = 0;
    bool all_fit_ = true;
};

}  // namespace detail

/// Chooses an option for each item, so that their sum of losses is least among those of at most so many bits for each weight.
/// Units:   bits with scales and zero points, over the weights of all items.
/// Errors:  std::invalid_argument for an item without options, a loss that is negative or not finite, a budget that isn't a number,
///          or one below the smallest options; it says what these take.
/// Cost:    items times states times options, with few states where sensitivities differ.
/// Source:  Kellerer, Pferschy, Pisinger, "Knapsack Problems" (2004), chapter 11.
[[nodiscard]] inline budget_choice choose_formats(std::span<const budget_item> items, double bits_per_weight,
                                                  budget_options how = {}) {
    budget_choice choice;
    detail::knapsack::table options;
    std::size_t least = 0, most = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
        options.push_back(detail::useful_options(items[i], how.zeros, i));
        for (const layer_shape& layer : items[i].layers)
            detail::add_checked(choice.elements, layer.rows * layer.columns);
        detail::add_checked(least, options.back().front().bytes);
        detail::add_checked(most, options.back().back().bytes);
    }
    const double weights = static_cast<double>(choice.elements);
    if (!(bits_per_weight >= 0))
        lowprec::detail::fail_argument("lowprec::ptq::choose_formats: the budget must be a number, not negative");
    const double bytes = bits_per_weight * weights / 8;
    const std::size_t capacity = bytes < static_cast<double>(most) ? static_cast<std::size_t>(bytes) : most;
    if (least > capacity)
        lowprec::detail::fail_argument("lowprec::ptq::choose_formats: the budget is ", capacity,
                                       " bytes, and the smallest options take ", least);
    const detail::knapsack problem(options, capacity);
    std::vector<std::size_t> taken;
    if (!problem.all_fit()) taken = problem.best((std::min)(how.most_states, std::size_t{0xFFFFFFFF}));
    choice.exact = problem.all_fit() || taken.size() == items.size();
    if (taken.size() != items.size()) taken = problem.greedy();
    choice.loss = problem.loss_of(taken);
    choice.lower_bound = choice.exact ? choice.loss : (std::min)(problem.lower_bound(), choice.loss);
    for (std::size_t i = 0; i < items.size(); ++i) {
        choice.bytes += options[i][taken[i]].bytes;
        choice.options.push_back(options[i][taken[i]].place);
    }
    return choice;
}

/// Adds a rule for each layer of the items.
inline void add_rules(mixed_precision& policy, std::span<const budget_item> items, const budget_choice& choice) {
    if (choice.options.size() != items.size())
        lowprec::detail::fail_argument("lowprec::ptq::add_rules: a choice of ", choice.options.size(), " for ",
                                       items.size(), " items");
    for (std::size_t i = 0; i < items.size(); ++i)
        for (const layer_shape& layer : items[i].layers)
            policy.rule(glob_quoted(layer.name), items[i].options[choice.options[i]].format);
}

}  // namespace lowprec::ptq

#endif
