#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The first inputs of those targets whose parser's own tests have no files: sh tests/fuzz/make_seeds.sh BUILD
# writes tests/fuzz/corpus/<target>/seed-*. Other files there - found-* that reach new
# code, regression-* that broke something, models and graphs written by hand - stay.
set -e
dsq=$(realpath "$1")/dsq
cd "$(dirname "$0")/../.."
corpus=tests/fuzz/corpus
for target in onnx engine graph ranges decisions task coco coco_results npy picture shapes; do
    mkdir -p $corpus/$target
done
seed() { cat > "$corpus/$1/seed-$2.bin"; }

# Ranges and decisions of tests/onnx/detector.onnx.
ranges='"x": 2.5, "r1": 1.25, "p1": 1.25, "r2": 6, "up": 6, "sum": 7.5, "cat": 7.5'
echo "{\"act_quant_info\": {$ranges}}" | seed ranges detector
echo '{"other": [1, {"a": null}], "act_quant_info": {"\u00e9/x:0": 0.0, "y": 1e-30}}' | seed ranges names
printf '{"version": 1, "weights": {"w": [0.5, 1e-3], "v": [0.1]}, "precision": {"c1": "int8", "c2": "float"}, "ranges": {%s}}' \
    "$ranges" | seed decisions all
printf '{"version": 1}' | seed decisions empty

# Engines: float, with a profile and a task, in INT8, and of the smaller models.
for model in dimensions opset10 opset11 opset18 opset7 opset9 shared storage; do
    "$dsq" build tests/onnx/$model.onnx --quiet --fp32 -o $corpus/engine/seed-$model.bin
done
"$dsq" build tests/onnx/detector.onnx --quiet --task=retinanet-mmdet --minShapes=x:1x3x8x8 \
    --optShapes=x:1x3x16x16 --maxShapes=x:2x3x32x32 -o $corpus/engine/seed-profile.bin
"$dsq" build tests/onnx/detector.onnx --quiet --task=retinanet-odtk \
    --quant=$corpus/ranges/seed-detector.bin -o $corpus/engine/seed-int8.bin

# The passes' tests, their constants in a blob that is smaller.
for text in tests/graph/*.before.txt tests/graph/quantize_int8.after.txt tests/graph/gather_segments.after.txt; do
    name=$(basename "$text" .txt)
    { sed 's/@3[0-9]*:/@0:/; /^# /d' "$text"; printf '\0'; yes '0123456789abcde' | head -c 768; } | seed graph "$name"
done

for text in assign_layout assign_layout_plain assign_layout_quantized all_head gather_segments; do
    { sed 's/@3[0-9]*:/@0:/; /^# /d' tests/graph/$text.after.txt; printf '\0'; yes 0123456789abcde | head -c 768; } | seed engine $text
done

for preset in mmdet torchvision odtk; do
    printf '{"preset": "retinanet-%s", "classes": ["a", "b"], "resize": "short:8,12", "pad": 4}' $preset |
        seed task $preset
done
printf '{"preset": "nanodet", "classes": ["a"], "resize": "stretch:16x16", "pad": 8, "distance_bins": 3}' | seed task nanodet
printf '{"preset": "yolox", "classes": ["a"], "resize": "fit:16x16", "pad": 8, "strides": [4, 8]}' | seed task yolox
printf '{"preset": "retinaface", "resize": "fit:16x16", "score_outputs": [], "box_outputs": []}' | seed task retinaface
printf '{"preset": "raw", "mean": [1, 2, 3]}' | seed task raw
"$dsq" build tests/onnx/opset9.onnx --quiet --task=retinanet-mmdet -o /tmp/seed.$$
strings -n 200 /tmp/seed.$$ | grep '"color"' | seed task whole
rm -f /tmp/seed.$$

# A header of the version given (its length field has 2 bytes in version 1, 4 from 2 on).
npy() { printf "\\223NUMPY\\$1\\0\\$(printf '%03o' $((${#3} + 1)))\\0$2%s\\n" "$3"; }
{ npy 1 '' "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }"; printf '01234567'; } | seed npy f4
{ npy 2 '\0\0' "{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}"; printf '012'; } | seed npy b1
{ npy 1 '' "{'descr': '<i8', 'fortran_order': False, 'shape': ()}"; printf '01234567'; } | seed npy i8

printf 'input:1x3x8x8,a:b:2x8\ninput:1x3x16x16,a:b:2x16\ninput:2x3x32x32,a:b:2x32' | seed shapes three
printf 'short:800,1333' | seed shapes short
printf 'stretch:480x640\nfit:480x640\nnone' | seed shapes stretch
