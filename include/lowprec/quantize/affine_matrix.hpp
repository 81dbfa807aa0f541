// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// A row-major matrix of affine codes with its scales and zero points: a view of the caller's memory, and an owner.
//
//     codes          rows one after the other, each begins at a byte: one code a byte, or a stream of bits, low bits first
//     scales         one for the tensor, for each row, or for each group of a row: the groups of row 0, of row 1, ...
//     zero points    as many, or none: then every one is the symmetric zero
//
// The last group of a row may be short.
#ifndef LOWPREC_QUANTIZE_AFFINE_MATRIX_HPP
#define LOWPREC_QUANTIZE_AFFINE_MATRIX_HPP

#include <cstddef>
#include <lowprec/affine.hpp>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace lowprec {

/// Which numbers share a scale and a zero point: granularity::tensor(), ::row(), ::group(size) along the rows.
class granularity {
public:
    [[nodiscard]] LOWPREC_INLINE static constexpr granularity tensor() noexcept { return granularity{0}; }
    [[nodiscard]] LOWPREC_INLINE static constexpr granularity row() noexcept { return granularity{~std::size_t{0}}; }
    /// Errors:  std::invalid_argument if the size is 0.
    [[nodiscard]] LOWPREC_INLINE static constexpr granularity group(std::size_t size) {
        if (size == 0) detail::fail_argument("lowprec::granularity: groups of 0 elements");
        return granularity{size};
    }

    [[nodiscard]] LOWPREC_INLINE constexpr bool is_tensor() const noexcept { return group_ == 0; }
    [[nodiscard]] LOWPREC_INLINE constexpr bool is_row() const noexcept { return group_ == ~std::size_t{0}; }
    /// How many elements have parameters of their own in rows of `columns`; the whole row for tensors, too.
    [[nodiscard]] LOWPREC_INLINE constexpr std::size_t size(std::size_t columns) const noexcept {
        return is_tensor() || group_ > columns ? columns : group_;
    }
    /// How many groups a row has.
    [[nodiscard]] LOWPREC_INLINE constexpr std::size_t per_row(std::size_t columns) const noexcept {
        if (is_tensor() || is_row()) return 1;
        return columns / group_ + (columns % group_ != 0 ? 1 : 0);
    }
    /// How many scales a matrix has.
    [[nodiscard]] LOWPREC_INLINE constexpr std::size_t count(std::size_t rows, std::size_t columns) const noexcept {
        return is_tensor() ? 1 : rows * per_row(columns);
    }

    friend constexpr bool operator==(const granularity&, const granularity&) = default;

private:
    LOWPREC_INLINE constexpr explicit granularity(std::size_t group) noexcept : group_{group} {}
    std::size_t group_;
};

namespace detail {

template <class A>
inline constexpr bool is_affine_v = false;
template <int Bits, integer_codes Codes>
inline constexpr bool is_affine_v<affine<Bits, Codes>> = true;
template <class A>
concept affine_parameters = is_affine_v<A>;

/// float, or the format that scales are stored in.
template <class T>
concept scale_storage = std::is_same_v<T, float> || format<T>;
template <class T>
using scale_format = typename quantizable_format<T>::type;

/// The bytes of a row of codes.
template <affine_parameters A>
LOWPREC_INLINE constexpr std::size_t row_bytes(std::size_t columns) noexcept {
    constexpr std::size_t width = A::bits;
    return columns / 8 * width + (columns % 8 * width + 7) / 8;
}

/// The bytes of a matrix of codes.
/// Errors:  std::invalid_argument if they can't be counted in a std::size_t.
template <affine_parameters A>
LOWPREC_INLINE constexpr std::size_t matrix_bytes(std::size_t rows, std::size_t columns) {
    const std::size_t bytes = row_bytes<A>(columns);
    if (bytes != 0 && rows > ~std::size_t{0} / bytes)
        fail_argument("lowprec::affine_span: ", rows, " rows of ", columns, " are too many");
    return rows * bytes;
}

template <class A, class T>
using const_like = std::conditional_t<std::is_const_v<A>, const T, T>;

}  // namespace detail

