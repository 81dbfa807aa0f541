// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// How numbers become blocks where the block format leaves a choice: whose way of finding the scale, what the elements' rounding
// is, and which numbers share a scale. docs/blocks.md has the ways side by side.
#ifndef LOWPREC_BLOCK_POLICY_HPP
#define LOWPREC_BLOCK_POLICY_HPP

#include <lowprec/block_format.hpp>
#include <lowprec/policy.hpp>

namespace lowprec {

/// Whose bytes quantization gives. `exact` decides everything on rationals; so do the four scale rules of MX, which differ only in the
/// exponent of the scale. The others repeat the float arithmetic of a tool, in the version that is named, to the bit.
enum class recipe : unsigned char {
    exact,               ///< lowprec's own. For MX the same as floor
    floor,               ///< MX: the exponent of the largest magnitude, as in OCP MX 1.0, 6.3
    ceil,                ///< MX: that of the next power of two, unless it is one
    even,                ///< MX: that of the largest magnitude, first rounded to the element's mantissa, halves up
    rceil,               ///< MX: the smallest with which the largest magnitude does not saturate
    compressed_tensors,  ///< MX and NVFP4: compressed-tensors ac8e2ba
    transformer_engine,  ///< NVFP4: the Python reference of TransformerEngine d0067d0
    modelopt,            ///< NVFP4: ModelOpt 5a4242f
    torchao,             ///< NVFP4: torchao 36027d8
    llama_cpp,           ///< NVFP4: as ggml, into either layout
    ggml,                ///< ggml's layouts: the reference quantizers of ggml d99724f
};

/// Which numbers share a scale.
enum class scale_tile : unsigned char {
    block,  ///< those of a block, which lies in a row
    square,  ///< those of 16 blocks of 16 in 16 rows, for weights that are used transposed too; the scale is stored for each of them
};

/// Everything that block quantization has to be told.
struct block_policy {
    recipe how = recipe::exact;
    policy elements{};  ///< how a number over its scale becomes an element; only with exact and the scale rules of MX
    scale_tile tile = scale_tile::block;

    friend constexpr bool operator==(const block_policy&, const block_policy&) = default;
};

namespace detail {

/// P.elements where it is passed on at run time: Clang 14 passes zeros for a part of a template parameter.
template <block_policy P>
inline constexpr policy elements_of = P.elements;

LOWPREC_INLINE constexpr bool is_scale_rule_of_mx(recipe how) noexcept {
    return how == recipe::floor || how == recipe::ceil || how == recipe::even || how == recipe::rceil;
}
template <class B>
inline constexpr bool is_nvfp4 =
    std::is_same_v<typename B::element, float_format<1, 2, 1, 1, special::finite>>&& B::length == 16 &&
    !B::has_minimum && B::scale::mantissa_bits == 3;
template <class B>
inline constexpr bool is_ggml = B::layout != block_layout::separate;

// One named condition each, so that a refused policy says which one failed.
template <class B, block_policy P>
concept recipe_is_for_this_block_format =
    P.how == recipe::exact || (is_scale_rule_of_mx(P.how) && B::rule == scale_rule::power_of_two) ||
    (P.how == recipe::compressed_tensors && !is_ggml<B> &&
     (B::rule == scale_rule::two_level || (B::rule == scale_rule::power_of_two && is_format_v<typename B::element> &&
                                           (B::element::width == 4 || B::element::special_values == special::fn)))) ||
    ((P.how == recipe::transformer_engine || P.how == recipe::modelopt || P.how == recipe::torchao) &&
     B::rule == scale_rule::two_level && is_nvfp4<B>) ||
    (P.how == recipe::llama_cpp && is_nvfp4<B>) || (P.how == recipe::ggml && is_ggml<B>);
template <block_policy P>
concept a_tools_recipe_rounds_elements_by_itself = P.how == recipe::exact ||
                                                   is_scale_rule_of_mx(P.how) || P.elements == policy{};
template <block_policy P>
concept stochastic_elements_take_1_to_32_random_bits = P.elements.round != rounding::stochastic ||
                                                       (P.elements.random_bits >= 1 && P.elements.random_bits <= 32);
template <class B, block_policy P>
concept square_tiles_are_for_nvfp4_in_two_arrays = P.tile == scale_tile::block || (is_nvfp4<B> && !is_ggml<B>);
template <class B, block_policy P>
concept block_policy_for = recipe_is_for_this_block_format<B, P> && a_tools_recipe_rounds_elements_by_itself<P> &&
    stochastic_elements_take_1_to_32_random_bits<P> && square_tiles_are_for_nvfp4_in_two_arrays<B, P>;

template <block_policy P>
concept elements_are_rounded_at_random = P.elements.round == rounding::stochastic;
template <block_policy P>
concept elements_are_not_rounded_at_random = P.elements.round != rounding::stochastic;
template <class B, block_policy P>
concept block_quantizer = block_policy_for<B, P> && elements_are_not_rounded_at_random<P>;
template <class B, block_policy P>
concept stochastic_block_quantizer = block_policy_for<B, P> && elements_are_rounded_at_random<P>;
template <class B>
concept block_format_with_tensor_scale = is_block_format_v<B> && B::has_tensor_scale;

}  // namespace detail
}  // namespace lowprec

#endif
