// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// The reductions with vectors of any width. Elements are taken 16 at a time, a chunk, whatever a register holds, so that the
// sixteen partial sums are the lanes of the accumulators. What is left of a block then is one register, and a transposing
// tree reduces as many blocks at once as that has lanes:
//
//     block 0     a0 a1 a2 a3                                   each step puts two registers side by side
//     block 1     b0 b1 b2 b3      a02 a13 c02 c13              and halves what is left of a block;
//     block 2     c0 c1 c2 c3      b02 b13 d02 d13    a b c d   the results come out in order
//     block 3     d0 d1 d2 d3
#ifndef LOWPREC_KERNELS_REDUCE_GENERIC_HPP
#define LOWPREC_KERNELS_REDUCE_GENERIC_HPP

#include <lowprec/kernels/lanes.hpp>
#include <lowprec/kernels/reduce/scalar.hpp>

namespace lowprec::detail {

template <class Isa>
using f64 = xsimd::batch<double, typename Isa::arch>;

/// Elements are taken sixteen at a time.
inline constexpr int chunk_size = 16;
template <class Isa>
inline constexpr int chunk_registers = chunk_size / lanes<Isa>;

/// The part of a chunk that there is, `fill` for the rest.
struct part_of_chunk {
    std::uint32_t bits[chunk_size];
};

/// The first `n` floats at `from`, 1 <= n <= 15. No byte beyond them is read.
template <class Isa>
LOWPREC_INLINE void load_part(part_of_chunk& part, const std::byte* from, std::size_t n, std::uint32_t fill) noexcept {
#if defined(__AVX512F__)
    if constexpr (lanes<Isa> == 16) {
        const auto present = static_cast<__mmask16>((1U << n) - 1);
        store_to(part.bits,
                 u32<Isa>(_mm512_mask_loadu_epi32(_mm512_set1_epi32(static_cast<int>(fill)), present, from)));
    } else
#endif
    {
        for (std::uint32_t& bits : part.bits) bits = fill;
        for (std::size_t i = 0; i < n; ++i) __builtin_memcpy(part.bits + i, from + 4 * i, 4);
    }
}

/// Two registers in which lane i belongs to `a` where i has no bit `Distance`, else to `b`; together they hold all the
/// elements, each in one the partner, `Distance` lanes away, of what the other has there.
template <class Isa>
struct register_pair {
    u32<Isa> v[2];
};
template <class Isa, int Distance>
LOWPREC_INLINE register_pair<Isa> side_by_side(u32<Isa> a, u32<Isa> b) noexcept {
#if defined(__SSE2__)
    if constexpr (lanes<Isa> == 16) {
#if defined(__AVX512F__)
        if constexpr (Distance == 8)
            return {{_mm512_mask_blend_epi64(0xF0, a, b), _mm512_shuffle_i64x2(a, b, 0x4E)}};
        else if constexpr (Distance == 4)
            return {{_mm512_mask_blend_epi64(0xCC, a, b),
                     _mm512_permutex2var_epi64(a, _mm512_setr_epi64(2, 3, 8, 9, 6, 7, 12, 13), b)}};
        else if constexpr (Distance == 2)
            return {{_mm512_mask_blend_epi64(0xAA, a, b), _mm512_alignr_epi8(b, a, 8)}};
        else
            return {{_mm512_mask_blend_epi32(0xAAAA, a, b),
                     _mm512_permutex2var_epi32(
                         a, _mm512_setr_epi32(1, 16, 3, 18, 5, 20, 7, 22, 9, 24, 11, 26, 13, 28, 15, 30), b)}};
#endif
    } else if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) {
#if defined(__AVX2__)
        if constexpr (Distance == 4)
            return {{_mm256_blend_epi32(a, b, 0xF0), _mm256_permute2x128_si256(a, b, 0x21)}};
        else if constexpr (Distance == 2)
            return {{_mm256_blend_epi32(a, b, 0xCC), _mm256_alignr_epi8(b, a, 8)}};
        else
            return {{_mm256_blend_epi32(a, b, 0xAA), _mm256_shuffle_epi32(_mm256_blend_epi32(b, a, 0xAA), 0xB1)}};
#endif
    } else if constexpr (lanes<Isa> == 4) {
        if constexpr (Distance == 2) {
            return {{_mm_unpacklo_epi64(a, b), _mm_unpackhi_epi64(a, b)}};
        } else {
            const __m128i evens = _mm_shuffle_epi32(a, 0xD8), odds = _mm_shuffle_epi32(b, 0xD8);  // 0, 2, 1, 3
            return {{_mm_unpacklo_epi32(evens, odds), _mm_unpackhi_epi32(evens, odds)}};
        }
    } else
#elif defined(__aarch64__)
    if constexpr (lanes<Isa> == 4) {
        if constexpr (Distance == 2) {
            const uint64x2_t x = vreinterpretq_u64_u32(a), y = vreinterpretq_u64_u32(b);
            return {{vreinterpretq_u32_u64(vtrn1q_u64(x, y)), vreinterpretq_u32_u64(vtrn2q_u64(x, y))}};
        } else {
            return {{vtrn1q_u32(a, b), vtrn2q_u32(a, b)}};
        }
    } else
#endif
    {
        std::uint32_t x[lanes<Isa>], y[lanes<Isa>], first[lanes<Isa>], second[lanes<Isa>];
        store_to(x, a);
        store_to(y, b);
        for (int i = 0; i < lanes<Isa>; ++i) {
            first[i] = (i & Distance) == 0 ? x[i] : y[i];
            second[i] = (i & Distance) == 0 ? x[i ^ Distance] : y[i ^ Distance];
        }
        return {{load_from<u32<Isa>>(first), load_from<u32<Isa>>(second)}};
    }
}

