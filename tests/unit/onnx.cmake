# SPDX-License-Identifier: Apache-2.0
dsq_add_test(onnx_import tests/unit/test_onnx_import.c)
dsq_add_test(onnx_matrix tests/unit/test_onnx_matrix.c)
dsq_add_test(onnx_refusals tests/unit/test_onnx_refusals.c)
dsq_add_test(onnx_external tests/unit/test_onnx_external.c)
dsq_add_test(onnx_hostile tests/unit/test_onnx_hostile.c)
dsq_add_test(onnx_write tests/unit/test_onnx_write.c)
dsq_add_test(onnx_move tests/unit/test_onnx_move.c)
