// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Prints the tables of docs/blocks.md in Markdown. All of it is computed here; scripts/check_docs keeps page and program equal.
//
//   block_tables rows | scales | nvfp4 | specials
#include <cmath>
#include <cstdio>
#include <limits>
#include <lowprec/quantize_block.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace lowprec;

template <class Function>
void for_each_row(Function&& f) {
    [&]<class... Bs>(std::type_identity<std::tuple<Bs...>>) {
        (f.template operator()<Bs>(), ...);
    }(std::type_identity<all_block_formats>{});
}

template <class Element>
std::string element_name() {
    if constexpr (format<Element>) {
        return std::string(name_of<Element>);
    } else {
        std::string name = std::to_string(Element::lowest) + " to " + std::to_string(Element::highest);
        if (Element::exponent != 0) name += ", times 2^" + std::to_string(Element::exponent);
        return name;
    }
}

template <class B>
const char* rule_name() {
    switch (B::rule) {
    case scale_rule::power_of_two: return "power of two";
    case scale_rule::two_level: return "largest magnitude, and a float for the tensor";
    case scale_rule::largest: return "largest magnitude";
    case scale_rule::signed_largest: return "number of largest magnitude, with its sign";
    case scale_rule::range: return "largest less smallest, and the smallest";
    }
    return "";
}

template <class B>
const char* layout_name() {
    switch (B::layout) {
    case block_layout::separate: return "two arrays";
    case block_layout::interleaved: return "interleaved";
    case block_layout::interleaved_by_4: return "interleaved by four";
    }
    return "";
}

void print_rows() {
    std::puts("| block format | numbers | element | scale | by | bits a number | in memory | source |");
    std::puts("|---|---|---|---|---|---|---|---|");
    for_each_row([]<class B>() {
        std::printf("| `%s` | %d | %s | %s | %s | %g | %s | %s |\n", std::string(name_of<B>).c_str(), B::length,
                    element_name<typename B::element>().c_str(), std::string(name_of<typename B::scale>).c_str(),
                    rule_name<B>(), 8.0 * (B::scale_bytes + B::code_bytes) / B::length, layout_name<B>(),
                    std::string(detail::row_of<B>::source).c_str());
    });
}

template <class B, recipe How>
std::string exponent_of(float amax) {
    const std::vector<float> x{amax};
    return std::to_string(int{quantize_block<B, block_policy{How}>(x).scale.bits()} - 127);
}

template <class B>
void print_scales(std::initializer_list<float> largest) {
    for (const float a : largest)
        std::printf("| %s | %g | %s | %s | %s | %s | %s |\n", std::string(name_of<typename B::element>).c_str(),
                    static_cast<double>(a), exponent_of<B, recipe::exact>(a).c_str(),
                    exponent_of<B, recipe::ceil>(a).c_str(), exponent_of<B, recipe::even>(a).c_str(),
                    exponent_of<B, recipe::rceil>(a).c_str(), exponent_of<B, recipe::compressed_tensors>(a).c_str());
}

void print_scale_rules() {
    std::puts("| element | largest magnitude | `exact`, `floor` | `ceil` | `even` | `rceil` | `compressed_tensors` |");
    std::puts("|---|---|---|---|---|---|---|");
    print_scales<mxfp4>({3, 3.5F, 4, 5, 6, 6.5F, 7});
    print_scales<mxfp8_e4m3>({256, 300, 448, 464, 480, 500});
}

template <class B, block_policy P>
std::string block_text(const std::vector<float>& x, float amax, int codes) {
    const auto b = quantize_block<B, P>(x, tensor_scale<B, P>(amax));
    char text[80];
    int n = std::snprintf(text, sizeof text, "`%0*X`:", int(2 * sizeof(b.scale)), unsigned{b.scale.bits()});
    for (int i = 0; i < codes; ++i)
        n += std::snprintf(text + n, sizeof text - std::size_t(n), " %0*X", (B::element::width + 3) / 4,
                           unsigned{b.codes[i]});
    return text;
}

template <recipe How>
void print_nvfp4_row(const char* name) {
    constexpr block_policy p{How};
    const std::vector<float> zeros(16, 0.0F);
    std::printf("| %s | %s | %s | %s | %s | %s |\n", name, block_text<nvfp4, p>(zeros, 0, 2).c_str(),
                block_text<nvfp4, p>(zeros, 1, 2).c_str(), block_text<nvfp4, p>({6e-6F, 1e-6F}, 1, 2).c_str(),
                block_text<nvfp4, p>({1e-6F, -1e-7F}, 1, 2).c_str(),
                block_text<nvfp4, p>({1, -0.0F, -0.01F}, 1, 3).c_str());
}

void print_nvfp4() {
    std::puts(
        "| recipe | 0, 0 in a tensor of zeros | 0, 0 | 6e-6, 1e-6 | 1e-6, -1e-7 | 1, -0, -0.01: the signs of zeros |");
    std::puts("|---|---|---|---|---|---|");
    print_nvfp4_row<recipe::exact>("`exact`");
    print_nvfp4_row<recipe::transformer_engine>("`transformer_engine`");
    print_nvfp4_row<recipe::modelopt>("`modelopt`");
    print_nvfp4_row<recipe::torchao>("`torchao`");
    print_nvfp4_row<recipe::compressed_tensors>("`compressed_tensors`");
    print_nvfp4_row<recipe::llama_cpp>("`llama_cpp`");
}

template <class B, recipe How>
void print_specials_row(const char* name) {
    constexpr block_policy p{How};
    constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    std::printf("| `%s` | %s | %s | %s | %s |\n", std::string(name_of<B>).c_str(), name,
                block_text<B, p>({nan, 0.5F, 1}, 1, 3).c_str(), block_text<B, p>({infinity, 0.5F, 1}, 1, 3).c_str(),
                block_text<B, p>({-infinity, 0.5F, 1}, 1, 3).c_str());
}

void print_specials() {
    std::puts("| block format | recipe | NaN, 0.5, 1 | infinity, 0.5, 1 | -infinity, 0.5, 1 |");
    std::puts("|---|---|---|---|---|");
    print_specials_row<mxfp4, recipe::exact>("`exact`, the rules of MX");
    print_specials_row<mxfp4, recipe::compressed_tensors>("`compressed_tensors`");
    print_specials_row<nvfp4, recipe::exact>("`exact`");
    print_specials_row<nvfp4, recipe::transformer_engine>("`transformer_engine`");
    print_specials_row<nvfp4, recipe::modelopt>("`modelopt`");
    print_specials_row<nvfp4, recipe::torchao>("`torchao`");
    print_specials_row<nvfp4, recipe::compressed_tensors>("`compressed_tensors`");
    print_specials_row<ggml_nvfp4, recipe::exact>("`exact`");
    print_specials_row<ggml_nvfp4, recipe::ggml>("`ggml`, `llama_cpp`");
    print_specials_row<ggml_mxfp4, recipe::ggml>("`ggml`");
    print_specials_row<q4_0, recipe::exact>("`exact`");
    print_specials_row<q4_0, recipe::ggml>("`ggml`");
    print_specials_row<q4_1, recipe::exact>("`exact`");
    print_specials_row<q4_1, recipe::ggml>("`ggml`");
    print_specials_row<q8_0, recipe::exact>("`exact`");
    print_specials_row<q8_0, recipe::ggml>("`ggml`");
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view table = argc == 2 ? argv[1] : "";
    if (table == "rows")
        print_rows();
    else if (table == "scales")
        print_scale_rules();
    else if (table == "nvfp4")
        print_nvfp4();
    else if (table == "specials")
        print_specials();
    else
        return 1;
    return 0;
}
