// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 7
//
// How a tensor is stored, as a value: which format, which elements share a scale, what the scale is stored in, whether there are zero
// points, and whether scales are known before a tensor is seen. Made from types:
//
//     keep<fp16>()                                                       as it is
//     scaled<e4m3>(scaling::tensor())                                    fp8, one scale
//     scaled<e4m3>(scaling::tile(128, 128))                              fp8, a scale for each square
//     scaled<e4m3>(scaling::token(), scales::dynamic)                    fp8 activations
//     blocks<nvfp4>(), blocks<mxfp8_e4m3>()                              formats that bring their scales
//     integers<4, fp16>(scaling::group(128), range_kind::asymmetric)     affine<4> with zero points
#ifndef LOWPREC_PTQ_MIXED_PRECISION_TENSOR_FORMAT_HPP
#define LOWPREC_PTQ_MIXED_PRECISION_TENSOR_FORMAT_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <lowprec/affine.hpp>
#include <lowprec/block_formats.hpp>
#include <lowprec/block_span.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/quantize/affine_matrix.hpp>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lowprec::ptq {

/// Which elements share a scale. A weight's row is an output channel, a row of activations is a token.
class scaling {
public:
    enum class kind : unsigned char {
        none,     ///< no scale
        own,      ///< as the block format says
        tensor,   ///< one
        channel,  ///< one for each row
        token,    ///< the same of activations
        group,    ///< one for each so many elements of a row
        tile,     ///< one for each rectangle
    };

    [[nodiscard]] static constexpr scaling none() noexcept { return {kind::none, 0, 0}; }
    [[nodiscard]] static constexpr scaling own() noexcept { return {kind::own, 0, 0}; }
    [[nodiscard]] static constexpr scaling tensor() noexcept { return {kind::tensor, 0, 0}; }
    [[nodiscard]] static constexpr scaling channel() noexcept { return {kind::channel, 0, 0}; }
    [[nodiscard]] static constexpr scaling token() noexcept { return {kind::token, 0, 0}; }
    /// Errors:  std::invalid_argument if the size is 0.
    [[nodiscard]] static constexpr scaling group(std::uint32_t size) {
        if (size == 0) lowprec::detail::fail_argument("lowprec::ptq::scaling: groups of 0 elements");
        return {kind::group, 1, size};
    }
    /// Errors:  std::invalid_argument if a side is 0.
    [[nodiscard]] static constexpr scaling tile(std::uint32_t rows, std::uint32_t columns) {
        if (rows == 0 || columns == 0)
            lowprec::detail::fail_argument("lowprec::ptq::scaling: tiles of ", rows, " rows and ", columns, " columns");
        return {kind::tile, rows, columns};
    }

    [[nodiscard]] constexpr kind is() const noexcept { return kind_; }
    /// The rows and columns of a tile; a group has one row; 0 for what has no such size.
    [[nodiscard]] constexpr std::uint32_t rows() const noexcept { return rows_; }
    [[nodiscard]] constexpr std::uint32_t columns() const noexcept { return columns_; }

    friend constexpr bool operator==(const scaling&, const scaling&) = default;

private:
    constexpr scaling(kind k, std::uint32_t rows, std::uint32_t columns) noexcept
        : kind_{k}, rows_{rows}, columns_{columns} {}
    kind kind_;
    std::uint32_t rows_, columns_;
};

/// When scales are known.
enum class scales : unsigned char {
    fixed,    ///< before: they are stored
    dynamic,  ///< from the tensor itself
    local,    ///< a block's from the tensor itself, the one above all blocks before
};

/// Whether a checkpoint gives a zero point a byte, as affine_matrix does, or just its bits, as AutoAWQ, GPTQ and compressed-tensors do.
enum class zero_points : unsigned char { bytes, packed };

/// The bytes of a tensor's parts.
struct storage_size {
    std::size_t codes = 0;
    std::size_t scales = 0;
    std::size_t zeros = 0;

