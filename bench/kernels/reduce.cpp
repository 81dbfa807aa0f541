// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: simd
//
// What the reductions cost, as a ratio to a loop that only reads the same bytes: 1 is as fast as reading, .5 half as fast.
// Medians of interleaved rounds, one thread. An
// argument limits it to the rows whose names contain it; do so, for instructions of 512 bits slow down what comes next.
#include <lowprec/kernels/reduce.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace lowprec;
using detail::reduction;

template <class Isa>
[[gnu::noinline]] void read(const std::byte* from, std::size_t count) {
    const std::byte* const end = from + 4 * count;
    constexpr std::size_t bytes = 4 * static_cast<std::size_t>(detail::lanes<Isa>);
    for (; from != end; from += 8 * bytes)
        for (std::size_t i = 0; i < 8; ++i) {
            auto x = static_cast<typename detail::u32<Isa>::register_type>(
                detail::load_from<detail::u32<Isa>>(from + i * bytes));
            asm volatile("" : : "v"(x));
        }
}

struct contender {
    std::string name;
    void (*run)(const std::byte* from, std::size_t count, std::size_t n, std::byte* to);
    std::size_t n = 0;  // 0: everything
    std::vector<double> seconds;
};

template <class Isa>
void add_contenders(std::vector<contender>& all, const std::string& isa) {
    const auto add = [&]<reduction R>(const char* name) {
        for (const std::size_t n : {0U, 16U, 20U, 32U, 64U, 128U, 1024U}) {
            const std::string row = isa + ' ' + name + (n == 0 ? "" : ' ' + std::to_string(n));
            all.push_back({row, &detail::reduce_blocks<R, Isa>, n, {}});
            if constexpr (Isa::has(simd::avx512) && !detail::is_sum<R>)
                all.push_back({row + " generic", &detail::reduce_by_vectors_apart<R, Isa>, n, {}});
        }
    };
    add.template operator()<reduction::abs_max>("abs_max");
    add.template operator()<reduction::min_max>("min_max");
    add.template operator()<reduction::sum>("sum");
    add.template operator()<reduction::sum_of_squares>("sum_of_squares");
}

double median(std::vector<double> x) {
    std::nth_element(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2), x.end());
    return x[x.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
    const std::string only = argc > 1 ? argv[1] : "";
    std::vector<contender> all;
    all.push_back(
        {"read",
         [](const std::byte* from, std::size_t count, std::size_t, std::byte*) { read<simd::native>(from, count); },
         0,
         {}});
    add_contenders<simd::native>(all, "native");
    if constexpr (simd::native::has(simd::avx512)) add_contenders<simd::isa<simd::avx2>>(all, "avx2");
    if constexpr (simd::native::has(simd::avx2)) add_contenders<simd::isa<simd::base>>(all, "base");
    add_contenders<simd::isa<simd::scalar>>(all, "scalar");
    std::erase_if(all, [&](const contender& c) { return c.name != "read" && c.name.find(only) == std::string::npos; });

    std::vector<std::vector<double>> ratios(all.size());

    for (const std::size_t count : {std::size_t{1} << 12, std::size_t{1} << 17, std::size_t{1} << 26}) {
        std::vector<float> memory(count + 16);
        const std::size_t past = reinterpret_cast<std::uintptr_t>(memory.data()) / 4 % 16;
        const std::span<float> in = std::span(memory).subspan(16 - past, count);
        std::vector<std::byte> out(count * 8 / 16 + 64);
        std::uint32_t state = 1;
        for (float& x : in) {
            state = state * 1664525U + 1013904223U;
            x = static_cast<float>(static_cast<std::int32_t>(state)) * 0x1p-31F;
        }
        const std::size_t repeats = std::max<std::size_t>(1, (std::size_t{1} << 21) / count);
        const int rounds = count > (1U << 20) ? 15 : 61;
        for (contender& c : all) c.seconds.clear();
        for (int round = 0; round < rounds; ++round)
            for (contender& c : all) {
                const auto start = std::chrono::steady_clock::now();
                for (std::size_t i = 0; i < repeats; ++i)
                    c.run(reinterpret_cast<const std::byte*>(in.data()), count, c.n == 0 ? count : c.n, out.data());
                c.seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
            }
        const double reading = median(all[0].seconds) / static_cast<double>(repeats);
        std::printf("%zu floats: reading takes %.3g us, %.1f GB/s\n", count, reading * 1e6,
                    4e-9 * static_cast<double>(count) / reading);
        for (std::size_t i = 0; i < all.size(); ++i)
            ratios[i].push_back(median(all[0].seconds) / median(all[i].seconds));
    }
    std::printf("%-28s %6s %6s %6s\n", "", "L1", "L2", "memory");
    for (std::size_t i = 0; i < all.size(); ++i)
        std::printf("%-28s %6.2f %6.2f %6.2f\n", all[i].name.c_str(), ratios[i][0], ratios[i][1], ratios[i][2]);
}
