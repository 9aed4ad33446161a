# SPDX-License-Identifier: Apache-2.0
list(APPEND DSQ_SOURCES src/plan/arena_plan.c src/plan/cache.c src/plan/plan.c src/plan/program.c)
