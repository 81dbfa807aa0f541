// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The table of accelerators against figures typed apart from it, what must hold of every figure, and footprints and rooflines computed
// by hand.
#include <lowprec/hardware.hpp>

#include <cmath>
#include <set>
#include <stdexcept>
#include <string>
#include <support/catch.hpp>
#include <support/message_of.hpp>
#include <support/tally.hpp>

namespace {

using namespace lowprec;
namespace hw = lowprec::hardware;
using f = hw::number_format;

constexpr double none = -1;

// TFLOPS and TOPS; BF16 stands for FP16 with sums in FP32, too.
struct expected_row {
    const char* name;
    int major, minor;
    double gigabytes, gigabytes_per_second, watts, l2_megabytes, nvlink;
    double fp64, fp64_tensor, fp32;
    double tf32[2], bf16[2], fp8[2], int8[2], fp4[2], fp6[2], int4[2];
    double fp16_in_fp16[2], fp8_in_fp16[2];
};
#define NO \
    { none, none }
// clang-format off
const expected_row expected[] = {
    {"A100 80GB SXM", 8, 0, 80, 2039, 400, 40, 600, 9.7, 19.5, 19.5, {156, 312}, {312, 624}, NO, {624, 1248}, NO, NO, {1248, 2496}, NO, NO},
    {"A100 80GB PCIe", 8, 0, 80, 1935, 300, 40, 600, 9.7, 19.5, 19.5, {156, 312}, {312, 624}, NO, {624, 1248}, NO, NO, {1248, 2496}, NO, NO},
    {"A800 80GB SXM", 8, 0, 80, 2039, 400, 40, 400, 9.7, 19.5, 19.5, {156, 312}, {312, 624}, NO, {624, 1248}, NO, NO, NO, NO, NO},
    {"A800 80GB PCIe", 8, 0, 80, 1935, 300, 40, 400, 9.7, 19.5, 19.5, {156, 312}, {312, 624}, NO, {624, 1248}, NO, NO, NO, NO, NO},
    {"RTX 4090", 8, 9, 24, 1008, 450, 72, none, 1.29, none, 82.6, {82.6, 165}, {165, 330}, {330, 661}, {661, 1321}, NO, NO, {1321, 2642}, {330, 661}, {661, 1321}},
    {"L20", 8, 9, 48, 864, 275, 96, none, 0.93, none, 59.4, {59.8, none}, {119.5, none}, {239, none}, {239, none}, NO, NO, NO, NO, NO},
    {"H100 SXM", 9, 0, 80, 3350, 700, 50, 900, 34, 67, 67, {495, 989}, {989, 1979}, {1979, 3958}, {1979, 3958}, NO, NO, NO, NO, NO},
    {"H100 NVL", 9, 0, 94, 3900, 400, 50, 600, 30, 60, 60, {418, 835}, {835, 1671}, {1671, 3341}, {1671, 3341}, NO, NO, NO, NO, NO},
    {"H100 PCIe", 9, 0, 80, 2000, 350, 50, 600, 26, 51, 51, {378, 756}, {756, 1513}, {1513, 3026}, {1513, 3026}, NO, NO, NO, NO, NO},
    {"H200 SXM", 9, 0, 141, 4800, 700, 50, 900, 34, 67, 67, {495, 989}, {989, 1979}, {1979, 3958}, {1979, 3958}, NO, NO, NO, NO, NO},
    {"H200 NVL", 9, 0, 141, 4800, 600, 50, 900, 30, 60, 60, {418, 835}, {835, 1671}, {1671, 3341}, {1671, 3341}, NO, NO, NO, NO, NO},
    {"H800 SXM", 9, 0, 80, 3350, 700, 50, 400, 1, none, 67, {495, 989}, {989, 1979}, {1979, 3958}, {1979, 3958}, NO, NO, NO, NO, NO},
    {"H800 PCIe", 9, 0, 80, 2000, 350, 50, 400, 1, none, 51, {378, 756}, {756, 1513}, {1513, 3026}, {1513, 3026}, NO, NO, NO, NO, NO},
    {"H20", 9, 0, 96, 4000, 400, 60, 900, 1, none, 44, {74, none}, {148, none}, {296, none}, {296, none}, NO, NO, NO, NO, NO},
    {"B200", 10, 0, 180, 7700, 1000, 126, 1800, 37, 40, 75, {1100, 2200}, {2250, 4500}, {4500, 9000}, {4500, 9000}, {9000, 18000}, {4500, 9000}, NO, NO, NO},
    {"GB200", 10, 0, 186, 8000, 1200, none, 1800, 40, 45, 80, {1250, 2500}, {2500, 5000}, {5000, 10000}, {5000, 10000}, {10000, 20000}, {5000, 10000}, NO, NO, NO},
    {"B300", 10, 3, 270, 7700, 1100, none, 1800, 1.2, 1.25, 75, {1100, 2200}, {2250, 4500}, {4500, 9000}, {150, 300}, {14000, 18000}, {4500, 9000}, NO, NO, NO},
    {"GB300", 10, 3, 279, 8000, 1400, none, 1800, 1.3, none, 80, {1250, 2500}, {2500, 5000}, {5000, 10000}, {165, 330}, {15000, 20000}, NO, NO, NO, NO},
    {"RTX 5090", 12, 0, 32, 1792, 575, 96, none, 1.6, none, 104.8, {104.8, 209.5}, {209.5, 419}, {419, 838}, {838, 1676}, {1676, 3352}, NO, NO, {419, 838}, {838, 1676}},
};
// clang-format on

bool near(double a, double b) { return std::fabs(a - b) <= 1e-12 * std::fabs(b); }

struct checks {
    tally result;
    void check(bool right, const std::string& what) { result.equal(right, true, what); }

