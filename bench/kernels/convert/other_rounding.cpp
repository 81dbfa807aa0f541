// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Other rounding than to nearest even, beside nearest even; and rounding in place.
#include "rows.hpp"

namespace lowprec_bench {

namespace {

using lowprec::policy;
using lowprec::rounding;

template <class F, rounding Round, int RandomBits = 64>
operation rounded_by(const std::string& detail) {
    constexpr policy by{.round = Round, .random_bits = RandomBits};
    operation op = conversion<plain<float>, plain<F>, by>(detail);
    op.reference = "nearest even";
    op.contenders.push_back({op.reference, role::reference, convert_public<plain<float>, plain<F>, policy{}>});
    return op;
}

/// Floats rounded in place to the values of F. After the first pass they are such values already, which changes nothing
/// for code without branches.
template <class F>
operation in_place() {
    operation op =
        empty_operation<plain<float>, plain<float>>("to " + std::string(lowprec::name_of<F>) + " in place", "mixed");
    op.in_place = true;
    op.streams = streams<32, 32>(true);
    op.fill = [](std::byte* in, std::size_t count) { fill<F>(plain<float>::write(in, count), "mixed"); };
    op.definition = [](const std::byte* in, std::byte* out, std::size_t count, std::size_t) {
        const auto from = plain<float>::read(in, count);
        const auto to = plain<float>::write(out, count);
        for (std::size_t i = 0; i < count; ++i) to[i] = lowprec::convert<float>(lowprec::convert<F>(from[i]));
    };
    op.contenders.push_back({"lowprec", role::lowprec, [](const std::byte*, std::byte* out, std::size_t count) {
                                 lowprec::round_to<F>(plain<float>::write(out, count));
                             }});
    op.contenders.push_back({"scalar", role::lowprec, [](const std::byte*, std::byte* out, std::size_t count) {
                                 for (float& x : plain<float>::write(out, count))
                                     x = lowprec::convert<float>(lowprec::convert<F>(x));
                             }});
    return op;
}

}  // namespace

std::vector<operation> operations_with_other_rounding() {
    using namespace lowprec;
    std::vector<operation> all;
    all.push_back(rounded_by<e4m3, rounding::nearest_away>("nearest away"));
    all.push_back(rounded_by<e4m3, rounding::toward_zero>("toward zero"));
    all.push_back(rounded_by<e4m3, rounding::upward>("upward"));
    all.push_back(rounded_by<e4m3, rounding::downward>("downward"));
    all.push_back(rounded_by<e4m3, rounding::to_odd>("to odd"));
    all.push_back(rounded_by<e4m3, rounding::stochastic>("stochastic"));
    all.push_back(rounded_by<e4m3, rounding::stochastic, 16>("stochastic, 16 bits"));
    all.push_back(rounded_by<bf16, rounding::toward_zero>("toward zero"));
    all.push_back(rounded_by<bf16, rounding::stochastic>("stochastic"));
    all.push_back(in_place<tf32>());
    all.push_back(in_place<e4m3>());
    return all;
}

}  // namespace lowprec_bench
