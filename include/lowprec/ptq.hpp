// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 7
//
// Post-training quantization: SmoothQuant, AWQ and GPTQ on plain matrices. Needs xsimd and Eigen; the CMake target is lowprec::ptq.
// Compile everything that includes it with one set of flags: Eigen's functions are shared by what a program links.
#ifndef LOWPREC_PTQ_HPP
#define LOWPREC_PTQ_HPP

#include <lowprec/ptq/awq.hpp>
#include <lowprec/ptq/fold.hpp>
#include <lowprec/ptq/gptq.hpp>
#include <lowprec/ptq/smooth_quant.hpp>
#include <lowprec/ptq/statistics.hpp>
#include <lowprec/ptq/target.hpp>

#endif
