/* SPDX-License-Identifier: Apache-2.0 */
/* The observer: its state must depend on the multiset of values alone, and be right about it. */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quant/histogram.h"
#include "quant_random.h"

static struct dsq_histogram *new_histogram(void)
{
    struct dsq_histogram *h = malloc(sizeof *h);
    assert_non_null(h);
    dsq_histogram_init(h);
    return h;
}

/* The definition, value by value, from all values at once. */
static void count_plainly(struct dsq_histogram *h, const float *x, size_t n)
{
    double most = 0.0, width = ldexp(1.0, DSQ_HISTOGRAM_MIN_EXPONENT);
    dsq_histogram_init(h);
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i]) && fabs((double)x[i]) > most)
            most = fabs((double)x[i]);
    while (most >= width * DSQ_HISTOGRAM_BINS) {
        width *= 2.0;
        h->exponent++;
    }
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            h->n_nan += isnan(x[i]);
            h->n_inf += !isnan(x[i]);
            continue;
        }
        h->n_finite++;
        h->n_zero += x[i] == 0.0f;
        h->min = x[i] < h->min ? x[i] : h->min;
        h->max = x[i] > h->max ? x[i] : h->max;
        h->bin[(size_t)floor(fabs((double)x[i]) / width)]++;
    }
}

static void assert_same(const struct dsq_histogram *a, const struct dsq_histogram *b)
{
    assert_int_equal(a->exponent, b->exponent);
    assert_int_equal(a->n_finite, b->n_finite);
    assert_int_equal(a->n_zero, b->n_zero);
    assert_int_equal(a->n_nan, b->n_nan);
    assert_int_equal(a->n_inf, b->n_inf);
    assert_memory_equal(&a->min, &b->min, sizeof a->min);
    assert_memory_equal(&a->max, &b->max, sizeof a->max);
    assert_memory_equal(a->bin, b->bin, sizeof a->bin);
}

static void shuffle(float *x, size_t n, uint64_t *seed)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = random_u32(seed) % i;
        float t = x[i - 1];
        x[i - 1] = x[k];
        x[k] = t;
    }
}

/* Add in pieces of random length. */
static void add_in_pieces(struct dsq_histogram *h, const float *x, size_t n, uint64_t *seed)
{
    for (size_t done = 0; done < n;) {
        size_t m = 1 + random_u32(seed) % (random_u32(seed) % 2 ? 100 : 50000);
        m = m < n - done ? m : n - done;
        dsq_histogram_add(h, x + done, m);
        done += m;
    }
}

enum { N = 150000 };

static void fill(float *x, size_t n, enum random_kind kind, uint64_t *seed)
{
    /* Parts of very different size, so that the width must grow many times. */
    for (size_t i = 0; i < n; i++)
        x[i] = ldexpf(random_value(seed, kind), (int)(i * 8 / n) * 3 - 12);
    x[n / 3] = -0.0f;
}

static void test_equals_the_definition(void **state)
{
    (void)state;
    uint64_t seed = 7;
    float *x = malloc(N * sizeof *x);
    struct dsq_histogram *plain = new_histogram(), *h = new_histogram();
    for (int kind = 0; kind < RANDOM_KINDS; kind++) {
        fill(x, N, (enum random_kind)kind, &seed);
        if (kind % 2) {
            x[5] = NAN;
            x[N / 2] = -NAN;
            x[N - 1] = -INFINITY;
        }
        count_plainly(plain, x, N);
        x[N / 3] = 0.0f; /* a zero's sign must not matter here: see below */
        dsq_histogram_init(h);
        dsq_histogram_add(h, x, N);
        assert_same(h, plain);
        assert_true(dsq_histogram_max_abs(h) < dsq_histogram_width(h) * DSQ_HISTOGRAM_BINS);
        assert_true(dsq_histogram_max_abs(h) >= dsq_histogram_width(h) * DSQ_HISTOGRAM_BINS / 2);
    }
    free(h);
    free(plain);
    free(x);
}

static void test_order_and_pieces_do_not_matter(void **state)
{
    (void)state;
    uint64_t seed = 99;
    float *x = malloc(N * sizeof *x);
    struct dsq_histogram *first = new_histogram(), *h = new_histogram();
    for (int kind = 0; kind < RANDOM_KINDS; kind++) {
        fill(x, N, (enum random_kind)kind, &seed);
        dsq_histogram_init(first);
        dsq_histogram_add(first, x, N);
        for (int k = 0; k < 4; k++) {
            shuffle(x, N, &seed);
            dsq_histogram_init(h);
            add_in_pieces(h, x, N, &seed);
            assert_same(h, first);
        }
    }
    free(h);
    free(first);
    free(x);
}

