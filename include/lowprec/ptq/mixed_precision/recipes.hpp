// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 7
//
// The policies of other tools, by the names that these tools give them, as rows of a table.
//
// A tool quantizes modules of class Linear; lowprec sees names. So every policy here keeps what names say is no such layer: norms,
// embeddings, biases. Training recipes are given as they are in the forward pass.
#ifndef LOWPREC_PTQ_MIXED_PRECISION_RECIPES_HPP
#define LOWPREC_PTQ_MIXED_PRECISION_RECIPES_HPP

#include <cstddef>
#include <lowprec/ptq/mixed_precision/rules.hpp>
#include <span>
#include <string>
#include <string_view>

namespace lowprec::ptq {

namespace detail {

inline constexpr std::string_view not_linear[] = {"*norm*", "*embed*", "*.bias", "{*.,}{ln_1,ln_2,ln_f,wte,wpe}{.*,}"};
inline constexpr std::string_view head[] = {"*lm_head*"};
inline constexpr std::string_view lm_head[] = {"lm_head"};
// ModelOpt's list, without the entries for BatchNorm and LeakyReLU, which are classes. It names quantizers, so a dot ends a module.
inline constexpr std::string_view modelopt_disabled[] = {"*lm_head*",
                                                         "*proj_out{.*,}",
                                                         "*router*",
                                                         "*mlp.gate{.*,}",
                                                         "*block_sparse_moe.gate*",
                                                         "*shared_expert_gate*",
                                                         "*linear_attn.conv1d*",
                                                         "*mixer.conv1d*",
                                                         "*output_layer*",
                                                         "output{.*,}"};

constexpr tensor_format fp8_tensor(scales when = scales::fixed) { return scaled<e4m3>(scaling::tensor(), when); }
constexpr tensor_format fp8_channel() { return scaled<e4m3>(scaling::channel()); }
constexpr tensor_format fp8_token() { return scaled<e4m3>(scaling::token(), scales::dynamic); }
constexpr tensor_format fp8_tile() { return scaled<e4m3>(scaling::tile(128, 128)); }
constexpr tensor_format fp8_group() { return scaled<e4m3>(scaling::group(128), scales::dynamic); }
constexpr tensor_format int4_group(range_kind range = range_kind::symmetric) {
    return integers<4>(scaling::group(128), range);
}
template <class B>
constexpr layer_format both(scales when = scales::dynamic) {
    return {blocks<B>(), blocks<B>(when)};
}

}  // namespace detail

/// Adds rules that keep what names say is no linear layer: norms, embeddings, biases.
inline void keep_what_is_not_linear(mixed_precision& policy) {
    for (const auto pattern : detail::not_linear) policy.rule(std::string(pattern), tensor_format{});
}

/// What a tool's name for a policy stands for.
struct recipe {
    std::string_view name;
    std::string_view system;
    layer_format layers;
    std::span<const std::string_view> kept;  ///< patterns, beside norms, embeddings and biases
    tensor_format kv_cache{};

