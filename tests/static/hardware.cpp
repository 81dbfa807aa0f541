// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The table while compiling, and which quantities may meet.
#include <lowprec/hardware.hpp>

namespace {

using namespace lowprec;
namespace hw = lowprec::hardware;

template <class A, class B>
concept adds = requires(A a, B b) {
    a + b;
};
template <class A, class B>
concept subtracts = requires(A a, B b) {
    a - b;
};
template <class A, class B>
concept compares = requires(A a, B b) {
    a == b;
};
template <class A, class B>
concept orders = requires(A a, B b) {
    a < b;
};
template <class A, class B>
concept divides = requires(A a, B b) {
    a / b;
};
template <class A, class B>
concept meets = adds<A, B> || subtracts<A, B> || compares<A, B> || orders<A, B> || std::is_convertible_v<A, B> ||
    std::is_constructible_v<B, A>;
template <class A>
concept has_format = requires {
    hw::format_of<A>;
};

static_assert(adds<hw::op_rate, hw::op_rate> && compares<hw::op_rate, hw::op_rate> && orders<hw::op_rate, hw::op_rate>);
static_assert(!meets<hw::op_rate, hw::system_op_rate> && !divides<hw::op_rate, hw::system_op_rate>);
static_assert(!meets<hw::system_op_rate, hw::op_rate> && !divides<hw::system_op_rate, hw::op_rate>);
static_assert(!meets<hw::op_rate, hw::byte_rate> && !meets<hw::byte_rate, hw::system_byte_rate>);
static_assert(!meets<hw::memory_size, hw::system_memory_size> && !meets<hw::byte_count, hw::memory_size>);
static_assert(!meets<hw::op_count, hw::byte_count> && !meets<hw::seconds, hw::op_count>);
static_assert(!meets<double, hw::op_rate> && !meets<int, hw::op_rate> && !meets<hw::op_rate, double>);
static_assert(!std::is_convertible_v<int, hw::chips>);

static_assert(std::is_same_v<decltype(hw::op_count::of(1) / hw::tera_ops(1)), hw::seconds>);
static_assert(std::is_same_v<decltype(hw::op_count::of(1) / hw::system_tera_ops(1)), hw::seconds>);
static_assert(std::is_same_v<decltype(hw::tera_ops(1) / hw::terabytes_per_second(1)), hw::ops_per_byte>);
static_assert(std::is_same_v<decltype(hw::op_count::of(1) / hw::byte_count::of(1)), hw::ops_per_byte>);
static_assert(!divides<hw::byte_count, hw::op_rate> && !divides<hw::byte_rate, hw::op_rate>);
static_assert(!divides<hw::system_op_rate, hw::byte_rate>);
static_assert(std::is_same_v<decltype(hw::tera_ops(2) / hw::tera_ops(1)), double>);

static_assert(hw::tera_ops(1000) == hw::peta_ops(1) && hw::giga_ops(1000) == hw::tera_ops(1));
static_assert(hw::tera_ops(1) + hw::tera_ops(2) - hw::tera_ops(1) == 2 * hw::tera_ops(2) / 2);
static_assert(hw::peta_ops(1) > hw::tera_ops(999) && hw::system_tera_ops(2000) == hw::system_peta_ops(2));
static_assert(hw::system_total(hw::tera_ops(312), hw::chips(8)) == hw::system_tera_ops(2496));

static_assert(has_format<e4m3> && has_format<nvfp4> && has_format<affine<8, integer_codes::unsigned_full>>);
static_assert(!has_format<e3m4> && !has_format<q4_0> && !has_format<affine<3>> && !has_format<float>);
static_assert(hw::name(hw::format_of<mxfp8_e5m2>) == name_of<mxfp8_e5m2>);

constexpr const hw::accelerator& h100 = hw::accelerator_named("H100 SXM");
static_assert(hw::peak(h100, hw::format_of<e4m3>, hw::sparsity::sparse)->tera() == 3958);
static_assert(!hw::peak(h100, hw::format_of<nvfp4>) && !hw::native(h100, hw::format_of<affine<4>>));
static_assert(hw::layer_bound<affine<4>, bf16>(h100, {4096, 4096, 1}, {.size = 128}).binds() == hw::bound::memory);

// More than its predecessor and less: capabilities have no order.
static_assert(hw::support_of({10, 0}, hw::number_format::fp64) == hw::support::native);
static_assert(hw::support_of({12, 0}, hw::number_format::fp64) == hw::support::none);

}  // namespace
