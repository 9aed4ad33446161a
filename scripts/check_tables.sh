#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One row for each operator and opset in src/onnx/onnx_ops.def, by name and opset; no file listed twice in a
# sources.cmake. Prints every row that breaks this; exit status 1 then.
cd "$(dirname "$0")/.." || exit 2

bad=$(
    awk -F'[(, ]+' '/^ONNX\(/ {
        if (tolower($2) < last) print "src/onnx/onnx_ops.def: " $2 " is out of order"
        if ($2 == name && $3 <= end) print "src/onnx/onnx_ops.def: " $2 ": opset " $3 " has two rows"
        name = $2; last = tolower($2); end = $4
    }' src/onnx/onnx_ops.def
    for list in src/*/sources.cmake; do
        grep -v '#' "$list" | grep -oE 'src/[a-zA-Z0-9_/]+\.c' | sort | uniq -d | sed "s|^|$list lists twice: |"
    done
)
[ -z "$bad" ] || { printf '%s\n' "$bad"; exit 1; }
