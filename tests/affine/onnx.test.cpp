// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// ONNX's own vectors of its quantization operators, where Debian's libonnx-testdata is installed or LOWPREC_ONNX_TESTDATA names a
// folder like its data/node. A few dozen numbers: a smoke test.
#include <lowprec/affine.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

namespace fs = std::filesystem;

fs::path folder() {
    const char* named = std::getenv("LOWPREC_ONNX_TESTDATA");
    return named != nullptr ? named : "/usr/share/libonnx-testdata/data/node";
}

[[gnu::constructor]] void skip_without_data() {
    if (fs::is_directory(folder())) return;
    std::printf("skipped: no ONNX test data at %s (Debian: libonnx-testdata)\n", folder().c_str());
    std::fflush(stdout);
    std::_Exit(77);
}

/// What the tests need of a TensorProto: dims (field 1), data_type (2), raw_data (9).
struct tensor {
    std::vector<std::size_t> dims;
    std::uint64_t type = 0;
    std::string raw;

    template <class T>
    std::vector<T> as(std::uint64_t expected_type) const {
        if (type != expected_type || raw.size() % sizeof(T) != 0) throw std::runtime_error("not the type expected");
        std::vector<T> values(raw.size() / sizeof(T));
        std::memcpy(values.data(), raw.data(), raw.size());
        return values;
    }
};
constexpr std::uint64_t float_type = 1, uint8_type = 2;

class reader {
public:
    explicit reader(std::string bytes) : bytes_{std::move(bytes)} {}
    bool at_end() const { return at_ >= bytes_.size(); }
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            const auto byte = static_cast<unsigned char>(bytes_.at(at_++));
            value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80) return value;
        }
    }
    std::string take(std::uint64_t n) {
        if (n > bytes_.size() - at_) throw std::runtime_error("cut short");
        at_ += n;
        return bytes_.substr(at_ - n, n);
    }

private:
    std::string bytes_;
    std::size_t at_ = 0;
};

tensor read(const std::string& test, const std::string& name) {
    const fs::path path = folder() / ("test_" + test) / "test_data_set_0" / (name + ".pb");
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("no file " + path.string());
    reader in(std::string(std::istreambuf_iterator<char>(file), {}));
    tensor t;
    while (!in.at_end()) {
        const std::uint64_t tag = in.varint(), field = tag / 8, wire = tag % 8;
        if (wire == 0) {
            const std::uint64_t value = in.varint();
            if (field == 1) t.dims.push_back(value);
            if (field == 2) t.type = value;
        } else if (wire == 2) {
            std::string bytes = in.take(in.varint());
            if (field == 9)
                t.raw = std::move(bytes);
            else if (field == 1)
                for (reader packed(bytes); !packed.at_end();) t.dims.push_back(packed.varint());
        } else {
            throw std::runtime_error("a field of another kind");
        }
    }
    return t;
}

/// The number of the scale of element i: axis 1 where there are several.
std::size_t scale_index(const tensor& x, std::size_t scales, std::size_t i) {
    if (scales == 1) return 0;
    std::size_t inner = 1;
    for (std::size_t d = 2; d < x.dims.size(); ++d) inner *= x.dims[d];
    return i / inner % scales;
}

using u8 = affine<8, integer_codes::unsigned_full>;

}  // namespace

TEST_CASE("QuantizeLinear") {
    tally result;
    std::uint64_t cases = 0;
    for (const char* test : {"quantizelinear", "quantizelinear_axis"}) {
        const tensor x = read(test, "input_0");
        const auto numbers = x.as<float>(float_type), scales = read(test, "input_1").as<float>(float_type);
        const auto zeros = read(test, "input_2").as<std::uint8_t>(uint8_type);
        const auto codes = read(test, "output_0").as<std::uint8_t>(uint8_type);
        REQUIRE(numbers.size() == codes.size());
        REQUIRE(scales.size() == zeros.size());
        for (std::size_t i = 0; i < numbers.size(); ++i, ++cases) {
            const std::size_t k = scale_index(x, scales.size(), i);
            result.equal((u8{scales[k], zeros[k]}.quantize<integer_recipe::onnx>(numbers[i])), codes[i], test, i);
        }
    }
    CHECK_TALLY(result, cases);
    CHECK(cases > 20);
}

TEST_CASE("DequantizeLinear") {
    tally result;
    std::uint64_t cases = 0;
    for (const char* test : {"dequantizelinear", "dequantizelinear_axis"}) {
        const tensor x = read(test, "input_0");
        const auto codes = x.as<std::uint8_t>(uint8_type);
        const auto scales = read(test, "input_1").as<float>(float_type);
        const auto zeros = read(test, "input_2").as<std::uint8_t>(uint8_type);
        const auto numbers = read(test, "output_0").as<float>(float_type);
        REQUIRE(numbers.size() == codes.size());
        for (std::size_t i = 0; i < numbers.size(); ++i, ++cases) {
            const std::size_t k = scale_index(x, scales.size(), i);
            const float got = u8{scales[k], zeros[k]}.dequantize(codes[i]);
            result.equal(std::memcmp(&got, &numbers[i], 4) == 0, true, test, i);
        }
    }
    CHECK_TALLY(result, cases);
    CHECK(cases > 20);
}

TEST_CASE("DynamicQuantizeLinear") {
    tally result;
    std::uint64_t cases = 0;
    for (const char* test :
         {"dynamicquantizelinear", "dynamicquantizelinear_max_adjusted", "dynamicquantizelinear_min_adjusted"}) {
        const auto numbers = read(test, "input_0").as<float>(float_type);
        const auto codes = read(test, "output_0").as<std::uint8_t>(uint8_type);
        float low = numbers.at(0), high = low;
        for (const float x : numbers) {
            low = x < low ? x : low;
            high = x > high ? x : high;
        }
        const u8 found = u8::from_range<integer_recipe::onnx>(low, high);
        const float scale = read(test, "output_1").as<float>(float_type).at(0);
        result.equal(std::memcmp(&found.scale, &scale, 4) == 0, true, test, "scale");
        result.equal(found.zero_point, read(test, "output_2").as<std::uint8_t>(uint8_type).at(0), test, "zero point");
        for (std::size_t i = 0; i < numbers.size(); ++i, ++cases)
            result.equal(found.quantize<integer_recipe::onnx>(numbers[i]), codes.at(i), test, i);
        cases += 2;
    }
    CHECK_TALLY(result, cases);
    CHECK(cases > 20);
}
