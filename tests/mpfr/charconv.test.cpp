// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Formats wider in range than any float of the C library, with MPFR as oracle: its numbers of M + 1 bits, bounded and
// gradual at the format's ends, round a text as the format must.
// needs: mpfr
#include <mpfr.h>

#include <array>
#include <lowprec/charconv.hpp>
#include <lowprec/formats.hpp>
#include <string>
#include <tuple>

#include "support/catch.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;
using std::chars_format;

using wide_formats =
    std::tuple<p3109<16, 1, p3109_kind::ue>, p3109<16, 1, p3109_kind::se>, p3109<16, 2, p3109_kind::uf>,
               p3109<16, 5, p3109_kind::se>, p3109<16, 16, p3109_kind::uf>, p3109<12, 3, p3109_kind::ue>, fp64,
               float_format<1, 16, 20, 32767>, float_format<1, 11, 52, 1023, special::finite>,
               float_format<0, 16, 47, 32768, special::finite>, float_format<0, 16, 47, -32768, special::finite>,
               float_format<1, 15, 48, -32768, special::fn>>;

struct big {
    mpfr_t x;
    explicit big(mpfr_prec_t precision) { mpfr_init2(x, precision); }
    big(const big&) = delete;
    big& operator=(const big&) = delete;
    ~big() { mpfr_clear(x); }
};

// The exact value of a positive finite code.
template <class F>
void set_to(mpfr_t x, std::uint64_t code) {
    const std::uint64_t field = code >> F::mantissa_bits;
    const std::uint64_t hidden = field != 0 ? std::uint64_t{1} << F::mantissa_bits : 0;
    const long exponent = static_cast<long>(field != 0 ? field : 1) - F::bias - F::mantissa_bits;
    mpfr_set_ui_2exp(x, (code & F::mantissa_mask) | hidden, exponent, MPFR_RNDN);
}

// The text rounded by MPFR to F: true and the value, or false beyond the largest value or at zero.
template <class F>
bool oracle_reads(mpfr_t x, const std::string& text) {
    const mpfr_exp_t low = mpfr_get_emin();
    const mpfr_exp_t high = mpfr_get_emax();
    mpfr_set_emin(F::min_exponent - F::mantissa_bits + 1);  // MPFR's significands lie in [1/2, 1)
    mpfr_set_emax(F::max_exponent + 2);
    int inexact = mpfr_strtofr(x, text.c_str(), nullptr, 10, MPFR_RNDN);
    inexact = mpfr_check_range(x, inexact, MPFR_RNDN);
    mpfr_subnormalize(x, inexact, MPFR_RNDN);
    mpfr_set_emin(low);
    mpfr_set_emax(high);
    big largest{64};
    set_to<F>(largest.x, F::largest_code);
    return !mpfr_zero_p(x) && mpfr_cmp(x, largest.x) <= 0;
}

template <class F>
std::string text_of(F x, chars_format fmt) {
    std::array<char, 64> buffer;
    const auto result = to_chars(buffer.data(), buffer.data() + buffer.size(), x, fmt);
    return {buffer.data(), result.ptr};
}

template <class F>
bool reads_as(const std::string& text, std::uint64_t code) {
    F value{};
    const auto result = from_chars(text.data(), text.data() + text.size(), value);
    return result.ec == std::errc{} && value.bits() == code;
}

}  // namespace

TEST_CASE("texts are read into wide formats as MPFR rounds them") {
    tally result;
    std::uint64_t expected = 0;
    random_bits random{30};
    for_each_format<wide_formats>([&]<class F>(F) {
        big x{F::mantissa_bits + 1};
        for (int i = 0; i < 400; ++i, ++expected) {
            std::string text = std::to_string(random() % 10) + "." + std::to_string(random());
            if (i % 8 == 0)
                for (int more = 0; more < 40; ++more) text += std::to_string(random());
            // the whole range, and a little on both sides
            const int low = std::numeric_limits<F>::min_exponent10 - 20;
            const int span = std::numeric_limits<F>::max_exponent10 + 4 - low;
            const int exponent = low + static_cast<int>(random() % static_cast<std::uint64_t>(span));
            text += "e" + std::to_string(exponent);
            F value = F::from_bits(7);
            const auto read = from_chars(text.data(), text.data() + text.size(), value);
            if (!oracle_reads<F>(x.x, text)) {
                result.equal(read.ec == std::errc::result_out_of_range && value.bits() == 7, true, name_of<F>, text);
                continue;
            }
            big ours{64};
            set_to<F>(ours.x, value.bits());
            result.equal(read.ec == std::errc{} && mpfr_equal_p(ours.x, x.x) != 0, true, name_of<F>, text);
        }
    });
    CHECK_TALLY(result, expected);
}

TEST_CASE("wide formats' texts read back, and none is shorter") {
    tally result;
    std::uint64_t expected = 0;
    random_bits random{31};
    for_each_format<wide_formats>([&]<class F>(F) {
        big x{64};
        for (int i = 0; i < 200; ++i) {
            const std::uint64_t code = i == 0   ? F::smallest_code
                                       : i == 1 ? F::largest_code
                                       : i == 2 ? F::smallest_normal_code
                                                : F::smallest_code + random() % F::largest_code;
            const F value = F::from_bits(static_cast<typename F::storage_type>(code));
            const std::string text = text_of(value, chars_format::scientific);
            result.equal(reads_as<F>(text, code), true, name_of<F>, code, text);
            result.equal(reads_as<F>(text_of(value, chars_format::general), code), true, name_of<F>, code);
            expected += 2;
            set_to<F>(x.x, code);
            std::size_t digits = 0;
            while (text[digits] != 'e') ++digits;
            if (digits > 1) --digits;  // the point
            const auto neighbour = [&](std::size_t count, mpfr_rnd_t direction) {
                mpfr_exp_t exponent = 0;
                char* const characters = mpfr_get_str(nullptr, &exponent, 10, count, x.x, direction);
                const std::string decimal = "0." + std::string(characters) + "e" + std::to_string(exponent);
                mpfr_free_str(characters);
                return decimal;
            };
            // mpfr_get_str writes at least one digit
            if (digits > 1) {
                result.equal(reads_as<F>(neighbour(digits - 1, MPFR_RNDD), code), false, name_of<F>, code, text,
                             "down");
                result.equal(reads_as<F>(neighbour(digits - 1, MPFR_RNDU), code), false, name_of<F>, code, text, "up");
                expected += 2;
            }
            // and the nearest with as many digits is the one written, if it reads back at all
            const std::string nearest = neighbour(digits, MPFR_RNDN);
            if (reads_as<F>(nearest, code)) {
                big written{64};
                big rounded{64};
                mpfr_strtofr(written.x, text.c_str(), nullptr, 10, MPFR_RNDN);
                mpfr_strtofr(rounded.x, nearest.c_str(), nullptr, 10, MPFR_RNDN);
                result.equal(mpfr_equal_p(written.x, rounded.x) != 0, true, name_of<F>, code, text, nearest);
                ++expected;
            }
        }
    });
    CHECK_TALLY(result, expected);
}
