// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 8
//
// compressed-tensors' quantization_config, which llm-compressor writes into a checkpoint's config.json, and policies from it and to it:
//
//     {"quant_method": "compressed-tensors", "format": "pack-quantized",
//      "config_groups": {"group_0": {"targets": ["Linear" or "re:.*mlp.*" or a name, ...],
//                                    "weights": {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 128,
//                                                "symmetric": true, "dynamic": false},
//                                    "input_activations": {...} or null}},
//      "ignore": ["lm_head", ...], "kv_cache_scheme": {...} or null}
//
// Fields that lowprec doesn't know are kept and written back, but for those of a scheme (weights, activations, cache): there they could
// change what codes mean, and are refused by name.
#ifndef LOWPREC_IO_QUANTIZATION_CONFIG_HPP
#define LOWPREC_IO_QUANTIZATION_CONFIG_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <lowprec/io/detail/json_reader.hpp>
#include <lowprec/io/detail/mapped_file.hpp>
#include <lowprec/io/detail/regex_to_glob.hpp>
#include <lowprec/io/hf_quant_config.hpp>
#include <lowprec/ptq/mixed_precision/recipes.hpp>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lowprec::io {

/// How a tensor is stored, and the object that said so.
struct quantization_scheme {
    ptq::tensor_format format;
    nlohmann::json source;  ///< written back where it still means `format`
    friend bool operator==(const quantization_scheme&, const quantization_scheme&) = default;
};

/// A group of layers with one format.
struct config_group {
    std::vector<std::string> targets;
    std::optional<quantization_scheme> weights;
    std::optional<quantization_scheme> input_activations;
    nlohmann::json source = nlohmann::json::object();

    [[nodiscard]] ptq::layer_format format() const {
        return {weights ? weights->format : ptq::tensor_format{},
                input_activations ? input_activations->format : ptq::tensor_format{}};
    }
    friend bool operator==(const config_group&, const config_group&) = default;
};

/// What a quantization_config says.
struct quantization_config {
    std::map<std::string, config_group> groups;
    std::vector<std::string> ignore;
    std::optional<quantization_scheme> kv_cache;
    nlohmann::json document = nlohmann::json::object();  ///< as it was read, with the fields that lowprec doesn't know
    friend bool operator==(const quantization_config&, const quantization_config&) = default;
};

