// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 3
//
// How lowprec says that a file can't be read. Where exceptions are off, the hook of fail_argument.hpp is called.
// Not part of lowprec.hpp.
#ifndef LOWPREC_DETAIL_FAIL_HPP
#define LOWPREC_DETAIL_FAIL_HPP

#include <lowprec/detail/fail_argument.hpp>
#include <string>

#if defined(__cpp_exceptions)
#include <stdexcept>
#endif

namespace lowprec::detail {

/// Throws std::runtime_error, or calls the hook.
[[noreturn, gnu::cold, gnu::always_inline]] inline void fail(const std::string& message) {
#if defined(__cpp_exceptions)
    throw std::runtime_error(message);
#else
    call_hook(message.c_str());
#endif
}

}  // namespace lowprec::detail

#endif
