/* SPDX-License-Identifier: Apache-2.0 */
/* Calibration methods against the plainest definition of each, computed from the values or bin by
 * bin. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quant/methods.h"
#include "quant_random.h"

enum { N = 200000 };

static float *values;
static struct dsq_histogram *h;

static void observe(enum random_kind kind, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++)
        values[i] = random_value(&seed, kind);
    dsq_histogram_init(h);
    dsq_histogram_add(h, values, n);
}

static int setup(void **state)
{
    (void)state;
    values = malloc(N * sizeof *values);
    h = malloc(sizeof *h);
    return values && h ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    free(values);
    free(h);
    return 0;
}

static double largest(size_t n)
{
    double most = 0.0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs((double)values[i]));
    return most;
}

static void test_minmax(void **state)
{
    (void)state;
    for (int kind = 0; kind < RANDOM_KINDS; kind++) {
        observe((enum random_kind)kind, N, 3);
        assert_true(dsq_method_range(DSQ_METHOD_MINMAX, h) == largest(N));
    }
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* From the sorted values: rank ceil(0.9999 n), to the upper edge of the bin, at most the maximum.
 */
static double plain_percentile(size_t n)
{
    double most = largest(n), width = dsq_histogram_width(h);
    for (size_t i = 0; i < n; i++)
        values[i] = fabsf(values[i]);
    qsort(values, n, sizeof *values, by_size);
    size_t rank = (n * 9999 + 9999) / 10000;
    double v = (double)values[rank - 1];
    return v == 0.0 ? most : fmin((floor(v / width) + 1.0) * width, most);
}

static void test_percentile(void **state)
{
    (void)state;
    static const size_t n[] = {1, 2, 9999, 10000, 10001, 20000, 123456, N};
    for (int kind = 0; kind < RANDOM_KINDS; kind++)
        for (size_t k = 0; k < sizeof n / sizeof *n; k++) {
            observe((enum random_kind)kind, n[k], 17 + k);
            double range = dsq_method_range(DSQ_METHOD_PERCENTILE, h);
            assert_true(range == plain_percentile(n[k]));
        }
    observe(RANDOM_HEAVY, N, 5);
    assert_true(dsq_method_range(DSQ_METHOD_PERCENTILE, h) < 0.5 * largest(N));
}

/* Nearly all zeros: the percentile itself is 0, the range must not be. */
static void test_percentile_of_a_sparse_tensor(void **state)
{
    (void)state;
    memset(values, 0, N * sizeof *values);
    values[77] = -2.5f;
    dsq_histogram_init(h);
    dsq_histogram_add(h, values, N);
    assert_true(dsq_method_range(DSQ_METHOD_PERCENTILE, h) == 2.5);
}

/* KL of r bins, bin by bin with the C library's logarithm in long double, after the definition. */
static long double plain_kl(size_t r)
{
    long double p[DSQ_HISTOGRAM_BINS], q[DSQ_HISTOGRAM_BINS] = {0}, sum_p = 0, sum_q = 0, kl = 0;
    for (size_t i = 0; i < DSQ_HISTOGRAM_BINS; i++) {
        long double count = (long double)(h->bin[i] - (i == 0 ? h->n_zero : 0));
        sum_p += count;
        if (i < r)
            p[i] = count;
        else
            p[r - 1] += count;
    }
    for (size_t begin = 0; begin < r; begin += r / 128) {
        long double sum = 0;
        size_t n = 0;
        for (size_t i = begin; i < begin + r / 128; i++) {
            uint64_t count = h->bin[i] - (i == 0 ? h->n_zero : 0);
            sum += (long double)count;
            n += count != 0;
        }
        for (size_t i = begin; i < begin + r / 128; i++)
            if (h->bin[i] - (i == 0 ? h->n_zero : 0) != 0)
                q[i] = sum / n;
        sum_q += sum;
    }
    for (size_t i = 0; i < r; i++)
        if (p[i] > 0)
            kl += q[i] > 0 ? p[i] / sum_p * logl(p[i] / sum_p / (q[i] / sum_q)) : INFINITY;
    return kl;
}

