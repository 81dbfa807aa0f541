# SPDX-License-Identifier: Apache-2.0
# Copyright the lowprec authors
"""gdb shows a lowprec::float_format as its value and its fields: 3.5 (0.1000.110)

    (gdb) source extra/gdb/lowprec_printers.py
    (gdb) print x
    $1 = 3.5 (0.1000.110)
    (gdb) print/r x                       as gdb would show it without this file

The value is computed from the type's template arguments in integers; no code of the program is run.
"""
import re
from fractions import Fraction

import gdb
import gdb.printing

NONE, ALL_ONES, NEGATIVE_ZERO, IEEE = range(4)  # enum class nan_at


def specials_of(type_):
    """(nan, infinity, zero) of the fifth template argument."""
    try:
        argument = type_.template_argument(4)
        return int(argument["nan"]), bool(argument["infinity"]), bool(argument["zero"])
    except (RuntimeError, gdb.error):
        # Clang describes arguments of class type in the name only: {1, false, true, true}
        words = re.search(r"\{([^{}]*)\}>$", type_.name).group(1).split(",")
        nan, infinity, _, zero = (re.sub(r"\([^)]*\)", "", word).strip() for word in words)
        return int(nan), infinity in ("true", "1"), zero in ("true", "1")


def nearest_decimal(value, digits):
    """The decimal with that many digits next to a positive value: (integer, power of ten)."""
    binary = value.numerator.bit_length() - value.denominator.bit_length() - 1  # 2^binary < value
    power = binary * 30103 // 100000 - digits - 1
    while True:
        rounded = round(value / Fraction(10) ** power)  # ties to even
        if rounded < 10**digits:
            return rounded, power
        power += 1


def decimal(value, halfway):
    """Exact if that takes no more than nine digits, else the fewest digits that no other code is nearer to."""
    for digits in range(1, 10):
        number, power = nearest_decimal(value, digits)
        if number * Fraction(10) ** power == value:
            break
    else:
        digits = 1
        while True:
            number, power = nearest_decimal(value, digits)
            if abs(number * Fraction(10) ** power - value) < halfway:
                break
            digits += 1
    text = str(number).rstrip("0")
    power += len(str(number)) - len(text)
    exponent = power + len(text) - 1
    if not -5 <= exponent < 17:
        return f"{text[0]}{'.' if len(text) > 1 else ''}{text[1:]}e{exponent:+03d}"
    if power >= 0:
        return text + "0" * power
    text = text.rjust(1 - power, "0")
    return f"{text[:power]}.{text[power:]}"


def describe(code, sign_bits, exponent_bits, mantissa_bits, bias, nan, infinity, zero):
    negative = sign_bits == 1 and code >> (exponent_bits + mantissa_bits) != 0
    magnitude = code & ((1 << (exponent_bits + mantissa_bits)) - 1)
    all_ones = (1 << (exponent_bits + mantissa_bits)) - 1
    field, mantissa = magnitude >> mantissa_bits, magnitude & ((1 << mantissa_bits) - 1)
    sign = "-" if negative else ""

    is_nan, is_infinite = False, False
    if nan == IEEE:
        top = field == (1 << exponent_bits) - 1
        is_nan, is_infinite = top and mantissa != 0, top and mantissa == 0
    elif nan == ALL_ONES:
        is_nan, is_infinite = magnitude == all_ones, infinity and magnitude == all_ones - 1
    elif nan == NEGATIVE_ZERO:
        is_nan, is_infinite = negative and magnitude == 0, infinity and magnitude == all_ones
    else:
        is_infinite = infinity and magnitude == all_ones

    if is_nan:
        text = "nan" if nan == NEGATIVE_ZERO else sign + "nan"
    elif is_infinite:
        text = sign + "inf"
    elif magnitude == 0 and zero:
        text = sign + "0"
    else:
        subnormal = field == 0 and zero
        last_place = Fraction(2) ** ((1 if subnormal else field) - bias - mantissa_bits)
        significand = mantissa + (0 if subnormal else 1 << mantissa_bits)
        halfway = last_place / (2 if mantissa != 0 else 4)  # below a power of two the codes lie closer
        text = sign + decimal(significand * last_place, halfway)

    fields = []
    for bits, part in ((sign_bits, int(negative)), (exponent_bits, field), (mantissa_bits, mantissa)):
        if bits > 0:
            fields.append(format(part, f"0{bits}b"))
    return f"{text} ({'.'.join(fields)})"


class FloatFormatPrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        type_ = self.value.type.strip_typedefs().unqualified()
        sign_bits, exponent_bits, mantissa_bits, bias = (int(type_.template_argument(i)) for i in range(4))
        width = sign_bits + exponent_bits + mantissa_bits
        code = int(self.value["stored_"])
        if 16 < width < 32:  # stored left-aligned
            code >>= 32 - width
        return describe(code, sign_bits, exponent_bits, mantissa_bits, bias, *specials_of(type_))


def build():
    printers = gdb.printing.RegexpCollectionPrettyPrinter("lowprec")
    printers.add_printer("float_format", "^lowprec::float_format<", FloatFormatPrinter)
    return printers


gdb.printing.register_pretty_printer(gdb.current_objfile(), build(), replace=True)
