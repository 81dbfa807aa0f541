// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// XNNPACK's convert operators, of one channel, set up and run without a thread pool.
#ifndef LOWPREC_BENCH_SUPPORT_PEERS_XNNPACK_HPP
#define LOWPREC_BENCH_SUPPORT_PEERS_XNNPACK_HPP

#include <xnnpack.h>

#include <cstddef>

#include "../operation.hpp"

namespace lowprec_bench {

/// It has no version; this is Debian's snapshot.
inline constexpr const char* xnnpack_version = "of 2022";

/// The operator is made by the first run. `parameters` are those of `create` between its strides and its flags.
template <class Create, class In, class Out, class... Parameters>
kernel xnnpack_conversion(Create create,
                          xnn_status (*setup)(xnn_operator_t, std::size_t, const In*, Out*, pthreadpool_t),
                          Parameters... parameters) {
    return [=, tried = false, op = xnn_operator_t{}](const std::byte* in, std::byte* out, std::size_t count) mutable {
        if (!tried && xnn_initialize(nullptr) == xnn_status_success) create(1, 1, 1, parameters..., 0, &op);
        tried = true;
        if (op == nullptr) return;  // not on this processor; the check shows it
        setup(op, count, reinterpret_cast<const In*>(in), reinterpret_cast<Out*>(out), nullptr);
        xnn_run_operator(op, nullptr);
    };
}

}  // namespace lowprec_bench

#endif
