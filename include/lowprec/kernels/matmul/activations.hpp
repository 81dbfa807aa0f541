// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Activations in the order of prepared weights: each group of columns filled up to a multiple of 8 with zeros. Rows whose
// columns need no filling are read where they are.
#ifndef LOWPREC_KERNELS_MATMUL_ACTIVATIONS_HPP
#define LOWPREC_KERNELS_MATMUL_ACTIVATIONS_HPP

#include <lowprec/kernels/convert.hpp>
#include <lowprec/kernels/matmul/integer.hpp>
#include <lowprec/kernels/matmul/weights.hpp>

namespace lowprec::detail {

/// Packed activations and the memory they need, if any.
struct activation_memory {
    packed_rows rows;
    line_bytes bytes;
    line_bytes scales;

    // Written down to be forced inline.
    LOWPREC_INLINE activation_memory() = default;
    LOWPREC_INLINE activation_memory(activation_memory&&) = default;
    LOWPREC_INLINE activation_memory& operator=(activation_memory&&) = default;
    LOWPREC_INLINE ~activation_memory() = default;
};

/// Copies rows of elements of `size` bytes, group by group.
template <class Isa>
LOWPREC_INLINE void fill_up(const std::byte* from, std::size_t rows, const weight_shape& shape, std::size_t size,
                            std::byte* to) noexcept {
    const std::size_t stride = shape.padded_columns() * size;
    for (std::size_t m = 0; m < rows; ++m, from += shape.columns * size, to += stride)
        for (std::size_t g = 0; g < shape.groups(); ++g) {
            const std::size_t columns = shape.columns_of(g) * size;
            const std::size_t padded = round_up(shape.columns_of(g), step_columns) * size;
            std::byte* const at = to + g * shape.padded_group() * size;
            std::memcpy(at, from + g * shape.group * size, columns);
            std::memset(at + columns, 0, padded - columns);
        }
}

/// Elements as they are, of T: float, or bf16 for dots of pairs.
template <class Isa, class T>
LOWPREC_INLINE activation_memory as_they_are(const T* x, std::size_t rows, const weight_shape& shape) {
    activation_memory result;
    result.rows.rows = rows;
    result.rows.stride = shape.padded_columns() * sizeof(T);
    if (shape.padded_columns() == shape.columns) {
        result.rows.data = reinterpret_cast<const std::byte*>(x);
    } else {
        result.bytes = line_bytes(rows * result.rows.stride);
        fill_up<Isa>(reinterpret_cast<const std::byte*>(x), rows, shape, sizeof(T), result.bytes.data());
        result.rows.data = result.bytes.data();
    }
    return result;
}

/// Activations of float, bf16 or fp16 as floats.
template <class Isa, class X>
LOWPREC_INLINE activation_memory as_floats(const X* x, std::size_t rows, const weight_shape& shape) {
    if constexpr (std::is_same_v<X, float>) {
        return as_they_are<Isa>(x, rows, shape);
    } else {
        line_bytes floats(rows * shape.columns * sizeof(float));
        auto* const at = reinterpret_cast<float*>(floats.data());
        convert_on<Isa, policy{}>(std::span(x, rows * shape.columns), std::span(at, rows * shape.columns));
        activation_memory result = as_they_are<Isa>(static_cast<const float*>(at), rows, shape);
        if (result.bytes.data() == nullptr) result.bytes = std::move(floats);
        return result;
    }
}

/// The smallest magnitude but zero that codes have.
template <class Codes>
inline constexpr float smallest_value = [] {
    float least = 1;
    for (unsigned i = 0; i < 1U << Codes::width; ++i) {
        const fp32 v = abs(format_from_native(Codes::value(i)));
        if (v > fp32::from_bits(0) && v < format_from_native(least)) least = convert<float>(v);
    }
    return least;
}();

/// Whether no product of these activations and codes, and no sum of such products, is a subnormal float: all of them are
/// multiples of the smallest activation's last bit times the smallest code's value.
template <class Isa, class Codes>
LOWPREC_INLINE bool stays_normal(const bf16* x, std::size_t count) noexcept {
    constexpr int lowest =
        -126 + bf16::mantissa_bits - (static_cast<int>(format_from_native(smallest_value<Codes>).bits() >> 23) - 127);
    constexpr auto limit = static_cast<std::uint16_t>((lowest + bf16::bias) << bf16::mantissa_bits);
    const auto* const bytes = reinterpret_cast<const std::byte*>(x);
    constexpr std::size_t size = u16<Isa>::size;
    std::size_t i = 0;
    // 0 - 1 is the largest word
    auto least = ~u16<Isa>(std::uint16_t{0});
    for (; i + size <= count; i += size)
        least = (xsimd::min)(
            least, (load_from<u16<Isa>>(bytes + 2 * i) & u16<Isa>(std::uint16_t{0x7FFF})) - u16<Isa>(std::uint16_t{1}));
    std::uint16_t words[size];
    store_to(words, least);
    bool normal = true;
    for (const std::uint16_t w : words) normal = normal && w >= limit - 1;
    for (; i < count; ++i) normal = normal && static_cast<std::uint16_t>((x[i].bits() & 0x7FFF) - 1) >= limit - 1;
    return normal;
}

/// Integer codes as signed bytes, in the order of quads, and the sums of each row's groups.
struct integer_activations {
    activation_memory memory;
    line_bytes sums_memory;  // of std::int32_t

