// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: io
// needs: eigen
// needs: zlib
//
// The demo on 500 images. Run from the repository's root, with Debian's dataset-fashion-mnist installed.
#include "../../examples/compare_formats/compare.hpp"

#include <zlib.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "../../examples/compare_formats/report.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using namespace compare_formats;

namespace {

const std::string data_folder = "/usr/share/datasets/fashion-mnist";
const std::string weights_file = "examples/data/fashion_mnist_mlp.safetensors";

// A folder of its own for files that are wrong on purpose.
class scratch_folder {
public:
    scratch_folder() { std::filesystem::create_directories(path_); }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;
    ~scratch_folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::string path(const std::string& name) const { return path_ / name; }

    [[nodiscard]] std::string gzip(const std::string& name, const std::vector<std::uint8_t>& bytes) const {
        const gzFile file = gzopen(path(name).c_str(), "wb");
        gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
        gzclose(file);
        return path(name);
    }

private:
    std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                  ("lowprec-compare-formats-" + std::to_string(reinterpret_cast<std::uintptr_t>(this)));
};

}  // namespace

TEST_CASE("the demo measures what rounding costs", "[compare_formats]") {
    const comparison all(read_network(weights_file), read_fashion_mnist(data_folder, "t10k", 10000, 500),
                         read_fashion_mnist(data_folder, "train", 60000, 100).images);
    REQUIRE(all.images() == 500);
    CHECK(all.baseline() > 425);  // 85 %
    CHECK(all.baseline() < 475);
    CHECK(all.largest_weight().size() == 3);
    REQUIRE(all.largest_input().size() == 3);
    CHECK(all.largest_input()[0] == 1.0F);

    std::map<std::string, result> by_name;
    std::vector<result> wide;
    for (const auto& f : signed_formats()) {
        const std::string name{f.name};
        if (name != "fp64" && name != "fp32" && name != "fp16" && name != "e4m3" && name != "e2m1") continue;
        by_name.emplace(name, all.measure(f));
        if (f.bits > 8) wide.push_back(by_name.at(name));
    }
    REQUIRE(by_name.size() == 5);

    for (const auto* exact : {"fp64", "fp32"}) {
        CHECK(std::isinf(by_name.at(exact).sqnr_db));
        CHECK(by_name.at(exact).weights == all.baseline());
        CHECK(by_name.at(exact).weights_activations == all.baseline());
        CHECK(by_name.at(exact).changed == 0);
    }
    // 6.02 dB for a bit of mantissa, and none for a bit of exponent as long as the range is enough
    CHECK(by_name.at("fp16").sqnr_db - by_name.at("e4m3").sqnr_db == Approx(7 * 6.02).margin(1));
    CHECK(by_name.at("e4m3").weights_activations + 5 > all.baseline());  // within a point
    CHECK(by_name.at("e2m1").weights_activations + 50 > all.baseline());
    CHECK(by_name.at("e2m1").weights_activations_unscaled < by_name.at("e2m1").weights_activations / 2);

    std::ostringstream table;
    print_table(table, wide, all.baseline(), all.images());
    std::istringstream lines(table.str());
    std::string line;
    int fp32_rows = 0;
    std::size_t width = 0;
    while (std::getline(lines, line)) {
        if (width == 0) width = line.size();
        CHECK(line.size() == width);
        if (line.rfind("fp32 ", 0) != 0) continue;
        ++fp32_rows;
        CHECK_THAT(line, Catch::Matchers::EndsWith("  0.00        0"));
        CHECK_THAT(line, contains("3.40282e+38") && contains("1.4e-45") && contains("exact"));
    }
    CHECK(fp32_rows == 1);

    const scratch_folder scratch;
    write_json(scratch.path("out.json"), wide, all);
    const auto json = nlohmann::json::parse(std::ifstream(scratch.path("out.json")));
    CHECK(json["images"] == 500);
    CHECK(json["formats"].size() == wide.size());
    CHECK(json["formats"][1]["correct_weights"] == all.baseline());
    CHECK_THAT(message_of([&] { write_json(scratch.path("no/out.json"), wide, all); }), contains("no/out.json"));
}

