/* SPDX-License-Identifier: Apache-2.0 */
/*
 * global_maxpool and global_avgpool: one window over the whole picture. First every column is
 * reduced, in chunks of columns side by side, then the row that comes of it, in blocks of channels.
 * Chunks and blocks follow from the shape alone and each element is made by one task, so the number
 * of threads does not show.
 */
#include "backend/cpu/pool.h"

enum { CHUNK = 4096, BLOCK = 256, TOO_SMALL_TO_SHARE = 32768 }; /* numbers */

struct global {
    struct dsq_pool_run r;
    int64_t chunk, n_chunks, n_blocks; /* columns a chunk */
};

static enum dsq_status begin(const struct dsq_prepared *p, const struct dsq_call *c,
                             struct global *g, struct dsq_diag *d)
{
    DSQ_TRY(dsq_pool_begin(p, c, &g->r, d));
    const int64_t channels = g->r.x->dims[1], width = g->r.x->dims[3];
    g->chunk = channels > 0 && channels < CHUNK ? CHUNK / channels : 1;
    g->n_chunks = dsq_ceil_div(width, g->chunk);
    g->n_blocks = dsq_ceil_div(channels, BLOCK);
    return DSQ_OK;
}

static enum dsq_status global_workspace(const struct dsq_prepared *p, const struct dsq_call *c,
                                        size_t *bytes, struct dsq_diag *d)
{
    struct global g;
    DSQ_TRY(begin(p, c, &g, d));
    const struct dsq_view *x = g.r.x;
    *bytes = (size_t)(x->dims[0] * x->dims[1] * x->dims[3]) * g.r.middle_bytes;
    return DSQ_OK;
}

static char *middle_at(const struct global *g, int64_t picture, int64_t column, int64_t channel)
{
    const struct dsq_view *x = g->r.x;
    const int64_t at = (picture * x->dims[3] + column) * x->dims[1] + channel;
    return g->r.workspace + at * (int64_t)g->r.middle_bytes;
}

static void reduce_columns(void *arg, size_t i, int worker)
{
    (void)worker;
    const struct global *g = arg;
    const int64_t picture = (int64_t)i / g->n_chunks, first = (int64_t)i % g->n_chunks * g->chunk;
    const int64_t left = g->r.x->dims[3] - first;
    const struct dsq_pool_rows rows = {picture, 0, 1, g->r.x->dims[2]};
    dsq_pool_down(&g->r, &rows, first, left < g->chunk ? left : g->chunk,
                  middle_at(g, picture, first, 0));
}

static void reduce_row(void *arg, size_t i, int worker)
{
    (void)worker;
    const struct global *g = arg;
    const struct dsq_view *x = g->r.x, *y = g->r.y;
    const int64_t picture = (int64_t)i / g->n_blocks, first = (int64_t)i % g->n_blocks * BLOCK;
    const int64_t left = x->dims[1] - first, pixels = x->dims[2] * x->dims[3];
    const struct dsq_taps t = {.n = 1,
                               .channels = (size_t)(left < BLOCK ? left : BLOCK),
                               .taps = (size_t)x->dims[3],
                               .tap_step = (size_t)x->dims[1],
                               .rows = 1};
    dsq_pool_along(&g->r, &t, middle_at(g, picture, 0, first), pixels, pixels,
                   (char *)y->data +
                       (picture * y->strides[0] + first) * (int64_t)dsq_dtype_bytes(y->dtype));
}

static enum dsq_status global_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                  struct dsq_diag *d)
{
    static const int64_t MOST_PIXELS = 1 << 24; /* times 128 fits s32 */
    struct global g;
    DSQ_TRY(begin(p, c, &g, d));
    g.r.workspace = c->workspace;
    const struct dsq_view *x = g.r.x;
    if (x->dims[2] == 0 || x->dims[3] == 0)
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "its input is empty");
    if (x->dtype == DSQ_S8 && x->dims[2] >= MOST_PIXELS / x->dims[3])
        return dsq_cpu_fail(p, d, DSQ_UNSUPPORTED, "%lld x %lld pixels are too many to be summed",
                            (long long)x->dims[2], (long long)x->dims[3]);
    struct dsq_pool *pool = dsq_view_elements(x) < TOO_SMALL_TO_SHARE ? NULL : c->pool;
    dsq_parallel_for(pool, (size_t)(x->dims[0] * g.n_chunks), reduce_columns, &g);
    dsq_parallel_for(pool, (size_t)(x->dims[0] * g.n_blocks), reduce_row, &g);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_global_pool = {
    .memory = DSQ_MEM_WRITES_PIXELS,
    .supports = dsq_pool_supports,
    .prepare = dsq_pool_prepare,
    .workspace = global_workspace,
    .run = global_run,
};
