// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// How other tools make blocks, bit for bit.
#ifndef LOWPREC_DETAIL_BLOCK_RECIPES_HPP
#define LOWPREC_DETAIL_BLOCK_RECIPES_HPP

#include <lowprec/detail/block_exact.hpp>

namespace lowprec::detail {

template <class B, recipe How, class Get>
LOWPREC_HOST_DEVICE constexpr void recipe_block(block<B>& out, int n, Get get, fp32 tensor_scale) noexcept;
template <class B, recipe How>
LOWPREC_HOST_DEVICE constexpr fp32 recipe_tensor_scale(fp32 amax) noexcept;

}  // namespace lowprec::detail

#endif