TEST_CASE("rounding with a scale reaches the format's largest value and stays within it", "[compare_formats]") {
    for (const auto& f : signed_formats()) {
        if (!f.is_scaled()) continue;
        CAPTURE(f.name);
        Eigen::MatrixXf x(1, 4);
        x << 0.0F, -0.3F, 0.01F, 100.0F;  // the last is beyond what was foreseen
        round_scaled(f, x, 0.3F);
        CHECK(x(0) == 0.0F);
        CHECK(x(1) == Approx(-0.3F));
        CHECK(x(3) == Approx(0.3F));
    }
}

TEST_CASE("the demo covers every signed row of the table once", "[compare_formats]") {
    const auto rows = signed_formats();
    CHECK(rows.size() == std::tuple_size_v<lowprec::all_formats> - 3);  // e8m0, ue4m3 and ue5m3 have no sign
    CHECK(rows.front().name == "fp64");
    CHECK(rows.back().name == "e2m1");
}

TEST_CASE("missing and damaged images are refused by path", "[compare_formats]") {
    CHECK_THAT(message_of([] { static_cast<void>(read_fashion_mnist("/nonexistent", "t10k", 10000, 1)); }),
               contains("/nonexistent/t10k-images-idx3-ubyte.gz") && contains("dataset-fashion-mnist"));
    const scratch_folder scratch;
    const std::vector<std::uint8_t> two{0, 0, 8, 1, 0, 0, 0, 2, 7, 9};
    const auto read = [&](const std::vector<std::uint8_t>& bytes) {
        return message_of([&] { static_cast<void>(read_idx(scratch.gzip("x.gz", bytes), {2049, 2}, 1, 2)); });
    };
    CHECK(read(two) == "");
    CHECK(read_idx(scratch.gzip("x.gz", two), {2049, 2}, 1, 2) == std::vector<std::uint8_t>{7, 9});
    CHECK_THAT(read({0, 0, 8, 3, 0, 0, 0, 2, 7, 9}), contains("2051 in its header instead of 2049"));
    CHECK_THAT(read({0, 0, 8, 1, 0, 0, 0, 3, 7, 9}), contains("3 in its header instead of 2"));
    CHECK_THAT(read({0, 0, 8, 1, 0, 0}), contains("ends within its header"));
    CHECK_THAT(read({0, 0, 8, 1, 0, 0, 0, 2, 7}), contains("ends after 1 of 2 bytes"));

    // a gzip stream cut in the middle
    const auto path = scratch.gzip("cut.gz", two);
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 12);
    CHECK_THAT(message_of([&] { static_cast<void>(read_idx(path, {2049, 2}, 1, 2)); }), contains("cut.gz"));

    std::ofstream(scratch.path("junk.gz")) << "\x1f\x8b\x08 no gzip stream behind its magic number";
    CHECK_THAT(message_of([&] {
                   static_cast<void>(read_idx(scratch.path("junk.gz"), {2049, 2}, 1, 2));
               }),
               contains("junk.gz"));

    static_cast<void>(scratch.gzip("t-labels-idx1-ubyte.gz", {0, 0, 8, 1, 0, 0, 0, 1, 10}));
    std::vector<std::uint8_t> image{0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28};
    image.resize(image.size() + image_size);
    static_cast<void>(scratch.gzip("t-images-idx3-ubyte.gz", image));
    CHECK_THAT(message_of([&] { static_cast<void>(read_fashion_mnist(scratch.path(""), "t", 1, 1)); }),
               contains("a label above 9"));
}

TEST_CASE("weights that aren't this network are refused by path", "[compare_formats]") {
    const scratch_folder scratch;
    const auto write = [&](const std::string& header, std::size_t body) {
        std::ofstream file(scratch.path("w.safetensors"), std::ios::binary);
        std::string length(8, '\0');
        length[0] = static_cast<char>(header.size());
        file << length << header << std::string(body, '\0');
        file.close();
        return message_of([&] { static_cast<void>(read_network(scratch.path("w.safetensors"))); });
    };
    CHECK_THAT(write("{}", 0), contains("w.safetensors: no tensor \"fc1.weight\""));
    CHECK_THAT(write(R"({"fc1.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}})", 8),
               contains("w.safetensors: fc1.weight is not a matrix with 784 columns"));
}
