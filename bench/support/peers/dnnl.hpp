// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// oneDNN's reorders between vectors of one dimension. A call costs microseconds before it begins, which is most of what it
// takes in L1.
#ifndef LOWPREC_BENCH_SUPPORT_PEERS_DNNL_HPP
#define LOWPREC_BENCH_SUPPORT_PEERS_DNNL_HPP

#include <dlfcn.h>

#include <cstddef>
#include <dnnl.hpp>
#include <map>
#include <string>

#include "../operation.hpp"

namespace lowprec_bench {

using dnnl_type = dnnl::memory::data_type;

inline const dnnl::engine& dnnl_engine() {
    static const dnnl::engine one = [] {
        // It may run on OpenMP, whose threads would share the one processor that this process keeps to.
        if (void* set_threads = dlsym(RTLD_DEFAULT, "omp_set_num_threads"); set_threads != nullptr)
            reinterpret_cast<void (*)(int)>(set_threads)(1);
        return dnnl::engine(dnnl::engine::kind::cpu, 0);
    }();
    return one;
}

/// A reorder, made once for each length, which multiplies each number by `factor`.
class dnnl_conversion {
public:
    dnnl_conversion(dnnl_type from, dnnl_type to, float factor = 1) : from_{from}, to_{to}, factor_{factor} {}

    void operator()(const std::byte* in, std::byte* out, std::size_t count) {
        static dnnl::stream stream(dnnl_engine());
        auto known = made_.find(count);
        if (known == made_.end()) known = made_.emplace(count, make(count)).first;
        reorder& r = known->second;
        r.from.set_data_handle(const_cast<std::byte*>(in));
        r.to.set_data_handle(out);
        r.primitive.execute(stream, r.from, r.to);
        stream.wait();
    }

private:
    struct reorder {
        dnnl::memory from, to;
        dnnl::reorder primitive;
    };

    reorder make(std::size_t count) const {
        const dnnl::memory::dims dims{static_cast<dnnl::memory::dim>(count)};
        const dnnl::memory::desc from(dims, from_, dnnl::memory::format_tag::a),
            to(dims, to_, dnnl::memory::format_tag::a);
        dnnl::primitive_attr attributes;
        attributes.set_output_scales(0, {factor_});
        const dnnl::reorder::primitive_desc description(dnnl_engine(), from, dnnl_engine(), to, attributes);
        return {dnnl::memory(from, dnnl_engine(), nullptr), dnnl::memory(to, dnnl_engine(), nullptr),
                dnnl::reorder(description)};
    }

    dnnl_type from_, to_;
    float factor_;
    std::map<std::size_t, reorder> made_;
};

inline std::string dnnl_library_version() {
    const dnnl_version_t* v = dnnl_version();
    return std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
}

}  // namespace lowprec_bench

#endif
