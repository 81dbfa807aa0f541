// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: io
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <lowprec/io/hf_quant_config.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/tally.hpp"

using namespace lowprec;
using namespace lowprec::ptq;
using io::hf_quant_config;
using io::linear_layers;
using io::parse_hf_quant_config;
using nlohmann::json;

namespace {

const std::string nvfp4_file = R"({
    "producer": {"name": "modelopt", "version": "0.29.0"},
    "quantization": {"quant_algo": "NVFP4", "kv_cache_quant_algo": "FP8", "group_size": 16,
                     "exclude_modules": ["lm_head", "model.layers.1?.mlp.gate", "*router*"], "a_new_field": [1, {"x": null}]}})";

const std::string mixed_file = R"({
    "quantization": {"quant_algo": "MIXED_PRECISION", "kv_cache_quant_algo": null,
                     "exclude_modules": ["lm_head"],
                     "quantized_layers": {"model.layers.0.mlp.up_proj": {"quant_algo": "FP8", "extra": 7},
                                          "model.layers.0.mlp.down_proj": {"quant_algo": "W4A16_AWQ", "group_size": 64}}}})";

std::string error_of(const std::string& text) {
    return message_of([&] { (void)parse_hf_quant_config(text, "x"); });
}
std::string quantization(const std::string& fields) { return "{\"quantization\": {" + fields + "}}"; }

}  // namespace

TEST_CASE("one algorithm for all layers") {
    const hf_quant_config config = parse_hf_quant_config(nvfp4_file);
    CHECK(config.algorithm == io::hf_algorithm{"NVFP4", 16, false});
    const mixed_precision p = to_policy(config);
    const layer_format nv{blocks<nvfp4>(), blocks<nvfp4>(scales::local)};
    CHECK(p.of("model.layers.0.mlp.up_proj.weight") == nv);
    CHECK(p.of("model.layers.9.mlp.gate") == nv);
    for (const char* kept :
         {"lm_head", "lm_head.weight", "model.layers.10.mlp.gate", "a.router.b", "model.norm.weight"})
        CHECK(p.of(kept).is_kept());
    CHECK(to_policy(config, linear_layers::all).of("norm_proj") == nv);
    CHECK(to_policy(config, linear_layers::all, {keep<bf16>(), keep<bf16>()}).of("lm_head").weights == keep<bf16>());
    CHECK(p.kv_cache_of("model.layers.0.self_attn") == scaled<e4m3>(scaling::tensor()));
}

TEST_CASE("an algorithm for each layer") {
    const mixed_precision p = to_policy(parse_hf_quant_config(mixed_file));
    CHECK(p.of("model.layers.0.mlp.up_proj.weight").activations == scaled<e4m3>(scaling::tensor()));
    CHECK(p.of("model.layers.0.mlp.down_proj") == weights_only(integers<4>(scaling::group(64))));
    CHECK(p.of("model.layers.0.mlp.gate_proj").is_kept());
    CHECK(p.kv_cache_of("x").is_kept());
}

TEST_CASE("every algorithm of the list is read") {
    const std::pair<const char*, const char*> algorithms[] = {
        {"FP8", "e4m3, fp32 scale for the tensor x e4m3, fp32 scale for the tensor"},
        {"FP8_PER_CHANNEL_PER_TOKEN", "e4m3, fp32 scale for a channel x e4m3, fp32 scale for a token, dynamic"},
        {"W4A16_AWQ", "int4, fp16 scale for a group of 128 x fp16"},
        {"W4A8_AWQ", "int4, fp16 scale for a group of 128 x e4m3, fp32 scale for the tensor"},
        {"W8A16", "int8, fp16 scale for a channel x fp16"},
        {"W8A8_SQ_PER_CHANNEL", "int8, fp16 scale for a channel x int8, fp16 scale for the tensor"},
        {"NVFP4", "nvfp4 x nvfp4, dynamic below a fixed tensor scale"},
        {"NVFP4_AWQ", "nvfp4 x nvfp4, dynamic below a fixed tensor scale"},
        {"W4A8_NVFP4_FP8", "nvfp4 x e4m3, fp32 scale for the tensor"},
        {"W4A8_MXFP4_FP8", "mxfp4 x e4m3, fp32 scale for the tensor"}};
    for (const auto& [name, words] : algorithms) {
        INFO(name);
        const auto config = parse_hf_quant_config(quantization("\"quant_algo\": \"" + std::string(name) + "\""));
        CHECK(to_policy(config).of("x").text() == words);
    }
    CHECK(to_policy(parse_hf_quant_config(quantization(R"("quant_algo": null)"))).of("x").is_kept());
    CHECK(to_policy(parse_hf_quant_config(quantization(R"("quant_algo": "W4A16_AWQ", "has_zero_point": true)")))
              .of("x")
              .weights.range() == range_kind::asymmetric);
}