    template <class Optional>
    void figure(const Optional& found, double expected_units, double prefix, const std::string& what) {
        if (expected_units < 0)
            check(!found.has_value(), what + " should be absent;");
        else
            check(found.has_value() && near(found->value(), expected_units * prefix), what);
    }
    void pair(const hw::accelerator& a, f format, const double (&both)[2], const char* what,
              std::optional<hw::accumulate> sums = {}) {
        const hw::math_mode dense{hw::sparsity::dense, sums, hw::engine::tensor};
        const hw::math_mode sparse{hw::sparsity::sparse, sums, hw::engine::tensor};
        figure(hw::peak(a, format, dense), both[0], 1e12, std::string(a.name) + " dense " + what);
        figure(hw::peak(a, format, sparse), both[1], 1e12, std::string(a.name) + " sparse " + what);
    }
};

}  // namespace

TEST_CASE("hardware: the table") {
    checks c;
    CHECK(std::size(hw::accelerators) == std::size(expected));
    for (const expected_row& e : expected) {
        const hw::accelerator& a = hw::accelerator_named(e.name);
        const std::string n = e.name;
        c.check(a.capability == hw::compute_capability{e.major, e.minor}, n + " compute capability");
        c.figure(a.memory.value(), e.gigabytes, 1e9, n + " memory");
        c.figure(a.bandwidth.value(), e.gigabytes_per_second, 1e9, n + " bandwidth");
        c.figure(a.board_power.value(), e.watts, 1, n + " power");
        c.figure(a.l2_cache.value(), e.l2_megabytes, 1e6, n + " L2");
        c.figure(a.nvlink.value(), e.nvlink, 1e9, n + " NVLink");
        c.figure(hw::peak(a, f::fp64, {.on = hw::engine::vector}), e.fp64, 1e12, n + " FP64");
        c.figure(hw::peak(a, f::fp64, {.on = hw::engine::tensor}), e.fp64_tensor, 1e12, n + " FP64 of tensor cores");
        c.figure(hw::peak(a, f::fp64), std::fmax(e.fp64, e.fp64_tensor), 1e12, n + " FP64, the higher");
        c.figure(hw::peak(a, f::fp32), e.fp32, 1e12, n + " FP32");
        c.figure(hw::peak(a, f::fp32, hw::sparsity::sparse), none, 1e12, n + " sparse FP32");
        c.pair(a, f::tf32, e.tf32, "TF32");
        c.pair(a, f::bf16, e.bf16, "BF16");
        c.pair(a, f::fp16, e.bf16, "FP16");
        c.pair(a, f::e4m3, e.fp8, "E4M3");
        c.pair(a, f::e5m2, e.fp8, "E5M2");
        c.pair(a, f::int8, e.int8, "INT8");
        c.pair(a, f::int4, e.int4, "INT4");
        c.pair(a, f::mxfp4, e.fp4, "MXFP4");
        c.pair(a, f::nvfp4, e.fp4, "NVFP4");
        c.pair(a, f::mxfp6_e2m3, e.fp6, "MXFP6");
        c.pair(a, f::fp16, e.fp16_in_fp16, "FP16 in FP16", hw::accumulate::fp16);
        c.pair(a, f::e4m3, e.fp8_in_fp16, "FP8 in FP16", hw::accumulate::fp16);
        // block scales came with 10.0
        const double scaled[2] = {e.major >= 10 ? e.fp8[0] : none, e.major >= 10 ? e.fp8[1] : none};
        c.pair(a, f::mxfp8_e4m3, scaled, "MXFP8");
    }
    CHECK_TALLY(c.result, 19 * (11 + 2 * 13));
}

