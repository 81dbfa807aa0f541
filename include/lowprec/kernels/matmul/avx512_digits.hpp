// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Products of 4-bit weights with float activations by the byte dots of AVX-512 VNNI, which multiply 64 numbers where a fused
// multiply-add has 16. The activations of a group become integers of one exponent, written in digits of base 256:
//
//     x = 2^-s (d0 + 256 d1 + 65536 d2 [+ 256^3 d3]) + rest        -128 <= d < 128
//
//     sum x w = 2^-s (sum d0 w + 256 sum d1 w + ...) + sum rest w
//
// Three digits hold bf16 numbers down to 2^-14 of the group's largest exactly, four digits fp16 down to 2^-19 and float down to
// 2^-6. The few that are smaller leave a rest, which is multiplied as a float. Sums of digits are exact, so the result has fewer
// roundings than a sum of floats. Rows with NaN, infinity, or magnitudes at the ends of float's range go by generic.hpp.
#ifndef LOWPREC_KERNELS_MATMUL_AVX512_DIGITS_HPP
#define LOWPREC_KERNELS_MATMUL_AVX512_DIGITS_HPP

#include <lowprec/kernels/matmul/activations.hpp>

namespace lowprec::detail {

/// 4-bit codes as bytes: code x stands for unit * (bytes[x] - offset).
struct digit_table {
    bool exists;
    float unit;
    int offset;
    std::uint8_t bytes[16];
};
template <class Codes>
inline constexpr digit_table digits_of_codes = [] {
    digit_table t{};
    if constexpr (Codes::width == 4 && !has_table<Codes>) {
        t.exists = true;
        t.unit = smallest_value<Codes>;
        float most = 0;
        for (unsigned i = 0; i < 16; ++i) {
            const float v = Codes::value(i) / t.unit;
            if (v != static_cast<float>(static_cast<int>(v)) || v > 127 || v < -127) t.exists = false;
            if (-v > most) most = -v;
        }
        t.offset = Codes::integers ? Codes::zero : static_cast<int>(most);
        if (t.exists)
            for (unsigned i = 0; i < 16; ++i)
                t.bytes[i] = static_cast<std::uint8_t>(static_cast<int>(Codes::value(i) / t.unit) + t.offset);
    }
    return t;
}();

template <class Isa, class Codes>
inline constexpr bool has_digits = false;

/// What of a number the digits don't hold.
struct digit_rest {
    std::uint32_t row, group, column;  ///< the column counted as padded
    float rest;
};

/// Activations as digits, row by row: `Digits` rows of bytes for each.
struct digit_activations {
    packed_rows rows;
    line_bytes bytes, units_memory, sums_memory, rests_memory, first_memory, as_floats_memory;
    float* units = nullptr;        ///< 2^-s of each row's groups
    std::int32_t* sums = nullptr;  ///< of each row's digits' groups
    digit_rest* rests = nullptr;   ///< ordered by row, then group; room for all numbers, of which few are touched
    std::size_t* first = nullptr;  ///< of a row's rests, and the end
    bool* as_floats = nullptr;     ///< rows that can't be
    bool any_as_floats = false;

    // Written down to be forced inline.
    LOWPREC_INLINE digit_activations() = default;
    LOWPREC_INLINE digit_activations(digit_activations&&) = default;
    LOWPREC_INLINE digit_activations& operator=(digit_activations&&) = default;
    LOWPREC_INLINE ~digit_activations() = default;

