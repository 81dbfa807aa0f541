// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Prints the tables of docs/hardware.md in Markdown, all of them from the table of accelerators.
//
//   hardware_tables chips | rates | systems | native | software | conflicts | sources | ridge | claims
#include <algorithm>
#include <cstdio>
#include <lowprec/hardware.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace lowprec;
using namespace lowprec::hardware;
using f = number_format;

std::string text(double x) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.6g", x);
    return buffer;
}

// With the second value, and a mark where no text was found.
template <class Quantity>
std::string text(const figures<Quantity>& shown, double prefix) {
    if (!shown.known()) return "-";
    std::string result = text(shown.best->value.value() / prefix);
    if (shown.best->from.trust == confidence::recalled) result += "*";
    if (shown.other) result += " (" + text(shown.other->value.value() / prefix) + ")";
    return result;
}

std::string text(compute_capability c) { return std::to_string(c.major_number) + "." + std::to_string(c.minor_number); }

void print_row(const std::vector<std::string>& cells) {
    for (const std::string& cell : cells) std::printf("| %s ", cell.c_str());
    std::puts("|");
}
void print_head(const std::vector<std::string>& cells) {
    print_row(cells);
    for (std::size_t i = 0; i < cells.size(); ++i) std::printf("|---");
    std::puts("|");
}

void print_chips() {
    print_head({"accelerator", "compute capability", "architecture, process", "memory, GB", "memory, TB/s", "power, W",
                "L2, MB", "NVLink, GB/s"});
    for (const accelerator& a : accelerators)
        print_row({std::string(a.name), text(a.capability), std::string(a.architecture) + ", " + std::string(a.process),
                   text(a.memory, 1e9) + " " + std::string(a.memory_kind), text(a.bandwidth, 1e12),
                   text(a.board_power, 1), text(a.l2_cache, 1e6), text(a.nvlink, 1e9)});
}

std::string rate_text(const accelerator& a, number_kind kind, accumulate sums, engine on) {
    for (const rate& r : a.rates)
        if (r.kind == kind && r.accumulator == sums && r.on == on) {
            const std::string dense = text(r.dense, 1e12);
            return on == engine::tensor && kind != number_kind::fp64 ? dense + " / " + text(r.sparse, 1e12) : dense;
        }
    return "-";
}

void print_rates() {
    using k = number_kind;
    print_head({"accelerator", "fp64", "fp64, tensor cores", "fp32", "tf32", "bf16", "fp16", "fp16 in fp16", "fp8",
                "fp8 in fp16", "fp6", "fp4", "int8", "int4"});
    for (const accelerator& a : accelerators) {
        std::vector<std::string> cells{std::string(a.name), rate_text(a, k::fp64, accumulate::fp64, engine::vector),
                                       rate_text(a, k::fp64, accumulate::fp64, engine::tensor),
                                       rate_text(a, k::fp32, accumulate::fp32, engine::vector)};
        for (const k kind : {k::tf32, k::bf16, k::fp16, k::fp8, k::fp6, k::fp4, k::int8, k::int4}) {
            const bool whole = kind == k::int8 || kind == k::int4;
            cells.push_back(rate_text(a, kind, whole ? accumulate::int32 : accumulate::fp32, engine::tensor));
            if (kind == k::fp16 || kind == k::fp8)
                cells.push_back(rate_text(a, kind, accumulate::fp16, engine::tensor));
        }
        print_row(cells);
    }
}

std::string petas(const system_row& s, number_format format, sparsity zeros = sparsity::dense) {
    const auto found = peak(s, format, zeros);
    return found ? text(found->peta()) : "-";
}

void print_systems() {
    print_head({"system", "chips", "tf32", "bf16", "fp8", "fp4", "int8", "memory, GB"});
    const auto both = [](const system_row& s, number_format format) {
        return petas(s, format) + " / " + petas(s, format, sparsity::sparse);
    };
    for (const system_row& s : systems)
        print_row({std::string(s.name), std::to_string(s.size.count) + " x " + std::string(s.chip.name),
                   both(s, f::tf32), both(s, f::bf16), both(s, f::e4m3), both(s, f::nvfp4), both(s, f::int8),
                   text(system_total(*s.chip.memory.value(), s.size).giga())});
}

