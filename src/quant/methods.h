/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a histogram to a range: the calibration methods, one table row each. docs/quantization.md
 * says when to use which.
 *
 * Every method is a function of the counts alone and uses only exactly rounded operations, so a
 * range is the same bits everywhere. No method answers more than max |x|, and all answer 0 for a
 * tensor that was always zero.
 */
#ifndef DSQ_QUANT_METHODS_H
#define DSQ_QUANT_METHODS_H

#include "quant/histogram.h"

enum dsq_method {
    DSQ_METHOD_MINMAX,     /* max |x| */
    DSQ_METHOD_PERCENTILE, /* 99.99 % of all |x|, zeros included, lie within: see methods.c */
    DSQ_METHOD_KL,         /* least information lost by 128 levels: see entropy.c */
    DSQ_METHOD_MSE,        /* least mean squared error of the quantized numbers: see methods.c */
    DSQ_METHOD_COUNT
};

/* False for an unknown name. */
bool dsq_method_find(const char *name, enum dsq_method *method);
/* "minmax", ...; NULL when `method` is not below DSQ_METHOD_COUNT, so that a caller can list them.
 */
const char *dsq_method_name(int method);
/* One line on what it does; NULL past the last. */
const char *dsq_method_text(int method);
/* The method used when the caller names none. */
enum dsq_method dsq_method_default(void);

double dsq_method_range(enum dsq_method method, const struct dsq_histogram *h);

#endif
