// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// A kernel is a loop over blocks. What every call does around it is here once:
//
//      head                          up to the first byte boundary of packed elements, or the first block of random bits
//      block block block ... block   in registers
//      tail                          one block in a buffer, of which only the call's elements are kept
//
// Blocks are read whole before they are written, front to back: in and out may be the same memory if elements don't grow.
#ifndef LOWPREC_KERNELS_CONVERT_KERNEL_HPP
#define LOWPREC_KERNELS_CONVERT_KERNEL_HPP

#include <lowprec/kernels/convert/composed.hpp>
#include <lowprec/kernels/stream.hpp>

namespace lowprec::detail {

/// The two loops that one conversion consists of, and what the code around them must know of its elements.
struct bulk_kernel {
    /// `first` is the call's number of the first element.
    using blocks_function = void(const std::byte* in, std::byte* out, std::size_t blocks, const bulk_plan& plan,
                                 std::size_t first) noexcept;
    using scalar_function = void(bit_address<const std::byte> in, bit_address<std::byte> out, std::size_t begin,
                                 std::size_t end, policy p, random_source random) noexcept;
    using stream_function = void(std::byte* to, const std::byte* from, std::size_t bytes) noexcept;
    blocks_function* blocks;  ///< none where lanes can't do it
    scalar_function* scalar;
    stream_function* stream;  ///< by the widest stores that the kernel may use
    std::size_t block;
    std::size_t in_bits, out_bits;
    bool high_first;  ///< of the output
};

template <class Isa>
[[gnu::noinline]] void stream_out(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
    store_past_cache<Isa>(to, from, bytes);
}

/// A block for which a faster variant was no match, by lanes or by the scalar function.
template <class Isa, class From, class To, policy R>
[[gnu::noinline]] void redo_block(const std::byte* in, std::byte* out, const bulk_plan& plan,
                                  const random_table* random, std::size_t place, std::size_t first) noexcept {
    if (!generic_block<Isa, From, To, R>(in, out, plan, random, place))
        convert_scalar<Isa, From, To>({in, 0}, {out, 0}, 0, block_size<Isa>, plan.p,
                                      {plan.random.seed, plan.random.first + first});
}

template <class Isa, class From, class To, policy R>
[[gnu::noinline]] void convert_blocks(const std::byte* in, std::byte* out, std::size_t blocks, const bulk_plan& plan,
                                      std::size_t first) noexcept {
    constexpr std::size_t block = block_size<Isa>, in_bytes = block * From::bits / 8, out_bytes = block * To::bits / 8;
    // The processor's own prefetching stops at the end of a page.
    const auto fetch_ahead = [&](std::size_t k) {
        for (std::size_t line = 0; line < in_bytes; line += 64) __builtin_prefetch(in + k * in_bytes + line + 4096);
    };
    using fast = best_block<Isa, From, To, R>;
    constexpr bool stochastic = R.round == rounding::stochastic;
    random_table table;
    if constexpr (stochastic) table = {};  // the compiler does not see that the first block fills it
    const auto place_of = [&](std::size_t k) -> std::size_t {
        if constexpr (!stochastic) return 0;
        const std::uint64_t index = plan.random.first + first + k * block;
        const std::size_t place = index % random_period;
        if (place == 0 || k == 0) fill_random<Isa>(table, plan.random.seed, index - place);
        return place;
    };
    if constexpr (fast::exists) {
        if (fast::serves(plan)) {
            // Also where a kernel's roundings are its own: comparisons and conversions raise flags for NaN and denormals, and see
            // zero in place of a denormal where the caller flushes them.
            using own = typename fast::environment;
            [[maybe_unused]] const std::conditional_t<std::is_same_v<own, no_environment>, environment<Isa>, own> guard;
            const fast kernel(plan);
            for (std::size_t k = 0; k < blocks; ++k) {
                fetch_ahead(k);
                const std::byte* const from = in + k * in_bytes;
                std::byte* const to = out + k * out_bytes;
                const std::size_t place = place_of(k);
                bool done = false;
                if constexpr (stochastic)
                    done = kernel.run(from, to, table, place);
                else
                    done = kernel.run(from, to);
                if (!done) [[unlikely]]
                    redo_block<Isa, From, To, R>(from, to, plan, &table, place, first + k * block);
            }
            return;
        }
    }
    for (std::size_t k = 0; k < blocks; ++k) {
        fetch_ahead(k);
        const std::size_t place = place_of(k);
        if (!generic_block<Isa, From, To, R>(in + k * in_bytes, out + k * out_bytes, plan, &table, place))
            convert_scalar<Isa, From, To>({in, 0}, {out, 0}, k * block, (k + 1) * block, plan.p,
                                          {plan.random.seed, plan.random.first + first});
    }
}

template <class Isa, class From, class To, policy R>
constexpr bulk_kernel kernel_of() noexcept {
    bulk_kernel k{nullptr,
                  &convert_scalar<Isa, From, To>,
                  &stream_out<Isa>,
                  Isa::vectors ? block_size<Isa> : 1,
                  From::bits,
                  To::bits,
                  false};
    if constexpr (lanes_can_convert<Isa, From, To, R>) k.blocks = &convert_blocks<Isa, From, To, R>;
    if constexpr (To::is_packed) k.high_first = To::order == nibble_order::high_first;
    return k;
}

/// The last elements, fewer than a block.
template <class Isa>
LOWPREC_INLINE void convert_tail(const bulk_kernel& k, const std::byte* in, std::byte* out, std::size_t count,
                                 const bulk_plan& plan, std::size_t first) noexcept {
    constexpr std::size_t most = 64 * 8;
    alignas(64) std::byte from[most] = {};
    alignas(64) std::byte to[most];
    __builtin_memcpy(from, in, (count * k.in_bits + 7) / 8);
    k.blocks(from, to, 1, plan, first);
    const std::size_t whole = count * k.out_bits / 8;
    __builtin_memcpy(out, to, whole);
    if (const unsigned rest = count * k.out_bits % 8; rest != 0) {  // what follows in the last byte stays
        const unsigned mine = ((1U << rest) - 1) << (k.high_first ? 4 : 0);
        out[whole] = static_cast<std::byte>((std::to_integer<unsigned>(out[whole]) & ~mine) |
                                            (std::to_integer<unsigned>(to[whole]) & mine));
    }
}

/// Elements before a place where `fits(elements)`; `count` where there is none among the next 512.
template <class Fits>
LOWPREC_INLINE std::size_t elements_until(std::size_t count, Fits&& fits) noexcept {
    for (std::size_t head = 0; head < 512 && head < count; ++head)
        if (fits(head)) return head;
    return count;
}

/// A whole call. Sizes are checked.
template <class Isa>
[[gnu::noinline]] void drive(const bulk_kernel& k, bit_address<const std::byte> in, bit_address<std::byte> out,
                             std::size_t count, const bulk_plan& plan) noexcept {
    const bool stochastic = plan.p.round == rounding::stochastic;
    const std::size_t head = k.blocks == nullptr ? count : elements_until(count, [&](std::size_t n) {
        return (in.bit + n * k.in_bits) % 8 == 0 && (out.bit + n * k.out_bits) % 8 == 0 &&
               (!stochastic || (plan.random.first + n) % k.block == 0);
    });
    if (head != 0) k.scalar(in, out, 0, head, plan.p, plan.random);
    const std::byte* const from = in.byte;
    std::byte* const to = out.byte;
    const auto in_at = [&](std::size_t i) { return from + (in.bit + i * k.in_bits) / 8; };
    const auto out_at = [&](std::size_t i) { return to + (out.bit + i * k.out_bits) / 8; };
    const auto blocks = [&](std::size_t i, std::size_t n) { k.blocks(in_at(i), out_at(i), n / k.block, plan, i); };

    std::size_t i = head;
    if (goes_past_cache<Isa>((count - head) * k.out_bits / 8)) {
        // Up to the start of a line of the output: whole blocks, and part of one where elements may be counted from any place.
        const std::size_t line = elements_until(count - i, [&](std::size_t n) {
            return reinterpret_cast<std::uintptr_t>(out_at(i + n)) % 64 == 0 && n * k.out_bits % 8 == 0 &&
                   n * k.in_bits % 8 == 0 && (!stochastic || n % k.block == 0);
        });
        if (line != count - i) {
            const std::size_t whole = line / k.block * k.block;
            blocks(i, whole);
            if (whole != line) convert_tail<Isa>(k, in_at(i + whole), out_at(i + whole), line - whole, plan, i + whole);
            alignas(64) std::byte buffer[stream_step * 8];
            for (i += line; count - i >= stream_step; i += stream_step) {
                k.blocks(in_at(i), buffer, stream_step / k.block, plan, i);
                k.stream(out_at(i), buffer, stream_step * k.out_bits / 8);
            }
            end_of_stream();
        }
    }
    if (const std::size_t whole = (count - i) / k.block * k.block; whole != 0) {
        blocks(i, whole);
        i += whole;
    }
    if (i < count) convert_tail<Isa>(k, in_at(i), out_at(i), count - i, plan, i);
}

}  // namespace lowprec::detail

#endif
