// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Prepared weights: a matrix in the order that products read (layout.hpp), in one piece of memory that can be written to a file
// as it is.
//
//     byte 0      "lowprec matmul\0\0"
//     16          version of the order (u32), bytes of this head (u32)
//     24          what the codes and scales are, as text: "affine4/fp16", "e2m1/e8m0" ...
//     88          rows, columns, group (u64 each)
//     112         whether there are zero points (u32), the tensor's scale (float)
//     120         the table of 16 floats, where codes stand for its numbers
//     192         strips; after them the sum of each row's codes (i32), where these are integers of 8 bits
#ifndef LOWPREC_KERNELS_MATMUL_WEIGHTS_HPP
#define LOWPREC_KERNELS_MATMUL_WEIGHTS_HPP

#include <cstring>
#include <lowprec/kernels/matmul/sources.hpp>
#include <memory>
#include <new>
#include <utility>

namespace lowprec {

namespace detail {

/// Bytes that begin at a line of the cache.
class line_bytes {
public:
    LOWPREC_INLINE line_bytes() = default;
    LOWPREC_INLINE explicit line_bytes(std::size_t size)
        : size_{size}, bytes_{static_cast<std::byte*>(::operator new (size, std::align_val_t{64}))} {}
    LOWPREC_INLINE line_bytes(const line_bytes& other) : line_bytes(other.size_) {
        if (size_ != 0) std::memcpy(bytes_, other.bytes_, size_);
    }
    LOWPREC_INLINE line_bytes(line_bytes&& other) noexcept
        : size_{std::exchange(other.size_, 0)}, bytes_{std::exchange(other.bytes_, nullptr)} {}
    LOWPREC_INLINE line_bytes& operator=(line_bytes other) noexcept {
        std::swap(size_, other.size_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    LOWPREC_INLINE ~line_bytes() {
        if (bytes_ != nullptr) ::operator delete (bytes_, std::align_val_t{64});
    }
    LOWPREC_INLINE std::byte* data() const noexcept { return bytes_; }
    LOWPREC_INLINE std::size_t size() const noexcept { return size_; }

private:
    std::size_t size_ = 0;
    std::byte* bytes_ = nullptr;
};

template <class Codes>
inline constexpr auto codes_name = [] {
    text name;
    return name << "table";
}();
template <class A>
inline constexpr auto codes_name<affine_codes<A>> = [] {
    text name;
    return name << "affine" << A::bits
                << (A::codes == integer_codes::signed_full     ? ""
                    : A::codes == integer_codes::signed_narrow ? "narrow"
                    : A::codes == integer_codes::unsigned_full ? "u"
                                                               : "unarrow");
}();
template <class F>
inline constexpr auto codes_name<float_codes<F>> = [] {
    text name;
    return name << name_of<F>;
}();
template <class E>
inline constexpr auto codes_name<int_element_codes<E>> = [] {
    text name;
    return name << "int" << E::width << "/2^" << -E::exponent;
}();

inline constexpr char weights_magic[17] = "lowprec matmul\0\0";
inline constexpr std::uint32_t weights_version = 1;
inline constexpr std::size_t weights_head = 192;

template <class Codes>
inline constexpr bool has_row_sums = Codes::integers&& Codes::width == 8;

}  // namespace detail

/// Weights in the order that products read. Made by `prepare`; from_bytes takes what bytes() gave.
template <class Codes, class Scale>
class prepared_weights {
public:
    using codes_type = Codes;
    using scale_type = Scale;

    LOWPREC_INLINE prepared_weights() = default;

    [[nodiscard]] LOWPREC_INLINE std::size_t rows() const noexcept { return shape_.rows; }
    [[nodiscard]] LOWPREC_INLINE std::size_t columns() const noexcept { return shape_.columns; }
    /// The columns that share a row's scale.
    [[nodiscard]] LOWPREC_INLINE std::size_t group() const noexcept { return shape_.group; }
    [[nodiscard]] LOWPREC_INLINE float tensor_scale() const noexcept { return tensor_scale_; }

