// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 8
//
// hf_quant_config.json, in which ModelOpt says how a checkpoint's layers are stored, and policies from it and to it:
//
//     {"producer": {...},
//      "quantization": {"quant_algo": "NVFP4", "group_size": 16, "kv_cache_quant_algo": "FP8" or null,
//                       "exclude_modules": ["lm_head", ...],
//                       "quantized_layers": {"name": {"quant_algo": ..., "group_size": ...}}}}    with "MIXED_PRECISION" alone
//
// Fields that lowprec doesn't know are kept and written back; the algorithm's name says what codes mean. An unknown algorithm is refused.
#ifndef LOWPREC_IO_HF_QUANT_CONFIG_HPP
#define LOWPREC_IO_HF_QUANT_CONFIG_HPP

#include <cstdint>
#include <lowprec/io/detail/json_reader.hpp>
#include <lowprec/io/detail/mapped_file.hpp>
#include <lowprec/ptq/mixed_precision/recipes.hpp>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lowprec::io {

/// An algorithm with its parameters, of a layer or of all.
struct hf_algorithm {
    std::string name;              ///< "FP8", "W4A16_AWQ" ...; empty for null
    std::uint32_t group_size = 0;  ///< 0: the file doesn't say
    bool has_zero_point = false;
    friend bool operator==(const hf_algorithm&, const hf_algorithm&) = default;
};

/// What the file says.
struct hf_quant_config {
    hf_algorithm algorithm;
    std::string kv_cache_algorithm;  ///< empty for null
    std::vector<std::string> exclude_modules;
    std::map<std::string, hf_algorithm> quantized_layers;  ///< of "MIXED_PRECISION"
    nlohmann::json document = nlohmann::json::object();  ///< as it was read, with the fields that lowprec doesn't know
    friend bool operator==(const hf_quant_config&, const hf_quant_config&) = default;
};

/// Whether a policy that is read from a file goes by a layer's name to find out what isn't linear, and keeps it, or takes every name for
/// a linear layer.
enum class linear_layers : unsigned char { by_name, all };

