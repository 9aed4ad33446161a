# SPDX-License-Identifier: Apache-2.0
foreach(test dim graph shape host window text check oom)
  dsq_add_test(graph_${test} tests/unit/test_graph_${test}.c)
endforeach()
dsq_add_test(graph_move tests/unit/test_graph_move.c)
dsq_add_test(graph_freed tests/unit/test_graph_freed.c)