    // No std::vector: its functions would be compiled for this instruction set, and shared with programs' other sources.
    template <class T>
    LOWPREC_INLINE static T* room(line_bytes& memory, std::size_t count) {
        memory = line_bytes(count * sizeof(T));
        return reinterpret_cast<T*>(memory.data());
    }
};

template <class X>
inline constexpr std::size_t digits_for = std::is_same_v<X, bf16> ? 3 : 4;

template <class Isa, class X>
digit_activations as_digits(const X* x, std::size_t rows, const weight_shape& shape);

/// The totals of a strip for rows of digits from `first` on.
template <class Isa, class Codes, class Scale, std::size_t D>
void digit_strip(const weight_strip& strip, const digit_activations& x, std::size_t first, std::size_t rows,
                 float* totals) noexcept;

#if defined(__AVX512VNNI__)

template <class Isa, class Codes>
    requires(Isa::has(simd::avx512 | simd::vnni))
inline constexpr bool has_digits<Isa, Codes> = digits_of_codes<Codes>.exists;

/// The bytes of 16 columns in the order of quads (activation_columns<4>).
LOWPREC_INLINE __m128i in_quads(__m512i digits) noexcept {
    return _mm_shuffle_epi8(_mm512_cvtepi32_epi8(digits),
                            _mm_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15));
}
LOWPREC_INLINE __m512 sixteen_floats(const float* x, __mmask16 there) noexcept {
    return _mm512_maskz_loadu_ps(there, x);
}
LOWPREC_INLINE __m512 sixteen_floats(const bf16* x, __mmask16 there) noexcept {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(there, x)), 16));
}
LOWPREC_INLINE __m512 sixteen_floats(const fp16* x, __mmask16 there) noexcept {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(there, x));
}

template <class Isa, class X>
[[gnu::noinline]] void row_as_digits(const X* x, std::size_t row, const weight_shape& shape, digit_activations& out,
                                     std::byte* to, std::size_t& found) noexcept {
    constexpr std::size_t D = digits_for<X>;
    const std::size_t groups = shape.groups(), stride = shape.padded_columns();
    std::byte* const begin = to + row * D * stride;
    for (std::size_t g = 0; g < groups; ++g) {
        const std::size_t n = shape.columns_of(g), base = g * shape.padded_group();
        const X* const in = x + row * shape.columns + g * shape.group;
        const auto there = [&](std::size_t c) {
            return static_cast<__mmask16>(n - c >= 16 ? 0xFFFFU : (1U << (n - c)) - 1U);
        };
        __m512i largest = _mm512_setzero_si512();
        for (std::size_t c = 0; c < n; c += 16)
            largest = _mm512_max_epu32(largest, _mm512_and_si512(_mm512_castps_si512(sixteen_floats(in + c, there(c))),
                                                                 _mm512_set1_epi32(0x7FFFFFFF)));
        const auto field = static_cast<int>(_mm512_reduce_max_epu32(largest) >> 23);
        // 2^-40 to 2^80: then neither units nor products come near the ends of float's range. Zeros are whole numbers of anything.
        const int exponent = field == 0 && _mm512_reduce_max_epu32(largest) == 0 ? 0 : field - 127;
        if (exponent < -40 || exponent > 80) {
            out.as_floats[row] = out.any_as_floats = true;
            return;
        }
        const int s = static_cast<int>(8 * D - 3) - exponent;
        const auto power = [](int e) { return __builtin_bit_cast(float, static_cast<std::uint32_t>(e + 127) << 23); };
        const __m512 up = _mm512_set1_ps(power(s)), down = _mm512_set1_ps(power(-s));
        out.units[row * groups + g] = power(-s);
        __m512i sums[D];
        for (__m512i& sum : sums) sum = _mm512_setzero_si512();
        for (std::size_t c = 0; c < n; c += 16) {
            const __m512 v = sixteen_floats(in + c, there(c));
            __m512i q = _mm512_cvtps_epi32(_mm512_mul_ps(v, up));
            const __m512 rest = _mm512_sub_ps(v, _mm512_mul_ps(_mm512_cvtepi32_ps(q), down));
            if (const __mmask16 open = _mm512_cmp_ps_mask(rest, _mm512_setzero_ps(), _CMP_NEQ_UQ); open != 0) {
                alignas(64) float rests[16];
                _mm512_store_ps(rests, rest);
                for (std::uint32_t i = 0; i < 16; ++i)
                    if ((open >> i & 1U) != 0)
                        out.rests[found++] = {static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(g),
                                              static_cast<std::uint32_t>(base + c + i), rests[i]};
            }
            const std::size_t left = round_up(n - c, step_columns);
#pragma GCC unroll 4
            for (std::size_t d = 0; d < D; ++d) {
                const __m512i digit = _mm512_srai_epi32(_mm512_slli_epi32(q, 24), 24);
                q = _mm512_srai_epi32(_mm512_sub_epi32(q, digit), 8);
                sums[d] = _mm512_add_epi32(sums[d], digit);
                const __m128i bytes = in_quads(digit);
                std::byte* const at = begin + d * stride + base + c;
                if (left >= 16)
                    _mm_storeu_si128(reinterpret_cast<__m128i*>(at), bytes);
                else
                    _mm_storel_epi64(reinterpret_cast<__m128i*>(at), bytes);
            }
        }
#pragma GCC unroll 4
        for (std::size_t d = 0; d < D; ++d) {
            out.sums[(row * D + d) * groups + g] = _mm512_reduce_add_epi32(sums[d]);
        }
    }
}

