#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every figure that the documents quote: kernels against the instruction's peak, new sizes against
# steady ones, whole models against ONNX Runtime (where .venv holds it: make oracles).
set -eu
build=${1:-build}
[ -f out/demo/int8.engine ] || sh scripts/demo.sh "$build" >/dev/null

echo "## Kernels, share of the instruction's peak"
"$build/dsq_check" --bench
for precision in fp32 int8; do
    echo
    echo "## 30 new sizes, first run against steady, $precision"
    "$build/dsq" bench "out/demo/$precision.engine" --quiet --random-shapes=30 --seed=7 --seconds=0.3
done
echo
echo "## Whole model, demo RetinaNet"
if [ -x .venv/bin/python ]; then
    .venv/bin/python bench/compare_ort.py --build "$build"
else
    echo "skipped: ONNX Runtime is not installed (make oracles)"
fi
