// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 7
//
// mixed_precision: which tensor is stored how. Rules from patterns (glob.hpp) to formats (tensor_format.hpp), in order; the last one
// that matches decides.
//
//     mixed_precision p(weights_only(integers<4>(scaling::group(128))));       what no rule matches
//     p.rule("*norm*", keep<fp16>()).rule("*.mlp.*", {blocks<nvfp4>(), blocks<nvfp4>()}).rule("lm_head", keep<fp16>());
//     p.kv_cache("*", scaled<e4m3>(scaling::tensor()));
//     p.of("model.layers.0.mlp.up_proj.weight").weights
//
// A name is a tensor's or its module's: a rule matches "lm_head.weight" if its pattern stands for that or for "lm_head".
#ifndef LOWPREC_PTQ_MIXED_PRECISION_RULES_HPP
#define LOWPREC_PTQ_MIXED_PRECISION_RULES_HPP

#include <cstddef>
#include <lowprec/ptq/mixed_precision/glob.hpp>
#include <lowprec/ptq/mixed_precision/tensor_format.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lowprec::ptq {

/// How a layer's weights are stored, and what its inputs become before the product.
struct layer_format {
    tensor_format weights{};
    tensor_format activations{};

    [[nodiscard]] std::string text() const { return weights.text() + " x " + activations.text(); }
    [[nodiscard]] constexpr bool is_kept() const noexcept { return weights.is_kept() && activations.is_kept(); }
    friend constexpr bool operator==(const layer_format&, const layer_format&) = default;
};

/// Weights in a format, inputs in fp16.
[[nodiscard]] constexpr layer_format weights_only(tensor_format weights) noexcept { return {weights, {}}; }

/// What a rule is about.
enum class model_part : unsigned char {
    layer,      ///< a layer's weights and inputs
    kv_cache,   ///< what an attention layer stores of keys and values
    attention,  ///< what an attention layer multiplies: queries by keys, probabilities by values
};

[[nodiscard]] constexpr std::string_view name(model_part part) noexcept {
    constexpr std::string_view names[] = {"layer", "kv_cache", "attention"};
    return names[static_cast<int>(part)];
}

/// A rule. Of the cache and of attention, `format.activations` counts.
struct precision_rule {
    std::string pattern;
    layer_format format;
    model_part part = model_part::layer;
    friend bool operator==(const precision_rule&, const precision_rule&) = default;
};

/// Which rule decided about a name, and which others matched and were overruled.
struct explanation {
    std::string name;
    model_part part = model_part::layer;
    layer_format format{};
    std::optional<std::size_t> decided{};   ///< the rule's place in rules(); none: no rule matched
    std::vector<std::size_t> overruled{};   ///< in order
    std::vector<precision_rule> matched{};  ///< copies of the overruled ones, then of the one that decided

    /// A line for the name and one for each rule that matched.
    [[nodiscard]] std::string text() const {
        const auto words = [&](const layer_format& f) {
            return part == model_part::layer ? f.text() : f.activations.text();
        };
        std::string out = name;
        if (part != model_part::layer) out += " (" + std::string(ptq::name(part)) + ")";
        out += ": " + words(format) + "\n";
        if (!decided) return out + "  no rule matches\n";
        out += "  rule " + std::to_string(*decided) + " decides: " + matched.back().pattern + "\n";
        for (std::size_t i = overruled.size(); i-- > 0;)
            out += "  rule " + std::to_string(overruled[i]) + " is overruled: " + matched[i].pattern + ", " +
                   words(matched[i].format) + "\n";
        return out;
    }
};

/// Rules in order, of which the last one that matches decides.
class mixed_precision {
public:
    /// `otherwise` is for the layers that no rule matches; caches and attention are fp16 then.
    explicit mixed_precision(layer_format otherwise = {}) : otherwise_{otherwise} {}

    /// Adds a rule for layers.
    /// Errors:  std::invalid_argument if the pattern is malformed (glob.hpp); nothing is added.
    mixed_precision& rule(std::string pattern, layer_format format) {
        return add({std::move(pattern), format, model_part::layer});
    }
    /// The same; inputs stay in fp16, or in the format of weights that are kept in another.
    mixed_precision& rule(std::string pattern, tensor_format weights) {
        return rule(std::move(pattern), {weights, weights.is_kept() ? weights : tensor_format{}});
    }
    /// Adds a rule for the caches of attention layers.
    mixed_precision& kv_cache(std::string pattern, tensor_format format) {
        return add({std::move(pattern), {format, format}, model_part::kv_cache});
    }
    /// Adds a rule for the products of attention layers.
    mixed_precision& attention(std::string pattern, tensor_format format) {
        return add({std::move(pattern), {format, format}, model_part::attention});
    }
    /// Adds any rule.
    mixed_precision& add(precision_rule rule) {
        if (const glob_problem problem = check_glob(rule.pattern); !problem.what.empty())
            lowprec::detail::fail_argument("lowprec::ptq::mixed_precision: ", problem.what, ", at character ",
                                           problem.at, " of ", rule.pattern);
        rules_.push_back(std::move(rule));
        return *this;
    }

    [[nodiscard]] layer_format of(std::string_view layer) const { return format_of(layer, model_part::layer); }
    [[nodiscard]] tensor_format kv_cache_of(std::string_view attention_layer) const {
        return format_of(attention_layer, model_part::kv_cache).activations;
    }
    [[nodiscard]] tensor_format attention_of(std::string_view attention_layer) const {
        return format_of(attention_layer, model_part::attention).activations;
    }

    /// Why a name has its format.
    [[nodiscard]] explanation explain(std::string_view layer, model_part part = model_part::layer) const {
        explanation out{.name = std::string(layer), .part = part, .format = format_of(layer, part)};
        for (std::size_t i = 0; i < rules_.size(); ++i) {
            if (!matches(rules_[i], layer, part)) continue;
            if (out.decided) out.overruled.push_back(*out.decided);
            out.decided = i;
            out.matched.push_back(rules_[i]);
        }
        return out;
    }

    [[nodiscard]] const std::vector<precision_rule>& rules() const noexcept { return rules_; }
    [[nodiscard]] layer_format otherwise() const noexcept { return otherwise_; }
    friend bool operator==(const mixed_precision&, const mixed_precision&) = default;

private:
    [[nodiscard]] static bool matches(const precision_rule& rule, std::string_view name, model_part part) {
        constexpr std::string_view ending = ".weight";
        if (rule.part != part) return false;
        return glob_matches(rule.pattern, name) ||
               (part == model_part::layer && name.size() > ending.size() && name.ends_with(ending) &&
                glob_matches(rule.pattern, name.substr(0, name.size() - ending.size())));
    }
    [[nodiscard]] layer_format format_of(std::string_view name, model_part part) const {
        for (std::size_t i = rules_.size(); i-- > 0;)
            if (matches(rules_[i], name, part)) return rules_[i].format;
        return part == model_part::layer ? otherwise_ : layer_format{};
    }

    layer_format otherwise_;
    std::vector<precision_rule> rules_;
};

}  // namespace lowprec::ptq

#endif
