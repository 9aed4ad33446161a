#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The same bits, whatever the order of the pictures, the number of threads and the CPU level: calibration's
# files, and every output of both engines.
# same_bits.sh DSQ_CHECK
set -eu
out=$E2E_DIR/same_bits
rm -rf "$out" && mkdir -p "$out/forward" "$out/backward"
# The folder is read in the order of names: other names, another order.
n=0
for f in 000000000001 000000000002 000000000003 000000000004; do
    n=$((n + 1))
    cp demo/calib/$f.jpg "$out/forward/$n.jpg"
    cp demo/calib/$f.jpg "$out/backward/$((9 - n)).jpg"
done
quantize() { # name folder options...
    name=$1 folder=$2
    shift 2
    for method in minmax percentile kl; do
        $DSQ quantize demo/retinanet_wo.onnx --quiet --images "$out/$folder" --task demo/task.json \
            --method=$method "$@" -o "$out/$name-$method"
    done
}
quantize a forward --threads=1
quantize b backward --threads=3
for method in minmax percentile kl; do
    cmp "$out/a-$method/retinanet_wo.json" "$out/b-$method/retinanet_wo.json"
    cmp "$out/a-$method/retinanet_wo.onnx" "$out/b-$method/retinanet_wo.onnx"
done
cmp -s "$out/a-minmax/retinanet_wo.json" "$out/a-kl/retinanet_wo.json" && { echo "kl gives minmax's ranges"; exit 1; }

"$1" --levels
levels=$("$1" --levels | sed -n 's/^level \(.*\): on this CPU$/\1/p' | tr '\n' ' ')
case "$levels" in "ref "*) ;; *) echo "dsq_check --levels does not name ref"; exit 1 ;; esac
# An input of 1 x 3 x 50 x 71 floats in (0, 2), from a picture's bytes; NPY version 1.
make_input() {
    shape="{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 50, 71), }"
    printf '\223NUMPY\001\000\166\000%-117s\n' "$shape"
    od -An -v -tx1 -w500 -N 10650 demo/calib/000000000005.jpg |
        sed 's/ \(..\)/\\x00\\x00\\x\1\\x3f/g' |
        while IFS= read -r floats; do env printf "$floats"; done
}
make_input >"$out/input.npy"
for engine in fp32 int8; do
    first=
    for l in $levels; do
        for t in 1 2 3; do
            dir=$out/$engine-$l-$t
            $DSQ run "$E2E_DIR/$engine.engine" --quiet --cpu=$l --threads=$t --input "input=$out/input.npy" \
                --output-dir "$dir"
            [ -n "$first" ] || first=$dir
            for i in 1 2 3 4 5 6 7 8 9 10; do
                cmp "$first/output$i.npy" "$dir/output$i.npy"
            done
        done
    done
    echo "$engine: the same bits at levels: $levels, 1 to 3 threads"
done
