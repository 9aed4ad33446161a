# SPDX-License-Identifier: Apache-2.0
list(APPEND DSQ_SOURCES
  src/graph/attr.c
  src/graph/check.c
  src/graph/check_node.c
  src/graph/clone.c
  src/graph/compact.c
  src/graph/dim.c
  src/graph/dim_text.c
  src/graph/graph.c
  src/graph/infer.c
  src/graph/op_concat.c
  src/graph/op_conv.c
  src/graph/op_elementwise.c
  src/graph/op_gather.c
  src/graph/op_reshape.c
  src/graph/op_resize.c
  src/graph/op_slice.c
  src/graph/op_split.c
  src/graph/op_squeeze.c
  src/graph/op_window.c
  src/graph/ops.c
  src/graph/parse.c
  src/graph/resize.c
  src/graph/rule.c
  src/graph/scan.c
  src/graph/text.c
  src/graph/token.c)
