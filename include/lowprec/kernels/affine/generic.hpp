// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Affine quantization in the lanes of any vector machine. With the multiplier m = 2^F / scale, a float, the sum of x m and
// 1.5 * 2^23 has the quotient x / scale with F bits of fraction as its lowest bits:
//
//      x m + 1.5 * 2^23      |0| exponent |1| quotient, 22 - F bits  |  fraction, F bits |      F = 21 - bits of a code
//
// It is less than one of the last place wrong, for |quotient| <= 2^bits. Half is added and the fraction cut off; where the
// sum then ends within one of a whole number, x is so near to a tie that only the exact quotient decides: these
// lanes, one of some thousand, go by the scalar definition. So does NaN.
#ifndef LOWPREC_KERNELS_AFFINE_GENERIC_HPP
#define LOWPREC_KERNELS_AFFINE_GENERIC_HPP

#include <lowprec/affine.hpp>
#include <lowprec/kernels/convert/packing.hpp>
#include <lowprec/kernels/environment.hpp>
#include <lowprec/kernels/stream.hpp>

namespace lowprec::detail {

// Without optimisation gcc's intrinsics are macros, and their casts are warned of here.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"

/// Codes between `lowest` and `highest` that stand for the integers of quotients (nearest_quotients), one in each byte in the order of the elements.
template <class Isa, class A>
struct affine_narrowing {
    static constexpr bool packs_saturate = A::bits == 8 && !is_narrow(A::codes);
    i32<Isa> lowest, highest, zero_point;
    LOWPREC_INLINE explicit affine_narrowing(A a) noexcept
        : lowest(A::lowest - a.zero_point), highest(A::highest - a.zero_point), zero_point(a.zero_point) {}

    LOWPREC_INLINE u8<Isa> operator()(const i32<Isa> (&q)[4]) const noexcept {
        const u32<Isa> mask(static_cast<std::uint32_t>((1U << A::bits) - 1));
#if defined(__AVX512BW__)
        if constexpr (lanes<Isa> == 16) {
            const auto words = [&](int i) {
                const __m512i both = _mm512_packs_epi32(q[i], q[i + 1]);
                const __m512i zero = _mm512_packs_epi32(zero_point, zero_point);
                if constexpr (packs_saturate) return _mm512_add_epi16(both, zero);
                const __m512i low = _mm512_packs_epi32(lowest, lowest), high = _mm512_packs_epi32(highest, highest);
                return _mm512_add_epi16(_mm512_min_epi16(_mm512_max_epi16(both, low), high), zero);
            };
            const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
            const __m512i bytes =
                is_signed(A::codes) ? _mm512_packs_epi16(words(0), words(2)) : _mm512_packus_epi16(words(0), words(2));
            const __m512i codes = _mm512_permutexvar_epi32(order, bytes);
            if constexpr (A::bits == 8)
                return u8<Isa>(codes);
            else
                return u8<Isa>(_mm512_and_si512(codes, _mm512_set1_epi8((1 << A::bits) - 1)));
        } else
#endif
#if defined(__AVX2__)
            if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) {
            const auto words = [&](int i) {
                const __m256i both = _mm256_packs_epi32(q[i], q[i + 1]);
                const __m256i zero = _mm256_packs_epi32(zero_point, zero_point);
                if constexpr (packs_saturate) return _mm256_add_epi16(both, zero);
                const __m256i low = _mm256_packs_epi32(lowest, lowest), high = _mm256_packs_epi32(highest, highest);
                return _mm256_add_epi16(_mm256_min_epi16(_mm256_max_epi16(both, low), high), zero);
            };
            const __m256i bytes =
                is_signed(A::codes) ? _mm256_packs_epi16(words(0), words(2)) : _mm256_packus_epi16(words(0), words(2));
            const __m256i codes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
            if constexpr (A::bits == 8)
                return u8<Isa>(codes);
            else
                return u8<Isa>(_mm256_and_si256(codes, _mm256_set1_epi8((1 << A::bits) - 1)));
        } else
#endif
        {
            block<Isa> codes;
            for (int i = 0; i < 4; ++i) {
                const i32<Isa> code = (xsimd::min)((xsimd::max)(q[i], lowest), highest) + zero_point;
                codes.v[i] = as<u32<Isa>>(code) & mask;
            }
            return to_bytes<Isa>(codes);
        }
    }
};

/// The number of smaller magnitude, with the sign of x; limit > 0.
template <class Isa>
LOWPREC_INLINE f32<Isa> within(f32<Isa> x, f32<Isa> limit) noexcept {
    return (xsimd::min)((xsimd::max)(x, -limit), limit);
}

/// F of the picture for codes of so many bits.
template <int Bits>
inline constexpr int quotient_fraction = 21 - Bits;

