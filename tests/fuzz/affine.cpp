// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Affine integers: any range, scale, zero point and number, by every recipe, give a code of the range and a finite number back.
#include <lowprec/affine.hpp>
#include <stdexcept>

#include "fuzz.hpp"

namespace {

using namespace lowprec;
using fuzz::promise;

template <integer_recipe R, class A>
concept has_range = requires {
    A::template from_range<R>(0.0F, 1.0F);
};
template <integer_recipe R, class A>
concept has_amax = requires {
    A::template from_amax<R>(1.0F);
};
template <integer_recipe R, class A>
concept has_codes = requires(A a) {
    a.template quantize<R>(1.0F);
};

template <integer_recipe R, class A>
void codes_of(const A& parameters, fuzz::input& in) {
    const float x = in.number();
    const auto code = parameters.template quantize<R>(x);
    promise(code >= A::lowest && code <= A::highest, "a code is one of the range");
    promise(A::from_bits(A::to_bits(code)) == code, "a code comes back from its bits");
    promise(fuzz::is_finite(parameters.dequantize(code)), "a code stands for a finite number");
    promise(
        isfinite(parameters.template dequantize<fp16>(code)) && isfinite(parameters.template dequantize<bf16>(code)),
        "a code stands for a finite number of 16 bits");
    if constexpr (R == integer_recipe::exact) {
        if (parameters.usable()) {
            const auto zero = parameters.quantize(0.0F);
            promise(zero == parameters.zero_point && fuzz::same_bits(parameters.dequantize(zero), 0.0F),
                    "zero has a code");
            promise(fuzz::is_nan(x) ? code == zero : true, "NaN has the code of zero");
            // up and down, unless the number saturates
            const float further = in.number();
            if (x <= further) promise(code <= parameters.quantize(further), "codes are in the order of the numbers");
        }
    }
}

template <integer_recipe R, class A, class Scale>
void check(fuzz::input& in) {
    const auto way = in.take<std::uint8_t>() % 4;
    if (way == 0) {
        if constexpr (has_codes<R, A>) codes_of<R>(A{in.take<float>(), in.take<std::int32_t>()}, in);
        return;
    }
    const float a = in.number(), b = in.number();
    const bool sound = fuzz::is_finite(a) && fuzz::is_finite(b) && a <= b;
    try {
        if (way == 1) {
            if constexpr (has_amax<R, A>) {
                const auto parameters = A::template from_amax<R, Scale>(b);
                promise(fuzz::is_finite(b), "a largest magnitude that isn't finite is refused");
                promise(fuzz::is_finite(parameters.scale), "a scale is finite");
                if (R == integer_recipe::exact) promise(parameters.usable(), "exact parameters can be used");
                codes_of<R>(parameters, in);
            }
        } else {
            if constexpr (has_range<R, A>) {
                const auto parameters = A::template from_range<R, Scale>(a, b);
                promise(sound, "a range that is none is refused");
                promise(fuzz::is_finite(parameters.scale), "a scale is finite");
                promise(parameters.zero_point >= A::lowest && parameters.zero_point <= A::highest, "zero has a code");
                if (R == integer_recipe::exact) promise(parameters.usable(), "exact parameters can be used");
                codes_of<R>(parameters, in);
            }
        }
    } catch (const std::invalid_argument&) {
        promise(!(way == 1 ? fuzz::is_finite(b) : sound), "a sound range is taken");
    }
}

template <class A, class Scale>
void with_recipe(unsigned which, fuzz::input& in) {
    const auto how = static_cast<integer_recipe>(which % (static_cast<unsigned>(integer_recipe::ggml) + 1));
    switch (how) {
#define LOWPREC_CASE(name) \
    case integer_recipe::name: check<integer_recipe::name, A, Scale>(in); break
        LOWPREC_CASE(exact);
        LOWPREC_CASE(onnx);
        LOWPREC_CASE(pytorch);
        LOWPREC_CASE(tflite);
        LOWPREC_CASE(gemmlowp);
        LOWPREC_CASE(tensorrt);
        LOWPREC_CASE(compressed_tensors);
        LOWPREC_CASE(gptq);
        LOWPREC_CASE(awq);
        LOWPREC_CASE(ggml);
#undef LOWPREC_CASE
    }
}

template <integer_codes Codes>
void with_bits(fuzz::input& in) {
    const auto which = in.take<std::uint8_t>();
    switch (in.take<std::uint8_t>() % 6) {
    case 0: with_recipe<affine<8, Codes>, fp32>(which, in); break;
    case 1: with_recipe<affine<4, Codes>, fp32>(which, in); break;
    case 2: with_recipe<affine<3, Codes>, bf16>(which, in); break;
    case 3: with_recipe<affine<2, Codes>, fp32>(which, in); break;
    case 4: with_recipe<affine<8, Codes>, fp16>(which, in); break;
    default: with_recipe<affine<4, Codes>, fp16>(which, in);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    while (!in.empty()) {
        switch (in.one_of(integer_codes::unsigned_narrow)) {
        case integer_codes::signed_full: with_bits<integer_codes::signed_full>(in); break;
        case integer_codes::signed_narrow: with_bits<integer_codes::signed_narrow>(in); break;
        case integer_codes::unsigned_full: with_bits<integer_codes::unsigned_full>(in); break;
        case integer_codes::unsigned_narrow: with_bits<integer_codes::unsigned_narrow>(in); break;
        }
    }
    return 0;
}
