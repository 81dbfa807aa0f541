// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Where elements lie: every length, misalignment and bit offset, what stands before and after, one memory for both sides, and
// outputs that are stored past the cache.
// needs: simd
// isa: best
// ctest-label: aarch64
#include "support/bulk.hpp"

namespace {

using namespace bulk;

template <class Element>
struct codes_of {  // the bits of an element in a stream, first to last
    static std::uint64_t read(bit_address<const std::byte> base, std::size_t i) {
        return pattern(Element::read(base.after(i * Element::bits)));
    }
};

/// Random elements: floats and doubles mostly in the range of 8-bit formats.
template <class Element>
void write_random(bit_address<std::byte> base, std::size_t count, std::uint64_t seed) {
    using number = typename Element::number;
    random_bits next{seed};
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t r = next();
        number x;
        if constexpr (detail::is_native_float_v<number>) {
            const auto bits = static_cast<std::uint32_t>(r);
            const std::uint32_t near = (bits & 0x807FFFFFU) | static_cast<std::uint32_t>(115 + (r >> 40) % 24) << 23;
            x = convert<number>(std::bit_cast<float>((r >> 32) % 16 == 0 ? bits : near));
        } else {
            x = number::from_bits(static_cast<typename number::storage_type>(r));
        }
        Element::write(base.after(i * Element::bits), x);
    }
}

/// The bits of a byte in which an element can begin.
template <class Element>
std::vector<unsigned> starts() {
    std::vector<unsigned> bits = {0};
    if (!Element::is_packed) return bits;
    for (unsigned bit = Element::bits % 8; bit != 0; bit = (bit + Element::bits) % 8) bits.push_back(bit);
    return bits;
}

/// The bits that an output of `count` elements owns, one byte of ones and zeros each; written by hand, not by the library.
template <class To>
std::vector<unsigned> owned(unsigned bit, std::size_t count) {
    std::vector<unsigned> masks((bit + count * To::bits + 7) / 8);
    for (std::size_t i = bit; i < bit + count * To::bits; ++i) masks[i / 8] |= 1U << i % 8;
    if (To::order == nibble_order::high_first)
        for (unsigned& m : masks) m = (m >> 4 | m << 4) & 0xFF;
    return masks;
}

constexpr std::size_t guard = 64 + 64;

#if defined(__SSE2__)
constexpr bool stores_past_cache = true;
#else
constexpr bool stores_past_cache = false;
#endif

/// One call: `count` elements from in_offset bytes and in_bit bits to out_offset and out_bit, in memory full of ones or noise.
using runner = void(bit_address<const std::byte>, bit_address<std::byte>, std::size_t, const policy&, random_source);

template <class From, class To>
[[gnu::noinline]] void check_place(tally& results, const char* isa, runner& runs, std::size_t count,
                                   std::size_t in_offset, unsigned in_bit, std::size_t out_offset, unsigned out_bit) {
    const std::size_t in_bytes = (in_bit + count * From::bits + 7) / 8,
                      out_bytes = (out_bit + count * To::bits + 7) / 8;
    // exactly as much memory as the elements take, so that the address sanitizer sees a byte read or written beyond them
    std::vector<std::byte> in(in_offset + in_bytes), out(guard + out_offset + out_bytes + guard);
    random_bits next{count * 64 + in_offset};
    for (std::byte& b : in) b = static_cast<std::byte>(next());
    for (std::byte& b : out) b = static_cast<std::byte>(next());
    const std::vector<std::byte> before = out;
    const bit_address<std::byte> from{in.data() + in_offset, in_bit}, to{out.data() + guard + out_offset, out_bit};
    write_random<From>(from, count, count + out_offset);
    const bit_address<const std::byte> source{from.byte, in_bit};
    runs(source, to, count, policy{}, {});
    std::size_t wrong = 0, first = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto code = convert<typename To::number>(From::read(source.after(i * From::bits)));
        if (codes_of<To>::read({to.byte, out_bit}, i) != pattern(code) && wrong++ == 0) first = i;
    }
    const std::vector<unsigned> mine = owned<To>(out_bit, count);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::size_t at = guard + out_offset;
        const unsigned ours = i >= at && i < at + mine.size() ? mine[i - at] : 0;
        if (((std::to_integer<unsigned>(out[i]) ^ std::to_integer<unsigned>(before[i])) & ~ours) != 0 && wrong++ == 0)
            first = 1000000 + i;
    }
    results.same(wrong == 0, [&] {
        return std::string(isa) + " " + std::to_string(From::bits) + " to " + std::to_string(To::bits) +
               " bits: " + std::to_string(count) + " elements from byte " + std::to_string(in_offset) + " bit " +
               std::to_string(in_bit) + " to byte " + std::to_string(out_offset) + " bit " + std::to_string(out_bit) +
               ": the first wrong one is " + std::to_string(first) + " (a million: a byte of others)";
    });
}

