/* SPDX-License-Identifier: Apache-2.0 */
/* The observer of tensors: every element once, whatever the strides, layout and thread count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "calib/observer.h"
#include "quant_random.h"

static struct dsq_diag diag;

static const struct {
    int64_t dims[4];
    enum dsq_layout layout;
    int64_t gap; /* unused channels (NHWC) or columns (NCHW) behind each pixel or row */
} shapes[] = {
    {{1, 3, 7, 5}, DSQ_NCHW, 0},       {{1, 3, 7, 5}, DSQ_NHWC, 0},
    {{2, 5, 9, 4}, DSQ_NCHW, 3},       {{2, 5, 9, 4}, DSQ_NHWC, 3},
    {{1, 64, 90, 71}, DSQ_NHWC, 0},    {{1, 64, 90, 71}, DSQ_NHWC, 16},
    {{1, 3, 301, 2500}, DSQ_NCHW, 60}, {{3, 1, 1, 1}, DSQ_NHWC, 2},
    {{1, 40, 0, 4}, DSQ_NCHW, 0},      {{1, 2500, 60, 3}, DSQ_NHWC, 1},
};

static void test_counts_every_element_once(void **state)
{
    (void)state;
    uint64_t seed = 77;
    static struct dsq_histogram expected;
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        const int64_t *n = shapes[k].dims, gap = shapes[k].gap;
        struct dsq_tensor t = {.dtype = DSQ_F32, .layout = shapes[k].layout, .rank = 4};
        memcpy(t.dims, n, sizeof shapes[k].dims);
        int64_t inner = (t.layout == DSQ_NHWC ? n[1] : n[3]) + gap, f = (int64_t)sizeof(float);
        int64_t nhwc[] = {inner * n[3] * n[2] * f, f, inner * n[3] * f, inner * f};
        int64_t nchw[] = {inner * n[2] * n[1] * f, inner * n[2] * f, inner * f, f};
        if (gap)
            memcpy(t.strides, t.layout == DSQ_NHWC ? nhwc : nchw, sizeof nhwc);
        const int64_t *s = t.layout == DSQ_NHWC ? nhwc : nchw;
        size_t total = (size_t)(n[0] * s[0] / f);
        float *x = malloc((total + 1) * sizeof *x);
        for (size_t i = 0; i < total; i++)
            x[i] = NAN; /* in the gaps: would be noticed */
        dsq_histogram_init(&expected);
        for (int64_t a = 0; a < n[0]; a++)
            for (int64_t b = 0; b < n[1]; b++)
                for (int64_t c = 0; c < n[2]; c++)
                    for (int64_t d = 0; d < n[3]; d++) {
                        float v = random_value(&seed, RANDOM_HEAVY);
                        x[(a * s[0] + b * s[1] + c * s[2] + d * s[3]) / f] = v;
                        dsq_histogram_add(&expected, &v, 1);
                    }
        t.data = x;
        for (int threads = 1; threads <= 4; threads += 3) {
            struct dsq_pool *pool = NULL;
            struct dsq_observer *o = NULL;
            const char *name = "t";
            assert_int_equal(dsq_pool_create(&pool, threads, NULL, &diag), DSQ_OK);
            assert_int_equal(dsq_observer_create(&o, &name, 1, pool, NULL, &diag), DSQ_OK);
            dsq_observer_see(o, "t", &t);
            const struct dsq_histogram *h = dsq_observer_find(o, "t");
            assert_non_null(h);
            assert_int_equal(h->n_finite, n[0] * n[1] * n[2] * n[3]);
            assert_memory_equal(h, &expected, sizeof expected);
            dsq_observer_free(&o);
            dsq_pool_free(&pool);
        }
        free(x);
    }
}

static void test_names(void **state)
{
    (void)state;
    static const char *const wanted[] = {"a", "b", "a"};
    static float x[] = {1.0f, -2.0f};
    struct dsq_tensor t = {.dtype = DSQ_F32, .rank = 1, .dims = {2}, .data = x};
    struct dsq_tensor scalar = {.dtype = DSQ_F32, .rank = 0, .data = x};
    struct dsq_tensor bytes = {.dtype = DSQ_S8, .rank = 1, .dims = {8}, .data = x};
    struct dsq_observer *o = NULL;
    assert_int_equal(dsq_observer_create(&o, wanted, 3, NULL, NULL, &diag), DSQ_OK);
    assert_int_equal(dsq_observer_count(o), 2);
    dsq_observer_see(o, "b", &t);
    dsq_observer_see(o, "b", &scalar);
    dsq_observer_see(o, "b", &bytes);
    dsq_observer_see(o, "c", &t);
    assert_null(dsq_observer_find(o, "a"));
    assert_null(dsq_observer_find(o, "c"));
    assert_null(dsq_observer_histogram(o, 0));
    assert_string_equal(dsq_observer_name(o, 1), "b");
    assert_int_equal(dsq_observer_histogram(o, 1)->n_finite, 3);
    assert_false(dsq_observer_failed(o));
    dsq_observer_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_every_element_once),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
