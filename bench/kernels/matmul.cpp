// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: benchmark
// needs: cli11
// needs: simd
// needs: io
//
// The speed of matrix products on quantized weights, as shares of what one core of this machine can do: at one row of
// activations of the speed of reading memory, at many of the peak of the instruction that multiplies. See docs/speed.md.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>

#include "../support/data.hpp"
#include "../support/machine.hpp"
#include "matmul/measure.hpp"
#include "matmul/products.hpp"
#include "matmul/threads.hpp"

namespace {

using namespace lowprec_bench;
using json = nlohmann::ordered_json;

struct arguments {
    std::string only = ".", contenders = ".", json, commit = "unknown", flags = LOWPREC_BENCH_FLAGS;
    std::string targets = LOWPREC_BENCH_FOLDER "/targets.json";
    std::vector<std::size_t> rows = {1, 32};
    std::size_t size = 4096;
    int count = 15, processor = -1;
    double sample = 0.02;
    bool quick = false, list = false, no_threads = false;
};

std::vector<product_row> all_rows() {
    std::vector<product_row> all = rows_of_integers();
    for (auto more : {rows_of_groups(), rows_of_floats()}) std::move(more.begin(), more.end(), std::back_inserter(all));
    std::sort(product_peers().begin(), product_peers().end(),
              [](const product_peer& a, const product_peer& b) { return a.name < b.name; });
    for (product_row& row : all)
        for (const product_peer& peer : product_peers())
            for (const product_peer::entry& e : peer.entries)
                if (e.weights == row.weights && e.activations == row.activations)
                    row.contenders.push_back({peer.name, role::peer, e.note, e.make});
    return all;
}

/// The largest cache that the system tells of. That of a virtual machine is shared with others.
std::size_t last_level_cache() {
    long largest = 0;
    for (const int level : {_SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE, _SC_LEVEL4_CACHE_SIZE})
        largest = std::max(largest, sysconf(level));
    return largest > 0 ? static_cast<std::size_t>(largest) : std::size_t{32} << 20;
}

/// Like weights: normally distributed, with a width that differs from row to row.
std::vector<float> numbers(random_numbers& random, std::size_t rows, std::size_t columns) {
    std::vector<float> x(rows * columns);
    double width = 1;
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (i % columns == 0) width = random.between(0.01, 0.1);
        x[i] = static_cast<float>((random.between(-1, 1) + random.between(-1, 1) + random.between(-1, 1)) * width);
    }
    return x;
}

/// The root mean square of the error, as a share of that of the result, at every 61st output channel.
double error_of(const problem& p, const std::vector<float>& y) {
    double errors = 0, results = 0;
    for (std::size_t m = 0; m < p.m; ++m)
        for (std::size_t n = 0; n < p.n; n += 61) {
            double sum = 0;
            for (std::size_t k = 0; k < p.k; ++k) sum += double{p.x[m * p.k + k]} * double{p.w[n * p.k + k]};
            const double off = static_cast<double>(y[m * p.n + n]) - sum;
            errors += off * off;
            results += sum * sum;
        }
    return std::sqrt(errors / results);
}

/// What one contender reached in one row.
struct reached {
    std::string name, note;
    role what = role::peer;
    double seconds = 0, share = 0, low = 0, high = 0, error = 0;
    std::size_t weight_bytes = 0, copies = 0;
};

struct measured_row {
    std::string name;
    std::size_t m = 1;
    ceiling held_against = ceiling::memory;
    double ceiling_rate = 0, work = 0, operations = 0, weight_bytes = 0;
    std::optional<double> target;
    std::vector<reached> all;
};

class program {
public:
    explicit program(arguments args)
        : args_{std::move(args)},
          cycled_{std::min(4 * last_level_cache() + (std::size_t{64} << 20), std::size_t{8} << 30)},
          pinned_{pin(args_.processor)},
          w_{numbers(random_, args_.size, args_.size)},
          x_{numbers(random_, *std::max_element(args_.rows.begin(), args_.rows.end()), args_.size)} {
        if (pinned_ < 0) std::cerr << "the process could not be kept on one processor\n";
        if (args_.quick) args_.count = std::min(args_.count, 5);
    }