static void test_merging_is_adding(void **state)
{
    (void)state;
    enum { PARTS = 5 };
    uint64_t seed = 4;
    float *x = malloc(N * sizeof *x);
    struct dsq_histogram *whole = new_histogram(), *h = new_histogram(), *part[PARTS];
    for (int p = 0; p < PARTS; p++)
        part[p] = new_histogram();
    fill(x, N, RANDOM_HEAVY, &seed);
    dsq_histogram_add(whole, x, N);
    for (int p = 0; p < PARTS - 1; p++) /* the last one stays empty */
        dsq_histogram_add(part[p], x + p * (N / 4), N / 4);
    for (int first = 0; first < PARTS; first++) {
        dsq_histogram_init(h);
        for (int p = 0; p < PARTS; p++)
            dsq_histogram_merge(h, part[(first + 3 * p) % PARTS]);
        assert_same(h, whole);
    }
    for (int p = 0; p < PARTS; p++)
        free(part[p]);
    free(h);
    free(whole);
    free(x);
}

static void test_ends_of_the_range(void **state)
{
    (void)state;
    static const float x[] = {FLT_MAX, -FLT_MAX, FLT_MIN, 0x1p-149f, -0x1p-149f, 0.0f, -0.0f, 1.0f};
    static const float powers[] = {0.5f, 1.0f, 2.0f, 4096.0f};
    struct dsq_histogram *plain = new_histogram(), *h = new_histogram();
    for (size_t n = 1; n <= sizeof x / sizeof *x; n++)
        for (size_t from = 0; from < n; from++) {
            count_plainly(plain, x + from, n - from);
            dsq_histogram_init(h);
            dsq_histogram_add(h, x + from, n - from);
            assert_int_equal(h->exponent, plain->exponent);
            assert_int_equal(h->n_zero, plain->n_zero);
            assert_memory_equal(h->bin, plain->bin, sizeof h->bin);
            assert_true(h->min == plain->min && h->max == plain->max);
        }
    for (size_t i = 0; i < sizeof powers / sizeof *powers;
         i++) { /* a power of two needs the next width */
        dsq_histogram_init(h);
        dsq_histogram_add(h, &powers[i], 1);
        assert_int_equal(h->bin[DSQ_HISTOGRAM_BINS / 2], 1);
    }
    free(h);
    free(plain);
}

static void test_nothing_finite(void **state)
{
    (void)state;
    static const float x[] = {NAN, INFINITY, -INFINITY, NAN};
    struct dsq_histogram *h = new_histogram();
    assert_true(dsq_histogram_max_abs(h) == 0.0);
    dsq_histogram_add(h, x, 4);
    dsq_histogram_add(h, x, 0);
    assert_int_equal(h->n_nan, 2);
    assert_int_equal(h->n_inf, 2);
    assert_int_equal(h->n_finite, 0);
    assert_true(dsq_histogram_max_abs(h) == 0.0);
    assert_true(h->max < h->min);
    free(h);
}

/* Minimum and maximum know -0 from 0 so that they, too, do not depend on order. */
static void test_negative_zero(void **state)
{
    (void)state;
    static const float x[][2] = {{0.0f, -0.0f}, {-0.0f, 0.0f}};
    struct dsq_histogram *h = new_histogram();
    for (int i = 0; i < 2; i++) {
        dsq_histogram_init(h);
        dsq_histogram_add(h, &x[i][0], 1);
        dsq_histogram_add(h, &x[i][1], 1);
        assert_true(signbit(h->min) && !signbit(h->max));
        assert_int_equal(h->n_zero, 2);
    }
    free(h);
}

/* Counts beyond 32 bits: merging doubles them. */
static void test_counts_have_64_bits(void **state)
{
    (void)state;
    static const float x[] = {1.5f, 0.0f, -3.0f};
    struct dsq_histogram *h = new_histogram(), *copy = new_histogram();
    dsq_histogram_add(h, x, 3);
    for (int i = 0; i < 40; i++) {
        *copy = *h;
        dsq_histogram_merge(h, copy);
    }
    assert_int_equal(h->n_finite, (uint64_t)3 << 40);
    assert_int_equal(h->bin[0], (uint64_t)1 << 40);
    assert_int_equal(h->n_zero, (uint64_t)1 << 40);
    free(copy);
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_the_definition),
        cmocka_unit_test(test_order_and_pieces_do_not_matter),
        cmocka_unit_test(test_merging_is_adding),
        cmocka_unit_test(test_ends_of_the_range),
        cmocka_unit_test(test_nothing_finite),
        cmocka_unit_test(test_negative_zero),
        cmocka_unit_test(test_counts_have_64_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
