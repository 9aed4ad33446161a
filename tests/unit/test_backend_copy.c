/* SPDX-License-Identifier: Apache-2.0 */
/* Copies between random strides (any order of dimensions, gaps, negative steps, repeats) against
 * one element after the other; and what can be said about views. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/nd.h"
#include "base/cpu.h"

static uint32_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Strides of the dimensions in a random order with random gaps; the span in elements. */
static size_t random_strides(uint64_t *random, struct dsq_view *v)
{
    int32_t order[DSQ_MAX_RANK];
    for (int32_t i = 0; i < v->rank; i++)
        order[i] = i;
    for (int32_t i = v->rank - 1; i > 0; i--) {
        int32_t j = (int32_t)(next(random) % (uint32_t)(i + 1)), t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
    int64_t step = next(random) % 4 ? 1 : 2;
    for (int32_t i = 0; i < v->rank; i++) {
        v->strides[order[i]] = step;
        step *= v->dims[order[i]];
        step += next(random) % 4 ? 0 : next(random) % 5;
    }
    return (size_t)step;
}

static size_t offset_of(const struct dsq_view *v, size_t i)
{
    int64_t at = 0;
    for (int32_t k = v->rank - 1; k >= 0; k--) {
        at += (int64_t)(i % (size_t)v->dims[k]) * v->strides[k];
        i /= (size_t)v->dims[k];
    }
    return (size_t)at;
}

static void check_copy(uint64_t *random, const struct dsq_rows_kernels *rows, struct dsq_pool *pool)
{
    static const enum dsq_dtype types[] = {DSQ_S8, DSQ_F32, DSQ_S64};
    struct dsq_view src = {.dtype = types[next(random) % 3]}, dst;
    src.rank = (int32_t)(next(random) % 6);
    for (int32_t i = 0; i < src.rank; i++)
        src.dims[i] = next(random) % 5 ? 1 + next(random) % 9 : 1 + next(random) % 130;
    while (dsq_view_elements(&src) > 200000)
        src.dims[next(random) % (uint32_t)src.rank] = 1;
    dst = src;
    size_t e = dsq_dtype_bytes(src.dtype);
    size_t src_bytes = random_strides(random, &src) * e,
           dst_bytes = random_strides(random, &dst) * e;
    uint8_t *from = malloc(src_bytes), *to = malloc(dst_bytes), *expected = malloc(dst_bytes);
    for (size_t i = 0; i < src_bytes; i++)
        from[i] = (uint8_t)next(random);
    memset(to, 0xa5, dst_bytes);
    memset(expected, 0xa5, dst_bytes);
    src.data = from;
    dst.data = to;
    for (size_t i = 0; i < dsq_view_elements(&src); i++)
        memcpy(expected + offset_of(&dst, i) * e, from + offset_of(&src, i) * e, e);
    dsq_cpu_copy(rows, pool, &dst, &src);
    assert_memory_equal(to, expected, dst_bytes); /* gaps included: nothing else is written */
    free(from);
    free(to);
    free(expected);
}

static void test_copies(void **state)
{
    (void)state;
    uint64_t random = 7;
    struct dsq_pool *pool = NULL;
    assert_int_equal(dsq_pool_create(&pool, 2, NULL, NULL), DSQ_OK);
    for (int i = 0; i < 600; i++)
        check_copy(&random, dsq_rows_select(i % 2 ? dsq_cpu_detect() : DSQ_CPU_NONE),
                   i % 3 ? NULL : pool);
    dsq_pool_free(&pool);
}

static void test_repeats_and_reverses(void **state)
{
    (void)state;
    const float row[3] = {1, 2, 3};
    float out[2][3];
    struct dsq_view src = {.data = (void *)(uintptr_t)(row + 2),
                           .dtype = DSQ_F32,
                           .rank = 1,
                           .dims = {3},
                           .strides = {-1}};
    struct dsq_view dst = {
        .data = out, .dtype = DSQ_F32, .rank = 2, .dims = {2, 3}, .strides = {3, 1}};
    dsq_cpu_copy(dsq_rows_select(DSQ_CPU_NONE), NULL, &dst, &src);
    const float expected[2][3] = {{3, 2, 1}, {3, 2, 1}};
    assert_memory_equal(out, expected, sizeof out);
}

static void test_views(void **state)
{
    (void)state;
    struct dsq_view v = {.dtype = DSQ_S8, .layout = DSQ_NHWC, .rank = 4, .dims = {2, 5, 3, 4}};
    dsq_view_set_dense(&v);
    const int64_t nhwc[4] = {60, 1, 20, 5};
    assert_memory_equal(v.strides, nhwc, sizeof nhwc);
    assert_true(dsq_view_is_dense(&v, DSQ_NHWC));
    assert_false(dsq_view_is_dense(&v, DSQ_NCHW));
    assert_true(dsq_view_is_pixels(&v));
    const int64_t part[4] = {96, 1, 32, 8}; /* five of eight channels */
    memcpy(v.strides, part, sizeof part);
    assert_true(dsq_view_is_pixels(&v));
    assert_false(dsq_view_is_dense(&v, DSQ_NHWC));
    v.strides[2] = 40; /* a gap after each row */
    assert_false(dsq_view_is_pixels(&v));
    v.layout = DSQ_NCHW;
    dsq_view_set_dense(&v);
    assert_false(dsq_view_is_pixels(&v));
    assert_int_equal(dsq_view_elements(&v), 120);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_repeats_and_reverses),
        cmocka_unit_test(test_views),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
