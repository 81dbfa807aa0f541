// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Which types convert to and from a format, and how.
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>

#include <cstddef>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>

namespace {

using namespace lowprec;

template <class F, class T>
constexpr bool explicit_both_ways = std::is_nothrow_constructible_v<F, T> && !std::is_convertible_v<T, F> &&
                                    std::is_nothrow_constructible_v<T, F> && !std::is_convertible_v<F, T>;

template <class A, class B>
concept equality = requires(A a, B b) {
    a == b;
};
template <class A, class B>
concept ordering = requires(A a, B b) {
    a < b;
};
template <class A, class B>
concept addition = requires(A a, B b) {
    a + b;
};
template <class A, class B>
concept assignment = requires(A a, B b) {
    a = b;
};
template <class F>
concept negation = requires(F f) {
    -f;
};

template <class A, class B>
constexpr bool can_mix =
    equality<A, B> || ordering<A, B> || addition<A, B> || assignment<A, B> || std::is_convertible_v<B, A>;

__extension__ using int128 = __int128;
__extension__ using uint128 = unsigned __int128;

template <class F, class... Ts>
constexpr bool all_explicit(std::tuple<Ts...>*) {
    return (explicit_both_ways<F, Ts> && ...) && (!can_mix<F, Ts> && ...);
}

using builtin =
    std::tuple<bool, char, signed char, unsigned char, wchar_t, char8_t, char16_t, char32_t, short, unsigned short, int,
               unsigned, long, unsigned long, long long, unsigned long long, int128, uint128, float, double>;

template <class F, class... Others>
constexpr bool mixes_with_itself_only(std::tuple<Others...>*) {
    return ((can_mix<F, Others> == std::is_same_v<F, Others>)&&...);
}

template <class F>
constexpr bool is_strict() {
    constexpr bool binary64_long_double = std::numeric_limits<long double>::digits == 53;
    static_assert(all_explicit<F>(static_cast<builtin*>(nullptr)));
    static_assert(mixes_with_itself_only<F>(static_cast<all_formats*>(nullptr)));
    static_assert(std::is_constructible_v<F, long double> == binary64_long_double);
    static_assert(std::is_constructible_v<long double, F> == binary64_long_double);
    // A pointer would pass as a bool, an enumeration as its number.
    static_assert(!std::is_constructible_v<F, void*> && !std::is_constructible_v<F, const char*>);
    static_assert(!std::is_constructible_v<F, std::nullptr_t> && !std::is_constructible_v<F, int F::*>);
    static_assert(!std::is_constructible_v<F, p3109_kind> && !std::is_constructible_v<F, std::string>);
    static_assert(negation<F> == (F::sign_bits == 1));
    static_assert(std::is_trivially_copyable_v<F> && std::is_trivially_default_constructible_v<F>);
    static_assert(std::is_standard_layout_v<F> && sizeof(F) == sizeof(typename F::storage_type));
    return true;
}

template <class... Fs>
constexpr bool all_strict(std::tuple<Fs...>*) {
    return (is_strict<Fs>() && ...);
}
static_assert(all_strict(static_cast<all_formats*>(nullptr)));
static_assert(is_strict<float_format<1, 3, 5, 3>>());
static_assert(is_strict<p3109<8, 3, p3109_kind::ue>>());

// Compile time and run time are one definition; here it is compile time.
static_assert((e4m3(1.5F) + e4m3(0.25F)).bits() == e4m3(1.75F).bits());
static_assert((tf32::from_bits(0x1D0EA000 >> 13) * tf32::from_bits(0x1D65C000 >> 13)).bits() == 1);
static_assert((fp16(1.0F) / fp16(3.0F)).bits() == 0x3555);
static_assert(sqrt(fp16(2.0F)).bits() == 0x3DA8);
static_assert(fma(fp64(0.1), fp64(10.0), fp64(-1.0)).bits() == fp64(0x1p-54).bits());
static_assert(-e4m3_fnuz(0.0F) == e4m3_fnuz(0.0F) && (-e4m3_fnuz(0.0F)).bits() == 0);
static_assert((e2m1(6.0F) <=> e2m1(4.0F)) == std::partial_ordering::greater);

}  // namespace
