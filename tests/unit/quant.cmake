# SPDX-License-Identifier: Apache-2.0
dsq_add_test(quant_histogram tests/unit/test_quant_histogram.c)
dsq_add_test(quant_methods tests/unit/test_quant_methods.c)
dsq_add_test(quant_ranges tests/unit/test_quant_ranges.c)
dsq_add_test(quant_decisions tests/unit/test_quant_decisions.c)
dsq_add_test(quant_weights tests/unit/test_quant_weights.c)
dsq_add_test(quant_placement tests/unit/test_quant_placement.c)
dsq_add_test(quant_placement_ops tests/unit/test_quant_placement_ops.c)
