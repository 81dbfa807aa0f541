// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A picture (SVG) of what the text network loses against bits for each weight, plain and with outliers, for a light and for a dark
// page.
#ifndef LOWPREC_EXAMPLES_PTQ_PICTURE_HPP
#define LOWPREC_EXAMPLES_PTQ_PICTURE_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "results.hpp"
#include "table.hpp"

namespace ptq {

class picture {
public:
    picture(const std::vector<text_result>& plain, const std::vector<text_result>& injected)
        : panels_{{{"plain", &plain}, {"with injected outliers", &injected}}} {}

    /// Writes PREFIX-light.svg and PREFIX-dark.svg.
    void write(const std::string& prefix) const {
        write(prefix + "-light.svg",
              {"#ffffff", "#1f2328", "#59636e", "#d8dee4", {"#59636e", "#2f6fb3", "#c4541f", "#2a8a68"}});
        write(prefix + "-dark.svg",
              {"#0d1117", "#e6edf3", "#9198a1", "#30363d", {"#9198a1", "#6aa9ec", "#ff9562", "#4cc79b"}});
    }

private:
    static constexpr std::array<std::string_view, 4> methods = {"to nearest", "GPTQ", "AWQ", "AWQ, then GPTQ"};
    static constexpr double width = 900, height = 520, top = 78, bottom = 440;
    static constexpr double least_bits = 3, most_bits = 4.9, least_change = 0.1, most_change = 30;

    struct theme {
        std::string_view page, text, faint, grid;
        std::array<std::string_view, methods.size()> colours;
    };
    struct panel {
        std::string_view name;
        const std::vector<text_result>* results;
    };

    static double x_of(std::size_t panel, double bits) {
        const double left = panel == 0 ? 60 : 490;
        return left + 380 * (bits - least_bits) / (most_bits - least_bits);
    }
    /// Logarithmic.
    static double y_of(double change) {
        const double part = std::log(std::clamp(change, least_change, most_change) / least_change) /
                            std::log(most_change / least_change);
        return bottom - (bottom - top) * part;
    }
    static std::string line(double x1, double y1, double x2, double y2, std::string_view colour,
                            std::string_view more = "") {
        return "<line x1=\"" + formatted("%.1f", x1) + "\" y1=\"" + formatted("%.1f", y1) + "\" x2=\"" +
               formatted("%.1f", x2) + "\" y2=\"" + formatted("%.1f", y2) + "\" stroke=\"" + std::string(colour) +
               "\" " + std::string(more) + "/>\n";
    }
    static std::string text(double x, double y, std::string_view what, std::string_view colour,
                            std::string_view more = "") {
        return "<text x=\"" + formatted("%.1f", x) + "\" y=\"" + formatted("%.1f", y) + "\" fill=\"" +
               std::string(colour) + "\" " + std::string(more) + ">" + std::string(what) + "</text>\n";
    }
    static std::string dot(double x, double y, std::string_view colour, std::string_view page) {
        return "<circle cx=\"" + formatted("%.1f", x) + "\" cy=\"" + formatted("%.1f", y) + "\" r=\"4\" fill=\"" +
               std::string(colour) + "\" stroke=\"" + std::string(page) + "\"/>\n";
    }

    /// Two standard errors up and down, and the mark.
    static std::string mark(std::size_t panel, const text_result& r, std::string_view colour, std::string_view page) {
        const double x = x_of(panel, r.bits), y = y_of(r.change.mean);
        return line(x, y_of(r.change.mean - 2 * r.change.error), x, y_of(r.change.mean + 2 * r.change.error), colour,
                    "stroke-width=\"1.2\"") +
               dot(x, y, colour, page);
    }

    static std::string grid(std::size_t panel, std::string_view name, const theme& t) {
        std::string svg;
        for (const double change : {0.1, 0.3, 1.0, 3.0, 10.0, 30.0}) {
            svg += line(x_of(panel, least_bits), y_of(change), x_of(panel, most_bits), y_of(change), t.grid);
            svg += text(x_of(panel, least_bits) - 6, y_of(change) + 4, formatted("%g", change), t.faint,
                        "text-anchor=\"end\"");
        }
        for (double bits = 3; bits < most_bits; bits += 0.5) {
            svg += line(x_of(panel, bits), top, x_of(panel, bits), bottom, t.grid);
            svg += text(x_of(panel, bits), bottom + 16, formatted("%g", bits), t.faint, "text-anchor=\"middle\"");
        }
        svg += text(x_of(panel, least_bits), top - 28, name, t.text, "font-weight=\"600\"");
        svg += text(x_of(panel, least_bits) - 30, top - 12, "perplexity, + %", t.faint);
        svg += text(x_of(panel, most_bits), bottom + 32, "bits for each weight", t.faint, "text-anchor=\"end\"");
        return svg;
    }

    void write(const std::string& path, const theme& t) const {
        std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + formatted("%g", width) + " " +
                          formatted("%g", height) + "\" width=\"" + formatted("%g", width) + "\" height=\"" +
                          formatted("%g", height) +
                          "\" font-family=\"system-ui, sans-serif\" font-size=\"11\">\n<rect width=\"" +
                          formatted("%g", width) + "\" height=\"" + formatted("%g", height) + "\" fill=\"" +
                          std::string(t.page) + "\"/>\n";
        svg += text(12, 24, "A character-level GPT with quantized weights: what its perplexity loses", t.text,
                    "font-size=\"15\" font-weight=\"600\"");
        for (std::size_t p = 0; p < panels_.size(); ++p) {
            svg += grid(p, panels_[p].name, t);
            for (std::size_t m = 0; m < methods.size(); ++m)
                for (const std::string_view bits : {"int4 ", "int3 "}) {
                    const text_result* last = nullptr;
                    for (const auto& r : *panels_[p].results) {
                        if (r.how != methods[m] || !r.weights.starts_with(bits) ||
                            r.weights.find("sym") != std::string::npos)
                            continue;
                        if (last != nullptr)
                            svg += line(x_of(p, last->bits), y_of(last->change.mean), x_of(p, r.bits),
                                        y_of(r.change.mean), t.colours[m], "stroke-width=\"1.4\"");
                        svg += mark(p, r, t.colours[m], t.page);
                        last = &r;
                    }
                }
            // blocks, with a letter
            for (std::size_t m = 0; m < methods.size(); ++m)
                for (const auto& [weights, letter] :
                     {std::pair<std::string_view, const char*>{"nvfp4 g16", "N"}, {"mxfp4 g32", "M"}})
                    if (const auto* r = find_result(*panels_[p].results, weights, methods[m]))
                        svg += text(x_of(p, r->bits), y_of(r->change.mean) + 4, letter, t.colours[m],
                                    "text-anchor=\"middle\" font-weight=\"700\" font-size=\"12\"");
        }
        double x = 60;
        for (std::size_t m = 0; m < methods.size(); ++m) {
            svg += dot(x + 4, height - 38, t.colours[m], t.page) + text(x + 14, height - 34, methods[m], t.text);
            x += 44 + 6.1 * static_cast<double>(methods[m].size());
        }
        svg += text(60, height - 12,
                    "lines: int4 and int3 with zero points, a row to groups of 32; N: NVFP4, M: MXFP4; bars: two "
                    "standard errors",
                    t.faint);
        std::ofstream file(path);
        file << svg << "</svg>\n";
        file.close();
        if (!file) throw std::runtime_error(path + ": cannot be written");
    }

    std::array<panel, 2> panels_;
};

}  // namespace ptq

#endif