    [[nodiscard]] constexpr std::size_t bytes() const noexcept { return codes + scales + zeros; }
    friend constexpr bool operator==(const storage_size&, const storage_size&) = default;
};

namespace detail {

template <class... Tuples>
using joined = decltype(std::tuple_cat(std::declval<Tuples>()...));
/// What tensors are stored as: lowprec's formats, its block formats, affine integers.
using storable_types = joined<all_formats, all_block_formats, std::tuple<affine<8>, affine<4>, affine<3>, affine<2>>>;

template <class T>
inline constexpr bool is_integer_v = false;
template <int Bits, integer_codes Codes>
inline constexpr bool is_integer_v<affine<Bits, Codes>> = true;

using lowprec::detail::text;

template <class T>
constexpr text storable_name() noexcept {
    text name;
    if constexpr (is_integer_v<T>)
        name << "int" << T::bits;
    else
        name << name_of<T>;
    return name;
}
template <class T>
inline constexpr text storable_name_v = storable_name<T>();

template <class T>
constexpr int width_of() noexcept {
    if constexpr (is_integer_v<T>)
        return T::bits;
    else if constexpr (block_row<T>)
        return T::element::width;
    else
        return T::width;
}

[[noreturn]] inline void fail_size(std::string_view format, std::size_t rows, std::size_t columns) {
    lowprec::detail::fail_argument("lowprec::ptq: ", rows, " rows of ", columns, " columns of ", format,
                                   " are too many");
}
constexpr std::size_t product(std::size_t a, std::size_t b, std::string_view format, std::size_t rows,
                              std::size_t columns) {
    std::size_t result = 0;
    if (__builtin_mul_overflow(a, b, &result)) fail_size(format, rows, columns);
    return result;
}

/// The codes of a matrix; of a block format, everything.
template <class T>
constexpr storage_size codes_of(std::size_t rows, std::size_t columns) {
    if constexpr (is_integer_v<T>) {
        return {.codes = lowprec::detail::matrix_bytes<T>(rows, columns)};
    } else if constexpr (block_row<T>) {
        const block_bytes parts = bytes_of_blocks<T>(rows, columns);
        return {.codes = parts.codes, .scales = parts.scales + (T::has_tensor_scale ? sizeof(float) : 0)};
    } else {
        const std::size_t elements = product(rows, columns, name_of<T>, rows, columns);
        return {.codes = product(elements, sizeof(T), name_of<T>, rows, columns)};
    }
}

/// A row for each storable type.
struct storable_row {
    std::string_view name;
    int bits;
    std::size_t size;  ///< in memory, where it is a format
    bool is_block, is_integer;
    storage_size (*codes)(std::size_t rows, std::size_t columns);
};

template <class T>
constexpr storable_row storable_row_of() noexcept {
    constexpr bool is_format = !is_integer_v<T> && !block_row<T>;
    return {storable_name_v<T>, width_of<T>(), is_format ? sizeof(T) : 0, block_row<T>, is_integer_v<T>, &codes_of<T>};
}
template <class Tuple>
inline constexpr std::array<storable_row, std::tuple_size_v<Tuple>> rows_of_v{};
template <class... Ts>
inline constexpr std::array<storable_row, sizeof...(Ts)> rows_of_v<std::tuple<Ts...>>{storable_row_of<Ts>()...};

template <class T, class Tuple>
inline constexpr unsigned char place_v = 255;
template <class T, class... Ts>
inline constexpr unsigned char place_v<T, std::tuple<Ts...>> = [] {
    unsigned char at = 0;
    return ((std::is_same_v<T, Ts> || (++at, false)) || ...) ? at : static_cast<unsigned char>(255);
}();

template <class T>
inline constexpr unsigned char storable = place_v<T, storable_types>;
constexpr const storable_row& row_of_storable(unsigned char place) noexcept { return rows_of_v<storable_types>[place]; }

template <class T>
concept listed_format = format<T> && storable<T>
!= 255;
template <class T>
concept listed_block_format = block_row<T> && storable<T>
!= 255;

struct make_tensor_format;

}  // namespace detail

