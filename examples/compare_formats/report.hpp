// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The results as a table for people and as JSON for programs, and a progress bar for those who wait.
#ifndef LOWPREC_EXAMPLES_COMPARE_FORMATS_REPORT_HPP
#define LOWPREC_EXAMPLES_COMPARE_FORMATS_REPORT_HPP

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compare.hpp"

namespace compare_formats {

inline std::string formatted(const char* how, double value) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), how, value);
    return text.data();
}

inline double percent(std::size_t part, std::size_t whole) {
    return 100 * static_cast<double>(part) / static_cast<double>(whole);
}

/// Percentage points against FP32; exactly "0.00" only where as many answers are right.
inline std::string change(std::size_t correct, std::size_t baseline, std::size_t images) {
    if (correct == baseline) return "0.00";
    return formatted("%+.2f", percent(correct, images) - percent(baseline, images));
}

inline void print_table(std::ostream& out, const std::vector<result>& results, std::size_t baseline,
                        std::size_t images) {
    std::vector<std::vector<std::string>> rows{
        {"", "", "", "", "weights", "accuracy", "accuracy", "unscaled", "change", "answers"},
        {"format", "bits", "max", "smallest", "SQNR, dB", "W, %", "W+A, %", "W+A, %", "W+A, pp", "changed"},
    };
    for (const auto& r : results) {
        const auto accuracy = [&](std::size_t correct) { return formatted("%.2f", percent(correct, images)); };
        rows.push_back({std::string(r.format.name), std::to_string(r.format.bits), formatted("%.6g", r.format.largest),
                        formatted("%.3g", r.format.smallest),
                        std::isinf(r.sqnr_db) ? "exact" : formatted("%.1f", r.sqnr_db), accuracy(r.weights),
                        accuracy(r.weights_activations), accuracy(r.weights_activations_unscaled),
                        change(r.weights_activations, baseline, images), std::to_string(r.changed)});
    }
    std::vector<std::size_t> widths(rows[0].size());
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    for (std::size_t n = 0; n < rows.size(); ++n) {
        std::string line;
        for (std::size_t i = 0; i < widths.size(); ++i) {
            const std::string padding(widths[i] - rows[n][i].size(), ' ');
            line += i == 0 ? rows[n][i] + padding : "  " + padding + rows[n][i];
        }
        out << line << '\n';
        if (n == 1) out << std::string(line.size(), '-') << '\n';
    }
}

inline void write_json(const std::string& path, const std::vector<result>& results, const comparison& all) {
    using nlohmann::json;
    json rows = json::array();
    for (const auto& r : results)
        rows.push_back({{"format", r.format.name},
                        {"bits", r.format.bits},
                        {"max", r.format.largest},
                        {"smallest", r.format.smallest},
                        {"scaled", r.format.is_scaled()},
                        {"weights_sqnr_db", std::isinf(r.sqnr_db) ? json() : json(r.sqnr_db)},
                        {"correct_weights", r.weights},
                        {"correct_weights_activations", r.weights_activations},
                        {"correct_weights_activations_unscaled", r.weights_activations_unscaled},
                        {"answers_changed", r.changed}});
    std::ofstream file(path);
    file << json{{"images", all.images()}, {"correct_fp32", all.baseline()}, {"formats", rows}}.dump(2) << '\n';
    file.close();
    if (!file) throw std::runtime_error(path + ": cannot be written");
}

/// One line on stderr that is drawn over and over and disappears in the end; silent where stderr is no terminal.
class progress_bar {
public:
    explicit progress_bar(std::size_t steps) : steps_{steps}, visible_{isatty(STDERR_FILENO) != 0} {}
    progress_bar(const progress_bar&) = delete;
    progress_bar& operator=(const progress_bar&) = delete;
    ~progress_bar() { hide(); }

    void hide() {
        if (std::exchange(visible_, false)) std::fputs("\r\033[K", stderr);
    }

    /// Draws `step` of all as done, and what is being worked on.
    void show(std::size_t step, std::string_view what) const {
        if (!visible_) return;
        constexpr std::size_t width = 40;
        const std::size_t filled = steps_ == 0 ? width : width * step / steps_;
        std::string line = "\r[" + std::string(filled, '#') + std::string(width - filled, '.') + "] " +
                           std::to_string(step) + "/" + std::to_string(steps_) + " ";
        line += what;
        std::fputs((line + "\033[K").c_str(), stderr);
    }

private:
    std::size_t steps_;
    bool visible_;
};

}  // namespace compare_formats

#endif
