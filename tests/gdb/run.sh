#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright the lowprec authors
#
# Builds formats.cpp, stops in it with gdb, and compares what the printer shows with the text below.
# usage: tests/gdb/run.sh [COMPILER]        exits 77 where there is no gdb with Python (ctest: SKIP_RETURN_CODE)
set -euo pipefail
cd "$(dirname "$0")/../.."
compiler=${1:-${CXX:-c++}}
if ! gdb -nx -batch -ex 'python print(1)' >/dev/null 2>&1; then
    echo "tests/gdb: no gdb with Python here"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/expected" <<'END'
normal = 3.5 (0.1000.110)
subnormal = 0.001953125 (0.0000.001)
negative_zero = -0 (1.0000.000)
fn_nan = -nan (1.1111.111)
fnuz_nan = nan (1.0000.000)
fp4 = -6 (1.11.1)
scale = 0.125 (01111100)
smallest_scale = 6e-39 (00000000)
scale_nan = nan (11111111)
left_aligned = 1.5 (0.01111111.1000000000)
infinite = -inf (1.11111.0000000000)
ieee_nan = nan (0.11111111.1000001)
unsigned_value = 114688 (11111.110)
extended = -inf (1.11111.11)
one_bit = 1 (10000000)
tiny = 1.4e-9864 (0000000000000001)
wide = 0.1 (0.01111111011.1001100110011001100110011001100110011001100110011010)
t = {codes = {1 (0.0111.000), 448 (0.1111.110), -1 (1.0111.000)}, scale = 2 (10000000)}
END

"$compiler" -std=c++20 -g -O0 -I include tests/gdb/formats.cpp -o "$work/formats"
{
    echo 'set debuginfod enabled off'
    echo 'source extra/gdb/lowprec_printers.py'
    echo 'break stop'
    echo 'run >/dev/null'
    echo 'up'
    sed -E 's/^(\w+) = .*/printf "@\1 = "\noutput \1\necho \\n/' "$work/expected"
} >"$work/commands"
gdb -nx -batch -x "$work/commands" "$work/formats" >"$work/output" 2>&1 || { cat "$work/output"; exit 1; }
sed -n 's/^@//p' "$work/output" >"$work/shown"
if ! diff -u "$work/expected" "$work/shown"; then
    cat "$work/output"
    exit 1
fi
echo "tests/gdb: $(wc -l <"$work/expected") variables shown as expected"
