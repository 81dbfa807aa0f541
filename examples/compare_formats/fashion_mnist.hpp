// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Reads Fashion-MNIST: gzipped IDX files, which are a big-endian header (magic number, extents) and then bytes.
#ifndef LOWPREC_EXAMPLES_COMPARE_FORMATS_FASHION_MNIST_HPP
#define LOWPREC_EXAMPLES_COMPARE_FORMATS_FASHION_MNIST_HPP

#include <zlib.h>

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace compare_formats {

inline constexpr std::uint32_t image_size = 28 * 28;

/// One column is one image, its pixels scaled to 0..1.
struct labelled_images {
    Eigen::MatrixXf images;
    std::vector<std::uint8_t> labels;
};

/// The first `wanted` items of an IDX file of bytes. The header must be exactly `header` (magic number, then extents); an
/// item has `item_size` bytes.
inline std::vector<std::uint8_t> read_idx(const std::string& path, std::initializer_list<std::uint32_t> header,
                                          std::size_t item_size, std::size_t wanted) {
    const auto fail = [&](const std::string& why) { throw std::runtime_error(path + ": " + why); };
    if (!std::filesystem::exists(path))
        fail("not found; Debian's package dataset-fashion-mnist provides it, or --data names another folder");
    const std::unique_ptr<gzFile_s, int (*)(gzFile)> file{gzopen(path.c_str(), "rb"), gzclose};
    if (!file) fail("cannot be opened");

    const auto read = [&](std::uint8_t* to, std::size_t size) {
        const int got = gzread(file.get(), to, static_cast<unsigned>(size));
        int code = Z_OK;
        const char* const message = gzerror(file.get(), &code);
        if (code != Z_OK && code != Z_BUF_ERROR) fail(message);
        return got < 0 ? std::size_t{0} : static_cast<std::size_t>(got);
    };
    for (const auto expected : header) {
        std::uint8_t b[4];
        if (read(b, 4) != 4) fail("ends within its header");
        const auto found = static_cast<std::uint32_t>(b[0]) << 24U | static_cast<std::uint32_t>(b[1]) << 16U |
                           static_cast<std::uint32_t>(b[2]) << 8U | static_cast<std::uint32_t>(b[3]);
        if (found != expected)
            fail("has " + std::to_string(found) + " in its header instead of " + std::to_string(expected));
    }
    std::vector<std::uint8_t> data(item_size * wanted);
    const auto got = read(data.data(), data.size());
    if (got != data.size())
        fail("ends after " + std::to_string(got) + " of " + std::to_string(data.size()) + " bytes of data");
    return data;
}

/// The first `wanted` of the `count` images of a part ("train" or "t10k") and their labels.
inline labelled_images read_fashion_mnist(const std::string& folder, const std::string& part, std::uint32_t count,
                                          std::size_t wanted) {
    const auto stem = (std::filesystem::path{folder} / part).string();
    const auto pixels = read_idx(stem + "-images-idx3-ubyte.gz", {2051, count, 28, 28}, image_size, wanted);
    labelled_images result;
    result.labels = read_idx(stem + "-labels-idx1-ubyte.gz", {2049, count}, 1, wanted);
    if (std::any_of(result.labels.begin(), result.labels.end(), [](auto label) { return label > 9; }))
        throw std::runtime_error(stem + "-labels-idx1-ubyte.gz: has a label above 9");
    result.images.resize(image_size, static_cast<Eigen::Index>(wanted));
    std::transform(pixels.begin(), pixels.end(), result.images.data(),
                   [](std::uint8_t pixel) { return static_cast<float>(pixel) / 255.0F; });
    return result;
}

}  // namespace compare_formats

#endif
