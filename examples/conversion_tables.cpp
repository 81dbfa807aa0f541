// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Prints the tables of docs/conversion.md in Markdown: lowprec's columns are computed here, the other systems' are what was
// observed or read in their sources (versions in the page). scripts/check_docs keeps page and program equal.
//
//   conversion_tables fp8 | e8m0 | presets
#include <array>
#include <cstdio>
#include <lowprec/lowprec.hpp>
#include <string>
#include <string_view>

namespace {

using namespace lowprec;

std::string hex(unsigned code) {
    char text[8];
    std::snprintf(text, sizeof text, "`%02X`", code);
    return text;
}

template <class F>
std::string code_of(double x, policy p = {}) {
    return hex(convert<F>(x, p).bits());
}

// What other systems make of one input, in the order of the heading; empty: not observed.
struct fp8_row {
    const char* input;
    double value;
    bool into_e5m2;
    std::array<const char*, 7> others;
};

constexpr fp8_row fp8_rows[] = {
    {"448", 448, false, {"7E", "7E / 7E", "7E", "7E", "7E", "7E", "7E"}},
    {"450", 450, false, {"7E", "7E / 7E", "7E", "**7F**", "7E", "7E", "7E"}},
    {"464, a tie", 464, false, {"7E", "7E / 7E", "7E", "**7F**", "7E", "7E", "7E"}},
    {"the float above 464", 464.000030517578125, false, {"7F", "7E / 7F", "7E", "7F", "7F", "7F", "7E"}},
    {"464.0000001, a double", 464.0000001, false, {"7F", "7E / 7F", "7E", "", "", "", ""}},
    {"1.0625 + 2^-40, a double", 1.0625 + 0x1p-40, false, {"39", "39", "**38**", "", "**38**", "**38**", ""}},
    {"248, a tie", 248, false, {"78", "78", "78", "78", "78", "78", "**7E**"}},
    {"300", 300, false, {"79", "79", "79", "79", "79", "79", "**7E**"}},
    {"1.0625, a tie", 1.0625, false, {"38", "38", "38", "38", "38", "38", "**39**"}},
    {"7.83 * 2^-9", 0x1.f5558p-7, false, {"08", "08", "08", "08", "08", "08", "**07**"}},
    {"1.75 * 2^-70", 0x1.cp-70, false, {"00", "00", "00", "**0E**", "00", "00", "00"}},
    {"1.75 * 2^-71", 0x1.cp-71, false, {"00", "00", "00", "**07**", "00", "00", "00"}},
    {"57345 into e5m2", 57345, true, {"7B", "7B / 7B", "7B", "**7C**", "7B", "7B", ""}},
    {"61440 into e5m2, a tie", 61440, true, {"7C", "7B / 7C", "7B", "7C", "7C", "7C", ""}},
    {"1.75 * 2^-78 into e5m2", 0x1.cp-78, true, {"00", "00", "00", "**07**", "00", "00", ""}},
};

void print_fp8() {
    std::puts(
        "| input | lowprec | lowprec `ml_dtypes` | lowprec `hip_nosat` | ml_dtypes | CUDA SAT / NOSAT | CUTLASS host | "
        "HIP "
        "no saturation | PyTorch to 2.12 | Universal | ggml UE4M3 |");
    std::puts("|---|---|---|---|---|---|---|---|---|---|---|");
    for (const fp8_row& row : fp8_rows) {
        std::printf("| %s ", row.input);
        for (const policy p : {policy{}, presets::ml_dtypes, presets::hip_nosat})
            std::printf("| %s ", (row.into_e5m2 ? code_of<e5m2>(row.value, p) : code_of<e4m3>(row.value, p)).c_str());
        for (const char* other : row.others) std::printf("| %s ", other);
        std::puts("|");
    }
}

struct e8m0_row {
    const char* input;
    float value;
    std::array<const char*, 6> others;
};

constexpr e8m0_row e8m0_rows[] = {
    {"0", 0, {"FF", "00", "00", "00", "00", "00"}},
    {"-1", -1, {"FF", "7F", "7F", "", "00", "7F"}},
    {"1.25", 1.25F, {"7F", "7F", "80", "80", "7F", "7F"}},
    {"1.45", 1.45F, {"7F", "7F", "80", "80", "**80**", "7F"}},
    {"1.5, a tie", 1.5F, {"80", "80", "80", "80", "80", "7F"}},
    {"3, a tie", 3, {"81", "81", "81", "81", "81", "80"}},
    {"1.25 * 2^-127", 0x1.4p-127F, {"**01**", "00", "01", "01", "00", "00"}},
    {"1.7 * 2^-127", 0x1.b33334p-127F, {"01", "01", "01", "01", "**00 / 01**", "00"}},
    {"1.5 * 2^127", 0x1.8p127F, {"FF", "FF", "FE", "FE", "FE", "FE"}},
    {"infinity", __builtin_inff(), {"FF", "FF", "FF", "FE", "FE", "FF"}},
    {"NaN", __builtin_nanf(""), {"FF", "FF", "FF", "FF", "FF", "FF"}},
};

void print_e8m0() {
    std::puts(
        "| input | lowprec | lowprec `ml_dtypes_e8m0` | lowprec `torch_e8m0` | lowprec `cuda_e8m0` | lowprec "
        "`onnx_e8m0` | "
        "ml_dtypes | PyTorch | CUTLASS host | CUDA constructor | Universal | oneDNN |");
    std::puts("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for (const e8m0_row& row : e8m0_rows) {
        std::printf("| %s ", row.input);
        for (const policy p :
             {policy{}, presets::ml_dtypes_e8m0, presets::torch_e8m0, presets::cuda_e8m0, presets::onnx_e8m0})
            std::printf("| %s ", hex(convert<e8m0>(row.value, p).bits()).c_str());
        for (const char* other : row.others) std::printf("| %s ", other);
        std::puts("|");
    }
}

void print_preset(const char* name, policy p) {
    const double infinity = __builtin_inf();
    const double nan = __builtin_nan("");
    std::printf("| %s ", name);
    std::printf("| %s | %s | %s ", code_of<e4m3>(1e6, p).c_str(), code_of<e4m3>(infinity, p).c_str(),
                (code_of<e4m3>(nan, p) + " " + code_of<e4m3>(-nan, p)).c_str());
    std::printf("| %s | %s | %s ", code_of<e5m2>(1e6, p).c_str(), code_of<e5m2>(infinity, p).c_str(),
                (code_of<e5m2>(nan, p) + " " + code_of<e5m2>(-nan, p)).c_str());
    std::printf("| %s | %s ", code_of<e4m3_fnuz>(1e6, p).c_str(), code_of<e4m3_fnuz>(infinity, p).c_str());
    std::printf("| %s | %s ", code_of<p3109<8, 4, p3109_kind::se>>(1e6, p).c_str(),
                code_of<p3109<8, 4, p3109_kind::se>>(infinity, p).c_str());
    std::printf("| %s | %s ", (code_of<e2m1>(1e6, p) + " " + code_of<e2m1>(infinity, p)).c_str(),
                (code_of<e2m1>(nan, p) + " " + code_of<e2m1>(-nan, p)).c_str());
    std::printf("| %s |\n", code_of<ue4m3>(-1, p).c_str());
}

void print_presets() {
    std::puts(
        "| policy | e4m3: 10^6 | inf | NaN, -NaN | e5m2: 10^6 | inf | NaN, -NaN | e4m3_fnuz: 10^6 | inf | binary8p4se: "
        "10^6 "
        "| inf | e2m1: 10^6, inf | NaN, -NaN | ue4m3: -1 |");
    std::puts("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    print_preset("default", {});
    print_preset("`.over = saturate`", {.over = overflow::saturate});
    print_preset("`.over = nonfinite`", {.over = overflow::nonfinite});
    print_preset("`.over = infinity`", {.over = overflow::infinity});
    using namespace presets;
    print_preset("`cuda_satfinite`", cuda_satfinite);
    print_preset("`cuda_nosat`", cuda_nosat);
    print_preset("`ptx`", ptx);
    print_preset("`ml_dtypes`", ml_dtypes);
    print_preset("`ml_dtypes_saturate`", ml_dtypes_saturate);
    print_preset("`torch_2_12`", torch_2_12);
    print_preset("`torch_2_13` (`torch`)", torch_2_13);
    print_preset("`onnx_saturate`", onnx_saturate);
    print_preset("`onnx_nonsaturate`", onnx_nonsaturate);
    print_preset("`hip_saturate`", hip_saturate);
    print_preset("`hip_nosat`", hip_nosat);
    print_preset("`ocp_saturate`", ocp_saturate);
    print_preset("`ocp_nonsaturate`", ocp_nonsaturate);
    print_preset("`p3109_satfinite`", p3109_satfinite);
    print_preset("`p3109_satpropagate`", p3109_satpropagate);
    print_preset("`p3109_satnone`", p3109_satnone);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view table = argc == 2 ? argv[1] : "";
    if (table == "fp8") {
        print_fp8();
    } else if (table == "e8m0") {
        print_e8m0();
    } else if (table == "presets") {
        print_presets();
    } else {
        std::fputs("usage: conversion_tables fp8 | e8m0 | presets\n", stderr);
        return 2;
    }
}
