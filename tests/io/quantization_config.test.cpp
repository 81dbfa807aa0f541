// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: io
#include <lowprec/io/quantization_config.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/tally.hpp"

using namespace lowprec;
using namespace lowprec::ptq;
using io::linear_layers;
using io::parse_quantization_config;
using io::quantization_config;
using nlohmann::json;

namespace {

// What llm-compressor writes for W4A16, with the fields that it always writes.
const std::string w4a16 = R"({
    "config_groups": {"group_0": {
        "input_activations": null, "output_activations": null, "targets": ["Linear"],
        "weights": {"actorder": "weight", "block_structure": null, "dynamic": false, "group_size": 128, "num_bits": 4,
                    "observer": "minmax", "observer_kwargs": {}, "strategy": "group", "symmetric": true, "type": "int"}}},
    "format": "pack-quantized", "global_compression_ratio": 1.4, "ignore": ["lm_head"], "kv_cache_scheme": null,
    "quant_method": "compressed-tensors", "quantization_status": "compressed"})";

const std::string mixed = R"({
    "quant_method": "compressed-tensors", "format": "mixed-precision",
    "config_groups": {
        "a": {"targets": ["Linear"],
              "weights": {"num_bits": 8, "type": "float", "strategy": "channel"},
              "input_activations": {"num_bits": 8, "type": "float", "strategy": "token", "dynamic": true}},
        "b": {"targets": ["re:.*\\.mlp\\.(gate|up)_proj$", "re:.*layers\\.[0-3]\\..*", "model.layers.7.mlp.down_proj"],
              "weights": {"num_bits": 4, "type": "float", "strategy": "tensor_group", "group_size": 16},
              "input_activations": {"num_bits": 4, "type": "float", "strategy": "tensor_group", "group_size": 16, "dynamic": "local"}}},
    "ignore": ["re:.*router", "model.layers.1.mlp.up_proj"],
    "kv_cache_scheme": {"num_bits": 8, "type": "float", "strategy": "tensor", "dynamic": false, "symmetric": true}})";

std::string error_of(const std::string& text) {
    return message_of([&] { (void)parse_quantization_config(text, "x"); });
}
std::string group_of(const std::string& weights, const std::string& targets = "[\"Linear\"]") {
    return R"({"config_groups": {"g": {"targets": )" + targets + R"(, "weights": )" + weights + "}}}";
}
// The words for weights with these fields; or the error behind "x: $.config_groups.g.weights".
std::string read(const std::string& fields) {
    const std::string text = group_of("{" + fields + "}");
    const std::string error = error_of(text), head = "x: $.config_groups.g.weights";
    if (!error.empty()) return error.starts_with(head) ? error.substr(head.size()) : error;
    return parse_quantization_config(text).groups.at("g").weights->format.text();
}

std::string glob_of(const char* regex) {
    const io::detail::regex_to_glob translated(regex);
    return translated.problem.empty() ? translated.glob : "! " + translated.problem;
}

}  // namespace

TEST_CASE("one group for all linear layers") {
    const quantization_config config = parse_quantization_config(w4a16);
    const mixed_precision p = to_policy(config);
    CHECK(p.of("model.layers.0.mlp.up_proj.weight") == policy_named("W4A16").of("x"));
    CHECK(p.of("lm_head.weight").is_kept());
    CHECK(p.of("model.norm.weight").is_kept());
    CHECK(p.kv_cache_of("model.layers.0.self_attn").is_kept());
    // the same inside of a model's config.json
    CHECK(parse_quantization_config(R"({"model_type": "llama", "quantization_config": )" + w4a16 + "}") == config);
}

TEST_CASE("names are stronger than expressions, these than Linear, ignore than all") {
    const mixed_precision p = to_policy(parse_quantization_config(mixed));
    const layer_format fp8 = policy_named("FP8_DYNAMIC").of("x"), nv = policy_named("NVFP4").of("x");
    CHECK(p.of("model.layers.9.self_attn.q_proj") == fp8);
    CHECK(p.of("model.layers.9.mlp.gate_proj") == nv);
    CHECK(p.of("model.layers.9.mlp.gate_proj_b") == fp8);
    CHECK(p.of("model.layers.3.self_attn.q_proj") == nv);
    CHECK(p.of("model.layers.7.mlp.down_proj") == nv);
    CHECK(p.of("model.layers.1.mlp.up_proj").is_kept());
    CHECK(p.of("model.layers.1.router.x").is_kept());
    CHECK(p.kv_cache_of("x") == scaled<e4m3>(scaling::tensor()));

    // of two expressions the first in the alphabet
    const std::string eight = R"("weights": {"num_bits": 8})", four = R"("weights": {"num_bits": 4})";
    const mixed_precision two =
        to_policy(parse_quantization_config(R"({"config_groups": {"x": {"targets": ["re:b.*", "re:a.*"], )" + four +
                                            R"(}, "y": {"targets": ["re:.*a$", "re:ab.*"], )" + eight + "}}}"));
    CHECK(two.of("ab").weights.bits() == 4);
    CHECK(two.of("ba").weights.bits() == 8);
    CHECK(two.of("bb").weights.bits() == 4);
}