TEST_CASE("hardware: where sources disagree") {
    const auto other = [](const char* name, f format, hw::engine on, bool sparse = false) {
        const hw::rate* r = hw::find_rate(hw::accelerator_named(name), format, {.on = on});
        return (sparse ? r->sparse : r->dense).other->value.tera();
    };
    using hw::engine;
    CHECK(near(other("B200", f::fp64, engine::vector), 40));
    CHECK(near(other("B200", f::fp32, engine::vector), 80));
    CHECK(near(other("GB200", f::fp64, engine::vector), 45));
    CHECK(near(other("GB200", f::fp32, engine::vector), 90));
    CHECK(near(other("B300", f::fp64, engine::vector), 1.25));
    CHECK(near(other("B300", f::tf32, engine::tensor), 1125));
    CHECK(near(other("B300", f::nvfp4, engine::tensor), 13125));
    CHECK(near(other("B300", f::int8, engine::tensor), 4500));
    CHECK(near(other("B300", f::int8, engine::tensor, true), 9000));
    CHECK(near(hw::accelerator_named("B300").board_power.other->value.value(), 1400));
    CHECK(near(hw::accelerator_named("B300").memory.other->value.giga(), 288));
    CHECK(near(hw::accelerator_named("B200").memory.other->value.giga(), 192));
    CHECK(near(hw::accelerator_named("B200").bandwidth.other->value.tera(), 8));
}

TEST_CASE("hardware: what was found and what is recalled") {
    const auto trust = [](const char* name, f format, bool sparse = false) {
        const hw::rate* r = hw::find_rate(hw::accelerator_named(name), format);
        return (sparse ? r->sparse : r->dense).best->from.trust;
    };
    using hw::confidence;
    CHECK(trust("H100 SXM", f::bf16) == confidence::found);
    CHECK(trust("H100 NVL", f::bf16) == confidence::recalled);
    CHECK(trust("H100 PCIe", f::int8) == confidence::recalled);
    CHECK(trust("H100 PCIe", f::int8, true) == confidence::found);
    CHECK(trust("L20", f::fp32) == confidence::found);
    CHECK(trust("L20", f::e4m3) == confidence::recalled);
    CHECK(trust("H800 SXM", f::fp64) == confidence::found);
    CHECK(trust("H800 SXM", f::e4m3) == confidence::recalled);
    CHECK(trust("RTX 5090", f::bf16) == confidence::recalled);
    CHECK(trust("RTX 5090", f::nvfp4) == confidence::found);
    CHECK(hw::accelerator_named("B200").l2_cache.best->from.trust == confidence::recalled);
}

