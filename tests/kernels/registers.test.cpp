// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// simd::load and simd::store with every instruction set compiled in, against the scalar conversion: every code of every format,
// packed and not, several policies, special values, and environments.
// needs: simd
// ctest-label: newer_xsimd
// isa: best
// ctest-label: aarch64
#include <bit>
#include <cfenv>
#include <cstring>
#include <lowprec/simd.hpp>
#include <vector>

#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/isa.hpp"
#include "support/rows.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;

using oracle::type;

std::uint32_t word(float x) { return std::bit_cast<std::uint32_t>(x); }

// The instruction sets whose registers differ; builds with vectors beyond the base leave the base to the build without flags.
template <class Function>
void for_each_isa(Function&& f) {
    using simd::isa;
    if constexpr (!simd::native::has(simd::avx2)) {
        if constexpr (simd::native::vectors) f.template operator()<simd::native>("base");
    } else {
        f.template operator()<isa<simd::avx2>>("avx2");
        if constexpr (simd::native::has(simd::avx512)) {
            f.template operator()<isa<simd::avx2 | simd::avx512>>("avx512");
            f.template operator()<simd::native>("native");
        }
    }
}

// The rows, and types of one's own that are stored in every way.
template <class Function>
void for_each_kernel_format(Function&& f) {
    oracle::for_each_format<1, 32>([&]<class F>(type<F>) {
        if constexpr (detail::fits_registers<F>) f.template operator()<F>();
    });
    f.template operator()<p3109<8, 3, p3109_kind::se>>();
    f.template operator()<p3109<3, 2, p3109_kind::sf>>();
    f.template operator()<p3109<5, 2, p3109_kind::ue>>();
    f.template operator()<p3109<12, 6, p3109_kind::se>>();
    f.template operator()<float_format<1, 8, 12, 127>>();  // stored left-aligned, as tf32
}

// One format of each shape, for the many policies.
template <class Function>
void for_each_shape(Function&& f) {
    f.template operator()<e5m2>();
    f.template operator()<e4m3_fnuz>();
    f.template operator()<e2m1>();
    f.template operator()<ue4m3>();
    f.template operator()<e8m0>();
    f.template operator()<fp16>();
    f.template operator()<tf32>();
    f.template operator()<fp32>();
}

template <class F>
std::vector<F> all_codes() {
    std::vector<F> codes;
    if constexpr (F::width <= 16) {
        for (std::uint32_t c = 0; c < std::uint32_t{1} << F::width; ++c) codes.push_back(make<F>(c));
    } else {
        random_bits next{F::width};
        for (const std::uint32_t sign : {0U, 1U})
            for (std::uint32_t e = 0; e < 256; ++e)
                for (int i = 0; i < 20; ++i)
                    codes.push_back(make<F>(sign << (F::width - 1) | e << F::mantissa_bits |
                                            (i < 4 ? std::uint32_t(i) : std::uint32_t(next()) & F::mantissa_mask)));
    }
    while (codes.size() % 64 != 0) codes.push_back(codes[codes.size() / 2]);
    return codes;
}

// Values of F, what lies around the ties between them, and everything that isn't a normal number.
template <class F>
std::vector<float> inputs() {
    std::vector<float> in;
    const auto both = [&](std::uint32_t bits) {
        in.push_back(std::bit_cast<float>(bits));
        in.push_back(std::bit_cast<float>(bits ^ 0x80000000));
    };
    for (const std::uint32_t bits : {0x00000000U, 0x00000001U, 0x00400000U, 0x007FFFFFU, 0x00800000U, 0x7F7FFFFFU,
                                     0x7F800000U, 0x7F800001U, 0x7FC00000U, 0x7FC12345U, 0x7FFFFFFFU})
        both(bits);
    random_bits next{F::width + 100 * F::mantissa_bits};
    for (std::uint32_t e = 0; e < 256; ++e)
        for (int i = 0; i < 12; ++i) {
            std::uint32_t m = static_cast<std::uint32_t>(next()) & 0x7FFFFF;
            const std::uint32_t unit = F::mantissa_bits >= 23 ? 1 : std::uint32_t{1} << (22 - F::mantissa_bits);
            if (i % 4 != 0) m = (m & ~(unit - 1)) + static_cast<std::uint32_t>(i % 4) - 2;
            both(e << 23 | (m & 0x7FFFFF));
        }
    while (in.size() % 64 != 0) in.push_back(1.5F);
    return in;
}

