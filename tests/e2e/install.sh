#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a user of an installed dsq does: install.sh BUILD CC LINK_FLAGS. Installs into a staging folder, builds
# examples/detect.c against it with pkg-config (shared and static) and with CMake, runs each on a picture.
set -eu
build=$1 cc=$2 flags=$3
stage=$E2E_DIR/stage
work=$E2E_DIR/consumer
rm -rf "$stage" "$work" && mkdir -p "$work"
DESTDIR=$stage cmake --install "$build" --prefix /opt/dsq >"$work/install.txt"
prefix=$stage/opt/dsq
libdir=$(dirname "$(find "$prefix" -name libdsq.a)")
PKG_CONFIG_PATH=$libdir/pkgconfig
export PKG_CONFIG_PATH

check() { # NAME PROGRAM: the same finds as the example of the build folder
    "$2" "$E2E_DIR/int8.engine" demo/val/000000000010.jpg >"$work/$1.txt"
    grep -q 'objects$' "$work/$1.txt" || { echo "$1: nothing was said about the picture"; exit 1; }
    cmp "$work/build.txt" "$work/$1.txt" || { echo "$1: other finds than the example"; exit 1; }
    echo "$1: works"
}
check build "$build/example_detect"

# The files name the place where they are, wherever the build was configured to be installed.
pkg-config --variable=libdir dsq | grep -q "^$stage" ||
    { echo "dsq.pc says $(pkg-config --variable=libdir dsq), which is not under $stage"; exit 1; }

$cc $flags examples/detect.c $(pkg-config --cflags --libs dsq) "-Wl,-rpath,$libdir" -o "$work/shared"
check shared "$work/shared"

# A program that needs nothing at run time; sanitizers cannot be linked so, there only our part is static.
if [ -n "$SANITIZE" ]; then
    libs=$(pkg-config --static --libs dsq | sed 's/-ldsq/-l:libdsq.a/')
else
    libs="-static $(pkg-config --static --libs dsq)"
fi
$cc $flags examples/detect.c $(pkg-config --cflags dsq) $libs -o "$work/static"
if readelf -d "$work/static" | grep 'NEEDED.*libdsq'; then
    echo "static: needs the shared library"
    exit 1
fi
check static "$work/static"

mkdir "$work/cmake"
cat >"$work/cmake/CMakeLists.txt" <<EOF
cmake_minimum_required(VERSION 3.25)
project(consumer C)
find_package(dsq 0.1 REQUIRED)
add_executable(detect $PWD/examples/detect.c)
target_link_libraries(detect dsq::dsq)
EOF
CC=$cc CFLAGS=$flags cmake -S "$work/cmake" -B "$work/cmake/build" -DCMAKE_PREFIX_PATH="$prefix" >"$work/cmake.txt"
cmake --build "$work/cmake/build" >"$work/cmake.txt" || { cat "$work/cmake.txt"; exit 1; }
check cmake "$work/cmake/build/detect"
"$prefix/bin/dsq" --version
