// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Patterns beside a matcher that writes braces out and backtracks; sizes beside a walk over the elements and beside lowprec's own
// storage; rules, recipes, and the check against accelerators.
#include <cmath>
#include <cstdint>
#include <lowprec/block_tensor.hpp>
#include <lowprec/ptq/mixed_precision.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/tally.hpp"

using namespace lowprec;
using namespace lowprec::ptq;

namespace {

// The pattern's first part up to a , or } on its own level.
std::size_t end_of_part(const std::string& p, std::size_t i) {
    for (int depth = 0; i < p.size(); ++i) {
        if (p[i] == '\\')
            ++i;
        else if (p[i] == '[') {
            ++i;
            if (p[i] == '!') ++i;
            for (bool first = true; first || p[i] != ']'; first = false, ++i)
                if (p[i] == '\\') ++i;
        } else if (p[i] == '{')
            ++depth;
        else if (depth > 0 && p[i] == '}')
            --depth;
        else if (depth == 0 && (p[i] == ',' || p[i] == '}'))
            return i;
    }
    return i;
}

// All patterns without braces that a pattern stands for.
std::vector<std::string> written_out(const std::string& p) {
    std::size_t i = 0;
    while (i < p.size() && p[i] != '{') {
        if (p[i] == '\\') ++i;
        if (p[i] == '[') {
            std::size_t j = i + 1;
            if (p[j] == '!') ++j;
            for (bool first = true; first || p[j] != ']'; first = false, ++j)
                if (p[j] == '\\') ++j;
            i = j;
        }
        ++i;
    }
    if (i >= p.size()) return {p};
    std::vector<std::string> parts;
    std::size_t at = i + 1;
    for (;;) {
        const std::size_t end = end_of_part(p, at);
        parts.push_back(p.substr(at, end - at));
        at = end + 1;
        if (p[end] == '}') break;
    }
    std::vector<std::string> all;
    for (const auto& part : parts)
        for (const auto& rest : written_out(part + p.substr(at))) all.push_back(p.substr(0, i) + rest);
    return all;
}

bool backtrack(const std::string& p, std::size_t i, const std::string& s, std::size_t j) {
    if (i == p.size()) return j == s.size();
    if (p[i] == '*') return backtrack(p, i + 1, s, j) || (j < s.size() && backtrack(p, i, s, j + 1));
    if (j == s.size()) return false;
    if (p[i] == '?') return backtrack(p, i + 1, s, j + 1);
    if (p[i] == '\\') return p[i + 1] == s[j] && backtrack(p, i + 2, s, j + 1);
    if (p[i] != '[') return p[i] == s[j] && backtrack(p, i + 1, s, j + 1);
    std::size_t k = i + 1;
    const bool negated = p[k] == '!';
    if (negated) ++k;
    std::set<char> members;
    for (bool first = true; first || p[k] != ']'; first = false) {
        if (p[k] == '\\') ++k;
        char low = p[k++], high = low;
        if (p[k] == '-' && p[k + 1] != ']') {
            ++k;
            if (p[k] == '\\') ++k;
            high = p[k++];
        }
        for (int c = low; c <= high; ++c) members.insert(static_cast<char>(c));
    }
    return (members.count(s[j]) != 0) != negated && backtrack(p, k + 1, s, j + 1);
}

bool slow_match(const std::string& pattern, const std::string& name) {
    for (const auto& p : written_out(pattern))
        if (backtrack(p, 0, name, 0)) return true;
    return false;
}

struct pattern_maker {
    random_bits random;
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(random() % n); }
    std::string part(int depth) {
        std::string out;
        for (std::size_t n = below(5); n-- > 0;) {
            static constexpr const char* pieces[] = {"a",   "b",   ".",    "*", "?",    "[ab]", "[!a]", "[a-b.]",
                                                     "\\*", "\\{", "[]a]", "-", "[a-]", "[!]]", "]",    "[b\\]]"};
            if (depth < 3 && below(5) == 0) {
                out += '{';
                std::size_t alternatives = 1 + below(3);
                out += "a" + part(depth + 1);
                while (--alternatives > 0) out += "," + part(depth + 1);
                out += '}';
            } else
                out += pieces[below(std::size(pieces))];
        }
        if (depth == 0 && below(8) == 0) out += ",";
        return out;
    }
    std::string name() {
        std::string out;
        for (std::size_t n = below(7); n-- > 0;) out += "aabb.*{]-,"[below(10)];
        return out;
    }
};

