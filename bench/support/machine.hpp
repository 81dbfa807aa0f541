// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What a figure depends on and cannot say itself: processor, compiler, flags, date.
#ifndef LOWPREC_BENCH_SUPPORT_MACHINE_HPP
#define LOWPREC_BENCH_SUPPORT_MACHINE_HPP

#include <sched.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <string>

namespace lowprec_bench {

inline std::string processor() {
    std::ifstream file("/proc/cpuinfo");
    std::string family, name;
    for (std::string line; std::getline(file, line) && !line.empty();) {
        const auto value = [&] { return line.substr(std::min(line.find(':') + 2, line.size())); };
        if (line.starts_with("model name")) name = value();
        // virtual machines hide the name behind a generic one; family and model still tell
        if (line.starts_with("cpu family")) family = "family " + value();
        if (line.starts_with("model\t")) family += " model " + value();
    }
    return name.empty() ? "unknown" : name + " (" + family + ")";
}

inline std::string compiler() {
#if defined(__clang__)
    return "clang " __clang_version__;
#else
    return "gcc " __VERSION__;
#endif
}

inline std::string today() {
    const std::time_t now = std::time(nullptr);
    char text[16];
    std::strftime(text, sizeof text, "%Y-%m-%d", std::gmtime(&now));
    return text;
}

/// Keeps this process on one processor: the one of that number, or where it is now. The number, or -1 if that fails.
inline int pin(int number) {
    if (number < 0) number = sched_getcpu();
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(number), &set);
    return sched_setaffinity(0, sizeof set, &set) == 0 ? number : -1;
}

}  // namespace lowprec_bench

#endif
