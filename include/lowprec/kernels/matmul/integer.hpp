// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Products of integer codes: exact sums of 32 bits. Weights are the unsigned side (layout.hpp), activations the signed one, so
//
//     sum (w - zw) a  =  sum u a - zu * sum a        u, zu: code and zero point as they are stored
//
// needs of the weights nothing but their codes. Sums may wrap around on the way; the result does not, up to the bound that the
// product's door checks.
#ifndef LOWPREC_KERNELS_MATMUL_INTEGER_HPP
#define LOWPREC_KERNELS_MATMUL_INTEGER_HPP

#include <lowprec/kernels/matmul/generic.hpp>

namespace lowprec::detail {

/// How an instruction set multiplies quads: 4 columns of some rows with the same 4 activations. `registers` hold 16 rows' sums.
template <class Isa>
struct quad_dots {
    static constexpr std::size_t registers = panel_registers<Isa>;
    static constexpr std::size_t panels = 1, rows = 2;
    using sum = i32<Isa>;
    struct activations {
        i32<Isa> v[4];
    };
    LOWPREC_INLINE static activations broadcast(const std::byte* from) noexcept {
        activations a;
        for (int i = 0; i < 4; ++i) a.v[i] = i32<Isa>(static_cast<std::int8_t>(from[i]));
        return a;
    }
    LOWPREC_INLINE static sum load(const std::int32_t* from, std::size_t r) noexcept {
        return load_from<sum>(from + r * lanes<Isa>);
    }
    LOWPREC_INLINE static void store(std::int32_t* to, const sum (&sums)[registers]) noexcept {
        for (std::size_t r = 0; r < registers; ++r) store_to(to + r * lanes<Isa>, sums[r]);
    }
    LOWPREC_INLINE static sum add(sum s, const std::byte* quad, std::size_t r, const activations& a) noexcept {
        const u32<Isa> words = load_from<u32<Isa>>(quad + 4 * r * lanes<Isa>), byte(0xFFU);
        s += as<i32<Isa>>(words & byte) * a.v[0];
        s += as<i32<Isa>>((words >> 8) & byte) * a.v[1];
        s += as<i32<Isa>>((words >> 16) & byte) * a.v[2];
        s += as<i32<Isa>>(words >> 24) * a.v[3];
        return s;
    }
};

#if defined(__AVX2__)
/// Words of 16 bits: vpmaddwd adds two products into 32 bits. (Products of bytes as they are would saturate at 16.)
template <class Isa>
    requires(Isa::has(simd::avx2) && !Isa::has(simd::avx512 | simd::vnni))
struct quad_dots<Isa> {
    static constexpr std::size_t registers = 4;  // of 4 rows, two sums each
    static constexpr std::size_t panels = 1, rows = 3;
    using sum = __m256i;
    using activations = __m256i;
    LOWPREC_INLINE static activations broadcast(const std::byte* from) noexcept {
        int quad;
        __builtin_memcpy(&quad, from, sizeof quad);
        return _mm256_cvtepi8_epi16(_mm_set1_epi32(quad));
    }
    LOWPREC_INLINE static sum load(const std::int32_t* from, std::size_t r) noexcept {
        return _mm256_cvtepu32_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 4 * r)));
    }
    LOWPREC_INLINE static void store(std::int32_t* to, const sum (&sums)[registers]) noexcept {
        for (std::size_t r = 0; r < 2; ++r)
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 8 * r),
                                _mm256_permute4x64_epi64(_mm256_hadd_epi32(sums[2 * r], sums[2 * r + 1]), 0xD8));
    }
    LOWPREC_INLINE static sum add(sum s, const std::byte* quad, std::size_t r, activations a) noexcept {
        const __m256i w = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(quad + 16 * r)));
        return _mm256_add_epi32(s, _mm256_madd_epi16(w, a));
    }
};
#endif

#if defined(__AVX512VNNI__)
template <class Isa>
    requires(Isa::has(simd::avx512 | simd::vnni))