template <class From, class To>
[[gnu::noinline]] void check_one_memory(tally& results, const char* isa, std::size_t block, runner& runs) {
    for (const unsigned bit : starts<From>()) {
        const std::vector<unsigned> can = starts<To>();
        if (std::find(can.begin(), can.end(), bit) == can.end()) continue;
        for (std::size_t count = 1; count <= 5 * block; count += count < 2 * block ? 1 : 13) {
            std::vector<std::byte> memory((bit + count * From::bits + 7) / 8);
            write_random<From>({memory.data(), bit}, count, count);
            const std::vector<std::byte> before = memory;
            runs({memory.data(), bit}, {memory.data(), bit}, count, policy{}, {});
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < count; ++i) {
                const bit_address<const std::byte> was{before.data(), bit};
                const auto code = convert<typename To::number>(From::read(was.after(i * From::bits)));
                wrong += codes_of<To>::read({memory.data(), bit}, i) != pattern(code);
            }
            results.same(wrong == 0, [&] {
                return std::string(isa) + " " + std::to_string(From::bits) + " to " + std::to_string(To::bits) +
                       " bits, " + std::to_string(count) + " elements: " + std::to_string(wrong) + " wrong";
            });
        }
    }
}

template <class Function>
void for_each_pair(Function&& f) {
    using low4 = packed<e2m1, nibble_order::low_first>;
    using high4 = packed<e2m1, nibble_order::high_first>;
    using six = packed<e3m2, nibble_order::low_first>;
    using other6 = packed<e2m3, nibble_order::low_first>;
    using seven = packed<p3109<7, 3, p3109_kind::se>, nibble_order::low_first>;
    using five = packed<p3109<5, 2, p3109_kind::se>, nibble_order::low_first>;
    using three = packed<p3109<3, 2, p3109_kind::sf>, nibble_order::low_first>;
    f.template operator()<plain<float>, plain<e4m3>>();
    f.template operator()<plain<float>, plain<bf16>>();
    f.template operator()<plain<float>, plain<fp16>>();
    f.template operator()<plain<float>, plain<tf32>>();
    f.template operator()<plain<float>, plain<e2m1>>();
    f.template operator()<plain<float>, plain<double>>();
    f.template operator()<plain<double>, plain<float>>();
    f.template operator()<plain<double>, plain<e4m3>>();
    f.template operator()<plain<e4m3>, plain<float>>();
    f.template operator()<plain<e4m3>, plain<double>>();
    f.template operator()<plain<e4m3>, plain<bf16>>();
    f.template operator()<plain<bf16>, plain<float>>();
    f.template operator()<plain<fp16>, plain<e5m2>>();
    f.template operator()<plain<e4m3>, plain<e5m2>>();
    f.template operator()<plain<e8m0>, plain<float>>();
    f.template operator()<plain<float>, low4>();
    f.template operator()<plain<float>, high4>();
    f.template operator()<plain<float>, six>();
    f.template operator()<plain<float>, seven>();
    f.template operator()<plain<float>, five>();
    f.template operator()<plain<float>, three>();
    f.template operator()<plain<double>, six>();
    f.template operator()<plain<bf16>, low4>();
    f.template operator()<low4, plain<float>>();
    f.template operator()<high4, plain<float>>();
    f.template operator()<six, plain<float>>();
    f.template operator()<seven, plain<float>>();
    f.template operator()<five, plain<float>>();
    f.template operator()<three, plain<float>>();
    f.template operator()<low4, plain<e4m3>>();
    f.template operator()<low4, plain<bf16>>();
    f.template operator()<six, plain<double>>();
    f.template operator()<low4, plain<e2m1>>();   // unpack
    f.template operator()<plain<e2m1>, high4>();  // pack
    f.template operator()<plain<e3m2>, six>();
    f.template operator()<low4, high4>();
    f.template operator()<six, six>();
    f.template operator()<six, other6>();
    f.template operator()<low4, six>();
    f.template operator()<six, low4>();
    f.template operator()<seven, seven>();
}

}  // namespace

