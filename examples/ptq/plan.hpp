// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The rows of the tables: which methods, for which weights.
#ifndef LOWPREC_EXAMPLES_PTQ_PLAN_HPP
#define LOWPREC_EXAMPLES_PTQ_PLAN_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "quantize_network.hpp"
#include "weight_format.hpp"

namespace ptq {

struct plan_row {
    weight_format format;
    method how;

    [[nodiscard]] std::string weights() const { return weights_of(format.name, format.group); }
    static std::string weights_of(const std::string& name, const std::string& group) {
        return group == "row" || group == "tensor" ? name + " " + group : name + " g" + group;
    }
};

namespace methods {

inline method to_nearest() { return {"to nearest", method::scaling::none, false, false, {}}; }
inline method gptq() { return {"GPTQ", method::scaling::none, false, true, {}}; }
/// "act-order" with "static groups", which needs no index of groups.
inline method gptq_by_activation() {
    auto how = gptq();
    how.name = "GPTQ, act-order";
    how.gptq.order = lowprec::column_order::by_activation;
    how.gptq.groups = lowprec::group_parameters::original;
    return how;
}
/// As GPTQ's own code treats columns that calibration never saw.
inline method gptq_zeroed() {
    auto how = gptq();
    how.name = "GPTQ, dead zeroed";
    how.gptq.dead = lowprec::dead_column::zeroed;
    return how;
}
inline method awq_scales() { return {"AWQ, no clipping", method::scaling::awq, false, false, {}}; }
inline method awq() { return {"AWQ", method::scaling::awq, true, false, {}}; }
inline method awq_gptq() { return {"AWQ, then GPTQ", method::scaling::awq, false, true, {}}; }
inline method smooth_quant() { return {"SmoothQuant", method::scaling::smooth_quant, false, false, {}}; }

}  // namespace methods

/// For the text network. The quick plan has integers of 4 bits in groups of 64, and W8A8.
inline std::vector<plan_row> text_plan(bool quick) {
    using namespace methods;
    std::vector<plan_row> plan;
    const auto add = [&](const weight_format& format, const std::vector<method>& all) {
        for (const auto& how : all) plan.push_back({format, how});
    };
    const std::vector<method> usual{to_nearest(), gptq(), awq(), awq_gptq()};
    const std::vector<method> more{to_nearest(), gptq(), gptq_by_activation(), awq_scales(), awq(), awq_gptq()};
    for (const int bits : {4, 3})
        for (const std::size_t size : {std::size_t{0}, std::size_t{128}, std::size_t{64}, std::size_t{32}})
            if (!quick || (bits == 4 && size == 64))
                add(integers(bits, size), size == 64 || size == 128 ? more : usual);
    if (!quick) {
        add(symmetric_int4(64), usual);
        add(nvfp4_blocks(), usual);
        add(mxfp4_blocks(), usual);
        for (const auto& format : {nvfp4_blocks(inputs_as::static_format), mxfp4_blocks(inputs_as::dynamic_format)})
            add(format, {to_nearest(), smooth_quant()});
    }
    for (const auto inputs : {inputs_as::static_format, inputs_as::dynamic_format})
        add(w8a8(inputs), {to_nearest(), smooth_quant()});
    return plan;
}

/// For the images.
inline std::vector<plan_row> image_plan(bool quick) {
    using namespace methods;
    std::vector<plan_row> plan;
    const auto add = [&](const weight_format& format, const std::vector<method>& all) {
        for (const auto& how : all) plan.push_back({format, how});
    };
    const std::vector<method> usual{to_nearest(), gptq(), gptq_zeroed(), gptq_by_activation(), awq(), awq_gptq()};
    for (const int bits : {4, 3})
        if (!quick || bits == 4) add(integers(bits, 64), usual);
    if (!quick)
        for (const auto& format : {nvfp4_blocks(), mxfp4_blocks()}) add(format, usual);
    for (const auto inputs : {inputs_as::static_format, inputs_as::dynamic_format})
        add(w8a8(inputs), {to_nearest(), smooth_quant()});
    return plan;
}

}  // namespace ptq

#endif