struct quad_dots<Isa> {
    static constexpr std::size_t registers = 1;
    static constexpr std::size_t panels = 4, rows = 6;
    using sum = __m512i;
    using activations = __m512i;
    LOWPREC_INLINE static activations broadcast(const std::byte* from) noexcept {
        int quad;
        __builtin_memcpy(&quad, from, sizeof quad);
        return _mm512_set1_epi32(quad);
    }
    LOWPREC_INLINE static sum load(const std::int32_t* from, std::size_t) noexcept { return _mm512_loadu_si512(from); }
    LOWPREC_INLINE static void store(std::int32_t* to, const sum (&sums)[1]) noexcept {
        _mm512_storeu_si512(to, sums[0]);
    }
    LOWPREC_INLINE static sum add(sum s, const std::byte* quad, std::size_t, activations a) noexcept {
        return _mm512_dpbusd_epi32(s, _mm512_loadu_si512(quad), a);
    }
};
#endif

/// 8-bit steps of all panels: step 0 of panel 0, 1 ..., step 1 of panel 0, 1 ...
struct byte_steps {
    const std::byte* data;
    std::size_t panels, steps;
    const std::byte* ahead;  ///< what is read next: tiles fetch a line of it for each quad, each tile its own part

    LOWPREC_INLINE const std::byte* ahead_of(std::size_t tile) const noexcept { return ahead + tile * 2 * steps * 64; }
};

/// P panels from the p-th on times M rows, added to sums[row][64] or to zero.
template <class Isa, std::size_t P, std::size_t M>
[[gnu::noinline]] void quad_tile(const byte_steps& w, std::size_t p, const std::byte* x, std::size_t x_stride,
                                 bool continued, const std::byte* ahead, std::int32_t* sums) noexcept {
    using dots = quad_dots<Isa>;
    constexpr std::size_t R = dots::registers;
    typename dots::sum s[M][P][R];
#pragma GCC unroll 6
    for (std::size_t m = 0; m < M; ++m) {
#pragma GCC unroll 4
        for (std::size_t k = 0; k < P; ++k) {
#pragma GCC unroll 4
            for (std::size_t r = 0; r < R; ++r) {
                const std::int32_t zeros[16] = {};
                s[m][k][r] = dots::load(continued ? sums + m * strip_rows + 16 * k : zeros, r);
            }
        }
    }
    for (std::size_t q = 0; q < 2 * w.steps; ++q) {
        const std::byte* const quads = w.data + (q / 2 * w.panels + p) * 128 + q % 2 * 64;
        if constexpr (P == 4 && M > 1) __builtin_prefetch(ahead += 64);
        typename dots::activations a[M];
#pragma GCC unroll 6
        for (std::size_t m = 0; m < M; ++m) {
            a[m] = dots::broadcast(x + m * x_stride + 4 * q);
        }
#pragma GCC unroll 4
        for (std::size_t k = 0; k < P; ++k) {
            const std::byte* const quad = quads + 128 * k;
            if constexpr (P == 4 && M == 1) __builtin_prefetch(quad + 4096);
#pragma GCC unroll 4
            for (std::size_t r = 0; r < R; ++r) {
#pragma GCC unroll 6
                for (std::size_t m = 0; m < M; ++m) {
                    s[m][k][r] = dots::add(s[m][k][r], quad, r, a[m]);
                }
            }
        }
    }
    if constexpr (P != 4 || M == 1) static_cast<void>(ahead);
#pragma GCC unroll 6
    for (std::size_t m = 0; m < M; ++m) {
#pragma GCC unroll 4
        for (std::size_t k = 0; k < P; ++k) {
            dots::store(sums + m * strip_rows + 16 * k, s[m][k]);
        }
    }
}

