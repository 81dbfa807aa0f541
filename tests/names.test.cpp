// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
#include <lowprec/names.hpp>
#include <set>
#include <string>

#include "support/catch.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

std::string found(std::string_view name) {
    std::string result = "none";
    visit_format(name, [&]<class F>(std::type_identity<F>) { result = name_of<F>; });
    return result;
}

std::string found_p3109(std::string_view name) {
    std::string result = "none";
    visit_p3109<16>(name, [&]<class F>(std::type_identity<F>) { result = name_of<F>; });
    return result;
}

}  // namespace

TEST_CASE("every row is found by its own name") {
    tally result;
    for_each_format<all_formats>([&]<class F>(F) { result.equal(found(name_of<F>) == name_of<F>, true, name_of<F>); });
    CHECK_TALLY(result, std::tuple_size_v<all_formats>);
}

TEST_CASE("every spelling is found, and none stands for two formats") {
    std::set<std::string_view> seen;
    for_each_format<all_formats>([&]<class F>(F) { seen.insert(name_of<F>); });
    for (const spelling& s : spellings) {
        INFO(s.name);
        CHECK(seen.insert(s.name).second);
        CHECK(found(s.name) != "none");
        CHECK_FALSE(s.system.empty());
    }
}

TEST_CASE("other systems' spellings mean what those systems mean") {
    CHECK(found("float8_e4m3fn") == "e4m3");
    CHECK(found("Float8E4M3FN") == "e4m3");
    CHECK(found("FLOAT8E4M3FN") == "e4m3");
    CHECK(found("__nv_fp8_e4m3") == "e4m3");
    CHECK(found("__hip_fp8_e4m3") == "e4m3");
    CHECK(found("float_e4m3_t") == "e4m3");
    CHECK(found("F8_E4M3") == "e4m3");
    CHECK(found("float8_e4m3") == "e4m3_ieee");  // the trap: with infinities
    CHECK(found("Float8E4M3") == "e4m3_ieee");
    CHECK(found("float8_e4m3fnuz") == "e4m3_fnuz");
    CHECK(found("__hip_fp8_e5m2_fnuz") == "e5m2_fnuz");
    CHECK(found("float8_e4m3b11fnuz") == "e4m3b11_fnuz");
    CHECK(found("F8_E5M2") == "e5m2");
    CHECK(found("F8_E8M0") == "e8m0");
    CHECK(found("float_ue8m0_t") == "e8m0");
    CHECK(found("float_ue4m3_t") == "ue4m3");
    CHECK(found("F6_E2M3") == "e2m3");
    CHECK(found("F6_E3M2") == "e3m2");
    CHECK(found("F4") == "e2m1");
    CHECK(found("BF16") == "bf16");
    CHECK(found("F16") == "fp16");
    CHECK(found("F32") == "fp32");
    CHECK(found("F64") == "fp64");
    CHECK(found("float") == "fp32");
    CHECK(found("tfloat32") == "tf32");
}

TEST_CASE("what is ambiguous or unknown is not found, and nothing is called") {
    for (const std::string_view name :
         {"", "E4M3", "e4m3fn", "F8", "float8", "FP8", "int8", "F8_E4M3 ", "f8_e4m3", "E4M"}) {
        INFO(name);
        bool called = false;
        CHECK_FALSE(visit_format(name, [&](auto) { called = true; }));
        CHECK_FALSE(called);
    }
    CHECK(visit_format("F8_E4M3", [](auto) {}));
}

TEST_CASE("the aliases are the types that their names find") {
    const auto same = []<class F>(std::type_identity<F>, std::string_view name) {
        bool result = false;
        visit_format(name, [&]<class G>(std::type_identity<G>) { result = std::is_same_v<F, G>; });
        return result;
    };
#define LOWPREC_SAME(name) CHECK(same(std::type_identity<names::name>{}, #name))
    LOWPREC_SAME(float64);
    LOWPREC_SAME(float32);
    LOWPREC_SAME(float16);
    LOWPREC_SAME(bfloat16);
    LOWPREC_SAME(float8_e5m2);
    LOWPREC_SAME(float8_e4m3fn);
    LOWPREC_SAME(float8_e4m3);
    LOWPREC_SAME(float8_e3m4);
    LOWPREC_SAME(float8_e4m3fnuz);
    LOWPREC_SAME(float8_e5m2fnuz);
    LOWPREC_SAME(float8_e4m3b11fnuz);
    LOWPREC_SAME(float8_e8m0fnu);
    LOWPREC_SAME(float6_e3m2fn);
    LOWPREC_SAME(float6_e2m3fn);
    LOWPREC_SAME(float4_e2m1fn);
    LOWPREC_SAME(half);
    LOWPREC_SAME(tfloat32);
#undef LOWPREC_SAME
}

TEST_CASE("every member of the P3109 family is found by its name, and no other name is") {
    tally result;
    int members = 0;
    for (int k = 0; k <= 20; ++k) {
        for (int p = 0; p <= 20; ++p) {
            for (const std::string letters : {"se", "sf", "ue", "uf", "s", "es", ""}) {
                const std::string tail = "inary" + std::to_string(k) + "p" + std::to_string(p) + letters;
                const bool is_member = k >= 3 && k <= 16 && p >= 1 && letters.size() == 2 && letters != "es" &&
                                       p <= (letters[0] == 's' ? k - 1 : k);
                members += is_member ? 1 : 0;
                // two members are rows of the table, which have names of their own
                const std::string name = tail == "inary8p4sf"   ? "e4m3_fnuz"
                                         : tail == "inary8p3sf" ? "e5m2_fnuz"
                                                                : "b" + tail;
                result.equal(found_p3109("b" + tail) == (is_member ? name : "none"), true, tail);
                result.equal(found_p3109("B" + tail) == (is_member ? name : "none"), true, tail);
                result.equal(visit_p3109("b" + tail, [](auto) {}), is_member && k <= 8, tail);
            }
        }
    }
    CHECK(members == 504);
    CHECK_TALLY(result, 3u * 21 * 21 * 7);
    for (const std::string_view name :
         {"binary08p3se", "binary8p03se", "binary8p3se ", "binary8p3SE", "8p3se", "binary", ""})
        CHECK(found_p3109(name) == "none");
}

TEST_CASE("visit_format calls f<F>(), f(F{}) or f(std::type_identity<F>{})", "[names]") {
    int width = 0;
    CHECK(visit_format("float4_e2m1fn", [&]<class F>() { width = F::width; }));
    CHECK(width == 4);
    CHECK(visit_format("bfloat16", [&](auto value) { width = decltype(value)::width; }));
    CHECK(width == 16);
    CHECK(visit_format("tf32", [&](auto tag) { width = decltype(tag)::type::width; }));
    CHECK(width == 19);
    CHECK(visit_format("float6_e2m3fn", [&]<class F>(std::type_identity<F>) { width = F::width; }));
    CHECK(width == 6);
}