/// Numbers below the smallest normal float are zero to no one here: their group's largest would be as small.
template <class Isa, class X>
[[gnu::noinline]] digit_activations as_digits(const X* x, std::size_t rows, const weight_shape& shape) {
    constexpr std::size_t D = digits_for<X>;
    digit_activations result;
    const std::size_t groups = shape.groups();
    result.rows.rows = rows;
    result.rows.stride = shape.padded_columns();
    result.bytes = line_bytes(rows * D * result.rows.stride);
    result.rows.data = result.bytes.data();
    result.units = result.room<float>(result.units_memory, rows * groups);
    result.sums = result.room<std::int32_t>(result.sums_memory, rows * D * groups);
    result.rests = result.room<digit_rest>(result.rests_memory, rows * shape.columns);
    result.first = result.room<std::size_t>(result.first_memory, rows + 1);
    result.as_floats = result.room<bool>(result.as_floats_memory, rows);
    std::memset(result.as_floats, 0, rows);
    const environment<Isa> guard;
    std::size_t rests = 0;
    for (std::size_t m = 0; m < rows; ++m) {
        result.first[m] = rests;
        row_as_digits<Isa>(x, m, shape, result, result.bytes.data(), rests);
    }
    result.first[rows] = rests;
    return result;
}

/// 64 bytes of 4-bit codes as unsigned bytes of two quads.
template <class Codes>
class nibble_bytes {
public:
    LOWPREC_INLINE nibble_bytes() noexcept {
        __m128i t;
        __builtin_memcpy(&t, digits_of_codes<Codes>.bytes, sizeof t);
        table_ = _mm512_broadcast_i32x4(t);
    }
    struct quads {
        __m512i even, odd;
    };
    LOWPREC_INLINE quads operator()(__m512i words) const noexcept {
        const __m512i low = _mm512_set1_epi8(15);
        const __m512i even = _mm512_and_si512(words, low), odd = _mm512_and_si512(_mm512_srli_epi16(words, 4), low);
        if constexpr (Codes::integers)
            return {even, odd};
        else
            return {_mm512_shuffle_epi8(table_, even), _mm512_shuffle_epi8(table_, odd)};
    }

private:
    __m512i table_;
};

/// 2^-s (d0 + 256 d1 + ...) of 16 rows' sums of digits.
template <std::size_t D>
LOWPREC_INLINE __m512 of_digits(const __m512i (&sums)[D], float unit) noexcept {
    __m512 value = _mm512_cvtepi32_ps(sums[D - 1]);
    for (std::size_t d = D - 1; d-- > 0;)
        value = _mm512_fmadd_ps(value, _mm512_set1_ps(256), _mm512_cvtepi32_ps(sums[d]));
    return _mm512_mul_ps(value, _mm512_set1_ps(unit));
}

