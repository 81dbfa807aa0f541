// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The oracle for the narrow formats is the C library: printf writes and strtold reads exactly enough, and neither shares
// code with lowprec. For fp32 and fp64 it is the standard library's own charconv.
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <lowprec/charconv.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

#include "support/catch.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;
using std::chars_format;

template <class F, class... Format>
std::string text_of(F x, Format... fmt) {
    std::array<char, 12'000> buffer;
    const auto result = to_chars(buffer.data(), buffer.data() + buffer.size(), x, fmt...);
    return result.ec == std::errc{} ? std::string(buffer.data(), result.ptr) : "does not fit";
}

template <class F>
struct reading {
    F value;
    std::ptrdiff_t length;
    std::errc error;
};

// Reads with a value before it that must survive an error.
template <class F>
reading<F> read(std::string_view text, chars_format fmt = chars_format::general, F before = F::from_bits(1)) {
    F value = before;
    const auto result = from_chars(text.data(), text.data() + text.size(), value, fmt);
    return {value, result.ptr - text.data(), result.ec};
}

template <class F>
bool reads(std::string_view text, typename F::storage_type code, chars_format fmt = chars_format::general) {
    const auto r = read<F>(text, fmt, F::from_bits(static_cast<typename F::storage_type>(~code)));
    return r.error == std::errc{} && r.length == static_cast<std::ptrdiff_t>(text.size()) && r.value.bits() == code;
}

template <class F>
bool is_out_of_range(std::string_view text) {
    const auto r = read<F>(text);
    return r.error == std::errc::result_out_of_range && r.length == static_cast<std::ptrdiff_t>(text.size()) &&
           r.value.bits() == 1;
}

template <class F>
bool is_invalid(std::string_view text, chars_format fmt = chars_format::general) {
    const auto r = read<F>(text, fmt);
    return r.error == std::errc::invalid_argument && r.length == 0 && r.value.bits() == 1;
}

template <class F>
bool is_nan(F x) {
    return !(x == x);
}

template <class F>
F code(std::uint64_t bits) {
    return F::from_bits(static_cast<typename F::storage_type>(bits));
}

template <class F>
long double exact(F x) {
    return static_cast<long double>(static_cast<double>(x));
}

// Counts mismatches and describes the first one.
struct mismatches {
    long count = 0;
    std::string first;

    template <class... Parts>
    void add(bool good, const Parts&... parts) {
        if (good || count++ != 0) return;
        std::ostringstream out;
        ((out << parts << ' '), ...);
        first = out.str();
    }
};

// body(std::type_identity<F>) for every row of the table up to `Width` bits
template <int Width, class Body>
void for_rows(Body body) {
    for_each_format<all_formats>([&]<class F>(F) {
        if constexpr (F::width <= Width) body(std::type_identity<F>{});
    });
}

// The digits of a text in scientific notation as an integer, and the power of ten of the last one.
struct decimal {
    long digits = 0;
    int exponent = 0;
    int count = 0;
};

decimal parse_scientific(const std::string& text) {
    decimal result;
    std::size_t i = 0;
    for (bool point = false; i < text.size() && text[i] != 'e'; ++i) {
        if (text[i] == '.') point = true;
        if (text[i] < '0' || text[i] > '9') continue;
        result.digits = 10 * result.digits + (text[i] - '0');
        result.exponent -= point ? 1 : 0;
        ++result.count;
    }
    result.exponent += std::atoi(text.c_str() + i + 1);
    return result;
}

long double value_of(long digits, int exponent) {
    return std::strtold((std::to_string(digits) + "e" + std::to_string(exponent)).c_str(), nullptr);
}

// The numbers that round to the positive code x, by its neighbours' values.
template <class F>
struct interval {
    long double value = 0, low = 0, high = 0;
    bool closed = false;

    explicit interval(F x) : value{exact(x)}, closed{(x.bits() & 1) == 0} {
        const bool first = x.bits() == F::smallest_code;
        const long double below = !first ? exact(code<F>(x.bits() - 1u)) : F::has_zero ? 0 : value / 2;
        const bool last = x.bits() == F::largest_code;
        const long double above = !last                   ? exact(code<F>(x.bits() + 1u))
                                  : F::mantissa_bits == 0 ? 2 * value
                                                          : 2 * value - below;
        low = (below + value) / 2;
        high = (value + above) / 2;
    }
    bool holds(long double y) const { return closed ? low <= y && y <= high : low < y && y < high; }
};