static double plain_kl_range(void)
{
    double width = dsq_histogram_width(h), most = dsq_histogram_max_abs(h), range = most;
    long double best = INFINITY;
    for (size_t r = 128; r <= DSQ_HISTOGRAM_BINS && (double)(r - 128) * width <= most; r += 128) {
        long double kl = plain_kl(r);
        if (kl < best) {
            best = kl;
            range = fmin((double)r * width, most);
        }
    }
    return range;
}

static void test_kl(void **state)
{
    (void)state;
    static const size_t n[] = {1, 500, 20000, N};
    for (int kind = 0; kind < RANDOM_KINDS; kind++)
        for (size_t k = 0; k < sizeof n / sizeof *n; k++) {
            observe((enum random_kind)kind, n[k], 1000 + (uint64_t)kind);
            assert_true(dsq_method_range(DSQ_METHOD_KL, h) == plain_kl_range());
        }
}

static void test_kl_is_not_minmax(void **state)
{
    (void)state;
    observe(RANDOM_HEAVY, N, 12);
    double range = dsq_method_range(DSQ_METHOD_KL, h);
    assert_true(range > 0.0 && range < 0.8 * dsq_method_range(DSQ_METHOD_MINMAX, h));
}

/* The mean squared error that a range really gives on the values, zeros included. */
static double real_error(double range, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        double q = rint((double)values[i] * 127.0 / range);
        q = q > 127.0 ? 127.0 : q < -127.0 ? -127.0 : q;
        double error = (double)values[i] - q * range / 127.0;
        sum += error * error;
    }
    return sum / (double)n;
}

/* No range of a fine grid may be better than what mse answers, but for the width of a bin. */
static void test_mse(void **state)
{
    (void)state;
    for (int kind = 0; kind < RANDOM_KINDS; kind++) {
        observe((enum random_kind)kind, N, 31);
        double most = largest(N), range = dsq_method_range(DSQ_METHOD_MSE, h);
        double error = real_error(range, N);
        assert_true(range > 0.0 && range <= most);
        for (int i = 1; i <= 50; i++)
            assert_true(error <= 1.02 * real_error(most * i / 50.0, N));
    }
}

static void test_all_zero(void **state)
{
    (void)state;
    dsq_histogram_init(h);
    for (int pass = 0; pass < 2; pass++) { /* nothing seen; only zeros seen */
        for (int m = 0; m < DSQ_METHOD_COUNT; m++)
            assert_true(dsq_method_range((enum dsq_method)m, h) == 0.0);
        memset(values, 0, 100 * sizeof *values);
        dsq_histogram_add(h, values, 100);
    }
}

/* Multiplying all values by a power of two multiplies every range by it, exactly. */
static void test_scaling(void **state)
{
    (void)state;
    static const int power[] = {-100, -20, 3, 60};
    for (size_t k = 0; k < sizeof power / sizeof *power; k++)
        for (int m = 0; m < DSQ_METHOD_COUNT; m++) {
            observe(RANDOM_HEAVY, 30000, 8);
            double range = dsq_method_range((enum dsq_method)m, h);
            for (size_t i = 0; i < 30000; i++)
                values[i] = ldexpf(values[i], power[k]);
            dsq_histogram_init(h);
            dsq_histogram_add(h, values, 30000);
            assert_true(dsq_method_range((enum dsq_method)m, h) == ldexp(range, power[k]));
        }
}

static void test_names(void **state)
{
    (void)state;
    enum dsq_method m;
    for (int i = 0; i < DSQ_METHOD_COUNT; i++) {
        assert_true(dsq_method_find(dsq_method_name(i), &m));
        assert_int_equal(m, i);
        assert_non_null(dsq_method_text(i));
    }
    assert_null(dsq_method_name(DSQ_METHOD_COUNT));
    assert_null(dsq_method_text(-1));
    assert_false(dsq_method_find("", &m));
    assert_false(dsq_method_find("min", &m));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minmax),
        cmocka_unit_test(test_percentile),
        cmocka_unit_test(test_percentile_of_a_sparse_tensor),
        cmocka_unit_test(test_kl),
        cmocka_unit_test(test_kl_is_not_minmax),
        cmocka_unit_test(test_mse),
        cmocka_unit_test(test_all_zero),
        cmocka_unit_test(test_scaling),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
