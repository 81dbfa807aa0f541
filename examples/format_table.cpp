// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Prints the table of formats in Markdown, every cell computed from the type. The README's copy is this program's output;
// scripts/check_docs keeps the two equal.
#include <cmath>
#include <cstdio>
#include <limits>
#include <lowprec/lowprec.hpp>
#include <string>
#include <tuple>

namespace {

// A positive value: a short decimal, a power of two, or a multiple of one.
std::string show(double value) {
    int exponent = 0;
    const double significand = 2 * std::frexp(value, &exponent);
    --exponent;
    char text[64];
    const std::string power = "2^" + std::to_string(exponent);
    if (value >= 1 && value < 1e6) {
        std::snprintf(text, sizeof text, "%.10g", value);
    } else if (significand == 1) {
        return power;
    } else if (significand < 1.99) {
        std::snprintf(text, sizeof text, "%.10g&middot;%s", significand, power.c_str());
    } else {
        std::snprintf(text, sizeof text, "(2 - 2^%d)&middot;%s", std::ilogb(2 - significand), power.c_str());
    }
    return text;
}

template <class F>
std::string code(F x) {
    char text[32];
    std::snprintf(text, sizeof text, "`%0*llX`", (F::width + 3) / 4, static_cast<unsigned long long>(x.bits()));
    return text;
}

template <class F>
void print_row() {
    using limits = std::numeric_limits<F>;
    const F largest = (limits::max)();
    const bool becomes_infinite = lowprec::isinf(largest + largest);
    std::printf("| `%s` | %d | %d/%d/%d | %d | %s | %s | %s | %s | %s | %s | %s | %s |\n",
                std::string(lowprec::name_of<F>).c_str(), F::width, F::sign_bits, F::exponent_bits, F::mantissa_bits,
                F::bias, show(double(largest)).c_str(), show(double((limits::min)())).c_str(),
                F::has_subnormals ? show(double(limits::denorm_min())).c_str() : "none",
                becomes_infinite ? "infinity" : "largest", F::has_infinity ? code(limits::infinity()).c_str() : "none",
                F::has_nan ? code(limits::quiet_NaN()).c_str() : "none",
                F::has_negative_zero ? code(F::from_bits(F::sign_mask)).c_str() : "none",
                std::string(lowprec::detail::row_of<F>::source).c_str());
}

template <class... Fs>
void print_rows(std::tuple<Fs...>*) {
    (print_row<Fs>(), ...);
}

}  // namespace

int main() {
    std::puts(
        "| name | bits | S/E/M | bias | largest | smallest normal | smallest subnormal | past the range | infinity | "
        "NaN "
        "| -0 | source |");
    std::puts("|---|---|---|---|---|---|---|---|---|---|---|---|");
    print_rows(static_cast<lowprec::all_formats*>(nullptr));
}
