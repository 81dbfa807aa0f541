// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// block_tensor: a matrix of blocks that owns its memory, in the layout that block_span.hpp draws.
#ifndef LOWPREC_BLOCK_TENSOR_HPP
#define LOWPREC_BLOCK_TENSOR_HPP

#include <lowprec/block_span.hpp>
#include <utility>
#include <vector>

namespace lowprec {

/// Codes, scales and tensor scale of a row-major matrix. All bytes are zero at first.
template <block_row B>
class block_tensor {
public:
    using format = B;

    LOWPREC_INLINE block_tensor() = default;
    /// Errors:  std::invalid_argument if its bytes can't be counted.
    LOWPREC_INLINE block_tensor(std::size_t rows, std::size_t columns)
        : block_tensor(bytes_of_blocks<B>(rows, columns), rows, columns) {}
    // Written down to be forced inline. What was moved from has no rows.
    LOWPREC_INLINE block_tensor(const block_tensor&) = default;
    LOWPREC_INLINE block_tensor(block_tensor&& other) noexcept { swap(other); }
    LOWPREC_INLINE block_tensor& operator=(const block_tensor&) = default;
    LOWPREC_INLINE block_tensor& operator=(block_tensor&& other) noexcept {
        block_tensor taken(std::move(other));
        swap(taken);
        return *this;
    }
    LOWPREC_INLINE ~block_tensor() = default;

    [[nodiscard]] LOWPREC_INLINE std::size_t rows() const noexcept { return rows_; }
    [[nodiscard]] LOWPREC_INLINE std::size_t columns() const noexcept { return columns_; }
    [[nodiscard]] LOWPREC_INLINE std::size_t size() const noexcept { return rows_ * columns_; }
    [[nodiscard]] LOWPREC_INLINE std::size_t blocks_per_row() const noexcept {
        return detail::divide_up(columns_, B::length);
    }

    /// What the blocks are multiplied by (NVFP4).
    [[nodiscard]] LOWPREC_INLINE float tensor_scale() const noexcept { return tensor_scale_; }
    LOWPREC_INLINE void set_tensor_scale(float scale) noexcept { tensor_scale_ = scale; }

    [[nodiscard]] LOWPREC_INLINE std::span<std::byte> codes() noexcept { return codes_; }
    [[nodiscard]] LOWPREC_INLINE std::span<const std::byte> codes() const noexcept { return codes_; }
    [[nodiscard]] LOWPREC_INLINE std::span<std::byte> scales() noexcept { return scales_; }
    [[nodiscard]] LOWPREC_INLINE std::span<const std::byte> scales() const noexcept { return scales_; }

    [[nodiscard]] LOWPREC_INLINE block_span<B> view() { return view_of<B>(codes(), scales()); }
    [[nodiscard]] LOWPREC_INLINE block_span<const B> view() const { return view_of<const B>(codes(), scales()); }

private:
    LOWPREC_INLINE void swap(block_tensor& other) noexcept {
        std::swap(codes_, other.codes_);
        std::swap(scales_, other.scales_);
        std::swap(rows_, other.rows_);
        std::swap(columns_, other.columns_);
        std::swap(tensor_scale_, other.tensor_scale_);
    }

    LOWPREC_INLINE block_tensor(block_bytes bytes, std::size_t rows, std::size_t columns)
        : codes_(bytes.codes), scales_(bytes.scales), rows_{rows}, columns_{columns} {}

    template <class Element, class Bytes>
    LOWPREC_INLINE block_span<Element> view_of(Bytes codes, [[maybe_unused]] Bytes scales) const {
        if constexpr (!detail::scales_lie_apart<B>)
            return {detail::known_to_fit{}, codes.data(), nullptr, rows_, columns_, 1};
        detail::check_scale_of_view(tensor_scale_);
        return {detail::known_to_fit{}, codes.data(), scales.data(), rows_, columns_, tensor_scale_};
    }

    std::vector<std::byte> codes_;
    std::vector<std::byte> scales_;
    std::size_t rows_ = 0;
    std::size_t columns_ = 0;
    float tensor_scale_ = 1;
};

}  // namespace lowprec

#endif
