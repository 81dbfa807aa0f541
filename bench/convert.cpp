// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The speed of a plain loop over convert: 10^9 elements a second, from and to float, for every format of the table. The
// numbers fit the first-level cache; the best of several runs is printed.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <lowprec/lowprec.hpp>
#include <string>
#include <tuple>
#include <vector>

namespace {

constexpr std::size_t count = 4096;
constexpr int passes = 64;
constexpr int runs = 9;

// Magnitudes over some 40 binades, both signs: most of it in the range of most formats.
std::vector<float> inputs() {
    std::vector<float> values(count);
    std::uint32_t state = 1;
    for (float& value : values) {
        state = state * 1664525U + 1013904223U;
        const float fraction = 1.0F + static_cast<float>(state >> 9) * 0x1p-23F;
        const int exponent = static_cast<int>(state >> 3 & 31U) - 20;
        const float magnitude = exponent < 0 ? fraction / static_cast<float>(1U << -exponent)
                                             : fraction * static_cast<float>(1U << exponent);
        value = (state & 1U) != 0 ? -magnitude : magnitude;
    }
    return values;
}

// Makes the compiler believe that the memory is read and written.
void touch(void* memory) { asm volatile("" : : "r"(memory) : "memory"); }

template <class In, class Out>
double rate(std::vector<In>& in, std::vector<Out>& out) {
    double best = 0;
    for (int run = 0; run < runs; ++run) {
        const auto begun = std::chrono::steady_clock::now();
        for (int pass = 0; pass < passes; ++pass) {
            touch(in.data());
            for (std::size_t i = 0; i < count; ++i) out[i] = lowprec::convert<Out>(in[i]);
            touch(out.data());
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
        best = std::max(best, static_cast<double>(count) * passes / took.count() / 1e9);
    }
    return best;
}

template <class F>
void print_row(std::vector<float>& floats) {
    std::vector<F> codes(count);
    const double to_format = rate(floats, codes);
    std::vector<float> back(count);
    const double to_float = rate(codes, back);
    std::printf("%-14s %12.2f %12.2f\n", std::string(lowprec::name_of<F>).c_str(), to_format, to_float);
}

template <class... Fs>
void print_rows(std::tuple<Fs...>*, std::vector<float>& floats) {
    (print_row<Fs>(floats), ...);
}

}  // namespace

int main() {
    std::vector<float> floats = inputs();
    std::printf("%-14s %12s %12s   10^9 elements a second\n", "format", "from float", "to float");
    print_rows(static_cast<lowprec::all_formats*>(nullptr), floats);
}