std::string problem_of(std::string_view pattern) {
    const glob_problem p = check_glob(pattern);
    return p.what.empty() ? "" : std::string(p.what) + " @" + std::to_string(p.at);
}

}  // namespace

static_assert(glob_matches("*.{q,k,v,o}_proj.weight", "model.layers.11.self_attn.k_proj.weight"));
static_assert(!glob_matches("*.{q,k,v,o}_proj.weight", "model.layers.11.mlp.up_proj.weight"));
static_assert(glob_matches("model.layers.[0-3].*", "model.layers.2.mlp"));
static_assert(blocks<nvfp4>().size(2, 24) ==
              storage_size{24, 8, 0});  // a short block has a scale, the tensor four bytes
static_assert(keep<bf16>().is<bf16>() && !keep<bf16>().is<fp16>() && keep<bf16>().is_kept());

TEST_CASE("patterns agree with braces written out and backtracking") {
    pattern_maker make{{7}};
    tally result;
    std::uint64_t matched = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::string pattern = make.part(0);
        for (int j = 0; j < 8; ++j) {
            const std::string name = make.name();
            const bool expected = slow_match(pattern, name);
            matched += expected ? 1U : 0U;
            result.equal(glob_matches(pattern, name), expected, "'" + pattern + "' for '" + name + "'");
        }
        const std::string name = make.name();
        result.equal(glob_matches(glob_quoted(name), name), true, name);
    }
    CHECK_TALLY(result, 180'000U);
    CHECK(matched > 9'000);
}

TEST_CASE("a pattern takes time in proportion to the name") {
    std::string pattern, name(50'000, 'a');
    for (int i = 0; i < 100; ++i) pattern += "*a{a,?}";
    CHECK(glob_matches(pattern, name));
    CHECK_FALSE(glob_matches(pattern + "b", name));
}

TEST_CASE("malformed patterns are refused, with the place") {
    CHECK(problem_of("a[bc") == "the [ has no ] @1");
    CHECK(problem_of("a[]") == "the [ has no ] @1");
    CHECK(problem_of("ab{c,d") == "the { has no } @2");
    CHECK(problem_of("{a,{b}") == "the { has no } @0");
    CHECK(problem_of("ab}") == "the } has no { @2");
    CHECK(problem_of("x{}") == "nothing between { and } @1");
    CHECK(problem_of("x\\") == "nothing follows the backslash @1");
    CHECK(problem_of("x[az-c]") == "a range that ends before it begins @3");
    CHECK(problem_of(std::string(1025, 'a')) == "a pattern has at most 1024 characters @1024");
    CHECK(problem_of(std::string(1024, '*')).empty());
    CHECK(problem_of("{a,}").empty());
    CHECK(message_of<std::invalid_argument>([] { (void)glob_matches("a{b", "ab"); }) ==
          "lowprec::ptq::glob_matches: the { has no }, at character 1 of a{b");
    mixed_precision p;
    CHECK(message_of<std::invalid_argument>([&] { p.rule("[", tensor_format{}); }) ==
          "lowprec::ptq::mixed_precision: the [ has no ], at character 0 of [");
    CHECK(p.rules().empty());
}

TEST_CASE("the last rule that matches decides, and explain says so") {
    mixed_precision p(weights_only(integers<4>(scaling::group(64))));
    p.rule("*.mlp.*", {blocks<nvfp4>(), blocks<nvfp4>()}).rule("*norm*", keep<bf16>()).rule("*.mlp.gate", keep<fp32>());
    p.kv_cache("*.self_attn", scaled<e4m3>(scaling::tensor())).attention("*.1.*", scaled<e5m2>(scaling::tensor()));
    CHECK(p.of("a.mlp.up.weight").weights == blocks<nvfp4>());
    CHECK(p.of("a.mlp.gate.weight") == layer_format{keep<fp32>(), keep<fp32>()});
    CHECK(p.of("a.mlp.gate") == p.of("a.mlp.gate.weight"));
    CHECK(p.of("a.mlp.gate.bias").weights == blocks<nvfp4>());
    CHECK(p.of("head.weight") == weights_only(integers<4>(scaling::group(64))));
    CHECK(p.kv_cache_of("l.0.self_attn") == scaled<e4m3>(scaling::tensor()));
    CHECK(p.kv_cache_of("l.0.cross_attn") == keep<fp16>());
    CHECK(p.attention_of("l.1.self_attn") == scaled<e5m2>(scaling::tensor()));
    CHECK(p.attention_of("l.2.self_attn") == keep<fp16>());

    const explanation why = p.explain("a.mlp.gate.weight");
    CHECK(why.decided == std::size_t{2});
    CHECK(why.overruled == std::vector<std::size_t>{0});
    CHECK(why.text() ==
          "a.mlp.gate.weight: fp32 x fp32\n"
          "  rule 2 decides: *.mlp.gate\n"
          "  rule 0 is overruled: *.mlp.*, nvfp4 x nvfp4\n");
    CHECK(p.explain("x").text() == "x: int4, fp16 scale for a group of 64 x fp16\n  no rule matches\n");
    CHECK(p.explain("l.0.self_attn", model_part::kv_cache).text() ==
          "l.0.self_attn (kv_cache): e4m3, fp32 scale for the tensor\n  rule 3 decides: *.self_attn\n");
}

TEST_CASE("descriptions that mean nothing are refused") {
    const auto refused = [](auto&& call) { return message_of<std::invalid_argument>(call); };
    CHECK(refused([] { (void)scaling::group(0); }) == "lowprec::ptq::scaling: groups of 0 elements");
    CHECK(refused([] { (void)scaling::tile(128, 0); }) == "lowprec::ptq::scaling: tiles of 128 rows and 0 columns");
    CHECK(refused([] { (void)integers<4>(scaling::tile(8, 8)); }) ==
          "lowprec::ptq: affine integers have no scales for tiles");
    CHECK(refused([] { (void)scaled<e4m3>(scaling::none()); }) ==
          "lowprec::ptq: e4m3 needs to know which elements share a scale");
    CHECK(refused([] { (void)blocks<mxfp4>(scales::local); }) == "lowprec::ptq: mxfp4 has no scale above its scales");
    CHECK(refused([] { (void)keep<fp32>().size(std::size_t{1} << 33, std::size_t{1} << 30); }) ==
          "lowprec::ptq: 8589934592 rows of 1073741824 columns of fp32 are too many");
}

namespace {

// Element by element: each row of integer codes begins at a byte, an element opens the scale that it is the first to need.
storage_size counted(int bits, bool rows_begin_at_bytes, std::size_t scale_bytes, std::size_t group, bool zeros,
                     std::size_t rows, std::size_t columns) {
    storage_size out;
    std::size_t bit = 0;
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < columns; ++c) {
            for (int b = 0; b < bits; ++b) out.codes += bit++ % 8 == 0 ? 1U : 0U;
            const bool opens = group == 0 ? r == 0 && c == 0 : c % group == 0;
            if (!opens) continue;
            out.scales += scale_bytes;
            out.zeros += zeros ? 1U : 0U;
        }
        if (rows_begin_at_bytes) bit = 0;
    }
    return out;
}

template <int Bits, class Scale>
void compare_integers(tally& result, std::size_t rows, std::size_t columns) {
    constexpr std::size_t row = std::size_t{1} << 20;
    for (const range_kind kind : {range_kind::symmetric, range_kind::asymmetric})
        for (const std::size_t group : {std::size_t{0}, std::size_t{1}, std::size_t{5}, std::size_t{32}, row}) {
            const auto by = group == 0     ? scaling::tensor()
                            : group == row ? scaling::channel()
                                           : scaling::group(static_cast<std::uint32_t>(group));
            const auto plain = group == 0     ? granularity::tensor()
                               : group == row ? granularity::row()
                                              : granularity::group(group);
            const storage_size size = integers<Bits, Scale>(by, kind).size(rows, columns);
            const auto expected =
                counted(Bits, true, sizeof(Scale), group, kind == range_kind::asymmetric, rows, columns);
            result.equal(size == expected, true, "int", Bits, rows, columns, group);
            result.equal(size.bytes(), (affine_matrix<affine<Bits>, Scale>(rows, columns, plain, kind).bytes()),
                         "affine_matrix", Bits, rows, columns, group);
        }
}

}  // namespace