    int run() {
        std::vector<product_row> rows = all_rows();
        const std::regex only(args_.only), contenders(args_.contenders);
        for (product_row& row : rows)
            std::erase_if(row.contenders,
                          [&](const product_contender& c) { return !std::regex_search(c.name, contenders); });
        if (args_.list) return list(rows, only);
        const auto wanted = [&](const product_row& row, std::size_t m) {
            return !row.contenders.empty() && std::regex_search(row.name(m), only);
        };
        peaks_ = peaks();
        json_["ceilings"] = json::object();
        print_facts();
        for (const std::size_t m : args_.rows) {
            bool head = false;
            for (const product_row& row : rows) {
                if (!wanted(row, m)) continue;
                if (!head) print_head(m);
                head = true;
                print(measure(row, m));
            }
        }
        if (!args_.no_threads && args_.processor < 0) {
            bool head = false;
            for (const product_row& row : rows)
                for (const std::size_t m : args_.rows)
                    if (m > few && wanted(row, m)) {
                        if (!head)
                            std::cout << "\nSpeed of two threads to that of one, by the fastest of many runs:\n\n"
                                         "| product | FMA | product | share | target |\n|---|---|---|---|---|\n";
                        head = true;
                        measure_threads(row, m);
                    }
        }
        if (!args_.json.empty()) {
            std::ofstream file(args_.json);
            file << json_.dump(2) << "\n";
            if (!file) throw std::runtime_error("cannot write " + args_.json);
        }
        return right_ ? 0 : 1;
    }

private:
    static constexpr std::size_t few = 8;  ///< up to so many rows, weights come from memory

    int list(const std::vector<product_row>& rows, const std::regex& only) const {
        for (const std::size_t m : args_.rows)
            for (const product_row& row : rows) {
                if (!std::regex_search(row.name(m), only)) continue;
                std::cout << row.name(m) << ":";
                for (const product_contender& c : row.contenders)
                    std::cout << ' ' << c.name << (c.note.empty() ? "" : " (" + c.note + ")") << ',';
                std::cout << '\n';
            }
        return 0;
    }

    problem problem_of(std::size_t m, bool cycle) const {
        return {m, args_.size, args_.size, std::span(x_).first(m * args_.size), w_, cycle ? cycled_ : 0};
    }

    /// The ceiling of that kind, or FMA's where this machine has no such instruction.
    const peak& peak_of(ceiling what) const {
        for (const peak& p : peaks_)
            if (p.what == what) return p;
        return peaks_.front();
    }

    participant ceiling_of(ceiling what) {
        if (what == ceiling::memory) {
            if (!memory_) memory_.emplace(cycled_);
            json_["ceilings"]["memory"]["how"] = memory_->how();
            return memory_->take_part();
        }
        const peak& own = peak_of(what);
        json_["ceilings"][ceiling_names[static_cast<int>(own.what)]]["how"] = own.how;
        participant p;
        constexpr std::size_t loops = 40000;
        p.work = own.run(1) * static_cast<double>(loops);
        p.pass = [run = own.run] { run(loops); };
        return p;
    }

    std::optional<double> target_of(const std::string& name, const char* key) {
        if (targets_.is_null()) {
            std::ifstream file(args_.targets);
            targets_ = file ? json::parse(file).value("matmul", json::array()) : json::array();
        }
        for (const json& target : targets_)
            if (target.contains(key) && std::regex_search(name, std::regex(target["name"].get<std::string>())))
                return target[key].get<double>();
        return {};
    }

    measured_row measure(const product_row& row, std::size_t m) {
        const bool memory = m <= few;
        measured_row found;
        found.name = row.name(m);
        found.m = m;
        found.held_against = memory ? ceiling::memory : peak_of(row.peak).what;
        if (args_.size == 4096) found.target = target_of(found.name, "lowprec");
        const problem p = problem_of(m, memory);
        found.operations = 2.0 * static_cast<double>(p.m * p.n * p.k);
        participant limit = ceiling_of(found.held_against);
        std::vector<participant> parts;
        for (const product_contender& c : row.contenders) {
            const auto made = std::make_shared<product>(c.make(p));
            if (!made->run) continue;  // not on this processor
            made->run(0);
            reached r;
            r.name = c.name;
            r.note = c.note;
            r.what = c.what;
            r.error = error_of(p, made->outputs());
            r.weight_bytes = made->weight_bytes;
            r.copies = made->copies;
            if (r.what == role::lowprec && !(r.error < 0.25)) {
                right_ = false;
                std::cerr << "wrong: lowprec, " << found.name << ": an error of " << r.error << "\n";
            }
            found.all.push_back(r);
            participant part;
            part.cycle = made->copies;
            part.pass = [made, copy = std::size_t{0}]() mutable {
                made->run(copy);
                copy = copy + 1 < made->copies ? copy + 1 : 0;
            };
            parts.push_back(part);
        }
        // Everyone is held against reading what lowprec reads, or else the first: who reads more for the same product is slower.
        found.weight_bytes = found.all.empty() ? 1 : static_cast<double>(found.all.front().weight_bytes);
        found.work = memory ? found.weight_bytes : found.operations;
        std::vector<participant*> all{&limit};
        for (participant& part : parts) {
            part.work = found.work;
            all.push_back(&part);
        }
        rounds(args_.count, args_.sample).run(all);
        if (const double running = rounds::running(all); running < 0.97)
            std::cerr << "others use this processor: the next row ran for " << number(running) << " of the time\n";
        found.ceiling_rate = limit.median_rate();
        for (std::size_t i = 0; i < parts.size(); ++i) {
            std::vector<double> shares;
            for (std::size_t r = 0; r < limit.seconds.size(); ++r) shares.push_back(parts[i].rate(r) / limit.rate(r));
            found.all[i].seconds = quantile(parts[i].seconds, 0.5);
            found.all[i].share = quantile(shares, 0.5);
            found.all[i].low = quantile(shares, 0.25);
            found.all[i].high = quantile(shares, 0.75);
        }
        return found;
    }