/// total + rest * weights * scale for 16 rows of one panel, in the column of the rest.
template <class Isa, class Codes>
[[gnu::noinline]] __m512 add_rest(const digit_rest& rest, const std::byte* codes, std::size_t base, std::size_t panels,
                                  std::size_t panel, const std::byte* zeros, __m512 scale, __m512 total) noexcept {
    alignas(64) static constexpr auto values = [] {
        struct {
            float v[16];
        } t{};
        for (unsigned i = 0; i < 16; ++i)
            t.v[i] = Codes::value(i) + (Codes::integers ? static_cast<float>(Codes::zero) : 0.0F);
        return t;
    }();
    const std::size_t c = rest.column - base;
    const std::byte* const step = codes + (c / step_columns * panels + panel) * 64;
    const auto shift = _mm_cvtsi32_si128(static_cast<int>(4 * nibble_place(c % step_columns)));
    const __m512i code = _mm512_srl_epi32(_mm512_loadu_si512(step), shift);
    const __m512 zero =
        zeros != nullptr
            ? _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(zeros))))
            : _mm512_set1_ps(Codes::integers ? static_cast<float>(Codes::zero) : 0.0F);
    const __m512 w = _mm512_sub_ps(_mm512_permutexvar_ps(code, _mm512_load_ps(values.v)), zero);
    return _mm512_fmadd_ps(_mm512_mul_ps(w, scale), _mm512_set1_ps(rest.rest), total);
}

/// The scales of 16 rows, times a power of two that Scale's values stay normal with.
template <class Isa, class Scale>
LOWPREC_INLINE __m512 sixteen_scales(const std::byte* from) noexcept {
    if constexpr (std::is_same_v<Scale, fp16>) {
        return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
    } else if constexpr (std::is_same_v<Scale, e4m3> || std::is_same_v<Scale, ue4m3>) {
        // the same fields in fp16, whose bias is 8 more; the sign of e4m3 moves up with an arithmetic shift
        const __m256i words = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
        const __m256i halves =
            _mm256_and_si256(_mm256_slli_epi16(words, 7), _mm256_set1_epi16(static_cast<short>(0xBFFF)));
        return _mm512_mul_ps(_mm512_cvtph_ps(halves), _mm512_set1_ps(256));
    } else {
        return scale_values<Isa, Scale>(from);
    }
}

