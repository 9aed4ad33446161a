# SPDX-License-Identifier: Apache-2.0
# The short way to everything; CMake does the work in $(BUILD).
#
#   make            build/dsq, libdsq.so, libdsq.a and the example
#   make demo       install what is missing, build, quantize and judge the demo model
#   make test       build and run all tests
#   make oracles    a Python environment in .venv with the runtimes that some tests compare against
#   make sanitize   all tests under the address and undefined-behaviour sanitizers
#   make bench      kernels and whole models against ONNX Runtime
#   make install    PREFIX=/usr/local by default, DESTDIR honoured
#   make deps       install the Debian packages that are missing
#
# V=1 shows every line of the build; WERROR=ON makes warnings errors; BUILD names the build folder.

BUILD ?= build
PREFIX ?= /usr/local
WERROR ?= OFF
JOBS ?= $(shell nproc)
V ?= 0
CMAKE_ARGS = -DDSQ_WERROR=$(WERROR) -DCMAKE_INSTALL_PREFIX=$(PREFIX)
SANITIZE_ARGS = -DDSQ_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-O1 -g"
PRODUCT = dsq dsq_shared dsq_static example_detect
BUILD_IN = sh scripts/build.sh $(V) -j$(JOBS)

MAKEFLAGS += --no-print-directory

.PHONY: all configure deps demo test sanitize oracles bench install clean

all: configure
	@$(BUILD_IN) $(BUILD) --target $(PRODUCT)

configure: deps
	@cmake -S . -B $(BUILD) $(CMAKE_ARGS) >/dev/null

deps:
	@sh scripts/deps.sh

demo: all
	@sh scripts/demo.sh $(BUILD)

test: configure
	@$(BUILD_IN) $(BUILD)
	@sh scripts/test.sh $(BUILD) $(JOBS)

sanitize: deps
	@cmake -S . -B $(BUILD)-sanitize $(CMAKE_ARGS) $(SANITIZE_ARGS) >/dev/null
	@$(BUILD_IN) $(BUILD)-sanitize
	@sh scripts/test.sh $(BUILD)-sanitize $(JOBS)

oracles:
	@sh scripts/deps.sh python3-venv
	@python3 -m venv .venv
	@.venv/bin/pip install --quiet --requirement tests/requirements.txt

bench: all
	@$(BUILD_IN) $(BUILD) --target dsq_check
	@sh bench/run.sh $(BUILD)

install: all
	@cmake --install $(BUILD) --prefix $(PREFIX)

clean:
	rm -rf $(BUILD) $(BUILD)-sanitize out