/// A view of a quantized matrix: affine_span<affine<4>, fp16>, or with const affine<4> where nothing is written.
template <class A, class Scale = float>
    requires detail::affine_parameters<std::remove_const_t<A>> && detail::scale_storage<Scale>
class affine_span {
public:
    using parameters = std::remove_const_t<A>;
    using code_type = typename parameters::code_type;
    using byte_type = detail::const_like<A, std::byte>;

    /// Shapes:  codes: rows * row_bytes(columns); scales: by.count(rows, columns); zero points: as many, or none.
    /// Errors:  std::invalid_argument if a size is another; it says which.
    LOWPREC_INLINE constexpr affine_span(std::size_t rows, std::size_t columns, granularity by,
                                         std::span<byte_type> codes, std::span<detail::const_like<A, Scale>> scales,
                                         std::span<detail::const_like<A, code_type>> zero_points = {})
        : rows_{rows}, columns_{columns}, by_{by}, codes_{codes}, scales_{scales}, zero_points_{zero_points} {
        const std::size_t bytes = detail::matrix_bytes<parameters>(rows, columns), groups = by.count(rows, columns);
        if (codes.size() != bytes)
            detail::fail_argument("lowprec::affine_span: ", rows, " rows of ", columns, " codes of ", parameters::bits,
                                  " bits take ", bytes, " bytes, but codes has ", codes.size());
        if (scales.size() != groups)
            detail::fail_argument("lowprec::affine_span: ", groups, " groups need as many scales, but there are ",
                                  scales.size());
        if (!zero_points.empty() && zero_points.size() != groups)
            detail::fail_argument("lowprec::affine_span: ", groups,
                                  " groups need as many zero points or none, but there are ", zero_points.size());
    }

    /// Over memory that was checked before.
    LOWPREC_INLINE constexpr affine_span(detail::known_to_fit, std::size_t rows, std::size_t columns, granularity by,
                                         std::span<byte_type> codes, std::span<detail::const_like<A, Scale>> scales,
                                         std::span<detail::const_like<A, code_type>> zero_points) noexcept
        : rows_{rows}, columns_{columns}, by_{by}, codes_{codes}, scales_{scales}, zero_points_{zero_points} {}

    /// Of const A from one of A.
    template <class Other>
    requires std::is_const_v<A> && std::is_same_v<Other, parameters> LOWPREC_INLINE constexpr affine_span(
        const affine_span<Other, Scale>& other)
        : affine_span{detail::known_to_fit{}, other.rows(),   other.columns(),    other.by(),
                      other.codes(),          other.scales(), other.zero_points()} {}

    [[nodiscard]] LOWPREC_INLINE constexpr std::size_t rows() const noexcept { return rows_; }
    [[nodiscard]] LOWPREC_INLINE constexpr std::size_t columns() const noexcept { return columns_; }
    [[nodiscard]] LOWPREC_INLINE constexpr granularity by() const noexcept { return by_; }
    [[nodiscard]] LOWPREC_INLINE constexpr std::size_t row_bytes() const noexcept {
        return detail::row_bytes<parameters>(columns_);
    }
    [[nodiscard]] LOWPREC_INLINE constexpr std::span<byte_type> codes() const noexcept { return codes_; }
    [[nodiscard]] LOWPREC_INLINE constexpr auto scales() const noexcept { return scales_; }
    [[nodiscard]] LOWPREC_INLINE constexpr auto zero_points() const noexcept { return zero_points_; }

