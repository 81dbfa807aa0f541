// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Ratios on a machine that is shared and noisy. Everyone who competes at an operation runs once in every round, in an
// order that rotates; a ratio is the median over the rounds of (time of stream) / (time of the contender) in one round, so
// that a slow phase of the machine slows both. Google Benchmark times the runs.
//
// Nobody can win by doing less: at each size each contender runs once into an overwritten output, and what it wrote is
// compared.
#ifndef LOWPREC_BENCH_SUPPORT_HARNESS_HPP
#define LOWPREC_BENCH_SUPPORT_HARNESS_HPP

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "buffer.hpp"
#include "operation.hpp"
#include "quantile.hpp"

namespace lowprec_bench {

struct size_class {
    std::string name;
    std::size_t count;
    double sample_seconds;  ///< a run takes as many passes as fill this
    int rounds_factor;      ///< short runs are cheap, so more of them
};

inline const std::vector<size_class>& size_classes() {
    static const std::vector<size_class> all = {{"L1", std::size_t{4} << 10, 100e-6, 3},
                                                {"L2", std::size_t{128} << 10, 400e-6, 3},
                                                {"memory", std::size_t{64} << 20, 0, 1}};
    return all;
}

struct figure {
    double seconds = 0;        ///< of one pass
    double ratio = 0;          ///< to stream
    double low = 0, high = 0;  ///< the quartiles of the ratio
    double to_reference = 0;   ///< 0 where there is none
};

struct result {
    std::string contender;
    role what = role::peer;
    std::map<std::string, figure> figures;  ///< by size class
    difference found;                       ///< among `checked` elements, at all sizes
    std::size_t checked = 0;
};

struct measured {
    const operation* op = nullptr;
    std::map<std::string, std::string> stream;  ///< which candidate it was, by size class
    std::vector<result> results;                ///< stream first
};

class harness {
public:
    /// `rounds` in memory; in the caches three times as many. `widest` is the bytes of the largest element.
    harness(int rounds, std::size_t largest_count, std::size_t widest)
        : rounds_{rounds},
          in_(largest_count * widest, 0),
          // half a page away from the input, and not by a power of two
          out_(largest_count * widest, 2048 + 192),
          right_(pattern * widest, 0) {}

    measured measure(const operation& op, const std::vector<size_class>& sizes) {
        measured all;
        all.op = &op;
        all.results.resize(1 + op.contenders.size());
        all.results[0].contender = "stream";
        all.results[0].what = role::stream;
        for (std::size_t c = 0; c < op.contenders.size(); ++c) {
            all.results[c + 1].contender = op.contenders[c].name;
            all.results[c + 1].what = op.contenders[c].what;
        }
        for (const size_class& size : sizes) {
            prepare(op, size.count);
            for (std::size_t c = 0; c < op.contenders.size(); ++c)
                check(op, op.contenders[c], size, all.results[c + 1]);
            run(op, size, all);
        }
        return all;
    }

private:
    static constexpr std::size_t pattern = std::size_t{1} << 20;  ///< so many numbers are made, then repeated

    // All input is in place before anything is timed.
    void prepare(const operation& op, std::size_t count) {
        const std::size_t distinct = std::min(count, pattern), bytes = distinct * op.in_bits / 8;
        op.fill(in_.data(), distinct);
        for (std::size_t done = distinct; done < count; done += distinct)
            std::memcpy(in_.data() + done * op.in_bits / 8, in_.data(), bytes);
        op.definition(in_.data(), right_.data(), distinct, 0);
    }

    void check(const operation& op, const contender& who, const size_class& size, result& to) {
        if (who.what == role::reference) return;
        const std::size_t distinct = std::min(size.count, pattern), bytes = distinct * op.out_bits / 8;
        if (op.in_place)
            std::memcpy(out_.data(), in_.data(), size.count * op.in_bits / 8);
        else
            std::memset(out_.data(), 0x55, size.count * op.out_bits / 8);
        who.run(in_.data(), out_.data(), size.count);
        // where the place counts, what is right is computed again, so only for the last part, too
        const std::size_t last = size.count - distinct;
        for (std::size_t done = 0; done < size.count; done += op.by_place && done < last ? last - done : distinct) {
            if (op.by_place && size.count > distinct) op.definition(in_.data(), right_.data(), distinct, done);
            const std::byte* part = out_.data() + done * op.out_bits / 8;
            to.checked += distinct;
            if (std::memcmp(right_.data(), part, bytes) == 0) continue;
            const difference here = op.compare(right_.data(), part, distinct);
            to.found.wrong += here.wrong;
            to.found.other_nan += here.other_nan;
        }
    }

    /// One pass, such that nothing of it can be left out or moved.
    static void pass(const contender& who, const std::byte* in, std::byte* out, std::size_t count) {
        benchmark::DoNotOptimize(in);
        benchmark::DoNotOptimize(out);
        benchmark::ClobberMemory();
        who.run(in, out, count);
        benchmark::ClobberMemory();
    }

