// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: dnnl
//
// oneDNN: a reorder between vectors of one dimension, made once for each length. A call costs microseconds before it
// begins, which is most of what it takes in L1.
#include <dlfcn.h>

#include <cstddef>
#include <dnnl.hpp>
#include <map>
#include <string>

#include "../../../support/operation.hpp"

namespace {

using type = dnnl::memory::data_type;

struct reorder {
    dnnl::memory from, to;
    dnnl::reorder primitive;
};

const dnnl::engine& engine() {
    static const dnnl::engine one = [] {
        // It may run on OpenMP, whose threads would share the one processor that this process keeps to.
        if (void* set_threads = dlsym(RTLD_DEFAULT, "omp_set_num_threads"); set_threads != nullptr)
            reinterpret_cast<void (*)(int)>(set_threads)(1);
        return dnnl::engine(dnnl::engine::kind::cpu, 0);
    }();
    return one;
}

template <type In, type Out>
void convert(const std::byte* in, std::byte* out, std::size_t count) {
    static dnnl::stream stream(engine());
    static std::map<std::size_t, reorder> made;
    auto known = made.find(count);
    if (known == made.end()) {
        const dnnl::memory::dims dims{static_cast<dnnl::memory::dim>(count)};
        const dnnl::memory::desc from(dims, In, dnnl::memory::format_tag::a),
            to(dims, Out, dnnl::memory::format_tag::a);
        reorder one{dnnl::memory(from, engine(), nullptr), dnnl::memory(to, engine(), nullptr), {}};
        one.primitive = dnnl::reorder(one.from, one.to);
        known = made.emplace(count, one).first;
    }
    reorder& r = known->second;
    r.from.set_data_handle(const_cast<std::byte*>(in));
    r.to.set_data_handle(out);
    r.primitive.execute(stream, r.from, r.to);
    stream.wait();
}

std::string version() {
    const dnnl_version_t* v = dnnl_version();
    return std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
}

const lowprec_bench::peer_registration dnnl_peer{{"oneDNN",
                                                  version(),
                                                  {{"float", "bf16", convert<type::f32, type::bf16>},
                                                   {"bf16", "float", convert<type::bf16, type::f32>},
                                                   {"float", "fp16", convert<type::f32, type::f16>},
                                                   {"fp16", "float", convert<type::f16, type::f32>}}}};

}  // namespace