TEST_CASE("hardware: every figure") {
    checks c;
    int figures = 0, conflicts = 0;
    const auto check = [&](const auto& figure, double least, double most, std::string what) {
        if (!figure.known()) {
            c.check(!figure.other, what + ": a second value without a first");
            return;
        }
        ++figures;
        c.check(!figure.best->from.where.empty(), what + " source");
        c.check(figure.best->value.value() >= least && figure.best->value.value() <= most, what + " is implausible;");
        if (!figure.other) return;
        ++conflicts;
        c.check(!figure.other->from.where.empty(), what + " other source");
        c.check(figure.other->value.value() >= least && figure.other->value.value() <= most, what + " other");
        c.check(figure.other->value != figure.best->value, what + " does not differ;");
    };
    std::set<std::string> names;
    for (const hw::accelerator& a : hw::accelerators) {
        const std::string n{a.name};
        c.check(names.insert(n).second, n + " twice;");
        c.check(!a.architecture.empty() && !a.process.empty() && !a.memory_kind.empty(), n + " words");
        c.check(!a.capability_from.where.empty(), n + " capability's source");
        c.check(hw::support_of(a.capability, f::bf16) == hw::support::native, n + " capability");
        check(a.memory, 16e9, 512e9, n + " memory");
        check(a.bandwidth, 0.5e12, 10e12, n + " bandwidth");
        check(a.board_power, 200, 2000, n + " power");
        check(a.l2_cache, 20e6, 200e6, n + " L2");
        check(a.nvlink, 300e9, 2000e9, n + " NVLink");
        std::set<int> keys;
        for (const hw::rate& r : a.rates) {
            const std::string what = n + " " + std::string(hw::name(r.kind));
            c.check(keys.insert(100 * static_cast<int>(r.kind) + 10 * static_cast<int>(r.accumulator) +
                                static_cast<int>(r.on))
                        .second,
                    what + " twice;");
            c.check(r.dense.known(), what + " without a dense rate;");
            check(r.dense, 0.5e12, 25e15, what + " dense");
            check(r.sparse, 0.5e12, 25e15, what + " sparse");
            bool has_format = r.on == hw::engine::vector;
            for (int i = 0; i < hw::number_formats; ++i)
                has_format |= hw::kind_of(static_cast<f>(i)) == r.kind && hw::native(a, static_cast<f>(i));
            c.check(has_format, what + " of tensor cores that lack it;");
            if (!r.sparse.known()) continue;
            const double ratio = *r.sparse.value() / *r.dense.value();
            c.check(ratio >= 1 && ratio <= 2.01, what + " sparse below dense or above twice;");
            // data sheets cut digits: 1979 of 989.5
            const bool is_ultra_fp4 = a.capability == hw::compute_capability{10, 3} && r.kind == hw::number_kind::fp4;
            c.check((ratio > 1.99) != is_ultra_fp4, what + " ratio");
        }
    }
    // every figure of the table above, and no other; BF16 counts for FP16
    int typed = 0;
    for (const expected_row& e : expected) {
        for (const double one :
             {e.gigabytes, e.gigabytes_per_second, e.watts, e.l2_megabytes, e.nvlink, e.fp64, e.fp64_tensor, e.fp32})
            typed += one >= 0 ? 1 : 0;
        for (const auto* both :
             {e.tf32, e.bf16, e.bf16, e.fp8, e.int8, e.fp4, e.fp6, e.int4, e.fp16_in_fp16, e.fp8_in_fp16})
            typed += (both[0] >= 0 ? 1 : 0) + (both[1] >= 0 ? 1 : 0);
    }
    CHECK(figures == typed);
    // 9 of B300, 4 of B200, 2 of GB200, and one each of H100 NVL and PCIe
    CHECK(conflicts == 17);
    CHECK_TALLY_OVER(c.result, 1000);
}