    class collector : public benchmark::BenchmarkReporter {
    public:
        bool ReportContext(const Context&) override { return true; }
        void ReportRuns(const std::vector<Run>& runs) override {
            for (const Run& run : runs)
                seconds[std::stoul(run.run_name.function_name)] =
                    run.real_accumulated_time / static_cast<double>(run.iterations);
        }
        std::map<std::size_t, double> seconds;
    };

    struct entry {
        const contender* who;
        long passes;
        int every;  ///< runs in every round, or in each of so many: what takes very long is not what noise decides
        std::vector<double> seconds;  ///< by round; 0 where it did not run
    };

    void prepare_entry(entry& e, const size_class& size) {
        const auto seconds = [&](long passes) {
            const auto begun = std::chrono::steady_clock::now();
            for (long i = 0; i < passes; ++i) pass(*e.who, in_.data(), out_.data(), size.count);
            return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
        };
        e.passes = 1;
        double took = seconds(1);
        while (took < size.sample_seconds / 4) took = seconds(e.passes *= 2);
        if (size.sample_seconds > 0)
            e.passes = std::max(1L, std::lround(static_cast<double>(e.passes) * size.sample_seconds / took));
        else if (took > 0.15)  // a tenth of stream's speed, or less
            e.every = took > 1.5 ? rounds_ : 5;
    }

    /// All entries once, from number `first` on.
    void round(std::vector<entry>& entries, int number, const size_class& size) {
        benchmark::ClearRegisteredBenchmarks();
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const std::size_t at = (i + static_cast<std::size_t>(number)) % entries.size();
            const entry& e = entries[at];
            if (number % e.every != 0) continue;
            benchmark::RegisterBenchmark(std::to_string(at).c_str(),
                                         [&](benchmark::State& state) {
                                             if (size.sample_seconds > 0)
                                                 pass(*e.who, in_.data(), out_.data(), size.count);  // into the cache
                                             for ([[maybe_unused]] auto _ : state)
                                                 pass(*e.who, in_.data(), out_.data(), size.count);
                                         })
                ->Iterations(e.passes)
                ->UseRealTime();
        }
        collector times;
        benchmark::RunSpecifiedBenchmarks(&times, "all");
        for (std::size_t at = 0; at < entries.size(); ++at) {
            const auto found = times.seconds.find(at);
            entries[at].seconds.push_back(found == times.seconds.end() ? 0 : found->second);
        }
    }

    /// The rounds in which both ran, as (time of `one`) / (time of `other`).
    static std::vector<double> ratios(const entry& one, const entry& other) {
        std::vector<double> all;
        for (std::size_t r = 0; r < one.seconds.size(); ++r)
            if (one.seconds[r] > 0 && other.seconds[r] > 0) all.push_back(one.seconds[r] / other.seconds[r]);
        return all;
    }

    static double median_seconds(const entry& e) {
        std::vector<double> all;
        std::copy_if(e.seconds.begin(), e.seconds.end(), std::back_inserter(all), [](double s) { return s > 0; });
        return quantile(all, 0.5);
    }

    /// The fastest of an operation's streams; operations of the same widths share the answer.
    const contender& best_stream(const operation& op, const size_class& size) {
        const auto key = std::tuple(op.in_bits, op.out_bits, op.in_place, size.name);
        auto known = best_streams_.find(key);
        if (known == best_streams_.end()) {
            std::vector<entry> entries;
            for (const contender& candidate : op.streams) entries.push_back({&candidate, 1, 1, {}});
            for (entry& e : entries) prepare_entry(e, size);
            for (int r = 0; r < 2 * static_cast<int>(entries.size()) + 1; ++r) round(entries, r, size);
            const auto best = std::min_element(entries.begin(), entries.end(), [](const entry& a, const entry& b) {
                return median_seconds(a) < median_seconds(b);
            });
            known = best_streams_.emplace(key, best->who->name).first;
        }
        return *std::find_if(op.streams.begin(), op.streams.end(),
                             [&](const contender& candidate) { return candidate.name == known->second; });
    }

    void run(const operation& op, const size_class& size, measured& to) {
        std::vector<entry> entries;
        entries.push_back({&best_stream(op, size), 1, 1, {}});
        for (const contender& who : op.contenders) entries.push_back({&who, 1, 1, {}});
        for (entry& e : entries) prepare_entry(e, size);
        for (int r = 0; r < rounds_ * size.rounds_factor; ++r) round(entries, r, size);
        to.stream[size.name] = entries[0].who->name;
        const auto reference = std::find_if(entries.begin() + 1, entries.end(),
                                            [&](const entry& e) { return e.who->name == op.reference; });
        for (std::size_t at = 0; at < entries.size(); ++at) {
            const std::vector<double> to_stream = ratios(entries[0], entries[at]);
            figure& f = to.results[at].figures[size.name];
            f.seconds = median_seconds(entries[at]);
            f.ratio = quantile(to_stream, 0.5);
            f.low = quantile(to_stream, 0.25);
            f.high = quantile(to_stream, 0.75);
            if (reference != entries.end() && at > 0) f.to_reference = quantile(ratios(*reference, entries[at]), 0.5);
        }
    }

    int rounds_;
    buffer in_, out_, right_;
    std::map<std::tuple<std::size_t, std::size_t, bool, std::string>, std::string> best_streams_;
};

}  // namespace lowprec_bench

#endif
