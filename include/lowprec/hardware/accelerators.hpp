// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// The table of accelerators: a row is one chip or card. Every figure says where it is from and whether a public text was found that
// has it; where texts disagree, the second value stands beside it. What is not known is absent, never 0. A sparse rate is a figure of
// its own: on B300 it is not twice the dense one. Rates have the type of the accumulator in their key: on GeForce it halves them.
//
// Figures are the published ones of one chip, with decimal prefixes. NVLink counts both directions.
#ifndef LOWPREC_HARDWARE_ACCELERATORS_HPP
#define LOWPREC_HARDWARE_ACCELERATORS_HPP

#include <lowprec/hardware/formats.hpp>
#include <lowprec/hardware/units.hpp>
#include <optional>
#include <span>
#include <string_view>

namespace lowprec::hardware {

enum class confidence : unsigned char {
    found,     ///< the source has been read and says so
    recalled,  ///< known from the vendor's publications, without a text at hand
};

struct source {
    std::string_view where;
    confidence trust = confidence::found;
};

/// A number with its source.
template <class Quantity>
struct figure {
    Quantity value;
    source from;
};

/// A figure, what another source has instead, or nothing.
template <class Quantity>
struct figures {
    std::optional<figure<Quantity>> best{};
    std::optional<figure<Quantity>> other{};