TEST_CASE("hardware: formats of tensor cores") {
    // one string for a format: 8.0, 8.9, 9.0, 10.0, 10.3, 12.0; r is reduced
    const std::pair<const char*, const char*> rows[] = {
        {"fp64", "n.nnr."},       {"fp32", "......"},       {"tf32", "nnnnnn"},       {"bf16", "nnnnnn"},
        {"fp16", "nnnnnn"},       {"e4m3", ".nnnnn"},       {"e5m2", ".nnnnn"},       {"mxfp8_e4m3", "...nnn"},
        {"mxfp8_e5m2", "...nnn"}, {"mxfp6_e3m2", "...nnn"}, {"mxfp6_e2m3", "...nnn"}, {"mxfp4", "...nnn"},
        {"nvfp4", "...nnn"},      {"int8", "nnnnrn"},       {"int4", "nn...."},       {"int1", "n....."},
    };
    const hw::compute_capability capabilities[] = {{8, 0}, {8, 9}, {9, 0}, {10, 0}, {10, 3}, {12, 0}};
    checks c;
    for (int i = 0; i < hw::number_formats; ++i) {
        c.check(hw::name(static_cast<f>(i)) == rows[i].first, rows[i].first);
        for (int j = 0; j < 6; ++j) {
            const char letter = rows[i].second[j];
            const auto wanted = letter == 'n'   ? hw::support::native
                                : letter == 'r' ? hw::support::reduced
                                                : hw::support::none;
            c.check(hw::support_of(capabilities[j], static_cast<f>(i)) == wanted, rows[i].first);
        }
        c.check(hw::support_of({7, 5}, static_cast<f>(i)) == hw::support::unknown, rows[i].first);
    }
    CHECK_TALLY(c.result, 16 * 8);

    CHECK(hw::format_of<e4m3> == f::e4m3);
    CHECK(hw::format_of<mxfp6_e2m3> == f::mxfp6_e2m3);
    CHECK(hw::format_of<affine<4>> == f::int4);
    CHECK(hw::format_of<affine<8, integer_codes::unsigned_full>> == f::int8);

    const auto recommended = [](const char* name) { return *hw::recommend(hw::accelerator_named(name)); };
    CHECK(recommended("A100 80GB SXM") == f::bf16);
    CHECK(recommended("RTX 4090") == f::e4m3);
    CHECK(recommended("H20") == f::e4m3);
    CHECK(recommended("B200") == f::nvfp4);
    CHECK(recommended("RTX 5090") == f::nvfp4);
}

TEST_CASE("hardware: chips and systems") {
    const auto total = [](std::size_t system, f format, hw::sparsity zeros) {
        return hw::peak(hw::systems[system], format, zeros)->peta();
    };
    using hw::sparsity;
    CHECK(hw::systems[0].name == "HGX B200");
    CHECK(near(total(0, f::nvfp4, sparsity::dense), 72));
    CHECK(near(total(0, f::nvfp4, sparsity::sparse), 144));
    CHECK(hw::systems[3].name == "HGX B300");
    CHECK(near(total(3, f::bf16, sparsity::sparse), 36));
    CHECK(near(total(3, f::e4m3, sparsity::sparse), 72));
    CHECK(near(total(3, f::tf32, sparsity::sparse), 17.6));
    CHECK(hw::systems[4].name == "GB300 NVL72");
    CHECK(near(total(4, f::tf32, sparsity::sparse), 180));
    CHECK(near(total(4, f::bf16, sparsity::sparse), 360));
    CHECK(near(total(4, f::e4m3, sparsity::sparse), 720));
    CHECK(hw::systems[1].name == "GB200 NVL72");
    CHECK(near(hw::peak(hw::systems[1], f::fp64, {.on = hw::engine::vector})->tera(), 2880));
    CHECK(!hw::peak(hw::systems[4], f::int4));
    CHECK(hw::systems[2].size == hw::chips(4));

    // the faster engine, in whichever order they stand
    hw::accelerator reversed = hw::accelerator_named("A100 80GB SXM");
    const hw::rate two[] = {reversed.rates[1], reversed.rates[0]};
    reversed.rates = two;
    CHECK(near(hw::peak(reversed, f::fp64)->tera(), 19.5));
    CHECK(near(hw::peak(reversed, f::fp64, {.on = hw::engine::vector})->tera(), 9.7));

    const auto a100 = *hw::peak(hw::accelerator_named("A100 80GB SXM"), f::fp16);
    CHECK(near(hw::system_total(a100, hw::chips(8)).peta(), 2.496));
    CHECK(hw::per_chip(hw::system_peta_ops(2.5), hw::chips(8)) == hw::tera_ops(312.5));
    CHECK(message_of<std::invalid_argument>([] {
              static_cast<void>(hw::per_chip(hw::system_peta_ops(1), hw::chips(0)));
          }) == "lowprec::hardware::per_chip: a system of 0 chips");
    CHECK(message_of<std::invalid_argument>([] { static_cast<void>(hw::system_total(hw::watts(1), hw::chips(-3))); }) ==
          "lowprec::hardware::system_total: a system of -3 chips");
}

