# SPDX-License-Identifier: Apache-2.0
if(NOT TARGET PkgConfig::JANSSON)
  pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
endif()
list(APPEND DSQ_SOURCES src/eval/bootstrap.c src/eval/coco.c src/eval/fields.c src/eval/map.c
     src/eval/matches.c src/eval/results.c)
list(APPEND DSQ_LIBRARIES PkgConfig::JANSSON)
list(APPEND DSQ_PC_REQUIRES jansson)
list(REMOVE_DUPLICATES DSQ_LIBRARIES)
list(REMOVE_DUPLICATES DSQ_PC_REQUIRES)