TEST_CASE("sizes are those of lowprec's storage, scales and zero points counted") {
    tally result;
    for (const std::size_t rows : {std::size_t{1}, std::size_t{3}, std::size_t{130}})
        for (const std::size_t columns :
             {std::size_t{1}, std::size_t{7}, std::size_t{32}, std::size_t{33}, std::size_t{257}}) {
            compare_integers<8, fp32>(result, rows, columns);
            compare_integers<4, fp16>(result, rows, columns);
            compare_integers<3, bf16>(result, rows, columns);
            compare_integers<2, fp16>(result, rows, columns);
            for_each_format<all_block_formats>([&]<class B>(B) {
                const block_tensor<B> tensor(rows, columns);
                const auto view = tensor.view();
                const std::size_t bytes =
                    view.codes().size() + view.scales().size() + (B::has_tensor_scale ? sizeof(float) : 0);
                result.equal(blocks<B>().size(rows, columns).bytes(), bytes, name_of<B>, rows, columns);
            });
            for_each_format<all_formats>([&]<class F>(F) {
                result.equal(keep<F>().size(rows, columns).bytes(), rows * columns * sizeof(F), name_of<F>);
            });
            // a scale for each tile that an element lies in
            for (const auto& [tall, wide] : {std::pair{128U, 128U}, std::pair{2U, 5U}}) {
                std::set<std::pair<std::size_t, std::size_t>> tiles;
                for (std::size_t r = 0; r < rows; ++r)
                    for (std::size_t c = 0; c < columns; ++c) tiles.insert({r / tall, c / wide});
                result.equal(scaled<e4m3>(scaling::tile(tall, wide)).size(rows, columns).bytes(),
                             rows * columns + 4 * tiles.size(), "tiles", rows, columns);
            }
        }
    CHECK_TALLY_OVER(result, 1500U);

    // 4 + 16 / 128 and a zero point of 8 bits or of 4
    const tensor_format awq = policy_named("AWQ").of("x").weights;
    CHECK(awq.bits_per_weight(4096, 4096) == 4.1875);
    CHECK(awq.bits_per_weight(4096, 4096, zero_points::packed) == 4.15625);
    CHECK(integers<3>(scaling::tensor(), range_kind::asymmetric).size(1, 8, zero_points::packed) ==
          storage_size{3, 2, 1});
    CHECK(blocks<nvfp4>().bits_per_weight(4096, 4096) == 4.5 + 32.0 / (4096.0 * 4096.0));
    CHECK(awq.bits_per_weight(0, 8) == 0);
}

