# SPDX-License-Identifier: Apache-2.0
list(APPEND DSQ_SOURCES src/base/bytes.c src/base/cpu.c src/base/file.c src/base/memory.c
     src/base/npy.c src/base/parallel.c src/base/settings.c src/base/status.c)
