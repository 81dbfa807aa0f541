// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 6
//
// Tensors: affine integers, the observers that find their ranges, KV caches, and what quantization costs.
#ifndef LOWPREC_QUANTIZE_HPP
#define LOWPREC_QUANTIZE_HPP

#include <lowprec/quantize/affine.hpp>
#include <lowprec/quantize/kv_cache.hpp>
#include <lowprec/quantize/measures.hpp>
#include <lowprec/quantize/observers.hpp>
#include <lowprec/requantize.hpp>

#endif
