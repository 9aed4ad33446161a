/* SPDX-License-Identifier: Apache-2.0 */
/*
 * axes: loops of operators that look at whole axes (reduce, softmax, argmax).
 *
 * The dimensions are of two kinds: kept ones, each combination of which is one result, and reduced
 * ones, whose elements one result is made of. Results are made in tiles, neighbours along the kept
 * dimension that is innermost in memory, so that a tile reads side by side where the data allows
 * it. The elements of one result come in ONNX order whatever the strides: a sum has the same bits
 * for every layout, thread count and CPU level. They come in runs of equal steps.
 */
#ifndef DSQ_BACKEND_CPU_AXES_H
#define DSQ_BACKEND_CPU_AXES_H

#include "backend/cpu/backend_cpu.h"

enum { DSQ_AXES_X = 0, DSQ_AXES_Y = 1 };

struct dsq_axes_dims {
    int32_t n;                                          /* at least 1 */
    int64_t dim[DSQ_MAX_RANK], stride[2][DSQ_MAX_RANK]; /* of x and y; innermost last */
};

struct dsq_axes {
    struct dsq_axes_dims kept, reduced;
    int64_t n_results, n_runs; /* products of the kept, of the reduced but the innermost */
    int64_t count;             /* elements of one result */
};

/* `bits`: the reduced dimensions of x. y has them too (softmax), or has 1 in their place, or lacks
 * them. */
void dsq_axes_init(struct dsq_axes *a, const struct dsq_view *x, const struct dsq_view *y,
                   uint32_t bits);

/* n results side by side: offsets of the first in x and y, steps to the next. */
struct dsq_axes_tile {
    int64_t n, offset[2], step[2];
};
/* tile(arg, t, worker) for all results, at most `most` a tile, from any thread. */
typedef void dsq_axes_fn(void *arg, const struct dsq_axes_tile *t, int worker);
void dsq_axes_run(const struct dsq_axes *a, int64_t most, struct dsq_pool *pool, dsq_axes_fn *tile,
                  void *arg);

/* Where run number i of a result's elements begins, from the result's offset. */
void dsq_axes_at(const struct dsq_axes *a, int64_t i, int64_t offset[2]);
static inline int64_t dsq_axes_run_length(const struct dsq_axes *a)
{
    return a->reduced.dim[a->reduced.n - 1];
}
static inline int64_t dsq_axes_run_step(const struct dsq_axes *a, int side)
{
    return a->reduced.stride[side][a->reduced.n - 1];
}

#endif
