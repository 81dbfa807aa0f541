// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
#include <lowprec/formats.hpp>
#include <lowprec/ostream.hpp>
// The header above must do with <iosfwd>; what a stream is comes after it.
#include <iomanip>
#include <lowprec/charconv.hpp>
#include <sstream>
#include <string>

#include "support/catch.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

template <class F>
std::string written(F x) {
    std::ostringstream out;
    out << x;
    return out.str();
}

}  // namespace

TEST_CASE("a stream shows what to_chars writes") {
    tally result;
    std::uint64_t expected = 0;
    for_each_format<all_formats>([&]<class F>(F) {
        const std::uint64_t last = F::code_mask;
        for (std::uint64_t i = 0; i <= 255; ++i, ++expected) {
            const F x = F::from_bits(static_cast<typename F::storage_type>(i < 128 ? last / 127 * i : last - i));
            char buffer[64];
            const auto end = to_chars(buffer, buffer + sizeof buffer, x).ptr;
            result.equal(written(x) == std::string(buffer, end), true, name_of<F>, x.bits());
        }
    });
    CHECK_TALLY(result, expected);
    CHECK(written(e4m3::from_bits(0x46)) == "3.5");
    CHECK(written(e4m3::from_bits(0xFF)) == "-nan");
}

TEST_CASE("the longest texts are written whole") {
    CHECK(written(fp64::from_bits(0x8000000000000001)) == "-5e-324");
    CHECK(written(fp64::from_bits(0xFFEFFFFFFFFFFFFF)) == "-1.7976931348623157e+308");
    using widest = float_format<1, 15, 48, -32768, special::fn>;
    CHECK(written(widest::from_bits(~std::uint64_t{0} - 1)) == "-2.00352993040684e+19728");  // just below 2^65536
}

TEST_CASE("width, fill and adjustment apply") {
    std::ostringstream out;
    const auto x = e4m3::from_bits(0xC6);
    out << '[' << std::setw(8) << x << "] [" << std::left << std::setfill('*') << std::setw(6) << x << "] [" << x
        << ']';
    CHECK(out.str() == "[    -3.5] [-3.5**] [-3.5]");
}

namespace {

struct other_traits : std::char_traits<char> {};

}  // namespace

TEST_CASE("streams with other traits write formats too") {
    std::basic_ostringstream<char, other_traits> out;
    out << e4m3::from_bits(0x46);
    CHECK(std::string(out.str().c_str()) == "3.5");
}
