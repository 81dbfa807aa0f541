// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: openblas
//
// OpenBLAS, float times float: what the same product costs without quantization. Debian builds it without sbgemm.
#include <cblas.h>

#include "../products.hpp"

namespace {

using namespace lowprec_bench;

product sgemm(const problem& p) {
    openblas_set_num_threads(1);
    struct state {
        std::vector<float> x, y;
        std::vector<std::vector<float>> w;
    };
    auto s = std::make_shared<state>(state{{p.x.begin(), p.x.end()}, std::vector<float>(p.m * p.n), {}});
    product made;
    made.weight_bytes = p.w.size_bytes();
    made.copies = p.copies_of(made.weight_bytes);
    for (std::size_t i = 0; i < made.copies; ++i) s->w.emplace_back(p.w.begin(), p.w.end());
    const auto m = static_cast<int>(p.m), n = static_cast<int>(p.n), k = static_cast<int>(p.k);
    made.run = [=](std::size_t copy) {
        const float* const w = s->w[copy].data();
        if (m == 1)
            cblas_sgemv(CblasRowMajor, CblasNoTrans, n, k, 1, w, k, s->x.data(), 1, 0, s->y.data(), 1);
        else
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, s->x.data(), k, w, k, 0, s->y.data(), n);
    };
    made.outputs = [=] { return s->y; };
    return made;
}

/// "0.3.21" of "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...".
std::string version() {
    const std::string config = openblas_get_config();
    const std::size_t first = config.find(' ');
    if (first == std::string::npos) return config;
    return config.substr(first + 1, config.find(' ', first + 1) - first - 1);
}

const product_peer_registration openblas{
    {"OpenBLAS",
     version(),
     {{"int8", "int8", "float times float", sgemm}, {"int4 by 128", "float", "float weights", sgemm}}}};

}  // namespace