    /// All of it, to be kept in a file. The same for the same weights, on every machine.
    [[nodiscard]] LOWPREC_INLINE std::span<const std::byte> bytes() const noexcept {
        return {memory_.data(), memory_.size()};
    }

    /// A copy of what bytes() gave.
    /// Errors:  std::invalid_argument for bytes that are no prepared weights, of another version, of other codes or scales, or
    ///          fewer or more than their extents need; it says which.
    [[nodiscard]] LOWPREC_INLINE static prepared_weights from_bytes(std::span<const std::byte> bytes) {
        using namespace detail;
        constexpr const char* where = "lowprec::prepared_weights: ";
        if (bytes.size() < weights_head || std::memcmp(bytes.data(), weights_magic, 16) != 0)
            fail_argument(where, "these ", bytes.size(), " bytes are no prepared weights");
        std::uint32_t numbers[2];
        std::memcpy(numbers, bytes.data() + 16, sizeof numbers);
        if (numbers[0] != weights_version)
            fail_argument(where, "the bytes have version ", numbers[0], ", but this lowprec reads version ",
                          weights_version, "; prepare the weights again");
        char kind[64];
        std::memcpy(kind, bytes.data() + 24, sizeof kind);
        kind[63] = 0;
        const text expected = kind_text();
        if (std::strcmp(kind, expected.characters) != 0)
            fail_argument(where, "the bytes hold ", std::string_view(kind), ", but ",
                          std::string_view(expected.characters), " is expected");
        std::uint64_t extents[3];
        std::uint32_t zero_points = 0;
        float tensor_scale = 0;
        std::memcpy(extents, bytes.data() + 88, sizeof extents);
        std::memcpy(&zero_points, bytes.data() + 112, 4);
        std::memcpy(&tensor_scale, bytes.data() + 116, 4);
        const weight_shape shape{extents[0],    extents[1],        extents[2],
                                 sizeof(Scale), step_bytes<Codes>, zero_points != 0};
        const bool plausible = shape.rows <= std::size_t{1} << 31 && shape.columns <= std::size_t{1} << 31 &&
                               (shape.columns == 0) == (shape.group == 0) && shape.group <= shape.columns &&
                               zero_points <= (Codes::integers ? 1U : 0U) && usable_tensor_scale(tensor_scale);
        if (!plausible || bytes.size() != memory_of(shape))
            fail_argument(where, "the head speaks of ", shape.rows, " x ", shape.columns, " weights in groups of ",
                          shape.group, ", which don't take ", bytes.size(), " bytes");
        prepared_weights result;
        result.shape_ = shape;
        result.tensor_scale_ = tensor_scale;
        result.memory_ = line_bytes(bytes.size());
        std::memcpy(result.memory_.data(), bytes.data(), bytes.size());
        result.check_scales();
        return result;
    }

    // For products.
    [[nodiscard]] LOWPREC_INLINE const detail::weight_shape& shape() const noexcept { return shape_; }
    [[nodiscard]] LOWPREC_INLINE const std::byte* strip(std::size_t i) const noexcept {
        return memory_.data() + detail::weights_head + shape_.strip_offset(i);
    }
    [[nodiscard]] LOWPREC_INLINE const float* table() const noexcept {
        return reinterpret_cast<const float*>(memory_.data() + 120);
    }
    [[nodiscard]] LOWPREC_INLINE const std::int32_t* row_sums() const noexcept {
        return reinterpret_cast<const std::int32_t*>(memory_.data() + detail::weights_head + shape_.bytes());
    }

