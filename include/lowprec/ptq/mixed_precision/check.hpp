// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 7
//
// Which products of a policy an accelerator multiplies as they are. A product runs in the format of its inputs. Weights of another
// format are turned into that first, which saves memory and its bandwidth, but no arithmetic.
//
// What an accelerator has is a function from tensor_format to hardware::support; compute capabilities of hardware.hpp are such
// functions, too.
#ifndef LOWPREC_PTQ_MIXED_PRECISION_CHECK_HPP
#define LOWPREC_PTQ_MIXED_PRECISION_CHECK_HPP

#include <concepts>
#include <lowprec/hardware.hpp>
#include <lowprec/ptq/mixed_precision/size_report.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace lowprec::ptq {

/// A function that says whether an accelerator multiplies operands of a format.
template <class F>
concept operand_support = requires(const F& f, tensor_format operand) {
    { f(operand) } -> std::same_as<hardware::support>;
};

namespace detail {

template <class T>
constexpr void find_operand(const tensor_format& f, std::optional<hardware::number_format>& found) {
    if constexpr (storable<T> != 255)
        if (f.is<T>()) found = hardware::format_of<T>;
}
template <class... Ts>
constexpr std::optional<hardware::number_format> operand_among(const tensor_format& f,
                                                               std::type_identity<std::tuple<Ts...>>) {
    std::optional<hardware::number_format> found;
    (find_operand<Ts>(f, found), ...);
    return found;
}

}  // namespace detail

/// The format's name in hardware.hpp; none where that table lacks it, as it lacks 3-bit integers.
[[nodiscard]] constexpr std::optional<hardware::number_format> operand_of(const tensor_format& f) noexcept {
    using operands = detail::joined<hardware::detail::machine_types, std::tuple<affine<8>, affine<4>>>;
    return detail::operand_among(f, std::type_identity<operands>{});
}

/// The tensor cores of a compute capability. fp32 counts as native, everything else must be in the table.
struct tensor_cores {
    hardware::compute_capability capability;
    [[nodiscard]] constexpr hardware::support operator()(const tensor_format& f) const noexcept {
        const auto operand = operand_of(f);
        if (operand == hardware::number_format::fp32) return hardware::support::native;
        return operand ? hardware::support_of(capability, *operand) : hardware::support::none;
    }
};

/// How a product runs.
enum class product_path : unsigned char {
    native,   ///< both operands as they are stored
    decoded,  ///< the inputs' format is multiplied, weights are turned into it first
    reduced,  ///< the inputs' format is multiplied at a small part of the rate
    missing,  ///< the inputs' format isn't multiplied
    unknown,  ///< the table doesn't have the accelerator
};

[[nodiscard]] constexpr std::string_view name(product_path path) noexcept {
    constexpr std::string_view names[] = {"native", "decoded", "reduced", "missing", "unknown"};
    return names[static_cast<int>(path)];
}

/// How one product runs.
struct product_check {
    std::string name;
    model_part part;
    layer_format format;
    product_path path;

    [[nodiscard]] std::string text() const {
        std::string out = name;
        if (part == model_part::attention) out += " (attention)";
        out += ": ";
        out += ptq::name(path);
        return out + ", " + format.text();
    }
};

/// How a layer's product runs.
template <operand_support Support>
[[nodiscard]] constexpr product_path path_of(const layer_format& f, const Support& support) {
    switch (support(f.activations)) {
    case hardware::support::unknown: return product_path::unknown;
    case hardware::support::none: return product_path::missing;
    case hardware::support::reduced: return product_path::reduced;
    case hardware::support::native: break;
    }
    return f.weights.element() == f.activations.element() ? product_path::native : product_path::decoded;
}

/// Whether a layer's weights are what a product takes: a vector, such as a bias or a norm's gain, is not.
[[nodiscard]] inline bool is_product(const layer_shape& layer) noexcept { return layer.rows > 1 && layer.columns > 1; }

/// Every product of a policy that isn't native, in the order of the layers, and attention by its rules. Vectors are left out.
template <operand_support Support>
[[nodiscard]] std::vector<product_check> check(const mixed_precision& policy, std::span<const layer_shape> layers,
                                               const Support& support) {
    std::vector<product_check> found;
    const auto add = [&](const std::string& name, model_part part, const layer_format& format) {
        const product_path path = path_of(format, support);
        if (path != product_path::native) found.push_back({name, part, format, path});
    };
    for (const layer_shape& layer : layers)
        if (is_product(layer)) add(layer.name, model_part::layer, policy.of(layer.name));
    for (const precision_rule& rule : policy.rules())
        if (rule.part == model_part::attention) add(rule.pattern, rule.part, rule.format);
    return found;
}

/// The same for an accelerator of the table.
[[nodiscard]] inline std::vector<product_check> check(const mixed_precision& policy,
                                                      std::span<const layer_shape> layers,
                                                      const hardware::accelerator& on) {
    return check(policy, layers, tensor_cores{on.capability});
}

}  // namespace lowprec::ptq

#endif
