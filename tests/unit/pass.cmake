# SPDX-License-Identifier: Apache-2.0
dsq_add_test(pass_graph tests/unit/test_pass_graph.c)
dsq_add_test(pass_run tests/unit/test_pass_run.c)
dsq_add_test(pass_random tests/unit/test_pass_random.c tests/unit/pass_interpreter.c)
if("onnx" IN_LIST DSQ_MODULES)
  dsq_add_test(pass_model tests/unit/test_pass_model.c)
  dsq_add_test(pass_oom tests/unit/test_pass_oom.c)
endif()