    void measure_threads(const product_row& row, std::size_t m) {
        const product_contender* own = nullptr;
        for (const product_contender& c : row.contenders)
            if (c.what == role::lowprec) own = &c;
        const int other = two_threads::another(pinned_);
        if (own == nullptr || other < 0) return;
        two_threads pool(other);
        const problem p = problem_of(m, false);
        const auto made = std::make_shared<product>(own->make(p));
        participant one, two, one_peak, two_peak;  // of which only the times are used
        const peak& fma = peak_of(ceiling::fma);
        constexpr std::size_t loops = 4000, tasks = 20;
        one.pass = [&] { made->run(0); };
        two.pass = [&] { made->run_in_tasks(0, std::ref(pool)); };
        const std::function<void(std::size_t)> task = [&](std::size_t) { fma.run(loops); };
        one_peak.pass = [&] {
            for (std::size_t i = 0; i < tasks; ++i) task(i);
        };
        two_peak.pass = [&] { pool(tasks, task); };
        // Both processors must be free at once, which on a machine in use only some rounds find: the fastest of many short ones.
        rounds(20 * args_.count, 0.001, 2).run({&one, &two, &one_peak, &two_peak});
        const auto fastest = [](const participant& who) { return quantile(who.seconds, 0); };
        const double at_most = fastest(one_peak) / fastest(two_peak), reached = fastest(one) / fastest(two);
        const std::string name = row.name(m);
        const std::optional<double> target = target_of(name, "two_threads");
        std::printf("| %s | %.2f | %.2f | %.2f | %s |\n", name.c_str(), at_most, reached, reached / at_most,
                    target ? number(*target).c_str() : "");
        std::fflush(stdout);
        json_["threads"].push_back({{"name", name},
                                    {"peak", at_most},
                                    {"product", reached},
                                    {"share", reached / at_most},
                                    {"target", target ? json(*target) : json()}});
    }

    static std::string number(double x) {
        char text[32];
        std::snprintf(text, sizeof text, x < 0.095 ? "%.3f" : "%.2f", x);
        return text;
    }

    void print_facts() {
        std::string versions;
        for (const product_peer& p : product_peers())
            versions += (versions.empty() ? "" : ", ") + p.name + " " + p.version;
        const char* tunables = std::getenv("GLIBC_TUNABLES");
        const std::pair<const char*, std::string> facts[] = {
            {"processor", processor()},
            {"compiler", compiler()},
            {"flags", args_.flags},
            {"commit", args_.commit},
            {"date", today()},
            {"rounds", std::to_string(args_.count)},
            {"weights", std::to_string(args_.size) + " x " + std::to_string(args_.size)},
            {"weights from memory", "copies of " + std::to_string(cycled_ >> 20) +
                                        " MiB in turn; the last-level cache has " +
                                        std::to_string(last_level_cache() >> 20) + " MiB"},
            {"pages", tunables != nullptr ? tunables : "as malloc chooses"},
            {"peers", versions}};
        for (const auto& [name, value] : facts) {
            std::cout << name << ": " << value << "\n";
            json_[name] = value;
        }
        json_["rows"] = json::array();
        json_["threads"] = json::array();
    }

    static void print_head(std::size_t m) {
        std::cout << "\n| product | ceiling | lowprec | target | " << (m <= few ? "GB/s of weights" : "Gop/s")
                  << " | error | peers: share, " << (m <= few ? "error" : "error")
                  << " |\n|---|---|---|---|---|---|---|\n";
    }

