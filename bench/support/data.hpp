// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The numbers that are converted. "plain": random normal numbers of the narrower format's range. "mixed": two thirds of
// that, and between them everything that a fast path might leave out, 3 % infinities and 3 % NaN among it: few vectors are
// without. "rare specials": the same with one of each in 2000.
#ifndef LOWPREC_BENCH_SUPPORT_DATA_HPP
#define LOWPREC_BENCH_SUPPORT_DATA_HPP

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <lowprec/lowprec.hpp>
#include <span>
#include <string>
#include <type_traits>

namespace lowprec_bench {

/// The same numbers in every run.
class random_numbers {
public:
    std::uint64_t next() {  // splitmix64
        std::uint64_t x = state_ += 0x9E3779B97F4A7C15U;
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9U;
        x = (x ^ x >> 27) * 0x94D049BB133111EBU;
        return x ^ x >> 31;
    }
    std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>((next() >> 32) * end >> 32); }
    double between(double low, double high) { return low + (high - low) * static_cast<double>(next() >> 11) * 0x1p-53; }

private:
    std::uint64_t state_ = 1;
};

/// Floats for a conversion into Target, a format or a built-in floating-point type.
template <class Target>
class float_source {
    using limits = std::numeric_limits<Target>;

public:
    explicit float_source(const std::string& data) : mixed_{data != "plain"}, rare_specials_{data == "rare specials"} {}

    float next() {
        const std::uint32_t sign = limits::is_signed || mixed_ ? random_.below(2) << 31 : 0U;
        return std::bit_cast<float>(std::bit_cast<std::uint32_t>(mixed_ ? any() : normal()) | sign);
    }

private:
    float normal() { return static_cast<float>(std::exp2(random_.between(lowest_, highest_))); }

    float any() {
        const std::uint32_t kind = random_.below(100);
        if (kind < 66) return normal();
        if (kind < 76) return static_cast<float>(random_.between(0, std::exp2(lowest_)));  // subnormal there
        if (kind < 82) return static_cast<float>(std::min(std::exp2(highest_ + random_.between(-0.1, 8)), float_max));
        if (kind < 85) return std::bit_cast<float>(random_.below(1U << 23));  // subnormal here
        if (kind < 90) return halfway(normal());
        if (kind < 94) return 0;
        if (rare_specials_ && random_.below(64) != 0) return normal();
        if (kind < 97) return std::numeric_limits<float>::infinity();
        return std::bit_cast<float>(0x7F800001U + random_.below((1U << 23) - 1));  // NaN
    }

    /// Between two neighbours of the target.
    static float halfway(float x) {
        constexpr int cut = 24 - limits::digits;
        if constexpr (cut < 1) {
            return x;
        } else {
            const std::uint32_t bits = std::bit_cast<std::uint32_t>(x) >> cut << cut;
            return std::bit_cast<float>(bits | 1U << (cut - 1));
        }
    }

    static constexpr auto float_max = static_cast<double>(std::numeric_limits<float>::max());
    double lowest_ = std::max(std::log2(static_cast<double>(limits::min())), -126.0);
    double highest_ = std::log2(std::min(static_cast<double>(limits::max()), float_max));
    bool mixed_, rare_specials_;
    random_numbers random_;
};

/// Fills `in`; Out is what the numbers will be converted into.
template <class Out, class In>
void fill(std::span<In> in, const std::string& data) {
    if constexpr (sizeof(In) == 1) {
        const bool plain = data == "plain";
        random_numbers random;
        for (In& x : in) {
            do x = In::from_bits(static_cast<typename In::storage_type>(random.next()));
            while (plain && (!lowprec::isfinite(x) || lowprec::abs(x) < std::numeric_limits<In>::min()));
        }
    } else {
        constexpr bool narrowing = std::numeric_limits<Out>::digits < std::numeric_limits<In>::digits;
        float_source<std::conditional_t<narrowing, Out, In>> source(data);
        random_numbers random;
        for (In& x : in) {
            const float number = source.next();
            if constexpr (std::is_same_v<In, float>) {
                x = number;
            } else if constexpr (std::is_same_v<In, double>) {
                // the low bits, too, but not of a number whose bits were chosen
                const auto low = std::bit_cast<std::uint32_t>(number) % 8 == 0 ? 0U : random.next() >> 35;
                x = std::bit_cast<double>(std::bit_cast<std::uint64_t>(static_cast<double>(number)) | low);
            } else {
                x = lowprec::convert<In>(number);
            }
        }
    }
}

}  // namespace lowprec_bench

#endif
