// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What was measured, as a Markdown table for people and as JSON for bench/plot.py.
#ifndef LOWPREC_BENCH_SUPPORT_REPORT_HPP
#define LOWPREC_BENCH_SUPPORT_REPORT_HPP

#include <algorithm>
#include <cstdio>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "harness.hpp"

namespace lowprec_bench {

struct setting {
    std::vector<std::pair<std::string, std::string>> facts;  ///< processor, compiler, flags, ...
    std::vector<size_class> sizes;
};

namespace detail {

inline std::string number(double x, const char* format = "%.2f") {
    char text[32];
    std::snprintf(text, sizeof text, format, x);
    return text;
}

/// ".30 / .62 / 1.01", one figure for each size.
template <class Figure>
std::string per_size(const setting& set, const result& r, Figure figure_of) {
    std::string cell;
    for (const size_class& size : set.sizes) {
        const auto found = r.figures.find(size.name);
        cell += (cell.empty() ? "" : " / ") + (found == r.figures.end() ? "?" : figure_of(found->second));
    }
    return cell;
}

inline const result* find(const measured& m, const std::string& contender) {
    const auto found =
        std::find_if(m.results.begin(), m.results.end(), [&](const result& r) { return r.contender == contender; });
    return found == m.results.end() ? nullptr : &*found;
}

inline std::string share(std::size_t part, std::size_t whole) {
    const double percent = 100 * static_cast<double>(part) / static_cast<double>(whole);
    return number(percent, percent < 0.01 ? "%.1g" : "%.2g") + " %";
}

inline std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < 32 ? ' ' : c;
    }
    return out + "\"";
}

}  // namespace detail