/// How a tensor is stored. keep, scaled, blocks and integers make it.
class tensor_format {
public:
    /// Kept in fp16.
    constexpr tensor_format() noexcept : tensor_format{detail::storable<fp16>} {}

    /// Whether elements are stored as T: a format, a block format, or affine<Bits>.
    template <class T>
    [[nodiscard]] constexpr bool is() const noexcept {
        static_assert(detail::storable<T> != 255, "not a type of the tables");
        return element_ == detail::storable<T>;
    }
    /// "fp16", "e4m3", "nvfp4", "int4"
    [[nodiscard]] constexpr std::string_view element() const noexcept { return row().name; }
    /// The bits of a code.
    [[nodiscard]] constexpr int bits() const noexcept { return row().bits; }
    [[nodiscard]] constexpr bool is_kept() const noexcept { return by_ == scaling::none(); }
    [[nodiscard]] constexpr bool is_integer() const noexcept { return row().is_integer; }
    [[nodiscard]] constexpr bool is_block() const noexcept { return row().is_block; }
    [[nodiscard]] constexpr scaling by() const noexcept { return by_; }
    /// What scales are stored in; nothing where there are none or the block format says.
    [[nodiscard]] constexpr std::string_view scale() const noexcept {
        return scale_ == none ? std::string_view{} : detail::row_of_storable(scale_).name;
    }
    template <detail::listed_format Scale>
    [[nodiscard]] constexpr bool has_scale() const noexcept {
        return scale_ == detail::storable<Scale>;
    }
    [[nodiscard]] constexpr range_kind range() const noexcept { return range_; }
    [[nodiscard]] constexpr scales when() const noexcept { return when_; }

    /// The bytes of a matrix that is stored so, as affine_matrix, block_span and arrays of a format have them.
    /// Errors:  std::invalid_argument if they can't be counted in a std::size_t.
    [[nodiscard]] constexpr storage_size size(std::size_t rows, std::size_t columns,
                                              zero_points zeros = zero_points::bytes) const {
        storage_size all = row().codes(rows, columns);
        if (scale_ == none) return all;
        const std::size_t count = scale_count(rows, columns);
        all.scales = detail::product(count, detail::row_of_storable(scale_).size, element(), rows, columns);
        if (range_ == range_kind::asymmetric) {
            all.zeros = count;
            if (zeros == zero_points::packed) {
                const auto width = static_cast<std::size_t>(bits());
                all.zeros = count / 8 * width + (count % 8 * width + 7) / 8;
            }
        }
        return all;
    }
    /// Bits for each element of a matrix, with scales and zero points; 0 for an empty one.
    [[nodiscard]] constexpr double bits_per_weight(std::size_t rows, std::size_t columns,
                                                   zero_points zeros = zero_points::bytes) const {
        if (rows == 0 || columns == 0) return 0;
        return static_cast<double>(size(rows, columns, zeros).bytes()) * 8 /
               (static_cast<double>(rows) * static_cast<double>(columns));
    }

    /// "int4, fp16 scale and zero point for a group of 128"
    [[nodiscard]] std::string text() const {
        std::string out(element());
        if (scale_ != none) {
            out += ", ";
            out += scale();
            out += range_ == range_kind::asymmetric ? " scale and zero point" : " scale";
            using kind = scaling::kind;
            switch (by_.is()) {
            case kind::tensor: out += " for the tensor"; break;
            case kind::channel: out += " for a channel"; break;
            case kind::token: out += " for a token"; break;
            case kind::group: out += " for a group of " + std::to_string(by_.columns()); break;
            case kind::tile:
                out += " for a tile of " + std::to_string(by_.rows()) + " x " + std::to_string(by_.columns());
                break;
            default: break;
            }
        }
        if (when_ == scales::dynamic) out += ", dynamic";
        if (when_ == scales::local) out += ", dynamic below a fixed tensor scale";
        return out;
    }