// A register of bytes past an aligned address, so that no access may count on alignment.
std::byte* misaligned(std::vector<std::byte>& memory, std::size_t bytes) {
    memory.assign(bytes + 128, std::byte{0xA5});
    return memory.data() + (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64) + 1;
}
constexpr std::size_t guard = 32;  // bytes after the misaligned ones that must stay

template <class Array>
std::vector<float> floats_of(const Array& batches) {
    constexpr std::size_t size = Array::value_type::size;
    std::vector<float> floats(batches.size() * size);
    for (std::size_t i = 0; i < batches.size(); ++i) batches[i].store_unaligned(floats.data() + i * size);
    return floats;
}

template <class F, class Isa>
simd::batches<F, Isa> batches_of(const float* floats) {
    simd::batches<F, Isa> batches;
    for (std::size_t i = 0; i < batches.size(); ++i)
        batches[i] = detail::load_from<detail::f32<Isa>>(floats + i * detail::f32<Isa>::size);
    return batches;
}

template <class F, class Isa>
void check_load(tally& results, const char* isa) {
    constexpr std::size_t n = simd::elements<F, Isa>;
    const std::vector<F> codes = all_codes<F>();
    std::vector<F> shifted(n + 1);
    for (std::size_t i = 0; i < codes.size(); i += n) {
        std::memcpy(shifted.data() + 1, codes.data() + i, n * sizeof(F));
        const auto floats = floats_of(simd::load<F, Isa>(shifted.data() + 1));
        for (std::size_t k = 0; k < n; ++k)
            results.equal(word(floats[k]), word(convert<float>(codes[i + k])), isa, name_of<F>, "code",
                          std::uint64_t{codes[i + k].bits()});
    }
}

template <class F, nibble_order Order, class Isa>
void check_packed_load(tally& results, const char* isa) {
    constexpr std::size_t n = simd::elements<F, Isa>;
    const std::vector<F> codes = all_codes<F>();
    for (std::size_t i = 0; i < codes.size(); i += n) {
        const std::span part(codes.data() + i, n);
        std::vector<std::byte> bytes(packed_bytes<F>(n));  // nothing after it, for the address sanitizer
        pack<Order>(part, bytes);
        const auto floats = floats_of(simd::load<F, Order, Isa>(bytes.data()));
        for (std::size_t k = 0; k < n; ++k)
            results.equal(word(floats[k]), word(convert<float>(part[k])), isa, name_of<F>, "packed code",
                          std::uint64_t{part[k].bits()});
    }
}

template <class F, policy P, class Isa>
void check_store(tally& results, const std::vector<float>& in, const char* isa) {
    constexpr std::size_t n = simd::elements<F, Isa>;
    std::vector<F> out(n + 2, make<F>(1));
    for (std::size_t i = 0; i < in.size(); i += n) {
        simd::store<F, P, Isa>(batches_of<F, Isa>(in.data() + i), out.data() + 1);
        for (std::size_t k = 0; k < n; ++k)
            results.equal(out[k + 1].bits(), convert<F, P>(in[i + k]).bits(), isa, name_of<F>, "policy",
                          static_cast<int>(P.round), static_cast<int>(P.over), "float", word(in[i + k]));
        results.equal(out.front().bits(), 1U, isa, name_of<F>, "before");
        results.equal(out.back().bits(), 1U, isa, name_of<F>, "after");
    }
}

template <class F, policy P, nibble_order Order, class Isa>
void check_packed_store(tally& results, const std::vector<float>& in, const char* isa) {
    constexpr std::size_t n = simd::elements<F, Isa>, bytes = packed_bytes<F>(n);
    std::vector<std::byte> memory;
    std::byte* const to = misaligned(memory, bytes + guard);
    std::vector<F> out(n);
    for (std::size_t i = 0; i < in.size(); i += n) {
        simd::store<F, P, Order, Isa>(batches_of<F, Isa>(in.data() + i), to);
        unpack<Order>(std::span(to, bytes), out);
        for (std::size_t k = 0; k < n; ++k)
            results.equal(out[k].bits(), convert<F, P>(in[i + k]).bits(), isa, name_of<F>, "packed, policy",
                          static_cast<int>(P.round), static_cast<int>(P.over), "float", word(in[i + k]));
        for (std::size_t k = 0; k < guard; ++k) results.equal(to[bytes + k], 0xA5U, isa, name_of<F>, "after");
    }
}