TEST_CASE("a size report adds up") {
    mixed_precision p(weights_only(integers<4>(scaling::group(32))));
    p.rule("norm", keep<fp32>()).rule("c", {blocks<mxfp4>(), {}});
    const std::vector<layer_shape> layers{{"a", 2, 64}, {"norm.weight", 1, 64}, {"c", 64, 64}, {"b", 1, 32}};
    const size_report report = report_size(p, layers);
    // a: 64 + 4 * 2 bytes; norm: 256; c: 2048 + 128; b: 16 + 2
    CHECK(report.size == storage_size{64 + 256 + 2048 + 16, 8 + 128 + 2, 0});
    CHECK(report.elements == 128 + 64 + 4096 + 32);
    CHECK(report.bits_per_weight() == (72 + 256 + 2176 + 18) * 8 / 4320.0);
    REQUIRE(report.layers.size() == 4);
    CHECK(report.layers[0].size.bytes() == 72);
    CHECK(report.layers[3].name == "b");
    REQUIRE(report.formats.size() == 3);
    CHECK(report.formats[0].name == "mxfp4");
    CHECK(report.formats[2].size.bytes() == 90);
    CHECK(report.text() ==
          "     weights        bytes  bits each  format\n"
          "        4096         2176     4.2500  mxfp4\n"
          "          64          256    32.0000  fp32\n"
          "         160           90     4.5000  int4, fp16 scale for a group of 32\n"
          "        4320         2522     4.6704  all\n");
}