    void print(const measured_row& row) {
        const bool memory = row.held_against == ceiling::memory;
        std::string own, rate, error, peers;
        json contenders = json::array();
        for (const reached& r : row.all) {
            const auto percent = [&] {
                char text[32];
                std::snprintf(text, sizeof text, "%.2g %%", 100 * r.error);
                return std::string(text);
            };
            const std::string share = number(r.share);
            if (r.what == role::lowprec) {
                own = row.target && r.share < *row.target ? "**" + share + "**" : share;
                own += " (" + number(r.low) + " to " + number(r.high) + ")";
                char text[32];
                std::snprintf(text, sizeof text, memory ? "%.1f" : "%.0f", 1e-9 * row.work / r.seconds);
                rate = text;
                error = percent();
            } else {
                peers += (peers.empty() ? "" : ", ") + r.name + (r.note.empty() ? "" : ", " + r.note) + ": " + share +
                         ", " + percent();
            }
            contenders.push_back({{"name", r.name},
                                  {"role", r.what == role::lowprec ? "lowprec" : "peer"},
                                  {"note", r.note},
                                  {"seconds", r.seconds},
                                  {"share", r.share},
                                  {"quartiles", {r.low, r.high}},
                                  {"error", r.error},
                                  {"weight_bytes", r.weight_bytes},
                                  {"copies", r.copies}});
        }
        const char* const limit = ceiling_names[static_cast<int>(row.held_against)];
        std::printf("| %s | %s %.*f | %s | %s | %s | %s | %s |\n", row.name.c_str(), limit, memory ? 1 : 0,
                    1e-9 * row.ceiling_rate, own.c_str(), row.target ? number(*row.target).c_str() : "", rate.c_str(),
                    error.c_str(), peers.empty() ? "n/a" : peers.c_str());
        std::fflush(stdout);
        json& rates = json_["ceilings"][limit]["rates"];
        rates.push_back(row.ceiling_rate);
        json_["rows"].push_back({{"name", row.name},
                                 {"m", row.m},
                                 {"ceiling", limit},
                                 {"ceiling_rate", row.ceiling_rate},
                                 {"operations", row.operations},
                                 {"weight_bytes", row.weight_bytes},
                                 {"target", row.target ? json(*row.target) : json()},
                                 {"contenders", contenders}});
    }

    arguments args_;
    std::size_t cycled_;
    int pinned_;
    random_numbers random_;
    std::vector<float> w_, x_;
    std::vector<peak> peaks_;
    std::optional<memory_ceiling> memory_;
    json json_ = json::object(), targets_;
    bool right_ = true;
};

/// Large pages for everyone, lowprec, peers and ceilings: glibc's malloc asks for them if it is told so before it begins.
void ask_for_large_pages(char** argv) {
    if (std::getenv("GLIBC_TUNABLES") != nullptr) return;
    setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1", 1);
    execv("/proc/self/exe", argv);
}

}  // namespace

int main(int argc, char** argv) {
    ask_for_large_pages(argv);
    arguments args;
    CLI::App app{"The speed of lowprec's matrix products and of their peers, as shares of this machine's ceilings."};
    app.add_option("--only", args.only, "only rows whose name contains a match of this expression");
    app.add_option("--contenders", args.contenders, "only contenders whose name contains a match of this expression");
    app.add_option("--rows", args.rows, "rows of activations: 1,32")->delimiter(',')->check(CLI::Range(1, 4096));
    app.add_option("--size", args.size, "rows and columns of the weights")
        ->check(CLI::Range(256, 16384))
        ->capture_default_str();
    app.add_option("--rounds", args.count, "rounds")->check(CLI::Range(1, 1000))->capture_default_str();
    app.add_option("--sample", args.sample, "seconds that everyone takes in a round")->capture_default_str();
    app.add_option("--processor", args.processor, "the processor to stay on; the current one when absent");
    app.add_option("--json", args.json, "also write the figures to this file, for bench/plot.py");
    app.add_option("--targets", args.targets, "the file of targets")->capture_default_str();
    app.add_option("--commit", args.commit, "the commit to name in the output");
    app.add_flag("--no-threads", args.no_threads, "leave two threads out");
    app.add_flag("--quick", args.quick, "5 rounds");
    app.add_flag("--list", args.list, "print the rows and their contenders");
    CLI11_PARSE(app, argc, argv);
    try {
        return program(args).run();
    } catch (const std::exception& error) {
        std::cerr << "bench.kernels.matmul: " << error.what() << "\n";
        return 2;
    }
}
