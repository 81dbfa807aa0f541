// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// What accelerators can do with the formats, and how long a layer takes at least: the table (hardware/accelerators.hpp), peak rates,
// ridge points and the roofline.
//
//     using namespace lowprec;
//     constexpr const hardware::accelerator& h100 = hardware::accelerator_named("H100 SXM");
//     hardware::peak(h100, hardware::format_of<e4m3>)->tera()                             // 1979
//     hardware::layer_bound<affine<4>, bf16>(h100, {.outputs = 4096, .inputs = 4096, .tokens = 1}, {.size = 128}).total()
//
// Everything is constexpr. A rate that the table lacks is no value where a function returns std::optional, and an error that names
// the accelerator and the rate where a result needs it.
#ifndef LOWPREC_HARDWARE_HPP
#define LOWPREC_HARDWARE_HPP

#include <lowprec/hardware/accelerators.hpp>
#include <lowprec/hardware/footprint.hpp>
#include <lowprec/hardware/formats.hpp>
#include <lowprec/hardware/units.hpp>
#include <optional>

namespace lowprec::hardware {

/// Which of a format's rates.
struct math_mode {
    sparsity zeros = sparsity::dense;
    std::optional<accumulate> accumulator{};  ///< fp32, or int32 and fp64 for these, if nothing is said
    std::optional<engine> on{};               ///< the faster one if nothing is said
};

/// Whether the tensor cores multiply the format, however fast.
[[nodiscard]] constexpr bool native(const accelerator& a, number_format f) noexcept {
    const support s = support_of(a.capability, f);
    return s == support::native || s == support::reduced;
}

/// The row of a rate, with its sources; none where the table has none or the tensor cores lack the format.
[[nodiscard]] constexpr const rate* find_rate(const accelerator& a, number_format f, math_mode mode = {}) noexcept {
    const number_kind kind = kind_of(f);
    const accumulate sums = mode.accumulator.value_or(detail::widest_accumulator(kind));
    const rate* found = nullptr;
    double highest = 0;
    for (const rate& r : a.rates) {
        if (r.kind != kind || r.accumulator != sums || (mode.on && *mode.on != r.on)) continue;
        if (r.on == engine::tensor && !native(a, f)) continue;
        const std::optional<op_rate> value = (mode.zeros == sparsity::sparse ? r.sparse : r.dense).value();
        if (!value || value->value() <= highest) continue;
        highest = value->value();
        found = &r;
    }
    return found;
}

/// The most operations that one chip does in a second.
[[nodiscard]] constexpr std::optional<op_rate> peak(const accelerator& a, number_format f, math_mode mode) noexcept {
    const rate* const found = find_rate(a, f, mode);
    if (found == nullptr) return std::nullopt;
    return (mode.zeros == sparsity::sparse ? found->sparse : found->dense).value();
}
[[nodiscard]] constexpr std::optional<op_rate> peak(const accelerator& a, number_format f,
                                                    sparsity zeros = sparsity::dense) noexcept {
    return peak(a, f, math_mode{.zeros = zeros});
}

/// The same of all chips of a system.
[[nodiscard]] constexpr std::optional<system_op_rate> peak(const system_row& s, number_format f, math_mode mode) {
    const std::optional<op_rate> one = peak(s.chip, f, mode);
    return one ? std::optional<system_op_rate>(system_total(*one, s.size)) : std::nullopt;
}
[[nodiscard]] constexpr std::optional<system_op_rate> peak(const system_row& s, number_format f,
                                                           sparsity zeros = sparsity::dense) {
    return peak(s, f, math_mode{.zeros = zeros});
}

/// The operations for each byte of memory traffic at which computing takes as long as the traffic.
[[nodiscard]] constexpr std::optional<ops_per_byte> ridge_point(const accelerator& a, number_format f,
                                                                math_mode mode = {}) noexcept {
    const std::optional<op_rate> compute = peak(a, f, mode);
    const std::optional<byte_rate> memory = a.bandwidth.value();
    if (!compute || !memory) return std::nullopt;
    return *compute / *memory;
}

/// The floating-point format that the tensor cores multiply fastest, dense and with the wide accumulator; of those equally fast the one
/// with the most bits, and of these the first in number_format (bf16 before fp16, e4m3 before e5m2), nvfp4 before mxfp4.
[[nodiscard]] constexpr std::optional<number_format> recommend(const accelerator& a) noexcept {
    using f = number_format;
    constexpr number_format candidates[] = {f::fp64,       f::tf32,       f::bf16,  f::fp16, f::e4m3,
                                            f::mxfp6_e3m2, f::mxfp6_e2m3, f::nvfp4, f::mxfp4};
    std::optional<number_format> best;
    double highest = 0;
    for (const number_format candidate : candidates) {
        const std::optional<op_rate> found = peak(a, candidate, math_mode{.on = engine::tensor});
        if (!found || found->value() <= highest) continue;
        highest = found->value();
        best = candidate;
    }
    return best;
}

/// What a time is bound by.
enum class bound : unsigned char { compute, memory };

/// The least time for some work, where computing and memory traffic overlap.
struct time_bound {
    seconds compute, memory;