TEST_CASE("recipes") {
    for (const recipe& r : recipes) {
        INFO(r.name);
        CHECK(find_recipe(r.name) == &r);
        const mixed_precision p = r.policy();
        CHECK(p.of("model.layers.3.self_attn.q_proj.weight") == r.layers);
        for (const char* kept :
             {"lm_head.weight", "model.norm.weight", "model.layers.0.input_layernorm.weight",
              "model.embed_tokens.weight", "h.0.attn.c_attn.bias", "transformer.h.1.ln_1.weight", "wte"})
            CHECK(p.of(kept).is_kept());
        CHECK(p.attention_of("model.layers.3.self_attn").is_kept());
    }
    // the source notes: fp8 or nvfp4 products, everything else in fp16
    for (const char* name : {"fp8_gemm", "nvfp4_gemm"})
        CHECK(policy_named(name).kv_cache_of("model.layers.0.self_attn") == keep<fp16>());
    const mixed_precision modelopt = policy_named("NVFP4_DEFAULT_CFG");
    for (const char* kept : {"a.router.weight", "model.layers.1.mlp.gate.weight", "model.layers.1.mlp.gate",
                             "output.weight", "x.block_sparse_moe.gate", "mlp.shared_expert_gate",
                             "l.linear_attn.conv1d", "x.mixer.conv1d.weight", "output_layer", "x.proj_out.weight"})
        CHECK(modelopt.of(kept).is_kept());
    CHECK_FALSE(modelopt.of("model.layers.1.mlp.gate_proj.weight").is_kept());
    CHECK_FALSE(modelopt.of("x.output.dense").is_kept());
    CHECK(policy_named("FP8_KV_CFG").kv_cache_of("x") == scaled<e4m3>(scaling::tensor()));
    CHECK(policy_named("W4A16_ASYM").of("x").weights.range() == range_kind::asymmetric);
    CHECK(policy_named("FP8_DYNAMIC").of("x").activations.text() == "e4m3, fp32 scale for a token, dynamic");
    CHECK(message_of<std::invalid_argument>([] { (void)policy_named("W5A5"); }) ==
          "lowprec::ptq::policy_named: no recipe is called W5A5");
}

TEST_CASE("the check against accelerators") {
    const std::vector<layer_shape> layers{{"a", 64, 64}, {"b", 64, 64}, {"c", 64, 64}, {"d", 64, 64}, {"bias", 1, 64}};
    mixed_precision p;
    p.rule("*", {blocks<nvfp4>(), blocks<nvfp4>(scales::local)}).rule("b", policy_named("FP8").of("x"));
    p.rule("c", weights_only(integers<3>(scaling::group(32)))).rule("d", policy_named("W8A8").of("x"));
    p.attention("*", keep<fp16>());
    const auto paths = [&](const char* chip) {
        std::string out;
        for (const product_check& c : check(p, layers, hardware::accelerator_named(chip)))
            out += c.name + " " + std::string(name(c.path)) + "; ";
        return out;
    };
    CHECK(paths("A100 80GB SXM") == "a missing; b missing; c decoded; ");
    CHECK(paths("H100 SXM") == "a missing; c decoded; ");
    CHECK(paths("B200") == "c decoded; ");
    CHECK(paths("B300") == "c decoded; d reduced; ");

    // any function says what an accelerator has
    const auto none = [](const tensor_format& f) {
        return f.is<fp16>() ? hardware::support::none : hardware::support::unknown;
    };
    const auto all = check(p, layers, none);
    REQUIRE(all.size() == 5);
    CHECK(all[0].path == product_path::unknown);
    CHECK(all[2].path == product_path::missing);
    CHECK(all[4].text() == "* (attention): missing, fp16 x fp16");
    CHECK(operand_of(integers<2>(scaling::tensor())) == std::nullopt);
    CHECK(operand_of(blocks<mxfp6_e3m2>()) == hardware::number_format::mxfp6_e3m2);
    CHECK(tensor_cores{{9, 0}}(keep<fp32>()) == hardware::support::native);
    CHECK(tensor_cores{{9, 0}}(blocks<q4_0>()) == hardware::support::none);
}
