// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Products of numbers with the kinds of weights that tests/kernels/matmul*.test.cpp leave out, for the sake of their time to compile.
// needs: simd
// isa: best
#include "support/matmul_numbers.hpp"

namespace {

template <class Isa>
void check_all() {
    findings found;
    for (const std::size_t group : {std::size_t{12}, std::size_t{32}, whole_row, whole_tensor}) {
        check_weights<Isa, float, fp16>(found, "int3",
                                        [&](auto&&... a) { return affine_case<affine<3>, float>(a..., group, true); });
        check_weights<Isa, bf16, bf16>(found, "int2", [&](auto&&... a) {
            return affine_case<affine<2, integer_codes::unsigned_full>, bf16>(a..., group, group == whole_row);
        });
        check_weights<Isa, fp16, float>(found, "uint8", [&](auto&&... a) {
            return affine_case<affine<8, integer_codes::unsigned_full>, fp16>(a..., group, true);
        });
    }
    check_weights<Isa, fp16, float>(found, "e5m2",
                                    [](auto&&... a) { return scaled_case<e5m2>(a..., scale_tiling::square()); });
    const auto blocks = [&]<class B>() {
        const auto make = [](auto&&... a) { return block_case<B>(a...); };
        check_weights<Isa, bf16, float>(found, name_of<B>.data(), make);
        check_weights<Isa, float, bf16>(found, name_of<B>.data(), make);
    };
    blocks.template operator()<mxfp8_e4m3>();
    blocks.template operator()<mxfp8_e5m2>();
    blocks.template operator()<mxfp6_e3m2>();
    blocks.template operator()<mxfp6_e2m3>();
    blocks.template operator()<mxfp4>();
    blocks.template operator()<mxint8>();
    blocks.template operator()<nvfp4>();
    blocks.template operator()<q4_0>();
    blocks.template operator()<q8_0>();
    blocks.template operator()<ggml_mxfp4>();
    blocks.template operator()<ggml_nvfp4>();
    CHECK_FINDINGS(found, 100000U);
}

}  // namespace

TEST_CASE("all kinds of weights") { check_all<simd::native>(); }
TEST_CASE("all kinds of weights without fused multiply-adds") {
    if constexpr (simd::native::has(simd::avx2)) check_all<simd::isa<simd::base>>();
}
