/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/cpu/axes.h"

#include <stdlib.h>

static void add_dim(struct dsq_axes_dims *d, int64_t size, int64_t x_stride, int64_t y_stride)
{
    if (size == 1)
        return;
    d->dim[d->n] = size;
    d->stride[DSQ_AXES_X][d->n] = x_stride;
    d->stride[DSQ_AXES_Y][d->n++] = y_stride;
}

static void move_dim(struct dsq_axes_dims *d, int32_t to, int32_t from)
{
    d->dim[to] = d->dim[from];
    for (int side = 0; side < 2; side++)
        d->stride[side][to] = d->stride[side][from];
}

/* Largest stride in x first. */
static void sort_dims(struct dsq_axes_dims *d)
{
    for (int32_t i = 1; i < d->n; i++) {
        struct dsq_axes_dims one;
        one.n = 0;
        add_dim(&one, d->dim[i], d->stride[DSQ_AXES_X][i], d->stride[DSQ_AXES_Y][i]);
        if (one.n == 0)
            continue;
        int32_t k = i;
        for (; k > 0 && llabs(d->stride[DSQ_AXES_X][k - 1]) < llabs(one.stride[DSQ_AXES_X][0]); k--)
            move_dim(d, k, k - 1);
        d->dim[k] = one.dim[0];
        for (int side = 0; side < 2; side++)
            d->stride[side][k] = one.stride[side][0];
    }
}

/* Neighbours that are one in memory, on both sides, become one. */
static void merge_dims(struct dsq_axes_dims *d)
{
    int32_t n = 0;
    for (int32_t i = 1; i < d->n; i++) {
        bool one = true;
        for (int side = 0; side < 2; side++)
            one = one && d->stride[side][n] == d->stride[side][i] * d->dim[i];
        const int64_t before = d->dim[n];
        if (!one)
            n++;
        move_dim(d, n, i);
        if (one)
            d->dim[n] *= before;
    }
    d->n = d->n ? n + 1 : 0;
    if (d->n == 0) {
        d->n = 1;
        d->dim[0] = 1;
    }
}

static int64_t product(const struct dsq_axes_dims *d, int32_t n)
{
    int64_t all = 1;
    for (int32_t i = 0; i < n; i++)
        all *= d->dim[i];
    return all;
}

void dsq_axes_init(struct dsq_axes *a, const struct dsq_view *x, const struct dsq_view *y,
                   uint32_t bits)
{
    *a = (struct dsq_axes){.count = 1};
    const bool has_all = x->rank == y->rank;
    for (int32_t i = 0, iy = 0; i < x->rank; i++) {
        const bool reduced = bits >> i & 1;
        const int64_t stride = !has_all && reduced ? 0 : y->strides[has_all ? i : iy++];
        add_dim(reduced ? &a->reduced : &a->kept, x->dims[i], x->strides[i],
                reduced && has_all && y->dims[i] != x->dims[i] ? 0 : stride);
    }
    sort_dims(&a->kept);
    merge_dims(&a->kept);
    merge_dims(&a->reduced);
    a->n_results = product(&a->kept, a->kept.n);
    a->n_runs = product(&a->reduced, a->reduced.n - 1);
    a->count = a->n_runs * dsq_axes_run_length(a);
}

static void locate(const struct dsq_axes_dims *d, int32_t n, int64_t i, int64_t offset[2])
{
    for (int32_t k = n - 1; k >= 0; k--) {
        const int64_t here = i % d->dim[k];
        i /= d->dim[k];
        for (int side = 0; side < 2; side++)
            offset[side] += here * d->stride[side][k];
    }
}

void dsq_axes_at(const struct dsq_axes *a, int64_t i, int64_t offset[2])
{
    offset[DSQ_AXES_X] = offset[DSQ_AXES_Y] = 0;
    locate(&a->reduced, a->reduced.n - 1, i, offset);
}

/* ---- all results ---- */

enum { TASK_ELEMENTS = 16384 };

struct axes_loop {
    const struct dsq_axes *axes;
    dsq_axes_fn *tile;
    void *arg;
    int64_t most, tiles_per_row, n_tiles, tiles_per_task;
};

static void run_task(void *arg, size_t task, int worker)
{
    const struct axes_loop *l = arg;
    const struct dsq_axes_dims *kept = &l->axes->kept;
    const int32_t inner = kept->n - 1;
    int64_t end = ((int64_t)task + 1) * l->tiles_per_task;
    end = end < l->n_tiles ? end : l->n_tiles;
    for (int64_t i = (int64_t)task * l->tiles_per_task; i < end; i++) {
        const int64_t first = i % l->tiles_per_row * l->most, left = kept->dim[inner] - first;
        struct dsq_axes_tile t = {.n = left < l->most ? left : l->most};
        for (int side = 0; side < 2; side++) {
            t.step[side] = kept->stride[side][inner];
            t.offset[side] = first * t.step[side];
        }
        locate(kept, inner, i / l->tiles_per_row, t.offset);
        l->tile(l->arg, &t, worker);
    }
}

void dsq_axes_run(const struct dsq_axes *a, int64_t most, struct dsq_pool *pool, dsq_axes_fn *tile,
                  void *arg)
{
    struct axes_loop l = {.axes = a, .tile = tile, .arg = arg, .most = most};
    const int64_t inner = a->kept.dim[a->kept.n - 1];
    if (a->n_results == 0)
        return;
    l.tiles_per_row = dsq_ceil_div(inner, most);
    l.n_tiles = a->n_results / inner * l.tiles_per_row;
    l.tiles_per_task = 1 + TASK_ELEMENTS / ((inner < most ? inner : most) * (a->count + 1));
    dsq_parallel_for(pool, (size_t)dsq_ceil_div(l.n_tiles, l.tiles_per_task), run_task, &l);
}
