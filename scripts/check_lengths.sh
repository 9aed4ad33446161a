#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sizes that keep the code readable: no file over 500 lines, no function over 100, at most one in twenty
# over 60 (kernels are exempt from the function limits). Prints a summary and what breaks a limit.
cd "$(dirname "$0")/.." || exit 2
find src tools examples include tests -name '*.[ch]' | sort | xargs awk '
function ended() {
    n = FNR - start
    total++
    if (n > 60 && FILENAME !~ /kernels\//) { over60++; long = long sprintf("  %s:%d %d lines\n", FILENAME, start, n) }
    if (n > 30) over30++
    if (n > 100 && FILENAME !~ /kernels\//) { over100++ }
}
FNR == 1 { if (last) count[last] = lines; last = FILENAME; depth = 0; start = 0 }
{
    lines = FNR; line = $0
    gsub(/"([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047/, "", line); sub(/\/\/.*/, "", line)
    if (depth == 0 && line ~ /^\{/ && prev ~ /[,)a-z]$/ && prev !~ /=$/) start = FNR
    o = gsub(/\{/, "{", line); c = gsub(/\}/, "}", line); depth += o - c
    if (depth <= 0) { if (start && FNR > start) ended(); depth = 0; start = 0 }
    prev = $0
}
END {
    count[last] = lines
    for (f in count) if (count[f] > 500) { bad++; printf "%s: %d lines, the limit is 500\n", f, count[f] }
    printf "functions: %d; over 30 lines: %d (%.1f %%), over 60: %d (%.1f %%), over 100: %d\n",
           total, over30, 100 * over30 / total, over60, 100 * over60 / total, over100
    if (over60) printf "over 60 lines:\n%s", long
    exit bad > 0 || over100 > 0 || over60 * 20 > total
}'
