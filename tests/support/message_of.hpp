// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What a call says when it fails.
#ifndef LOWPREC_TESTS_SUPPORT_MESSAGE_OF_HPP
#define LOWPREC_TESTS_SUPPORT_MESSAGE_OF_HPP

#include <stdexcept>
#include <string>

/// The message of the error that `call` throws; nothing if it returns.
template <class Error = std::runtime_error, class Call>
std::string message_of(Call&& call) {
    try {
        call();
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

#endif
