# SPDX-License-Identifier: Apache-2.0
dsq_add_test(base_memory tests/unit/test_base_memory.c)
dsq_add_test(base_bytes tests/unit/test_base_bytes.c)
dsq_add_test(base_file tests/unit/test_base_file.c)
dsq_add_test(base_status tests/unit/test_base_status.c)
dsq_add_test(base_cpu tests/unit/test_base_cpu.c)
dsq_add_test(base_parallel tests/unit/test_base_parallel.c)
dsq_add_test(base_npy tests/unit/test_base_npy.c)
