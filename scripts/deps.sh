#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install the Debian packages that are missing; say the exact command when that is not possible.
# What each one is for: docs/dependencies.md.
packages="gcc cmake make pkg-config libprotobuf-c-dev protobuf-c-compiler libonnx-dev libjansson-dev
libturbojpeg0-dev libpng-dev zlib1g-dev libcmocka-dev"

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
if [ "$(id -u)" = 0 ]; then
    sudo=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    sudo="sudo -n"
else
    echo "Some packages are missing. Please run this, then try again:" >&2
    echo "    sudo apt-get update && sudo $install" >&2
    exit 1
fi
echo "Installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if $sudo apt-get update >"$log" 2>&1 && $sudo $install >>"$log" 2>&1; then
    rm -f "$log"
else
    tail -n 20 "$log" >&2
    echo "apt-get failed (the whole output is in $log). The command was:" >&2
    echo "    $sudo apt-get update && $sudo $install" >&2
    exit 1
fi