    [[nodiscard]] constexpr bool known() const noexcept { return best.has_value(); }
    [[nodiscard]] constexpr std::optional<Quantity> value() const noexcept {
        return best ? std::optional<Quantity>(best->value) : std::nullopt;
    }
};

/// What sums of products are kept in.
enum class accumulate : unsigned char { fp64, fp32, fp16, int32 };
enum class sparsity : unsigned char {
    dense,
    sparse,  ///< two of each four weights are zero
};
enum class engine : unsigned char { vector, tensor };

/// A row of an accelerator's rates.
struct rate {
    number_kind kind;
    accumulate accumulator;
    engine on;
    figures<op_rate> dense;
    figures<op_rate> sparse;
};

/// One chip.
struct accelerator {
    std::string_view name;
    std::string_view architecture;
    std::string_view process;
    compute_capability capability;
    source capability_from;
    std::string_view memory_kind;
    figures<memory_size> memory;
    figures<byte_rate> bandwidth;
    figures<power> board_power;
    figures<memory_size> l2_cache;
    figures<byte_rate> nvlink;  ///< absent where there is none, too
    std::span<const rate> rates;
};

/// Equal chips that are sold together.
struct system_row {
    std::string_view name;
    const accelerator& chip;
    chips size;
};

namespace detail {

namespace from {
inline constexpr source cuda_gpus{"developer.nvidia.com/cuda-gpus"};
inline constexpr source klockwood_a100{"glennklockwood.com/garden/processors/A100"};
inline constexpr source klockwood_h100{"glennklockwood.com/garden/processors/h100"};
inline constexpr source klockwood_b200{"glennklockwood.com/garden/processors/B200"};
inline constexpr source klockwood_b300{"glennklockwood.com/garden/processors/B300"};
inline constexpr source blackwell{"NVIDIA Blackwell data sheet, its table at zdszero.github.io"};
inline constexpr source verda{"verda.com/blog/gb300-nvl72-architecture"};
inline constexpr source verda_int8{"verda.com/blog/gb300-nvl72-architecture; a conference report has 0.319 POPS"};
inline constexpr source hmc_4090{"hmc-tech.com, RTX 4090"};
inline constexpr source hmc_h100{"hmc-tech.com, H100"};
inline constexpr source spheron{"spheron, RTX 5090"};
inline constexpr source l20{"technical.city and topcpu, L20"};
inline constexpr source h20{"zangshuxian.com/new/674733024499207168"};
inline constexpr source aiwiki{"aiwiki, A800"};
inline constexpr source philisun{"philisun.com, H800 and H100 compared"};
inline constexpr source itkb{"itkb.uw.cz, H200 and B300 compared"};
inline constexpr source ai_hpc{"ai-hpc.github.io, 8 x H200"};
inline constexpr source saul{"saulelectric.com/nvidia-h200.html"};
inline constexpr source recalled{"NVIDIA's publications", confidence::recalled};
inline constexpr source recalled_range{"NVIDIA's publications: from 350 to 400 W, as configured", confidence::recalled};
}  // namespace from

template <class Quantity>
constexpr figures<Quantity> one(Quantity value, source where) {
    return {figure<Quantity>{value, where}, std::nullopt};
}
template <class Quantity>
constexpr figures<Quantity> two(Quantity value, source where, Quantity other, source elsewhere) {
    return {figure<Quantity>{value, where}, figure<Quantity>{other, elsewhere}};
}
constexpr figures<op_rate> tera(double n, source where) { return one(tera_ops(n), where); }
constexpr figures<op_rate> tera(double n, source where, double other, source elsewhere) {
    return two(tera_ops(n), where, tera_ops(other), elsewhere);
}

constexpr accumulate widest_accumulator(number_kind k) noexcept {
    switch (k) {
    case number_kind::fp64: return accumulate::fp64;
    case number_kind::int8:
    case number_kind::int4:
    case number_kind::int1: return accumulate::int32;
    default: return accumulate::fp32;
    }
}
constexpr rate vector(number_kind k, figures<op_rate> dense) {
    return {k, widest_accumulator(k), engine::vector, dense, {}};
}
constexpr rate tensor(number_kind k, figures<op_rate> dense, figures<op_rate> sparse = {}) {
    return {k, widest_accumulator(k), engine::tensor, dense, sparse};
}
constexpr rate tensor(number_kind k, double dense, double sparse, source where) {
    return tensor(k, tera(dense, where), tera(sparse, where));
}
constexpr rate tensor_fp16(number_kind k, double dense, double sparse, source where) {
    return {k, accumulate::fp16, engine::tensor, tera(dense, where), tera(sparse, where)};
}

using k = number_kind;

inline constexpr rate a100_rates[] = {
    vector(k::fp64, tera(9.7, from::klockwood_a100)),  tensor(k::fp64, tera(19.5, from::klockwood_a100)),
    vector(k::fp32, tera(19.5, from::klockwood_a100)), tensor(k::tf32, 156, 312, from::klockwood_a100),
    tensor(k::bf16, 312, 624, from::klockwood_a100),   tensor(k::fp16, 312, 624, from::klockwood_a100),
    tensor(k::int8, 624, 1248, from::klockwood_a100),  tensor(k::int4, 1248, 2496, from::klockwood_a100),
};
inline constexpr rate a800_rates[] = {
    vector(k::fp64, tera(9.7, from::aiwiki)),  tensor(k::fp64, tera(19.5, from::aiwiki)),
    vector(k::fp32, tera(19.5, from::aiwiki)), tensor(k::tf32, 156, 312, from::aiwiki),
    tensor(k::bf16, 312, 624, from::aiwiki),   tensor(k::fp16, 312, 624, from::aiwiki),
    tensor(k::int8, 624, 1248, from::aiwiki),
};
inline constexpr rate rtx_4090_rates[] = {
    vector(k::fp64, tera(1.29, from::hmc_4090)), vector(k::fp32, tera(82.6, from::hmc_4090)),
    tensor(k::tf32, 82.6, 165, from::hmc_4090),  tensor(k::bf16, 165, 330, from::hmc_4090),
    tensor(k::fp16, 165, 330, from::hmc_4090),   tensor_fp16(k::fp16, 330, 661, from::hmc_4090),
    tensor(k::fp8, 330, 661, from::hmc_4090),    tensor_fp16(k::fp8, 661, 1321, from::hmc_4090),
    tensor(k::int8, 661, 1321, from::hmc_4090),  tensor(k::int4, 1321, 2642, from::hmc_4090),
};
inline constexpr rate l20_rates[] = {
    vector(k::fp64, tera(0.93, from::l20)),       vector(k::fp32, tera(59.4, from::l20)),
    tensor(k::tf32, tera(59.8, from::recalled)),  tensor(k::bf16, tera(119.5, from::recalled)),
    tensor(k::fp16, tera(119.5, from::recalled)), tensor(k::fp8, tera(239, from::recalled)),
    tensor(k::int8, tera(239, from::recalled)),
};
inline constexpr rate h100_sxm_rates[] = {
    vector(k::fp64, tera(34, from::klockwood_h100)),  tensor(k::fp64, tera(67, from::klockwood_h100)),
    vector(k::fp32, tera(67, from::klockwood_h100)),  tensor(k::tf32, 495, 989, from::klockwood_h100),
    tensor(k::bf16, 989, 1979, from::klockwood_h100), tensor(k::fp16, 989, 1979, from::klockwood_h100),
    tensor(k::fp8, 1979, 3958, from::klockwood_h100), tensor(k::int8, 1979, 3958, from::klockwood_h100),
};
// H100 NVL and H200 NVL
inline constexpr rate nvl_rates[] = {
    vector(k::fp64, tera(30, from::recalled)),  tensor(k::fp64, tera(60, from::recalled)),
    vector(k::fp32, tera(60, from::recalled)),  tensor(k::tf32, 418, 835, from::recalled),
    tensor(k::bf16, 835, 1671, from::recalled), tensor(k::fp16, 835, 1671, from::recalled),
    tensor(k::fp8, 1671, 3341, from::recalled), tensor(k::int8, 1671, 3341, from::recalled),
};
inline constexpr rate h100_pcie_rates[] = {
    vector(k::fp64, tera(26, from::recalled)),  tensor(k::fp64, tera(51, from::recalled, 47.28, from::hmc_h100)),
    vector(k::fp32, tera(51, from::recalled)),  tensor(k::tf32, 378, 756, from::recalled),
    tensor(k::bf16, 756, 1513, from::recalled), tensor(k::fp16, 756, 1513, from::recalled),
    tensor(k::fp8, 1513, 3026, from::recalled), tensor(k::int8, tera(1513, from::recalled), tera(3026, from::hmc_h100)),
};
inline constexpr rate h200_sxm_rates[] = {
    vector(k::fp64, tera(34, from::itkb)),
    tensor(k::fp64, tera(67, from::itkb)),
    vector(k::fp32, tera(67, from::recalled)),
    tensor(k::tf32, 495, 989, from::recalled),
    tensor(k::bf16, tera(989, from::itkb), tera(1979, from::ai_hpc)),
    tensor(k::fp16, tera(989, from::itkb), tera(1979, from::recalled)),
    tensor(k::fp8, tera(1979, from::itkb), tera(3958, from::ai_hpc)),
    tensor(k::int8, 1979, 3958, from::recalled),
};
inline constexpr rate h800_sxm_rates[] = {
    vector(k::fp64, tera(1, from::philisun)),    vector(k::fp32, tera(67, from::recalled)),
    tensor(k::tf32, 495, 989, from::recalled),   tensor(k::bf16, 989, 1979, from::recalled),
    tensor(k::fp16, 989, 1979, from::recalled),  tensor(k::fp8, 1979, 3958, from::recalled),
    tensor(k::int8, 1979, 3958, from::recalled),
};
inline constexpr rate h800_pcie_rates[] = {
    vector(k::fp64, tera(1, from::philisun)),    vector(k::fp32, tera(51, from::recalled)),
    tensor(k::tf32, 378, 756, from::recalled),   tensor(k::bf16, 756, 1513, from::recalled),
    tensor(k::fp16, 756, 1513, from::recalled),  tensor(k::fp8, 1513, 3026, from::recalled),
    tensor(k::int8, 1513, 3026, from::recalled),
};
inline constexpr rate h20_rates[] = {
    vector(k::fp64, tera(1, from::h20)),   vector(k::fp32, tera(44, from::h20)),  tensor(k::tf32, tera(74, from::h20)),
    tensor(k::bf16, tera(148, from::h20)), tensor(k::fp16, tera(148, from::h20)), tensor(k::fp8, tera(296, from::h20)),
    tensor(k::int8, tera(296, from::h20)),
};
inline constexpr rate b200_rates[] = {
    vector(k::fp64, tera(37, from::blackwell, 40, from::klockwood_b200)),
    tensor(k::fp64, tera(40, from::klockwood_b200)),
    vector(k::fp32, tera(75, from::blackwell, 80, from::klockwood_b200)),
    tensor(k::tf32, 1100, 2200, from::blackwell),
    tensor(k::bf16, 2250, 4500, from::blackwell),
    tensor(k::fp16, 2250, 4500, from::blackwell),
    tensor(k::fp8, 4500, 9000, from::blackwell),
    tensor(k::fp6, 4500, 9000, from::klockwood_b200),
    tensor(k::fp4, 9000, 18000, from::blackwell),
    tensor(k::int8, 4500, 9000, from::blackwell),
};
inline constexpr rate gb200_rates[] = {
    vector(k::fp64, tera(40, from::blackwell, 45, from::klockwood_b200)),
    tensor(k::fp64, tera(45, from::klockwood_b200)),
    vector(k::fp32, tera(80, from::blackwell, 90, from::klockwood_b200)),
    tensor(k::tf32, 1250, 2500, from::blackwell),
    tensor(k::bf16, 2500, 5000, from::blackwell),
    tensor(k::fp16, 2500, 5000, from::blackwell),
    tensor(k::fp8, 5000, 10000, from::blackwell),
    tensor(k::fp6, 5000, 10000, from::klockwood_b200),
    tensor(k::fp4, 10000, 20000, from::blackwell),
    tensor(k::int8, 5000, 10000, from::blackwell),
};
inline constexpr rate b300_rates[] = {
    vector(k::fp64, tera(1.2, from::verda, 1.25, from::klockwood_b300)),
    tensor(k::fp64, tera(1.25, from::klockwood_b300)),
    vector(k::fp32, tera(75, from::verda)),
    tensor(k::tf32, tera(1100, from::verda, 1125, from::klockwood_b300),
           tera(2200, from::verda, 2250, from::klockwood_b300)),
    tensor(k::bf16, 2250, 4500, from::verda),
    tensor(k::fp16, 2250, 4500, from::verda),
    tensor(k::fp8, 4500, 9000, from::verda),
    tensor(k::fp6, 4500, 9000, from::klockwood_b300),
    tensor(k::fp4, tera(14000, from::verda, 13125, from::klockwood_b300), tera(18000, from::verda)),
    tensor(k::int8, tera(150, from::verda, 4500, from::klockwood_b300),
           tera(300, from::verda_int8, 9000, from::klockwood_b300)),
};
inline constexpr rate gb300_rates[] = {
    vector(k::fp64, tera(1.3, from::verda)),   vector(k::fp32, tera(80, from::verda)),
    tensor(k::tf32, 1250, 2500, from::verda),  tensor(k::bf16, 2500, 5000, from::verda),
    tensor(k::fp16, 2500, 5000, from::verda),  tensor(k::fp8, 5000, 10000, from::verda),
    tensor(k::fp4, 15000, 20000, from::verda), tensor(k::int8, 165, 330, from::verda),
};
inline constexpr rate rtx_5090_rates[] = {
    vector(k::fp64, tera(1.6, from::recalled)),    vector(k::fp32, tera(104.8, from::spheron)),
    tensor(k::tf32, 104.8, 209.5, from::recalled), tensor(k::bf16, 209.5, 419, from::recalled),
    tensor(k::fp16, 209.5, 419, from::recalled),   tensor_fp16(k::fp16, 419, 838, from::spheron),
    tensor(k::fp8, 419, 838, from::recalled),      tensor_fp16(k::fp8, 838, 1676, from::spheron),
    tensor(k::fp4, 1676, 3352, from::spheron),     tensor(k::int8, 838, 1676, from::spheron),
};

}  // namespace detail

// clang-format off
inline constexpr accelerator accelerators[] = {
    {"A100 80GB SXM", "Ampere", "TSMC N7", {8, 0}, detail::from::cuda_gpus, "HBM2e",
     detail::one(gigabytes(80), detail::from::klockwood_a100), detail::one(terabytes_per_second(2.039), detail::from::klockwood_a100),
     detail::one(watts(400), detail::from::klockwood_a100), detail::one(megabytes(40), detail::from::klockwood_a100),
     detail::one(gigabytes_per_second(600), detail::from::klockwood_a100), detail::a100_rates},
    {"A100 80GB PCIe", "Ampere", "TSMC N7", {8, 0}, detail::from::cuda_gpus, "HBM2e",
     detail::one(gigabytes(80), detail::from::klockwood_a100), detail::one(terabytes_per_second(1.935), detail::from::klockwood_a100),
     detail::one(watts(300), detail::from::klockwood_a100), detail::one(megabytes(40), detail::from::klockwood_a100),
     detail::one(gigabytes_per_second(600), detail::from::klockwood_a100), detail::a100_rates},
    {"A800 80GB SXM", "Ampere", "TSMC N7", {8, 0}, detail::from::cuda_gpus, "HBM2e",
     detail::one(gigabytes(80), detail::from::aiwiki), detail::one(terabytes_per_second(2.039), detail::from::aiwiki),
     detail::one(watts(400), detail::from::aiwiki), detail::one(megabytes(40), detail::from::aiwiki),
     detail::one(gigabytes_per_second(400), detail::from::aiwiki), detail::a800_rates},
    {"A800 80GB PCIe", "Ampere", "TSMC N7", {8, 0}, detail::from::cuda_gpus, "HBM2e",
     detail::one(gigabytes(80), detail::from::aiwiki), detail::one(terabytes_per_second(1.935), detail::from::aiwiki),
     detail::one(watts(300), detail::from::aiwiki), detail::one(megabytes(40), detail::from::aiwiki),
     detail::one(gigabytes_per_second(400), detail::from::aiwiki), detail::a800_rates},
    {"RTX 4090", "Ada Lovelace", "TSMC 4N", {8, 9}, detail::from::cuda_gpus, "GDDR6X",
     detail::one(gigabytes(24), detail::from::hmc_4090), detail::one(gigabytes_per_second(1008), detail::from::hmc_4090),
     detail::one(watts(450), detail::from::hmc_4090), detail::one(megabytes(72), detail::from::hmc_4090),
     {}, detail::rtx_4090_rates},
    {"L20", "Ada Lovelace", "TSMC 4N", {8, 9}, detail::from::cuda_gpus, "GDDR6",
     detail::one(gigabytes(48), detail::from::l20), detail::one(gigabytes_per_second(864), detail::from::l20),
     detail::one(watts(275), detail::from::l20), detail::one(megabytes(96), detail::from::l20),
     {}, detail::l20_rates},
    {"H100 SXM", "Hopper", "TSMC 4N", {9, 0}, detail::from::cuda_gpus, "HBM3",
     detail::one(gigabytes(80), detail::from::klockwood_h100), detail::one(terabytes_per_second(3.35), detail::from::klockwood_h100),
     detail::one(watts(700), detail::from::klockwood_h100), detail::one(megabytes(50), detail::from::klockwood_h100),
     detail::one(gigabytes_per_second(900), detail::from::klockwood_h100), detail::h100_sxm_rates},
    {"H100 NVL", "Hopper", "TSMC 4N", {9, 0}, detail::from::cuda_gpus, "HBM3",
     detail::one(gigabytes(94), detail::from::recalled), detail::one(terabytes_per_second(3.9), detail::from::recalled),
     detail::two(watts(400), detail::from::recalled_range, watts(350), detail::from::recalled_range), detail::one(megabytes(50), detail::from::recalled),
     detail::one(gigabytes_per_second(600), detail::from::recalled), detail::nvl_rates},
    {"H100 PCIe", "Hopper", "TSMC 4N", {9, 0}, detail::from::cuda_gpus, "HBM2e",
     detail::one(gigabytes(80), detail::from::recalled), detail::one(terabytes_per_second(2.0), detail::from::recalled),
     detail::one(watts(350), detail::from::recalled), detail::one(megabytes(50), detail::from::recalled),
     detail::one(gigabytes_per_second(600), detail::from::recalled), detail::h100_pcie_rates},
    {"H200 SXM", "Hopper", "TSMC 4N", {9, 0}, detail::from::cuda_gpus, "HBM3e",
     detail::one(gigabytes(141), detail::from::itkb), detail::one(terabytes_per_second(4.8), detail::from::itkb),
     detail::one(watts(700), detail::from::itkb), detail::one(megabytes(50), detail::from::recalled),
     detail::one(gigabytes_per_second(900), detail::from::itkb), detail::h200_sxm_rates},
    {"H200 NVL", "Hopper", "TSMC 4N", {9, 0}, detail::from::cuda_gpus, "HBM3e",
     detail::one(gigabytes(141), detail::from::recalled), detail::one(terabytes_per_second(4.8), detail::from::recalled),
     detail::one(watts(600), detail::from::saul), detail::one(megabytes(50), detail::from::recalled),
     detail::one(gigabytes_per_second(900), detail::from::recalled), detail::nvl_rates},
    {"H800 SXM", "Hopper", "TSMC 4N", {9, 0}, detail::from::cuda_gpus, "HBM3",
     detail::one(gigabytes(80), detail::from::recalled), detail::one(terabytes_per_second(3.35), detail::from::recalled),
     detail::one(watts(700), detail::from::recalled), detail::one(megabytes(50), detail::from::recalled),
     detail::one(gigabytes_per_second(400), detail::from::philisun), detail::h800_sxm_rates},
    {"H800 PCIe", "Hopper", "TSMC 4N", {9, 0}, detail::from::cuda_gpus, "HBM2e",
     detail::one(gigabytes(80), detail::from::recalled), detail::one(terabytes_per_second(2.0), detail::from::recalled),
     detail::one(watts(350), detail::from::recalled), detail::one(megabytes(50), detail::from::recalled),
     detail::one(gigabytes_per_second(400), detail::from::philisun), detail::h800_pcie_rates},
    {"H20", "Hopper", "TSMC 4N", {9, 0}, detail::from::cuda_gpus, "HBM3",
     detail::one(gigabytes(96), detail::from::h20), detail::one(terabytes_per_second(4.0), detail::from::h20),
     detail::one(watts(400), detail::from::h20), detail::one(megabytes(60), detail::from::h20),
     detail::one(gigabytes_per_second(900), detail::from::h20), detail::h20_rates},
    {"B200", "Blackwell", "TSMC 4NP", {10, 0}, detail::from::cuda_gpus, "HBM3e",
     detail::two(gigabytes(180), detail::from::blackwell, gigabytes(192), detail::from::klockwood_b200),
     detail::two(terabytes_per_second(7.7), detail::from::blackwell, terabytes_per_second(8), detail::from::klockwood_b200),
     detail::one(watts(1000), detail::from::blackwell), detail::one(megabytes(126), detail::from::recalled),
     detail::one(gigabytes_per_second(1800), detail::from::blackwell), detail::b200_rates},
    {"GB200", "Blackwell", "TSMC 4NP", {10, 0}, detail::from::cuda_gpus, "HBM3e",
     detail::one(gigabytes(186), detail::from::blackwell), detail::one(terabytes_per_second(8), detail::from::blackwell),
     detail::one(watts(1200), detail::from::blackwell), {},
     detail::one(gigabytes_per_second(1800), detail::from::blackwell), detail::gb200_rates},
    {"B300", "Blackwell Ultra", "TSMC 4NP", {10, 3}, detail::from::cuda_gpus, "HBM3e",
     detail::two(gigabytes(270), detail::from::verda, gigabytes(288), detail::from::klockwood_b300),
     detail::two(terabytes_per_second(7.7), detail::from::verda, terabytes_per_second(8), detail::from::klockwood_b300),
     detail::two(watts(1100), detail::from::verda, watts(1400), detail::from::klockwood_b300), {},
     detail::one(gigabytes_per_second(1800), detail::from::verda), detail::b300_rates},
    {"GB300", "Blackwell Ultra", "TSMC 4NP", {10, 3}, detail::from::cuda_gpus, "HBM3e",
     detail::one(gigabytes(279), detail::from::verda), detail::one(terabytes_per_second(8), detail::from::verda),
     detail::one(watts(1400), detail::from::verda), {},
     detail::one(gigabytes_per_second(1800), detail::from::verda), detail::gb300_rates},
    {"RTX 5090", "Blackwell", "TSMC 4N", {12, 0}, detail::from::cuda_gpus, "GDDR7",
     detail::one(gigabytes(32), detail::from::spheron), detail::one(gigabytes_per_second(1792), detail::from::spheron),
     detail::one(watts(575), detail::from::spheron), detail::one(megabytes(96), detail::from::spheron),
     {}, detail::rtx_5090_rates},
};
// clang-format on

/// The row of that name, or none.
[[nodiscard]] constexpr const accelerator* find_accelerator(std::string_view name) noexcept {
    for (const accelerator& a : accelerators)
        if (a.name == name) return &a;
    return nullptr;
}

/// The row of that name.
/// Errors:  std::invalid_argument if there is none.
[[nodiscard]] constexpr const accelerator& accelerator_named(std::string_view name) {
    const accelerator* const found = find_accelerator(name);
    if (found == nullptr)
        lowprec::detail::fail_argument("lowprec::hardware::accelerator_named: no accelerator \"", name, "\"");
    return *found;
}

// NVL72 and NVL4 are of superchips that a rack or a board holds; the figures of their chips differ from those on HGX boards.
inline constexpr system_row systems[] = {
    {"HGX B200", accelerator_named("B200"), chips(8)},      {"GB200 NVL72", accelerator_named("GB200"), chips(72)},
    {"GB200 NVL4", accelerator_named("GB200"), chips(4)},   {"HGX B300", accelerator_named("B300"), chips(8)},
    {"GB300 NVL72", accelerator_named("GB300"), chips(72)},
};

}  // namespace lowprec::hardware

#endif
