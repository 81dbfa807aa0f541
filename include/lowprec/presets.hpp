// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 2
//
// Policies that reproduce another system's bits. Where that system has a plain bug, its documented intent is followed, and
// docs/conversion.md lists the difference. The e8m0 presets are apart because those systems round e8m0 another way.
#ifndef LOWPREC_PRESETS_HPP
#define LOWPREC_PRESETS_HPP

#include <lowprec/policy.hpp>

namespace lowprec::presets {

/// CUDA 13 cuda_fp8.h, cuda_fp6.h, cuda_fp4.h with __NV_SATFINITE (what their constructors do).
inline constexpr policy cuda_satfinite{.over = overflow::saturate, .nan = nan_input::cuda};
/// The same headers with __NV_NOSAT.
inline constexpr policy cuda_nosat{.over = overflow::nonfinite, .nan = nan_input::cuda};
/// __nv_cvt_float_to_e8m0 as the __nv_fp8_e8m0 constructor calls it: up, finite.
inline constexpr policy cuda_e8m0{
    .round = rounding::upward, .over = overflow::saturate, .negative = negative_input::ignore_sign};

/// PTX cvt.rn.satfinite, "Alternate floating-point formats": one canonical NaN.
inline constexpr policy ptx{.over = overflow::saturate, .nan = nan_input::all_ones, .sign_of_nan = nan_sign::drop};

/// ml_dtypes casts: overflow leaves the finite numbers where there is anywhere to go.
inline constexpr policy ml_dtypes{.over = overflow::nonfinite,
                                  .infinity = infinity_input::infinity_or_nan,
                                  .nan = nan_input::quiet,
                                  .no_nan = nan_missing::opposite_zero,
                                  .negative = negative_input::nan};
/// ml_dtypes' ConvertFrom with kSaturate: finite values saturate, infinities do not.
inline constexpr policy ml_dtypes_saturate{.over = overflow::saturate,
                                           .infinity = infinity_input::infinity_or_nan,
                                           .nan = nan_input::quiet,
                                           .no_nan = nan_missing::opposite_zero};
/// ml_dtypes float8_e8m0fnu: ties go up, zero and negative values are NaN.
inline constexpr policy ml_dtypes_e8m0{.round = rounding::nearest_away,
                                       .over = overflow::nonfinite,
                                       .infinity = infinity_input::infinity_or_nan,
                                       .negative = negative_input::nan,
                                       .no_zero = zero_missing::nan_for_zero};

/// PyTorch up to 2.12, c10 Float8_e4m3fn.h and its siblings.
inline constexpr policy torch_2_12{
    .over = overflow::nonfinite, .infinity = infinity_input::infinity_or_nan, .nan = nan_input::all_ones};
/// PyTorch from 2.13: finite values past e4m3's range saturate (its FNUZ types still follow torch_2_12).
inline constexpr policy torch_2_13{
    .over = overflow::infinity, .infinity = infinity_input::infinity_or_nan, .nan = nan_input::all_ones};
inline constexpr policy torch = torch_2_13;
/// PyTorch float8_e8m0fnu: ties go up, the sign is ignored.
inline constexpr policy torch_e8m0{.round = rounding::nearest_away,
                                   .over = overflow::nonfinite,
                                   .infinity = infinity_input::infinity_or_nan,
                                   .negative = negative_input::ignore_sign};

/// ONNX Cast with saturate = 1 and 0: the tables of its "Float stored in 8 bits".
inline constexpr policy onnx_saturate{
    .over = overflow::saturate, .infinity = infinity_input::nan_if_at_zero, .nan = nan_input::all_ones};
inline constexpr policy onnx_nonsaturate{
    .over = overflow::nonfinite, .infinity = infinity_input::infinity_or_nan, .nan = nan_input::all_ones};
/// ONNX Cast to FLOAT8E8M0 with its defaults, round_mode "up" and saturate = 1.
inline constexpr policy onnx_e8m0{.round = rounding::upward,
                                  .over = overflow::saturate,
                                  .infinity = infinity_input::infinity_or_nan,
                                  .negative = negative_input::ignore_sign};

/// HIP amd_hip_fp8.h with and without saturation.
inline constexpr policy hip_saturate{.over = overflow::saturate, .nan = nan_input::all_ones};
inline constexpr policy hip_nosat{
    .over = overflow::nonfinite, .infinity = infinity_input::infinity_or_nan, .nan = nan_input::all_ones};

/// OCP OFP8 1.0, "Conversion from a wider format": its saturating and non-saturating modes.
inline constexpr policy ocp_saturate{.over = overflow::saturate};
inline constexpr policy ocp_nonsaturate{.over = overflow::nonfinite, .infinity = infinity_input::infinity_or_nan};

/// P3109's saturation modes: SatFinite clamps all, SatPropagate keeps infinities, SatNone leaves by the rounding direction.
inline constexpr policy p3109_satfinite{.over = overflow::saturate};
inline constexpr policy p3109_satpropagate{.over = overflow::saturate, .infinity = infinity_input::infinity_or_largest};
inline constexpr policy p3109_satnone{
    .over = overflow::infinity, .infinity = infinity_input::infinity_or_largest, .negative = negative_input::nan};

}  // namespace lowprec::presets

#endif
