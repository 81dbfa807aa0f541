// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// Quantities with a unit: operations, bytes, seconds, watts, and their rates. A bare number is no quantity: tera_ops(312) says what it
// is, and .tera() says in what it is read. What is said of one chip, of a whole system and of a piece of work are different types:
//
//     op_rate + op_rate             compiles
//     op_rate + system_op_rate      does not: system_total(rate, chips{8}) or per_chip(rate, chips{8}) first
//     op_rate + byte_rate           does not
//     op_count / op_rate            seconds; so are byte_count / byte_rate
//     op_rate / byte_rate           ops_per_byte; so is op_count / byte_count
//
// Prefixes are decimal: a GB is 10^9 bytes.
#ifndef LOWPREC_HARDWARE_UNITS_HPP
#define LOWPREC_HARDWARE_UNITS_HPP

#include <compare>
#include <lowprec/detail/fail_argument.hpp>
#include <type_traits>

namespace lowprec::hardware {

/// Of what a quantity is counted.
enum class counted : unsigned char { work, chip, system };

namespace unit {
struct operations;
struct operations_per_second;
struct bytes;
struct bytes_per_second;
struct operations_per_byte;
struct seconds;
struct watts;
}  // namespace unit

namespace detail {

template <class A, class B>
concept both_sides_have_the_same_unit = std::is_same_v<A, B>;
template <counted A, counted B>
concept both_sides_are_of_a_chip_or_both_of_a_system = A == B;
template <class A, class B>
concept operations_over_bytes = (std::is_same_v<A, unit::operations> && std::is_same_v<B, unit::bytes>) ||
                                (std::is_same_v<A, unit::operations_per_second> &&
                                 std::is_same_v<B, unit::bytes_per_second>);
template <class A, class B>
concept amount_over_its_rate = (std::is_same_v<A, unit::operations> &&
                                std::is_same_v<B, unit::operations_per_second>) ||
                               (std::is_same_v<A, unit::bytes> && std::is_same_v<B, unit::bytes_per_second>);

}  // namespace detail

/// A number of Units, counted of a piece of work, a chip or a system.
template <class Unit, counted Of>
class quantity {
public:
    /// From a number of units without a prefix; the functions below are easier to read.
    [[nodiscard]] static constexpr quantity of(double units) noexcept { return quantity{units}; }

    /// In units, and in 10^6, 10^9, 10^12 and 10^15 of them.
    [[nodiscard]] constexpr double value() const noexcept { return value_; }
    [[nodiscard]] constexpr double mega() const noexcept { return value_ / 1e6; }
    [[nodiscard]] constexpr double giga() const noexcept { return value_ / 1e9; }
    [[nodiscard]] constexpr double tera() const noexcept { return value_ / 1e12; }
    [[nodiscard]] constexpr double peta() const noexcept { return value_ / 1e15; }

