/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pooling on the CPU, what windows (pool.c) and whole pictures (pool_global.c) share: a window is
 * reduced down its columns first, then along the row. Numbers between the two steps are "middle":
 * the input's type for a maximum, f32 or s32 for a mean.
 */
#ifndef DSQ_BACKEND_CPU_POOL_H
#define DSQ_BACKEND_CPU_POOL_H

#include "backend/cpu/backend_cpu.h"

struct dsq_pool_run {
    const struct dsq_prepared *p;
    const struct dsq_view *x, *y;
    const struct dsq_pixels_kernels *k;
    bool is_max;
    struct dsq_quant q_in, q_out; /* of s8 */
    size_t middle_bytes;          /* of one number */
    char *workspace;
};

bool dsq_pool_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                       size_t bytes);
enum dsq_status dsq_pool_prepare(struct dsq_prepared *p, struct dsq_diag *d);
/* SHAPE or UNSUPPORTED when the views cannot be pooled; else all of *r but the workspace. */
enum dsq_status dsq_pool_begin(const struct dsq_prepared *p, const struct dsq_call *c,
                               struct dsq_pool_run *r, struct dsq_diag *d);

/* Pixels first .. first + n - 1 of a row of windows: the rows row, row + step, ... of a picture,
 * reduced into n middle pixels. */
struct dsq_pool_rows {
    int64_t picture, row, step, taps;
};
void dsq_pool_down(const struct dsq_pool_run *r, const struct dsq_pool_rows *rows, int64_t first,
                   int64_t n, void *middle);
/* Middle pixels to output: each of t->n windows has `real` input pixels and counts `counted` (the
 * same, or padding with them). */
void dsq_pool_along(const struct dsq_pool_run *r, const struct dsq_taps *t, const void *middle,
                    int64_t real, int64_t counted, void *y);

#endif
