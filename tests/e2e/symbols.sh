#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The shared library exports the functions of dsq.h and nothing else; the static one, whose every global name
# meets those of the program it is linked to, has only names that begin with dsq_.
status=0
exported=$(nm -D --defined-only "$1" | awk '{print $3}' | sed 's/@.*//' | sort)
declared=$(grep -ohE 'dsq_[a-z0-9_]+\(' include/dsq/dsq.h | tr -d '(' | sort -u)
for s in $exported; do
    case "$s" in __asan_*|__ubsan_*|_init|_fini|__odr_asan*) continue ;; esac
    echo "$declared" | grep -qx "$s" || { echo "exported, but not in dsq.h: $s"; status=1; }
done
for s in $(grep -oE '^DSQ_API .*' include/dsq/dsq.h | grep -oE 'dsq_[a-z0-9_]+\(' | tr -d '('); do
    echo "$exported" | grep -qx "$s" || { echo "in dsq.h, but not exported: $s"; status=1; }
done
global=$(nm -g --defined-only "$2" | awk 'NF == 3 { print $3 }' | sort -u)
echo "$global" | grep -qx dsq_version || { echo "nm found no dsq_version in $2"; status=1; }
for s in $(echo "$global" | grep -v '^dsq_'); do
    case "$s" in __asan_*|__ubsan_*|__odr_asan*|__tsan_*) continue ;; esac
    echo "in the static library, without the prefix dsq_: $s"
    status=1
done
exit $status