TEST_CASE("hardware: footprints") {
    const auto is = [](hw::matrix_bytes m, double codes, double scales, double zero_points) {
        return m.codes.value() == codes && m.scales.value() == scales && m.zero_points.value() == zero_points &&
               m.total().value() == codes + scales + zero_points;
    };
    CHECK(is(hw::footprint<fp32>(3, 5), 60, 0, 0));
    CHECK(is(hw::footprint<tf32>(3, 5), 60, 0, 0));
    CHECK(is(hw::footprint<bf16>(3, 5), 30, 0, 0));
    CHECK(is(hw::footprint<e4m3>(3, 5), 15, 0, 0));
    CHECK(is(hw::footprint<e2m1>(3, 5), 8, 0, 0));
    CHECK(is(hw::footprint<e2m3>(3, 5), 12, 0, 0));
    CHECK(is(hw::footprint<bf16>(0, 5), 0, 0, 0));
    CHECK(is(hw::footprint<p3109<9, 4, p3109_kind::sf>>(3, 5), 30, 0, 0));

    // 4096 x 4096: 8 MiB of 4-bit codes, a scale for each 16 or 32
    CHECK(is(hw::footprint<nvfp4>(4096, 4096), 8388608, 1048576 + 4, 0));
    CHECK(is(hw::footprint<mxfp4>(4096, 4096), 8388608, 524288, 0));
    CHECK(is(hw::footprint<mxfp8_e4m3>(4096, 4096), 16777216, 524288, 0));
    CHECK(is(hw::footprint<mxfp6_e3m2>(4096, 4096), 12582912, 524288, 0));
    // ggml: 18, 20 and 34 bytes for 32 numbers, 36 for 64
    CHECK(is(hw::footprint<q4_0>(2, 64), 64, 8, 0));
    CHECK(is(hw::footprint<q4_1>(2, 64), 64, 16, 0));
    CHECK(is(hw::footprint<q8_0>(2, 64), 128, 8, 0));
    CHECK(is(hw::footprint<ggml_nvfp4>(2, 64), 64, 8, 0));
    // a short block: 40 numbers are 2.5 blocks
    CHECK(is(hw::footprint<nvfp4>(4, 40), 80, 12 + 4, 0));

    // 32 groups a row, a scale of 16 bits and a zero point of 4 in each: 4.15625 bits a weight
    const hw::matrix_bytes awq = hw::footprint<affine<4>>(4096, 4096, {.size = 128, .zero_point_bits = 4});
    CHECK(is(awq, 8388608, 262144, 65536));
    CHECK(awq.total().value() * 8 / (4096.0 * 4096.0) == 4.15625);
    CHECK(is(hw::footprint<affine<8>>(10, 7), 70, 20, 0));
    CHECK(is(hw::footprint<affine<4>>(10, 7), 40, 20, 0));
    CHECK(is(hw::footprint<affine<3>>(10, 9, {.size = 4, .scale_bits = 32, .zero_point_bits = 8}), 40, 120, 30));
    CHECK(is(hw::footprint<affine<2>>(3, 5, {.size = 100}), 6, 6, 0));
    CHECK(is(hw::footprint<affine<4>>(3, 0, {.size = 32}), 0, 0, 0));
    CHECK(is(hw::footprint<affine<4>>(3, 8, {.size = 8, .zero_point_bits = 4}), 12, 6, 2));

    CHECK(hw::fits(hw::footprint<bf16>(40000, 1000000).total(), hw::gigabytes(80)));
    CHECK(!hw::fits(hw::footprint<fp32>(40000, 1000000).total(), hw::gigabytes(80)));
    CHECK(hw::fits(hw::footprint<fp32>(40000, 1000000).total(), hw::system_total(hw::gigabytes(80), hw::chips(2))));

    const auto refused = [](auto call) { return message_of<std::invalid_argument>(call); };
    const std::uint64_t huge = std::uint64_t{1} << 40;
    CHECK(refused([&] { static_cast<void>(hw::footprint<bf16>(huge, huge)); }) ==
          "lowprec::hardware::footprint: 1099511627776 x 1099511627776 numbers of 16 bits are more than 2^50 bytes");
    CHECK(hw::footprint<e4m3>(std::uint64_t{1} << 24, std::uint64_t{1} << 25).codes.value() == 562949953421312);
    CHECK(refused([&] { static_cast<void>(hw::footprint<e4m3>(std::uint64_t{1} << 25, std::uint64_t{1} << 25)); }) ==
          "lowprec::hardware::footprint: 33554432 x 33554432 numbers of 8 bits are more than 2^50 bytes");
    CHECK(refused([&] { static_cast<void>(hw::footprint<nvfp4>(huge, huge)); }) != "");
    CHECK(refused([&] { static_cast<void>(hw::footprint<nvfp4>(1, ~std::uint64_t{0})); }) != "");
    CHECK(refused([&] { static_cast<void>(hw::footprint<affine<4>>(huge, huge)); }) != "");
    CHECK(refused([&] { static_cast<void>(hw::footprint<affine<4>>(1, ~std::uint64_t{0})); }) != "");
    CHECK(refused([] { static_cast<void>(hw::footprint<affine<4>>(4, 4, {.scale_bits = 0})); }) ==
          "lowprec::hardware::footprint: scales of 0 bits and zero points of 0 bits");
}