/// Floats as doubles, as many as a register holds.
template <class Isa>
LOWPREC_INLINE f64<Isa> load_as_doubles(const std::byte* from) noexcept {
#if defined(__SSE2__)
    if constexpr (lanes<Isa> == 16) {
#if defined(__AVX512F__)
        return f64<Isa>(_mm512_cvtps_pd(_mm256_loadu_ps(reinterpret_cast<const float*>(from))));
#endif
    } else if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) {
#if defined(__AVX2__)
        return f64<Isa>(_mm256_cvtps_pd(_mm_loadu_ps(reinterpret_cast<const float*>(from))));
#endif
    } else if constexpr (lanes<Isa> == 4) {
        return f64<Isa>(_mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)))));
    } else
#elif defined(__aarch64__)
    if constexpr (lanes<Isa> == 4) {
        float32x2_t floats;
        __builtin_memcpy(&floats, from, sizeof floats);
        return f64<Isa>(vcvt_f64_f32(floats));
    } else
#endif
    {
        float narrow[lanes<Isa> / 2];
        double wide[lanes<Isa> / 2];
        __builtin_memcpy(narrow, from, sizeof narrow);
        for (int i = 0; i < lanes<Isa> / 2; ++i) wide[i] = static_cast<double>(narrow[i]);
        return load_from<f64<Isa>>(wide);
    }
}

/// What remains of a block of floats when the lanes of one register are all that is left to reduce.
template <reduction R, class Isa>
struct remainder_of;

template <class Isa>
struct remainder_of<reduction::abs_max, Isa> {
    u32<Isa> high;

    LOWPREC_INLINE static remainder_of of(u32<Isa> bits) noexcept { return {bits & all_lanes<u32<Isa>>(~float_sign)}; }
    // Magnitudes are below 2^31: signed or unsigned maxima are the same, and SSE2 has a compare for the signed ones.
    LOWPREC_INLINE void join(const remainder_of& other) noexcept {
        high = as<u32<Isa>>((xsimd::max)(as<i32<Isa>>(high), as<i32<Isa>>(other.high)));
    }
    template <int Distance>
    LOWPREC_INLINE static remainder_of merge(const remainder_of& a, const remainder_of& b) noexcept {
        const register_pair<Isa> highs = side_by_side<Isa, Distance>(a.high, b.high);
        remainder_of all{highs.v[0]};
        all.join({highs.v[1]});
        return all;
    }
    LOWPREC_INLINE void store(std::byte* to) const noexcept {
        const auto magnitude = as<i32<Isa>>(high);
        const auto infinity = all_lanes<i32<Isa>>(static_cast<std::int32_t>(float_infinity));
        const auto nan = all_lanes<i32<Isa>>(static_cast<std::int32_t>(float_nan));
        store_to(to, pick<Isa>(magnitude > infinity, nan, magnitude));
    }
};

template <class Isa>
struct remainder_of<reduction::all_finite, Isa> {
    remainder_of<reduction::abs_max, Isa> extreme;

