// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 3
//
// std::hash of every format, without <functional>.
#ifndef LOWPREC_HASH_HPP
#define LOWPREC_HASH_HPP

#include <cstddef>
#include <lowprec/convert.hpp>
#include <string_view>  // one of the headers that declare std::hash

/// Equal values have equal hashes: 0 and -0 as well. NaNs equal nothing and hash by their codes.
template <int S, int E, int M, int Bias, lowprec::specials Sp>
struct std::hash<lowprec::float_format<S, E, M, Bias, Sp>> {
    [[nodiscard]] constexpr std::size_t operator()(lowprec::float_format<S, E, M, Bias, Sp> x) const noexcept {
        using F = lowprec::float_format<S, E, M, Bias, Sp>;
        const auto code = x.bits();
        return F::has_negative_zero && code == F::sign_mask ? std::size_t{0} : std::size_t{code};
    }
};

#endif
