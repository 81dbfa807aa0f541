// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: simd
// isa: best
// ctest-label: exhaustive
//
// All 2^32 floats through the bulk kernels of every instruction set of this build, against the scalar function.
#include <cstdio>

#include "support/bulk.hpp"

namespace {

using namespace bulk;

template <class F, policy P = policy{}>
void all_floats() {
    constexpr std::size_t piece = 1 << 20;
    std::vector<std::uint32_t> patterns(piece);
    std::vector<float> in(piece);
    std::vector<F> expected(piece), got(piece);
    tally results("all floats to " + std::string(name_of<F>));
    for (std::uint64_t start = 0; start < 1ULL << 32; start += piece) {
        for (std::size_t i = 0; i < piece; ++i) patterns[i] = static_cast<std::uint32_t>(start + i);
        std::memcpy(in.data(), patterns.data(), 4 * piece);
        for (std::size_t i = 0; i < piece; ++i) expected[i] = convert<F, P>(in[i]);
        for_each_isa([&]<class Isa>(const char* isa) {
            run<Isa, plain<float>, plain<F>, P>({bytes_of(in), 0}, {bytes_of(got), 0}, piece, P);
            compare(results, in, got, expected, P, isa);
        });
    }
    std::printf("%s: %llu arrays of 2^20 floats compared\n", name_of<F>.data(),
                static_cast<unsigned long long>(results.compared()));
    std::fflush(stdout);
    std::uint64_t sets = 0;
    for_each_isa([&]<class Isa>(const char*) { ++sets; });
    results.check(4096 * sets);
}

}  // namespace

TEST_CASE("all 2^32 floats to e4m3 in bulk") { all_floats<e4m3>(); }
TEST_CASE("all 2^32 floats to e5m2 in bulk") { all_floats<e5m2>(); }
TEST_CASE("all 2^32 floats to fp16 in bulk") { all_floats<fp16>(); }
TEST_CASE("all 2^32 floats to bf16 in bulk") { all_floats<bf16>(); }
TEST_CASE("all 2^32 floats to e2m1 in bulk") { all_floats<e2m1>(); }
TEST_CASE("all 2^32 floats to e4m3 in bulk, upward") { all_floats<e4m3, policy{.round = rounding::upward}>(); }
