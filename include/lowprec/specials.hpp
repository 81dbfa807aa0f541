// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 1
//
// Which codes of a format are not ordinary numbers. Four facts say it all; every other constant follows from them and the
// field widths. The named arrangements are the ones in use.
#ifndef LOWPREC_SPECIALS_HPP
#define LOWPREC_SPECIALS_HPP

namespace lowprec {

/// Where NaN sits.
enum class nan_at : unsigned char {
    none,           ///< nowhere
    all_ones,       ///< exponent and mantissa all ones (one NaN per sign)
    negative_zero,  ///< the code of -0, which the format then lacks (one NaN)
    ieee,           ///< exponent all ones, mantissa not zero; infinity is where the mantissa is zero
};

/// The special values of a format. `infinity` outside the IEEE arrangement is the largest code that isn't NaN.
struct specials {
    nan_at nan = nan_at::ieee;
    bool infinity = true;
    bool subnormals = true;  ///< exponent field 0 means subnormal; false: it is one more binade of normal numbers
    bool zero = true;        ///< code 0 is zero

    friend constexpr bool operator==(const specials&, const specials&) = default;
};

namespace special {

inline constexpr specials ieee{};
inline constexpr specials fn{nan_at::all_ones, false};                   ///< OCP E4M3: finite, NaN at all ones
inline constexpr specials fnuz{nan_at::negative_zero, false};            ///< finite, NaN in place of -0 (also P3109 sf)
inline constexpr specials finite{nan_at::none, false};                   ///< OCP FP6 and FP4: numbers only
inline constexpr specials scale{nan_at::all_ones, false, false, false};  ///< E8M0: no zero, no subnormals
inline constexpr specials p3109_se{nan_at::negative_zero, true};         ///< P3109 signed extended
inline constexpr specials p3109_ue{nan_at::all_ones, true};              ///< P3109 unsigned extended (uf is fn)

}  // namespace special
}  // namespace lowprec

#endif
