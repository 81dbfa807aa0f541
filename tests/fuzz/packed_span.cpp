// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Packed codes: any sequence of writes, parts and conversions does to the bytes what it does to an array of codes.
// needs: simd
#include <lowprec/simd.hpp>
#include <stdexcept>
#include <vector>

#include "fuzz.hpp"

namespace {

using namespace lowprec;
using fuzz::promise;

template <class F, nibble_order Order>
void check(fuzz::input& in) {
    const std::size_t count = in.up_to(90);
    const fuzz::exact_block<std::byte> bytes(packed_bytes<F>(count));
    const fuzz::exact_block<F> codes(count);
    for (F& code : codes.span()) code = F::from_bits(in.take<std::uint8_t>());
    pack<Order>(codes.span(), bytes.span());
    packed_span<F, Order> all(bytes.span(), count);

    while (!in.empty()) {
        const std::size_t offset = in.up_to(95), size = in.up_to(95);
        packed_span<F, Order> part;
        try {
            part = all.subspan(offset, size);
            promise(offset <= count && size <= count - offset, "a part that isn't there is refused");
        } catch (const std::invalid_argument&) {
            promise(offset > count || size > count - offset, "a part that is there is given");
            continue;
        }
        const auto operation = in.take<std::uint8_t>() % 5;
        if (operation == 0) {
            const fuzz::exact_block<float> floats(size);
            for (float& x : floats.span()) x = in.number();
            lowprec::convert(floats.span(), part);
            for (std::size_t i = 0; i < size; ++i) codes[offset + i] = convert<F>(floats[i]);
        } else if (operation == 1) {
            const fuzz::exact_block<float> floats(size);
            lowprec::convert(part, floats.span());
            for (std::size_t i = 0; i < size; ++i)
                promise(fuzz::same_bits(floats[i], convert<float>(codes[offset + i])), "packed codes become floats");
        } else if (operation == 2 && size != 0) {
            const std::size_t i = in.up_to(static_cast<unsigned>(size - 1));
            const F code = F::from_bits(in.take<std::uint8_t>());
            part[i] = code;
            codes[offset + i] = code;
        } else if (operation == 3 && size != 0) {
            const std::size_t i = in.up_to(static_cast<unsigned>(size - 1)),
                              j = in.up_to(static_cast<unsigned>(size - 1));
            swap(part[i], part[j]);
            std::swap(codes[offset + i], codes[offset + j]);
        } else {
            std::size_t i = 0;
            for (const F code : part) promise(code.bits() == codes[offset + i++].bits(), "a loop gives the codes");
            promise(i == size, "a loop gives all codes");
        }
    }

    const fuzz::exact_block<F> unpacked(count);
    unpack<Order>(bytes.span(), unpacked.span());
    for (std::size_t i = 0; i < count; ++i) promise(unpacked[i].bits() == codes[i].bits(), "codes come back");
    if (count != 0) {
        const std::size_t used = count * F::width % 8;
        const auto last = static_cast<unsigned>(bytes[packed_bytes<F>(count) - 1]);
        if (used != 0 && Order == nibble_order::low_first)
            promise(last >> used == 0, "bits after the last code stay zero");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    switch (in.take<std::uint8_t>() % 4) {
    case 0: check<e2m1, nibble_order::low_first>(in); break;
    case 1: check<e2m1, nibble_order::high_first>(in); break;
    case 2: check<e3m2, nibble_order::low_first>(in); break;
    default: check<p3109<5, 3, p3109_kind::se>, nibble_order::low_first>(in);
    }
    return 0;
}
