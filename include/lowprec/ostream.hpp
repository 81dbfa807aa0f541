// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 3
//
// operator<< for every format. Needs <iosfwd> only; who writes to a stream has included it.
#ifndef LOWPREC_OSTREAM_HPP
#define LOWPREC_OSTREAM_HPP

#include <iosfwd>
#include <lowprec/convert.hpp>
#include <lowprec/detail/decimal_write.hpp>

namespace lowprec {

/// Writes the value as to_chars does: the fewest digits that read back to the same code. The stream's width, fill and
/// adjustment apply; its precision and float format don't.
template <class Traits, format F>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& stream, F value) {
    char buffer[detail::shortest_length];
    detail::text_sink out{buffer, buffer + detail::shortest_length - 1};
    detail::write_text(out, value, detail::notation::shorter);
    *out.at = '\0';
    return stream << static_cast<const char*>(buffer);
}

}  // namespace lowprec

#endif