namespace detail {

/// Calls make.template operator()<Scale>() for a scale's type in torch.
template <class Make>
ptq::tensor_format with_torch_scale(const json_at& scheme, std::string_view otherwise, Make&& make) {
    std::string name(otherwise);
    if (scheme.says("scale_dtype")) name = scheme.at("scale_dtype").text();
    std::string_view type = name;
    if (type.starts_with("torch.")) type.remove_prefix(6);
    if (type == "float32") return make.template operator()<fp32>();
    if (type == "float16") return make.template operator()<fp16>();
    if (type == "bfloat16") return make.template operator()<bf16>();
    scheme.at("scale_dtype").fail(" is " + in_quotes(name) + ", not one of torch.float32, float16, bfloat16");
}

/// A block format has one type of scales.
inline void check_scale(const json_at& scheme, std::string_view only) {
    if (!scheme.says("scale_dtype")) return;
    const json_at at = scheme.at("scale_dtype");
    if (at.text() != only) at.fail(" is " + in_quotes(at.text()) + " instead of \"" + std::string(only) + "\"");
}

inline bool scale_is(const json_at& scheme, std::string_view type) {
    return scheme.says("scale_dtype") && scheme.at("scale_dtype").text() == type;
}

inline quantization_scheme read_scheme(const json_at& at) {
    at.object().only({"num_bits", "type", "symmetric", "group_size", "strategy", "block_structure", "dynamic",
                      "actorder", "scale_dtype", "zp_dtype", "observer", "observer_kwargs"});
    const std::uint32_t bits = at.says("num_bits") ? at.at("num_bits").integer(1, 64) : 8;
    const std::string type = at.says("type") ? at.at("type").text() : "int";
    const bool symmetric = !at.says("symmetric") || at.at("symmetric").truth();
    // -1 is an old way to say "channel"
    const bool whole_rows =
        at.says("group_size") && at.at("group_size").value().is_number_integer() && at.at("group_size").value() == -1;
    const std::uint32_t group = at.says("group_size") && !whole_rows ? at.at("group_size").integer(1, 1U << 30U) : 0;
    const std::string strategy = at.says("strategy") ? at.at("strategy").text()
                                 : group != 0        ? "group"
                                 : whole_rows        ? "channel"
                                                     : "tensor";
    auto when = ptq::scales::fixed;
    if (at.says("dynamic")) {
        const json_at dynamic = at.at("dynamic");
        if (dynamic.value().is_string() && dynamic.text() != "local")
            dynamic.fail(" is " + in_quotes(dynamic.text()) + " instead of true, false or \"local\"");
        when = dynamic.value().is_string() ? ptq::scales::local
               : dynamic.truth()           ? ptq::scales::dynamic
                                           : ptq::scales::fixed;
    }

    const auto need_group = [&](std::uint32_t size) {
        if (group == 0) at.fail(" has the strategy " + in_quotes(strategy) + " and no group_size");
        if (size != 0 && group != size)
            at.at("group_size").fail(" is " + std::to_string(group) + " instead of " + std::to_string(size));
    };
    if (type == "float" && !symmetric) at.at("symmetric").fail(" is false, but floats have no zero points");

    const auto as = [&](ptq::tensor_format format) { return quantization_scheme{format, at.value()}; };
    if (strategy == "tensor_group") {
        if (type != "float" || bits != 4) at.fail(" has the strategy \"tensor_group\", which is for 4-bit floats");
        need_group(16);
        check_scale(at, "torch.float8_e4m3fn");
        return as(ptq::blocks<nvfp4>(when));
    }
    if (when == ptq::scales::local) at.at("dynamic").fail(" is \"local\", but there is no scale above the scales");
    if (type == "float" && bits == 4) {
        if (strategy != "group") at.fail(" has 4-bit floats with the strategy " + in_quotes(strategy));
        need_group(32);
        check_scale(at, "torch.uint8");
        return as(ptq::blocks<mxfp4>(when));
    }
    if (type == "float" && bits == 8 && strategy == "group" && scale_is(at, "torch.uint8")) {
        need_group(32);
        return as(ptq::blocks<mxfp8_e4m3>(when));
    }

    auto by = ptq::scaling::tensor();
    if (strategy == "channel")
        by = ptq::scaling::channel();
    else if (strategy == "token")
        by = ptq::scaling::token();
    else if (strategy == "group") {
        need_group(0);
        by = ptq::scaling::group(group);
    } else if (strategy == "block" && type == "float") {
        const auto sides = at.at("block_structure").elements();
        if (sides.size() != 2) at.at("block_structure").fail(" must have two numbers");
        by = ptq::scaling::tile(sides[0].integer(1, 1U << 30U), sides[1].integer(1, 1U << 30U));
    } else if (strategy != "tensor") {
        at.at("strategy").fail(" is " + in_quotes(strategy) + ", which isn't known for " + in_quotes(type));
    }
    if (type == "float") {
        if (bits != 8) at.at("num_bits").fail(" is " + std::to_string(bits) + "; floats have 8 or 4 bits");
        return as(with_torch_scale(at, "float32", [&]<class Scale>() { return ptq::scaled<e4m3, Scale>(by, when); }));
    }
    if (type != "int") at.at("type").fail(" is " + in_quotes(type) + " instead of \"int\" or \"float\"");
    const range_kind range = symmetric ? range_kind::symmetric : range_kind::asymmetric;
    return as(with_torch_scale(at, "float16", [&]<class Scale>() {
        switch (bits) {
        case 8: return ptq::integers<8, Scale>(by, range, when);
        case 4: return ptq::integers<4, Scale>(by, range, when);
        case 3: return ptq::integers<3, Scale>(by, range, when);
        case 2: return ptq::integers<2, Scale>(by, range, when);
        default: at.at("num_bits").fail(" is " + std::to_string(bits) + "; integers have 8, 4, 3 or 2 bits");
        }
    }));
}

inline std::optional<quantization_scheme> read_optional_scheme(const json_at& at, const char* key) {
    if (!at.says(key)) return std::nullopt;
    return read_scheme(at.at(key));
}

/// What compressed-tensors would write for a format.
inline nlohmann::json scheme_of(const ptq::tensor_format& f) {
    using kind = ptq::scaling::kind;
    nlohmann::json out{{"num_bits", f.bits()},
                       {"type", f.is_integer() ? "int" : "float"},
                       {"symmetric", f.range() == range_kind::symmetric},
                       {"group_size", nullptr},
                       {"dynamic", f.when() == ptq::scales::dynamic}};
    if (f.when() == ptq::scales::local) out["dynamic"] = "local";
    if (f.is<nvfp4>()) {
        out["strategy"] = "tensor_group";
        out["group_size"] = 16;
        return out;
    }
    if (f.is<mxfp4>() || f.is<mxfp8_e4m3>()) {
        out["strategy"] = "group";
        out["group_size"] = 32;
        out["scale_dtype"] = "torch.uint8";
        return out;
    }
    const bool scale_said = f.is_integer() ? !f.has_scale<fp16>() : !f.has_scale<fp32>();
    if ((!f.is_integer() && !f.is<e4m3>()) || f.is_kept() ||
        !(f.has_scale<fp16>() || f.has_scale<bf16>() || f.has_scale<fp32>()))
        lowprec::detail::fail_argument("lowprec::io::write: compressed-tensors has no scheme for ", f.text());
    if (scale_said)
        out["scale_dtype"] = f.has_scale<fp16>()   ? "torch.float16"
                             : f.has_scale<bf16>() ? "torch.bfloat16"
                                                   : "torch.float32";
    switch (f.by().is()) {
    case kind::channel: out["strategy"] = "channel"; break;
    case kind::token: out["strategy"] = "token"; break;
    case kind::group:
        out["strategy"] = "group";
        out["group_size"] = f.by().columns();
        break;
    case kind::tile:
        out["strategy"] = "block";
        out["block_structure"] = {f.by().rows(), f.by().columns()};
        break;
    default: out["strategy"] = "tensor"; break;
    }
    return out;
}

inline nlohmann::json write_scheme(const std::optional<quantization_scheme>& scheme) {
    if (!scheme) return nullptr;
    if (scheme->source.is_object() && read_scheme(json_at(scheme->source, "scheme")).format == scheme->format)
        return scheme->source;
    return scheme_of(scheme->format);
}

/// What "format" says about a group's files.
inline std::string_view compression_of(const ptq::layer_format& f) {
    if (f.weights.is<nvfp4>()) return "nvfp4-pack-quantized";
    if (f.weights.is<mxfp4>()) return "mxfp4-pack-quantized";
    if (!f.weights.is_integer()) return "float-quantized";
    return f.activations.is_kept() ? "pack-quantized" : "int-quantized";
}

/// A target: a class, a regular expression, or a module's name, in the order in which later ones are stronger.
enum class target_kind : unsigned char { module_class, regex, name };

inline target_kind kind_of_target(std::string_view target) noexcept {
    if (target.starts_with("re:")) return target_kind::regex;
    const bool capital = !target.empty() && 'A' <= target.front() && target.front() <= 'Z';
    return capital && target.find('.') == target.npos ? target_kind::module_class : target_kind::name;
}

/// The pattern of a target, or a problem.
inline std::string target_pattern(std::string_view target, std::string& problem) {
    switch (kind_of_target(target)) {
    case target_kind::module_class:
        if (target != "Linear") problem = "is the class " + in_quotes(target) + "; names tell Linear alone";
        return "*";
    case target_kind::regex: {
        regex_to_glob translated(target.substr(3));
        problem = translated.problem;
        if (problem.empty()) {
            if (const auto wrong = ptq::check_glob(translated.glob); !wrong.what.empty()) problem = wrong.what;
        }
        if (!problem.empty()) problem = in_quotes(target) + " can't be said as a pattern: " + problem;
        return translated.glob;
    }
    case target_kind::name: break;
    }
    return ptq::glob_quoted(target);
}

inline std::string pattern_or_fail(std::string_view target) {
    std::string problem;
    std::string pattern = target_pattern(target, problem);
    if (!problem.empty()) lowprec::detail::fail_argument("lowprec::io::to_policy: the target ", problem);
    return pattern;
}

inline std::vector<std::string> read_targets(const json_at& at) {
    std::vector<std::string> out;
    for (const json_at& target : at.elements()) {
        out.push_back(target.text());
        std::string problem;
        (void)target_pattern(out.back(), problem);
        if (!problem.empty()) target.fail(": " + problem);
    }
    return out;
}

}  // namespace detail

