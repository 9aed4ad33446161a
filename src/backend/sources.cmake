# SPDX-License-Identifier: Apache-2.0
list(APPEND DSQ_SOURCES
  src/backend/backend.c
  src/backend/view.c
  src/backend/cpu/backend_cpu.c
  src/backend/cpu/concat.c
  src/backend/cpu/conv.c
  src/backend/cpu/conv_depthwise.c
  src/backend/cpu/conv_f32.c
  src/backend/cpu/conv_s8.c
  src/backend/cpu/conv_staged.c
  src/backend/cpu/conv_tile.c
  src/backend/cpu/copy.c
  src/backend/cpu/elementwise.c
  src/backend/cpu/layernorm.c
  src/backend/cpu/matmul.c
  src/backend/cpu/maxpool.c
  src/backend/cpu/move.c
  src/backend/cpu/nd.c
  src/backend/cpu/norm.c
  src/backend/cpu/packed.c
  src/backend/cpu/quantize.c
  src/backend/cpu/relayout.c
  src/backend/cpu/resize.c
  src/backend/cpu/resize_linear.c
  src/backend/cpu/split.c
  src/backend/cpu/unary.c)