void print_native() {
    std::vector<std::string> head{"format"};
    for (const capability_row& row : capabilities) head.push_back(text(row.capability));
    print_head(head);
    constexpr const char* words[] = {"unknown", "-", "slow", "yes"};
    for (int i = 0; i < number_formats; ++i) {
        const auto format = static_cast<number_format>(i);
        if (format == f::fp32) continue;  // no tensor core's
        std::vector<std::string> cells{"`" + std::string(name(format)) + "`"};
        for (const capability_row& row : capabilities)
            cells.push_back(words[static_cast<int>(support_of(row.capability, format))]);
        print_row(cells);
    }
}

void print_software() {
    std::vector<std::string> head{"TransformerEngine's recipe"};
    for (const capability_row& row : capabilities) head.push_back(text(row.capability));
    print_head(head);
    constexpr const char* words[] = {"-", "partly", "yes"};
    for (const software_row& row : transformer_engine) {
        std::vector<std::string> cells{std::string(row.recipe)};
        for (const software s : row.on) cells.push_back(words[static_cast<int>(s)]);
        print_row(cells);
    }
}

// visit(accelerator, what, figures, prefix) for everything that has a source
template <class Visitor>
void for_each_figure(Visitor&& visit) {
    for (const accelerator& a : accelerators) {
        visit(a, "memory, GB", a.memory, 1e9);
        visit(a, "memory, TB/s", a.bandwidth, 1e12);
        visit(a, "power, W", a.board_power, 1.0);
        visit(a, "L2, MB", a.l2_cache, 1e6);
        visit(a, "NVLink, GB/s", a.nvlink, 1e9);
        for (const rate& r : a.rates) {
            const std::string what = std::string(name(r.kind)) +
                                     (r.on == engine::tensor && r.kind == number_kind::fp64 ? ", tensor cores" : "");
            visit(a, (what + ", dense").c_str(), r.dense, 1e12);
            visit(a, (what + ", sparse").c_str(), r.sparse, 1e12);
        }
    }
}

void print_conflicts() {
    print_head({"accelerator", "figure", "the table's", "from", "also", "from"});
    for_each_figure([](const accelerator& a, const char* what, const auto& shown, double prefix) {
        if (shown.other)
            print_row({std::string(a.name), what, text(shown.best->value.value() / prefix),
                       std::string(shown.best->from.where), text(shown.other->value.value() / prefix),
                       std::string(shown.other->from.where)});
    });
}

void print_sources() {
    struct row {
        std::string where;
        bool recalled;
        int count;
        std::vector<std::string> chips;
    };
    std::vector<row> rows;
    const auto count = [&](const accelerator& a, const source& from) {
        auto at = std::find_if(rows.begin(), rows.end(), [&](const row& r) { return r.where == from.where; });
        if (at == rows.end())
            at = rows.insert(rows.end(), {std::string(from.where), from.trust == confidence::recalled, 0, {}});
        ++at->count;
        if (at->chips.empty() || at->chips.back() != a.name) at->chips.emplace_back(a.name);
    };
    for (const accelerator& a : accelerators) count(a, a.capability_from);
    for_each_figure([&](const accelerator& a, const char*, const auto& shown, double) {
        if (shown.best) count(a, shown.best->from);
        if (shown.other) count(a, shown.other->from);
    });
    print_head({"source", "figures", "of"});
    for (const row& r : rows) {
        std::string chips;
        for (const std::string& chip : r.chips) chips += (chips.empty() ? "" : ", ") + chip;
        print_row({r.where + (r.recalled ? " *" : ""), std::to_string(r.count),
                   r.chips.size() == std::size(accelerators) ? "all: the compute capability" : chips});
    }
}

template <class Weight, class Input>
std::string tokens_to_ridge(const accelerator& a) {
    if (!peak(a, format_of<Input>)) return "-";
    const int_groups groups{.size = 128};
    std::uint64_t low = 1, high = 1 << 20;  // memory binds at low, compute at high
    const auto binds = [&](std::uint64_t tokens) {
        return layer_bound<Weight, Input>(a, {8192, 8192, tokens}, groups).binds();
    };
    if (binds(low) == bound::compute) return "1";
    if (binds(high) == bound::memory) return "never";
    while (high - low > 1) {
        const std::uint64_t middle = (low + high) / 2;
        (binds(middle) == bound::memory ? low : high) = middle;
    }
    return std::to_string(high);
}

