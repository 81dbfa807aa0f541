// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 6
//
// What quantizers and observers make of NaN and infinity in their input.
#ifndef LOWPREC_QUANTIZE_NAN_POLICY_HPP
#define LOWPREC_QUANTIZE_NAN_POLICY_HPP

#include <lowprec/kernels/reduce.hpp>

namespace lowprec {

/// NaN in numbers to be quantized or observed. Infinity is no part of a range: refused under `error` where a range is sought;
/// otherwise passed over there, and its code saturates.
enum class nan_policy : unsigned char {
    error,   ///< refused, naming the first one
    zero,    ///< the number 0
    ignore,  ///< no part of a range or histogram; where it must have a code, that of zero
};

namespace detail {

LOWPREC_INLINE std::uint32_t bits_of_float(const float* x) noexcept {
    std::uint32_t bits;
    __builtin_memcpy(&bits, x, 4);
    return bits;
}

}  // namespace detail
}  // namespace lowprec

#endif
