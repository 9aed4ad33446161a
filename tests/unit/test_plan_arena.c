/* SPDX-License-Identifier: Apache-2.0 */
/* Arena layout: random lifetimes replayed step by step; known small cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "plan/arena_plan.h"

enum { MOST = 200 };

static uint32_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Walk through the steps with a byte map of the arena: a block that finds its bytes taken overlaps.
 */
static void replay(const struct dsq_arena_block_plan *b, int32_t n, int32_t steps, size_t total)
{
    int16_t *owner = malloc((total + 1) * sizeof *owner);
    memset(owner, -1, (total + 1) * sizeof *owner);
    for (int32_t step = 0; step < steps; step++) {
        for (int32_t i = 0; i < n; i++)
            for (size_t k = 0; b[i].last == step - 1 && k < b[i].bytes; k++)
                owner[b[i].offset + k] = -1;
        for (int32_t i = 0; i < n; i++) {
            if (b[i].first != step)
                continue;
            assert_int_equal(b[i].offset % DSQ_ARENA_ALIGNMENT, 0);
            assert_true(b[i].bytes == 0 || b[i].offset + b[i].bytes <= total);
            for (size_t k = 0; k < b[i].bytes; k++) {
                assert_int_equal(owner[b[i].offset + k], -1);
                owner[b[i].offset + k] = (int16_t)i;
            }
        }
    }
    free(owner);
}

/* No plan can be smaller than what is alive at once. */
static size_t most_alive(const struct dsq_arena_block_plan *b, int32_t n, int32_t steps)
{
    size_t most = 0;
    for (int32_t step = 0; step < steps; step++) {
        size_t alive = 0;
        for (int32_t i = 0; i < n; i++)
            if (b[i].first <= step && step <= b[i].last)
                alive += b[i].bytes;
        most = alive > most ? alive : most;
    }
    return most;
}

static void test_random_lifetimes(void **state)
{
    (void)state;
    uint64_t random = 20240607;
    int32_t order[2 * MOST];
    struct dsq_arena_block_plan block[MOST], again[MOST];
    for (int round = 0; round < 200; round++) {
        int32_t n = 1 + (int32_t)(next(&random) % MOST), steps = 1 + (int32_t)(next(&random) % 60);
        size_t sum = 0, total, total_again;
        for (int32_t i = 0; i < n; i++) {
            int32_t first = (int32_t)(next(&random) % (uint32_t)steps);
            int32_t last = first + (int32_t)(next(&random) % (uint32_t)(steps - first));
            size_t bytes = next(&random) % 4 ? next(&random) % 3000 : next(&random) % 3 * 64;
            block[i] = (struct dsq_arena_block_plan){bytes, first, last, 0};
            sum += dsq_align_up(bytes, DSQ_ARENA_ALIGNMENT);
        }
        memcpy(again, block, sizeof block);
        assert_true(dsq_arena_plan(block, n, order, &total));
        replay(block, n, steps, total);
        assert_true(total <= sum);
        assert_true(total >= most_alive(block, n, steps));
        assert_true(dsq_arena_plan(again, n, order, &total_again));
        assert_int_equal(total, total_again);
        for (int32_t i = 0; i < n; i++)
            assert_int_equal(block[i].offset, again[i].offset);
    }
}

/* A chain of layers needs the two largest neighbours, not the sum. */
static void test_chain(void **state)
{
    (void)state;
    struct dsq_arena_block_plan b[4] = {
        {640, 0, 1, 0}, {1280, 1, 2, 0}, {640, 2, 3, 0}, {320, 3, 4, 0}};
    int32_t order[8];
    size_t total;
    assert_true(dsq_arena_plan(b, 4, order, &total));
    assert_int_equal(total, 1920);
}

static void test_overflow(void **state)
{
    (void)state;
    struct dsq_arena_block_plan b[2] = {{SIZE_MAX / 2, 0, 1, 0}, {SIZE_MAX - 100, 0, 1, 0}};
    int32_t order[4];
    size_t total;
    assert_false(dsq_arena_plan(b, 2, order, &total));
    assert_true(dsq_arena_plan(b, 0, order, &total));
    assert_int_equal(total, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_lifetimes),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