/// Reads a quantization_config, or the config.json that has one.
/// Errors:  std::runtime_error that names `source` and the field.
[[nodiscard]] inline quantization_config parse_quantization_config(std::string_view text,
                                                                   const std::string& source = "config.json") {
    const nlohmann::json whole = detail::parse_json(text, source);
    detail::json_at at(whole, source);
    for (const char* key : {"quantization_config", "compression_config"})
        if (at.has(key)) {
            at = at.at(key);
            break;
        }
    quantization_config out;
    out.document = at.object().value();
    if (at.says("quant_method") && at.at("quant_method").text() != "compressed-tensors")
        at.at("quant_method")
            .fail(" is " + detail::in_quotes(at.at("quant_method").text()) + " instead of \"compressed-tensors\"");
    bool all_linear = false;
    for (const auto& [name, group] : at.at("config_groups").fields()) {
        config_group g;
        g.source = group.object().value();
        g.targets = detail::read_targets(group.at("targets"));
        g.weights = detail::read_optional_scheme(group, "weights");
        g.input_activations = detail::read_optional_scheme(group, "input_activations");
        if (group.says("output_activations"))
            group.at("output_activations").fail(" quantizes a layer's outputs, which policies don't have");
        for (const std::string& target : g.targets) {
            if (target != "Linear") continue;
            if (all_linear) group.at("targets").fail(": a second group is for \"Linear\"");
            all_linear = true;
        }
        out.groups.emplace(name, std::move(g));
    }
    if (at.says("ignore")) out.ignore = detail::read_targets(at.at("ignore"));
    out.kv_cache = detail::read_optional_scheme(at, "kv_cache_scheme");
    return out;
}

