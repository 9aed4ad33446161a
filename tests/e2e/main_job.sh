#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The main job on the demo model: quantize, build both engines, judge them. FP32's AP is the one that ONNX
# Runtime and pycocotools give with the same preparation and decoding (demo/make/README.md), to 0.001; INT8
# loses at most 0.005. Under a sanitizer, where everything is slow, the first 10 pictures must just run.
set -eu
out=$E2E_DIR
rm -rf "$out" && mkdir -p "$out/calib" "$out/val"
annotations=demo/val/instances_val.json
val=demo/val
calib=demo/calib
if [ -n "$SANITIZE" ]; then
    for i in 1 2 3; do cp demo/calib/00000000000$i.jpg "$out/calib"; done
    for i in 1 2 3 4 5 6 7 8 9; do cp demo/val/00000000000$i.jpg "$out/val"; done
    val=$out/val
    calib=$out/calib
fi
shapes="--minShapes=input:1x3x32x32 --optShapes=input:1x3x480x640 --maxShapes=input:4x3x1344x1344"
$DSQ quantize demo/retinanet_wo.onnx --quiet --images $calib --task demo/task.json -o "$out"
$DSQ build demo/retinanet_wo.onnx --quiet --task demo/task.json $shapes -o "$out/fp32.engine"
$DSQ build "$out/retinanet_wo.onnx" --quiet --quant="$out/retinanet_wo.json" $shapes -o "$out/int8.engine"
missing=
[ -z "$SANITIZE" ] || missing=--skip-missing
$DSQ eval "$out/fp32.engine" "$out/int8.engine" --quiet --json --images $val --annotations $annotations \
    $missing >"$out/eval.json"
cat "$out/eval.json"
[ -z "$SANITIZE" ] || exit 0
grep -oE '"AP": *[0-9.]+' "$out/eval.json" | sed 's/.*: *//' | tr '\n' ' ' | awk '
    { fp32 = $1; int8 = $2; n = NF }
    END {
        printf "FP32 AP %.4f (ONNX Runtime .712), INT8 %.4f, drop %.4f\n", fp32, int8, fp32 - int8
        exit !(n == 2 && fp32 > 0.711 && fp32 < 0.7135 && fp32 - int8 <= 0.005)
    }'
