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
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compare.hpp"
#include "picture.hpp"

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

/// Rows of text in columns, the first of them aligned at its left; a line after the rows that are headings.
inline void print_columns(std::ostream& out, const std::vector<std::vector<std::string>>& rows, std::size_t headings) {
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
        if (n + 1 == headings) out << std::string(line.size(), '-') << '\n';
    }
}

inline std::string decibels(double sqnr) { return std::isinf(sqnr) ? "exact" : formatted("%.1f", sqnr); }

/// In thousandths of a nat; "0" where the outputs are the same.
inline std::string thousandths(double divergence) {
    return divergence == 0 ? "0" : formatted(divergence < 1e-5 ? "%.1g" : "%.3g", 1000 * divergence);
}

inline std::string number_or_dash(std::optional<std::size_t> n) { return n ? std::to_string(*n) : "-"; }

inline void print_table(std::ostream& out, const std::vector<result>& results, std::size_t baseline,
                        std::size_t images) {
    std::vector<std::vector<std::string>> rows{
        {"", "", "", "", "weights", "accuracy", "accuracy", "unscaled", "change", "KL W+A,", "answers", "as"},
        {"format", "bits", "max", "smallest", "SQNR, dB", "W, %", "W+A, %", "W+A, %", "W+A, pp", "mnat", "changed",
         "fake"},
    };
    for (const auto& r : results) {
        const auto accuracy = [&](std::size_t right) { return formatted("%.2f", percent(right, images)); };
        rows.push_back({std::string(r.format.name), std::to_string(r.format.bits), formatted("%.6g", r.format.largest),
                        formatted("%.3g", r.format.smallest), decibels(r.sqnr_db), accuracy(r.weights.right),
                        accuracy(r.both.right), accuracy(r.unscaled.right), change(r.both.right, baseline, images),
                        thousandths(r.both.divergence), std::to_string(r.both.changed), number_or_dash(r.as_fake())});
    }
    print_columns(out, rows, 2);
}

inline void print_table(std::ostream& out, const std::vector<quantizer_result>& results, std::size_t images) {
    std::vector<std::vector<std::string>> rows{
        {"", "bits a", "weights", "W: accu-", "KL,", "answers", "W+A: accu-", "KL,", "answers", "as"},
        {"quantizer", "weight", "SQNR, dB", "racy, %", "mnat", "changed", "racy, %", "mnat", "changed", "fake"},
    };
    for (const auto& r : results) {
        std::vector<std::string> row{r.how.name, formatted("%.3f", r.bits), decibels(r.sqnr_db)};
        const auto add = [&](const outcome& o) {
            row.push_back(formatted("%.2f", percent(o.right, images)));
            row.push_back(thousandths(o.divergence));
            row.push_back(std::to_string(o.changed));
        };
        add(r.weights);
        if (r.how.inputs)
            add(r.both);
        else
            row.insert(row.end(), 3, "-");
        row.push_back(number_or_dash(r.as_fake()));
        rows.push_back(std::move(row));
    }
    print_columns(out, rows, 2);
}

/// What products of codes and fake quantization agree on.
struct agreement {
    std::size_t rows = 0;   ///< those of the tables that are products
    std::size_t least = 0;  ///< answers that are the same, where they are fewest

    template <class Results>
    void add(const Results& results) {
        for (const auto& r : results)
            if (const auto same = r.as_fake()) least = rows++ == 0 ? *same : std::min(least, *same);
    }
    [[nodiscard]] bool good(std::size_t images) const { return rows == 0 || 1000 * least >= 999 * images; }
};

inline nlohmann::json json_of(const outcome& o) {
    nlohmann::json j{{"correct", o.right}, {"answers_changed", o.changed}, {"kl_divergence_nats", o.divergence}};
    if (o.as_fake) j["answers_as_fake_quantization"] = *o.as_fake;
    return j;
}

inline void write_json(const std::string& path, const std::vector<result>& results,
                       const std::vector<quantizer_result>& quantized, const comparison& all) {
    using nlohmann::json;
    const auto sqnr = [](double db) { return std::isinf(db) ? json() : json(db); };
    json rows = json::array(), quantizers = json::array();
    for (const auto& r : results)
        rows.push_back({{"format", r.format.name},
                        {"bits", r.format.bits},
                        {"max", r.format.largest},
                        {"smallest", r.format.smallest},
                        {"scaled", r.format.is_scaled()},
                        {"weights_sqnr_db", sqnr(r.sqnr_db)},
                        {"weights", json_of(r.weights)},
                        {"weights_activations", json_of(r.both)},
                        {"correct_weights_activations_unscaled", r.unscaled.right}});
    for (const auto& r : quantized) {
        quantizers.push_back({{"quantizer", r.how.name},
                              {"family", r.how.family},
                              {"bits_per_weight", r.bits},
                              {"weights_sqnr_db", sqnr(r.sqnr_db)},
                              {"weights", json_of(r.weights)}});
        if (!r.how.inputs) continue;
        quantizers.back()["inputs"] = r.how.inputs_as;
        quantizers.back()["weights_activations"] = json_of(r.both);
    }
    std::ofstream file(path);
    file << json{{"images", all.images()},
                 {"correct_fp32", all.baseline()},
                 {"formats", rows},
                 {"quantizers", quantizers}}
                .dump(2)
         << '\n';
    file.close();
    if (!file) throw std::runtime_error(path + ": cannot be written");
}

/// What the picture shows: formats of 8 bits and fewer with one scale a tensor, and all quantizers of weights.
inline std::vector<point> points_of(const std::vector<result>& results,
                                    const std::vector<quantizer_result>& quantized) {
    std::vector<point> points;
    for (const auto& r : results)
        if (r.format.is_scaled())
            points.push_back({std::string(r.format.name), static_cast<double>(r.format.bits), r.sqnr_db, 0, ""});
    for (const auto& r : quantized) {
        if (r.how.name.rfind("w8a8", 0) == 0) continue;  // weights of int8_row
        const auto family = std::find(picture::families.begin(), picture::families.end(), r.how.family);
        const auto which = static_cast<std::size_t>(family - picture::families.begin());
        const bool has_zero_points = r.how.name.find("_asym") != std::string::npos;
        points.push_back(
            {r.how.name, r.bits, r.sqnr_db, which, which < 2 ? "" : r.how.family + (has_zero_points ? "a" : "")});
    }
    return points;
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