    template <class Source>
    [[nodiscard]] LOWPREC_INLINE static prepared_weights of(const Source& source) {
        using namespace detail;
        const weight_shape shape = source.shape();
        if (shape.rows >> 31 != 0 || shape.columns >> 31 != 0)
            fail_argument("lowprec::prepare: ", shape.rows, " x ", shape.columns, " weights are too many");
        check_weights(source);
        if (!usable_tensor_scale(source.tensor_scale()))
            fail_argument("lowprec::prepare: the tensor scale is negative, infinite or NaN");
        prepared_weights result;
        result.shape_ = shape;
        result.tensor_scale_ = source.tensor_scale();
        result.memory_ = line_bytes(memory_of(shape));
        std::byte* const to = result.memory_.data();
        std::memset(to, 0, weights_head);
        std::memcpy(to, weights_magic, 16);
        const std::uint32_t numbers[2] = {weights_version, static_cast<std::uint32_t>(weights_head)};
        std::memcpy(to + 16, numbers, sizeof numbers);
        const text kind = kind_text();
        std::memcpy(to + 24, kind.characters, std::strlen(kind.characters));
        const std::uint64_t extents[3] = {shape.rows, shape.columns, shape.group};
        std::memcpy(to + 88, extents, sizeof extents);
        const std::uint32_t zero_points = shape.has_zero_points ? 1 : 0;
        std::memcpy(to + 112, &zero_points, 4);
        std::memcpy(to + 116, &result.tensor_scale_, 4);
        if constexpr (has_table<Codes>) std::memcpy(to + 120, source.w.table().data(), 64);
        std::int32_t* sums = nullptr;
        if constexpr (has_row_sums<Codes>) sums = reinterpret_cast<std::int32_t*>(to + weights_head + shape.bytes());
        for (std::size_t s = 0; s < shape.strips(); ++s)
            lay_out_strip(source, shape, s, to + weights_head + shape.strip_offset(s),
                          sums == nullptr ? nullptr : sums + s * strip_rows);
        return result;
    }

private:
    LOWPREC_INLINE static detail::text kind_text() noexcept {
        detail::text kind;
        return kind << std::string_view(detail::codes_name<Codes>.characters) << "/" << name_of<Scale>;
    }
    LOWPREC_INLINE static bool usable_tensor_scale(float t) noexcept {
        const fp32 s = detail::format_from_native(t);
        return isfinite(s) && !signbit(s);
    }
    LOWPREC_INLINE static std::size_t memory_of(const detail::weight_shape& shape) noexcept {
        return detail::weights_head + shape.bytes() +
               (detail::has_row_sums<Codes> ? shape.panels() * detail::panel_rows * 4 : 0);
    }
    /// The scales of a file, which may be anything.
    LOWPREC_INLINE void check_scales() const {
        for (std::size_t s = 0; s < shape_.strips(); ++s) {
            const std::size_t panels = shape_.panels_of(s);
            const std::byte* at = strip(s);
            for (std::size_t g = 0; g < shape_.groups(); ++g) {
                for (std::size_t r = 0; r < panels * detail::panel_rows; ++r) {
                    Scale scale;
                    std::memcpy(&scale, at + r * sizeof scale, sizeof scale);
                    bool finite = true;
                    if constexpr (Scale::has_nan) finite = !isnan(scale);
                    if constexpr (Scale::has_infinity) finite = finite && !isinf(scale);
                    if (!finite)
                        detail::fail_argument("lowprec::prepared_weights: the scale of row ",
                                              s * detail::strip_rows + r, ", group ", g, " is infinite or NaN");
                }
                at += shape_.group_head(panels) + detail::round_up(shape_.columns_of(g), detail::step_columns) /
                                                      detail::step_columns * panels * shape_.step_bytes;
            }
        }
    }

public:
    /// Lays one strip out; `sums` takes the sums of its rows' codes, if there are any.
    template <class Source>
    LOWPREC_INLINE static void lay_out_strip(const Source& source, const detail::weight_shape& shape, std::size_t strip,
                                             std::byte* to, std::int32_t* sums) noexcept {
        using namespace detail;
        const std::size_t panels = shape.panels_of(strip), first_row = strip * strip_rows;
        std::memset(to, 0, shape.strip_bytes(panels));
        if (sums != nullptr) std::memset(sums, 0, panels * panel_rows * sizeof *sums);
        const std::size_t rows =
            shape.rows - first_row < panels * panel_rows ? shape.rows - first_row : panels * panel_rows;
        for (std::size_t g = 0; g < shape.groups(); ++g) {
            const std::size_t columns = shape.columns_of(g), first = g * shape.group;
            for (std::size_t r = 0; r < rows; ++r) {
                const Scale scale = source.scale(first_row + r, first);
                std::memcpy(to + r * sizeof scale, &scale, sizeof scale);
                if (shape.has_zero_points)
                    to[shape.scales_bytes(panels) + r] = std::byte{source.stored_zero_point(first_row + r, first)};
            }
            to += shape.group_head(panels);
            for (std::size_t r = 0; r < rows; ++r) {
                std::byte* const panel = to + r / panel_rows * shape.step_bytes;
                for (std::size_t c = 0; c < columns;) {
                    std::uint8_t codes[unit_columns];
                    const std::size_t n = columns - c < unit_columns ? columns - c : unit_columns;
                    source.codes(first_row + r, first + c, n, codes);
                    for (std::size_t i = 0; i < n; ++i, ++c) {
                        put(panel + c / step_columns * panels * shape.step_bytes, r % panel_rows, c % step_columns,
                            codes[i]);
                        if (sums != nullptr) sums[r] += codes[i];
                    }
                }
            }
            to += divide_up(columns, step_columns) * panels * shape.step_bytes;
        }
    }

private:
    LOWPREC_INLINE static void put(std::byte* step, std::size_t row, std::size_t column, unsigned code) noexcept {
        using namespace detail;
        if constexpr (Codes::width == 4) {
            const std::size_t place = nibble_place(column);
            step[4 * row + place / 2] |= static_cast<std::byte>((code & 0xF) << place % 2 * 4);
        } else {
            const std::size_t i = 4 * row + byte_place[column % 4];
            step += column / 4 * (step_bytes<Codes> / 2);
            if constexpr (Codes::width == 8) {
                step[i] = static_cast<std::byte>(code);
            } else {
                const std::size_t bit = i * 6;
                const unsigned bits = (code & 0x3F) << bit % 8;
                step[bit / 8] |= static_cast<std::byte>(bits & 0xFF);
                if (bit % 8 > 2) step[bit / 8 + 1] |= static_cast<std::byte>(bits >> 8);
            }
        }
    }

    detail::line_bytes memory_;
    detail::weight_shape shape_;
    float tensor_scale_ = 1;
};

/// What `prepare` makes of weights of type W: a view or an owner.
template <detail::weights_in_rows W>
using prepared = prepared_weights<typename detail::source_of<W>::codes_type, typename detail::source_of<W>::scale_type>;

/// Brings weights into the order that products read. Once, when a model is loaded.
/// Shapes:  weights: n x k, an affine_span or affine_matrix of 8, 4, 3 or 2 bits, a block_span or block_tensor without minimum,
///          a scaled_span of codes of F, or a codebook_span. Groups of any size; the last of a row may be short.
/// Errors:  std::invalid_argument for a scale that is NaN, infinite, negative or zero, naming its row and group (a block
///          format's may be zero, and q4_0's negative), and for a zero point that is no code; std::bad_alloc.
/// Cost:    about the bytes of the weights: rows are filled up to multiples of 16, groups of columns to multiples of 8. Codes
///          of 3 and 2 bits take 4.
template <detail::weights_in_rows W>
[[nodiscard]] LOWPREC_INLINE prepared<W> prepare(const W& weights) {
    return prepared<W>::of(detail::source_of<W>{detail::source_view(weights)});
}

}  // namespace lowprec

#endif
