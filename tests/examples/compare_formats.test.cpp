// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: io
// needs: simd
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
#include <iterator>
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
    for (const auto& f : signed_formats<multiplied::rounded>()) {
        const std::string name{f.name};
        if (name != "fp64" && name != "fp32" && name != "fp16" && name != "e4m3" && name != "e2m1") continue;
        by_name.emplace(name, all.measure(f));
        if (f.bits > 8) wide.push_back(by_name.at(name));
    }
    REQUIRE(by_name.size() == 5);

    for (const auto* exact : {"fp64", "fp32"}) {
        CHECK(std::isinf(by_name.at(exact).sqnr_db));
        CHECK(by_name.at(exact).weights.right == all.baseline());
        CHECK(by_name.at(exact).both.right == all.baseline());
        CHECK(by_name.at(exact).both.changed == 0);
        CHECK(by_name.at(exact).both.divergence == 0);
    }
    // 6.02 dB for a bit of mantissa, and none for a bit of exponent as long as the range is enough
    CHECK(by_name.at("fp16").sqnr_db - by_name.at("e4m3").sqnr_db == Approx(7 * 6.02).margin(1));
    CHECK(by_name.at("e4m3").both.right + 5 > all.baseline());  // within a point
    CHECK(by_name.at("e2m1").both.right + 50 > all.baseline());
    CHECK(by_name.at("e2m1").unscaled.right < by_name.at("e2m1").both.right / 2);
    CHECK(by_name.at("e2m1").both.divergence > 10 * by_name.at("e4m3").both.divergence);
    CHECK(by_name.at("e4m3").both.divergence > 10 * by_name.at("fp16").both.divergence);

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
        CHECK_THAT(line, Catch::Matchers::EndsWith("  0.00        0        0     -"));
        CHECK_THAT(line, contains("3.40282e+38") && contains("1.4e-45") && contains("exact"));
    }
    CHECK(fp32_rows == 1);

    const scratch_folder scratch;
    write_json(scratch.path("out.json"), wide, {}, all);
    const auto json = nlohmann::json::parse(std::ifstream(scratch.path("out.json")));
    CHECK(json["images"] == 500);
    CHECK(json["formats"].size() == wide.size());
    CHECK(json["formats"][1]["weights"]["correct"] == all.baseline());
    CHECK_THAT(message_of([&] { write_json(scratch.path("no/out.json"), wide, {}, all); }), contains("no/out.json"));
}

TEST_CASE("the demo measures what quantizers cost", "[compare_formats]") {
    const comparison all(read_network(weights_file), read_fashion_mnist(data_folder, "t10k", 10000, 500),
                         read_fashion_mnist(data_folder, "train", 60000, 100).images);
    std::map<std::string, quantizer_result> by_name;
    std::vector<quantizer_result> rows;
    for (const auto& q : quantizers<multiplied::rounded>()) {
        rows.push_back(all.measure(q));
        CHECK(by_name.emplace(q.name, rows.back()).second);
        CAPTURE(q.name);
        CHECK(rows.back().sqnr_db > 8);
        CHECK(rows.back().weights.divergence > 0);
        CHECK(rows.back().weights.right + 40 > all.baseline());
        CHECK(rows.back().both.right + 40 > all.baseline());
        CHECK((q.inputs_as != "") == static_cast<bool>(q.inputs));
    }
    CHECK(rows.size() == std::tuple_size_v<lowprec::all_block_formats> + 15);

    // the rows have 784, 256 and 128 numbers: 200704, 32768 and 1280 weights, 256, 128 and 10 rows
    const double weights = 200704 + 32768 + 1280, bytes_of_scales = 2 * (256 + 128 + 10);
    CHECK(by_name.at("int8_tensor").bits == Approx(8 + 8 * 6 / weights));
    CHECK(by_name.at("int8_row").bits == Approx(8 + 8 * bytes_of_scales / weights));
    CHECK(by_name.at("int4_row").bits == Approx(4 + 8 * bytes_of_scales / weights));
    const double groups = 256 * 25 + 128 * 8 + 10 * 4;  // 784 = 24.5 x 32
    CHECK(by_name.at("int4_g32").bits == Approx(4 + 16 * groups / weights));
    CHECK(by_name.at("int4_asym_g32").bits == Approx(4 + 24 * groups / weights));
    CHECK(by_name.at("mxfp4").bits == Approx(4 + 8 * groups / weights));
    CHECK(by_name.at("q8_0").bits == Approx(8 * 34 * groups / weights));  // whole blocks
    CHECK(by_name.at("nvfp4").bits == Approx(4 + 8 * (weights / 16 + 12) / weights));

    for (const std::string bits : {"int8", "int4"}) {
        double last = 0;
        for (const auto* by : {"_tensor", "_row", "_g128", "_g64", "_g32"}) {
            CHECK(by_name.at(bits + by).sqnr_db > last);
            last = by_name.at(bits + by).sqnr_db;
        }
    }
    CHECK(by_name.at("int8_row").sqnr_db - by_name.at("int4_row").sqnr_db == Approx(4 * 6.02).margin(1.5));
    CHECK(by_name.at("int4_asym_g64").sqnr_db > by_name.at("int4_g64").sqnr_db + 1);
    CHECK(by_name.at("nvfp4").sqnr_db > by_name.at("mxfp4").sqnr_db + 1);
    CHECK(by_name.at("mxfp4").both.divergence > by_name.at("mxfp4").weights.divergence);
    CHECK(by_name.at("w8a8_static").weights.changed == by_name.at("int8_row").weights.changed);
    CHECK(by_name.at("w8a8_static").both.divergence > by_name.at("w8a8_dynamic").both.divergence);

    std::ostringstream table;
    print_table(table, rows, all.images());
    CHECK_THAT(table.str(), contains("\nint4_asym_g32  ") && contains("\nmxint8  "));

    const scratch_folder scratch;
    write_json(scratch.path("out.json"), {}, rows, all);
    const auto json = nlohmann::json::parse(std::ifstream(scratch.path("out.json")));
    REQUIRE(json["quantizers"].size() == rows.size());
    CHECK(json["quantizers"][0]["weights_activations"]["answers_changed"] == rows[0].both.changed);

    picture(points_of({}, rows)).write(scratch.path("picture"));
    for (const auto* theme : {"-light.svg", "-dark.svg"}) {
        std::ifstream file(scratch.path("picture") + theme);
        const std::string svg(std::istreambuf_iterator<char>(file), {});
        CHECK_THAT(svg,
                   contains(">int8_g128</text>") && contains(">nvfp4</text>") && Catch::Matchers::EndsWith("</svg>\n"));
    }
    CHECK_THAT(message_of([&] { picture(points_of({}, rows)).write(scratch.path("no/picture")); }),
               contains("no/picture-light.svg"));
}

