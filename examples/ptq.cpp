// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: io
// needs: ptq
// needs: zlib
//
// What post-training quantization does to two real networks: method x bits x group x network. See docs/ptq_results.md.
//
//     ptq [--quick] [--svg PREFIX] [--data FOLDER]
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "networks/outliers.hpp"
#include "ptq/expectations.hpp"
#include "ptq/experiment.hpp"
#include "ptq/picture.hpp"
#include "ptq/plan.hpp"
#include "ptq/results.hpp"
#include "ptq/table.hpp"

namespace {

using namespace ptq;

struct arguments {
    bool quick = false;
    std::string svg;
    std::string data = "/usr/share/datasets/fashion-mnist";
};

arguments arguments_of(std::span<char*> words) {
    arguments args;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string_view word = words[i];
        const auto next = [&]() -> std::string {
            if (i + 1 == words.size()) throw std::runtime_error(std::string(word) + " needs a value");
            return words[++i];
        };
        if (word == "--quick")
            args.quick = true;
        else if (word == "--svg")
            args.svg = next();
        else if (word == "--data")
            args.data = next();
        else
            throw std::runtime_error("'" + std::string(word) + "' is none of --quick, --svg PREFIX, --data FOLDER");
    }
    return args;
}

/// How many rows are done, on stderr if that is a terminal.
class progress {
public:
    explicit progress(std::size_t rows) : rows_{rows}, visible_{isatty(STDERR_FILENO) != 0} {}
    void operator()() {
        const std::size_t done = ++done_;
        if (visible_) std::fprintf(stderr, done == rows_ ? "\r\033[K" : "\r%zu of %zu rows", done, rows_);
    }

private:
    std::size_t rows_;
    bool visible_;
    std::atomic<std::size_t> done_ = 0;
};

void compare(const arguments& args) {
    const auto begun = std::chrono::steady_clock::now();
    const auto folder = (std::filesystem::path{__FILE__}.parent_path() / "data").string();
    const std::size_t calibration = args.quick ? 4096 : 16384, characters = args.quick ? 2048 : 16384;
    const std::vector<std::uint64_t> seeds =
        args.quick ? std::vector<std::uint64_t>{1} : std::vector<std::uint64_t>{1, 2, 3};
    const auto plan = text_plan(args.quick), plan_of_images = image_plan(args.quick);
    progress bar(plan.size() * (1 + seeds.size()) + plan_of_images.size());
    const row_done done = [&bar] { bar(); };

    const text_experiment text(folder, calibration, characters);
    const auto plain = text_results(text, plan, {text.run(text.net, plan, done)});
    std::vector<std::vector<outcome>> by_seed;
    for (const auto seed : seeds) {
        auto net = text.net;
        networks::inject_outliers(net, seed);
        by_seed.push_back(text.run(net, plan, done));
    }
    const auto injected = text_results(text, plan, by_seed);
    const image_experiment images(folder + "/fashion_mnist_mlp.safetensors", args.data, args.quick ? 1000 : 10000);
    const auto pictures = image_results(images, plan_of_images, images.run(plan_of_images, done));

    std::cout << "Character-level GPT, 4 layers of width 128; " << text.inputs().size()
              << " held-out characters, calibrated on " << text.calibration.size()
              << " others.\nUnquantized: perplexity " << formatted("%.4f", text.unquantized.perplexity()) << ", "
              << formatted("%.2f", 100 * text.unquantized.accuracy()) << " % of characters right\n\n";
    print_table(std::cout, plain, false);
    std::cout << "\nThe same with injected outliers: 4 channels of 128 behind each norm times 32, mean of "
              << seeds.size() << (seeds.size() == 1 ? " seed\n\n" : " seeds\n\n");
    print_table(std::cout, injected, true);
    std::cout << "\nFashion-MNIST, 784-256-128-10 ReLU network, " << images.images.test.rows()
              << " test images, calibrated on " << images.images.calibration.rows() << " training images\nin which "
              << images.images.silent.size() << " pixels are never lit; woken: the " << images.images.woken.size()
              << " test images in which one of them is.\nUnquantized: "
              << formatted("%.2f", 100 * images.unquantized.accuracy()) << " % right\n\n";
    print_table(std::cout, pictures);
    std::cout << "\nChange: of the perplexity from the unquantized network's. In parentheses: the standard error of "
                 "the difference, in "
                 "pairs; the\nunit is a window of "
              << text_experiment::window
              << " characters, the mean over the seeds, or an image. \"No difference\": below two of them.\nQuantized "
                 "in: the "
                 "seconds of one thread, without calibration.\n\n";
    expectations expected;
    if (!args.quick) {
        expect_with_outliers(expected, injected);
        expect_plain(expected, plain);
        expect_of_images(expected, pictures);
        expected.print(std::cout);
    }
    if (!args.svg.empty()) picture(plain, injected).write(args.svg);
    std::fprintf(stderr, "%.0f s\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
}

}  // namespace

int main(int argc, char** argv) try {
    compare(arguments_of({argv, static_cast<std::size_t>(argc)}));
    return 0;
} catch (const std::exception& error) {
    std::cerr << "ptq: " << error.what() << '\n';
    return 1;
}
