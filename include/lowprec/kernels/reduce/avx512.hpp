// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Extremes with AVX-512. Intel's processors have one unit for maxima of 512 bits of integers and two for those of floats, so
// floats are compared as floats here: `range` takes the larger magnitude, the smaller or the larger of two in one
// operation, with -0 below +0. It skips quiet NaN, so they are looked for besides, in two registers at once.
//
// On Sapphire Rapids with gcc 12, as a ratio to reading (bench/kernels/reduce.cpp), here and generic:
//
//                             L1            L2
//     min_max             .36   .17     .89   .41
//     min_max of 32       .18   .11     .41   .26
//     min_max of 64       .25   .15     .50   .33
//     min_max of 128      .27   .18     .51   .41
//     abs_max             .57   .49     .92   .82       blocks below 1024: generic is as fast or faster
#ifndef LOWPREC_KERNELS_REDUCE_AVX512_HPP
#define LOWPREC_KERNELS_REDUCE_AVX512_HPP

#include <lowprec/kernels/reduce/generic.hpp>

namespace lowprec::detail {

#if defined(__AVX512F__) && defined(__AVX512DQ__)

// Without optimisation gcc's intrinsics are macros, and their casts are warned of here.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"

/// The extremes of some floats, lane by lane. `low` is nothing where only magnitudes count.
template <reduction R, class Isa>
struct float_extremes {
    __m512 high, low;

    LOWPREC_INLINE void join(const float_extremes& other) noexcept {
        constexpr int magnitude = 0b1011, smaller = 0b0100, larger = 0b0101;  // its sign is cleared, or kept
        high = _mm512_range_ps(high, other.high, R == reduction::min_max ? larger : magnitude);
        if constexpr (R == reduction::min_max) low = _mm512_range_ps(low, other.low, smaller);
    }
    LOWPREC_INLINE remainder_of<R, Isa> as_integers() const noexcept {
        auto all = remainder_of<R, Isa>::of(u32<Isa>(_mm512_castps_si512(high)));
        if constexpr (R == reduction::min_max) all.join(all.of(u32<Isa>(_mm512_castps_si512(low))));
        return all;
    }
};

/// Where no NaN has been seen. Several masks take turns, since a compare waits for the one whose mask it narrows.
template <class Isa>
struct no_nan {
    static constexpr int turns = 4;
    __mmask16 seen[turns] = {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF};

