// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 3
//
// The one place from which lowprec throws. Where exceptions are off the message goes to LOWPREC_FAIL(message), a hook that
// must not return; define it before the first include to replace the default, which writes to stderr and aborts.
// Not part of lowprec.hpp: nothing there can fail.
#ifndef LOWPREC_DETAIL_FAIL_HPP
#define LOWPREC_DETAIL_FAIL_HPP

#include <string>

#if defined(__cpp_exceptions)
#include <stdexcept>
#else
#include <cstdio>
#include <cstdlib>
#endif

namespace lowprec::detail {

/// Throws std::runtime_error, or calls the hook.
[[noreturn]] inline void fail(const std::string& message) {
#if defined(__cpp_exceptions)
    throw std::runtime_error(message);
#else
#if defined(LOWPREC_FAIL)
    LOWPREC_FAIL(message.c_str());
#else
    std::fputs(("lowprec: " + message + "\n").c_str(), stderr);
#endif
    std::abort();
#endif
}

}  // namespace lowprec::detail

#endif
