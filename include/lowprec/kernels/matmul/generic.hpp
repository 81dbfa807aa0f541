// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Products with float activations, on xsimd's batches. Lanes are output channels, so nothing is added across lanes, and each
// output is one chain of fused multiply-adds:
//
//     unit    sum = w[0] x[0] + w[1] x[1] + ...    in order of the columns, at most 128
//     total   total = sum * scale + total          for each unit
//
// The chain is the same for one row of activations and for hundreds, whatever tile computes it, and on every machine that has
// a fused multiply-add. A few rows decode the codes where they multiply them; more rows decode a unit into a buffer first.
#ifndef LOWPREC_KERNELS_MATMUL_GENERIC_HPP
#define LOWPREC_KERNELS_MATMUL_GENERIC_HPP

#include <lowprec/kernels/matmul/decode.hpp>

namespace lowprec::detail {

/// Activations as a kernel reads them: rows of `stride` elements in the order of the weights' padded columns.
struct packed_rows {
    const std::byte* data = nullptr;
    std::size_t stride = 0;         ///< bytes from row to row
    const float* scales = nullptr;  ///< one for each group of a row, or none: then they are 1
    std::size_t scales_stride = 0;  ///< scales from row to row
    std::size_t rows = 0;

    LOWPREC_INLINE packed_rows from(std::size_t row) const noexcept {
        return {data + row * stride, stride, scales == nullptr ? nullptr : scales + row * scales_stride, scales_stride,
                rows - row};
    }
};

/// One strip of weights.
struct weight_strip {
    const std::byte* data = nullptr;
    std::size_t panels = 0;
    const weight_shape* shape = nullptr;
    const float* table = nullptr;
};

/// Rows of activations that a task takes at once: their totals stay in the first-level cache.
inline constexpr std::size_t rows_together = 48;

/// The registers that hold a panel's column.
template <class Isa>
inline constexpr std::size_t panel_registers = 16 / lanes<Isa>;

/// f.operator()<0>(), <1>() ... of so many.
template <std::size_t Count, class Function>
LOWPREC_INLINE void unrolled(Function&& f) noexcept {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (f.template operator()<I>(), ...); }
    (std::make_index_sequence<Count>{});
}

/// Calls f.operator()<M>(row) for tiles of M rows: as many of Most as there are, then of halves of it.
template <std::size_t Most, class Function>
LOWPREC_INLINE void for_each_tile(std::size_t first, std::size_t rows, Function&& f) noexcept {
    constexpr std::size_t most = Most;
    for (; rows >= most; first += most, rows -= most) f.template operator()<Most>(first);
    if constexpr (Most > 1)
        if (rows != 0) for_each_tile<Most / 2>(first, rows, f);
}

/// The scales of a strip's group as floats, 16 for each panel.
template <class Isa, class Scale>
LOWPREC_INLINE void decode_scales(const std::byte* from, std::size_t panels, float* out) noexcept {
    for (std::size_t r = 0; r < panels * panel_rows; r += lanes<Isa>)
        store_to(out + r, scale_values<Isa, Scale>(from + r * sizeof(Scale)));
}

/// totals += sums * scales * the row's own scale.
template <class Isa>
LOWPREC_INLINE void add_scaled(float* total, f32<Isa> sum, f32<Isa> scale) noexcept {
    store_to(total, multiply_add<Isa>(sum, scale, load_from<f32<Isa>>(total)));
}

// Loops that the compiler is told to unroll, and lambdas that are forced inline: of hundreds of small functions it would leave
// some as calls, with the sums in memory, and take twice as long over them.