std::string exact_text(long double x) {
    std::array<char, 12'000> buffer;
    const int length = std::snprintf(buffer.data(), buffer.size(), "%.1100Lf", x);
    return {buffer.data(), static_cast<std::size_t>(length)};
}

// The decimal number one unit of the last place lower.
std::string decremented(std::string text) {
    for (auto at = text.rbegin(); at != text.rend(); ++at) {
        if (*at == '.') continue;
        if (*at != '0') {
            --*at;
            break;
        }
        *at = '9';
    }
    return text;
}

}  // namespace

TEST_CASE("every code of the rows up to 19 bits reads back from its text") {
    mismatches wrong;
    for_rows<19>([&]<class F>(std::type_identity<F>) {
        for (std::uint32_t c = 0; c < (1u << F::width); ++c) {
            const F x = code<F>(c);
            for (const auto fmt :
                 {chars_format::general, chars_format::fixed, chars_format::scientific, chars_format::hex}) {
                const std::string text = text_of(x, fmt);
                const auto r = read<F>(text, fmt, code<F>(~c));
                const bool same = is_nan(x) ? is_nan(r.value) : r.value.bits() == x.bits();
                wrong.add(same && r.error == std::errc{} && r.length == static_cast<std::ptrdiff_t>(text.size()),
                          name_of<F>, +x.bits(), text);
            }
        }
    });
    INFO(wrong.first);
    CHECK(wrong.count == 0);
}

TEST_CASE("no decimal with fewer digits reads back, and none with as many is nearer") {
    mismatches wrong;
    for_rows<8>([&]<class F>(std::type_identity<F>) {
        for (std::uint32_t c = F::smallest_code; c <= F::largest_code; ++c) {
            const F x = code<F>(c);
            const interval<F> in{x};
            const std::string text = text_of(x, chars_format::scientific);
            const decimal written = parse_scientific(text);
            const long double distance = std::fabs(value_of(written.digits, written.exponent) - in.value);
            wrong.add(in.holds(value_of(written.digits, written.exponent)), name_of<F>, +x.bits(), text);
            const int top = static_cast<int>(std::floor(std::log10(in.value)));
            long last = 10;
            for (int count = 1; count <= written.count; ++count, last *= 10) {
                for (int exponent = top - count; exponent <= top - count + 3; ++exponent) {
                    for (long digits = last / 10; digits < last; ++digits) {
                        const long double y = value_of(digits, exponent);
                        if (!in.holds(y)) continue;
                        // strtold rounds, so that equal distances may differ by a trifle
                        const long double farther = std::fabs(y - in.value) - distance;
                        const bool tie = std::fabs(farther) < in.value * 1e-15L;
                        const bool same = digits == written.digits && exponent == written.exponent;
                        const bool good =
                            count == written.count && (same || (tie ? written.digits % 2 == 0 : farther > 0));
                        wrong.add(good, name_of<F>, +x.bits(), text, "not", digits, "e", exponent);
                    }
                }
            }
        }
    });
    INFO(wrong.first);
    CHECK(wrong.count == 0);
}

TEST_CASE("the notation is fixed unless scientific is shorter, and integers are written out") {
    mismatches wrong;
    for_rows<16>([&]<class F>(std::type_identity<F>) {
        for (std::uint32_t c = 0; c <= F::largest_code; ++c) {
            const F x = code<F>(c);
            const std::string fixed = text_of(x, chars_format::fixed);
            const std::string scientific = text_of(x, chars_format::scientific);
            const std::string text = text_of(x);
            wrong.add(text == (fixed.size() <= scientific.size() ? fixed : scientific), name_of<F>, +x.bits(), text);
            wrong.add(text == text_of(x, chars_format::general), name_of<F>, +x.bits(), text);
            const long double v = exact(x);
            if (v == std::floor(v))
                wrong.add(fixed + ".0" == exact_text(v).substr(0, fixed.size() + 2), name_of<F>, +x.bits(), fixed);
        }
    });
    INFO(wrong.first);
    CHECK(wrong.count == 0);
    CHECK(text_of(code<e4m3>(0x7E)) == "448");
    CHECK(text_of(code<e5m2>(0x7B)) == "57344");
    CHECK(text_of(code<e4m3>(0x01)) == "0.002");
    CHECK(text_of(code<e5m2>(0x01)) == "2e-05");
    CHECK(text_of(code<e8m0>(0xFE)) == "2e+38");
    CHECK(text_of(code<e2m1>(0xF)) == "-6");
    CHECK(text_of(code<fp16>(0x7BFF)) == "65504");
}

