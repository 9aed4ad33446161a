/* SPDX-License-Identifier: Apache-2.0 */
/* The paired bootstrap over pictures; matches.h says what it is. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/matches.h"

/* splitmix64 (Steele, Lea & Flood, 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* n pictures with replacement: how often each. The bias of taking 32 bits to n numbers is below
 * n / 2^32. */
static void draw(uint32_t *weight, size_t n, uint64_t *state)
{
    memset(weight, 0, n * sizeof *weight);
    for (size_t i = 0; i < n; i++)
        weight[((next_random(state) >> 32) * n) >> 32]++;
}

static int by_value(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/* The value with a part p of the sorted ones below it, between neighbours by proportion. */
static double quantile(const double *sorted, size_t n, double p)
{
    double at = p * (double)(n - 1);
    size_t i = (size_t)at;
    if (i + 1 >= n)
        return sorted[n - 1];
    return sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]);
}

static struct dsq_interval middle(double *value, size_t n, double confidence)
{
    if (n == 0)
        return (struct dsq_interval){NAN, NAN};
    qsort(value, n, sizeof *value, by_value);
    double tail = (1.0 - confidence) / 2.0;
    return (struct dsq_interval){quantile(value, n, tail), quantile(value, n, 1.0 - tail)};
}

enum dsq_status dsq_bootstrap(const struct dsq_matches *m, const struct dsq_matches *first,
                              int32_t resamples, uint64_t seed, double confidence,
                              struct dsq_interval *ap, struct dsq_interval *change,
                              struct dsq_diag *d)
{
    const struct dsq_allocator *a = m->allocator;
    size_t most = first && first->n_matches > m->n_matches ? first->n_matches : m->n_matches;
    uint32_t *weight = dsq_calloc(a, m->n_images + 1, sizeof *weight);
    struct dsq_hit *hit = dsq_calloc(a, most + 1, sizeof *hit);
    double *of_ap = dsq_calloc(a, (size_t)resamples, sizeof *of_ap);
    double *of_change = dsq_calloc(a, (size_t)resamples, sizeof *of_change);
    enum dsq_status status = DSQ_OK;
    size_t n = 0;
    if (!weight || !hit || !of_ap || !of_change) {
        status = dsq_fail(d, DSQ_NOMEM, "no memory for %d resamples", (int)resamples);
        goto done;
    }
    for (int32_t i = 0; i < resamples; i++) {
        draw(weight, m->n_images, &seed);
        double v = dsq_matches_ap(m, weight, hit);
        if (isnan(v)) /* a draw without any object */
            continue;
        of_ap[n] = v;
        of_change[n++] = first ? v - dsq_matches_ap(first, weight, hit) : (double)NAN;
    }
    *ap = middle(of_ap, n, confidence);
    *change = middle(of_change, first ? n : 0, confidence);
done:
    dsq_release(a, weight);
    dsq_release(a, hit);
    dsq_release(a, of_ap);
    dsq_release(a, of_change);
    return status;
}
