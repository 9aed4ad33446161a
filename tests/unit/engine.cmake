# SPDX-License-Identifier: Apache-2.0
set(support tests/unit/engine_support.c tests/unit/engine_reference.c)
dsq_add_test(engine_numbers tests/unit/test_engine_numbers.c ${support})
dsq_add_test(engine_file tests/unit/test_engine_file.c ${support})
dsq_add_test(engine_context tests/unit/test_engine_context.c ${support})
dsq_add_test(engine_profile tests/unit/test_engine_profile.c ${support})
dsq_add_test(backend_float tests/unit/test_backend_float.c ${support})
dsq_add_test(backend_move tests/unit/test_backend_move.c ${support})
