// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A pool of threads as an executor of matrix products: all take the next task that is left, the caller too.
#ifndef LOWPREC_EXAMPLES_THREAD_POOL_HPP
#define LOWPREC_EXAMPLES_THREAD_POOL_HPP

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

/// `threads` count the caller's. One call at a time.
class thread_pool {
public:
    explicit thread_pool(std::size_t threads) {
        for (std::size_t i = 1; i < threads; ++i) others_.emplace_back([this] { serve(); });
    }
    thread_pool(const thread_pool&) = delete;
    thread_pool& operator=(const thread_pool&) = delete;
    ~thread_pool() {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
        begin_.notify_all();
    }

    [[nodiscard]] std::size_t threads() const { return others_.size() + 1; }

    /// Runs task(0) to task(tasks - 1) and returns when all are done. Throws what a task threw; the tasks that are left then are
    /// not begun.
    template <class Task>
    void operator()(std::size_t tasks, Task&& task) {
        const std::function<void(std::size_t)> work = std::ref(task);
        {
            const std::scoped_lock lock(mutex_);
            task_ = &work;
            tasks_ = tasks;
            next_ = 0;
            busy_ = others_.size();
            ++round_;
        }
        begin_.notify_all();
        take_tasks();
        std::unique_lock lock(mutex_);
        end_.wait(lock, [&] { return busy_ == 0; });
        if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    }

private:
    void take_tasks() {
        try {
            for (std::size_t i = next_++; i < tasks_; i = next_++) (*task_)(i);
        } catch (...) {
            const std::scoped_lock lock(mutex_);
            if (!error_) error_ = std::current_exception();
            next_ = tasks_;
        }
    }

    void serve() {
        for (std::size_t seen = 0;;) {
            {
                std::unique_lock lock(mutex_);
                begin_.wait(lock, [&] { return stopping_ || round_ != seen; });
                if (stopping_) return;
                seen = round_;
            }
            take_tasks();
            const std::scoped_lock lock(mutex_);
            if (--busy_ == 0) end_.notify_one();
        }
    }

    std::mutex mutex_;
    std::condition_variable begin_, end_;
    const std::function<void(std::size_t)>* task_ = nullptr;
    std::size_t tasks_ = 0, busy_ = 0, round_ = 0;
    std::atomic<std::size_t> next_ = 0;
    bool stopping_ = false;
    std::exception_ptr error_;
    std::vector<std::jthread> others_;  // last, so that they end before what they use
};

#endif