    LOWPREC_INLINE integer_activations() = default;
    LOWPREC_INLINE integer_activations(integer_activations&&) = default;
    LOWPREC_INLINE integer_activations& operator=(integer_activations&&) = default;
    LOWPREC_INLINE ~integer_activations() = default;
    LOWPREC_INLINE const std::int32_t* sums() const noexcept {
        return reinterpret_cast<const std::int32_t*>(sums_memory.data());
    }
};
template <class Isa, int Width, class Code>
LOWPREC_INLINE integer_activations as_quads(const Code* codes, std::size_t rows, const weight_shape& shape) {
    integer_activations result;
    packed_rows& packed = result.memory.rows;
    packed.rows = rows;
    packed.stride = shape.padded_columns();
    packed.scales_stride = shape.groups();
    result.memory.bytes = line_bytes(rows * packed.stride);
    result.sums_memory = line_bytes(rows * shape.groups() * sizeof(std::int32_t));
    packed.data = result.memory.bytes.data();
    auto* sums = reinterpret_cast<std::int32_t*>(result.sums_memory.data());
    std::uint8_t order[step_columns];
    for (std::size_t i = 0; i < step_columns; ++i) order[i] = activation_columns<Width>(i);
    for (std::size_t m = 0; m < rows; ++m) {
        const Code* const row = codes + m * shape.columns;
        std::byte* const to = result.memory.bytes.data() + m * packed.stride;
        for (std::size_t g = 0; g < shape.groups(); ++g) {
            const std::size_t n = shape.columns_of(g), first = g * shape.group;
            std::byte* at = to + g * shape.padded_group();
            std::int32_t sum = 0;
            for (std::size_t c = 0; c < n; c += step_columns, at += step_columns) {
                std::int8_t step[step_columns] = {};
                for (std::size_t i = 0; i < step_columns && c + i < n; ++i) {
                    step[i] = static_cast<std::int8_t>(std::is_signed_v<Code> ? row[first + c + i]
                                                                              : row[first + c + i] - 128);
                    sum += step[i];
                }
                for (std::size_t i = 0; i < step_columns; ++i) at[i] = static_cast<std::byte>(step[order[i]]);
            }
            *sums++ = sum;
        }
    }
    return result;
}

/// Blocks as bf16 or float numbers without their scales, and the scales as floats.
template <class Isa, class T, class B>
LOWPREC_INLINE activation_memory as_elements(block_span<const B> x, const weight_shape& shape) {
    using source = weight_source<block_span<const B>>;
    const source s{x};
    activation_memory result;
    packed_rows& packed = result.rows;
    packed.rows = x.rows();
    packed.stride = shape.padded_columns() * sizeof(T);
    packed.scales_stride = shape.groups();
    result.bytes = line_bytes(x.rows() * packed.stride);
    result.scales = line_bytes(x.rows() * shape.groups() * sizeof(float));
    packed.data = result.bytes.data();
    packed.scales = reinterpret_cast<const float*>(result.scales.data());
    auto* scales = reinterpret_cast<float*>(result.scales.data());
    T values[256];
    for (unsigned i = 0; i < 1U << source::codes_type::width; ++i) values[i] = convert<T>(source::codes_type::value(i));
    for (std::size_t m = 0; m < x.rows(); ++m) {
        auto* const row = reinterpret_cast<T*>(result.bytes.data() + m * packed.stride);
        for (std::size_t g = 0; g < shape.groups(); ++g) {
            std::uint8_t codes[B::length];
            const std::size_t n = shape.columns_of(g), padded = round_up(n, step_columns);
            s.codes(m, g * shape.group, n, codes);
            T* const to = row + g * shape.padded_group();
            for (std::size_t i = 0; i < padded; ++i) to[i] = i < n ? values[codes[i]] : convert<T>(0.0F);
            *scales++ = convert<float>(s.scale(m, g * shape.group));
        }
    }
    return result;
}

}  // namespace lowprec::detail

#endif