/// Bytes of a unit of 4-bit codes in the order of two halves, of which even places come first.
template <class Isa>
LOWPREC_INLINE void spread_nibbles(const std::byte* from, std::size_t steps, std::byte* to) noexcept {
    const u32<Isa> low(0x0F0F0F0FU);
    for (std::size_t s = 0; s < steps; ++s)
        for (int i = 0; i < 64; i += 4 * lanes<Isa>) {
            const u32<Isa> words = load_from<u32<Isa>>(from + 64 * s + i);
            store_to(to + 128 * s + i, words & low);
            store_to(to + 128 * s + 64 + i, (words >> 4) & low);
        }
}

/// The column of a step whose activation stands at each place of its two quads.
template <int Width>
LOWPREC_INLINE constexpr std::uint8_t activation_columns(std::size_t place) noexcept {
    return static_cast<std::uint8_t>(Width == 4 ? nibble_place(place) : place / 4 * 4 + place % 2 * 2 + place % 4 / 2);
}

#if defined(__AVX512VNNI__)
/// 4-bit codes of 4 panels times few rows, spread in registers.
template <class Isa, std::size_t M>
[[gnu::noinline]] void nibble_tile(const std::byte* codes, std::size_t steps, const std::byte* x, std::size_t x_stride,
                                   bool continued, std::int32_t* sums) noexcept {
    __m512i s[M][4];
#pragma GCC unroll 6
    for (std::size_t m = 0; m < M; ++m) {
#pragma GCC unroll 4
        for (std::size_t k = 0; k < 4; ++k) {
            s[m][k] = continued ? _mm512_loadu_si512(sums + m * strip_rows + 16 * k) : _mm512_setzero_si512();
        }
    }
    const __m512i low = _mm512_set1_epi8(15);
    for (std::size_t q = 0; q < steps; ++q) {
#pragma GCC unroll 4
        for (std::size_t k = 0; k < 4; ++k) {
            const std::byte* const step = codes + (4 * q + k) * 64;
            __builtin_prefetch(step + 4096);
            const __m512i words = _mm512_loadu_si512(step);
            const __m512i even = _mm512_and_si512(words, low), odd = _mm512_and_si512(_mm512_srli_epi16(words, 4), low);
#pragma GCC unroll 6
            for (std::size_t m = 0; m < M; ++m) {
                int a, b;
                __builtin_memcpy(&a, x + m * x_stride + 8 * q, 4);
                __builtin_memcpy(&b, x + m * x_stride + 8 * q + 4, 4);
                s[m][k] = _mm512_dpbusd_epi32(s[m][k], even, _mm512_set1_epi32(a));
                s[m][k] = _mm512_dpbusd_epi32(s[m][k], odd, _mm512_set1_epi32(b));
            }
        }
    }
#pragma GCC unroll 6
    for (std::size_t m = 0; m < M; ++m) {
#pragma GCC unroll 4
        for (std::size_t k = 0; k < 4; ++k) {
            _mm512_storeu_si512(sums + m * strip_rows + 16 * k, s[m][k]);
        }
    }
}
#endif

