// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What the programs of this folder have in common: options, the order of events, and the output.
#ifndef LOWPREC_BENCH_SUPPORT_PROGRAM_HPP
#define LOWPREC_BENCH_SUPPORT_PROGRAM_HPP

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <fstream>
#include <iostream>
#include <regex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "harness.hpp"
#include "machine.hpp"
#include "report.hpp"

namespace lowprec_bench {

struct arguments {
    std::string only = ".", contenders = ".", json, commit = "unknown", flags = LOWPREC_BENCH_FLAGS;
    std::vector<std::string> sizes;
    int rounds = 15;
    int processor = -1;
    bool quick = false, list = false;
};

/// The peers compete where they have the operation: from and to the same, and no detail.
inline void add_peers(std::vector<operation>& operations) {
    std::sort(peers().begin(), peers().end(), [](const peer& a, const peer& b) { return a.name < b.name; });
    for (operation& op : operations) {
        if (!op.detail.empty()) continue;
        for (const peer& other : peers())
            for (const peer::conversion& c : other.conversions)
                if (c.from == op.from && c.to == op.to) op.contenders.push_back({other.name, role::peer, c.run});
    }
}

inline setting settings(const arguments& args) {
    setting set;
    std::string versions;
    for (const peer& p : peers()) versions += (versions.empty() ? "" : ", ") + p.name + " " + p.version;
    set.facts = {{"processor", processor()}, {"compiler", compiler()}, {"flags", args.flags},
                 {"commit", args.commit},    {"date", today()},        {"rounds", std::to_string(args.rounds)},
                 {"peers", versions}};
    for (const size_class& size : size_classes())
        if (std::find(args.sizes.begin(), args.sizes.end(), size.name) != args.sizes.end()) set.sizes.push_back(size);
    return set;
}

inline int run(arguments args, std::vector<operation> operations) {
    if (args.sizes.empty())
        args.sizes = args.quick ? std::vector<std::string>{"L1", "L2"} : std::vector<std::string>{"L1", "L2", "memory"};
    if (args.quick) args.rounds = std::min(args.rounds, 5);
    const std::regex only(args.only), contenders(args.contenders);
    std::erase_if(operations, [&](const operation& op) { return !std::regex_search(op.name(), only); });
    std::size_t widest = 1;
    for (operation& op : operations) {
        std::erase_if(op.contenders, [&](const contender& c) { return !std::regex_search(c.name, contenders); });
        widest = std::max({widest, op.in_bits / 8, op.out_bits / 8});
    }
    if (args.list) {
        for (const operation& op : operations) {
            std::cout << op.name() << ":";
            for (const contender& c : op.contenders) std::cout << ' ' << c.name << ',';
            std::cout << " stream\n";
        }
        return 0;
    }
    if (operations.empty()) throw std::invalid_argument("no operation is called so; --list names them");
    const setting set = settings(args);
    const int pinned = pin(args.processor);
    if (pinned < 0) std::cerr << "the process could not be kept on one processor\n";

    std::vector<measured> all;
    bool right = true;
    harness bench(args.rounds, set.sizes.back().count, widest);
    for (const operation& op : operations) {
        if (isatty(STDERR_FILENO) != 0)
            std::cerr << '\r' << all.size() + 1 << " of " << operations.size() << ": " << op.name() << "\033[K"
                      << std::flush;
        all.push_back(bench.measure(op, set.sizes));
        for (const result& r : all.back().results)
            if (r.what == role::lowprec && r.found.wrong + r.found.other_nan > 0) {
                right = false;
                std::cerr << "\nwrong: lowprec's " << r.contender << ", " << r.found.wrong + r.found.other_nan << " of "
                          << r.checked << " elements\n";
            }
    }
    if (isatty(STDERR_FILENO) != 0) std::cerr << "\r\033[K";
    for (const auto& [name, value] : set.facts) std::cout << name << ": " << value << "\n";
    std::cout << "\n";
    write_markdown(std::cout, set, all);
    if (!args.json.empty()) {
        std::ofstream file(args.json);
        write_json(file, set, all);
        if (!file) throw std::runtime_error("cannot write " + args.json);
    }
    return right ? 0 : 1;
}

/// The program: its options, the measurement, the table. `about` is for --help, `name` for errors.
inline int run_program(int argc, char** argv, const std::string& name, const std::string& about,
                       std::vector<operation> operations) {
    arguments args;
    CLI::App app{about};
    app.add_option("--only", args.only, "only operations whose name contains a match of this expression");
    app.add_option("--contenders", args.contenders, "only contenders whose name contains a match of this expression");
    app.add_option("--sizes", args.sizes, "L1,L2,memory: 4 Ki, 128 Ki, 64 Mi elements")
        ->delimiter(',')
        ->check(CLI::IsMember({"L1", "L2", "memory"}));
    app.add_option("--rounds", args.rounds, "rounds in memory; in the caches three times as many")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--processor", args.processor, "the processor to stay on; the current one when absent");
    app.add_option("--json", args.json, "also write the figures to this file, for bench/plot.py");
    app.add_option("--commit", args.commit, "the commit to name in the output");
    app.add_flag("--quick", args.quick, "5 rounds in the caches only");
    app.add_flag("--list", args.list, "print the operations and their contenders");
    CLI11_PARSE(app, argc, argv);
    try {
        add_peers(operations);
        return run(args, std::move(operations));
    } catch (const std::exception& error) {
        std::cerr << name << ": " << error.what() << "\n";
        return 2;
    }
}

}  // namespace lowprec_bench

#endif
