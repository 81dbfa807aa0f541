// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What docs/usage.md shows: one small piece of each facility.
#include <cstdio>
#include <iostream>
#include <lowprec/charconv.hpp>
#include <lowprec/lowprec.hpp>
#include <lowprec/names.hpp>
#include <lowprec/ostream.hpp>
#include <random>
#include <vector>

using namespace lowprec;

int main() {
    // Many numbers: a loop. Codes are one byte each and trivially copyable.
    const std::vector<float> weights{0.02F, -1.3F, 7.7F, 1000.0F};
    std::vector<e4m3> codes;
    for (const float w : weights) codes.push_back(convert<e4m3>(w));
    for (const e4m3 c : codes) std::cout << c << ' ';
    std::printf("in e4m3; the first has code %02X\n", unsigned{codes[0].bits()});

    // A code from a file, and back to a float.
    std::printf("code 3C is %g\n", double(e4m3::from_bits(0x3C)));

    // A policy known while compiling, one chosen at run time, and a preset.
    constexpr policy up{.round = rounding::upward, .over = overflow::nonfinite};
    policy chosen;
    chosen.round = rounding::toward_zero;
    std::cout << "300: up " << convert<e4m3, up>(300) << ", toward zero " << convert<e4m3>(300, chosen)
              << "; 1000 as CUDA without saturation " << convert<e4m3, presets::cuda_nosat>(1000) << '\n';

    // Stochastic rounding: 290 lies 2/32 of the way from 288 to 320, and goes up that often.
    constexpr policy stochastic{.round = rounding::stochastic, .random_bits = 32};
    std::mt19937 random{1};
    int ups = 0;
    for (int i = 0; i < 16000; ++i) ups += convert<e4m3, stochastic>(290, random()) == e4m3(320) ? 1 : 0;
    std::cout << "290 went up " << ups << " times of 16000\n";

    // What was lost on the way.
    const auto found = inspect<fp16>(1e-7);
    std::cout << "1e-7 in fp16: " << found.value << (found.inexact ? ", inexact" : "")
              << (found.underflow ? ", underflow" : "") << (found.overflow ? ", overflow" : "") << '\n';

    // A format of one's own, and questions that a compiler answers.
    using e3m5 = float_format<1, 3, 5, 3>;
    static_assert(is_lossless_v<e3m4, e3m5> && is_lossless_v<e3m5, bf16>);
    static_assert(representable<e2m1>(6) && !representable<e2m1>(5));
    static_assert(all_values<e2m1>().size() == 16);
    std::cout << name_of<e3m5> << ": largest " << (std::numeric_limits<e3m5>::max)() << ", after 1 comes "
              << next_up(e3m5(1)) << ", ulp of 10 is " << ulp(e3m5(10)) << '\n';

    // Arithmetic rounds once, in the format itself.
    std::cout << "1/3 in bf16: " << bf16(1) / bf16(3) << ", sqrt 2: " << sqrt(bf16(2)) << '\n';

    // Text, exact in both directions; a number past the range is an error, not the largest value.
    e4m3 read{};
    const std::string_view texts[] = {"0.3", "1e9", "x"};
    for (const std::string_view text : texts) {
        const auto result = from_chars(text.data(), text.data() + text.size(), read);
        std::cout << '"' << text << "\": "
                  << (result.ec == std::errc{}                      ? "read"
                      : result.ec == std::errc::result_out_of_range ? "out of range"
                                                                    : "no number")
                  << '\n';
    }

    // From a name met at run time to a type: other systems' spellings, and the P3109 family.
    visit_format("float8_e5m2fnuz", []<class F>() { std::cout << name_of<F> << " has bias " << F::bias << '\n'; });
    visit_p3109("binary8p3se", []<class F>() { std::cout << (std::numeric_limits<F>::max)() << " is its largest\n"; });
}
