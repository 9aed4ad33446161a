/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The streaming observer of one tensor: exact minimum and maximum, 64-bit counts of |x| in bins.
 *
 * The bin width is a power of two: the smallest that lets BINS bins hold the largest |x| so far
 * (never below 2^-126). A larger value doubles it, merging neighbours, which is exact: floor(x /
 * 2w) = floor(floor(x / w) / 2). So the state is a function of the multiset of values alone: same
 * bits for any order, any split into calls, threads or processes. The largest value lies in bins
 * BINS/2 .. BINS-1.
 *
 * Memory is constant (64 KiB). Not thread safe: one histogram a thread, then merge.
 */
#ifndef DSQ_QUANT_HISTOGRAM_H
#define DSQ_QUANT_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DSQ_HISTOGRAM_BINS = 8192, DSQ_HISTOGRAM_MIN_EXPONENT = -126 };

struct dsq_histogram {
    float min, max;    /* of the finite values; max < min while there are none */
    uint64_t n_finite; /* the bins' sum */
    uint64_t n_zero;   /* of those, exactly zero; they are in bin 0 */
    uint64_t n_nan, n_inf;
    int32_t exponent; /* bin width 2^exponent; bin i counts i * width <= |x| < (i + 1) * width */
    uint64_t bin[DSQ_HISTOGRAM_BINS];
};

void dsq_histogram_init(struct dsq_histogram *h);
/* Count n values. */
void dsq_histogram_add(struct dsq_histogram *h, const float *x, size_t n);
/* Count what `from` has counted. */
void dsq_histogram_merge(struct dsq_histogram *h, const struct dsq_histogram *from);
/* Largest finite |x|; 0 for none. */
double dsq_histogram_max_abs(const struct dsq_histogram *h);
/* 2^exponent. */
double dsq_histogram_width(const struct dsq_histogram *h);

#endif