TEST_CASE("schemes") {
    CHECK(read(R"("num_bits": 4, "group_size": 32)") == "int4, fp16 scale for a group of 32");
    CHECK(read(R"("num_bits": 3, "group_size": -1, "symmetric": false)") ==
          "int3, fp16 scale and zero point for a channel");
    CHECK(read(R"("num_bits": 8)") == "int8, fp16 scale for the tensor");
    CHECK(read(R"("num_bits": 2, "strategy": "token", "dynamic": true, "scale_dtype": "torch.bfloat16")") ==
          "int2, bf16 scale for a token, dynamic");
    CHECK(read(R"("num_bits": 8, "type": "float", "strategy": "block", "block_structure": [128, 64])") ==
          "e4m3, fp32 scale for a tile of 128 x 64");
    CHECK(read(R"("num_bits": 8, "type": "float", "strategy": "group", "group_size": 128)") ==
          "e4m3, fp32 scale for a group of 128");
    CHECK(
        read(
            R"("num_bits": 8, "type": "float", "strategy": "group", "group_size": 32, "scale_dtype": "torch.uint8")") ==
        "mxfp8_e4m3");
    CHECK(read(R"("num_bits": 4, "type": "float", "strategy": "group", "group_size": 32)") == "mxfp4");
    CHECK(read(R"("num_bits": 4, "type": "float", "strategy": "tensor_group", "group_size": 16)") == "nvfp4");
}

TEST_CASE("mistakes are named with their place") {
    CHECK(read(R"("num_bits": "4")") == ".num_bits is a string instead of an integer");
    CHECK(read(R"("num_bits": 5)") == ".num_bits is 5; integers have 8, 4, 3 or 2 bits");
    CHECK(read(R"("num_bits": 6, "type": "float")") == ".num_bits is 6; floats have 8 or 4 bits");
    CHECK(read(R"("num_bits": 4.0)") == ".num_bits is a number instead of an integer");
    CHECK(read(R"("num_bits": 99999999999999999999)") == ".num_bits is a number instead of an integer");
    CHECK(read(R"("type": "posit")") == ".type is \"posit\" instead of \"int\" or \"float\"");
    CHECK(read(R"("strategy": "channels")") == ".strategy is \"channels\", which isn't known for \"int\"");
    CHECK(read(R"("strategy": "group")") == " has the strategy \"group\" and no group_size");
    CHECK(read(R"("group_size": 0)") == ".group_size is 0, not from 1 to 1073741824");
    CHECK(read(R"("symmetric": 1)") == ".symmetric is an integer instead of true or false");
    CHECK(read(R"("type": "float", "symmetric": false)") == ".symmetric is false, but floats have no zero points");
    CHECK(read(R"("dynamic": "global")") == ".dynamic is \"global\" instead of true, false or \"local\"");
    CHECK(read(R"("dynamic": "local")") == ".dynamic is \"local\", but there is no scale above the scales");
    CHECK(read(R"("scale_dtype": "torch.uint8")") ==
          ".scale_dtype is \"torch.uint8\", not one of torch.float32, float16, bfloat16");
    CHECK(read(R"("num_bits": 4, "type": "float", "strategy": "tensor_group", "group_size": 32)") ==
          ".group_size is 32 instead of 16");
    CHECK(read(R"("num_bits": 4, "strategy": "tensor_group", "group_size": 16)") ==
          " has the strategy \"tensor_group\", which is for 4-bit floats");
    CHECK(
        read(
            R"("num_bits": 4, "type": "float", "strategy": "group", "group_size": 32, "scale_dtype": "torch.float16")") ==
        ".scale_dtype is \"torch.float16\" instead of \"torch.uint8\"");
    CHECK(read(R"("type": "float", "strategy": "block")") == " has no \"block_structure\"");
    CHECK(read(R"("type": "float", "strategy": "block", "block_structure": [128])") ==
          ".block_structure must have two numbers");
    CHECK(read(R"("exponent_bits": 4)") == " has the unknown field \"exponent_bits\"");

    CHECK(error_of("null") == "x: $ is null instead of an object");
    CHECK(error_of("{}") == "x: $ has no \"config_groups\"");
    CHECK(error_of(R"({"quantization_config": {"quant_method": "awq"}})") ==
          "x: $.quantization_config.quant_method is \"awq\" instead of \"compressed-tensors\"");
    CHECK(error_of(R"({"config_groups": []})") == "x: $.config_groups is an array instead of an object");
    CHECK(error_of(R"({"config_groups": {"g": {}}})") == "x: $.config_groups.g has no \"targets\"");
    CHECK(error_of(R"({"config_groups": {"g": {"targets": [], "output_activations": {}}}})") ==
          "x: $.config_groups.g.output_activations quantizes a layer's outputs, which policies don't have");
    CHECK(error_of(R"({"config_groups": {"a": {"targets": ["Linear"]}, "b": {"targets": ["Linear"]}}})") ==
          "x: $.config_groups.b.targets: a second group is for \"Linear\"");
    CHECK(error_of(group_of("null", R"(["a", "Embedding"])")) ==
          "x: $.config_groups.g.targets[1]: is the class \"Embedding\"; names tell Linear alone");
    CHECK(error_of(group_of("null", R"-(["re:a(?=b)"])-")) ==
          "x: $.config_groups.g.targets[0]: \"re:a(?=b)\" can't be said as a pattern: a group of a special kind, at "
          "character 2");
    CHECK(error_of(R"({"config_groups": {}, "ignore": ["re:a+"]})") ==
          "x: $.ignore[0]: \"re:a+\" can't be said as a pattern: a repetition + of something else than ., at character "
          "1");
    CHECK(error_of(R"({"config_groups": {}, "kv_cache_scheme": [1]})") ==
          "x: $.kv_cache_scheme is an array instead of an object");
    tally result;
    for (std::size_t n = 0; n < mixed.size(); ++n)
        result.equal(error_of(mixed.substr(0, n)).starts_with("x: byte "), true, n);
    CHECK_TALLY(result, mixed.size());
}