void print_ridge() {
    print_head({"accelerator", "recommended", "bf16, operations a byte", "e4m3", "nvfp4", "tokens, bf16",
                "`affine<4>` weights, bf16", "e4m3", "nvfp4"});
    for (const accelerator& a : accelerators) {
        const auto ridge = [&](number_format format) {
            const auto point = ridge_point(a, format);
            return point ? std::to_string(static_cast<int>(point->value() + 0.5)) : std::string("-");
        };
        print_row({std::string(a.name), "`" + std::string(name(*recommend(a))) + "`", ridge(f::bf16), ridge(f::e4m3),
                   ridge(f::nvfp4), tokens_to_ridge<bf16, bf16>(a), tokens_to_ridge<affine<4>, bf16>(a),
                   tokens_to_ridge<e4m3, e4m3>(a), tokens_to_ridge<nvfp4, nvfp4>(a)});
    }
}

// What a claim is answered with, from the table.
std::string dense_sparse(const char* chip, number_format format) {
    const accelerator& a = accelerator_named(chip);
    return text(peak(a, format)->tera()) + " dense, " + text(peak(a, format, sparsity::sparse)->tera()) + " sparse";
}
std::string vector_fp64(const char* chip) {
    return text(peak(accelerator_named(chip), f::fp64, {.on = engine::vector})->tera());
}
std::string capability(const char* chip) { return text(accelerator_named(chip).capability); }
const system_row& system_named(std::string_view wanted) {
    return *std::find_if(std::begin(systems), std::end(systems), [&](const system_row& s) { return s.name == wanted; });
}

std::string where(const source& from) {
    return std::string(from.where) + (from.trust == confidence::recalled ? " *" : "");
}

