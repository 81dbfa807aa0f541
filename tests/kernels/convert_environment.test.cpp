// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Bulk conversion in the floating-point environments that a caller may be in: the bytes are the same, and the environment is
// left as it was, its exception flags included.
// needs: simd
// isa: best
// ctest-label: aarch64
#include <cfenv>
#include <functional>
#include <memory>

#include "support/bulk.hpp"
#include "support/environment.hpp"

namespace {

using namespace bulk;

#if defined(__x86_64__)
std::uint64_t control_and_flags() { return _mm_getcsr(); }
#elif defined(__aarch64__)
std::uint64_t control_and_flags() {
    std::uint64_t control = 0, status = 0;
    asm volatile("mrs %0, fpcr" : "=r"(control));
    asm volatile("mrs %0, fpsr" : "=r"(status));
    return control << 32 | (status & 0x9F);  // without the flag of saturated integers
}
#else
std::uint64_t control_and_flags() {
    return static_cast<std::uint64_t>(std::fegetround()) << 32 |
           static_cast<unsigned>(std::fetestexcept(FE_ALL_EXCEPT));
}
#endif

/// `enter` returns what holds the environment while it lives.
void check(const char* name, const std::function<std::shared_ptr<void>()>& enter) {
    tally results(name);
    std::size_t changed = 0;
    const auto one = [&]<class From, class To, policy P>(const std::vector<typename From::number>& in) {
        using T = typename target_of<To>::type;
        std::vector<T> expected(in.size()), got(in.size());
        by_scalar<To>(in, expected, P, {1, 2});
        for_each_subset([&]<class Isa>(const char* isa) {
            std::uint64_t before = 0, after = 0;
            {
                [[maybe_unused]] const std::shared_ptr<void> guard = enter();
                for (const int flags : {0, FE_INVALID | FE_INEXACT}) {
                    std::feclearexcept(FE_ALL_EXCEPT);
                    if (flags != 0) std::feraiseexcept(flags);
                    before = control_and_flags();
                    run<Isa, From, To, P>({bytes_of(in), 0}, {bytes_of(got), 0}, in.size(), P, {1, 2});
                    after = control_and_flags();
                    if (before != after) break;
                }
            }
            if (before != after && changed++ < 10)
                WARN(isa << " " << From::bits << " to " << name_of<typename To::format> << ": " << before << " became "
                         << after);
            compare(results, in, got, expected, P, isa);
        });
    };
    std::vector<std::uint32_t> patterns;
    add_edges<e4m3>(patterns);
    add_edges<e5m2>(patterns);
    for (std::uint64_t x = 0; x < 1ULL << 32; x += 0x3FFFFF) patterns.push_back(static_cast<std::uint32_t>(x));
    for (std::uint32_t x = 1; x < 0x800000; x = x * 5 / 4 + 1) patterns.push_back(x);  // subnormal
    add_specials(patterns);
    const std::vector<float> floats = as_floats(patterns);
    std::vector<double> doubles;
    for (const float x : floats) doubles.push_back(convert<double>(x));
    constexpr policy up{.round = rounding::upward}, down{.round = rounding::downward},
        zero{.round = rounding::toward_zero}, away{.round = rounding::nearest_away}, odd{.round = rounding::to_odd},
        random{.round = rounding::stochastic};
    one.template operator()<plain<float>, plain<e4m3>, policy{}>(floats);
    one.template operator()<plain<float>, plain<e4m3>, up>(floats);
    one.template operator()<plain<float>, plain<e4m3>, down>(floats);
    one.template operator()<plain<float>, plain<e5m2>, zero>(floats);
    one.template operator()<plain<float>, plain<e5m2>, away>(floats);
    one.template operator()<plain<float>, plain<e4m3>, odd>(floats);
    one.template operator()<plain<float>, plain<e4m3>, random>(floats);
    one.template operator()<plain<float>, plain<e2m1>, policy{}>(floats);
    one.template operator()<plain<float>, plain<e8m0>, policy{}>(floats);
    one.template operator()<plain<float>, plain<fp16>, policy{}>(floats);
    one.template operator()<plain<float>, plain<bf16>, policy{}>(floats);
    one.template operator()<plain<float>, plain<tf32>, policy{}>(floats);
    one.template operator()<plain<float>, rounded<e4m3>, policy{}>(floats);
    one.template operator()<plain<double>, plain<e4m3>, policy{}>(doubles);
    one.template operator()<plain<double>, plain<float>, up>(doubles);
    one.template operator()<plain<float>, plain<double>, policy{}>(floats);
    one.template operator()<plain<e4m3>, plain<float>, policy{}>(all_codes<e4m3>());
    one.template operator()<plain<e5m2>, plain<float>, policy{}>(all_codes<e5m2>());
    one.template operator()<plain<e8m0>, plain<float>, policy{}>(all_codes<e8m0>());
    one.template operator()<plain<e8m0>, plain<double>, policy{}>(all_codes<e8m0>());
    one.template operator()<plain<fp16>, plain<float>, policy{}>(all_codes<fp16>());
    one.template operator()<plain<bf16>, plain<float>, policy{}>(all_codes<bf16>());
    one.template operator()<plain<fp16>, plain<e4m3>, policy{}>(all_codes<fp16>());
    one.template operator()<plain<bf16>, plain<fp16>, policy{}>(all_codes<bf16>());
    one.template operator()<plain<e4m3>, plain<e2m1>, policy{}>(all_codes<e4m3>());
    results.check(24);
    CHECK(changed == 0);
}

}  // namespace

TEST_CASE("bulk conversion with the environment as it is") {
    check("plain", [] { return nullptr; });
}

TEST_CASE("bulk conversion in every rounding mode of the environment") {
    for (const int mode : {FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO}) {
        float directed = 0;
        {
            const rounding_direction guard(mode);
            directed = third();
        }
        CHECK((directed == third()) == (mode == FE_UPWARD));
        check("rounding mode", [mode] { return std::make_shared<rounding_direction>(mode); });
    }
}

TEST_CASE("bulk conversion with denormals flushed") {
    if constexpr (flushed_denormals::available) {
        float flushed = 1;
        {
            const flushed_denormals guard;
            flushed = half_of_smallest_normal();
        }
        CHECK(std::bit_cast<std::uint32_t>(flushed) == 0);
        check("flushed", [] { return std::make_shared<flushed_denormals>(); });
    } else {
        WARN("how to flush denormals on this machine is not known here: not compared");
    }
}