TEST_CASE("what was read is written, with fields that aren't known") {
    for (const std::string& text : {w4a16, mixed}) {
        const quantization_config config = parse_quantization_config(text);
        CHECK(json::parse(io::write(config)) == json::parse(text));
        CHECK(parse_quantization_config(io::write(config)) == config);
    }
    quantization_config changed = parse_quantization_config(w4a16);
    changed.groups.at("group_0").weights->format = integers<8, fp32>(scaling::channel(), range_kind::asymmetric);
    const json weights = json::parse(io::write(changed))["config_groups"]["group_0"]["weights"];
    CHECK(weights ==
          json::parse(R"({"num_bits": 8, "type": "int", "symmetric": false, "group_size": null, "dynamic": false,
                                     "strategy": "channel", "scale_dtype": "torch.float32"})"));
}

TEST_CASE("policies are written so that every layer is read as it was") {
    const std::vector<std::string> modules{"lm_head", "l.0.q", "l.0.k", "l.0.norm_gate", "l{0}.up*", "l.1.q"};
    const auto survives = [&](const mixed_precision& p) {
        const quantization_config written = io::to_quantization_config(p, modules);
        const quantization_config config = parse_quantization_config(io::write(written));
        const mixed_precision back = to_policy(config, linear_layers::all);
        for (const auto& module : modules) {
            INFO(module);
            CHECK(back.of(module) == p.of(module));
        }
        CHECK(back.kv_cache_of("l.0.attn") == p.kv_cache_of("l.0.attn"));
        return std::to_string(config.groups.size()) + " " + config.document["format"].dump();
    };
    for (const recipe& r : recipes) {
        if (r.system != "llm-compressor" && r.system != "AutoAWQ") continue;
        INFO(r.name);
        CHECK(survives(r.policy()).starts_with("1 "));
    }
    CHECK(survives(policy_named("FP8_KV_CFG")) == "1 \"float-quantized\"");
    CHECK(survives(policy_named("W8A8")) == "1 \"int-quantized\"");
    CHECK(survives(policy_named("NVFP4")) == "1 \"nvfp4-pack-quantized\"");
    CHECK(survives(mixed_precision{}) == "0 \"dense\"");
    mixed_precision p = policy_named("NVFP4");
    p.rule("l.0.*", policy_named("FP8_BLOCK").of("x")).rule("l.1.q", integers<4, bf16>(scaling::group(32)));
    CHECK(survives(p) == "3 \"mixed-precision\"");

    p.rule("l.0.k", blocks<q4_0>());
    CHECK(message_of<std::invalid_argument>([&] { (void)io::to_quantization_config(p, modules); }) ==
          "lowprec::io::write: compressed-tensors has no scheme for q4_0");
    const std::vector<std::string> a_class{"Head"};
    CHECK(message_of<std::invalid_argument>([&] { (void)io::to_quantization_config(p, a_class); }) ==
          "lowprec::io::to_quantization_config: Head would be read as a class");
}