    LOWPREC_INLINE static remainder_of of(u32<Isa> bits) noexcept { return {decltype(extreme)::of(bits)}; }
    LOWPREC_INLINE void join(const remainder_of& other) noexcept { extreme.join(other.extreme); }
    template <int Distance>
    LOWPREC_INLINE static remainder_of merge(const remainder_of& a, const remainder_of& b) noexcept {
        return {decltype(extreme)::template merge<Distance>(a.extreme, b.extreme)};
    }
    LOWPREC_INLINE void store(std::byte* to) const noexcept {
        std::uint32_t high[static_cast<std::size_t>(lanes<Isa>)];
        store_to(high, extreme.high);
        for (int i = 0; i < lanes<Isa>; ++i) to[i] = static_cast<std::byte>(high[i] < float_infinity);
    }
};

// Without turning floats into integers in order: among their bits the largest signed integer is the largest float if any has
// no sign, and the largest unsigned one is the smallest float if any has a sign. If all signs agree, the smallest integer
// is what else is sought.
template <class Isa>
struct remainder_of<reduction::min_max, Isa> {
    u32<Isa> high_signed, high_unsigned, low_signed;

    LOWPREC_INLINE static remainder_of of(u32<Isa> bits) noexcept { return {bits, bits, bits}; }
    LOWPREC_INLINE void join(const remainder_of& other) noexcept {
        high_signed = as<u32<Isa>>((xsimd::max)(as<i32<Isa>>(high_signed), as<i32<Isa>>(other.high_signed)));
        high_unsigned = (xsimd::max)(high_unsigned, other.high_unsigned);
        low_signed = as<u32<Isa>>((xsimd::min)(as<i32<Isa>>(low_signed), as<i32<Isa>>(other.low_signed)));
    }
    template <int Distance>
    LOWPREC_INLINE static remainder_of merge(const remainder_of& a, const remainder_of& b) noexcept {
        const register_pair<Isa> s = side_by_side<Isa, Distance>(a.high_signed, b.high_signed);
        const register_pair<Isa> u = side_by_side<Isa, Distance>(a.high_unsigned, b.high_unsigned);
        const register_pair<Isa> l = side_by_side<Isa, Distance>(a.low_signed, b.low_signed);
        remainder_of all{s.v[0], u.v[0], l.v[0]};
        all.join({s.v[1], u.v[1], l.v[1]});
        return all;
    }
    LOWPREC_INLINE void store(std::byte* to) const noexcept {
        const auto zero = all_lanes<i32<Isa>>(0);
        const auto infinity = all_lanes<i32<Isa>>(static_cast<std::int32_t>(float_infinity));
        const auto minus_infinity = all_lanes<i32<Isa>>(static_cast<std::int32_t>(float_infinity | float_sign));
        const auto nan = all_lanes<i32<Isa>>(static_cast<std::int32_t>(float_nan));
        const auto s = as<i32<Isa>>(high_signed), u = as<i32<Isa>>(high_unsigned), l = as<i32<Isa>>(low_signed);
        const auto some_nan = (s > infinity) | ((u > minus_infinity) & (u < zero));
        const i32<Isa> low = pick<Isa>(some_nan, nan, pick<Isa>(u < zero, u, l));
        const i32<Isa> high = pick<Isa>(some_nan, nan, pick<Isa>(s < zero, l, s));
        const wide_pair<Isa> lows = widen<Isa>(as<u32<Isa>>(low)), highs = widen<Isa>(as<u32<Isa>>(high));
        for (int i = 0; i < 2; ++i) store_to(to + std::ptrdiff_t{4} * i * lanes<Isa>, lows.v[i] | (highs.v[i] << 32));
    }
};

/// A block's sum but for the last additions, those between lanes.
template <reduction R, class Isa>
    requires is_sum<R>
struct remainder_of<R, Isa> {
    f64<Isa> partial;

    LOWPREC_INLINE void join(const remainder_of& other) noexcept {
        auto bits = static_cast<typename f64<Isa>::register_type>(partial + other.partial);
        hide(bits);
        partial = f64<Isa>(bits);
    }
    template <int Distance>
    LOWPREC_INLINE static remainder_of merge(const remainder_of& a, const remainder_of& b) noexcept {
        const register_pair<Isa> pair =
            side_by_side<Isa, 2 * Distance>(as<u32<Isa>>(a.partial), as<u32<Isa>>(b.partial));
        remainder_of all{as<f64<Isa>>(pair.v[0])};
        all.join({as<f64<Isa>>(pair.v[1])});
        return all;
    }
    LOWPREC_INLINE void store(std::byte* to) const noexcept {
        double sums[static_cast<std::size_t>(lanes<Isa> / 2)];
        store_to(sums, partial);
        for (int i = 0; i < lanes<Isa> / 2; ++i) {
            const std::uint64_t bits = sum_bits<Isa>(sums[i]);
            __builtin_memcpy(to + std::ptrdiff_t{8} * i, &bits, 8);
        }
    }
};

