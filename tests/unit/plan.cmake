# SPDX-License-Identifier: Apache-2.0
dsq_add_test(plan_arena tests/unit/test_plan_arena.c)
dsq_add_test(plan_cache tests/unit/test_plan_cache.c)
