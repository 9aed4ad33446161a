#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run the command-line cases: tests/cli/run.sh DSQ [--update] [CASE...]
#
# A case is a file tests/cli/cases/NAME.case:
#   command: what to run, by sh in an empty folder; $ROOT is the source folder, dsq is the tool
#   exit: the exit code
#   stdout: the lines below, up to "stderr:", are what is expected there
#   stderr: likewise
# In expected lines '*' stands for any characters of the line, and a line "..." for any lines. Lines
# before "command:" are comments. --update writes what came out into the cases (then look at the
# difference); cases that use '*' or "..." are left alone.
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
export ROOT
[ $# -ge 1 ] || { echo "usage: $0 DSQ [--update] [CASE...]" >&2; exit 2; }
tool=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
shift
update=no
if [ "$1" = --update ]; then
    update=yes
    shift
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$tool" "$work/bin/dsq"
PATH=$work/bin:$PATH
export PATH
LC_ALL=C
export LC_ALL

# field FILE NAME: the value after "NAME: "
field() { sed -n "s/^$2: //p" "$1" | head -n 1; }
# part FILE NAME: the lines below "NAME:" up to the next part
part() {
    awk -v name="$2:" '$0 == "stdout:" || $0 == "stderr:" { inside = $0 == name; next } inside' "$1"
}

# matches EXPECTED ACTUAL: whether the lines agree; says the first that does not
matches() {
    awk '
    function same(pattern, text) {
        gsub(/[][\\.^$*+?(){}|]/, "\\\\&", pattern)
        gsub(/\\\*/, ".*", pattern)
        return text ~ ("^" pattern "$")
    }
    FNR == NR { expected[++n] = $0; next }
    { actual[++m] = $0 }
    END {
        i = j = 1; star = 0
        while (j <= m) {
            if (i <= n && expected[i] == "...") { star = ++i; at = j; continue }
            if (i <= n && same(expected[i], actual[j])) { i++; j++; continue }
            if (star) { i = star; j = ++at; continue }
            printf "  line %d: expected %s\n           got      %s\n", j, i <= n ? expected[i] : "nothing more", actual[j]
            exit 1
        }
        while (i <= n && expected[i] == "...") i++
        if (i <= n) { printf "  missing: %s\n", expected[i]; exit 1 }
    }' "$1" "$2"
}

run_case() {
    file=$1
    name=$(basename "$file" .case)
    rm -rf "$work/at"
    mkdir "$work/at"
    (cd "$work/at" && sh -c "$(field "$file" command)") >"$work/stdout" 2>"$work/stderr" </dev/null
    code=$?
    if [ $update = yes ]; then
        grep -qE '^\.\.\.$|\*' "$file" && return 0
        {
            sed '/^command: /q' "$file"
            echo "exit: $code"
            echo stdout:
            cat "$work/stdout"
            echo stderr:
            cat "$work/stderr"
        } >"$work/new" && cp "$work/new" "$file"
        return 0
    fi
    good=yes
    if [ "$code" != "$(field "$file" exit)" ]; then
        good=no
        echo "  exit code $code, expected $(field "$file" exit)"
    fi
    for stream in stdout stderr; do
        part "$file" $stream >"$work/expected"
        matches "$work/expected" "$work/$stream" || { echo "  (on $stream)"; good=no; }
    done
    [ $good = yes ] && return 0
    echo "FAILED: $name: $(field "$file" command)"
    echo "  again: tests/cli/run.sh $tool $name"
    sed 's/^/  stderr: /' "$work/stderr" | head -n 20
    return 1
}

failed=0
count=0
if [ $# -eq 0 ]; then
    set -- "$ROOT"/tests/cli/cases/*.case
fi
for c in "$@"; do
    case $c in
        *.case) ;;
        *) c=$ROOT/tests/cli/cases/$c.case ;;
    esac
    [ -f "$c" ] || { echo "no case $c" >&2; exit 2; }
    count=$((count + 1))
    run_case "$c" || failed=$((failed + 1))
done
echo "$((count - failed)) of $count command-line cases pass"
[ "$failed" = 0 ]
