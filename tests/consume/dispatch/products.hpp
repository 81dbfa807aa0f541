// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Matrix products of every kind that lowprec_dispatch takes, listed in CMakeLists.txt: main.cpp has them chosen at start-up,
// plain.cpp as its flags say. Both print the checksum of every byte of the results.
#ifndef LOWPREC_TESTS_CONSUME_DISPATCH_PRODUCTS_HPP
#define LOWPREC_TESTS_CONSUME_DISPATCH_PRODUCTS_HPP

#include <cstdint>
#include <cstring>
#include <lowprec/kernels/matmul.hpp>
#include <span>
#include <stdexcept>
#include <vector>

namespace {

using namespace lowprec;

struct products {
    std::uint64_t checksum = 0xCBF29CE484222325;  ///< of all
    std::uint64_t exact = 0xCBF29CE484222325;     ///< of what doesn't depend on the instruction set
    int wrong = 0;

    template <class T>
    static void add(std::uint64_t& to, const std::vector<T>& y) {
        std::vector<unsigned char> bytes(y.size() * sizeof(T));
        std::memcpy(bytes.data(), y.data(), bytes.size());
        for (const unsigned char byte : bytes) to = (to ^ byte) * 0x100000001B3;
    }
};

/// Tasks in no order that a loop would take.
struct backwards {
    template <class Task>
    void operator()(std::size_t tasks, Task&& task) const {
        while (tasks != 0) task(--tasks);
    }
};
struct broken {
    template <class Task>
    void operator()(std::size_t, Task&&) const {
        throw std::length_error("no tasks today");
    }
};

template <class Error, class Call>
int refuses(Call&& call) {
    try {
        call();
    } catch (const Error&) {
        return 0;
    }
    return 1;
}

/// Numbers that are the same everywhere.
class random {
public:
    std::uint32_t next() noexcept { return state_ = state_ * 1664525U + 1013904223U; }
    void fill(std::span<float> to) noexcept {
        for (float& x : to) x = static_cast<float>(static_cast<std::int32_t>(next())) * 0x1p-31F;
    }
    void fill(std::span<std::byte> to) noexcept {
        for (std::byte& x : to) x = static_cast<std::byte>(next() >> 24);
    }
    template <class A, class S>
    affine_matrix<A, S> integers(std::size_t rows, std::size_t columns, granularity by) {
        affine_matrix<A, S> m(rows, columns, by);
        fill(m.view().codes());
        for (S& scale : m.view().scales()) scale = convert<S>(0.01F + 0x1p-16F * static_cast<float>(next() >> 24));
        return m;
    }
    template <class B>
    block_tensor<B> blocks(std::size_t rows, std::size_t columns) {
        block_tensor<B> m(rows, columns);
        fill(m.codes());
        for (std::byte& scale : m.scales()) scale = static_cast<std::byte>(0x28 + (next() >> 27));
        m.set_tensor_scale(0.75F);
        return m;
    }

private:
    std::uint32_t state_ = 1;
};

inline products all_products() {
    constexpr std::size_t n = 70, k = 320;
    products result;
    random source;
    std::vector<float> bias(n);
    source.fill(bias);
    const auto int4 = prepare(source.integers<affine<4>, fp16>(n, k, granularity::group(64)));
    const auto int8 = prepare(source.integers<affine<8>, float>(n, k, granularity::row()));
    const auto fp4 = prepare(source.blocks<nvfp4>(n, k));
    const auto loaded = std::remove_cvref_t<decltype(int4)>::from_bytes(int4.bytes());

    for (const std::size_t m : {1U, 7U, 61U}) {
        std::vector<float> x(m * k), y(m * n), again(m * n);
        source.fill(x);
        std::vector<bf16> narrow(m * k), short_y(m * n);
        for (std::size_t i = 0; i < m * k; ++i) narrow[i] = convert<bf16>(x[i]);
        matmul(narrow, int4, y, {bias, activation::relu});
        matmul(narrow, loaded, again, {bias, activation::relu}, backwards{});
        result.wrong += y != again ? 1 : 0;
        products::add(result.checksum, y);

        const auto codes = source.integers<affine<8>, float>(m, k, granularity::tensor());
        std::vector<std::int32_t> sums(m * n);
        matmul_sums(codes.view(), int8, sums);
        products::add(result.exact, sums);
        std::vector<std::int8_t> requantized(m * n);
        matmul_requantized(codes.view(), int8, affine<8>::from_amax(16), requantized, {}, backwards{});
        products::add(result.exact, requantized);
        matmul(codes.view(), int8, y, {bias, activation::none}, backwards{});
        products::add(result.checksum, y);

        const auto blocks = source.blocks<nvfp4>(m, k);
        matmul(blocks.view(), fp4, short_y);
        products::add(result.exact, short_y);

        // What is refused, and what an executor throws, comes through.
        result.wrong += refuses<std::invalid_argument>([&] { matmul(narrow, int4, std::span(y).first(n - 1)); });
        result.wrong += refuses<std::length_error>([&] { matmul(narrow, int4, y, {}, broken{}); });
    }
    return result;
}

}  // namespace

#endif