TEST_CASE("products of codes and fake quantization give the same answers", "[compare_formats]") {
    const comparison all(read_network(weights_file), read_fashion_mnist(data_folder, "t10k", 10000, 500),
                         read_fashion_mnist(data_folder, "train", 60000, 100).images);
    std::vector<result> results;
    std::vector<quantizer_result> quantized;
    for (auto f : signed_formats<multiplied::rounded>()) {
        CHECK(f.as_weights == nullptr);
        if (f.name != "e4m3") continue;
        CHECK(!all.measure(f).as_fake());
        f.as_weights = product_in_format<lowprec::e4m3>;
        results.push_back(all.measure(f));
    }
    for (auto q : quantizers<multiplied::rounded>()) {
        const auto uses = [&](product_maker weights, quantized_product_maker both) {
            q.as_weights = std::move(weights);
            q.as_both = std::move(both);
            quantized.push_back(all.measure(q));
        };
        constexpr lowprec::affine_policy symmetric{};
        const auto rows = lowprec::granularity::row(), groups = lowprec::granularity::group(32);
        if (q.name == "mxfp4") uses(product_in_blocks<lowprec::mxfp4>, product_of_blocks<lowprec::mxfp4>);
        if (q.name == "int4_g32") uses(product_in_integers<lowprec::affine<4>, symmetric>(groups), {});
        if (q.name == "w8a8_static")
            uses(product_in_integers<lowprec::affine<8>, symmetric>(rows), product_static<uint8>);
        if (q.name == "w8a8_dynamic")
            uses(product_in_integers<lowprec::affine<8>, symmetric>(rows), product_dynamic<uint8, asymmetric>);
    }
    REQUIRE(results.size() == 1);
    REQUIRE(quantized.size() == 4);
    agreement same;
    same.add(results);
    same.add(quantized);
    CHECK(same.rows == 5);
    CHECK(same.least + 1 >= all.images());
    CHECK(same.good(all.images()));
    CHECK(results[0].weights.right + 40 > all.baseline());
    for (const auto& r : quantized) CHECK(r.both.right + 40 > all.baseline());

    // and they are what is measured: other codes, other answers
    auto f = results[0].format;
    f.as_weights = [](std::span<const float> w, std::size_t n, std::size_t k, float scale, float back) {
        return product_in_format<lowprec::e4m3>(w, n, k, -scale, back);
    };
    results[0] = all.measure(f);
    CHECK(results[0].both.right < all.baseline() / 2);
    same.add(results);
    CHECK(!same.good(all.images()));
}

TEST_CASE("the divergence of outputs", "[compare_formats]") {
    Eigen::MatrixXf p(2, 2), q(2, 2);
    p << 0.0F, 1.0F, 0.0F, 1.0F;            // one half each
    q << 0.0F, 5.0F, std::log(3.0F), 5.0F;  // a quarter and three, one half each
    const double first = 0.5 * std::log(0.5 / 0.25) + 0.5 * std::log(0.5 / 0.75);
    CHECK(divergence(p, q) == Approx(first / 2).epsilon(1e-6));
    CHECK(divergence(q, q) == 0);
    CHECK(answers_of(q) == std::vector<std::uint8_t>{1, 0});
}

TEST_CASE("rounding with a scale reaches the format's largest value and stays within it", "[compare_formats]") {
    for (const auto& f : signed_formats<multiplied::rounded>()) {
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
    const auto rows = signed_formats<multiplied::rounded>();
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