/// One unit of P panels times M rows, decoded where it is multiplied.
template <class Isa, class Codes, std::size_t P, std::size_t M>
[[gnu::noinline]] void fused_unit(const decoder<Isa, Codes>& decode, const std::byte* codes, std::size_t panels,
                                  std::size_t steps, const float* zeros, const float* scales, const float* x,
                                  std::size_t x_stride, const float* x_scales, std::size_t x_scales_stride,
                                  float* totals) noexcept {
    constexpr std::size_t R = panel_registers<Isa>, L = lanes<Isa>;
    // Two registers take turns where one chain of sums at a time would wait for itself, and there are few registers.
    constexpr std::size_t T = R == 2 ? 2 : 1;
    f32<Isa> sums[M][P][R];
    for (auto& row : sums)
        for (auto& panel : row)
            for (auto& sum : panel) sum = f32<Isa>(0.0F);
    for (std::size_t s = 0; s < steps; ++s) {
        const auto panel = [&](std::size_t p) __attribute__((always_inline)) {
            const step_words<Isa, Codes> words(codes + (s * panels + p) * step_bytes<Codes>);
#pragma GCC unroll 4
            for (std::size_t first = 0; first < R; first += T) {
                f32<Isa> zero[T], w[8][T];
#pragma GCC unroll 2
                for (std::size_t r = 0; r < T; ++r)
                    zero[r] = zeros == nullptr ? decoder<Isa, Codes>::zero_point()
                                               : load_from<f32<Isa>>(zeros + 16 * p + L * (first + r));
                const auto add = [&](std::size_t m, std::size_t c) __attribute__((always_inline)) {
                    const f32<Isa> own(x[m * x_stride + 8 * s + c]);
#pragma GCC unroll 2
                    for (std::size_t r = 0; r < T; ++r)
                        sums[m][p][first + r] = multiply_add<Isa>(w[c][r], own, sums[m][p][first + r]);
                };
                unrolled<8>([&]<std::size_t c>() __attribute__((always_inline)) {
#pragma GCC unroll 2
                    for (std::size_t r = 0; r < T; ++r)
                        w[c][r] = decode.template column<c>(words.template of<c>(L * (first + r)), zero[r]);
                    if constexpr (T > 1)
#pragma GCC unroll 4
                        for (std::size_t m = 0; m < M; ++m) add(m, c);
                });
                if constexpr (T == 1)
#pragma GCC unroll 4
                    for (std::size_t m = 0; m < M; ++m)
#pragma GCC unroll 8
                        for (std::size_t c = 0; c < 8; ++c) add(m, c);
            }
        };
        if constexpr (Codes::width == 4) {
#pragma GCC unroll 4
            for (std::size_t p = 0; p < P; ++p) panel(p);
        } else {
#pragma GCC unroll 1
            for (std::size_t p = 0; p < P; ++p) panel(p);
        }
    }
#pragma GCC unroll 4
    for (std::size_t m = 0; m < M; ++m) {
        const f32<Isa> own(x_scales == nullptr ? 1.0F : x_scales[m * x_scales_stride]);
#pragma GCC unroll 4
        for (std::size_t p = 0; p < P; ++p)
#pragma GCC unroll 4
            for (std::size_t r = 0; r < R; ++r)
                add_scaled<Isa>(totals + m * strip_rows + 16 * p + L * r, sums[m][p][r],
                                load_from<f32<Isa>>(scales + 16 * p + L * r) * own);
    }
}

/// The unit of P panels as floats: column after column, 16 P rows each.
template <class Isa, class Codes, std::size_t P>
[[gnu::noinline]] void decode_unit(const decoder<Isa, Codes>& decode, const std::byte* codes, std::size_t panels,
                                   std::size_t steps, const float* zeros, float* out) noexcept {
    constexpr std::size_t R = panel_registers<Isa>, L = lanes<Isa>;
    for (std::size_t p = 0; p < P; ++p)
        for (std::size_t s = 0; s < steps; ++s) {
            const step_words<Isa, Codes> words(codes + (s * panels + p) * step_bytes<Codes>);
            for (std::size_t r = 0; r < R; ++r) {
                const std::size_t row = 16 * p + L * r;
                const f32<Isa> zero =
                    zeros == nullptr ? decoder<Isa, Codes>::zero_point() : load_from<f32<Isa>>(zeros + row);
                float* const to = out + s * 8 * 16 * P + row;
                unrolled<8>([&]<std::size_t c>() {
                    store_to(to + c * 16 * P, decode.template column<c>(words.template of<c>(L * r), zero));
                });
            }
        }
}

/// One decoded unit of P panels times M rows.
template <class Isa, std::size_t P, std::size_t M>
[[gnu::noinline]] void buffered_unit(const float* w, std::size_t columns, const float* scales, const float* x,
                                     std::size_t x_stride, const float* x_scales, std::size_t x_scales_stride,
                                     float* totals) noexcept {
    constexpr std::size_t V = P * panel_registers<Isa>, L = lanes<Isa>;
    f32<Isa> sums[M][V];
    for (auto& row : sums)
        for (auto& sum : row) sum = f32<Isa>(0.0F);
    for (std::size_t c = 0; c < columns; ++c) {
        f32<Isa> column[V];
#pragma GCC unroll 4
        for (std::size_t v = 0; v < V; ++v) column[v] = load_from<f32<Isa>>(w + c * 16 * P + v * L);
#pragma GCC unroll 12
        for (std::size_t m = 0; m < M; ++m) {
            const f32<Isa> own(x[m * x_stride + c]);
#pragma GCC unroll 4
            for (std::size_t v = 0; v < V; ++v) sums[m][v] = multiply_add<Isa>(column[v], own, sums[m][v]);
        }
    }
#pragma GCC unroll 12
    for (std::size_t m = 0; m < M; ++m) {
        const f32<Isa> own(x_scales == nullptr ? 1.0F : x_scales[m * x_scales_stride]);
#pragma GCC unroll 4
        for (std::size_t v = 0; v < V; ++v)
            add_scaled<Isa>(totals + m * strip_rows + v * L, sums[m][v], load_from<f32<Isa>>(scales + v * L) * own);
    }
}