/// One row times P panels from the first on, over all groups.
template <class Isa, class Codes, class Scale, std::size_t D, std::size_t P, bool ZeroPoints>
LOWPREC_INLINE void digit_row(const nibble_bytes<Codes>& bytes, const weight_strip& strip, std::size_t first,
                              const digit_activations& all, std::size_t row, float* totals) noexcept {
    const weight_shape& shape = *strip.shape;
    const std::size_t groups = shape.groups(), panels = strip.panels, stride = all.rows.stride;
    const std::size_t head = shape.group_head(panels), scales_size = shape.scales_bytes(panels);
    const std::byte* x = all.rows.data + row * D * stride;
    const std::int32_t* x_sums = all.sums + row * D * groups;
    const float* units = all.units + row * groups;
    const std::byte* at = strip.data;
    const digit_rest* rest = all.rests + all.first[row];
    const digit_rest* const end = all.rests + all.first[row + 1];
    __m512 total[P];
    for (__m512& t : total) t = _mm512_setzero_ps();
    std::size_t base = 0;
    for (std::size_t g = 0; g < groups; ++g) {
        const std::byte* const scales = at;
        __m512i sums[P][D];
#pragma GCC unroll 4
        for (std::size_t d = 0; d < D; ++d) {
            const std::int32_t own = x_sums[d * groups + g];
#pragma GCC unroll 4
            for (std::size_t p = 0; p < P; ++p) {
                if constexpr (ZeroPoints)
                    sums[p][d] = _mm512_mullo_epi32(
                        _mm512_cvtepu8_epi32(
                            _mm_loadu_si128(reinterpret_cast<const __m128i*>(scales + scales_size + 16 * (first + p)))),
                        _mm512_set1_epi32(-own));
                else
                    sums[p][d] = _mm512_set1_epi32(-digits_of_codes<Codes>.offset * own);
            }
        }
        at += head;
        const std::byte* const codes = at;
        const std::size_t columns = shape.columns_of(g);
        const std::size_t steps = divide_up(columns, step_columns);
        for (std::size_t q = 0; q < steps; ++q) {
#pragma GCC unroll 4
            for (std::size_t p = 0; p < P; ++p) {
                const std::byte* const step = at + (q * panels + first + p) * 64;
                __builtin_prefetch(step + 4096);
                const auto w = bytes(_mm512_loadu_si512(step));
#pragma GCC unroll 4
                for (std::size_t d = 0; d < D; ++d) {
                    int even, odd;
                    __builtin_memcpy(&even, x + d * stride + 8 * q, 4);
                    __builtin_memcpy(&odd, x + d * stride + 8 * q + 4, 4);
                    sums[p][d] = _mm512_dpbusd_epi32(sums[p][d], w.even, _mm512_set1_epi32(even));
                    sums[p][d] = _mm512_dpbusd_epi32(sums[p][d], w.odd, _mm512_set1_epi32(odd));
                }
            }
        }
        at += steps * panels * 64;
        x += 8 * steps;
#pragma GCC unroll 4
        for (std::size_t p = 0; p < P; ++p) {
            const __m512 scale = _mm512_mul_ps(sixteen_scales<Isa, Scale>(scales + 16 * (first + p) * sizeof(Scale)),
                                               _mm512_set1_ps(digits_of_codes<Codes>.unit));
            total[p] = _mm512_fmadd_ps(of_digits<D>(sums[p], units[g]), scale, total[p]);
        }
        if (rest != end && rest->group == g) [[unlikely]] {
            for (; rest != end && rest->group == g; ++rest)
#pragma GCC unroll 4
                for (std::size_t p = 0; p < P; ++p) {
                    const std::byte* const zero = scales + scales_size + 16 * (first + p);
                    total[p] = add_rest<Isa, Codes>(
                        *rest, codes, base, panels, first + p, ZeroPoints ? zero : nullptr,
                        sixteen_scales<Isa, Scale>(scales + 16 * (first + p) * sizeof(Scale)), total[p]);
                }
        }
        base += shape.padded_group();
    }
#pragma GCC unroll 4
    for (std::size_t p = 0; p < P; ++p) {
        _mm512_storeu_ps(totals + 16 * (first + p), total[p]);
    }
}

