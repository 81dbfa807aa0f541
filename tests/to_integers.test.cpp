// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Every row, float and double to integers of every width: rounded by the policy, saturating, NaN is 0.
#include <lowprec/convert.hpp>

#include "support/integers.hpp"
#include "support/sweep.hpp"

namespace {

using namespace lowprec;
using oracle::for_each_integer;
using oracle::to_integer;
using oracle::wide;

template <class F>
void to_integers(std::uint64_t stride) {
    const oracle::row& r = oracle::format_of<F>().description();
    oracle::tally codes{std::string{name_of<F>} + " to integers"};
    for_each_integer([&]<class Integer>(oracle::type<Integer>) {
        for (std::uint64_t code = 0; code < r.codes(); code += stride) {
            const F x = F::from_bits(static_cast<typename F::storage_type>(code));
            const oracle::source s = oracle::decode(r, code);
            for (const rounding round : oracle::directions) {
                const policy p{.round = round};
                codes.code(static_cast<wide>(convert<Integer>(x, p)), static_cast<wide>(to_integer<Integer>(s, p)),
                           code, p);
            }
        }
    });
    codes.check(10 * 6 * (r.codes() / stride));
}

}  // namespace

TEST_CASE("every code of the rows of at most 16 bits rounds to every integer type, and saturates") {
    oracle::for_each_format<1, 15>([]<class F>(oracle::type<F>) { to_integers<F>(1); });
    oracle::for_each_format<16, 16>([]<class F>(oracle::type<F>) { to_integers<F>(7); });
    oracle::for_each_format<17, 19>([]<class F>(oracle::type<F>) { to_integers<F>(61); });
}

TEST_CASE("doubles and floats around every power of two round to every integer type, and saturate") {
    oracle::tally codes{"floats to integers"};
    for_each_integer([&]<class Integer>(oracle::type<Integer>) {
        for (std::uint64_t field = 0; field<2047; field += field> 1010 && field < 1160 ? 1 : 89)
            for (const std::uint64_t fraction :
                 {0ULL, 1ULL, 0x8000000000000ULL, 0x8000000000001ULL, 0xFFFFFFFFFFFFFULL, 0xFFFFFFFFFFFFEULL,
                  0x7FFFFFFFFFFFFULL, 0xC000000000000ULL, 0x4000000000000ULL, 0xFFFFFFFF80000ULL})
                for (const std::uint64_t sign : {0ULL, 1ULL << 63})
                    for (const rounding round : oracle::directions) {
                        const policy p{.round = round};
                        const std::uint64_t bits = sign | (field << 52) | fraction;
                        const double d = oracle::as_double(bits);
                        codes.code(static_cast<wide>(convert<Integer>(d, p)),
                                   static_cast<wide>(to_integer<Integer>(oracle::source_of(d), p)), bits, p);
                        const float x = convert<float>(d, policy{.round = rounding::to_odd});
                        codes.code(static_cast<wide>(convert<Integer>(x, p)),
                                   static_cast<wide>(to_integer<Integer>(oracle::source_of(x), p)), bits, p);
                    }
    });
    codes.check(100000);
}

TEST_CASE("static_cast to an integer truncates, NaN is 0, the rest saturates") {
    oracle::tally codes{"static_cast"};
    oracle::for_each_format<1, 8>([&]<class F>(oracle::type<F>) {
        const oracle::row& r = oracle::format_of<F>().description();
        for (std::uint64_t code = 0; code < r.codes(); ++code) {
            const F x = F::from_bits(static_cast<typename F::storage_type>(code));
            const policy p{.round = rounding::toward_zero};
            const oracle::source s = oracle::decode(r, code);
            codes.code(static_cast<wide>(static_cast<int>(x)), static_cast<wide>(to_integer<int>(s, p)), code, p);
            codes.code(static_cast<unsigned char>(x), to_integer<unsigned char>(s, p), code, p);
            codes.code(static_cast<wide>(static_cast<long long>(x)), static_cast<wide>(to_integer<long long>(s, p)),
                       code, p);
        }
    });
    codes.check(5000);
}