/// How many panels and rows the registers hold: 32 registers of 16 lanes, 16 of 8, 16 or 32 of 4.
template <class Isa>
struct float_tile {
#if defined(__aarch64__)
    static constexpr std::size_t fused_panels = 1, panels = 1, rows = 5;
#else
    static constexpr std::size_t fused_panels = lanes<Isa> == 16 ? 4 : 1;
    static constexpr std::size_t panels = lanes<Isa> == 16 ? 2 : 1;
    static constexpr std::size_t rows = lanes<Isa> == 16 ? 12 : lanes<Isa> == 8 ? 6 : 2;
#endif
};

/// The totals of a strip for some rows of float activations: totals[row][64].
template <class Isa, class Codes, class Scale>
[[gnu::noinline]] void float_strip(const weight_strip& strip, const packed_rows& x, std::size_t rows,
                                   float* totals) noexcept {
    using tile = float_tile<Isa>;
    constexpr std::size_t few = 4;
    const weight_shape& shape = *strip.shape;
    const decoder<Isa, Codes> decode(strip.table);
    alignas(64) float scales[strip_rows], zeros[strip_rows];
    alignas(64) float buffer[unit_columns * 16 * tile::panels];
    const std::byte* at = strip.data;
    const auto* activations = reinterpret_cast<const float*>(x.data);
    const std::size_t x_stride = x.stride / sizeof(float);
    for (std::size_t i = 0; i < rows * strip_rows; ++i) totals[i] = 0;
    for (std::size_t g = 0; g < shape.groups(); ++g) {
        decode_scales<Isa, Scale>(at, strip.panels, scales);
        const float* z = nullptr;
        if (shape.has_zero_points) {
            for (std::size_t r = 0; r < strip.panels * panel_rows; r += lanes<Isa>)
                store_to(zeros + r, decoder<Isa, Codes>::zero_points(at + shape.scales_bytes(strip.panels) + r));
            z = zeros;
        }
        at += shape.group_head(strip.panels);
        const float* const x_scales = x.scales == nullptr ? nullptr : x.scales + g;
        for (std::size_t left = shape.columns_of(g); left != 0;) {
            const std::size_t columns = left < unit_columns ? left : unit_columns;
            const std::size_t steps = divide_up(columns, step_columns);
            const auto take = [&]<std::size_t P>(std::size_t p) {
                const std::byte* const codes = at + p * step_bytes<Codes>;
                const float* const zp = z == nullptr ? nullptr : z + p * 16;
                if (rows <= few) {
                    for_each_tile<4>(0, rows, [&]<std::size_t M>(std::size_t m) {
                        fused_unit<Isa, Codes, P, M>(decode, codes, strip.panels, steps, zp, scales + p * 16,
                                                     activations + m * x_stride, x_stride,
                                                     x_scales == nullptr ? nullptr : x_scales + m * x.scales_stride,
                                                     x.scales_stride, totals + m * strip_rows + p * 16);
                    });
                } else {
                    decode_unit<Isa, Codes, P>(decode, codes, strip.panels, steps, zp, buffer);
                    for_each_tile<tile::rows>(0, rows, [&]<std::size_t M>(std::size_t m) {
                        buffered_unit<Isa, P, M>(buffer, steps * step_columns, scales + p * 16,
                                                 activations + m * x_stride, x_stride,
                                                 x_scales == nullptr ? nullptr : x_scales + m * x.scales_stride,
                                                 x.scales_stride, totals + m * strip_rows + p * 16);
                    });
                }
            };
            std::size_t p = 0;
            if constexpr (tile::fused_panels == 4)
                if (rows <= few && strip.panels == 4) {
                    take.template operator()<4>(0);
                    p = 4;
                }
            if constexpr (tile::panels == 2)
                if (rows > few)
                    for (; p + 2 <= strip.panels; p += 2) take.template operator()<2>(p);
            for (; p < strip.panels; ++p) take.template operator()<1>(p);
            at += steps * strip.panels * step_bytes<Codes>;
            activations += steps * step_columns;
            left -= columns;
        }
    }
}

}  // namespace lowprec::detail

#endif