    /// The parameters of a group, by its number among all.
    [[nodiscard]] LOWPREC_INLINE constexpr parameters group(std::size_t i) const noexcept {
        return {convert<float>(scales_[i]), zero_points_.empty() ? parameters::symmetric_zero_point : zero_points_[i]};
    }
    /// The parameters and the code of an element, which isn't checked to be there.
    [[nodiscard]] LOWPREC_INLINE constexpr parameters at_group(std::size_t row, std::size_t column) const noexcept {
        if (by_.is_tensor()) return group(0);
        return group(row * by_.per_row(columns_) + column / by_.size(columns_));
    }
    [[nodiscard]] LOWPREC_INLINE constexpr code_type code(std::size_t row, std::size_t column) const noexcept {
        constexpr std::size_t width = parameters::bits;
        const byte_type* at = codes_.data() + row * row_bytes() + column / 8 * width + column % 8 * width / 8;
        const unsigned bit = static_cast<unsigned>(column % 8 * width % 8);
        unsigned both = static_cast<unsigned>(*at);
        if (bit + width > 8) both |= static_cast<unsigned>(at[1]) << 8;
        return parameters::from_bits(both >> bit);
    }

private:
    std::size_t rows_, columns_;
    granularity by_;
    std::span<byte_type> codes_;
    std::span<detail::const_like<A, Scale>> scales_;
    std::span<detail::const_like<A, code_type>> zero_points_;
};

/// Whether zero points are stored, or all of them are the symmetric zero.
enum class range_kind : unsigned char { symmetric, asymmetric };

/// A quantized matrix that owns its memory.
template <detail::affine_parameters A, detail::scale_storage Scale = float>
class affine_matrix {
public:
    LOWPREC_INLINE affine_matrix(std::size_t rows, std::size_t columns, granularity by,
                                 range_kind kind = range_kind::symmetric)
        : rows_{rows},
          columns_{columns},
          by_{by},
          codes_(detail::matrix_bytes<A>(rows, columns)),
          scales_(by.count(rows, columns)),
          zero_points_(kind == range_kind::asymmetric ? by.count(rows, columns) : 0) {}
    // Written down to be forced inline. What was moved from has no rows.
    LOWPREC_INLINE affine_matrix(const affine_matrix&) = default;
    LOWPREC_INLINE affine_matrix(affine_matrix&& other) noexcept { swap(other); }
    LOWPREC_INLINE affine_matrix& operator=(const affine_matrix&) = default;
    LOWPREC_INLINE affine_matrix& operator=(affine_matrix&& other) noexcept {
        affine_matrix taken(std::move(other));
        swap(taken);
        return *this;
    }
    LOWPREC_INLINE ~affine_matrix() = default;

    [[nodiscard]] LOWPREC_INLINE affine_span<A, Scale> view() noexcept {
        return {detail::known_to_fit{}, rows_, columns_, by_, codes_, scales_, zero_points_};
    }
    [[nodiscard]] LOWPREC_INLINE affine_span<const A, Scale> view() const noexcept {
        return {detail::known_to_fit{}, rows_, columns_, by_, codes_, scales_, zero_points_};
    }
    [[nodiscard]] LOWPREC_INLINE std::size_t rows() const noexcept { return rows_; }
    [[nodiscard]] LOWPREC_INLINE std::size_t columns() const noexcept { return columns_; }

    /// Memory for codes, scales and zero points.
    [[nodiscard]] LOWPREC_INLINE std::size_t bytes() const noexcept {
        return codes_.size() + scales_.size() * sizeof(Scale) + zero_points_.size();
    }

private:
    LOWPREC_INLINE void swap(affine_matrix& other) noexcept {
        std::swap(rows_, other.rows_);
        std::swap(columns_, other.columns_);
        std::swap(by_, other.by_);
        std::swap(codes_, other.codes_);
        std::swap(scales_, other.scales_);
        std::swap(zero_points_, other.zero_points_);
    }

    std::size_t rows_ = 0, columns_ = 0;
    granularity by_ = granularity::row();
    std::vector<std::byte> codes_;
    std::vector<Scale> scales_;
    std::vector<typename A::code_type> zero_points_;
};

}  // namespace lowprec

#endif
