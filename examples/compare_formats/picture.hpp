// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A picture (SVG) of what the weights keep against what they cost, for a light and for a dark page.
#ifndef LOWPREC_EXAMPLES_COMPARE_FORMATS_PICTURE_HPP
#define LOWPREC_EXAMPLES_COMPARE_FORMATS_PICTURE_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace compare_formats {

/// One mark. Marks of a family have one colour; those of a line are joined in their order.
struct point {
    std::string name;
    double bits = 0;
    double sqnr_db = 0;
    std::size_t family = 0;
    std::string line;  ///< nothing: it stands alone
};

class picture {
public:
    static constexpr std::array<std::string_view, 4> families = {"formats, one scale a tensor", "block formats", "INT8",
                                                                 "INT4"};

    explicit picture(std::vector<point> points) : points_{joined(std::move(points))} {
        for (const auto& p : points_) {
            most_bits_ = std::max(most_bits_, std::ceil(p.bits + 0.5));
            most_db_ = std::max(most_db_, 10 * std::ceil((p.sqnr_db + 1) / 10));
        }
    }

    /// Writes PREFIX-light.svg and PREFIX-dark.svg.
    void write(const std::string& prefix) const {
        write(prefix + "-light.svg",
              {"#ffffff", "#1f2328", "#59636e", "#d8dee4", {"#59636e", "#2f6fb3", "#c4541f", "#2a8a68"}});
        write(prefix + "-dark.svg",
              {"#0d1117", "#e6edf3", "#9198a1", "#30363d", {"#9198a1", "#6aa9ec", "#ff9562", "#4cc79b"}});
    }

private:
    struct theme {
        std::string_view page, text, faint, grid;
        std::array<std::string_view, families.size()> colours;
    };
    struct label {
        double x, y, point_x, point_y;
        std::string_view text, colour;
    };

    static constexpr double left = 56, right = 870, top = 64, bottom = 640, width = 900, height = 700, least_bits = 3.5;

    /// Marks at one place share one label.
    static std::vector<point> joined(std::vector<point> points) {
        std::vector<point> all;
        std::vector<int> others;
        for (auto& p : points) {
            const auto same = std::find_if(all.begin(), all.end(), [&](const point& other) {
                return other.family == p.family && other.line == p.line && std::fabs(other.bits - p.bits) < 0.02 &&
                       std::fabs(other.sqnr_db - p.sqnr_db) < 0.2;
            });
            if (same == all.end()) {
                all.push_back(std::move(p));
                others.push_back(0);
            } else {
                ++others[static_cast<std::size_t>(same - all.begin())];
            }
        }
        for (std::size_t i = 0; i < all.size(); ++i)
            if (others[i] != 0) all[i].name += " and " + std::to_string(others[i]) + " like it";
        return all;
    }

    [[nodiscard]] double x_of(double bits) const {
        return left + (right - left) * (bits - least_bits) / (most_bits_ - least_bits);
    }
    [[nodiscard]] double y_of(double db) const { return bottom - (bottom - top) * db / most_db_; }

    static std::string number(double x) {
        std::array<char, 32> text{};
        std::snprintf(text.data(), text.size(), "%.1f", x);
        return text.data();
    }
    static std::string line(double x1, double y1, double x2, double y2, std::string_view colour,
                            std::string_view more = "") {
        return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" +
               number(y2) + "\" stroke=\"" + std::string(colour) + "\" " + std::string(more) + "/>\n";
    }
    static std::string text(double x, double y, std::string_view what, std::string_view colour,
                            std::string_view more = "") {
        return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" fill=\"" + std::string(colour) + "\" " +
               std::string(more) + ">" + std::string(what) + "</text>\n";
    }
    static std::string dot(double x, double y, std::string_view colour, std::string_view page) {
        return "<circle cx=\"" + number(x) + "\" cy=\"" + number(y) + "\" r=\"4\" fill=\"" + std::string(colour) +
               "\" stroke=\"" + std::string(page) + "\"/>\n";
    }