TEST_CASE("an interval across a power of ten gives the nearest single digit") {
    using power = p3109<8, 1, p3109_kind::uf>;  // 8 holds 6 to 12, and 10 has one digit as well
    CHECK(text_of(convert<power>(8)) == "8");
    CHECK(text_of(convert<power>(8), chars_format::scientific) == "8e+00");
    CHECK(text_of(convert<power>(0.125)) == "0.1");
}

TEST_CASE("fp32 and fp64 are written and read as the standard library writes and reads float and double") {
    std::mt19937_64 random{20};
    mismatches wrong;
    const auto check = [&]<class F, class Native>(std::type_identity<F>, Native x, chars_format fmt) {
        const F y = convert<F>(x);
        std::array<char, 400> expected;
        char* end = expected.data() + expected.size();
        end = fmt == chars_format{} ? std::to_chars(expected.data(), end, x).ptr
                                    : std::to_chars(expected.data(), end, x, fmt).ptr;
        std::array<char, 400> buffer;
        char* const last = buffer.data() + buffer.size();
        const auto written =
            fmt == chars_format{} ? to_chars(buffer.data(), last, y) : to_chars(buffer.data(), last, y, fmt);
        const std::string text(buffer.data(), written.ptr);
        wrong.add(text == std::string(expected.data(), end), text);
        F back{};
        from_chars(buffer.data(), written.ptr, back, fmt == chars_format::hex ? fmt : chars_format::general);
        wrong.add(std::isnan(x) || back.bits() == y.bits(), text);
    };
    for (int i = 0; i < 500'000; ++i) {
        const double d = __builtin_bit_cast(double, random());
        const float f = __builtin_bit_cast(float, static_cast<std::uint32_t>(random()));
        check(std::type_identity<fp64>{}, d, chars_format{});
        check(std::type_identity<fp32>{}, f, chars_format{});
        if (i % 16 != 0) continue;
        check(std::type_identity<fp64>{}, d, chars_format::scientific);
        check(std::type_identity<fp32>{}, f, chars_format::fixed);
        // numbers of everyday size, where fixed and scientific compete
        const double everyday =
            std::ldexp(static_cast<double>(random() >> (random() % 64)), static_cast<int>(random() % 80) - 60);
        check(std::type_identity<fp64>{}, everyday, chars_format{});
        check(std::type_identity<fp32>{}, static_cast<float>(everyday), chars_format{});
        check(std::type_identity<fp64>{}, everyday, chars_format::fixed);
        check(std::type_identity<fp64>{}, everyday, chars_format::hex);
    }
    INFO(wrong.first);
    CHECK(wrong.count == 0);
}

TEST_CASE("random decimal and hexadecimal texts are read as the standard library reads them") {
    std::mt19937_64 random{21};
    mismatches wrong;
    const auto check = [&]<class F, class Native>(std::type_identity<F>, Native before, const std::string& text,
                                                  chars_format fmt) {
        Native expected = before;
        const auto theirs = std::from_chars(text.data(), text.data() + text.size(), expected, fmt);
        F value = convert<F>(before);
        const auto ours = from_chars(text.data(), text.data() + text.size(), value, fmt);
        wrong.add(ours.ptr == theirs.ptr && ours.ec == theirs.ec && convert<F>(expected).bits() == value.bits(), text);
    };
    for (int i = 0; i < 300'000; ++i) {
        const bool hex = i % 4 == 0;
        std::string text = random() % 2 != 0 ? "-" : "";
        const auto length = 1 + random() % 40;
        const auto point = random() % 50;
        for (std::uint64_t at = 0; at < length; ++at) {
            if (at == point) text += '.';
            text += "0123456789abcdef"[random() % (hex ? 16 : 10)];
        }
        if (random() % 4 != 0) text += (hex ? "p" : "e") + std::to_string(static_cast<int>(random() % 720) - 360);
        const auto fmt = hex ? chars_format::hex : chars_format::general;
        check(std::type_identity<fp64>{}, 7.0, text, fmt);
        check(std::type_identity<fp32>{}, 7.0f, text, fmt);
    }
    INFO(wrong.first);
    CHECK(wrong.count == 0);
}

