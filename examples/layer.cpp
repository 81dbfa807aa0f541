// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: simd
// needs: cli11
//
// One layer of a transformer in every kind of weights that matrix products take: how fast it is, and how far its outputs are from
// float32's. It is as fast as the instruction set that it is compiled for: configure with -DCMAKE_CXX_FLAGS=-march=native.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <lowprec/block_formats.hpp>
#include <lowprec/kernels/blocks.hpp>
#include <lowprec/kernels/matmul.hpp>
#include <random>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "thread_pool.hpp"

namespace {

using namespace lowprec;

struct arguments {
    std::size_t outputs = 4096, inputs = 4096;
    std::vector<std::size_t> tokens{1, 32};
    std::size_t threads = 1;
    double seconds = 0.2;
    std::size_t megabytes = 256;
    bool small = false;
};

std::vector<float> normal_numbers(std::size_t count, float deviation, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, deviation);
    std::vector<float> x(count);
    for (float& v : x) v = normal(random);
    return x;
}

/// The layer in float32, and what is measured of others.
class layer {
public:
    explicit layer(const arguments& args)
        : args_{args},
          n_{args.outputs},
          k_{args.inputs},
          weights_{normal_numbers(n_ * k_, 1 / std::sqrt(static_cast<float>(k_)), 1)},
          pool_{args.threads} {
        for (const std::size_t m : args.tokens) {
            batch b{m, normal_numbers(m * k_, 1, 2), std::vector<float>(m * n_)};
            pool_(n_, [&](std::size_t r) {
                for (std::size_t i = 0; i < m; ++i) b.exact[i * n_ + r] = dot(&b.x[i * k_], &weights_[r * k_]);
            });
            batches_.push_back(std::move(b));
        }
    }

    [[nodiscard]] const std::vector<float>& weights() const { return weights_; }

    /// Activations as X, or the codes that quantize(x, rows) makes of them beforehand; times the weights and prints.
    template <class W, class Inputs, class Multiply>
    void measure(const char* kind, const char* activations, const W& weights, const Inputs& inputs_of,
                 const Multiply& multiply) {
        // copies take turns, so that each comes from memory as in a network of many layers
        const std::size_t bytes = weights.bytes().size();
        const std::vector<W> copies(1 + (args_.megabytes << 20) / (bytes + 1), weights);
        for (const batch& b : batches_) {
            const auto x = inputs_of(b.x, b.m);
            std::vector<float> y(b.m * n_);
            double best = 1e9, all = 0;
            for (std::size_t turn = 0; turn < 3 || all < args_.seconds; ++turn) {
                const auto begin = std::chrono::steady_clock::now();
                multiply(x, copies[turn % copies.size()], y);
                const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
                best = (std::min)(best, took);
                all += took;
            }
            const double operations = 2.0 * static_cast<double>(b.m) * static_cast<double>(n_ * k_);
            std::printf("%-16s %-10s %6.3f %4zu %9.1f %8.2f %8.3f\n", kind, activations,
                        8 * static_cast<double>(bytes) / static_cast<double>(n_ * k_), b.m, operations / best * 1e-9,
                        static_cast<double>(bytes) / best * 1e-9, 100 * relative_error(y, b.exact));
        }
    }

    /// Activations in float, bf16 and fp16.
    template <class W>
    void measure_floats(const char* kind, const W& weights) {
        const auto multiply = [&](const auto& x, const W& w, std::vector<float>& y) { matmul(x, w, y, {}, pool_); };
        measure(
            kind, "f32", weights, [](const std::vector<float>& x, std::size_t) { return x; }, multiply);
        measure(kind, "bf16", weights, in_format<bf16>, multiply);
        measure(kind, "fp16", weights, in_format<fp16>, multiply);
    }
    /// Activations that become int8 in the call, each row by itself.
    template <class W>
    void measure_int8(const char* kind, const W& weights) {
        measure(
            kind, "int8", weights, [](const std::vector<float>& x, std::size_t) { return x; },
            [&](const auto& x, const W& w, std::vector<float>& y) { matmul_int8(x, w, y, {}, pool_); });
    }
    /// Activations that are blocks of the same kind.
    template <class B>
    void measure_blocks(const char* kind, const prepared<block_tensor<B>>& weights) {
        measure(
            kind, "the same", weights, [&](const std::vector<float>& x, std::size_t) { return quantize<B>(x, k_); },
            [&](const block_tensor<B>& x, const auto& w, std::vector<float>& y) { matmul(x.view(), w, y, {}, pool_); });
    }

private:
    struct batch {
        std::size_t m;
        std::vector<float> x, exact;
    };

    template <class F>
    static std::vector<F> in_format(const std::vector<float>& x, std::size_t) {
        return convert_to<F>(x);
    }
    [[nodiscard]] float dot(const float* x, const float* w) const {
        double sum = 0;
        for (std::size_t c = 0; c < k_; ++c) sum += static_cast<double>(x[c]) * static_cast<double>(w[c]);
        return static_cast<float>(sum);
    }
    static double relative_error(const std::vector<float>& y, const std::vector<float>& exact) {
        double error = 0, all = 0;
        for (std::size_t i = 0; i < y.size(); ++i) {
            const double e = static_cast<double>(exact[i]), d = static_cast<double>(y[i]) - e;
            error += d * d;
            all += e * e;
        }
        return std::sqrt(error / all);
    }

    arguments args_;
    std::size_t n_, k_;
    std::vector<float> weights_;
    thread_pool pool_;
    std::vector<batch> batches_;
};