/// The integer sums of a strip: after the columns of each group calls finish(group, head of the group), and sums[row][64] are
/// those of the group: of codes as they are stored times activations.
template <class Isa, class Codes, class Finish>
LOWPREC_INLINE void integer_strip(const weight_strip& strip, const packed_rows& x, std::size_t rows, std::int32_t* sums,
                                  Finish&& finish) noexcept {
    using dots = quad_dots<Isa>;
    // 24 KiB of bytes stay in the first-level cache for all rows
    constexpr std::size_t most = Codes::width == 4 ? unit_columns : 3 * unit_columns;
    const weight_shape& shape = *strip.shape;
    alignas(64) std::byte buffer[Codes::width == 4 ? unit_columns * strip_rows : 64];
    const std::byte* at = strip.data;
    const std::byte* activations = x.data;
    for (std::size_t g = 0; g < shape.groups(); ++g) {
        const std::byte* const head = at;
        at += shape.group_head(strip.panels);
        bool continued = false;
        for (std::size_t left = shape.columns_of(g); left != 0;) {
            const std::size_t columns = left < most ? left : most;
            const std::size_t steps = divide_up(columns, step_columns);
            byte_steps w{at, strip.panels, steps, at + strip.panels * steps * step_bytes<Codes>};
            bool done = false;
            if constexpr (Codes::width == 4) {
#if defined(__AVX512VNNI__)
                if constexpr (dots::panels == 4)
                    if (strip.panels == 4 && rows <= 4) {
                        for_each_tile<4>(0, rows, [&]<std::size_t M>(std::size_t m) {
                            nibble_tile<Isa, M>(at, steps, activations + m * x.stride, x.stride, continued,
                                                sums + m * strip_rows);
                        });
                        done = true;
                    }
#endif
                if (!done) spread_nibbles<Isa>(at, steps * strip.panels, buffer);
                w.data = buffer;
            }
            if (!done) {
                const auto take = [&]<std::size_t P>(std::size_t p) {
                    for_each_tile<dots::rows>(0, rows, [&]<std::size_t M>(std::size_t m) {
                        quad_tile<Isa, P, M>(w, p, activations + m * x.stride, x.stride, continued,
                                             w.ahead_of(m / dots::rows), sums + m * strip_rows + 16 * p);
                    });
                };
                std::size_t p = 0;
                if constexpr (dots::panels == 4)
                    if (strip.panels == 4) {
                        take.template operator()<4>(0);
                        p = 4;
                    }
                for (; p < strip.panels; ++p) take.template operator()<1>(p);
            }
            at = w.ahead;
            activations += steps * step_columns;
            left -= columns;
            continued = true;
        }
        finish(g, head);
    }
}

/// One group: the sums themselves.
template <class Isa, class Codes>
[[gnu::noinline]] void integer_strip_sums(const weight_strip& strip, const packed_rows& x, std::size_t rows,
                                          std::int32_t* sums) noexcept {
    for (std::size_t i = 0; i < rows * strip_rows; ++i) sums[i] = 0;
    integer_strip<Isa, Codes>(strip, x, rows, sums, [](std::size_t, const std::byte*) {});
}

/// Groups: totals[row][64] of float(sum (w - zw) a) * scale, one fused multiply-add a group. `x_sums` holds the sums of each
/// row's activations, one for each group, `x.scales_stride` apart.
template <class Isa, class Codes, class Scale>
[[gnu::noinline]] void integer_strip_totals(const weight_strip& strip, const packed_rows& x, const std::int32_t* x_sums,
                                            std::size_t rows, float* totals) noexcept {
    alignas(64) std::int32_t sums[rows_together * strip_rows];
    alignas(64) float scales[strip_rows];
    alignas(64) std::int32_t zeros[strip_rows];
    const weight_shape& shape = *strip.shape;
    for (std::size_t i = 0; i < rows * strip_rows; ++i) totals[i] = 0;
    integer_strip<Isa, Codes>(strip, x, rows, sums, [&](std::size_t g, const std::byte* head) {
        decode_scales<Isa, Scale>(head, strip.panels, scales);
        for (std::size_t r = 0; r < strip.panels * panel_rows; ++r)
            zeros[r] = shape.has_zero_points ? std::to_integer<std::int32_t>(head[shape.scales_bytes(strip.panels) + r])
                                             : std::int32_t{Codes::zero};
        for (std::size_t m = 0; m < rows; ++m) {
            const i32<Isa> own(x_sums[m * x.scales_stride + g]);
            for (std::size_t r = 0; r < strip.panels * panel_rows; r += lanes<Isa>) {
                const i32<Isa> sum = load_from<i32<Isa>>(sums + m * strip_rows + r);
                const i32<Isa> exact = sum - load_from<i32<Isa>>(zeros + r) * own;
                add_scaled<Isa>(totals + m * strip_rows + r, xsimd::to_float(exact), load_from<f32<Isa>>(scales + r));
            }
        }
    });
}

}  // namespace lowprec::detail

#endif