/// The nearest integers of the quotients of a block, and which of them are not sure. Without Any, numbers are known not to be NaN
/// and to be within the limits.
template <class Isa, int Bits, bool Any = true>
struct nearest_quotients {
    static constexpr int fraction = quotient_fraction<Bits>;
    static constexpr std::uint32_t tie = (1U << fraction) - 4;  // bits that are zero next to one

    i32<Isa> q[4];
    u32<Isa> sum[4];
    bool open;  ///< whether there is one that is near a tie, or NaN

    /// The multiplier and the limit of the numbers for a scale; 2^-100 <= |scale| <= 2^100.
    LOWPREC_INLINE static float multiplier(float scale) noexcept {
        return static_cast<float>(static_cast<double>(1 << fraction) / static_cast<double>(scale));
    }
    LOWPREC_INLINE static float limit(float scale) noexcept { return static_cast<float>(1 << Bits) * scale; }

    LOWPREC_INLINE nearest_quotients(const f32<Isa> (&x)[4], const f32<Isa> (&multipliers)[4],
                                     f32<Isa> limits) noexcept {
        constexpr std::uint32_t magic = 0x4B400000;  // 1.5 * 2^23
        const u32<Isa> offset((1U << (fraction - 1)) + 1 - magic);
        for (int i = 0; i < 4; ++i) {
            const f32<Isa> cut = Any ? within<Isa>(x[i], limits) : x[i];
            sum[i] = as<u32<Isa>>(multiply_add<Isa>(cut, multipliers[i], as<f32<Isa>>(u32<Isa>(magic)))) + offset;
            q[i] = as<i32<Isa>>(sum[i]) >> fraction;
        }
        const auto near = [&](int i) { return (sum[i] & u32<Isa>(tie)) == u32<Isa>(0U); };
        open = xsimd::any(near(0) | near(1) | near(2) | near(3)) || (Any && any_nan<Isa>(x));
    }

    /// The codes with those that are not sure replaced by code_of(i, x), x an fp32.
    template <class Function>
    [[gnu::noinline]] u8<Isa> decide(const std::byte* in, u8<Isa> codes, Function code_of) const noexcept {
        constexpr int size = block_size<Isa>;
        std::uint32_t sums[size];
        std::uint8_t bytes[size];
        for (int i = 0; i < 4; ++i) store_to(sums + i * lanes<Isa>, sum[i]);
        store_to(bytes, codes);
        for (int i = 0; i < size; ++i) {
            std::uint32_t bits;
            __builtin_memcpy(&bits, in + 4 * i, 4);
            if ((sums[i] & tie) == 0 || (bits & 0x7FFFFFFF) > 0x7F800000) bytes[i] = code_of(i, fp32::from_bits(bits));
        }
        return load_from<u8<Isa>>(bytes);
    }
};

template <class Isa>
LOWPREC_INLINE void load_numbers(f32<Isa> (&x)[4], const std::byte* in) noexcept {
    for (int i = 0; i < 4; ++i) x[i] = load_from<f32<Isa>>(in + i * 4 * lanes<Isa>);
}

/// Whether the picture above holds for these parameters.
template <class A>
LOWPREC_INLINE bool has_picture(A a) noexcept {
    const auto bits = __builtin_bit_cast(std::uint32_t, a.scale);
    return bits >= (127U - 100) << 23 && bits <= (127U + 100) << 23 && a.zero_point >= A::lowest &&
           a.zero_point <= A::highest;
}

/// The codes of a block, packed; made from the parameters once a row. Lives in an environment<Isa>.
template <class Isa, class A>
class affine_encoder {
    using quotients = nearest_quotients<Isa, A::bits>;

public:
    LOWPREC_INLINE static bool serves(A a) noexcept { return has_picture(a); }
    LOWPREC_INLINE explicit affine_encoder(A a) noexcept
        : parameters_(a), multiplier_(quotients::multiplier(a.scale)), limit_(quotients::limit(a.scale)), narrow_(a) {}

    LOWPREC_INLINE void operator()(const std::byte* in, std::byte* out) const noexcept {
        f32<Isa> x[4];
        load_numbers<Isa>(x, in);
        const quotients found(x, {multiplier_, multiplier_, multiplier_, multiplier_}, limit_);
        u8<Isa> codes = narrow_(found.q);
        if (found.open) [[unlikely]]
            codes = found.decide(in, codes, [this](int, fp32 y) { return A::to_bits(parameters_.quantize(y)); });
        if constexpr (A::bits == 8)
            store_to(out, codes);
        else
            pack_block<Isa, A::bits, nibble_order::low_first>(out, codes);
    }

private:
    A parameters_;
    f32<Isa> multiplier_, limit_;
    affine_narrowing<Isa, A> narrow_;
};