    friend constexpr bool operator==(const tensor_format&, const tensor_format&) = default;

private:
    friend detail::make_tensor_format;
    static constexpr unsigned char none = 255;
    constexpr explicit tensor_format(unsigned char element, scaling by = scaling::none(), unsigned char scale = none,
                                     range_kind range = range_kind::symmetric, scales when = scales::fixed) noexcept
        : by_{by}, element_{element}, scale_{scale}, range_{range}, when_{when} {}

    [[nodiscard]] constexpr const detail::storable_row& row() const noexcept {
        return detail::row_of_storable(element_);
    }
    [[nodiscard]] constexpr std::size_t scale_count(std::size_t rows, std::size_t columns) const {
        const auto across = [](std::size_t n, std::size_t size) { return n / size + (n % size != 0 ? 1 : 0); };
        switch (by_.is()) {
        case scaling::kind::tensor: return granularity::tensor().count(rows, columns);
        case scaling::kind::group: return granularity::group(by_.columns()).count(rows, columns);
        case scaling::kind::tile: return across(rows, by_.rows()) * across(columns, by_.columns());
        default: return granularity::row().count(rows, columns);
        }
    }

    scaling by_;
    unsigned char element_, scale_;
    range_kind range_;
    scales when_;
};

namespace detail {

struct make_tensor_format {
    template <class T>
    static constexpr tensor_format kept() noexcept {
        return tensor_format{storable<T>};
    }
    template <class T, class Scale>
    static constexpr tensor_format with_scales(scaling by, range_kind range, scales when) {
        if (by.is() == scaling::kind::none || by.is() == scaling::kind::own)
            lowprec::detail::fail_argument("lowprec::ptq: ", storable_name_v<T>,
                                           " needs to know which elements share a scale");
        if (when == scales::local)
            lowprec::detail::fail_argument("lowprec::ptq: ", storable_name_v<T>, " has no scale above its scales");
        return tensor_format{storable<T>, by, storable<Scale>, range, when};
    }
    template <class T>
    static constexpr tensor_format in_blocks(scales when) {
        if (when == scales::local && !T::has_tensor_scale)
            lowprec::detail::fail_argument("lowprec::ptq: ", storable_name_v<T>, " has no scale above its scales");
        return tensor_format{storable<T>, scaling::own(), 255, range_kind::symmetric, when};
    }
};

}  // namespace detail

/// Numbers of a format, as they are: keep<fp16>().
template <detail::listed_format F>
[[nodiscard]] constexpr tensor_format keep() noexcept {
    return detail::make_tensor_format::kept<F>();
}

/// Numbers of a format times scales.
/// Errors:  std::invalid_argument if `by` names no elements.
template <detail::listed_format F, detail::listed_format Scale = fp32>
[[nodiscard]] constexpr tensor_format scaled(scaling by, scales when = scales::fixed) {
    return detail::make_tensor_format::with_scales<F, Scale>(by, range_kind::symmetric, when);
}

/// A block format, which says itself what its scales are.
/// Errors:  std::invalid_argument for local scales of a format without a tensor scale.
template <detail::listed_block_format B>
[[nodiscard]] constexpr tensor_format blocks(scales when = scales::fixed) {
    return detail::make_tensor_format::in_blocks<B>(when);
}

/// Affine integers of 8, 4, 3 or 2 bits.
/// Errors:  std::invalid_argument if `by` names no elements, or tiles, which affine_matrix lacks.
template <int Bits, detail::listed_format Scale = fp16>
    requires lowprec::detail::affine_codes_have_8_4_3_or_2_bits<Bits>
[[nodiscard]] constexpr tensor_format integers(scaling by, range_kind range = range_kind::symmetric,
                                               scales when = scales::fixed) {
    if (by.is() == scaling::kind::tile)
        lowprec::detail::fail_argument("lowprec::ptq: affine integers have no scales for tiles");
    return detail::make_tensor_format::with_scales<affine<Bits>, Scale>(by, range, when);
}

}  // namespace lowprec::ptq

#endif
