// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// GPTQ of a 4096 x 4096 layer, calibrated on 2048 rows, so that its Gram matrix is singular: at most 25 s on two threads and 512 MiB
// above its inputs, in a Release build on a machine that does nothing else.
// needs: ptq
// ctest-label: exhaustive
#include <lowprec/ptq.hpp>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

// In KiB: what the process holds now ("VmRSS:"), or held at most ("VmHWM:").
std::size_t memory(const std::string& what) {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word)
        if (word == what) {
            std::size_t kib = 0;
            status >> kib;
            return kib;
        }
    return 0;
}

double normal(random_bits& random) {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(random() >> 11) * 0x1p-53;
    return sum;
}

class clock_of {
public:
    double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }

private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

void on_two_threads(std::size_t count, const std::function<void(std::size_t)>& task) {
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t i; (i = next++) < count;) task(i);
    };
    std::thread other(work);
    work();
    other.join();
}

}  // namespace

TEST_CASE("4096 x 4096 within its time and memory") {
    constexpr std::size_t n = 4096, tokens = 2048;
    random_bits random{1};
    std::vector<float> weights(n * n), x(tokens * n);
    for (auto& w : weights) w = static_cast<float>(0.02 * normal(random));
    for (std::size_t t = 0; t < tokens; ++t) {  // neighbouring columns depend on each other
        double before = 0;
        for (std::size_t j = 0; j < n; ++j) {
            before = 0.9 * before + std::sqrt(1 - 0.81) * normal(random);
            x[t * n + j] = static_cast<float>(before);
        }
    }
    ptq_run run;
    run.in_parallel = on_two_threads;
    input_statistics seen(n);
    const clock_of gathering;
    seen.add(x, tokens, {}, run);
    std::printf("Gram matrix: %.1f s\n", gathering.seconds());
    x = {};

    gptq_options options;
    options.run = run;
    double last = 0;
    std::string stage;
    const clock_of all;
    options.run.report = [&](const ptq_progress& at) {
        if (stage != at.stage) {
            if (!stage.empty()) std::printf("%s: %.1f s\n", stage.c_str(), all.seconds() - last);
            last = all.seconds();
            stage = at.stage;
        }
        return true;
    };
    const std::size_t before = memory("VmRSS:");
    const auto result = gptq(weights, n, seen.gram(), integer_target<affine<4>>{granularity::group(128)}, options);
    const double seconds = all.seconds();
    std::printf("%s: %.1f s\n", stage.c_str(), seconds - last);
    const double above = (static_cast<double>(memory("VmHWM:")) - static_cast<double>(before)) / 1024;
    std::printf("4096 x 4096: %.1f s, %.0f MiB above its inputs, damping %g, loss %g\n", seconds, above, result.damping,
                result.loss);
    CHECK(result.status == ptq_status::done);
    CHECK(seconds <= 25);
    CHECK(above <= 512);

    const auto loss_of = [&](const std::vector<float>& back) {
        double sum = 0;
        for (std::size_t r = 0; r < 8; ++r) {
            detail::row_major_matrix d(1, static_cast<Eigen::Index>(n));
            for (std::size_t j = 0; j < n; ++j)
                d.data()[j] = static_cast<double>(back[r * n + j]) - static_cast<double>(weights[r * n + j]);
            sum += detail::quadratic_form(d, seen.gram(), n);
        }
        return sum;
    };
    const double plain =
        loss_of(restored(round_to_nearest(weights, n, integer_target<affine<4>>{granularity::group(128)})));
    const double better = loss_of(restored(result));
    std::printf("loss of eight rows: round to nearest %g, GPTQ %g\n", plain, better);
    CHECK(better < 0.8 * plain);
}