/// How many blocks the tree reduces at once, and the bytes of their results.
template <reduction R, class Isa>
inline constexpr int tree_width = is_sum<R> ? lanes<Isa> / 2 : lanes<Isa>;
template <reduction R, class Isa>
inline constexpr std::size_t result_bytes = sizeof(reduced<R>) * static_cast<std::size_t>(tree_width<R, Isa>);

/// What is kept while the chunks of a block go by: sixteen lanes.
template <reduction R, class Isa>
struct accumulator {
    static constexpr int registers = chunk_size / tree_width<R, Isa>;
    /// How many may take turns and be joined in the end. What is added to what, in a sum, is settled.
    static constexpr int independent = is_sum<R> ? 1 : lanes<Isa> / 4;

    remainder_of<R, Isa> part[static_cast<std::size_t>(registers)];

    LOWPREC_INLINE static accumulator of(const std::byte* chunk) noexcept {
        accumulator a;
        if constexpr (is_sum<R>) {
            auto zero = static_cast<typename f64<Isa>::register_type>(f64<Isa>(0.0));
            hide(zero);  // 0 + -0 is +0, which -ffast-math forgets
            for (auto& p : a.part) p = {f64<Isa>(zero)};
            a.add(chunk);
        } else {
            for (int i = 0; i < registers; ++i) a.part[i] = load(chunk, i);
        }
        return a;
    }
    LOWPREC_INLINE void add(const std::byte* chunk) noexcept {
        for (int i = 0; i < registers; ++i) part[i].join(load(chunk, i));
    }
    LOWPREC_INLINE void join(const accumulator& other) noexcept {
        for (int i = 0; i < registers; ++i) part[i].join(other.part[i]);
    }
    LOWPREC_INLINE remainder_of<R, Isa> remainder() const noexcept {
        accumulator a = *this;
        for (int distance = registers / 2; distance != 0; distance /= 2)
            for (int i = 0; i < distance; ++i) a.part[i].join(a.part[i + distance]);
        return a.part[0];
    }

private:
    LOWPREC_INLINE static remainder_of<R, Isa> load(const std::byte* chunk, int i) noexcept {
        const std::byte* const from = chunk + std::ptrdiff_t{4} * i * tree_width<R, Isa>;
        if constexpr (!is_sum<R>) {
            return remainder_of<R, Isa>::of(load_from<u32<Isa>>(from));
        } else {
            const f64<Isa> x = load_as_doubles<Isa>(from);
            // The square is exact, so fusing it with the addition changes nothing.
            return {R == reduction::sum_of_squares ? x * x : x};
        }
    }
};

/// A block of N floats, N a multiple of 16.
template <reduction R, class Isa, int N>
LOWPREC_INLINE remainder_of<R, Isa> reduce_short(const std::byte* from) noexcept {
    auto all = accumulator<R, Isa>::of(from);
    for (int i = 1; i < N / chunk_size; ++i) all.add(from + 4 * chunk_size * i);
    return all.remainder();
}

/// A block of n floats, n >= 1.
template <reduction R, class Isa>
LOWPREC_INLINE remainder_of<R, Isa> reduce_long(const std::byte* from, std::size_t n) noexcept {
    using state = accumulator<R, Isa>;
    constexpr std::ptrdiff_t bytes = 4 * chunk_size, together = bytes * state::independent;
    const std::byte* const last_chunk = from + static_cast<std::ptrdiff_t>(n / chunk_size) * bytes;
    part_of_chunk part;
    const auto* const part_bytes = reinterpret_cast<const std::byte*>(part.bits);
    // A block that is no chunk is filled up: an extreme may be repeated, and to a sum +0 is nothing.
    if (from == last_chunk) {
        std::uint32_t fill = 0;
        if constexpr (!is_sum<R>) __builtin_memcpy(&fill, from, 4);
        load_part<Isa>(part, from, n, fill);
        return state::of(part_bytes).remainder();
    }

    state all = state::of(from);
    if (last_chunk - from >= 2 * together) {
        state others[state::independent];
        others[0] = all;
        for (int i = 1; i < state::independent; ++i) others[i] = state::of(from + bytes * i);
        for (from += together; last_chunk - from >= together; from += together)
            for (int i = 0; i < state::independent; ++i) others[i].add(from + bytes * i);
        all = others[0];
        for (int i = 1; i < state::independent; ++i) all.join(others[i]);
    } else {
        from += bytes;
    }
    for (; from != last_chunk; from += bytes) all.add(from);
    if (const std::size_t rest = n % chunk_size; rest != 0) {
        if constexpr (is_sum<R>) {
            load_part<Isa>(part, from, rest, 0);
            all.add(part_bytes);
        } else {
            all.add(from + 4 * rest - bytes);  // with elements that were seen already
        }
    }
    return all.remainder();
}