TEST_CASE("hardware: ridge points and rooflines") {
    const hw::accelerator& h100 = hw::accelerator_named("H100 SXM");
    const hw::accelerator& h20 = hw::accelerator_named("H20");
    CHECK(near(hw::ridge_point(h100, f::bf16)->value(), 989.0 / 3.35));
    CHECK(near(hw::ridge_point(h20, f::e4m3)->value(), 74));
    CHECK(near(
        hw::ridge_point(hw::accelerator_named("RTX 4090"), f::fp16, {.accumulator = hw::accumulate::fp16})->value(),
        330.0 / 1.008));
    CHECK(!hw::ridge_point(h20, f::nvfp4));

    // at the ridge point both take as long
    const hw::time_bound even =
        hw::roofline(hw::tera_ops(2), hw::terabytes_per_second(1), hw::op_count::of(2e12), hw::byte_count::of(1e12));
    CHECK(even.total().value() == 1);
    CHECK(even.binds() == hw::bound::compute);
    const hw::time_bound above =
        hw::roofline(hw::tera_ops(2), hw::terabytes_per_second(1), hw::op_count::of(2e12), hw::byte_count::of(3e12));
    CHECK(above.total().value() == 3);
    CHECK(above.binds() == hw::bound::memory);

    // 4096 x 4096 bf16: 33554432 operations a token, 33554432 bytes of weights, 8192 in and out a token
    const hw::linear_layer one{4096, 4096, 1}, many{4096, 4096, 1024};
    CHECK(hw::operations(one).value() == 33554432);
    const hw::time_bound decode = hw::layer_bound<bf16, bf16>(h100, one);
    CHECK(near(decode.memory.value(), 33570816 / 3.35e12));
    CHECK(near(decode.compute.value(), 33554432 / 989e12));
    CHECK(decode.binds() == hw::bound::memory);
    CHECK(decode.total() == decode.memory);
    const hw::time_bound prefill = hw::layer_bound<bf16, bf16>(h100, many);
    CHECK(near(prefill.compute.value(), 34359738368.0 / 989e12));
    CHECK(near(prefill.memory.value(), 50331648 / 3.35e12));
    CHECK(prefill.binds() == hw::bound::compute);

    // W4A16: the weights' bytes, the inputs' rate
    CHECK(hw::weight_bytes<affine<4>>(one, {.size = 128, .zero_point_bits = 4}).value() == 8716288);
    const hw::time_bound w4 = hw::layer_bound<affine<4>, bf16>(h100, one, {.size = 128, .zero_point_bits = 4});
    CHECK(near(w4.memory.value(), (8716288 + 2 * 8192) / 3.35e12));
    CHECK(near(w4.compute.value(), 33554432 / 989e12));
    // W8A8: a scale of 16 bits for each row of weights and for the token
    const hw::time_bound w8 = hw::layer_bound<affine<8>, affine<8>>(h20, one);
    CHECK(near(w8.memory.value(), (16777216 + 8192 + 4096 + 2 + 8192) / 4e12));
    CHECK(near(w8.compute.value(), 33554432 / 296e12));
    // NVFP4 on B200, sparse, fp16 out: 9437188 bytes of weights, 2048 + 256 + 4 of inputs
    const hw::time_bound b200 =
        hw::layer_bound<nvfp4, nvfp4, fp16>(hw::accelerator_named("B200"), one, {}, {.zeros = hw::sparsity::sparse});
    CHECK(near(b200.memory.value(), (9437188 + 2308 + 8192) / 7.7e12));
    CHECK(near(b200.compute.value(), 33554432 / 18e15));

    // of a whole system, with rates of its own type
    const hw::time_bound node = hw::roofline(hw::system_total(hw::tera_ops(989), hw::chips(8)),
                                             hw::system_total(hw::terabytes_per_second(3.35), hw::chips(8)),
                                             hw::op_count::of(8 * 989e12), hw::byte_count::of(8 * 6.7e12));
    CHECK(near(node.compute.value(), 1));
    CHECK(near(node.memory.value(), 2));
}

