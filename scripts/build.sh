#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh VERBOSE -jN BUILD [--target T...]: build, with a line of progress every 20 % in place of one a
# file; what the compiler says is printed as it comes. VERBOSE=1 prints everything.
verbose=$1 jobs=$2 build=$3
shift 3
if [ "$verbose" = 1 ]; then
    exec cmake --build "$build" "$jobs" "$@" --verbose
fi
step=0
# The build's exit status travels through the pipe as its last line.
{ cmake --build "$build" "$jobs" "$@" 2>&1; echo "exit status $?"; } | while IFS= read -r line; do
    case "$line" in
        "exit status "*) exit "${line##* }" ;;
        "["*"%] Built target "* | "Consolidate compiler"*) ;;
        "["*"%]"*)
            percent=${line#"["}
            percent=$((${percent%%"%"*}))
            if [ "$percent" -ge "$step" ]; then
                echo "compiling in $build: $percent %"
                step=$((percent - percent % 20 + 20))
            fi ;;
        *) printf '%s\n' "$line" ;;
    esac
done