TEST_CASE("exact midpoints go to the even code, and the smallest change far behind decides") {
    mismatches wrong;
    const auto check = [&]<class F>(std::type_identity<F>, std::uint64_t c, long double midpoint) {
        // between codes c and c + 1
        const std::string text = exact_text(midpoint);
        const auto is = [&](const std::string& s, std::uint64_t expected) {
            const bool leaves = expected > F::largest_code || (F::has_zero && expected == 0);
            wrong.add(leaves ? is_out_of_range<F>(s) : reads<F>(s, static_cast<typename F::storage_type>(expected)),
                      name_of<F>, c, s.substr(0, 60));
        };
        is(text, c + c % 2);
        is(text + std::string(60, '0') + "1", c + 1);
        is(decremented(text), c);
        is(decremented(text + std::string(1000, '0')), c);
    };
    for_rows<19>([&]<class F>(std::type_identity<F> row) {
        const std::uint32_t step = F::width <= 8 ? 1 : 97;
        for (std::uint32_t c = 0; c < F::largest_code; c += step)
            check(row, c, (exact(code<F>(c)) + exact(code<F>(c + 1))) / 2);
        const interval<F> top{code<F>(F::largest_code)};
        check(row, F::largest_code, top.high);
    });
    std::mt19937_64 random{22};
    for (int i = 0; i < 1000; ++i) {
        const auto narrow = random() % fp32::largest_code;
        check(std::type_identity<fp32>{}, narrow, (exact(code<fp32>(narrow)) + exact(code<fp32>(narrow + 1))) / 2);
        if (std::numeric_limits<long double>::digits < 54) continue;
        // the ends of the lowest binades have the midpoints with the most digits, 768
        const auto wide = i < 3 ? static_cast<std::uint64_t>(i) * fp64::smallest_normal_code - (i == 0 ? 0 : 1)
                                : random() % fp64::largest_code;
        check(std::type_identity<fp64>{}, wide, exact(code<fp64>(wide)) / 2 + exact(code<fp64>(wide + 1)) / 2);
    }
    INFO(wrong.first);
    CHECK(wrong.count == 0);
}

TEST_CASE("a decimal isn't rounded through float or double on its way") {
    CHECK(reads<e4m3>("1.0625", 0x38));
    CHECK(reads<e4m3>("1.06250000000000000000001", 0x39));  // double gives 1.0625
    CHECK(reads<e4m3>("1.18749999999999999999999", 0x39));  // and 1.1875
    CHECK(reads<fp16>("1.00048828125000000000000001", 0x3C01));
    CHECK(reads<fp16>("2049.0000000000000000000001", 0x6801));
    CHECK(reads<fp32>("1.00000005960464477539062500000001", 0x3F800001));
    CHECK(reads<e4m3>("464", 0x7E));
    CHECK(is_out_of_range<e4m3>("464.00000000000000000000001"));
}

TEST_CASE("long texts and enormous exponents are read") {
    CHECK(reads<fp16>("0." + std::string(5000, '0') + "1e5001", 0x3C00));
    CHECK(reads<fp16>("1" + std::string(5000, '0') + "e-5000", 0x3C00));
    CHECK(reads<fp16>(std::string(5000, '0') + "1", 0x3C00));
    CHECK(reads<fp16>("0e99999999999999999999999999", 0));
    CHECK(is_out_of_range<fp16>("1e99999999999999999999999999"));
    CHECK(is_out_of_range<fp16>("1e-99999999999999999999999999"));
    CHECK(is_out_of_range<fp64>("1" + std::string(400, '0')));
    CHECK(reads<fp64>("-0.0e-99999999999999999999", std::uint64_t{1} << 63));
}

TEST_CASE("the grammar is that of std::from_chars") {
    for (const std::string_view text : {"", "-", "+1", " 1", ".", "-.", "e5", "x", "i", "na", "--1", "0x"}) {
        INFO(text);
        if (text == "0x")
            CHECK(read<fp32>(text).length == 1);
        else
            CHECK(is_invalid<fp32>(text));
    }
    const auto length = [](std::string_view text, chars_format fmt = chars_format::general) {
        return read<fp32>(text, fmt).length;
    };
    CHECK(length("1.") == 2);
    CHECK(length(".5") == 2);
    CHECK(length("1.5.5") == 3);
    CHECK(length("1e") == 1);
    CHECK(length("1e+") == 1);
    CHECK(length("1e+2") == 4);
    CHECK(length("1E-2x") == 4);
    CHECK(length("1e2.5") == 3);
    CHECK(length("1'000") == 1);
    CHECK(length("1.5e3", chars_format::fixed) == 3);
    CHECK(is_invalid<fp32>("1.5", chars_format::scientific));
    CHECK(length("1.5e3", chars_format::scientific) == 5);
    CHECK(length("1.8p3", chars_format::hex) == 5);
    CHECK(length("1.8e3", chars_format::hex) == 5);
    CHECK(length("0x1", chars_format::hex) == 1);
    CHECK(is_invalid<fp32>("p3", chars_format::hex));
}