TEST_CASE("hardware: what lacks is named") {
    const hw::accelerator& h20 = hw::accelerator_named("H20");
    const auto refused = [](auto call) { return message_of<std::invalid_argument>(call); };
    CHECK(refused([] { static_cast<void>(hw::accelerator_named("H21")); }) ==
          "lowprec::hardware::accelerator_named: no accelerator \"H21\"");
    CHECK(hw::find_accelerator("H21") == nullptr);
    CHECK(refused([&] {
              static_cast<void>(hw::roofline(h20, f::e4m3, hw::op_count::of(1), hw::byte_count::of(1),
                                             {.zeros = hw::sparsity::sparse}));
          }) == "lowprec::hardware::roofline: H20 has no known sparse rate of e4m3 accumulated in fp32");
    CHECK(refused([&] {
              static_cast<void>(hw::layer_bound<nvfp4, nvfp4>(h20, {1, 16, 1}));
          }) == "lowprec::hardware::roofline: H20 has no known dense rate of nvfp4 accumulated in fp32");
    CHECK(
        refused([&] {
            static_cast<void>(hw::layer_bound<fp16, fp16>(h20, {1, 16, 1}, {}, {.accumulator = hw::accumulate::fp16}));
        }) == "lowprec::hardware::roofline: H20 has no known dense rate of fp16 accumulated in fp16");
    hw::accelerator unknown = h20;
    unknown.name = "a chip of mine";
    unknown.bandwidth = {};
    CHECK(refused([&] {
              static_cast<void>(hw::layer_bound<fp16, fp16>(unknown, {1, 16, 1}));
          }) == "lowprec::hardware::roofline: a chip of mine has no known memory bandwidth");
    CHECK(!hw::ridge_point(unknown, f::fp16));
}
