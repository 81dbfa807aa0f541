// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// An executor on two threads, this one and another, each on a processor of its own. The other waits without sleeping, so that
// what is measured is the split of the work and not the system's.
#ifndef LOWPREC_BENCH_KERNELS_MATMUL_THREADS_HPP
#define LOWPREC_BENCH_KERNELS_MATMUL_THREADS_HPP

#include <sched.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <thread>

#include "../../support/machine.hpp"

namespace lowprec_bench {

class two_threads {
public:
    explicit two_threads(int processor_of_the_other) : other_{[=, this] { serve(processor_of_the_other); }} {}
    ~two_threads() {
        stop_ = true;
        call_.fetch_add(1, std::memory_order_release);
        other_.join();
    }
    two_threads(const two_threads&) = delete;
    two_threads& operator=(const two_threads&) = delete;

    /// Runs all tasks: both threads take the next one until none is left.
    void operator()(std::size_t tasks, const std::function<void(std::size_t)>& task) {
        task_ = &task;
        tasks_ = tasks;
        next_ = 0;
        const unsigned mine = call_.fetch_add(1, std::memory_order_release) + 1;
        take();
        while (done_.load(std::memory_order_acquire) != mine) {
        }
    }

    /// A processor that isn't this one, or -1.
    static int another(int than) {
        for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i)
            if (static_cast<int>(i) != than) return static_cast<int>(i);
        return -1;
    }

private:
    void take() {
        for (std::size_t i = next_.fetch_add(1); i < tasks_; i = next_.fetch_add(1)) (*task_)(i);
    }
    void serve(int processor) {
        pin(processor);
        for (unsigned seen = 0;;) {
            while (call_.load(std::memory_order_acquire) == seen) {
            }
            ++seen;
            if (stop_) return;
            take();
            done_.store(seen, std::memory_order_release);
        }
    }

    const std::function<void(std::size_t)>* task_ = nullptr;
    std::size_t tasks_ = 0;
    alignas(64) std::atomic<std::size_t> next_ = 0;
    alignas(64) std::atomic<unsigned> call_ = 0;
    alignas(64) std::atomic<unsigned> done_ = 0;
    bool stop_ = false;
    std::thread other_;
};

}  // namespace lowprec_bench

#endif