TEST_CASE("infinity and NaN are read in any case, where the format has them") {
    for (const std::string_view text : {"inf", "INF", "Infinity", "iNfInItY"}) {
        INFO(text);
        CHECK(reads<fp16>(text, 0x7C00));
        CHECK(reads<fp16>("-" + std::string(text), 0xFC00));
        CHECK(is_out_of_range<e4m3>(text));
        CHECK(is_out_of_range<e2m1>(text));
    }
    CHECK(read<fp16>("infinit").length == 3);
    for (const std::string_view text : {"nan", "NaN", "nan()", "nan(quiet_1)"}) {
        INFO(text);
        CHECK(reads<fp16>(text, 0x7E00));
        CHECK(reads<fp16>("-" + std::string(text), 0xFE00));
        CHECK(reads<e4m3>(text, 0x7F));
        CHECK(reads<e4m3_fnuz>(text, 0x80));
        CHECK(reads<e4m3_fnuz>("-" + std::string(text), 0x80));
        CHECK(reads<e8m0>(text, 0xFF));
        CHECK(is_out_of_range<e2m1>(text));
    }
    CHECK(read<fp16>("nan(").length == 3);
    CHECK(read<fp16>("nan(a-b)").length == 3);
    CHECK(text_of(code<fp16>(0xFC00)) == "-inf");
    CHECK(text_of(code<fp16>(0xFC01)) == "-nan");
    CHECK(text_of(code<e4m3>(0x7F)) == "nan");
    CHECK(text_of(code<e4m3_fnuz>(0x80)) == "nan");
    CHECK(text_of(code<e8m0>(0xFF)) == "nan");
}

TEST_CASE("what a format can't hold is out of range") {
    CHECK(is_out_of_range<e8m0>("0"));
    CHECK(is_out_of_range<e8m0>("-1"));
    CHECK(is_out_of_range<ue4m3>("-1"));
    CHECK(is_out_of_range<ue4m3>("-nan"));
    CHECK(reads<ue4m3>("-0", 0));
    CHECK(reads<e4m3_fnuz>("-0", 0));
    CHECK(reads<e4m3>("-0", 0x80));
    CHECK(reads<e4m3_fnuz>("-0.0009765625", 0x81));
    CHECK(is_out_of_range<e8m0>("1e-39"));
    CHECK(is_out_of_range<e8m0>("4.40e-39"));  // 0.75 * 2^-127 is 4.408e-39
    CHECK(reads<e8m0>("4.41e-39", 0));
}

TEST_CASE("text that doesn't fit says so, at any length") {
    for (const auto fmt : {chars_format::general, chars_format::fixed, chars_format::scientific, chars_format::hex}) {
        for (const unsigned c : {0x0000u, 0x8001u, 0x3C01u, 0x7BFFu, 0x7C00u, 0xFE00u}) {
            const fp16 x = code<fp16>(c);
            const std::string text = text_of(x, fmt);
            std::array<char, 64> buffer{};
            for (std::size_t room = 0; room <= text.size(); ++room) {
                buffer.fill('#');
                char* const last = buffer.data() + room;
                const auto result = to_chars(buffer.data(), last, x, fmt);
                CHECK(result.ec == (room < text.size() ? std::errc::value_too_large : std::errc{}));
                CHECK(result.ptr == last);
                CHECK(*last == '#');
            }
        }
    }
}

TEST_CASE("hexadecimal text is normalised") {
    CHECK(text_of(code<e4m3>(0x01), chars_format::hex) == "1p-9");
    CHECK(text_of(code<e4m3>(0x46), chars_format::hex) == "1.cp+1");
    CHECK(text_of(code<e4m3>(0x80), chars_format::hex) == "-0p+0");
    CHECK(text_of(code<e8m0>(0x00), chars_format::hex) == "1p-127");
    CHECK(reads<e4m3>("1.1000000000000000000000000000000000000001", 0x39, chars_format::hex));
    CHECK(reads<e4m3>("1.1", 0x38, chars_format::hex));
    CHECK(reads<e4m3>("0." + std::string(39, '0') + "1p160", 0x38, chars_format::hex));
}
