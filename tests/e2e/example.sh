#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The example program runs and finds something; a missing file is a clear error.
set -eu
found=$("$1" "$E2E_DIR/int8.engine" demo/val/000000000001.jpg demo/val/000000000002.jpg)
echo "$found"
echo "$found" | grep -q '000000000002.jpg: [0-9]* x [0-9]*, [1-9]' || { echo "nothing found"; exit 1; }
if "$1" "$E2E_DIR/int8.engine" no-such.jpg 2>"$E2E_DIR/error.txt"; then
    echo "a missing picture was no error"
    exit 1
fi
grep -q 'IO: no-such.jpg: No such file' "$E2E_DIR/error.txt"
