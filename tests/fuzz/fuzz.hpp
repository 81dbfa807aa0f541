// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What the fuzz targets share: numbers out of the fuzzer's bytes, and promises whose breaking ends the program.
#ifndef LOWPREC_TESTS_FUZZ_FUZZ_HPP
#define LOWPREC_TESTS_FUZZ_FUZZ_HPP

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <lowprec/policy.hpp>
#include <memory>
#include <span>
#include <type_traits>

namespace fuzz {

inline void promise(bool kept, const char* what) {
    if (kept) return;
    std::fprintf(stderr, "broken promise: %s\n", what);
    std::abort();
}

/// The fuzzer's bytes, taken from the front; zeros after the last.
class input {
public:
    input(const std::uint8_t* data, std::size_t size) : left_(data, size) {}

    template <class T>
        requires std::is_trivially_copyable_v<T> T take() {
            unsigned char bytes[sizeof(T)] = {};
            const std::size_t size = left_.size() < sizeof(T) ? left_.size() : sizeof(T);
            if (size != 0) std::memcpy(bytes, left_.data(), size);
            left_ = left_.subspan(size);
            return std::bit_cast<T>(bytes);
        }
    /// 0 to most.
    unsigned up_to(unsigned most) { return take<std::uint16_t>() % (most + 1); }
    /// One of 0 to Last as an enumerator.
    template <class Enum>
    Enum one_of(Enum last) {
        return static_cast<Enum>(take<std::uint8_t>() % (static_cast<unsigned>(last) + 1));
    }
    [[nodiscard]] bool empty() const { return left_.empty(); }
    [[nodiscard]] std::size_t size() const { return left_.size(); }
    [[nodiscard]] std::span<const std::uint8_t> rest() const { return left_; }

    /// Floats that quantizers find hard: any bits, or few bits and a moderate exponent, where ties are.
    float number() {
        const auto kind = take<std::uint8_t>();
        if (kind < 128) return take<float>();
        const auto bits = static_cast<std::uint32_t>(take<std::uint16_t>());
        const std::uint32_t exponent = 127 - 8 + kind % 16;
        return std::bit_cast<float>((bits & 1) << 31 | exponent << 23 | (bits >> 1 & 0x7FFF) << 8);
    }

    lowprec::policy conversion_policy() {
        using namespace lowprec;
        return {.round = one_of(rounding::stochastic),
                .over = one_of(overflow::infinity),
                .infinity = one_of(infinity_input::nan_if_at_zero),
                .nan = one_of(nan_input::cuda),
                .sign_of_nan = one_of(nan_sign::drop),
                .no_nan = one_of(nan_missing::opposite_zero),
                .negative = one_of(negative_input::ignore_sign),
                .no_zero = one_of(zero_missing::nan_for_zero),
                .method = one_of(stochastic_method::c),
                .random_bits = 1 + take<std::uint8_t>() % 64};
    }

private:
    std::span<const std::uint8_t> left_;
};

/// A heap block of exactly `count` elements, so that a step beyond either end is seen. Elements begin `offset` bytes past an
/// aligned address where T has no alignment to keep.
template <class T>
class exact_block {
public:
    explicit exact_block(std::size_t count) : memory_(std::make_unique<T[]>(count)), count_(count) {}
    [[nodiscard]] std::span<T> span() const { return {memory_.get(), count_}; }
    T& operator[](std::size_t i) const { return memory_[i]; }

private:
    std::unique_ptr<T[]> memory_;
    std::size_t count_;
};

[[nodiscard]] inline bool is_finite(float x) { return (std::bit_cast<std::uint32_t>(x) & 0x7F800000) != 0x7F800000; }
[[nodiscard]] inline bool is_nan(float x) { return (std::bit_cast<std::uint32_t>(x) & 0x7FFFFFFF) > 0x7F800000; }
[[nodiscard]] inline bool same_bits(float a, float b) {
    return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

}  // namespace fuzz

#endif
