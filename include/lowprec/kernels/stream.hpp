// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Non-temporal stores. An output larger than the cache would push everything else out of it, and each of its lines would be
// read from memory before it is overwritten. Stored past the cache it costs a third to a half less; one that stays in the
// cache would cost three to five times more.
//
// The rule: past the cache go outputs of at least half of the last-level cache, as the system reports it, or of
// `stream_limit` bytes where that is less (virtual machines report a cache that they share).
#ifndef LOWPREC_KERNELS_STREAM_HPP
#define LOWPREC_KERNELS_STREAM_HPP

#include <lowprec/kernels/arch.hpp>

#if defined(__linux__)
#include <unistd.h>
#endif

namespace lowprec::detail {

/// Elements that are converted in the first-level cache before they leave for memory.
inline constexpr std::size_t stream_step = 1024;
inline constexpr std::size_t stream_limit = std::size_t{32} << 20;

template <class Isa>
[[gnu::noinline]] inline std::size_t find_stream_threshold() noexcept {
#if defined(__linux__) && defined(_SC_LEVEL3_CACHE_SIZE)
    const long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
    if (cache > 0 && static_cast<std::size_t>(cache) / 2 < stream_limit) return static_cast<std::size_t>(cache) / 2;
#endif
    return stream_limit;
}

/// Whether an output of so many bytes goes past the cache.
template <class Isa>
LOWPREC_INLINE bool goes_past_cache(std::size_t bytes) noexcept {
#if defined(__SSE2__)
    if (bytes < (std::size_t{1} << 20)) return false;  // don't ask the system for these
    static const std::size_t threshold = find_stream_threshold<Isa>();
    return bytes >= threshold;
#else
    static_cast<void>(bytes);
    return false;
#endif
}

/// `bytes`, a multiple of 64, from a buffer to the start of a line.
template <class Isa>
LOWPREC_INLINE void store_past_cache(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
#if defined(__AVX512F__)
    if constexpr (Isa::has(simd::avx512)) {
        for (std::size_t i = 0; i < bytes; i += 64)
            _mm512_stream_si512(reinterpret_cast<__m512i*>(to + i), _mm512_load_si512(from + i));
        return;
    }
#endif
#if defined(__SSE2__)
    for (std::size_t i = 0; i < bytes; i += 16)
        _mm_stream_si128(reinterpret_cast<__m128i*>(to + i),
                         _mm_load_si128(reinterpret_cast<const __m128i*>(from + i)));
#else
    __builtin_memcpy(to, from, bytes);
#endif
}

/// Orders the stores before what follows.
LOWPREC_INLINE void end_of_stream() noexcept {
#if defined(__SSE2__)
    _mm_sfence();
#endif
}

/// Writes a long output in pieces, past the cache, wherever it begins. Pieces are made in `room()`, then committed.
template <class Isa, std::size_t Piece>
class stream_writer {
public:
    explicit stream_writer(std::byte* to) noexcept
        : skip_(reinterpret_cast<std::uintptr_t>(to) % 64), fill_(skip_), line_(to - skip_) {}
    stream_writer(const stream_writer&) = delete;
    stream_writer& operator=(const stream_writer&) = delete;
    ~stream_writer() {
        if (fill_ > skip_) __builtin_memcpy(line_ + skip_, buffer_ + skip_, fill_ - skip_);
        end_of_stream();
    }

    [[nodiscard]] LOWPREC_INLINE std::byte* room() noexcept { return buffer_ + fill_; }
    LOWPREC_INLINE void commit(std::size_t bytes) noexcept {
        fill_ += bytes;
        const std::size_t whole = fill_ / 64 * 64;
        if (whole == 0) return;
        std::size_t done = 0;
        if (skip_ != 0) {  // what lies before the output in its first line is not ours
            __builtin_memcpy(line_ + skip_, buffer_ + skip_, 64 - skip_);
            done = 64;
            skip_ = 0;
        }
        store_past_cache<Isa>(line_ + done, buffer_ + done, whole - done);
        line_ += whole;
        fill_ -= whole;
        if (fill_ != 0) __builtin_memcpy(buffer_, buffer_ + whole, 64);
    }

private:
    std::size_t skip_, fill_;
    std::byte* line_;
    alignas(64) std::byte buffer_[Piece + 64];
};

}  // namespace lowprec::detail

#endif
