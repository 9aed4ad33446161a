# SPDX-License-Identifier: Apache-2.0
# The short way to everything; CMake does the work in $(BUILD).
#
#   make            build/dsq, libdsq.so and libdsq.a
#   make demo       install what is missing, build, quantize and judge the demo model
#   make test       build and run all tests
#   make oracles    a Python environment in .venv with the runtimes that some tests compare against
#   make sanitize   all tests under the address and undefined-behaviour sanitizers
#   make bench      kernels and whole models against ONNX Runtime
#   make install    PREFIX=/usr/local by default, DESTDIR honoured
#   make deps       install the Debian packages that are missing

BUILD ?= build
PREFIX ?= /usr/local
WERROR ?= OFF
JOBS ?= $(shell nproc)
CMAKE_ARGS = -DDSQ_WERROR=$(WERROR) -DCMAKE_INSTALL_PREFIX=$(PREFIX)

MAKEFLAGS += --no-print-directory

.PHONY: all configure deps demo test sanitize oracles bench install clean

all: configure
	@cmake --build $(BUILD) -j$(JOBS)

configure: deps
	@test -f $(BUILD)/CMakeCache.txt || cmake -S . -B $(BUILD) $(CMAKE_ARGS)

deps:
	@sh scripts/deps.sh

demo: all
	@sh scripts/demo.sh $(BUILD)

test: all
	@ctest --test-dir $(BUILD) --output-on-failure -j$(JOBS)

sanitize: deps
	@cmake -S . -B $(BUILD)-sanitize $(CMAKE_ARGS) -DDSQ_SANITIZE=address,undefined \
	    -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-O1 -g"
	@cmake --build $(BUILD)-sanitize -j$(JOBS)
	@ctest --test-dir $(BUILD)-sanitize --output-on-failure -j$(JOBS)

oracles:
	@python3 -m venv .venv
	@.venv/bin/pip install --quiet --requirement tests/requirements.txt

bench: all
	@sh bench/run.sh $(BUILD)

install: all
	@cmake --install $(BUILD) --prefix $(PREFIX)

clean:
	rm -rf $(BUILD) $(BUILD)-sanitize out
