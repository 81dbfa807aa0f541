// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Conversion: any float, double or code to any format under any policy, and many floats at once.
// needs: simd
#include <lowprec/simd.hpp>
#include <tuple>
#include <utility>

#include "fuzz.hpp"

namespace {

using namespace lowprec;
using fuzz::promise;

template <class F, class From>
void one_number(From x, policy p, std::uint64_t random) {
    const auto found = inspect<F>(x, p, random);
    promise((found.value.bits() & ~F::code_mask) == 0, "a code has no bits above the format's");
    promise(convert<F>(x, p, random).bits() == found.value.bits(), "inspect gives what convert gives");
    if (!found.inexact) promise(convert<F>(found.value, p, random).bits() == found.value.bits(), "a code stays itself");
    // A finite value of F is the nearest to itself.
    const bool negative_to_unsigned = F::sign_bits == 0 && p.negative == negative_input::nan;
    if (isfinite(found.value)) {
        const auto back = convert<F>(convert<fp64>(found.value), policy{});
        promise(back.bits() == found.value.bits(), "a finite value comes back from binary64");
    } else if (isfinite(convert<fp64>(x)) && p.over == overflow::saturate && !negative_to_unsigned &&
               p.no_zero == zero_missing::smallest) {
        promise(false, "a finite number saturates where that is the policy");
    }
}

template <class F>
void many_numbers(fuzz::input& in) {
    const std::size_t count = in.up_to(150);
    const fuzz::exact_block<float> floats(count), back(count);
    for (float& x : floats.span()) x = in.number();
    const fuzz::exact_block<F> codes(count);
    lowprec::convert(floats.span(), codes.span());
    lowprec::convert(codes.span(), back.span());
    for (std::size_t i = 0; i < count; ++i) {
        promise(codes[i].bits() == convert<F>(floats[i]).bits(), "many numbers become what one becomes");
        promise(fuzz::same_bits(back[i], convert<float>(codes[i])), "many codes become what one becomes");
    }
    constexpr policy dice{.round = rounding::stochastic, .random_bits = 16};
    const auto seed = in.take<std::uint64_t>(), first = in.take<std::uint64_t>();
    lowprec::convert<dice>(floats.span(), codes.span(), seed, first);
    for (std::size_t i = 0; i < count; ++i)
        promise(codes[i].bits() == convert<F, dice>(floats[i], stochastic_bits(seed, first + i) >> 48).bits(),
                "many numbers are rounded by the bits of their places");
}

template <class Function>
void with_format(unsigned which, Function&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((which == I ? f(std::tuple_element_t<I, all_formats>{}) : void()), ...);
    }
    (std::make_index_sequence<std::tuple_size_v<all_formats>>{});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const unsigned which = in.take<std::uint8_t>() % std::tuple_size_v<all_formats>;
    const auto kind = in.take<std::uint8_t>() % 8;
    if (kind == 0) {
        const auto format = in.take<std::uint8_t>() % 4;
        if (format == 0) many_numbers<e4m3>(in);
        if (format == 1) many_numbers<e2m1>(in);
        if (format == 2) many_numbers<bf16>(in);
        if (format == 3) many_numbers<e8m0>(in);
        return 0;
    }
    with_format(which, [&]<class F>(F) {
        while (!in.empty()) {
            const policy p = in.conversion_policy();
            const auto random = in.take<std::uint64_t>();
            if (kind < 4)
                one_number<F>(in.take<double>(), p, random);
            else if (kind < 6)
                one_number<F>(in.number(), p, random);
            else
                one_number<F>(e5m2::from_bits(in.take<std::uint8_t>()), p, random);
        }
    });
    return 0;
}
