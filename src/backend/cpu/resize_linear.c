/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resize, mode linear. Each output row is made in stretches of columns: first the two input rows
 * are mixed over the pixels that the stretch needs, into a strip of floats that stays in the
 * first-level cache, then the pixels of the strip are mixed along the row. The same arithmetic
 * for every element, so stretches and threads do not show. Integers are dequantized on the way
 * into the strip and quantized on the way out.
 */
#include "backend/cpu/resize.h"

enum { STRIP = 6144 }; /* floats; more only where two pixels need more */

/* Tables for rows and columns, then one strip a worker. */
struct linear {
    const struct dsq_cpu_resize *r;
    struct dsq_lerp *row, *col; /* indices of pixels */
    char *strips;
    size_t strip_bytes, strip_pixels;
};

static size_t tables_bytes(const struct dsq_view *y)
{
    return dsq_align_up((size_t)(y->dims[2] + y->dims[3]) * sizeof(struct dsq_lerp), 64);
}

/* A strip with room for its pixels, and for where the output's pixels lie in it. */
static size_t strip_pixels(const struct dsq_view *y)
{
    const size_t fit = STRIP / (size_t)(y->dims[1] > 0 ? y->dims[1] : 1);
    return fit < 2 ? 2 : fit;
}

static size_t strip_bytes(const struct dsq_view *y)
{
    const size_t floats = strip_pixels(y) * (size_t)y->dims[1] * sizeof(float);
    return dsq_align_up(floats, 64) +
           dsq_align_up((size_t)y->dims[3] * sizeof(struct dsq_lerp), 64);
}

size_t dsq_cpu_resize_linear_bytes(const struct dsq_cpu_resize *r)
{
    return tables_bytes(r->y) + strip_bytes(r->y) * (size_t)dsq_pool_threads(r->pool);
}

static void fill_table(const struct dsq_resize_axis *axis, struct dsq_lerp *at)
{
    for (int64_t i = 0; i < axis->out; i++) {
        int64_t between[2];
        dsq_resize_between(axis, i, between, &at[i].w);
        at[i].a = between[0];
        at[i].b = between[1];
    }
}

/* Mix two input rows, pixels first .. first + n - 1, into the strip. */
static void mix_rows(const struct linear *l, int64_t picture, const struct dsq_lerp *row,
                     int64_t first, size_t n, float *strip)
{
    const struct dsq_view *x = l->r->x;
    const struct dsq_pixels_kernels *k = l->r->p->device->pixels;
    const size_t channels = (size_t)x->dims[1];
    const bool touching = x->strides[3] == x->dims[1];
    const size_t pixels = touching ? 1 : n, length = touching ? n * channels : channels;
    const int64_t begin = picture * x->strides[0] + first * x->strides[3];
    struct dsq_lerp at = {row->a * x->strides[2], row->b * x->strides[2], row->w};
    for (size_t i = 0; i < pixels; i++, at.a += x->strides[3], at.b += x->strides[3]) {
        float *to = strip + i * channels;
        if (x->dtype == DSQ_F32) {
            k->lerp_f32(1, length, (const float *)x->data + begin, &at, to, length);
            continue;
        }
        const struct dsq_rows_quant q =
            dsq_cpu_quant(&l->r->p->graph->value[l->r->p->node->in[0]].q);
        k->lerp_s8(1, length, (const int8_t *)x->data + begin, &q, &at, to, length);
    }
}

/* Output pixels of one row, from where they lie in the strip. */
static void mix_columns(const struct linear *l, int64_t offset, size_t n, const float *strip,
                        const struct dsq_lerp *at)
{
    const struct dsq_view *y = l->r->y;
    const struct dsq_pixels_kernels *k = l->r->p->device->pixels;
    const size_t channels = (size_t)y->dims[1], stride = (size_t)y->strides[3];
    if (y->dtype == DSQ_F32) {
        k->lerp_f32(n, channels, strip, at, (float *)y->data + offset, stride);
        return;
    }
    const struct dsq_rows_quant q = dsq_cpu_quant(&l->r->p->graph->value[l->r->p->node->out[0]].q);
    k->lerp_f32_s8(n, channels, strip, at, &q, (int8_t *)y->data + offset, stride);
}

/* As many output columns from `ow` on as the strip has room for; where they lie in it. Returns
 * their number, at least 1. */
static int64_t stretch(const struct linear *l, int64_t ow, int64_t *first, int64_t *last)
{
    const struct dsq_lerp *col = l->col;
    int64_t end = ow;
    *first = col[ow].a;
    *last = col[ow].b;
    for (; end < l->r->y->dims[3]; end++) {
        const int64_t lo = col[end].a < *first ? col[end].a : *first;
        const int64_t hi = col[end].b > *last ? col[end].b : *last;
        if (hi - lo + 1 > (int64_t)l->strip_pixels)
            break;
        *first = lo;
        *last = hi;
    }
    return end - ow;
}

static void linear_row(void *arg, size_t i, int worker)
{
    const struct linear *l = arg;
    const struct dsq_view *y = l->r->y;
    const int64_t n = (int64_t)i / y->dims[2], oh = (int64_t)i % y->dims[2];
    char *own = l->strips + (size_t)worker * l->strip_bytes;
    struct dsq_lerp *at = (struct dsq_lerp *)(void *)own;
    float *strip =
        (float *)(void *)(own + dsq_align_up((size_t)y->dims[3] * sizeof(struct dsq_lerp), 64));
    int64_t count, first, last;
    for (int64_t ow = 0; ow < y->dims[3]; ow += count) {
        count = stretch(l, ow, &first, &last);
        mix_rows(l, n, &l->row[oh], first, (size_t)(last - first + 1), strip);
        for (int64_t k = 0; k < count; k++)
            at[k] = (struct dsq_lerp){(l->col[ow + k].a - first) * y->dims[1],
                                      (l->col[ow + k].b - first) * y->dims[1], l->col[ow + k].w};
        mix_columns(l, n * y->strides[0] + oh * y->strides[2] + ow * y->strides[3], (size_t)count,
                    strip, at);
    }
}

void dsq_cpu_resize_linear(const struct dsq_cpu_resize *r)
{
    const struct dsq_view *y = r->y;
    struct linear l = {.r = r, .row = r->workspace};
    l.col = l.row + y->dims[2];
    l.strips = (char *)r->workspace + tables_bytes(y);
    l.strip_bytes = strip_bytes(y);
    l.strip_pixels = strip_pixels(y);
    fill_table(&r->axis[0], l.row);
    fill_table(&r->axis[1], l.col);
    dsq_parallel_for(r->pool, (size_t)(y->dims[0] * y->dims[2]), linear_row, &l);
}
