# SPDX-License-Identifier: Apache-2.0
dsq_add_test(backend_copy tests/unit/test_backend_copy.c)
dsq_add_test(backend_list tests/unit/test_backend_list.c)
