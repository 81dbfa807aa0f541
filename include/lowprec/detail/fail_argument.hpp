// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 3
//
// How lowprec refuses an argument, such as an array of the wrong size, and the hook of programs without exceptions.
// lowprec.hpp reaches this file, so it may not include <string> or <stdexcept>. Failures that have to do with files are in
// fail.hpp.
//
// Everything here is forced inline: a program may link translation units with and without exceptions, or with different
// hooks, and must not find one of them doing what another was compiled for.
#ifndef LOWPREC_DETAIL_FAIL_ARGUMENT_HPP
#define LOWPREC_DETAIL_FAIL_ARGUMENT_HPP

#include <lowprec/detail/text.hpp>

#if !defined(__cpp_exceptions)
#include <cstdio>
#include <cstdlib>
#elif defined(__GLIBCXX__)
#include <bits/functexcept.h>
#else
#include <stdexcept>  // not with libstdc++
#endif

namespace lowprec::detail {

#if !defined(__cpp_exceptions)

/// Gives the message to LOWPREC_FAIL(message), which takes a const char* and must not return; a program defines it before
/// the first include. Without it the message goes to stderr. Ends the program.
[[noreturn, gnu::cold, gnu::always_inline]] inline void call_hook(const char* message) {
#if defined(LOWPREC_FAIL)
    LOWPREC_FAIL(message);
#else
    std::fputs("lowprec failed: ", stderr);
    std::fputs(message, stderr);
    std::fputs("\n", stderr);
#endif
    std::abort();
}

#endif

/// Throws std::invalid_argument with the parts (strings and integers) as its message, or calls the hook.
template <class... Parts>
[[noreturn, gnu::cold, gnu::always_inline]] inline void fail_argument(const Parts&... parts) {
    text message;
    (message << ... << parts);
#if !defined(__cpp_exceptions)
    call_hook(message.characters);
#elif defined(__GLIBCXX__)
    std::__throw_invalid_argument(message.characters);
#else
    throw std::invalid_argument(message.characters);
#endif
}

/// Says that arguments were checked before. Each check costs code wherever it is forced inline.
struct known_to_fit {};

}  // namespace lowprec::detail

#endif
