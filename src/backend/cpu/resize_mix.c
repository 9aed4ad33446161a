/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resize as sums of weighted pixels: mode cubic, antialias, and crops, part of which may lie
 * outside. The input rows of an output row are mixed into one row of floats, then its pixels.
 * Tables of indices and weights are computed once a run; an index of -1 stands for what is
 * extrapolated.
 */
#include "backend/cpu/resize.h"

struct table {
    int64_t taps;
    int64_t *at; /* [out][taps]: pixels, then offsets of elements */
    float *weight;
};

struct mix {
    const struct dsq_cpu_resize *r;
    struct table row, col;
    char *rows; /* one a worker */
    size_t row_bytes;
};

static size_t table_bytes(const struct dsq_resize_axis *axis)
{
    const size_t n = (size_t)(axis->out * dsq_resize_n_taps(axis));
    return dsq_align_up(n * sizeof(int64_t), 64) + dsq_align_up(n * sizeof(float), 64);
}

static size_t row_bytes(const struct dsq_view *x)
{
    return dsq_align_up((size_t)(x->dims[1] * x->dims[3]) * sizeof(float), 64);
}

size_t dsq_cpu_resize_mix_bytes(const struct dsq_cpu_resize *r)
{
    return table_bytes(&r->axis[0]) + table_bytes(&r->axis[1]) +
           row_bytes(r->x) * (size_t)dsq_pool_threads(r->pool);
}

static struct table fill_table(const struct dsq_resize_axis *axis, int64_t stride, char *memory)
{
    struct table t = {.taps = dsq_resize_n_taps(axis), .at = (int64_t *)(void *)memory};
    const size_t n = (size_t)(axis->out * t.taps);
    t.weight = (float *)(void *)(memory + dsq_align_up(n * sizeof(int64_t), 64));
    for (int64_t i = 0; i < axis->out; i++) {
        int64_t *at = t.at + i * t.taps;
        if (!dsq_resize_taps(axis, i, at, t.weight + i * t.taps))
            at[0] = -1;
        else
            for (int64_t k = 0; k < t.taps; k++)
                at[k] *= stride;
    }
    return t;
}

/* The input rows of output row oh, mixed. */
static void mix_rows(const struct mix *m, int64_t picture, int64_t oh, float *row)
{
    const struct dsq_view *x = m->r->x;
    const struct dsq_pixels_kernels *k = m->r->p->device->pixels;
    const bool touching = x->strides[3] == x->dims[1];
    const int64_t pixels = touching ? 1 : x->dims[3];
    const size_t length = (size_t)(touching ? x->dims[1] * x->dims[3] : x->dims[1]);
    const float *from = (const float *)x->data + picture * x->strides[0];
    for (int64_t i = 0; i < pixels; i++)
        k->mix_f32(1, length, (size_t)m->row.taps, from + i * x->strides[3],
                   m->row.at + oh * m->row.taps, m->row.weight + oh * m->row.taps,
                   row + i * x->dims[1], length);
}

static void mix_row(void *arg, size_t i, int worker)
{
    const struct mix *m = arg;
    const struct dsq_view *y = m->r->y;
    const struct dsq_resize_attr *a = m->r->axis[0].attr;
    const int64_t n = (int64_t)i / y->dims[2], oh = (int64_t)i % y->dims[2];
    float *row = (float *)(void *)(m->rows + (size_t)worker * m->row_bytes);
    float *to = (float *)y->data + n * y->strides[0] + oh * y->strides[2];
    const bool outside = m->row.at[oh * m->row.taps] < 0;
    if (!outside)
        mix_rows(m, n, oh, row);
    for (int64_t ow = 0; ow < y->dims[3]; ow++, to += y->strides[3]) {
        const int64_t *at = m->col.at + ow * m->col.taps;
        if (outside || at[0] < 0)
            dsq_cpu_resize_fill(y->dims[1], a->extrapolation, to);
        else
            m->r->p->device->pixels->mix_f32(1, (size_t)y->dims[1], (size_t)m->col.taps, row, at,
                                             m->col.weight + ow * m->col.taps, to, 0);
    }
}

void dsq_cpu_resize_mix(const struct dsq_cpu_resize *r)
{
    char *memory = r->workspace;
    struct mix m = {.r = r, .row_bytes = row_bytes(r->x)};
    m.row = fill_table(&r->axis[0], r->x->strides[2], memory);
    memory += table_bytes(&r->axis[0]);
    m.col = fill_table(&r->axis[1], r->x->dims[1], memory);
    m.rows = memory + table_bytes(&r->axis[1]);
    dsq_parallel_for(r->pool, (size_t)(r->y->dims[0] * r->y->dims[2]), mix_row, &m);
}