TEST_CASE("every length up to two blocks and every misalignment") {
    for_each_pair([]<class From, class To>() {
        tally results("lengths and misalignments");
        for_each_subset([&]<class Isa>(const char* isa) {
            const std::size_t block = detail::block_size<Isa>;
            runner& runs = run<Isa, From, To, policy{}>;
            for (std::size_t count = 0; count <= 2 * block + 1; ++count)
                check_place<From, To>(results, isa, runs, count, 0, 0, 0, 0);
            for (std::size_t offset = 1; offset<64; offset += thinned> 1 ? 5 : 1) {
                check_place<From, To>(results, isa, runs, 3 * block + 5, offset, 0, 0, 0);
                check_place<From, To>(results, isa, runs, 3 * block + 5, 0, 0, offset, 0);
                check_place<From, To>(results, isa, runs, 3 * block + 7, offset, 0, 63 - offset, 0);
            }
        });
        results.check(64);
    });
}

TEST_CASE("every bit offset of packed elements") {
    for_each_pair([]<class From, class To>() {
        if constexpr (From::is_packed || To::is_packed) {
            tally results("bit offsets");
            for_each_subset([&]<class Isa>(const char* isa) {
                const std::size_t block = detail::block_size<Isa>;
                runner& runs = run<Isa, From, To, policy{}>;
                for (const unsigned in_bit : starts<From>())
                    for (const unsigned out_bit : starts<To>()) {
                        for (std::size_t count = 0; count <= 17; ++count)
                            check_place<From, To>(results, isa, runs, count, 0, in_bit, 0, out_bit);
                        for (const std::size_t count : {block - 1, block, block + 1, block + 8, 3 * block + 3, 700UL})
                            check_place<From, To>(results, isa, runs, count, 3, in_bit, 1, out_bit);
                    }
            });
            results.check(20);
        }
    });
}

TEST_CASE("in and out in one memory") {
    for_each_pair([]<class From, class To>() {
        // Not where nibbles change their order: the scalar function would overwrite the one that it reads next.
        constexpr bool reordered = From::is_packed && To::is_packed && From::order != To::order;
        if constexpr (To::bits <= From::bits && !reordered) {
            tally results("one memory");
            for_each_subset([&]<class Isa>(const char* isa) {
                check_one_memory<From, To>(results, isa, detail::block_size<Isa>, run<Isa, From, To, policy{}>);
            });
            results.check(64);
        }
    });
}

TEST_CASE("outputs stored past the cache") {
    // past every threshold of kernels/stream.hpp, and no multiple of anything
    constexpr std::size_t bytes = detail::stream_limit + 12345;
    const auto one = []<class From, class To>(std::size_t offset, unsigned bit) {
        const std::size_t count = bytes * 8 / To::bits;
        std::vector<std::byte> in(count * From::bits / 8 + 8), out(offset + bytes + 64, std::byte{0xA5});
        random_bits next{5};
        for (std::size_t i = 0; i + 8 <= in.size(); i += 8) {
            const std::uint64_t r = next();
            std::memcpy(in.data() + i, &r, 8);
        }
        tally results("past the cache");
        for_each_isa([&]<class Isa>(const char* isa) {
            CHECK(detail::goes_past_cache<Isa>(bytes) == stores_past_cache);
            run<Isa, From, To, policy{}>({in.data(), 0}, {out.data() + offset, bit}, count, policy{});
            // a second opinion from calls that are too short for that path
            std::vector<std::byte> expected(out.size(), std::byte{0xA5});
            constexpr std::size_t step = 8 * 4096;
            for (std::size_t i = 0; i < count; i += step) {
                const bit_address<const std::byte> from{in.data(), 0};
                const bit_address<std::byte> to{expected.data() + offset, bit};
                run<Isa, From, To, policy{}>(from.after(i * From::bits), to.after(i * To::bits),
                                             std::min(step, count - i), policy{});
            }
            results.same(out == expected, [&] { return std::string(isa); });
            std::size_t wrong = 0;  // and the definition's, here and there
            for (std::size_t i = 0; i < count; i += 1009) {
                const bit_address<const std::byte> from{in.data(), 0};
                const auto code = convert<typename To::number>(From::read(from.after(i * From::bits)));
                wrong += codes_of<To>::read({out.data() + offset, bit}, i) != pattern(code);
            }
            results.same(wrong == 0, [&] { return std::string(isa) + ": not the scalar function's"; });
        });
        results.check();
    };
    if (thinned == 1 || sanitized) {
        one.template operator()<plain<e4m3>, plain<float>>(4, 0);
        one.template operator()<plain<fp16>, plain<e4m3>>(5, 0);
        one.template operator()<plain<bf16>, packed<e2m1, nibble_order::high_first>>(3, 4);
        one.template operator()<plain<bf16>, packed<e3m2, nibble_order::low_first>>(3, 6);
    }
}