/// A table of some operations: one line for each, a column for each who competes at any.
inline void write_table(std::ostream& out, const setting& set, const std::vector<const measured*>& rows,
                        std::vector<std::string>& notes) {
    using detail::number;
    std::vector<std::pair<role, std::string>> columns;
    for (const measured* m : rows)
        for (const result& r : m->results)
            if (const auto column = std::pair(r.what, r.contender);
                std::find(columns.begin(), columns.end(), column) == columns.end())
                columns.push_back(column);
    std::stable_sort(columns.begin(), columns.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    const std::string& reference = rows.front()->op->reference;

    out << "| operation |";
    for (const auto& [what, name] : columns) out << ' ' << name << (what == role::stream ? ", GB/s |" : " |");
    if (!reference.empty()) out << " lowprec to " << reference << " |";
    out << "\n|---|";
    for (std::size_t i = 0; i < columns.size() + !reference.empty(); ++i) out << "---|";
    out << '\n';
    for (const measured* m : rows) {
        out << "| " << m->op->name() << " |";
        for (const auto& [what, name] : columns) {
            if (const result* r = detail::find(*m, name); r == nullptr) {
                out << " n/a";
            } else if (what == role::stream) {
                for (const size_class& size : set.sizes) {
                    const double bytes = static_cast<double>(size.count * (m->op->in_bits + m->op->out_bits)) / 8;
                    out << (&size == set.sizes.data() ? " " : " / ")
                        << number(bytes / r->figures.at(size.name).seconds / 1e9, "%.0f");
                }
            } else {
                out << ' ' << detail::per_size(set, *r, [](const figure& f) {
                    return number(f.ratio, f.ratio < 0.095 ? "%.3f" : "%.2f");
                });
                const std::size_t wrong = r->found.wrong + (what == role::lowprec ? r->found.other_nan : 0);
                if (wrong > 0) {
                    notes.push_back(name + ", " + m->op->name() + ": wrong in " + detail::share(wrong, r->checked));
                    out << " (" << notes.size() << ")";
                }
            }
            out << " |";
        }
        if (!reference.empty())
            out << ' ' << detail::per_size(set, *detail::find(*m, "lowprec"), [](const figure& f) {
                return number(f.to_reference);
            }) << " |";
        out << '\n';
    }
    out << '\n';
}

/// stream in 10^9 bytes a second, everyone else as a ratio to it, at each size. Operations that peers know stand together,
/// and so do those that are compared to a reference.
inline void write_markdown(std::ostream& out, const setting& set, const std::vector<measured>& all) {
    std::string sizes;
    for (const size_class& size : set.sizes) sizes += (sizes.empty() ? "" : " / ") + size.name;
    std::vector<std::string> notes;
    const auto table = [&](const std::string& title, auto belongs) {
        std::vector<const measured*> rows;
        for (const measured& m : all)
            if (belongs(m)) rows.push_back(&m);
        if (rows.empty()) return;
        out << title << ", " << sizes << ":\n\n";
        write_table(out, set, rows, notes);
    };
    const auto has_peers = [](const measured& m) {
        return std::any_of(m.results.begin(), m.results.end(), [](const result& r) { return r.what == role::peer; });
    };
    const auto has_reference = [](const measured& m) { return detail::find(m, m.op->reference) != nullptr; };
    table("Where the peers have the conversion too", has_peers);
    table("Only lowprec", [&](const measured& m) { return !has_peers(m) && !has_reference(m); });
    table("Other rounding", has_reference);
    for (std::size_t i = 0; i < notes.size(); ++i)
        out << (i == 0 ? "" : "; ") << "(" << i + 1 << ") " << notes[i]
            << (i + 1 == notes.size() ? " of the elements.\n" : "");
}

inline void write_json(std::ostream& out, const setting& set, const std::vector<measured>& all) {
    using detail::number;
    using detail::quoted;
    out << "{\n";
    for (const auto& [name, value] : set.facts) out << "  " << quoted(name) << ": " << quoted(value) << ",\n";
    out << "  \"sizes\": {";
    for (std::size_t i = 0; i < set.sizes.size(); ++i)
        out << (i ? ", " : "") << quoted(set.sizes[i].name) << ": " << set.sizes[i].count;
    out << "},\n  \"operations\": [\n";
    for (std::size_t i = 0; i < all.size(); ++i) {
        const operation& op = *all[i].op;
        out << "    {\"name\": " << quoted(op.name()) << ", \"from\": " << quoted(op.from)
            << ", \"to\": " << quoted(op.to) << ", \"detail\": " << quoted(op.detail)
            << ", \"data\": " << quoted(op.data) << ", \"in_bits\": " << op.in_bits << ", \"out_bits\": " << op.out_bits
            << ", \"reference\": " << quoted(op.reference) << ", \"stream\": {";
        bool comma = false;
        for (const auto& [size, which] : all[i].stream) {
            out << (comma ? ", " : "") << quoted(size) << ": " << quoted(which);
            comma = true;
        }
        out << "},\n     \"contenders\": [\n";
        for (std::size_t c = 0; c < all[i].results.size(); ++c) {
            const result& r = all[i].results[c];
            constexpr const char* roles[] = {"stream", "lowprec", "reference", "peer"};
            out << "       {\"name\": " << quoted(r.contender) << ", \"role\": \"" << roles[static_cast<int>(r.what)]
                << "\", \"wrong\": " << r.found.wrong << ", \"other_nan\": " << r.found.other_nan
                << ", \"checked\": " << r.checked;
            for (const auto& [size, f] : r.figures) {
                out << ", " << quoted(size) << ": {\"seconds\": " << number(f.seconds, "%.6g")
                    << ", \"ratio\": " << number(f.ratio, "%.4f") << ", \"quartiles\": [" << number(f.low, "%.4f")
                    << ", " << number(f.high, "%.4f") << "]";
                if (f.to_reference > 0) out << ", \"to_reference\": " << number(f.to_reference, "%.4f");
                out << "}";
            }
            out << (c + 1 < all[i].results.size() ? "},\n" : "}\n");
        }
        out << (i + 1 < all.size() ? "     ]},\n" : "     ]}\n");
    }
    out << "  ]\n}\n";
}

}  // namespace lowprec_bench

#endif