TEST_CASE("what was read is written, with fields that aren't known") {
    for (const std::string& text : {nvfp4_file, mixed_file}) {
        const hf_quant_config config = parse_hf_quant_config(text);
        CHECK(json::parse(io::write(config)) == json::parse(text));
        CHECK(parse_hf_quant_config(io::write(config)) == config);
    }
    hf_quant_config changed = parse_hf_quant_config(mixed_file);
    changed.kv_cache_algorithm = "NVFP4";
    changed.quantized_layers.erase("model.layers.0.mlp.down_proj");
    json expected = json::parse(mixed_file);
    expected["quantization"]["kv_cache_quant_algo"] = "NVFP4";
    expected["quantization"]["quantized_layers"].erase("model.layers.0.mlp.down_proj");
    CHECK(json::parse(io::write(changed)) == expected);
}

TEST_CASE("policies are written so that every layer is read as it was") {
    const std::vector<std::string> modules{"lm_head", "l.0.q", "l.0.k", "l.0.norm_gate", "l[0].up*", "l.1.q"};
    const auto survives = [&](const mixed_precision& p) {
        const auto config = parse_hf_quant_config(io::write(io::to_hf_quant_config(p, modules)));
        const mixed_precision back = to_policy(config, linear_layers::all);
        for (const auto& module : modules) {
            INFO(module);
            CHECK(back.of(module) == p.of(module));
        }
        CHECK(back.kv_cache_of("l.0.attn") == p.kv_cache_of("l.0.attn"));
        return config.algorithm.name;
    };
    CHECK(survives(policy_named("FP8_KV_CFG")) == "FP8");
    CHECK(survives(policy_named("NVFP4_AWQ_LITE_CFG")) == "NVFP4");
    CHECK(survives(policy_named("AWQ")) == "W4A16_AWQ");
    CHECK(survives(policy_named("W4A8_AWQ_BETA_CFG")) == "W4A8_AWQ");
    CHECK(survives(policy_named("INT8_SMOOTHQUANT_CFG")) == "W8A8_SQ_PER_CHANNEL");
    mixed_precision one_differs = policy_named("NVFP4_DEFAULT_CFG");
    one_differs.rule("l.0.k", policy_named("FP8").of("x"));
    CHECK(survives(one_differs) == "MIXED_PRECISION");
    mixed_precision p = policy_named("NVFP4_DEFAULT_CFG");
    p.rule("l.0.*", policy_named("FP8").of("x")).rule("l.1.q", integers<4>(scaling::group(32)));
    CHECK(survives(p) == "MIXED_PRECISION");
    CHECK(survives(mixed_precision{}).empty());

    const auto refused = [&](const mixed_precision& q) {
        return message_of<std::invalid_argument>([&] { (void)io::to_hf_quant_config(q, modules); });
    };
    p.rule("l.0.k", integers<3>(scaling::group(32)));
    CHECK(refused(p) ==
          "lowprec::io::to_hf_quant_config: no algorithm for l.0.k: int3, fp16 scale for a group of 32 x fp16");
    mixed_precision caches;
    caches.kv_cache("a", scaled<e4m3>(scaling::tensor())).kv_cache("b", keep<fp16>());
    CHECK(refused(caches) == "lowprec::io::to_hf_quant_config: caches of several formats");
    caches.kv_cache("*", integers<4>(scaling::token()));
    CHECK(refused(caches) ==
          "lowprec::io::to_hf_quant_config: no algorithm for caches of int4, fp16 scale for a token");
}

