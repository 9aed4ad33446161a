# SPDX-License-Identifier: Apache-2.0
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET GLOBAL jansson)
list(APPEND DSQ_SOURCES
     src/engine/bind.c src/engine/context.c src/engine/engine_file.c src/engine/file_bytes.c
     src/engine/load.c src/engine/profile_json.c src/engine/run.c)
list(APPEND DSQ_LIBRARIES PkgConfig::JANSSON)
list(APPEND DSQ_PC_REQUIRES jansson)
