// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: io
// needs: simd
// needs: eigen
// needs: zlib
// needs: cli11
//
// The accuracy of a real network in every signed format and block format of the tables, and in INT8 and INT4. See docs/compare_formats.md.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <iostream>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "compare_formats/compare.hpp"
#include "compare_formats/fashion_mnist.hpp"
#include "compare_formats/network.hpp"
#include "compare_formats/report.hpp"

// In sources of their own.
extern template std::vector<compare_formats::signed_format>
compare_formats::signed_formats<compare_formats::multiplied::codes>();
extern template std::vector<compare_formats::quantizer>
compare_formats::quantizers<compare_formats::multiplied::codes>();

namespace {

using namespace compare_formats;

constexpr std::size_t calibration_images = 1000;

struct arguments {
    std::string data = "/usr/share/datasets/fashion-mnist";
    std::string weights;  // empty: the committed file beside this source
    std::size_t images = 10000;
    std::vector<std::string> formats;
    std::string json;
    std::string svg;
};

std::string weights_path(const arguments& args) {
    auto path = args.weights;
    if (path.empty())
        path = (std::filesystem::path{__FILE__}.parent_path() / "data" / "fashion_mnist_mlp.safetensors").string();
    if (!std::filesystem::exists(path))
        throw std::runtime_error(path +
                                 ": not found; examples/train_fashion_mnist.py writes it, --weights names another");
    return path;
}

void compare(const arguments& args) {
    auto formats = signed_formats<multiplied::codes>();
    auto how = quantizers<multiplied::codes>();
    if (!args.formats.empty()) {
        const auto unwanted = [&](const auto& f) {
            return std::find(args.formats.begin(), args.formats.end(), f.name) == args.formats.end();
        };
        std::erase_if(formats, unwanted);
        std::erase_if(how, unwanted);
    }

    progress_bar bar(formats.size() + how.size());
    bar.show(0, "fp32");
    const comparison all(read_network(weights_path(args)), read_fashion_mnist(args.data, "t10k", 10000, args.images),
                         read_fashion_mnist(args.data, "train", 60000, calibration_images).images);
    std::vector<result> results;
    std::vector<quantizer_result> quantized;
    for (const auto& f : formats) {
        bar.show(results.size(), f.name);
        results.push_back(all.measure(f));
    }
    for (const auto& q : how) {
        bar.show(results.size() + quantized.size(), q.name);
        quantized.push_back(all.measure(q));
    }
    bar.hide();

    agreement same;
    same.add(results);
    same.add(quantized);
    if (!args.json.empty()) write_json(args.json, results, quantized, all);
    if (!args.svg.empty()) picture(points_of(results, quantized)).write(args.svg);
    std::cout << "Fashion-MNIST, 784-256-128-10 ReLU network, " << all.images()
              << " test images; FP32: " << formatted("%.2f", percent(all.baseline(), all.images())) << " %\n\n";
    if (!results.empty()) print_table(std::cout, results, all.baseline(), all.images());
    if (!results.empty() && !quantized.empty()) std::cout << '\n';
    if (!quantized.empty()) print_table(std::cout, quantized, all.images());
    const auto list = [](const std::vector<float>& values) {
        std::string text;
        for (const float value : values) text += formatted(" %.4g", static_cast<double>(value));
        return text;
    };
    std::cout
        << "\nW: weights rounded to the format. W+A: also the input of each layer. Biases and sums stay FP32.\n"
           "Scaled (formats of 8 bits and fewer): each tensor's largest magnitude becomes the format's max. Weights:"
        << list(all.largest_weight()) << ";\ninputs of layers, fixed beforehand on the first " << calibration_images
        << " training images:" << list(all.largest_input())
        << ".\nUnscaled: no tensor is scaled. Change: W+A against FP32, in percentage points; answers changed: right "
           "or wrong.\nKL: Kullback-Leibler divergence of the ten probabilities from FP32's, thousandths of a nat, "
           "mean "
           "over the images.\nBits a weight: codes, scales and zero points. int8, int4: one FP16 scale a tensor, row "
           "or "
           "group of 128, 64 or 32;\nasym: with zero points. w8a8: int8_row, and inputs as uint8, in one range or in "
           "one "
           "an image (dynamic).\nAs fake: on how many images products of codes and fake quantization, which "
           "multiplies rounded floats, give the same answer.\n";
    if (same.rows != 0)
        std::cout << "In " << same.rows << " of the " << results.size() + quantized.size()
                  << " rows lowprec's matrix products multiply the codes: the answers agree on at least " << same.least
                  << " of " << all.images() << " images.\n";
    if (!same.good(all.images()))
        throw std::runtime_error("products of codes and fake quantization disagree on more than 0.1 % of the images");
}

}  // namespace

int main(int argc, char** argv) try {
    arguments args;
    std::set<std::string> names;
    for (const auto& f : signed_formats<multiplied::codes>()) names.emplace(f.name);
    for (const auto& q : quantizers<multiplied::codes>()) names.insert(q.name);

    CLI::App app{
        "Rounds a Fashion-MNIST network through every signed format and block format of lowprec, INT8 and "
        "INT4, and prints its accuracy."};
    app.add_option("--data", args.data, "folder of the four Fashion-MNIST .gz files")->capture_default_str();
    app.add_option("--weights", args.weights, "safetensors file of the network (default: the one in examples/data)");
    app.add_option("--images", args.images, "how many of the test images, 1 to 10000")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
    app.add_option("--format", args.formats, "only this format or quantizer; may be given several times")
        ->check(CLI::IsMember(names));
    app.add_option("--json", args.json, "also write the results to this file");
    app.add_option("--svg", args.svg,
                   "also draw SQNR against bits a weight, into PREFIX-light.svg and PREFIX-dark.svg");
    CLI11_PARSE(app, argc, argv);

    compare(args);
    return 0;
} catch (const std::exception& error) {
    std::cerr << "compare_formats: " << error.what() << '\n';
    return 1;
}
