/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nd: loops over tensors with any strides, as few and as long runs as possible.
 *
 * Up to four operands walk together over the first one's dimensions (the output's); the others
 * broadcast as ONNX does: aligned at the last dimension, size 1 repeats. Dimensions are sorted by
 * the output's strides and neighbours that are one in memory for all operands are merged, so that
 * dense tensors of equal layout are one long run whatever their rank.
 */
#ifndef DSQ_BACKEND_CPU_ND_H
#define DSQ_BACKEND_CPU_ND_H

#include "backend/cpu/backend_cpu.h"

enum { DSQ_ND_OPERANDS = 4 };

struct dsq_nd {
    int32_t n_operands, rank;  /* rank at least 1 */
    int64_t dim[DSQ_MAX_RANK]; /* outermost first */
    int64_t stride[DSQ_ND_OPERANDS][DSQ_MAX_RANK];
};

/* views[0] is the output. False when an operand does not broadcast to it. */
bool dsq_nd_init(struct dsq_nd *nd, int32_t n_operands, const struct dsq_view *const *views);

/* n elements: operand k's i-th lies at offset[k] + i * step[k]. Called from any thread. */
typedef void dsq_nd_run_fn(void *arg, int64_t n, const int64_t *offset, const int64_t *step,
                           int worker);
/* Cover all elements by runs along the innermost dimension. */
void dsq_nd_run(const struct dsq_nd *nd, struct dsq_pool *pool, dsq_nd_run_fn *fn, void *arg);

/* copy.c: dst = src, elements of equal size and equal dimensions, any strides. */
void dsq_cpu_copy(const struct dsq_rows_kernels *rows, struct dsq_pool *pool,
                  const struct dsq_view *dst, const struct dsq_view *src);

#endif
