// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 7
//
// Mixed precision: which tensor of a model is stored how, what that takes, and what an accelerator makes of it.
//
//     auto p = ptq::policy_named("NVFP4");                              other tools' policies; ptq::mixed_precision for one's own
//     p.rule("*.down_proj", ptq::scaled<e4m3>(ptq::scaling::tensor()));  the last rule that matches decides
//     p.explain("model.layers.0.mlp.down_proj").text()                   which one did
//     ptq::report_size(p, layers).bits_per_weight()                      with scales and zero points
//     ptq::choose_formats(items, 4.8)                                    the least loss that fits a budget
//     ptq::check(p, layers, hardware::accelerator_named("H100 SXM"))     what its tensor cores lack
//
// lowprec/io/hf_quant_config.hpp and lowprec/io/quantization_config.hpp read and write other tools' files.
#ifndef LOWPREC_PTQ_MIXED_PRECISION_HPP
#define LOWPREC_PTQ_MIXED_PRECISION_HPP

#include <lowprec/ptq/mixed_precision/budget.hpp>
#include <lowprec/ptq/mixed_precision/check.hpp>
#include <lowprec/ptq/mixed_precision/glob.hpp>
#include <lowprec/ptq/mixed_precision/recipes.hpp>
#include <lowprec/ptq/mixed_precision/rules.hpp>
#include <lowprec/ptq/mixed_precision/size_report.hpp>
#include <lowprec/ptq/mixed_precision/tensor_format.hpp>

#endif