    LOWPREC_INLINE void look_at(int turn, __m512 a, __m512 b) noexcept {
        seen[turn % turns] = _mm512_mask_cmp_ps_mask(seen[turn % turns], a, b, _CMP_ORD_Q);
    }
    LOWPREC_INLINE bool anywhere() const noexcept { return (seen[0] & seen[1] & seen[2] & seen[3]) == 0xFFFF; }
};

#pragma GCC diagnostic pop

/// Register i of what lies at `from`. Hidden, for the compiler would load a second time what it knows to lie in memory.
template <class Isa>
LOWPREC_INLINE __m512 load_floats(const std::byte* from, int i) noexcept {
    __m512 x = _mm512_loadu_ps(from + std::ptrdiff_t{64} * i);
    hide(x);
    return x;
}

/// What remains of a block of `groups` times 128 floats, groups >= 1.
template <reduction R, class Isa>
LOWPREC_INLINE remainder_of<R, Isa> extremes_of_long(const std::byte* from, std::size_t groups) noexcept {
    constexpr int registers = 8;
    float_extremes<R, Isa> found[registers];
    no_nan<Isa> ordered;
    for (int i = 0; i < registers; ++i) found[i].high = found[i].low = load_floats<Isa>(from, i);
    for (; groups != 0; --groups, from += std::ptrdiff_t{64} * registers)
        for (int i = 0; i < registers; i += 2) {
            const __m512 x = load_floats<Isa>(from, i), y = load_floats<Isa>(from, i + 1);
            found[i].join({x, x});
            found[i + 1].join({y, y});
            ordered.look_at(i / 2, x, y);
        }
    for (int i = 1; i < registers; ++i) found[0].join(found[i]);
    if (!ordered.anywhere()) return remainder_of<R, Isa>::of(all_lanes<u32<Isa>>(float_nan));
    return found[0].as_integers();
}

/// A block of N floats, N a multiple of 32.
template <reduction R, class Isa, int N>
LOWPREC_INLINE float_extremes<R, Isa> extremes_of_short(const std::byte* from, int block,
                                                        no_nan<Isa>& ordered) noexcept {
    constexpr int registers = N / 16;
    from += std::ptrdiff_t{64} * registers * block;
    float_extremes<R, Isa> found[2];
    for (int i = 0; i < registers; i += 2) {
        const __m512 x = load_floats<Isa>(from, i), y = load_floats<Isa>(from, i + 1);
        ordered.look_at(block + i / 2, x, y);
        if (i == 0) {
            found[0] = {x, x};
            found[1] = {y, y};
        } else {
            found[0].join({x, x});
            found[1].join({y, y});
        }
    }
    found[0].join(found[1]);
    return found[0];
}

/// The extremes of sixteen blocks of N floats by the transposing tree of reduce_together.
template <reduction R, class Isa, int N, int Distance = 1>
LOWPREC_INLINE float_extremes<R, Isa> extremes_together(const std::byte* from, no_nan<Isa>& ordered,
                                                        int first = 0) noexcept {
    if constexpr (Distance == 16) {
        return extremes_of_short<R, Isa, N>(from, first, ordered);
    } else {
        const auto a = extremes_together<R, Isa, N, 2 * Distance>(from, ordered, first);
        const auto b = extremes_together<R, Isa, N, 2 * Distance>(from, ordered, first + Distance);
        const auto beside = [](__m512 x, __m512 y, int i) {
            const u32<Isa> x_bits(_mm512_castps_si512(x)), y_bits(_mm512_castps_si512(y));
            return _mm512_castsi512_ps(side_by_side<Isa, Distance>(x_bits, y_bits).v[i]);
        };
        float_extremes<R, Isa> all{beside(a.high, b.high, 0), beside(a.low, b.low, 0)};
        const float_extremes<R, Isa> others{beside(a.high, b.high, 1), beside(a.low, b.low, 1)};
        all.join(others);
        return all;
    }
}

template <reduction R, class Isa, int N>
LOWPREC_INLINE void extremes_of_short_blocks(const std::byte* from, std::size_t groups, std::byte* to) noexcept {
    for (; groups != 0; --groups) {
        no_nan<Isa> ordered;
        const float_extremes<R, Isa> found = extremes_together<R, Isa, N>(from, ordered);
        if (ordered.anywhere())
            found.as_integers().store(to);
        else
            reduce_by_vectors_apart<R, Isa>(from, 16 * N, N, to);
        from += 4 * 16 * N;
        to += result_bytes<R, Isa>;
    }
}

/// As reduce_by_vectors.
template <reduction R, class Isa>
LOWPREC_INLINE void reduce_by_avx512(const std::byte* from, std::size_t count, std::size_t n, std::byte* to) noexcept {
    // Denormals must be kept and exceptions masked. Setting the control register costs more than reducing 4096 floats; reading
    // it, and removing the flags that a signaling NaN or a subnormal float has raised, does not.
    const unsigned control = _mm_getcsr();
    if ((control & 0x9FC0U) == 0x1F80U) {
        asm volatile("" : : : "memory");
        std::size_t done = 0;
        if (n >= 1024) {
            for (std::byte results[result_bytes<R, Isa>]; count - done >= 128; to += sizeof(reduced<R>)) {
                const std::size_t size = count - done < n ? count - done : n;
                auto all = extremes_of_long<R, Isa>(from + 4 * done, size / 128);
                done += size;
                // the last 128 floats once more: an extreme may be repeated
                if (size % 128 != 0) all.join(extremes_of_long<R, Isa>(from + 4 * (done - 128), 1));
                reduce_alone<R, Isa>(all).store(results);
                __builtin_memcpy(to, results, sizeof(reduced<R>));
            }
        } else if (R == reduction::min_max && (n == 32 || n == 64 || n == 128)) {
            const std::size_t groups = count / (16 * n);
            if (n == 32)
                extremes_of_short_blocks<R, Isa, 32>(from, groups, to);
            else if (n == 64)
                extremes_of_short_blocks<R, Isa, 64>(from, groups, to);
            else
                extremes_of_short_blocks<R, Isa, 128>(from, groups, to);
            done = groups * 16 * n;
            to += groups * result_bytes<R, Isa>;
        }
        asm volatile("" : : : "memory");
        if (_mm_getcsr() != control) _mm_setcsr(control);
        from += 4 * done;
        count -= done;
    }
    if (count != 0) reduce_by_vectors_apart<R, Isa>(from, count, n, to);
}

#endif

}  // namespace lowprec::detail

#endif
