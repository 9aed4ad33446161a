#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every header compiles alone; the public ones also as C++.
status=0
cc=${CC:-cc}
for h in include/dsq/*.h src/*/*.h; do
    case "$h" in *cuda*) continue ;; esac
    printf '#include "%s"\ntypedef int not_empty;\n' "$h" | $cc -std=c11 -pedantic -Wall -Wextra -Werror -Wno-unused-function -mavx512f -mavx512dq \
        -Iinclude -Isrc -I. ${GENERATED:+-isystem $GENERATED} -fsyntax-only -x c - || { echo "does not compile alone: $h"; status=1; }
done
if command -v c++ >/dev/null 2>&1; then
    for h in include/dsq/*.h; do
        echo "#include \"$h\"" | c++ -std=c++11 -pedantic -Wall -Wextra -Werror -Iinclude -I. -fsyntax-only -x c++ - ||
            { echo "does not compile as C++: $h"; status=1; }
    done
fi
exit $status