    friend constexpr quantity operator*(quantity a, double n) noexcept { return quantity{a.value_ * n}; }
    friend constexpr quantity operator*(double n, quantity a) noexcept { return quantity{n * a.value_}; }
    friend constexpr quantity operator/(quantity a, double n) noexcept { return quantity{a.value_ / n}; }

private:
    constexpr explicit quantity(double value) noexcept : value_{value} {}
    double value_;
};

template <class U, counted A, class V, counted B>
    requires detail::both_sides_have_the_same_unit<U, V> && detail::both_sides_are_of_a_chip_or_both_of_a_system<A, B>
constexpr quantity<U, A> operator+(quantity<U, A> a, quantity<V, B> b) noexcept {
    return quantity<U, A>::of(a.value() + b.value());
}
template <class U, counted A, class V, counted B>
    requires detail::both_sides_have_the_same_unit<U, V> && detail::both_sides_are_of_a_chip_or_both_of_a_system<A, B>
constexpr quantity<U, A> operator-(quantity<U, A> a, quantity<V, B> b) noexcept {
    return quantity<U, A>::of(a.value() - b.value());
}
template <class U, counted A, class V, counted B>
    requires detail::both_sides_have_the_same_unit<U, V> && detail::both_sides_are_of_a_chip_or_both_of_a_system<A, B>
constexpr bool operator==(quantity<U, A> a, quantity<V, B> b) noexcept { return (a.value() <=> b.value()) == 0; }
template <class U, counted A, class V, counted B>
    requires detail::both_sides_have_the_same_unit<U, V> && detail::both_sides_are_of_a_chip_or_both_of_a_system<A, B>
constexpr std::partial_ordering operator<=>(quantity<U, A> a, quantity<V, B> b) noexcept {
    return a.value() <=> b.value();
}

using op_count = quantity<unit::operations, counted::work>;
using byte_count = quantity<unit::bytes, counted::work>;
using seconds = quantity<unit::seconds, counted::work>;
using ops_per_byte = quantity<unit::operations_per_byte, counted::work>;

using op_rate = quantity<unit::operations_per_second, counted::chip>;
using byte_rate = quantity<unit::bytes_per_second, counted::chip>;
using memory_size = quantity<unit::bytes, counted::chip>;
using power = quantity<unit::watts, counted::chip>;

using system_op_rate = quantity<unit::operations_per_second, counted::system>;
using system_byte_rate = quantity<unit::bytes_per_second, counted::system>;
using system_memory_size = quantity<unit::bytes, counted::system>;
using system_power = quantity<unit::watts, counted::system>;

/// How many of the same are alike: a ratio.
template <class U, counted A, class V, counted B>
    requires detail::both_sides_have_the_same_unit<U, V> && detail::both_sides_are_of_a_chip_or_both_of_a_system<A, B>
constexpr double operator/(quantity<U, A> a, quantity<V, B> b) noexcept { return a.value() / b.value(); }
/// Operations for each byte.
template <class U, counted A, class V, counted B>
    requires detail::operations_over_bytes<U, V> && detail::both_sides_are_of_a_chip_or_both_of_a_system<A, B>
constexpr ops_per_byte operator/(quantity<U, A> a, quantity<V, B> b) noexcept {
    return ops_per_byte::of(a.value() / b.value());
}
/// How long an amount of work takes at a rate, a chip's or a system's.
template <class U, class V, counted B>
    requires detail::amount_over_its_rate<U, V>
constexpr seconds operator/(quantity<U, counted::work> amount, quantity<V, B> rate) noexcept {
    return seconds::of(amount.value() / rate.value());
}

/// A multiplication and an addition are two operations. TFLOPS and TOPS are tera_ops, PFLOPS and POPS are peta_ops.
[[nodiscard]] constexpr op_rate giga_ops(double n) noexcept { return op_rate::of(n * 1e9); }
[[nodiscard]] constexpr op_rate tera_ops(double n) noexcept { return op_rate::of(n * 1e12); }
[[nodiscard]] constexpr op_rate peta_ops(double n) noexcept { return op_rate::of(n * 1e15); }
[[nodiscard]] constexpr system_op_rate system_tera_ops(double n) noexcept { return system_op_rate::of(n * 1e12); }
[[nodiscard]] constexpr system_op_rate system_peta_ops(double n) noexcept { return system_op_rate::of(n * 1e15); }
[[nodiscard]] constexpr byte_rate gigabytes_per_second(double n) noexcept { return byte_rate::of(n * 1e9); }
[[nodiscard]] constexpr byte_rate terabytes_per_second(double n) noexcept { return byte_rate::of(n * 1e12); }
[[nodiscard]] constexpr memory_size megabytes(double n) noexcept { return memory_size::of(n * 1e6); }
[[nodiscard]] constexpr memory_size gigabytes(double n) noexcept { return memory_size::of(n * 1e9); }
[[nodiscard]] constexpr power watts(double n) noexcept { return power::of(n); }

/// How many chips a system has.
struct chips {
    int count;
    constexpr explicit chips(int n) noexcept : count{n} {}
    friend constexpr bool operator==(chips, chips) noexcept = default;
};

namespace detail {

constexpr void check_chips(std::string_view function, chips n) {
    if (n.count < 1)
        lowprec::detail::fail_argument("lowprec::hardware::", function, ": a system of ", n.count, " chips");
}

}  // namespace detail

/// What n equal chips have together.
/// Errors:  std::invalid_argument if there are less than one.
template <class Unit>
[[nodiscard]] constexpr quantity<Unit, counted::system> system_total(quantity<Unit, counted::chip> one, chips n) {
    detail::check_chips("system_total", n);
    return quantity<Unit, counted::system>::of(one.value() * n.count);
}

/// What each of a system's n equal chips has.
/// Errors:  std::invalid_argument if there are less than one.
template <class Unit>
[[nodiscard]] constexpr quantity<Unit, counted::chip> per_chip(quantity<Unit, counted::system> all, chips n) {
    detail::check_chips("per_chip", n);
    return quantity<Unit, counted::chip>::of(all.value() / n.count);
}

}  // namespace lowprec::hardware

#endif
