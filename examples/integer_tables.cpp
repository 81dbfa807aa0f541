// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Prints the computed tables of docs/integers.md in Markdown.
// needs: simd
//
//   integer_tables degenerate | recipes
#include <cstdio>
#include <lowprec/quantize.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace lowprec;

constexpr float largest = 0x1.FFFFFEp127F;
const float infinity = __builtin_inff(), not_a_number = __builtin_nanf("");

using s8 = affine<8>;
using u8 = affine<8, integer_codes::unsigned_full>;
using s4 = affine<4>;

std::string number_text(double x) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", x);
    return text;
}

// "scale, zero point: codes -> numbers" of a row.
template <class A, affine_policy P, class Scale>
std::string result_of(const std::vector<float>& x) {
    const auto m = quantize<A, P, Scale>(x, 1, x.size());
    std::vector<float> back(x.size());
    dequantize(m.view(), back);
    const A p = m.view().group(0);
    std::string text = number_text(static_cast<double>(p.scale)) + ", " + std::to_string(p.zero_point) + ":";
    for (std::size_t i = 0; i < x.size(); ++i) text += " " + std::to_string(m.view().code(0, i));
    if (!x.empty()) text += " →";
    for (const float y : back) text += " " + number_text(static_cast<double>(y));
    return text;
}

void print_degenerate() {
    constexpr affine_policy symmetric{.nan = nan_policy::ignore};
    constexpr affine_policy asymmetric{.range = range_kind::asymmetric, .nan = nan_policy::ignore};
    struct row {
        const char* name;
        std::vector<float> x;
    };
    const row rows[] = {
        {"no numbers", {}},
        {"0, -0", {0.0F, -0.0F}},
        {"a positive constant: 3", {3}},
        {"a negative constant: -3", {-3}},
        {"one sign: 2, 5", {2, 5}},
        {"both ends alike: -4, 4", {-4, 4}},
        {"denormals: 2^-149, -2^-130", {0x1p-149F, -0x1p-130F}},
        {"a scale below 2^-126: 2^-121", {0x1p-121F}},
        {"the largest float and its negative", {largest, -largest}},
        {"1e9: beyond fp16 scales", {1e9F}},
        {"1e-6: below fp16 scales", {1e-6F}},
        {"2, infinity, -infinity", {2, infinity, -infinity}},
        {"2, NaN", {2, not_a_number}},
        {"NaN alone", {not_a_number}},
    };
    std::puts("| numbers | 8 bits, symmetric | 8 bits unsigned, asymmetric | 4 bits, symmetric, scale in fp16 |");
    std::puts("|---|---|---|---|");
    for (const auto& [name, x] : rows)
        std::printf("| %s | %s | %s | %s |\n", name, result_of<s8, symmetric, float>(x).c_str(),
                    result_of<u8, asymmetric, float>(x).c_str(), result_of<s4, symmetric, fp16>(x).c_str());
}

template <class A>
std::string text_of(A found) {
    return number_text(static_cast<double>(found.scale)) + ", " + std::to_string(found.zero_point);
}

template <integer_recipe R>
void print_recipe(const char* name) {
    using r = integer_recipe;
    constexpr bool is_ggml = R == r::ggml, is_trt = R == r::tensorrt;
    // x / scale = 2.5 and 3.5 with even and odd zero points; and the number whose float quotient is a tie
    std::string ties, beside, range = "-", amax8 = "-", amax4 = "-", zero = "-";
    for (const int z : {0, 1}) {
        if ((is_ggml || is_trt) && z != 0) break;  // these are symmetric
        for (const float x : {2.5F, 3.5F, -2.5F})
            ties += (ties.empty() ? "" : " ") + std::to_string(s8{1, z}.quantize<R>(x));
    }
    beside = std::to_string(s8{0x1.0b254ep-13F, 0}.quantize<R>(0x1.b00654p-7F));
    if constexpr (requires { s8::from_amax<R>(1.0F); }) {
        amax8 = number_text(static_cast<double>(s8::from_amax<R>(1.0F).scale));
        amax4 = number_text(static_cast<double>(s4::from_amax<R>(1.0F).scale));
    }
    if constexpr (requires { u8::from_range<R>(0.0F, 1.0F); }) {
        range = text_of(u8::from_range<R>(-1.0F, 2.0F));
        zero = text_of(u8::from_range<R>(0.0F, 0.0F));
    } else if constexpr (requires { s8::from_amax<R>(1.0F); }) {
        zero = text_of(s8::from_amax<R>(0.0F));
    }
    std::printf("| `%s` | %s | %s | %s | %s | %s | %s |\n", name, ties.c_str(), beside.c_str(), amax8.c_str(),
                amax4.c_str(), range.c_str(), zero.c_str());
}

void print_recipes() {
    std::puts(
        "| recipe | 2.5, 3.5, -2.5 by scale 1, zero point 0; then 1 | 0x1.b00654p-7 by 0x1.0b254ep-13 | scale of "
        "amax 1: 8 bits | 4 bits | unsigned, -1 to 2 | of zeros |");
    std::puts("|---|---|---|---|---|---|---|");
    print_recipe<integer_recipe::exact>("exact");
    print_recipe<integer_recipe::onnx>("onnx");
    print_recipe<integer_recipe::pytorch>("pytorch");
    print_recipe<integer_recipe::tflite>("tflite");
    print_recipe<integer_recipe::gemmlowp>("gemmlowp");
    print_recipe<integer_recipe::tensorrt>("tensorrt");
    print_recipe<integer_recipe::compressed_tensors>("compressed_tensors");
    print_recipe<integer_recipe::gptq>("gptq");
    print_recipe<integer_recipe::awq>("awq");
    print_recipe<integer_recipe::ggml>("ggml");
}

}  // namespace

int main(int count, char** arguments) {
    const std::string_view which = count > 1 ? arguments[1] : "";
    if (which == "degenerate") {
        print_degenerate();
    } else if (which == "recipes") {
        print_recipes();
    } else {
        std::fputs("usage: integer_tables degenerate | recipes\n", stderr);
        return 2;
    }
}
