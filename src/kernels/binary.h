/* SPDX-License-Identifier: Apache-2.0 */
/*
 * binary: y[i] = a[i * sa] op b[i * sb] over n floats. A step is 1, or 0 for one number against
 * all; y is contiguous and may be a or b where that has step 1. Exactly what the steps reach is
 * read.
 *
 *   add, sub, mul, div
 *   min     a < b || a is NaN ? a : b        max     a > b || a is NaN ? a : b
 *   prelu   a < 0 ? b * a : a                pow     math_f32.h's
 *
 * Every variant gives the same bits (a NaN for a NaN).
 */
#ifndef DSQ_KERNELS_BINARY_H
#define DSQ_KERNELS_BINARY_H

#include <stddef.h>
#include <stdint.h>

enum dsq_binary_kind {
    DSQ_BINARY_ADD,
    DSQ_BINARY_SUB,
    DSQ_BINARY_MUL,
    DSQ_BINARY_DIV,
    DSQ_BINARY_MIN,
    DSQ_BINARY_MAX,
    DSQ_BINARY_PRELU,
    DSQ_BINARY_POW,
    DSQ_BINARY_COUNT
};

typedef void dsq_binary_fn(enum dsq_binary_kind kind, size_t n, const float *a, size_t sa,
                           const float *b, size_t sb, float *y);

struct dsq_binary_kernel {
    const char *name;
    dsq_binary_fn *run;
    uint32_t needs; /* enum dsq_cpu_flag */
};

/* The best variant within `cpu`; all variants, slowest first. Never NULL. */
const struct dsq_binary_kernel *dsq_binary_select(uint32_t cpu);
const struct dsq_binary_kernel *dsq_binary_all(size_t *n);

/* Every variant; call them through the table. */
#define KERNEL(function, needs) dsq_binary_fn function;
#include "kernels/binary.def"

#endif
