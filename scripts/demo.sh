#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The main job on the demo model: calibrate, build FP32 and INT8 engines with one shape profile, draw a few
# pictures, judge both engines on 100 pictures of many sizes. Everything it makes is in out/.
set -eu
dsq=${1:-build}/dsq
out=out/demo
shapes="--minShapes=input:1x3x224x224 --optShapes=input:1x3x480x640 --maxShapes=input:4x3x1344x1344"
pictures="demo/val/000000000005.jpg demo/val/000000000010.jpg demo/val/000000000017.jpg"

run() {
    printf '\n$ %s\n' "$*"
    "$@"
}

mkdir -p $out
run $dsq quantize demo/retinanet_wo.onnx --images demo/calib --task demo/task.json -o $out
run $dsq build $out/retinanet_wo.onnx --fp32 $shapes -o $out/fp32.engine
run $dsq build $out/retinanet_wo.onnx --quant=$out/retinanet_wo.json $shapes -o $out/int8.engine
run $dsq detect $out/int8.engine $pictures --score=0.5 --draw $out/pictures
run $dsq eval $out/fp32.engine $out/int8.engine --images demo/val \
    --annotations demo/val/instances_val.json

printf '\nPictures with boxes:  %s/pictures\nEngines:              %s/fp32.engine, %s/int8.engine\n' $out $out $out