/// Reads a file.
[[nodiscard]] inline quantization_config open_quantization_config(const std::string& path) {
    const detail::mapped_file file(path);
    const auto bytes = file.bytes();
    return parse_quantization_config({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
}

/// The object's text, for the field "quantization_config" of config.json.
/// Errors:  std::invalid_argument if there is no scheme for a format.
[[nodiscard]] inline std::string write(const quantization_config& config) {
    nlohmann::json out = config.document.is_object() ? config.document : nlohmann::json::object();
    out["quant_method"] = "compressed-tensors";
    nlohmann::json groups = nlohmann::json::object();
    for (const auto& [name, group] : config.groups) {
        nlohmann::json& g = groups[name] = group.source.is_object() ? group.source : nlohmann::json::object();
        g["targets"] = group.targets;
        g["weights"] = detail::write_scheme(group.weights);
        if (group.input_activations || g.contains("input_activations") || group.source.empty())
            g["input_activations"] = detail::write_scheme(group.input_activations);
    }
    out["config_groups"] = std::move(groups);
    if (!config.ignore.empty() || out.contains("ignore")) out["ignore"] = config.ignore;
    if (config.kv_cache || out.contains("kv_cache_scheme"))
        out["kv_cache_scheme"] = detail::write_scheme(config.kv_cache);
    return out.dump(4) + "\n";
}

/// The policy of a checkpoint. Names are stronger than regular expressions, these than "Linear", and "ignore" is stronger than all; of two
/// expressions the one that comes first in the alphabet. Layers that aren't quantized have the format `otherwise`.
[[nodiscard]] inline ptq::mixed_precision to_policy(const quantization_config& config,
                                                    linear_layers which = linear_layers::by_name,
                                                    ptq::layer_format otherwise = {}) {
    ptq::mixed_precision policy(otherwise);
    std::vector<std::pair<std::string, ptq::layer_format>> of_kind[3];
    for (const auto& [name, group] : config.groups)
        for (const std::string& target : group.targets)
            of_kind[static_cast<std::size_t>(detail::kind_of_target(target))].emplace_back(target, group.format());
    for (auto& targets : of_kind) {
        std::stable_sort(targets.begin(), targets.end(),
                         [](const auto& a, const auto& b) { return a.first > b.first; });
        for (const auto& [target, format] : targets) policy.rule(detail::pattern_or_fail(target), format);
        if (&targets == of_kind && !targets.empty() && which == linear_layers::by_name)
            ptq::keep_what_is_not_linear(policy);
    }
    for (const std::string& target : config.ignore) policy.rule(detail::pattern_or_fail(target), otherwise);
    if (config.kv_cache) policy.kv_cache("*", config.kv_cache->format);
    return policy;
}

/// What a quantization_config says of these linear layers under a policy: one group for "Linear", or a group for each format, with the
/// layers' names; kept layers are in "ignore".
/// Errors:  std::invalid_argument if a layer's format has no scheme, or if caches have several.
[[nodiscard]] inline quantization_config to_quantization_config(const ptq::mixed_precision& policy,
                                                                std::span<const std::string> modules) {
    quantization_config out;
    std::vector<std::pair<ptq::layer_format, std::vector<std::string>>> groups;
    for (const std::string& module : modules) {
        const ptq::layer_format format = policy.of(module);
        if (detail::kind_of_target(module) != detail::target_kind::name)
            lowprec::detail::fail_argument("lowprec::io::to_quantization_config: ", module,
                                           " would be read as a class");
        if (format.is_kept()) {
            out.ignore.push_back(module);
            continue;
        }
        auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == format; });
        if (group == groups.end()) group = groups.insert(groups.end(), {format, {}});
        group->second.push_back(module);
    }
    const auto scheme = [](const ptq::tensor_format& f) -> std::optional<quantization_scheme> {
        if (f.is_kept()) return std::nullopt;
        return quantization_scheme{f, detail::scheme_of(f)};
    };
    std::string_view compression = "dense";
    for (std::size_t i = 0; i < groups.size(); ++i) {
        config_group g;
        g.targets = groups.size() == 1 ? std::vector<std::string>{"Linear"} : groups[i].second;
        g.weights = scheme(groups[i].first.weights);
        g.input_activations = scheme(groups[i].first.activations);
        const auto own = detail::compression_of(groups[i].first);
        compression = i == 0 || compression == own ? own : "mixed-precision";
        out.groups.emplace("group_" + std::to_string(i), std::move(g));
    }
    if (compression == "mixed-precision")
        for (auto& [name, group] : out.groups) group.source["format"] = detail::compression_of(group.format());
    out.document["format"] = compression;
    out.document["quantization_status"] = "compressed";
    const ptq::tensor_format kv = detail::one_kv_format(policy, "to_quantization_config");
    out.kv_cache = scheme(kv);
    return out;
}

}  // namespace lowprec::io

#endif
