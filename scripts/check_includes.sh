#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Includes go one way: a module may include only itself and those that its row names.
# docs/design.md says why. Prints every include that breaks this; exit status 1 then.
cd "$(dirname "$0")/.." || exit 2

allowed() {
    case $1 in
        base)    echo "" ;;
        kernels) echo "base" ;;
        graph)   echo "base" ;;
        onnx)    echo "base graph" ;;
        quant)   echo "base graph" ;;
        pass)    echo "base graph quant" ;;
        backend) echo "base graph kernels" ;;
        plan)    echo "base graph backend" ;;
        engine)  echo "base graph backend plan" ;;
        detect)  echo "base kernels engine" ;;
        eval)    echo "base engine" ;;
        calib)   echo "base graph quant engine detect eval" ;;
        api)     echo "base graph onnx quant pass backend engine detect eval calib" ;;
        *)       echo "unknown" ;;
    esac
}

bad=$(
    for folder in src/*/; do
        module=$(basename "$folder")
        may=" $module dsq $(allowed "$module") "
        grep -rnE '^ *#include "[a-z0-9_]+/' "$folder" --include='*.c' --include='*.h' |
            while IFS= read -r line; do
                target=$(printf '%s\n' "$line" | sed 's/.*#include "\([a-z0-9_]*\)\/.*/\1/')
                case "$may" in
                    *" $target "*) ;;
                    *) echo "$line   ($module may not include $target)" ;;
                esac
            done
    done
    grep -rnE '^ *#include "' tools examples --include='*.c' --include='*.h' | grep '"[a-z0-9_]*/' |
        sed 's/$/   (tools and examples include <dsq\/...> only)/'
)
[ -z "$bad" ] && exit 0
printf '%s\n' "$bad"
exit 1
