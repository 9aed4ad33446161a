# SPDX-License-Identifier: Apache-2.0
list(APPEND DSQ_SOURCES
  src/api/build.c
  src/api/compile.c
  src/api/detect.c
  src/api/eval.c
  src/api/import_sizes.c
  src/api/inspect.c src/api/inspect_files.c
  src/api/inspect_text.c
  src/api/json_text.c src/api/layers.c
  src/api/profile.c
  src/api/quantize.c
  src/api/version.c)
