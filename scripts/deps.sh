#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# deps.sh [PACKAGE...]: install the Debian packages that are missing, of dsq's own and of those named; say
# the exact command when that is not possible. What each one is for: docs/dependencies.md.
packages="gcc cmake make pkg-config libprotobuf-c-dev protobuf-c-compiler libonnx-dev libjansson-dev
libturbojpeg0-dev libpng-dev zlib1g-dev libcmocka-dev $*"

command -v dpkg-query >/dev/null 2>&1 || exit 0  # not Debian: CMake will say what it misses
missing=
for p in $packages; do
    case "$(dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null)" in
        ii*) ;;
        *) missing="$missing $p" ;;
    esac
done
[ -n "$missing" ] || exit 0

install="apt-get install -y --no-install-recommends$missing"
sudo=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 && sudo="sudo "
    if [ -z "$sudo" ] || ! sudo -n true 2>/dev/null; then
        echo "Some packages are missing. Please let root run this, then try again:" >&2
        echo "    ${sudo}apt-get update && $sudo$install" >&2
        exit 1
    fi
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ${sudo}apt-get update >"$log" 2>&1 && $sudo$install >>"$log" 2>&1; then
    rm -f "$log"
else
    tail -n 20 "$log" >&2
    echo "apt-get failed (the whole output is in $log). The command was:" >&2
    echo "    ${sudo}apt-get update && $sudo$install" >&2
    exit 1
fi