    /// The longer of the two, and which that is; at the ridge point: compute.
    [[nodiscard]] constexpr seconds total() const noexcept { return binds() == bound::memory ? memory : compute; }
    [[nodiscard]] constexpr bound binds() const noexcept { return memory > compute ? bound::memory : bound::compute; }
};

/// The roofline of work with given rates, a chip's or a system's.
template <counted Of>
[[nodiscard]] constexpr time_bound roofline(quantity<unit::operations_per_second, Of> compute,
                                            quantity<unit::bytes_per_second, Of> memory, op_count operations,
                                            byte_count traffic) noexcept {
    return {operations / compute, traffic / memory};
}

/// The roofline of work in a format on one chip.
/// Errors:  std::invalid_argument if the table lacks the rate or the bandwidth.
[[nodiscard]] constexpr time_bound roofline(const accelerator& a, number_format f, op_count operations,
                                            byte_count traffic, math_mode mode = {}) {
    constexpr std::string_view accumulators[] = {"fp64", "fp32", "fp16", "int32"};
    const std::optional<op_rate> compute = peak(a, f, mode);
    if (!compute)
        lowprec::detail::fail_argument(
            "lowprec::hardware::roofline: ", a.name, " has no known ",
            mode.zeros == sparsity::sparse ? std::string_view("sparse") : std::string_view("dense"), " rate of ",
            name(f), " accumulated in ",
            accumulators[static_cast<int>(mode.accumulator.value_or(detail::widest_accumulator(kind_of(f))))]);
    const std::optional<byte_rate> memory = a.bandwidth.value();
    if (!memory)
        lowprec::detail::fail_argument("lowprec::hardware::roofline: ", a.name, " has no known memory bandwidth");
    return roofline(*compute, *memory, operations, traffic);
}

/// outputs = weights x inputs, for each token. The weights are outputs x inputs.
struct linear_layer {
    std::uint64_t outputs, inputs, tokens;
};

/// A multiplication and an addition for each weight and token.
[[nodiscard]] constexpr op_count operations(const linear_layer& l) noexcept {
    return op_count::of(2.0 * static_cast<double>(l.outputs) * static_cast<double>(l.inputs) *
                        static_cast<double>(l.tokens));
}

namespace detail {

template <class T>
constexpr byte_count total_bytes(std::uint64_t rows, std::uint64_t columns, int_groups groups) {
    if constexpr (is_affine_v<T>)
        return footprint<T>(rows, columns, groups).total();
    else
        return footprint<T>(rows, columns).total();
}

}  // namespace detail

/// What the weights of a layer take. The groups count for affine integers alone.
/// Errors:  as footprint.
template <class Weight>
[[nodiscard]] constexpr byte_count weight_bytes(const linear_layer& l, int_groups groups = {}) {
    return detail::total_bytes<Weight>(l.outputs, l.inputs, groups);
}

/// The least time of a layer on one chip: weights in one format, inputs in another, multiplied in that of the inputs (W4A16:
/// affine<4>, bf16), outputs in a third. Each is read or written once; the inputs have one scale for each token where they are
/// affine integers.
/// Errors:  as footprint and roofline.
template <class Weight, class Input, class Output = bf16>
    requires detail::multiplied_by_tensor_cores<Input>
[[nodiscard]] constexpr time_bound layer_bound(const accelerator& a, const linear_layer& l,
                                               int_groups weight_groups = {}, math_mode mode = {}) {
    const byte_count traffic = weight_bytes<Weight>(l, weight_groups) +
                               detail::total_bytes<Input>(l.tokens, l.inputs, {}) +
                               detail::total_bytes<Output>(l.tokens, l.outputs, {});
    return roofline(a, format_of<Input>, operations(l), traffic, mode);
}

}  // namespace lowprec::hardware

#endif
