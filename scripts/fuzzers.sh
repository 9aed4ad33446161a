#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fuzzers.sh [BUILD]: build every fuzzer in BUILD (build-fuzz) with clang and pack them, with their inputs and
# run.sh, as BUILD/fuzzers.tar.gz: for any x86-64 Linux with a libc no older than this one.
#     tar xzf fuzzers.tar.gz && sh fuzzers/run.sh SECONDS JOBS
# runs each for so many seconds, so many at a time, and lists what was found in fuzzers/found.
cd "$(dirname "$0")/.." || exit 2
build=${1:-build-fuzz}
CC=clang cmake -S . -B "$build" -DDSQ_FUZZ=ON -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-O1 -g1" > /dev/null || exit 1
cmake --build "$build" -j "$(nproc)" --target fuzzers || exit 1
pack=$build/fuzzers
rm -rf "$pack"
mkdir -p "$pack"
for program in "$build"/libfuzzer_*; do
    target=${program##*/libfuzzer_}
    cp "$program" "$pack/$target"
    mkdir -p "$pack/seeds/$target"
    cp tests/fuzz/corpus/"$target"/* "$pack/seeds/$target"
done
# Files of other tests that are inputs too.
cp tests/onnx/*.onnx tests/onnx/bad/*.onnx "$pack/seeds/onnx"
cp tests/eval/* "$pack/seeds/coco"
cp tests/eval/* "$pack/seeds/coco_results"
find tests/data/detect -type f -exec cp {} "$pack/seeds/picture" \;
cat > "$pack/run.sh" <<'END'
#!/bin/sh
# run.sh [SECONDS [JOBS [TARGET...]]]: each fuzzer for so many seconds, so many at a time.
cd "$(dirname "$0")" || exit 2
seconds=${1:-600} jobs=${2:-$(nproc)}
[ $# -ge 2 ] && shift 2 || shift $#
mkdir -p found logs
[ $# -gt 0 ] || set -- $(ls seeds)
for target; do
    mkdir -p "new/$target"
    echo "$target"
done | xargs -P "$jobs" -I{} sh -c \
    './{} -max_total_time='"$seconds"' -timeout=10 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 \
        -artifact_prefix=found/{}- new/{} seeds/{} > logs/{}.txt 2>&1; echo "{}: exit $?, $(grep -a "number_of_executed_units" logs/{}.txt)"'
echo "found: $(ls found | wc -l)"
ls found
END
tar czf "$build/fuzzers.tar.gz" -C "$build" fuzzers
ls -l "$build/fuzzers.tar.gz"