void print_claims() {
    const auto chip = [](const char* wanted) -> const accelerator& { return accelerator_named(wanted); };
    const auto from = [&](const char* c, number_format format) {
        return where(find_rate(chip(c), format)->dense.best->from);
    };
    const std::string capabilities_from = where(chip("B200").capability_from);
    const auto sparse_tf32 = [&](const char* c) { return text(peak(chip(c), f::tf32, sparsity::sparse)->tera()); };
    const auto three = [](const system_row& s) {
        return petas(s, f::bf16, sparsity::sparse) + ", " + petas(s, f::e4m3, sparsity::sparse) + ", " +
               petas(s, f::tf32, sparsity::sparse) + "; FP64 " + text(peak(s, f::fp64)->tera());
    };
    const auto& b200 = system_named("HGX B200");
    const accelerator &a100 = chip("A100 80GB SXM"), &l20 = chip("L20"), &h800 = chip("H800 SXM");

    print_head({"claim", "in fact", "from"});
    print_row({"A100's 312 TFLOPS of FP16 are sparse; dense it does 156, and eight of them 1.25 PFLOPS",
               dense_sparse("A100 80GB SXM", f::fp16) + "; eight do " +
                   text(system_total(*peak(a100, f::fp16), chips(8)).peta()) + " PFLOPS dense; " +
                   text(peak(a100, f::tf32)->tera()) + " is dense TF32",
               from("A100 80GB SXM", f::fp16)});
    print_row(
        {"A800 does 156 and 312 TFLOPS of BF16, and no INT8",
         "as A100: BF16 " + dense_sparse("A800 80GB SXM", f::bf16) + "; INT8 " + dense_sparse("A800 80GB SXM", f::int8),
         from("A800 80GB SXM", f::bf16)});
    print_row({"FP64 is as fast as FP32 on A100, H100, H800, H20, L20",
               "A100 " + vector_fp64("A100 80GB SXM") + ", H100 SXM " + vector_fp64("H100 SXM") + ", H800 " +
                   vector_fp64("H800 SXM") + ", H20 " + vector_fp64("H20") + ", L20 " + vector_fp64("L20") +
                   "; tensor cores of A100 " + text(peak(a100, f::fp64)->tera()) + ", of H100 SXM " +
                   text(peak(chip("H100 SXM"), f::fp64)->tera()),
               from("A100 80GB SXM", f::fp64) + ", " + from("H100 SXM", f::fp64) + ", " + from("H800 SXM", f::fp64) +
                   ", " + from("H20", f::fp64) + ", " + from("L20", f::fp64)});
    print_row({"H100 and H200 do 989 or 853 TFLOPS of TF32",
               "sparse: SXM " + sparse_tf32("H100 SXM") + ", NVL " + sparse_tf32("H100 NVL") + "; half of it dense",
               from("H100 SXM", f::tf32) + ", " + from("H100 NVL", f::tf32)});
    print_row({"H20 does 148 or 14 TFLOPS of FP16", text(peak(chip("H20"), f::fp16)->tera()) + " dense",
               from("H20", f::fp16)});
    print_row(
        {"L20 has neither FP8 nor INT8", "both: " + text(peak(l20, f::e4m3)->tera()) + " dense", from("L20", f::e4m3)});
    print_row({"L20 draws 350 W", text(l20.board_power.value()->value()) + " W; 350 W is L40S",
               where(l20.board_power.best->from)});
    print_row({"RTX 4090: compute capability 9.0, 425 W",
               capability("RTX 4090") + ", " + text(chip("RTX 4090").board_power.value()->value()) + " W",
               capabilities_from + ", " + where(chip("RTX 4090").board_power.best->from)});
    print_row({"Blackwell of data centers has compute capability 12.0; H20 none",
               "B200 and GB200 " + capability("B200") + ", B300 and GB300 " + capability("B300") + ", H20 " +
                   capability("H20") + "; " + capability("RTX 5090") + " is RTX 5090",
               capabilities_from});
    print_row({"A100 has 80 MB of L2 and is made in 5 nm, H800 in 7 nm",
               text(a100.l2_cache.value()->mega()) + " MB, " + std::string(a100.process) + "; H800 " +
                   std::string(h800.process),
               where(a100.l2_cache.best->from) + ", " + from("H800 SXM", f::fp64)});
    print_row({"A100 80 GB is of 2022, H100 and RTX 5090 of 2024", "2020, 2022 and 2025", "NVIDIA's publications *"});
    print_row({"RTX 5090's architecture is \"40MB\"", std::string(chip("RTX 5090").architecture), capabilities_from});
    print_row({"H800's memory has 2 TB/s",
               "the PCIe card's " + text(chip("H800 PCIe").bandwidth.value()->tera()) + ", SXM " +
                   text(h800.bandwidth.value()->tera()),
               where(h800.bandwidth.best->from)});
    print_row(
        {"GB300 does 20 PFLOPS of FP4 dense and 15 sparse", dense_sparse("GB300", f::nvfp4), from("GB300", f::nvfp4)});
    print_row({"B200 and B300 do 4.5 PFLOPS of BF16", dense_sparse("B200", f::bf16) + ", both",
               from("B200", f::bf16) + ", " + from("B300", f::bf16)});
    print_row({"sparse is always twice dense",
               "not in FP4: B300 " + dense_sparse("B300", f::nvfp4) + "; GB300 " + dense_sparse("GB300", f::nvfp4),
               from("B300", f::nvfp4)});
    print_row({"HGX B300, eight chips, sparse PFLOPS of BF16, FP8, TF32: 72, 144, 36; FP64 600 TFLOPS",
               three(system_named("HGX B300")), from("B300", f::bf16) + ", " + from("B300", f::fp64)});
    print_row({"HGX B200, eight chips, does 72 PFLOPS of FP4 sparse",
               petas(b200, f::nvfp4) + " dense, " + petas(b200, f::nvfp4, sparsity::sparse) + " sparse",
               from("B200", f::nvfp4)});
    print_row({"GB300 NVL72, sparse PFLOPS of BF16, FP8, TF32: 120, 240, 60; FP64 2880 TFLOPS",
               three(system_named("GB300 NVL72")) + "; " +
                   text(peak(system_named("GB200 NVL72"), f::fp64, {.on = engine::vector})->tera()) + " is GB200 NVL72",
               from("GB300", f::bf16) + ", " + where(chip("GB200").rates[0].dense.best->from)});
    print_row({"from one chip to many others: 2 to 8 TB/s",
               "that is the memory's bandwidth; NVLink of A100 has " + text(a100.nvlink.value()->giga()) +
                   " GB/s to all others together, of B200 " + text(chip("B200").nvlink.value()->giga()),
               where(a100.nvlink.best->from) + ", " + where(chip("B200").nvlink.best->from)});
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view table = argc == 2 ? argv[1] : "";
    struct {
        std::string_view name;
        void (*print)();
    } const tables[] = {{"chips", print_chips},     {"rates", print_rates},       {"systems", print_systems},
                        {"native", print_native},   {"software", print_software}, {"conflicts", print_conflicts},
                        {"sources", print_sources}, {"ridge", print_ridge},       {"claims", print_claims}};
    for (const auto& [name, print] : tables)
        if (name == table) {
            print();
            return 0;
        }
    std::fputs(
        "usage: hardware_tables chips | rates | systems | native | software | conflicts | sources | ridge | claims\n",
        stderr);
    return 2;
}