    /// Labels stand right of the marks of about as many bits, none over another.
    [[nodiscard]] std::vector<label> labels(const theme& t) const {
        std::vector<label> all;
        std::vector<double> bits;
        for (const auto& p : points_) bits.push_back(p.bits);
        std::sort(bits.begin(), bits.end());
        for (std::size_t first = 0, next; first < bits.size(); first = next) {
            next = first + 1;
            while (next < bits.size() && bits[next] - bits[next - 1] < 0.6) ++next;
            std::vector<label> column;
            for (const auto& p : points_)
                if (p.bits >= bits[first] && p.bits <= bits[next - 1])
                    column.push_back({x_of(bits[next - 1]) + 16, y_of(p.sqnr_db), x_of(p.bits), y_of(p.sqnr_db), p.name,
                                      t.colours[p.family]});
            std::sort(column.begin(), column.end(), [](const label& a, const label& b) { return a.y < b.y; });
            constexpr double apart = 12.5;
            for (int round = 0; round < 200; ++round)
                for (std::size_t i = 1; i < column.size(); ++i) {
                    const double missing = apart - (column[i].y - column[i - 1].y);
                    if (missing <= 0) continue;
                    column[i - 1].y -= missing / 2;
                    column[i].y += missing / 2;
                }
            all.insert(all.end(), column.begin(), column.end());
        }
        return all;
    }

    void write(const std::string& path, const theme& t) const {
        std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(width) + " " +
                          number(height) + "\" width=\"" + number(width) + "\" height=\"" + number(height) +
                          "\" font-family=\"system-ui, sans-serif\" font-size=\"11\">\n<rect width=\"" + number(width) +
                          "\" height=\"" + number(height) + "\" fill=\"" + std::string(t.page) + "\"/>\n";
        svg += text(12, 24, "Weights of the network: signal to noise against bits for each weight", t.text,
                    "font-size=\"15\" font-weight=\"600\"");
        for (double db = 0; db <= most_db_; db += 10) {
            svg += line(left, y_of(db), right, y_of(db), t.grid);
            svg += text(left - 8, y_of(db) + 4, number(db).substr(0, number(db).find('.')), t.faint,
                        "text-anchor=\"end\"");
        }
        for (double bits = 4; bits <= most_bits_; ++bits) {
            svg += line(x_of(bits), top, x_of(bits), bottom, t.grid);
            svg += text(x_of(bits), bottom + 16, number(bits).substr(0, number(bits).find('.')), t.faint,
                        "text-anchor=\"middle\"");
        }
        svg += text(left - 8, top - 12, "SQNR, dB", t.faint, "text-anchor=\"start\"");
        svg += text(right, bottom + 32, "bits for each weight, scales and zero points counted", t.faint,
                    "text-anchor=\"end\"");
        // the slope of a bit of mantissa
        const double slope = 20 * std::log10(2.0);
        svg += line(x_of(4), y_of(slope * 2), x_of(most_bits_), y_of(slope * (most_bits_ - 2)), t.faint,
                    "stroke-dasharray=\"3 5\"");
        svg += text(x_of(7) + 6, y_of(slope * 5) + 16, "6.02 dB a bit", t.faint);

        for (std::size_t i = 0; i < points_.size(); ++i)
            for (std::size_t k = i + 1; k < points_.size() && !points_[i].line.empty(); ++k)
                if (points_[k].line == points_[i].line) {
                    svg += line(x_of(points_[i].bits), y_of(points_[i].sqnr_db), x_of(points_[k].bits),
                                y_of(points_[k].sqnr_db), t.colours[points_[i].family], "stroke-width=\"1.4\"");
                    break;
                }
        const auto names = labels(t);
        const auto halo = "paint-order=\"stroke\" stroke-width=\"3\" stroke=\"" + std::string(t.page) + "\"";
        for (const auto& l : names) svg += line(l.point_x, l.point_y, l.x - 3, l.y, t.grid, "stroke-width=\"0.9\"");
        for (const auto& p : points_) svg += dot(x_of(p.bits), y_of(p.sqnr_db), t.colours[p.family], t.page);
        for (const auto& l : names) svg += text(l.x, l.y + 3.8, l.text, l.colour, halo);
        double x = left;
        for (std::size_t i = 0; i < families.size(); ++i) {
            svg += dot(x + 4, height - 14, t.colours[i], t.page) + text(x + 14, height - 10, families[i], t.text);
            x += 40 + 6.1 * static_cast<double>(families[i].size());
        }
        std::ofstream file(path);
        file << svg << "</svg>\n";
        file.close();
        if (!file) throw std::runtime_error(path + ": cannot be written");
    }

    std::vector<point> points_;
    double most_bits_ = 9, most_db_ = 10;
};

}  // namespace compare_formats

#endif
