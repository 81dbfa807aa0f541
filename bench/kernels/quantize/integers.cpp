// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Affine integers, both ways: with parameters that are given, and dynamic ones, found from the numbers of a row or a group.
#include <lowprec/quantize.hpp>

#include "operations.hpp"
#include "parameters.hpp"

namespace lowprec_bench {

namespace {

using namespace lowprec;

template <class A>
operation static_codes(const std::string& to) {
    operation op = quantizing<32, A::bits>("float", to, "");
    op.fill = fill_weights;
    add_variants(op, []<class Isa>(const std::byte* in, std::byte* out, std::size_t count) {
        lowprec::detail::quantize_row<Isa, integer_recipe::exact>(floats_at(in, count).data(), count,
                                                                  some_parameters<A>, out);
    });
    return op;
}

template <class A>
operation numbers_of(const std::string& from) {
    operation op = quantizing<A::bits, 32>(from, "float", "");
    op.fill = [](std::byte* in, std::size_t count) { fill_bytes(in, count * A::bits / 8); };
    add_variants(op, []<class Isa>(const std::byte* in, std::byte* out, std::size_t count) {
        lowprec::detail::dequantize_row<Isa>(in, 0, count, some_parameters<A>, reinterpret_cast<float*>(out));
    });
    return op;
}

/// What users call, compiled for this machine.
template <class A>
operation dynamic_codes(const std::string& to, granularity by, const std::string& detail) {
    operation op = quantizing<32, A::bits>("float", to, detail);
    op.fill = fill_weights;
    const auto run = [by](const std::byte* in, std::byte* out, std::size_t count) {
        static std::vector<float> scales;
        const std::size_t groups = by.count(count / columns, columns);
        if (scales.size() < groups) scales.resize(groups);
        quantize(floats_at(in, count),
                 affine_span<A, float>(count / columns, columns, by, std::span(out, count * A::bits / 8),
                                       std::span(scales).first(groups)));
    };
    op.contenders.push_back({"lowprec", role::lowprec, run});
    op.definition = [run](const std::byte* in, std::byte* out, std::size_t count, std::size_t) { run(in, out, count); };
    return op;
}

}  // namespace

std::vector<operation> operations_with_integers() {
    return {static_codes<affine<8>>("int8"),
            static_codes<affine<4>>("int4"),
            numbers_of<affine<8>>("int8"),
            numbers_of<affine<4>>("int4"),
            dynamic_codes<affine<8>>("int8", granularity::row(), "dynamic per token"),
            dynamic_codes<affine<4>>("int4", granularity::group(128), "groups of 128"),
            dynamic_codes<affine<4>>("int4", granularity::group(32), "groups of 32")};
}

}  // namespace lowprec_bench