template <class F, policy P, class Isa>
void check_stores(tally& results, const std::vector<float>& in, const char* isa) {
    check_store<F, P, Isa>(results, in, isa);
    if constexpr (F::width < 8) check_packed_store<F, P, nibble_order::low_first, Isa>(results, in, isa);
    if constexpr (F::width == 4) check_packed_store<F, P, nibble_order::high_first, Isa>(results, in, isa);
}

#define CHECK_ALL_EQUAL(results)                                                         \
    do {                                                                                 \
        INFO((results).wrong << " of " << (results).checked << ": " << (results).first); \
        CHECK((results).wrong == 0);                                                     \
        CHECK((results).checked != 0);                                                   \
    } while (false)

void check_loads(tally& results) {
    for_each_isa([&]<class Isa>(const char* isa) {
        for_each_kernel_format([&]<class F>() {
            check_load<F, Isa>(results, isa);
            if constexpr (F::width < 8) check_packed_load<F, nibble_order::low_first, Isa>(results, isa);
            if constexpr (F::width == 4) check_packed_load<F, nibble_order::high_first, Isa>(results, isa);
        });
    });
}

void check_default_stores(tally& results) {
    for_each_isa([&]<class Isa>(const char* isa) {
        for_each_kernel_format([&]<class F>() { check_stores<F, policy{}, Isa>(results, inputs<F>(), isa); });
    });
}

template <policy... Ps>
void check_policies(tally& results) {
    for_each_isa([&]<class Isa>(const char* isa) {
        for_each_shape([&]<class F>() {
            const auto in = inputs<F>();
            (check_stores<F, Ps, Isa>(results, in, isa), ...);
        });
    });
}

TEST_CASE("batches: four for codes of 8 bits and fewer, two for 16, one for 32") {
    CHECK(simd::batches<e2m1>{}.size() == 4);
    CHECK(simd::batches<e4m3>{}.size() == 4);
    CHECK(simd::batches<bf16>{}.size() == 2);
    CHECK(simd::batches<tf32>{}.size() == 1);
    CHECK(simd::batches<fp32>{}.size() == 1);
    CHECK(simd::elements<e4m3> == 4 * xsimd::batch<float>::size);
    CHECK(std::is_same_v<simd::batches<fp16>, std::array<xsimd::batch<float>, 2>>);
}

TEST_CASE("load gives the value of every code, packed and not") {
    tally results;
    check_loads(results);
    CHECK_ALL_EQUAL(results);
}

TEST_CASE("store rounds as convert does by default") {
    tally results;
    check_default_stores(results);
    CHECK_ALL_EQUAL(results);
}

TEST_CASE("store in every direction") {
    tally results;
    check_policies<policy{.round = rounding::nearest_away}, policy{.round = rounding::toward_zero},
                   policy{.round = rounding::upward}, policy{.round = rounding::downward},
                   policy{.round = rounding::to_odd}>(results);
    CHECK_ALL_EQUAL(results);
}

TEST_CASE("store with other switches") {
    tally results;
    check_policies<policy{.over = overflow::nonfinite}, policy{.over = overflow::saturate}, presets::ml_dtypes>(
        results);
    CHECK_ALL_EQUAL(results);
}

TEST_CASE("load and store in environments that a caller left behind") {
    tally results;
    const auto all = [&] {
        check_loads(results);
        check_default_stores(results);
    };
    if constexpr (flushed_denormals::available) {
        const flushed_denormals flushed;
        CHECK(half_of_smallest_normal() == 0);
        all();
    }
    for (const int direction : {FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO}) {
        const rounding_direction changed(direction);
        all();
    }
    CHECK_ALL_EQUAL(results);
}

}  // namespace