TEST_CASE("mistakes are named with their place") {
    CHECK(error_of("[]") == "x: $ is an array instead of an object");
    CHECK(error_of("{}") == "x: $ has no \"quantization\"");
    CHECK(error_of("{\"quantization\": 3}") == "x: $.quantization is an integer instead of an object");
    CHECK(error_of(quantization(R"("quant_algo": 4)")) ==
          "x: $.quantization.quant_algo is an integer instead of a string");
    CHECK(error_of(quantization(R"("quant_algo": "FP5")")) ==
          "x: $.quantization.quant_algo is \"FP5\", which isn't known");
    CHECK(error_of(quantization(R"("quant_algo": "NVFP4", "group_size": 32)")) ==
          "x: $.quantization.group_size is 32, but NVFP4 has blocks of 16");
    CHECK(error_of(quantization(R"("quant_algo": "FP8", "group_size": 32)")) ==
          "x: $.quantization.group_size is 32, but FP8 has no groups");
    CHECK(error_of(quantization(R"("quant_algo": "W4A16_AWQ", "group_size": "128")")) ==
          "x: $.quantization.group_size is a string instead of an integer");
    CHECK(error_of(quantization(R"("quant_algo": "W4A16_AWQ", "group_size": -1)")) ==
          "x: $.quantization.group_size is -1, not from 0 to 1048576");
    CHECK(error_of(quantization(R"("quant_algo": "FP8", "has_zero_point": true)")) ==
          "x: $.quantization.has_zero_point is true, but FP8 has no zero points");
    CHECK(error_of(quantization(R"("kv_cache_quant_algo": "FP4")")) ==
          "x: $.quantization.kv_cache_quant_algo is \"FP4\", which isn't known");
    CHECK(error_of(quantization(R"("exclude_modules": "lm_head")")) ==
          "x: $.quantization.exclude_modules is a string instead of an array");
    CHECK(error_of(quantization(R"("exclude_modules": ["a", 2])")) ==
          "x: $.quantization.exclude_modules[1] is an integer instead of a string");
    CHECK(error_of(quantization(R"("exclude_modules": ["a[b"])")) ==
          "x: $.quantization.exclude_modules[0] isn't a pattern: the [ has no ]");
    CHECK(error_of(quantization(R"("quant_algo": "MIXED_PRECISION")")) ==
          "x: $.quantization has no \"quantized_layers\"");
    CHECK(error_of(
              quantization(R"("quant_algo": "MIXED_PRECISION", "quantized_layers": {"a.b": {"quant_algo": true}})")) ==
          "x: $.quantization.quantized_layers.\"a.b\".quant_algo is a boolean instead of a string");
    CHECK(error_of(quantization(R"("quant_algo": "FP8", "quantized_layers": {"a": {"quant_algo": "FP8"}})")) ==
          "x: $.quantization.quantized_layers stands beside another quant_algo than MIXED_PRECISION");
    CHECK(error_of(quantization(R"("quant_algo": "FP8", "quant_algo": "NVFP4")")) ==
          "x: key \"quant_algo\" appears twice in one object");
    CHECK(error_of(std::string(65, '[')) == "x: more than 64 arrays and objects within each other");
    CHECK(error_of(std::string("{}\0{}", 5)) == "x: byte 2: a zero byte");
    CHECK(message_of([] { (void)io::open_hf_quant_config("/nowhere/at/all.json"); }).find("/nowhere/at/all.json") !=
          std::string::npos);

    // each beginning of a file is an error, and so is each file with a byte too many
    tally result;
    for (std::size_t n = 0; n < mixed_file.size(); ++n)
        result.equal(error_of(mixed_file.substr(0, n)).starts_with("x: byte "), true, n);
    CHECK_TALLY(result, mixed_file.size());
    CHECK(error_of(mixed_file + "}").starts_with("x: byte "));
}

TEST_CASE("a file is opened") {
    const auto path = std::filesystem::temp_directory_path() / "lowprec_hf_quant_config_test.json";
    std::ofstream(path) << nvfp4_file;
    CHECK(io::open_hf_quant_config(path.string()) == parse_hf_quant_config(nvfp4_file));
    std::filesystem::remove(path);
}
