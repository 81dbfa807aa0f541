// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The tables as text.
#ifndef LOWPREC_EXAMPLES_PTQ_TABLE_HPP
#define LOWPREC_EXAMPLES_PTQ_TABLE_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <ostream>
#include <string>
#include <vector>

#include "paired.hpp"
#include "results.hpp"

namespace ptq {

inline std::string formatted(const char* how, double value) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), how, value);
    return text.data();
}

/// A difference with its standard error, or that there is none.
inline std::string shown(difference d, double unit = 1) {
    if (!d.is_seen()) return "no difference";
    return formatted("%+.2f", unit * d.mean) + formatted(" (%.2f)", unit * d.error);
}

/// Rows of text in columns, the first two of them aligned at their left; a line after the rows that are headings, and an empty one
/// where the first column changes.
inline void print_columns(std::ostream& out, const std::vector<std::vector<std::string>>& rows, std::size_t headings) {
    std::vector<std::size_t> widths(rows[0].size());
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    for (std::size_t n = 0; n < rows.size(); ++n) {
        std::string line;
        for (std::size_t i = 0; i < widths.size(); ++i) {
            const std::string padding(widths[i] - rows[n][i].size(), ' '), gap(i == 0 ? 0 : 2, ' ');
            line += gap + (i < 2 ? rows[n][i] + padding : padding + rows[n][i]);
        }
        if (n > headings && rows[n][0] != rows[n - 1][0]) out << '\n';
        out << line << '\n';
        if (n + 1 == headings) out << std::string(line.size(), '-') << '\n';
    }
}

/// `seeds`: whether the networks are several, which differ.
inline void print_table(std::ostream& out, const std::vector<text_result>& results, bool seeds) {
    std::vector<std::vector<std::string>> rows{
        {"", "", "bits a", "weights", "output", "KL,", "answers", "per-", "change", "against", "quantized"},
        {"weights", "method", "weight", "SQNR, dB", "error, %", "mnat", "changed, %", "plexity", "%", "to nearest, %",
         "in, s"}};
    if (seeds) {
        rows[0].insert(rows[0].end() - 2, "");
        rows[1].insert(rows[1].end() - 2, "by seed, %");
    }
    for (const auto& r : results) {
        rows.push_back({r.weights, r.how, formatted("%.3f", r.bits), formatted("%.1f", r.sqnr_db),
                        formatted("%.2f", 100 * r.output_error), formatted("%.3g", 1000 * r.divergence),
                        formatted("%.2f", 100 * r.changed), formatted("%.4f", r.perplexity), shown(r.change),
                        r.how == "to nearest" ? "-" : shown(r.from_rounding), formatted("%.2f", r.seconds)});
        if (seeds)
            rows.back().insert(rows.back().end() - 2,
                               formatted("%.2f", r.least_change) + " to " + formatted("%.2f", r.most_change));
    }
    print_columns(out, rows, 2);
}

inline void print_table(std::ostream& out, const std::vector<image_result>& results) {
    std::vector<std::vector<std::string>> rows{{"", "", "bits a", "weights", "all: accu-", "change,", "woken: ac-",
                                                "change,", "output", "answers", "KL,", "against to", "quantized"},
                                               {"weights", "method", "weight", "SQNR, dB", "racy, %", "pp", "curacy, %",
                                                "pp", "error, %", "changed, %", "mnat", "nearest, mnat", "in, s"}};
    for (const auto& r : results)
        rows.push_back({r.weights, r.how, formatted("%.3f", r.bits), formatted("%.1f", r.sqnr_db),
                        formatted("%.2f", 100 * r.accuracy), shown(r.change), formatted("%.2f", 100 * r.woken_accuracy),
                        shown(r.woken_change), formatted("%.2f", 100 * r.output_error),
                        formatted("%.2f", 100 * r.changed), formatted("%.3g", 1000 * r.divergence),
                        r.how == "to nearest" ? "-" : shown(r.from_rounding, 1000), formatted("%.2f", r.seconds)});
    print_columns(out, rows, 2);
}

}  // namespace ptq

#endif
