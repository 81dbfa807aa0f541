// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Shares of a ceiling on a machine that is shared and noisy: in every round the ceiling is measured once and everyone runs
// once, in an order that rotates. A share is the median over the rounds of (what the ceiling would have taken for this
// work) / (what was taken), both of one round. Google Benchmark times the runs.
#ifndef LOWPREC_BENCH_KERNELS_MATMUL_MEASURE_HPP
#define LOWPREC_BENCH_KERNELS_MATMUL_MEASURE_HPP

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "../../support/buffer.hpp"
#include "../../support/quantile.hpp"
#include "ceilings.hpp"

namespace lowprec_bench {

/// Something that takes part in rounds.
struct participant {
    std::function<void()> pass;
    double work = 0;              ///< of a pass: bytes or operations
    std::size_t cycle = 1;        ///< so many passes go once through everything
    long passes = 1;              ///< in a round
    std::vector<double> seconds;  ///< of a pass, by round
    std::vector<double> running;  ///< the share of that in which this thread ran

    double rate(std::size_t round) const { return work / seconds[round]; }
    double median_rate() const { return work / quantile(seconds, 0.5); }
};

class rounds {
public:
    /// Of one thread, the time counts in which it runs, so that others on its processor take little away; of two, all time does.
    rounds(int count, double sample_seconds, int threads = 1)
        : count_{count}, sample_seconds_{sample_seconds}, threads_{threads} {}

    void run(const std::vector<participant*>& all) const {
        for (participant* p : all) choose_passes(*p);
        for (int r = 0; r < count_; ++r) round(all, static_cast<std::size_t>(r));
    }

    /// The share of the time in which this thread ran; less than 1 where others use its processor.
    static double running(const std::vector<participant*>& all) {
        double least = 1;
        for (const participant* p : all) least = std::min(least, quantile(p->running, 0.5));
        return least;
    }

private:
    void choose_passes(participant& p) const {
        // A system may have put memory away that nobody touched for a while.
        for (std::size_t i = 0; i < p.cycle; ++i) p.pass();
        const auto begun = std::chrono::steady_clock::now();
        p.pass();
        const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
        p.passes = std::max(1L, std::lround(sample_seconds_ / std::max(took, 1e-9)));
    }

    class collector : public benchmark::BenchmarkReporter {
    public:
        bool ReportContext(const Context&) override { return true; }
        void ReportRuns(const std::vector<Run>& runs) override {
            for (const Run& run : runs) {
                const std::size_t at = std::stoul(run.run_name.function_name);
                real[at] = run.real_accumulated_time / static_cast<double>(run.iterations);
                own[at] = run.cpu_accumulated_time / static_cast<double>(run.iterations);
            }
        }
        std::map<std::size_t, double> real, own;
    };

    void round(const std::vector<participant*>& all, std::size_t number) const {
        benchmark::ClearRegisteredBenchmarks();
        for (std::size_t i = 0; i < all.size(); ++i) {
            const std::size_t at = (i + number) % all.size();
            const participant& p = *all[at];
            benchmark::RegisterBenchmark(std::to_string(at).c_str(),
                                         [&p](benchmark::State& state) {
                                             p.pass();  // the code, the activations, and weights that fit a cache
                                             for ([[maybe_unused]] auto _ : state) {
                                                 p.pass();
                                                 benchmark::ClobberMemory();
                                             }
                                         })
                ->Iterations(p.passes)
                ->UseRealTime();
        }
        collector times;
        benchmark::RunSpecifiedBenchmarks(&times, "all");
        for (std::size_t at = 0; at < all.size(); ++at) {
            all[at]->seconds.push_back((threads_ == 1 ? times.own : times.real).at(at));
            all[at]->running.push_back(times.own.at(at) / times.real.at(at));
        }
    }

    int count_;
    double sample_seconds_;
    int threads_;
};

/// Reads through memory that is larger than the caches, a part in each pass.
class memory_ceiling {
public:
    explicit memory_ceiling(std::size_t bytes) : memory_(bytes / part * part, 0) {
        double best = 0;
        for (const reader& r : readers()) {
            participant p = take_part(r);
            rounds(5, 0.02).run({&p});
            if (p.median_rate() > best) {
                best = p.median_rate();
                chosen_ = r;
            }
        }
    }
    participant take_part() { return take_part(chosen_); }
    const std::string& how() const { return chosen_.how; }

private:
    static constexpr std::size_t part = std::size_t{32} << 20;
    participant take_part(const reader& r) {
        participant p;
        p.work = part;
        p.cycle = memory_.size() / part;
        p.pass = [this, run = r.run] {
            run(memory_.data() + at_, part);
            at_ = at_ + part < memory_.size() ? at_ + part : 0;
        };
        return p;
    }
    buffer memory_;
    std::size_t at_ = 0;
    reader chosen_{};
};

}  // namespace lowprec_bench

#endif