    /// The rules.
    [[nodiscard]] mixed_precision policy() const {
        mixed_precision p(layers);
        keep_what_is_not_linear(p);
        for (const auto pattern : kept) p.rule(std::string(pattern), tensor_format{});
        p.kv_cache("*", kv_cache).attention("*", tensor_format{});
        return p;
    }
};

// clang-format off
/// Source:  TensorRT Edge-LLM's documentation; ModelOpt's config.py; compressed-tensors' quant_scheme.py; AutoAWQ, GPTQModel and
///          TransformerEngine's recipes.
inline constexpr recipe recipes[] = {
    // FP8 or NVFP4 matrix products, and fp16 for norms, KV cache, head and attention
    {"fp8_gemm",   "TensorRT Edge-LLM", {detail::fp8_tensor(), detail::fp8_tensor()}, detail::head},
    {"nvfp4_gemm", "TensorRT Edge-LLM", detail::both<nvfp4>(scales::local),           detail::head},

    {"FP8_DEFAULT_CFG",                   "ModelOpt", {detail::fp8_tensor(), detail::fp8_tensor()},       detail::modelopt_disabled},
    {"FP8_KV_CFG",                        "ModelOpt", {detail::fp8_tensor(), detail::fp8_tensor()},       detail::modelopt_disabled, detail::fp8_tensor()},
    {"FP8_PER_CHANNEL_PER_TOKEN_CFG",     "ModelOpt", {detail::fp8_channel(), detail::fp8_token()},       detail::modelopt_disabled},
    {"FP8_2D_BLOCKWISE_WEIGHT_ONLY_CFG",  "ModelOpt", weights_only(detail::fp8_tile()),                   detail::modelopt_disabled},
    {"NVFP4_DEFAULT_CFG",                 "ModelOpt", detail::both<nvfp4>(scales::local),                 detail::modelopt_disabled},
    {"NVFP4_AWQ_LITE_CFG",                "ModelOpt", detail::both<nvfp4>(scales::local),                 detail::modelopt_disabled},
    {"INT4_AWQ_CFG",                      "ModelOpt", weights_only(detail::int4_group()),                 detail::modelopt_disabled},
    {"W4A8_AWQ_BETA_CFG",                 "ModelOpt", {detail::int4_group(), detail::fp8_tensor()},       detail::modelopt_disabled},
    {"INT8_SMOOTHQUANT_CFG",              "ModelOpt", {integers<8>(scaling::channel()), integers<8>(scaling::tensor())}, detail::modelopt_disabled},
    {"MXFP8_DEFAULT_CFG",                 "ModelOpt", detail::both<mxfp8_e4m3>(),                         detail::modelopt_disabled},
    {"MXFP6_DEFAULT_CFG",                 "ModelOpt", detail::both<mxfp6_e3m2>(),                         detail::modelopt_disabled},
    {"MXFP4_DEFAULT_CFG",                 "ModelOpt", detail::both<mxfp4>(),                              detail::modelopt_disabled},

    {"W4A16",       "llm-compressor", weights_only(detail::int4_group()),                       detail::lm_head},
    {"W4A16_ASYM",  "llm-compressor", weights_only(detail::int4_group(range_kind::asymmetric)), detail::lm_head},
    {"W8A16",       "llm-compressor", weights_only(integers<8>(scaling::channel())),            detail::lm_head},
    {"W8A8",        "llm-compressor", {integers<8>(scaling::channel()), integers<8>(scaling::token(), range_kind::symmetric, scales::dynamic)}, detail::lm_head},
    {"FP8",         "llm-compressor", {detail::fp8_tensor(), detail::fp8_tensor()},             detail::lm_head},
    {"FP8_DYNAMIC", "llm-compressor", {detail::fp8_channel(), detail::fp8_token()},             detail::lm_head},
    {"FP8_BLOCK",   "llm-compressor", {detail::fp8_tile(), detail::fp8_group()},                detail::lm_head},
    {"NVFP4",       "llm-compressor", detail::both<nvfp4>(scales::local),                       detail::lm_head},
    {"NVFP4A16",    "llm-compressor", weights_only(blocks<nvfp4>()),                            detail::lm_head},
    {"MXFP4",       "llm-compressor", detail::both<mxfp4>(),                                    detail::lm_head},
    {"MXFP4A16",    "llm-compressor", weights_only(blocks<mxfp4>()),                            detail::lm_head},
    {"MXFP8",       "llm-compressor", detail::both<mxfp8_e4m3>(),                               detail::lm_head},

    {"AWQ",  "AutoAWQ",   weights_only(detail::int4_group(range_kind::asymmetric)), detail::lm_head},
    {"GPTQ", "GPTQModel", weights_only(detail::int4_group()),                       detail::lm_head},

    {"DelayedScaling",       "TransformerEngine", {detail::fp8_tensor(), detail::fp8_tensor()},              detail::lm_head},
    {"Float8CurrentScaling", "TransformerEngine", {detail::fp8_tensor(), detail::fp8_tensor(scales::dynamic)}, detail::lm_head},
    {"Float8BlockScaling",   "TransformerEngine", {detail::fp8_tile(), detail::fp8_group()},                 detail::lm_head},
    {"MXFP8BlockScaling",    "TransformerEngine", detail::both<mxfp8_e4m3>(),                                detail::lm_head},
    {"NVFP4BlockScaling",    "TransformerEngine", detail::both<nvfp4>(),                                     detail::lm_head},
};
// clang-format on

/// The recipe of this name, or nullptr.
[[nodiscard]] constexpr const recipe* find_recipe(std::string_view name) noexcept {
    for (const recipe& r : recipes)
        if (r.name == name) return &r;
    return nullptr;
}

/// The policy of a recipe.
/// Errors:  std::invalid_argument if there is no recipe of this name.
[[nodiscard]] inline mixed_precision policy_named(std::string_view name) {
    const recipe* const found = find_recipe(name);
    if (found == nullptr) lowprec::detail::fail_argument("lowprec::ptq::policy_named: no recipe is called ", name);
    return found->policy();
}

}  // namespace lowprec::ptq

#endif
