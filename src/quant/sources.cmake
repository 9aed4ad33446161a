# SPDX-License-Identifier: Apache-2.0
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET GLOBAL jansson)
list(APPEND DSQ_LIBRARIES PkgConfig::JANSSON)
list(APPEND DSQ_PC_REQUIRES jansson)
list(APPEND DSQ_SOURCES
  src/quant/decisions.c
  src/quant/entropy.c
  src/quant/histogram.c
  src/quant/int8_ops.c
  src/quant/json.c
  src/quant/methods.c
  src/quant/names.c
  src/quant/placement.c
  src/quant/propagate.c
  src/quant/ranges.c
  src/quant/weights.c)