namespace detail {

inline constexpr std::string_view mixed_algorithm = "MIXED_PRECISION";

/// What an algorithm's layers are, by the size of groups.
struct hf_algorithm_row {
    std::string_view name;
    std::uint32_t group;  ///< its size where the file doesn't say; 0: there are no groups
    bool any_group;       ///< another size is possible
    ptq::layer_format (*format)(std::uint32_t group, range_kind range);
};

inline ptq::layer_format with_fp8(ptq::tensor_format weights) {
    return {weights, ptq::scaled<e4m3>(ptq::scaling::tensor())};
}

// Of those that store the same the first is written.
inline constexpr hf_algorithm_row hf_algorithms[] = {
    {"FP8", 0, false, [](std::uint32_t, range_kind) { return with_fp8(ptq::scaled<e4m3>(ptq::scaling::tensor())); }},
    {"FP8_PER_CHANNEL_PER_TOKEN", 0, false,
     [](std::uint32_t, range_kind) {
         return ptq::layer_format{ptq::scaled<e4m3>(ptq::scaling::channel()),
                                  ptq::scaled<e4m3>(ptq::scaling::token(), ptq::scales::dynamic)};
     }},
    {"W4A16_AWQ", 128, true,
     [](std::uint32_t group, range_kind range) {
         return ptq::weights_only(ptq::integers<4>(ptq::scaling::group(group), range));
     }},
    {"W4A8_AWQ", 128, true,
     [](std::uint32_t group, range_kind range) {
         return with_fp8(ptq::integers<4>(ptq::scaling::group(group), range));
     }},
    {"W8A16", 0, false,
     [](std::uint32_t, range_kind range) {
         return ptq::weights_only(ptq::integers<8>(ptq::scaling::channel(), range));
     }},
    {"W8A8_SQ_PER_CHANNEL", 0, false,
     [](std::uint32_t, range_kind range) {
         return ptq::layer_format{ptq::integers<8>(ptq::scaling::channel(), range),
                                  ptq::integers<8>(ptq::scaling::tensor())};
     }},
    {"NVFP4", 16, false,
     [](std::uint32_t, range_kind) {
         return ptq::layer_format{ptq::blocks<nvfp4>(), ptq::blocks<nvfp4>(ptq::scales::local)};
     }},
    {"NVFP4_AWQ", 16, false,
     [](std::uint32_t, range_kind) {
         return ptq::layer_format{ptq::blocks<nvfp4>(), ptq::blocks<nvfp4>(ptq::scales::local)};
     }},
    {"W4A8_NVFP4_FP8", 16, false, [](std::uint32_t, range_kind) { return with_fp8(ptq::blocks<nvfp4>()); }},
    {"W4A8_MXFP4_FP8", 32, false, [](std::uint32_t, range_kind) { return with_fp8(ptq::blocks<mxfp4>()); }},
};

struct kv_algorithm_row {
    std::string_view name;
    ptq::tensor_format format;
};
inline constexpr kv_algorithm_row kv_algorithms[] = {
    {"FP8", ptq::scaled<e4m3>(ptq::scaling::tensor())},
    {"INT8", ptq::integers<8, fp32>(ptq::scaling::tensor())},
    {"NVFP4", ptq::blocks<nvfp4>(ptq::scales::local)},
};

inline const hf_algorithm_row* find_algorithm(std::string_view name) noexcept {
    for (const auto& row : hf_algorithms)
        if (row.name == name) return &row;
    return nullptr;
}
inline const kv_algorithm_row* find_kv_algorithm(std::string_view name) noexcept {
    for (const auto& row : kv_algorithms)
        if (row.name == name) return &row;
    return nullptr;
}

inline ptq::layer_format format_of(const hf_algorithm& a) {
    if (a.name.empty()) return {};
    const hf_algorithm_row* const row = find_algorithm(a.name);
    if (row == nullptr) lowprec::detail::fail_argument("lowprec::io::to_policy: unknown algorithm ", a.name);
    return row->format(a.group_size != 0 ? a.group_size : row->group,
                       a.has_zero_point ? range_kind::asymmetric : range_kind::symmetric);
}

inline hf_algorithm read_algorithm(const json_at& at) {
    hf_algorithm out;
    const bool mixed = at.says("quant_algo") && at.at("quant_algo").text() == mixed_algorithm;
    if (at.says("quant_algo")) out.name = at.at("quant_algo").text();
    const hf_algorithm_row* const row = find_algorithm(out.name);
    if (row == nullptr && !mixed && !out.name.empty())
        at.at("quant_algo").fail(" is " + in_quotes(out.name) + ", which isn't known");
    if (at.says("group_size")) {
        const json_at size = at.at("group_size");
        out.group_size = size.integer(0, 1U << 20U);
        if (row != nullptr && out.group_size != 0 && !row->any_group && out.group_size != row->group)
            size.fail(" is " + std::to_string(out.group_size) + ", but " + out.name +
                      (row->group == 0 ? " has no groups" : " has blocks of " + std::to_string(row->group)));
    }
    if (at.says("has_zero_point")) out.has_zero_point = at.at("has_zero_point").truth();
    if (out.has_zero_point && row != nullptr &&
        row->format(16, range_kind::asymmetric) == row->format(16, range_kind::symmetric))
        at.at("has_zero_point").fail(" is true, but " + out.name + " has no zero points");
    return out;
}

/// A pattern as fnmatch reads it: braces and backslashes mean themselves.
inline std::string from_fnmatch(std::string_view pattern) {
    std::string out;
    for (const char c : pattern) {
        if (c == '{' || c == '}' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

inline void write_algorithm(nlohmann::json& out, const hf_algorithm& a) {
    out["quant_algo"] = a.name.empty() ? nlohmann::json() : nlohmann::json(a.name);
    if (a.group_size != 0)
        out["group_size"] = a.group_size;
    else if (out.contains("group_size") && !out["group_size"].is_null())
        out["group_size"] = 0;
    if (a.has_zero_point || out.contains("has_zero_point")) out["has_zero_point"] = a.has_zero_point;
}

/// The format of all caches, which the files can't tell apart.
inline ptq::tensor_format one_kv_format(const ptq::mixed_precision& policy, std::string_view function) {
    std::optional<ptq::tensor_format> found;
    for (std::size_t i = policy.rules().size(); i-- > 0;) {
        const ptq::precision_rule& rule = policy.rules()[i];
        if (rule.part != ptq::model_part::kv_cache) continue;
        if (found && *found != rule.format.activations)
            lowprec::detail::fail_argument("lowprec::io::", function, ": caches of several formats");
        found = rule.format.activations;
        if (rule.pattern == "*") break;
    }
    return found.value_or(ptq::tensor_format{});
}

}  // namespace detail

/// Reads the file's text.
/// Errors:  std::runtime_error that names `source` and the field, as in "$.quantization.group_size is a string instead of an integer".
[[nodiscard]] inline hf_quant_config parse_hf_quant_config(std::string_view text,
                                                           const std::string& source = "hf_quant_config.json") {
    hf_quant_config out;
    out.document = detail::parse_json(text, source);
    const detail::json_at top(out.document, source);
    const detail::json_at at = top.at("quantization");
    out.algorithm = detail::read_algorithm(at);
    if (at.says("kv_cache_quant_algo")) {
        const detail::json_at kv = at.at("kv_cache_quant_algo");
        out.kv_cache_algorithm = kv.text();
        if (detail::find_kv_algorithm(out.kv_cache_algorithm) == nullptr)
            kv.fail(" is " + detail::in_quotes(out.kv_cache_algorithm) + ", which isn't known");
    }
    if (at.says("exclude_modules"))
        for (const detail::json_at& name : at.at("exclude_modules").elements()) {
            out.exclude_modules.push_back(name.text());
            const auto problem = ptq::check_glob(detail::from_fnmatch(out.exclude_modules.back()));
            if (!problem.what.empty()) name.fail(" isn't a pattern: " + std::string(problem.what));
        }
    if (out.algorithm.name == detail::mixed_algorithm) {
        for (const auto& [name, layer] : at.at("quantized_layers").fields()) {
            const hf_algorithm algorithm = detail::read_algorithm(layer);
            if (algorithm.name.empty() || algorithm.name == detail::mixed_algorithm)
                layer.at("quant_algo").fail(" must be an algorithm for one layer");
            out.quantized_layers.emplace(name, algorithm);
        }
    } else if (at.says("quantized_layers") && !at.at("quantized_layers").fields().empty()) {
        at.at("quantized_layers").fail(" stands beside another quant_algo than MIXED_PRECISION");
    }
    return out;
}

/// Reads a file.
[[nodiscard]] inline hf_quant_config open_hf_quant_config(const std::string& path) {
    const detail::mapped_file file(path);
    const auto bytes = file.bytes();
    return parse_hf_quant_config({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
}

/// The file's text. What was read and isn't known stands where it stood.
[[nodiscard]] inline std::string write(const hf_quant_config& config) {
    nlohmann::json document = config.document.is_object() ? config.document : nlohmann::json::object();
    nlohmann::json& out = document["quantization"];
    if (!out.is_object()) out = nlohmann::json::object();
    detail::write_algorithm(out, config.algorithm);
    out["kv_cache_quant_algo"] =
        config.kv_cache_algorithm.empty() ? nlohmann::json() : nlohmann::json(config.kv_cache_algorithm);
    out["exclude_modules"] = config.exclude_modules;
    if (!config.quantized_layers.empty()) {
        const nlohmann::json before = out.value("quantized_layers", nlohmann::json::object());
        nlohmann::json layers = nlohmann::json::object();
        for (const auto& [name, algorithm] : config.quantized_layers) {
            layers[name] = before.value(name, nlohmann::json::object());
            detail::write_algorithm(layers[name], algorithm);
        }
        out["quantized_layers"] = std::move(layers);
    } else {
        out.erase("quantized_layers");
    }
    return document.dump(4) + "\n";
}

/// The policy of a checkpoint. Layers that it doesn't quantize have the format `otherwise`.
[[nodiscard]] inline ptq::mixed_precision to_policy(const hf_quant_config& config,
                                                    linear_layers which = linear_layers::by_name,
                                                    ptq::layer_format otherwise = {}) {
    const bool mixed = config.algorithm.name == detail::mixed_algorithm;
    const bool all_kept = mixed || config.algorithm.name.empty();
    ptq::mixed_precision policy(all_kept ? otherwise : detail::format_of(config.algorithm));
    if (!all_kept && which == linear_layers::by_name) ptq::keep_what_is_not_linear(policy);
    for (const auto& [name, algorithm] : config.quantized_layers)
        policy.rule(ptq::glob_quoted(name), detail::format_of(algorithm));
    for (const std::string& pattern : config.exclude_modules) policy.rule(detail::from_fnmatch(pattern), otherwise);
    if (const auto* kv = detail::find_kv_algorithm(config.kv_cache_algorithm); kv != nullptr)
        policy.kv_cache("*", kv->format);
    return policy;
}

/// What the file says of these linear layers under a policy: one algorithm, or MIXED_PRECISION; kept layers are excluded by name.
/// Errors:  std::invalid_argument if a layer's format is none of the algorithms', or if caches have several.
[[nodiscard]] inline hf_quant_config to_hf_quant_config(const ptq::mixed_precision& policy,
                                                        std::span<const std::string> modules) {
    hf_quant_config out;
    std::optional<hf_algorithm> first;
    bool several = false;
    for (const std::string& module : modules) {
        const ptq::layer_format format = policy.of(module);
        if (format.is_kept()) {
            std::string pattern;  // fnmatch has no backslash
            for (const char c : module)
                pattern += c == '*' || c == '?' || c == '[' ? std::string{'[', c, ']'} : std::string{c};
            out.exclude_modules.push_back(std::move(pattern));
            continue;
        }
        std::optional<hf_algorithm> found;
        for (const auto& row : detail::hf_algorithms) {
            hf_algorithm a{std::string(row.name), row.group, format.weights.range() == range_kind::asymmetric};
            if (row.any_group && format.weights.by().is() == ptq::scaling::kind::group)
                a.group_size = format.weights.by().columns();
            if (!found && detail::format_of(a) == format) found = std::move(a);
        }
        if (!found)
            lowprec::detail::fail_argument("lowprec::io::to_hf_quant_config: no algorithm for ", module, ": ",
                                           format.text());
        several = several || (first && *first != *found);
        if (!first) first = found;
        out.quantized_layers.emplace(module, *found);
    }
    if (several) {
        out.algorithm.name = detail::mixed_algorithm;
    } else {
        out.algorithm = first.value_or(hf_algorithm{});
        out.quantized_layers.clear();
    }
    const ptq::tensor_format kv = detail::one_kv_format(policy, "to_hf_quant_config");
    for (const auto& row : detail::kv_algorithms)
        if (row.format == kv) out.kv_cache_algorithm = row.name;
    if (out.kv_cache_algorithm.empty() && !kv.is_kept())
        lowprec::detail::fail_argument("lowprec::io::to_hf_quant_config: no algorithm for caches of ", kv.text());
    return out;
}

}  // namespace lowprec::io

#endif
