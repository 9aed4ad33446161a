/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the normalizations share: sums in double, in one order that depends on the sizes alone.
 */
#ifndef DSQ_BACKEND_CPU_NORM_H
#define DSQ_BACKEND_CPU_NORM_H

#include <math.h>

#include "backend/cpu/backend_cpu.h"

struct dsq_moments {
    double sum, squares;
};

/* Of n floats side by side: eight chains, one for each place modulo 8, then added up in order. */
static inline struct dsq_moments dsq_moments_of(const float *x, int64_t n)
{
    enum { CHAINS = 8 };
    double sum[CHAINS] = {0}, squares[CHAINS] = {0};
    struct dsq_moments m = {0, 0};
    int64_t i = 0;
    for (; i + CHAINS <= n; i += CHAINS)
        for (int k = 0; k < CHAINS; k++) {
            double v = (double)x[i + k];
            sum[k] += v;
            squares[k] += v * v;
        }
    for (int k = 0; i < n; i++, k++) {
        sum[k] += (double)x[i];
        squares[k] += (double)x[i] * (double)x[i];
    }
    for (int k = 0; k < CHAINS; k++) {
        m.sum += sum[k];
        m.squares += squares[k];
    }
    return m;
}

/* Mean and 1 / sqrt(variance + epsilon) of n numbers. */
static inline void dsq_moments_finish(const struct dsq_moments *m, int64_t n, float epsilon,
                                      double *mean, double *factor)
{
    *mean = m->sum / (double)n;
    double variance = m->squares / (double)n - *mean * *mean;
    *factor = 1.0 / sqrt((variance > 0 ? variance : 0) + (double)epsilon);
}

#endif
