// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 7
//
// How long computations share their work among threads, report where they are, and are told to stop.
//
//     std::vector<std::jthread> threads ...
//     options.run.in_parallel = [&](std::size_t count, const std::function<void(std::size_t)>& task) { ... };
//     options.run.report = [](const ptq_progress& at) { return !interrupted; };
#ifndef LOWPREC_PTQ_RUN_HPP
#define LOWPREC_PTQ_RUN_HPP

#include <cstddef>
#include <functional>

namespace lowprec {

/// Calls task(0) to task(count - 1), each once, in any order and on any threads, and returns when all of them have. Results do
/// not depend on the order or on the number of threads.
using executor = std::function<void(std::size_t count, const std::function<void(std::size_t)>& task)>;

/// Where a computation is: so many of so many steps of a stage.
struct ptq_progress {
    const char* stage;
    std::size_t done, total;
};

/// Who computes, and who wants to know.
struct ptq_run {
    executor in_parallel{};                             ///< one task after the other if there is none
    std::function<bool(const ptq_progress&)> report{};  ///< called on the calling thread; false cancels
};

/// What came of it.
enum class ptq_status : unsigned char {
    done,
    fell_back,  ///< rounded to nearest, since the Hessian could not be factorized
    cancelled,  ///< the result is not complete
};

namespace detail {

inline void run_tasks(const ptq_run& run, std::size_t count, const std::function<void(std::size_t)>& task) {
    if (count > 1 && run.in_parallel) return run.in_parallel(count, task);
    for (std::size_t i = 0; i < count; ++i) task(i);
}
/// Whether to go on.
inline bool goes_on(const ptq_run& run, const char* stage, std::size_t done, std::size_t total) {
    return !run.report || run.report(ptq_progress{stage, done, total});
}

}  // namespace detail
}  // namespace lowprec

#endif