namespace {

// A piece of an expression, and the texts that it stands for; "#" is any one character, "*" any number of them.
struct piece {
    const char* regex;
    std::vector<std::string> texts;
};
const piece pieces[] = {{"a", {"a"}},
                        {"b", {"b"}},
                        {".", {"#"}},
                        {".*", {"*"}},
                        {".+", {"#*"}},
                        {"[ab]", {"a", "b"}},
                        {"[^a]", {"b", "c", ".", ",", "4"}},
                        {R"(\.)", {"."}},
                        {"(a|b.)", {"a", "b#"}},
                        {"(a|)", {"a", ""}},
                        {"(?:ab)?", {"ab", ""}},
                        {"b?", {"b", ""}},
                        {"[a-c,]", {"a", "b", "c", ","}},
                        {R"(\d)", {"4"}},
                        {"(b(c|,)?|4)", {"b", "bc", "b,", "4"}}};

// Whether the parts from `part` on can stand for the name from `at` on: for all of it, or for a beginning of it.
bool leads_through(const std::vector<std::size_t>& parts, std::size_t part, const std::string& name, std::size_t at,
                   bool to_the_end) {
    if (part == parts.size()) return !to_the_end || at == name.size();
    for (const std::string& text : pieces[parts[part]].texts) {
        std::size_t to = at;
        bool fits = true, any_more = false;
        for (const char c : text) {
            if (c == '*') {
                any_more = true;
                continue;
            }
            fits = fits && to < name.size() && (c == '#' || name[to] == c);
            ++to;
        }
        for (; fits && to <= name.size(); ++to) {
            if (leads_through(parts, part + 1, name, to, to_the_end)) return true;
            if (!any_more) break;
        }
    }
    return false;
}

}  // namespace

TEST_CASE("expressions become patterns that stand for the same names") {
    CHECK(glob_of(R"(.*\.mlp\.(gate|up)_proj$)") == "*.mlp.{gate,up}_proj");
    CHECK(glob_of("^model.norm") == "model?norm*");
    CHECK(glob_of("(?:a|b(c|d)?)x,$") == "{a,b{{c,d},}}x\\,");
    CHECK(glob_of("a|b") == "{a,b}*");
    CHECK(glob_of(R"([^0-9_\-].+\d$)") == "[!0-9_\\-]?*[0-9]");
    for (const char* refused : {"a$b", "a|b$", "(a", "a)", "a*", "(ab)+", "a{2}", R"(\w)", R"(a\)", "[[:alpha:]]",
                                "(?=a)", "a^", R"(\1)", "[a"})
        CHECK(glob_of(refused).starts_with("! "));

    // random expressions of these pieces, beside a walk that tries every way through them
    random_bits random{5};
    tally result;
    std::uint64_t matched = 0;
    for (int i = 0; i < 3000; ++i) {
        std::vector<std::size_t> parts;
        for (auto n = random() % 5; n-- > 0;) parts.push_back(random() % std::size(pieces));
        const bool ends = random() % 2 == 0;
        std::string regex = random() % 4 == 0 ? "^" : "";
        for (const std::size_t part : parts) regex += pieces[part].regex;
        if (ends) regex += "$";
        const io::detail::regex_to_glob translated(regex);
        result.equal(translated.problem.empty(), true, regex);
        for (int j = 0; j < 12; ++j) {
            std::string name;
            for (auto n = random() % 5; n-- > 0;) name += "aabbc.,4"[random() % 8];
            const bool expected = leads_through(parts, 0, name, 0, ends);
            matched += expected ? 1U : 0U;
            result.equal(glob_matches(translated.glob, name), expected, regex + " for " + name);
        }
    }
    CHECK_TALLY(result, 3000U * 13U);
    CHECK(matched > 8000);
}
