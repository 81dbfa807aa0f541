// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Quotients of exact numbers: rounded once.
#include <lowprec/detail/quotient.hpp>
#include <lowprec/formats.hpp>

namespace {

using namespace lowprec;
using detail::exact;
using to_int8 = detail::integer_sink<std::int8_t>;

// specs: rint(x/s) in float gives 104
static_assert(detail::divide<to_int8>(0x1.b00654p-7F, exact::of(0x1.0b254ep-13F)) == 103);
static_assert(detail::divide<to_int8>(-0x1.b00654p-7F, exact::of(0x1.0b254ep-13F)) == -103);
static_assert(detail::divide<to_int8>(2.5F, exact::whole(1)) == 2 &&
              detail::divide<to_int8>(3.5F, exact::whole(1)) == 4);
static_assert(detail::divide<to_int8>(0x1p127F, exact::of(0x1p-149F)) == 127);
static_assert(detail::divide<to_int8>(-__builtin_inff(), exact::whole(3)) == -128);
static_assert(detail::divide<to_int8>(0x1p-149F, exact::of(0x1p127F)) == 0);

static_assert(detail::divide<detail::format_sink<fp32>>(1.0F, exact::whole(3)) == fp32(0x1.555556p-2F));
static_assert(detail::divide<detail::format_sink<fp32>>(0x1p-149F, exact::whole(2)).bits() == 0);
static_assert(detail::divide<detail::format_sink<fp32>>(0x1.8p-148F, exact::whole(2)).bits() == 2);
static_assert(detail::divide<detail::format_sink<e2m1>>(-0.0F, exact::whole(3)).bits() == 8);

// the width of the range of floats, and one that no double holds
static_assert(detail::quotient<detail::format_sink<fp32>>(exact::of(0x1.fffffep127F) + exact::of(0x1.fffffep127F),
                                                          exact::whole(2), false) == fp32(0x1.fffffep127F));
static_assert((exact::of(1.0F) + exact::of(0x1p-149F)).more);
static_assert(detail::quotient<detail::format_sink<fp32>>(exact::of(0x1.000001p0) + exact::of(0x1p-149F),
                                                          exact::whole(1), false) == fp32(0x1.000002p0F));
static_assert(exact::of(0x1p-149F) < exact::of(0x1p-148F) && !(exact::of(1.0F) < exact::of(1.0F)));
static_assert(exact::of(1.5F) < exact::whole(2) && exact::whole(0) < exact::of(0x1p-149F));

}  // namespace