/// e4m3 with float scales: each tile's largest magnitude becomes 448.
prepared<scaled_span<e4m3>> in_fp8(const std::vector<float>& weights, std::size_t n, std::size_t k, scale_tiling by) {
    const std::size_t across = (k - 1) / by.columns + 1;
    std::vector<float> scales(((n - 1) / by.rows + 1) * across);
    const auto scale_of = [&](std::size_t i) -> float& {
        return scales[i / k / by.rows * across + i % k / by.columns];
    };
    for (std::size_t i = 0; i < n * k; ++i) scale_of(i) = (std::max)(scale_of(i), std::fabs(weights[i]) / 448);
    std::vector<e4m3> codes(n * k);
    for (std::size_t i = 0; i < n * k; ++i) codes[i] = convert<e4m3>(weights[i] / scale_of(i));
    return prepare(scaled_span<e4m3>(n, k, by, codes, scales));
}

/// NF4: the nearest of the table's numbers, times each group's largest magnitude.
prepared<codebook_span> in_nf4(const std::vector<float>& weights, std::size_t n, std::size_t k, std::size_t group) {
    const std::size_t groups = (k - 1) / group + 1, bytes = (k + 1) / 2;
    std::vector<float> scales(n * groups);
    std::vector<std::byte> codes(n * bytes);
    for (std::size_t r = 0; r < n; ++r)
        for (std::size_t g = 0; g < groups; ++g) {
            const std::size_t first = g * group, end = (std::min)(k, first + group);
            float& scale = scales[r * groups + g];
            for (std::size_t c = first; c < end; ++c) scale = (std::max)(scale, std::fabs(weights[r * k + c]));
            for (std::size_t c = first; c < end; ++c) {
                const float x = weights[r * k + c] / scale;
                unsigned code = 0;
                while (code < 15 && x > (nf4_table[code] + nf4_table[code + 1]) / 2) ++code;
                codes[r * bytes + c / 2] |= static_cast<std::byte>(code << c % 2 * 4);
            }
        }
    return prepare(codebook_span(n, k, group, codes, scales, nf4_table));
}

template <class B>
prepared<block_tensor<B>> in_blocks(const std::vector<float>& weights, std::size_t k) {
    return prepare(quantize<B>(weights, k));
}

void run(const arguments& args) {
    const std::size_t n = args.outputs, k = args.inputs;
    layer all(args);
    const std::vector<float>& w = all.weights();
    std::printf("%zu x %zu weights, %zu thread%s, compiled for %s\n\n%-16s %-10s %6s %4s %9s %8s %8s\n", n, k,
                args.threads, args.threads == 1 ? "" : "s", simd::native::arch::name(), "weights", "inputs", "bits",
                "m", "Gop/s", "GB/s", "error, %");
    const auto int8 = prepare(quantize<affine<8>>(w, n, k, granularity::row()));
    all.measure_int8("int8, row", int8);
    all.measure_floats("int8, row", int8);
    const auto int4 = prepare(quantize<affine<4>, affine_policy{}, fp16>(w, n, k, granularity::group(128)));
    all.measure_int8("int4, 128", int4);
    all.measure_floats("int4, 128", int4);
    const auto fp4 = in_blocks<nvfp4>(w, k);
    all.measure_blocks<nvfp4>("nvfp4", fp4);
    all.measure_floats("nvfp4", fp4);
    all.measure_floats("mxfp4", in_blocks<mxfp4>(w, k));
    all.measure_floats("mxfp6_e2m3", in_blocks<mxfp6_e2m3>(w, k));
    all.measure_floats("mxfp8_e4m3", in_blocks<mxfp8_e4m3>(w, k));
    all.measure_floats("e4m3, tensor", in_fp8(w, n, k, scale_tiling::tensor()));
    all.measure_floats("e4m3, row", in_fp8(w, n, k, scale_tiling::row()));
    all.measure_floats("e4m3, 128 x 128", in_fp8(w, n, k, scale_tiling::square()));
    all.measure_floats("nf4, 64", in_nf4(w, n, k, 64));
    std::printf(
        "\nBits: all that is read, over the number of weights. m: tokens. Gop/s: a multiplication and an addition are "
        "two.\n"
        "GB/s: of weights, which come from memory. Error: of the outputs, beside the layer in float32, root mean "
        "square over\n"
        "root mean square, with the inputs' rounding.\n");
}

}  // namespace

int main(int argc, char** argv) try {
    arguments args;
    CLI::App app{"Times one layer of a transformer in every kind of quantized weights."};
    app.add_option("--outputs", args.outputs, "output channels")->check(CLI::Range(1, 1 << 20))->capture_default_str();
    app.add_option("--inputs", args.inputs, "inputs of each")->check(CLI::Range(1, 1 << 16))->capture_default_str();
    app.add_option("--tokens", args.tokens, "rows of activations; may be several")
        ->check(CLI::Range(1, 1 << 16))
        ->capture_default_str();
    app.add_option("--threads", args.threads, "threads")->check(CLI::Range(1, 1024))->capture_default_str();
    app.add_option("--seconds", args.seconds, "of each measurement")
        ->check(CLI::Range(0.0, 60.0))
        ->capture_default_str();
    app.add_option("--megabytes", args.megabytes,
                   "of copies of the weights, which take turns; more than the caches hold")
        ->check(CLI::Range(0, 1 << 16))
        ->capture_default_str();
    app.add_flag("--small", args.small, "256 x 256 and no time, to see that it runs");
    CLI11_PARSE(app, argc, argv);
    if (args.small) {
        args.outputs = args.inputs = 256;
        args.seconds = 0;
        args.megabytes = 0;
    }
    run(args);
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "layer: %s\n", error.what());
    return 1;
}
