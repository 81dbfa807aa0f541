// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What an experiment of this kind has shown before, with another network of the same size, and whether these tables show it too.
#ifndef LOWPREC_EXAMPLES_PTQ_EXPECTATIONS_HPP
#define LOWPREC_EXAMPLES_PTQ_EXPECTATIONS_HPP

#include <algorithm>
#include <cstddef>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "paired.hpp"
#include "results.hpp"
#include "table.hpp"

namespace ptq {

/// Differences that must be below `most` or above `least`, for one statement.
class expectations {
public:
    /// `value` is at most, or at least, `bound`.
    void at_most(const std::string& what, difference value, double bound) {
        add(what, "at most", value, bound, value.mean - bound);
    }
    void at_least(const std::string& what, difference value, double bound) {
        add(what, "at least", value, bound, bound - value.mean);
    }

    void print(std::ostream& out) const {
        if (rows_.empty()) return;
        std::vector<std::vector<std::string>> rows{{"expected", "", "here", ""}};
        rows.insert(rows.end(), rows_.begin(), rows_.end());
        std::vector<std::size_t> widths(4);
        for (const auto& row : rows)
            for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
        for (const auto& row : rows) {
            std::string line;
            for (std::size_t i = 0; i < row.size(); ++i) {
                line += (i == 0 ? "" : "  ") + row[i];
                line.append(widths[i] - row[i].size(), ' ');
            }
            line.erase(line.find_last_not_of(' ') + 1);
            out << line << '\n';
            if (&row == &rows.front()) out << std::string(widths[0] + widths[1] + widths[2] + 24, '-') << '\n';
        }
    }

private:
    void add(const std::string& what, const char* relation, difference value, double bound, double beyond) {
        rows_.push_back({what, relation + formatted(" %.4g", bound),
                         formatted("%.2f", value.mean) + formatted(" (%.2f)", value.error),
                         beyond <= 0                 ? "as expected"
                         : beyond <= 2 * value.error ? "within two standard errors"
                                                     : "differs"});
    }

    std::vector<std::vector<std::string>> rows_;
};

/// A change over another one, both of the same network; their own errors as if they were independent, which is too much.
inline difference ratio(difference a, difference b) {
    const double r = a.mean / b.mean;
    return {r, std::fabs(r) * std::hypot(a.error / a.mean, b.error / b.mean)};
}

/// Of two rows, in points of percent.
inline difference against(const text_result& other, const text_result& one) {
    return in_percent_of_perplexity(paired_difference(other.windows, one.windows));
}

/// Statements about the text network with outliers.
inline void expect_with_outliers(expectations& all, const std::vector<text_result>& injected) {
    const auto row = [&](std::string_view weights, std::string_view how) {
        return find_result(injected, weights, how);
    };
    const auto *rounded = row("int4 g64", "to nearest"), *gptq = row("int4 g64", "GPTQ"), *awq = row("int4 g64", "AWQ");
    all.at_least("outliers, int4 g64: to nearest loses, %", rounded->change, 4);
    all.at_most("outliers, int4 g64: GPTQ's loss over that", ratio(gptq->change, rounded->change), 0.5);
    all.at_most("outliers, int4 g64: AWQ loses, %", awq->change, 1.5);
    if (const auto* three = row("int3 g64", "to nearest")) {
        all.at_least("outliers, int3 g64: to nearest loses, %", three->change, 7);
        for (const auto* how : {"AWQ", "GPTQ"})
            all.at_most(std::string("outliers, int3 g64: ") + how + "'s loss over that",
                        ratio(row("int3 g64", how)->change, three->change), 0.6);
    }
    for (const auto* weights : {"int4 g128", "int3 g128"})
        if (const auto* both = row(weights, "AWQ, then GPTQ"))
            for (const auto* how : {"AWQ", "GPTQ"})
                all.at_most(std::string("outliers, ") + weights + ": AWQ, then GPTQ against " + how + ", %",
                            against(*row(weights, how), *both), 0);
    all.at_least("outliers, W8A8 static: to nearest loses, %", row("w8a8 static tensor", "to nearest")->change, 20);
    all.at_most("outliers, W8A8 static: with SmoothQuant, %", row("w8a8 static tensor", "SmoothQuant")->change, 1);
    if (const auto* nvfp4 = row("nvfp4 g16", "to nearest")) {
        all.at_most("outliers: NVFP4 against MXFP4, %", against(*row("mxfp4 g32", "to nearest"), *nvfp4), 0);
        all.at_least("outliers: NVFP4 against AWQ's int4 g64, %", against(*awq, *nvfp4), 0);
    }
}

/// Statements about the plain text network.
inline void expect_plain(expectations& all, const std::vector<text_result>& plain) {
    const auto worst = [&](std::string_view begin) {
        const text_result* found = nullptr;
        for (const auto& r : plain)
            if (r.weights.starts_with(begin) && (found == nullptr || r.change.mean > found->change.mean)) found = &r;
        return found;
    };
    all.at_most("plain, W8A8: the worst loses, %", worst("w8a8")->change, 0.5);
    for (const auto* weights : {"int4 g32", "int4 g64", "int4 g128"})
        if (const auto* r = worst(weights))
            all.at_most(std::string("plain, ") + weights + ": the worst method loses, %", r->change, 1.5);
    const auto row = [&](std::string_view weights, std::string_view how) { return find_result(plain, weights, how); };
    if (const auto* three = row("int3 g64", "to nearest")) {
        all.at_most("plain, int3 g64: GPTQ's loss over rounding's",
                    ratio(row("int3 g64", "GPTQ")->change, three->change), 0.5);
        const auto scales = ratio(row("int3 g64", "AWQ, no clipping")->change, three->change);
        all.at_least("plain, int3 g64: that of AWQ's scales over rounding's", scales, 0.9);
        all.at_most("plain, int3 g64: the same", scales, 1.1);
    }
}

/// Columns that calibration never saw are better rounded than zeroed.
inline void expect_of_images(expectations& all, const std::vector<image_result>& images) {
    for (const auto& zeroed : images) {
        if (zeroed.how != "GPTQ, dead zeroed") continue;
        const auto d = paired_difference(find_result(images, zeroed.weights, "GPTQ")->divergences, zeroed.divergences);
        all.at_least("woken images, " + zeroed.weights + ": zeroing dead columns adds to KL, mnat",
                     {1000 * d.mean, 1000 * d.error}, 0);
    }
}

}  // namespace ptq

#endif
