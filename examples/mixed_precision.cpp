// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What docs/mixed_precision.md shows: a policy for a small model, its size, accelerators, a budget.
#include <cstdio>
#include <lowprec/ptq/mixed_precision.hpp>
#include <string>
#include <vector>

using namespace lowprec;
using namespace lowprec::ptq;

int main() {
    const std::vector<layer_shape> model{{"layers.0.norm.weight", 1, 1024},
                                         {"layers.0.attn.q_proj.weight", 1024, 1024},
                                         {"layers.0.attn.k_proj.weight", 256, 1024},
                                         {"layers.0.attn.v_proj.weight", 256, 1024},
                                         {"layers.0.mlp.up_proj.weight", 4096, 1024},
                                         {"layers.0.mlp.down_proj.weight", 1024, 4096},
                                         {"lm_head.weight", 8000, 1024}};

    // Rules in order; the last one that matches decides.
    mixed_precision policy({blocks<nvfp4>(), blocks<nvfp4>(scales::local)});
    policy.rule("*.{q,k,v}_proj", {scaled<e4m3>(scaling::channel()), scaled<e4m3>(scaling::token(), scales::dynamic)});
    policy.rule("*.v_proj", integers<4>(scaling::group(128), range_kind::asymmetric));
    policy.rule("*norm*", keep<fp16>()).rule("lm_head", keep<fp16>());
    policy.kv_cache("*", scaled<e4m3>(scaling::tensor()));
    std::printf("%s\n", policy.explain("layers.0.attn.v_proj.weight").text().c_str());
    std::printf("%s\n", report_size(policy, model).text().c_str());

    // What an accelerator doesn't multiply as it is stored.
    for (const char* chip : {"H100 SXM", "B200"})
        for (const product_check& product : check(policy, model, hardware::accelerator_named(chip)))
            std::printf("%s: %s\n", chip, product.text().c_str());

    // The least loss within 5.2 bits a weight. The losses would be measured; q, k and v get one format.
    const std::vector<layer_format> formats{weights_only(integers<3>(scaling::group(128))),
                                            weights_only(blocks<nvfp4>()),
                                            weights_only(scaled<e4m3>(scaling::channel()))};
    std::vector<budget_item> items{{{model[1], model[2], model[3]}, {}}, {{model[4]}, {}}, {{model[5]}, {}}};
    const double measured[3][3] = {{9.1, 1.4, 0.2}, {2.5, 0.6, 0.1}, {6.0, 0.9, 0.1}};
    for (std::size_t i = 0; i < items.size(); ++i)
        for (std::size_t f = 0; f < formats.size(); ++f) items[i].options.push_back({formats[f], measured[i][f]});
    const budget_choice choice = choose_formats(items, 5.2);
    mixed_precision chosen = policy_named("W4A16");
    add_rules(chosen, items, choice);
    std::printf("\n%.3f bits for each weight, loss %.1f%s\n", choice.bits_per_weight(), choice.loss,
                choice.exact ? ", the least there is" : "");
    for (const budget_item& item : items)
        std::printf("  %s: %s\n", item.layers[0].name.c_str(), chosen.of(item.layers[0].name).weights.text().c_str());
}