template <class Isa, class Codes, class Scale, std::size_t D>
[[gnu::noinline]] void digit_strip(const weight_strip& strip, const digit_activations& x, std::size_t first,
                                   std::size_t rows, float* totals) noexcept {
    const weight_shape& shape = *strip.shape;
    const std::size_t groups = shape.groups(), panels = strip.panels, stride = x.rows.stride;
    const nibble_bytes<Codes> bytes;
    constexpr std::size_t few = 4;
    if (rows <= few) {
        const auto take = [&]<std::size_t P>(std::size_t p) {
            for (std::size_t m = 0; m < rows; ++m) {
                if (shape.has_zero_points)
                    digit_row<Isa, Codes, Scale, D, P, true>(bytes, strip, p, x, first + m, totals + m * strip_rows);
                else
                    digit_row<Isa, Codes, Scale, D, P, false>(bytes, strip, p, x, first + m, totals + m * strip_rows);
            }
        };
        if (panels == 4)
            take.template operator()<4>(0);
        else
            for (std::size_t p = 0; p < panels; ++p) take.template operator()<1>(p);
        return;
    }
    constexpr std::size_t most = rows_together;
    alignas(64) float scales[strip_rows];
    alignas(64) std::int32_t zeros[strip_rows];
    alignas(64) std::byte buffer[unit_columns * strip_rows];
    alignas(64) std::int32_t sums[most * D * strip_rows];
    const digit_rest* rests[most];
    for (std::size_t m = 0; m < rows; ++m) rests[m] = x.rests + x.first[first + m];
    for (std::size_t i = 0; i < rows * strip_rows; ++i) totals[i] = 0;
    for (std::int32_t& z : zeros) z = digits_of_codes<Codes>.offset;
    const std::byte* at = strip.data;
    for (std::size_t g = 0; g < groups; ++g) {
        const std::byte* const zero_points = shape.has_zero_points ? at + shape.scales_bytes(panels) : nullptr;
        for (std::size_t p = 0; p < panels; ++p) {
            _mm512_store_ps(scales + 16 * p, sixteen_scales<Isa, Scale>(at + 16 * p * sizeof(Scale)));
            if (zero_points != nullptr)
                _mm512_store_si512(
                    zeros + 16 * p,
                    _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(zero_points + 16 * p))));
        }
        at += shape.group_head(panels);
        const std::size_t columns = shape.columns_of(g), base = g * shape.padded_group();
        const std::int32_t* const x_sums = x.sums + first * D * groups + g;
        const float* const units = x.units + first * groups + g;
        const std::byte* codes = at;
        const std::byte* own = x.rows.data + first * D * stride + base;
        for (std::size_t left = columns; left != 0;) {
            const std::size_t size = left < unit_columns ? left : unit_columns;
            const std::size_t steps = divide_up(size, step_columns);
            for (std::size_t s = 0; s < steps * panels; ++s) {
                const auto w = bytes(_mm512_loadu_si512(codes + 64 * s));
                _mm512_store_si512(buffer + 128 * s, w.even);
                _mm512_store_si512(buffer + 128 * s + 64, w.odd);
            }
            const byte_steps unit{buffer, panels, steps, codes + panels * steps * 64};
            const auto take = [&]<std::size_t P>(std::size_t p) {
                for_each_tile<6>(0, rows * D, [&]<std::size_t M>(std::size_t m) {
                    quad_tile<Isa, P, M>(unit, p, own + m * stride, stride, left != columns, unit.ahead_of(m / 6),
                                         sums + m * strip_rows + 16 * p);
                });
            };
            if (panels == 4)
                take.template operator()<4>(0);
            else
                for (std::size_t p = 0; p < panels; ++p) take.template operator()<1>(p);
            codes += panels * steps * 64;
            own += steps * step_columns;
            left -= size;
        }
        for (std::size_t m = 0; m < rows; ++m) {
            for (std::size_t p = 0; p < panels; ++p) {
                __m512i exact[D];
#pragma GCC unroll 4
                for (std::size_t d = 0; d < D; ++d) {
                    exact[d] = _mm512_sub_epi32(_mm512_load_si512(sums + (m * D + d) * strip_rows + 16 * p),
                                                _mm512_mullo_epi32(_mm512_load_si512(zeros + 16 * p),
                                                                   _mm512_set1_epi32(x_sums[(m * D + d) * groups])));
                }
                float* const total = totals + m * strip_rows + 16 * p;
                const __m512 scale =
                    _mm512_mul_ps(_mm512_load_ps(scales + 16 * p), _mm512_set1_ps(digits_of_codes<Codes>.unit));
                _mm512_storeu_ps(
                    total, _mm512_fmadd_ps(of_digits<D>(exact, units[m * groups]), scale, _mm512_loadu_ps(total)));
            }
            const digit_rest* const end = x.rests + x.first[first + m + 1];
            for (; rests[m] != end && rests[m]->group == g; ++rests[m])
                for (std::size_t p = 0; p < panels; ++p) {
                    float* const total = totals + m * strip_rows + 16 * p;
                    _mm512_storeu_ps(total,
                                     add_rest<Isa, Codes>(*rests[m], at, base, panels, p,
                                                          zero_points == nullptr ? nullptr : zero_points + 16 * p,
                                                          _mm512_load_ps(scales + 16 * p), _mm512_loadu_ps(total)));
                }
        }
        at = codes;
    }
}

#endif

}  // namespace lowprec::detail

#endif