/// The floats of a block of codes, one a byte. Lives in an environment<Isa>.
template <class Isa, class A>
class affine_decoder {
public:
    /// Whether no product overflows.
    LOWPREC_INLINE static bool serves(A a) noexcept {
        const auto bits = __builtin_bit_cast(std::uint32_t, a.scale);
        return bits <= (127U + 100) << 23 && a.zero_point >= A::lowest && a.zero_point <= A::highest;
    }
    LOWPREC_INLINE explicit affine_decoder(A a) noexcept : scale_(a.scale), zero_point_(a.zero_point + offset) {}

    LOWPREC_INLINE void operator()(const block<Isa>& codes, std::byte* out) const noexcept {
        for (int i = 0; i < 4; ++i) {
            i32<Isa> code = as<i32<Isa>>(codes.v[i]);
            if constexpr (offset != 0) code = code ^ i32<Isa>(offset);
            store_to(out + i * 4 * lanes<Isa>, xsimd::to_float(code - zero_point_) * scale_);
        }
    }

private:
    /// Signed codes with their sign bits flipped are unsigned ones of this zero.
    static constexpr int offset = is_signed(A::codes) ? 1 << (A::bits - 1) : 0;
    f32<Isa> scale_;
    i32<Isa> zero_point_;
};

template <class Isa, class A>
LOWPREC_INLINE block<Isa> load_affine_codes(const std::byte* in) noexcept {
    if constexpr (A::bits == 8) {
        return load_bytes<Isa>(in);
    } else {
        std::byte codes[block_size<Isa>];
        store_to(codes, unpack_block<Isa, A::bits, nibble_order::low_first>(in));
        return load_bytes<Isa>(codes);
    }
}

/// As quantize_row, from a byte's first bit on.
template <class Isa, class A>
LOWPREC_INLINE void quantize_by_vectors(const std::byte* in, std::size_t count, A a, std::byte* out) noexcept {
    constexpr std::size_t size = block_size<Isa>, in_bytes = 4 * size, out_bytes = size * A::bits / 8;
    const environment<Isa> guard;
    const affine_encoder<Isa, A> encode(a);
    const auto encode_block = [&encode](const std::byte* from, std::byte* to) {
        // the processor's own prefetching stops at the end of a page
        for (std::size_t line = 0; line < in_bytes; line += 64) __builtin_prefetch(from + line + 4096);
        encode(from, to);
    };
    if (goes_past_cache<Isa>(count * A::bits / 8)) {
        constexpr std::size_t together = 16;
        stream_writer<Isa, together * out_bytes> stream(out);
        for (; count >= together * size; count -= together * size, out += together * out_bytes) {
            for (std::size_t i = 0; i < together; ++i, in += in_bytes) encode_block(in, stream.room() + i * out_bytes);
            stream.commit(together * out_bytes);
        }
    }
    for (; count >= size; count -= size, in += in_bytes, out += out_bytes) encode_block(in, out);
    if (count != 0) {
        std::byte numbers[in_bytes] = {}, codes[size];
        __builtin_memcpy(numbers, in, 4 * count);
        encode(numbers, codes);
        const std::size_t bits = count * A::bits;
        if (bits % 8 != 0) codes[bits / 8] &= static_cast<std::byte>((1U << bits % 8) - 1);
        __builtin_memcpy(out, codes, (bits + 7) / 8);
    }
}

/// As dequantize_row, from a byte's first bit on.
template <class Isa, class A>
LOWPREC_INLINE void dequantize_by_vectors(const std::byte* in, std::size_t count, A a, std::byte* out) noexcept {
    constexpr std::size_t size = block_size<Isa>, out_bytes = 4 * size, in_bytes = size * A::bits / 8;
    const environment<Isa> guard;
    const affine_decoder<Isa, A> decode(a);
    if (goes_past_cache<Isa>(4 * count)) {
        stream_writer<Isa, out_bytes> stream(out);
        for (; count >= size; count -= size, in += in_bytes, out += out_bytes) {
            __builtin_prefetch(in + 4096);
            decode(load_affine_codes<Isa, A>(in), stream.room());
            stream.commit(out_bytes);
        }
    }
    for (; count >= size; count -= size, in += in_bytes, out += out_bytes) decode(load_affine_codes<Isa, A>(in), out);
    if (count != 0) {
        std::byte codes[size] = {}, numbers[out_bytes];
        __builtin_memcpy(codes, in, (count * A::bits + 7) / 8);
        decode(load_affine_codes<Isa, A>(codes), numbers);
        __builtin_memcpy(out, numbers, 4 * count);
    }
}

#pragma GCC diagnostic pop

}  // namespace lowprec::detail

#endif