/// What remains of `tree_width` blocks; block_at(i) is what remains of block i.
template <reduction R, class Isa, int Distance = 1, class BlockAt>
LOWPREC_INLINE remainder_of<R, Isa> reduce_together(const BlockAt& block_at, int first = 0) noexcept {
    if constexpr (Distance == tree_width<R, Isa>)
        return block_at(first);
    else
        return remainder_of<R, Isa>::template merge<Distance>(
            reduce_together<R, Isa, 2 * Distance>(block_at, first),
            reduce_together<R, Isa, 2 * Distance>(block_at, first + Distance));
}

/// What remains of one block, as the tree would reduce it.
template <reduction R, class Isa, int Distance = tree_width<R, Isa> / 2>
LOWPREC_INLINE remainder_of<R, Isa> reduce_alone(const remainder_of<R, Isa>& block) noexcept {
    if constexpr (Distance == 0)
        return block;
    else
        return reduce_alone<R, Isa, Distance / 2>(remainder_of<R, Isa>::template merge<Distance>(block, block));
}

/// Reduces `groups` times `tree_width` blocks of N floats.
template <reduction R, class Isa, int N>
LOWPREC_INLINE void reduce_short_blocks(const std::byte* from, std::size_t groups, std::byte* to) noexcept {
    for (; groups != 0; --groups) {
        const auto block_at = [=](int i) { return reduce_short<R, Isa, N>(from + std::ptrdiff_t{4} * N * i); };
        reduce_together<R, Isa>(block_at).store(to);
        from += std::ptrdiff_t{4} * N * tree_width<R, Isa>;
        to += result_bytes<R, Isa>;
    }
}

/// Reduces blocks of n floats, n >= 1, the last one of what is left of `count`, and writes a reduced<R> for each.
template <reduction R, class Isa>
LOWPREC_INLINE void reduce_by_vectors(const std::byte* from, std::size_t count, std::size_t n, std::byte* to) noexcept {
    constexpr int width = tree_width<R, Isa>;
    if (n == 16 || n == 32 || n == 64 || n == 128) {
        const std::size_t in_group = n * static_cast<std::size_t>(width), groups = count / in_group;
        if (n == 16)
            reduce_short_blocks<R, Isa, 16>(from, groups, to);
        else if (n == 32)
            reduce_short_blocks<R, Isa, 32>(from, groups, to);
        else if (n == 64)
            reduce_short_blocks<R, Isa, 64>(from, groups, to);
        else
            reduce_short_blocks<R, Isa, 128>(from, groups, to);
        from += 4 * groups * in_group;
        count -= groups * in_group;
        to += groups * result_bytes<R, Isa>;
    }
    while (count != 0) {
        remainder_of<R, Isa> blocks[static_cast<std::size_t>(width)];
        int found = 0;
        do {
            const std::size_t size = count < n ? count : n;
            blocks[found++] = reduce_long<R, Isa>(from, size);
            from += 4 * size;
            count -= size;
        } while (found != width && count != 0);
        if (found == width) {
            reduce_together<R, Isa>([&](int i) { return blocks[i]; }).store(to);
            to += result_bytes<R, Isa>;
        } else {
            std::byte results[result_bytes<R, Isa>];
            if (found == 1) {
                reduce_alone<R, Isa>(blocks[0]).store(results);
            } else {
                for (int i = found; i < width; ++i) blocks[i] = blocks[0];
                reduce_together<R, Isa>([&](int i) { return blocks[i]; }).store(results);
            }
            __builtin_memcpy(to, results, sizeof(reduced<R>) * static_cast<std::size_t>(found));
        }
    }
}

/// The same, called from another loop.
template <reduction R, class Isa>
[[gnu::noinline]] void reduce_by_vectors_apart(const std::byte* from, std::size_t count, std::size_t n,
                                               std::byte* to) noexcept {
    reduce_by_vectors<R, Isa>(from, count, n, to);
}

}  // namespace lowprec::detail

#endif
