// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// block_tensor: a matrix of blocks that owns its memory, in the layout that block_span.hpp draws.
#ifndef LOWPREC_BLOCK_TENSOR_HPP
#define LOWPREC_BLOCK_TENSOR_HPP

#include <lowprec/block_span.hpp>
#include <vector>

namespace lowprec {

/// Codes, scales and tensor scale of a row-major matrix. All bytes are zero at first.
template <block_row B>
class block_tensor {
public:
    using format = B;

    block_tensor() = default;
    /// Errors:  std::invalid_argument if its bytes can't be counted.
    block_tensor(std::size_t rows, std::size_t columns)
        : block_tensor(bytes_of_blocks<B>(rows, columns), rows, columns) {}

    [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
    [[nodiscard]] std::size_t columns() const noexcept { return columns_; }
    [[nodiscard]] std::size_t size() const noexcept { return rows_ * columns_; }
    [[nodiscard]] std::size_t blocks_per_row() const noexcept { return detail::divide_up(columns_, B::length); }

    /// What the blocks are multiplied by (NVFP4).
    [[nodiscard]] float tensor_scale() const noexcept { return tensor_scale_; }
    void set_tensor_scale(float scale) noexcept { tensor_scale_ = scale; }

    [[nodiscard]] std::span<std::byte> codes() noexcept { return codes_; }
    [[nodiscard]] std::span<const std::byte> codes() const noexcept { return codes_; }
    [[nodiscard]] std::span<std::byte> scales() noexcept { return scales_; }
    [[nodiscard]] std::span<const std::byte> scales() const noexcept { return scales_; }

    [[nodiscard]] block_span<B> view() { return view_of<B>(codes(), scales()); }
    [[nodiscard]] block_span<const B> view() const { return view_of<const B>(codes(), scales()); }

private:
    block_tensor(block_bytes bytes, std::size_t rows, std::size_t columns)
        : codes_(bytes.codes), scales_(bytes.scales), rows_{rows}, columns_{columns} {}

    template <class Element, class Bytes>
    block_span<Element> view_of(Bytes codes, [[maybe_unused]] Bytes scales) const {
        if constexpr (detail::scales_lie_apart<B>)
            return {codes, scales, rows_, columns_, tensor_scale_};
        else
            return {codes, rows_, columns_};
    }

    std::vector<std::byte> codes_;
    std::vector<std::byte> scales_;
    std::size_t rows_ = 0;
    std::size_t columns_ = 0;
    float tensor_scale_ = 1;
};

}  // namespace lowprec

#endif
