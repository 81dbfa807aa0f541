// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: dnnl
//
// oneDNN's matrix products, with weights in the order that it chooses: int8 with a scale for each output channel, and bf16 and
// float, since this version knows nothing narrower.
#include <cstdint>
#include <cstring>
#include <unordered_map>

#include "../../../support/peers/dnnl.hpp"
#include "../products.hpp"
#include "codes.hpp"

namespace {

using namespace lowprec_bench;
using dnnl::memory;

struct state {
    dnnl::stream stream{lowprec_bench::dnnl_engine()};
    dnnl::matmul primitive;
    std::vector<std::byte> x;
    std::vector<float> y;
    std::vector<std::unordered_map<int, memory>> arguments;  // by copy
};

product multiply(const problem& p, dnnl_type type, std::vector<std::byte> x, const void* w,
                 const dnnl::primitive_attr& attributes) try {
    const auto m = static_cast<memory::dim>(p.m), n = static_cast<memory::dim>(p.n), k = static_cast<memory::dim>(p.k);
    const dnnl::engine& engine = lowprec_bench::dnnl_engine();
    auto s = std::make_shared<state>();
    s->x = std::move(x);
    s->y.resize(p.m * p.n);
    using tag = memory::format_tag;
    const memory::desc x_shape({m, k}, type, tag::ab), y_shape({m, n}, dnnl_type::f32, tag::ab);
    const dnnl::matmul::primitive_desc chosen(
        dnnl::matmul::desc(x_shape, memory::desc({k, n}, type, tag::any), y_shape), attributes, engine);
    s->primitive = dnnl::matmul(chosen);
    memory plain(memory::desc({k, n}, type, tag::ba), engine, const_cast<void*>(w));
    product made;
    made.weight_bytes = chosen.weights_desc().get_size();
    made.copies = p.copies_of(made.weight_bytes);
    for (std::size_t i = 0; i < made.copies; ++i) {
        memory own(chosen.weights_desc(), engine);
        dnnl::reorder(plain, own).execute(s->stream, plain, own);
        s->stream.wait();
        s->arguments.push_back({{DNNL_ARG_SRC, memory(x_shape, engine, s->x.data())},
                                {DNNL_ARG_WEIGHTS, own},
                                {DNNL_ARG_DST, memory(y_shape, engine, s->y.data())}});
    }
    made.run = [s](std::size_t copy) {
        s->primitive.execute(s->stream, s->arguments[copy]);
        s->stream.wait();
    };
    made.outputs = [s] { return s->y; };
    return made;
} catch (const dnnl::error&) {
    return {};  // not on this processor
}

template <class T>
std::vector<std::byte> bytes_of(std::span<const T> numbers) {
    std::vector<std::byte> bytes(numbers.size_bytes());
    std::memcpy(bytes.data(), numbers.data(), bytes.size());
    return bytes;
}

product int8(const problem& p) {
    const int8_codes x(p.x, 1), w(p.w, p.n);
    std::vector<float> scales = w.scales;
    for (float& s : scales) s *= x.scales[0];
    dnnl::primitive_attr attributes;
    attributes.set_output_scales(1 << 1, scales);
    return multiply(p, dnnl_type::s8, bytes_of(std::span(x.codes)), w.codes.data(), attributes);
}

std::vector<std::uint16_t> as_bf16(std::span<const float> numbers) {
    std::vector<std::uint16_t> words(numbers.size());
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::uint32_t bits;
        std::memcpy(&bits, &numbers[i], sizeof bits);
        words[i] = static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);  // no NaN among them
    }
    return words;
}

product bf16(const problem& p) {
    const std::vector<std::uint16_t> x = as_bf16(p.x), w = as_bf16(p.w);
    return multiply(p, dnnl_type::bf16, bytes_of(std::span(x)), w.data(), {});
}

product f32(const problem& p) { return multiply(p, dnnl_type::f32, bytes_of(p.x), p.w.data(), {}); }

const product_peer_registration dnnl_peer{{"oneDNN",
                                           dnnl_library_version(),
                                           {{"int8", "int8", "", int8},
                                            {"int4 by 128", "bf16", "bf16 weights", bf16},
                                            {"nvfp4", "bf16", "bf16 weights", bf16},
                                            {"int4 by 128", "float", "float weights", f32}}}};

}  // namespace
