/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maxpool and avgpool over NHWC. An output row is made in stretches of columns: the input rows of
 * its windows are reduced into a strip of middle pixels that stays in the first-level cache, then
 * the strip along the row: kh + kw steps a window and not kh kw. Small windows with a stride share
 * too little for that and are read directly, in the same order. Padding does not take part; what a
 * window at the edge counts, avgpool's count_include_pad says.
 */
#include "backend/cpu/pool.h"

#include <math.h>
#include <string.h>

#include "graph/infer.h"

enum { STRIP_BYTES = 24576 };

/* One axis of the windows. */
struct axis {
    int64_t in, out, kernel, stride, dilation, pad, pad_after;
};

struct pool {
    struct dsq_pool_run r;
    struct axis h, w;
    bool count_pads, direct;
    int64_t strip_pixels, stretch; /* in the strip; output pixels made from it */
    size_t strip_bytes;
};

/* The input pixels of one window along an axis: n real ones from `first` on; with padding it has
 * `padded`. */
struct taps {
    int64_t first, n, padded;
};

static int64_t extent(const struct axis *a)
{
    return (a->kernel - 1) * a->dilation + 1;
}

static struct taps taps_of(const struct axis *a, int64_t o)
{
    const int64_t start = o * a->stride - a->pad;
    const int64_t before = start < 0 ? dsq_ceil_div(-start, a->dilation) : 0;
    const int64_t end = start < a->in ? dsq_ceil_div(a->in - start, a->dilation) : 0;
    const int64_t n = (end < a->kernel ? end : a->kernel) - before;
    const int64_t padded = dsq_ceil_div(a->in + a->pad_after - start, a->dilation);
    return (struct taps){start + before * a->dilation, n > 0 ? n : 0,
                         padded < a->kernel ? padded : a->kernel};
}

static struct axis axis_of(const struct dsq_window *win, int i, const struct dsq_pool_run *r)
{
    struct dsq_window_axis w = {0};
    dsq_window_axis(NULL, win, i, r->x->dims[2 + i], &w);
    return (struct axis){.in = r->x->dims[2 + i],
                         .out = r->y->dims[2 + i],
                         .kernel = win->kernel[i],
                         .stride = win->stride[i],
                         .dilation = win->dilation[i],
                         .pad = w.pad_before,
                         .pad_after = w.pad_after};
}

/* Loads and stores a window, directly or by way of the strip. (Sums of s8 need the strip's width.)
 */
static bool is_direct(const struct pool *p)
{
    const int64_t through_strip = (p->h.kernel + 1) * p->w.stride + p->w.kernel;
    return (p->r.is_max || p->r.x->dtype == DSQ_F32) &&
           (p->h.kernel == 1 || p->h.kernel * p->w.kernel <= through_strip);
}

/* A strip holds at least the pixels of one window, at most a row. */
static void divide(struct pool *p)
{
    const int64_t pixel = p->r.x->dims[1] * (int64_t)p->r.middle_bytes;
    const int64_t fit = STRIP_BYTES / (pixel > 0 ? pixel : 1), reach = extent(&p->w);
    const int64_t window = reach < p->w.in ? reach : p->w.in;
    p->strip_pixels = fit > window ? fit : window;
    p->stretch =
        p->strip_pixels >= p->w.in ? p->w.out : (p->strip_pixels - reach) / p->w.stride + 1;
    p->strip_bytes = dsq_align_up((size_t)(p->strip_pixels * pixel), 64);
}

static enum dsq_status begin(const struct dsq_prepared *prepared, const struct dsq_call *c,
                             struct pool *p, struct dsq_diag *d)
{
    const struct dsq_pool_attr *a = c->node->attr;
    DSQ_TRY(dsq_pool_begin(prepared, c, &p->r, d));
    p->h = axis_of(&a->win, 0, &p->r);
    p->w = axis_of(&a->win, 1, &p->r);
    p->count_pads = a->count_include_pad != 0;
    p->direct = is_direct(p);
    divide(p);
    return DSQ_OK;
}

static enum dsq_status pool_workspace(const struct dsq_prepared *prepared, const struct dsq_call *c,
                                      size_t *bytes, struct dsq_diag *d)
{
    struct pool p;
    DSQ_TRY(begin(prepared, c, &p, d));
    *bytes = p.strip_bytes * (size_t)dsq_pool_threads(c->pool);
    return DSQ_OK;
}

/* A window that holds padding alone: the smallest number there is; a mean of 0. */
static void fill_empty(const struct pool *p, void *y)
{
    const struct dsq_quant *q = &p->r.q_out;
    const size_t channels = (size_t)p->r.y->dims[1];
    if (p->r.y->dtype == DSQ_S8) {
        const int32_t zero = q->zero_point < q->qmin   ? q->qmin
                             : q->zero_point > q->qmax ? q->qmax
                                                       : q->zero_point;
        memset(y, p->r.is_max ? q->qmin : zero, channels);
        return;
    }
    for (size_t c = 0; c < channels; c++)
        ((float *)y)[c] = p->r.is_max ? -INFINITY : 0.0f;
}

/* Where the middle pixels of a stretch lie: pixel `first` of the row at `at`, `step` elements from
 * one to the next. */
struct middle {
    const char *at;
    int64_t first, step;
};

/* Output pixels ow .. ow + n - 1, which are all inside the picture, or one. */
static void along(const struct pool *p, const struct taps *rows, const struct middle *m, int64_t ow,
                  int64_t n, char *y)
{
    const struct taps cols = taps_of(&p->w, ow);
    struct dsq_taps t = {.n = (size_t)n,
                         .channels = (size_t)p->r.y->dims[1],
                         .x_step = (size_t)(p->w.stride * m->step),
                         .y_stride = (size_t)p->r.y->strides[3],
                         .taps = (size_t)cols.n,
                         .tap_step = (size_t)(p->w.dilation * m->step),
                         .rows = p->direct ? (size_t)rows->n : 1,
                         .row_step = (size_t)(p->h.dilation * p->r.x->strides[2])};
    const int64_t real = rows->n * cols.n;
    if (t.x_step == t.channels && t.y_stride == t.channels) { /* one long pixel */
        t.channels *= t.n;
        t.n = 1;
    }
    if (real == 0)
        fill_empty(p, y);
    else
        dsq_pool_along(&p->r, &t,
                       m->at + (cols.first - m->first) * m->step * (int64_t)p->r.middle_bytes, real,
                       p->count_pads ? rows->padded * cols.padded : real, y);
}

/* How many output pixels from ow on, before `end`, have windows without padding; 0 if the first
 * has not. */
static int64_t count_inside(const struct axis *w, int64_t ow, int64_t end)
{
    const int64_t last = w->in - extent(w) + w->pad; /* start of the last one, in padded pixels */
    if (ow * w->stride < w->pad || last < ow * w->stride)
        return 0;
    const int64_t inside = last / w->stride + 1;
    return (inside < end ? inside : end) - ow;
}

/* `middle` is the input's own row when the windows are read directly. */
static struct middle make_middle(const struct pool *p, const struct dsq_pool_rows *rows, int64_t ow,
                                 int64_t end, char *strip)
{
    const struct dsq_view *x = p->r.x;
    const int64_t start = ow * p->w.stride - p->w.pad, first = start > 0 ? start : 0;
    int64_t last = (end - 1) * p->w.stride - p->w.pad + extent(&p->w);
    last = last < p->w.in ? last : p->w.in;
    if (p->direct) {
        const int64_t at =
            rows->picture * x->strides[0] + rows->row * x->strides[2] + first * x->strides[3];
        return (struct middle){(const char *)x->data + at * (int64_t)p->r.middle_bytes, first,
                               x->strides[3]};
    }
    if (last > first && rows->taps > 0)
        dsq_pool_down(&p->r, rows, first, last - first, strip);
    return (struct middle){strip, first, x->dims[1]};
}

static void pool_row(void *arg, size_t i, int worker)
{
    const struct pool *p = arg;
    const struct dsq_view *y = p->r.y;
    const int64_t n = (int64_t)i / y->dims[2], oh = (int64_t)i % y->dims[2];
    const struct taps h = taps_of(&p->h, oh);
    const struct dsq_pool_rows rows = {n, h.first, p->h.dilation, h.n};
    const int64_t element = (int64_t)dsq_dtype_bytes(y->dtype);
    char *dst = (char *)y->data + (n * y->strides[0] + oh * y->strides[2]) * element;
    char *strip = p->r.workspace + (size_t)worker * p->strip_bytes;
    for (int64_t ow = 0; ow < p->w.out; ow += p->stretch) {
        const int64_t end = ow + p->stretch < p->w.out ? ow + p->stretch : p->w.out;
        const struct middle m = make_middle(p, &rows, ow, end, strip);
        for (int64_t at = ow, count; at < end; at += count) {
            const int64_t inside = h.n > 0 ? count_inside(&p->w, at, end) : 0;
            count = inside > 0 ? inside : 1;
            along(p, &h, &m, at, count, dst + at * y->strides[3] * element);
        }
    }
}

static enum dsq_status pool_run(const struct dsq_prepared *prepared, const struct dsq_call *c,
                                struct dsq_diag *d)
{
    struct pool p;
    DSQ_TRY(begin(prepared, c, &p, d));
    p.r.workspace = c->workspace;
    dsq_parallel_for(c->pool, (size_t)(p.r.y->dims[0] * p.r.y->dims[2]), pool_row, &p);
    return DSQ_OK;
}

static bool pool_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                          size_t bytes)
{
    static const int64_t LARGEST_WINDOW = 1 << 24; /* times 128 fits s32 */
    const struct dsq_window *w = &((const struct dsq_pool_attr *)n->attr)->win;
    if (w->kernel[0] >= LARGEST_WINDOW || w->kernel[0] * w->kernel[1] >= LARGEST_WINDOW)
        return dsq_cpu_refuse(why, bytes, "a window of %lld x %lld pixels is too large",
                              (long long)w->kernel[0], (long long)w->kernel[1]);
    return dsq_pool_supports(g, n, why, bytes);
}

const struct dsq_cpu_op dsq_cpu_pool = {
    .memory = DSQ_MEM_READS_PIXELS | DSQ_MEM_WRITES_PIXELS,
    .supports = pool_supports,
    .prepare = dsq_pool_prepare,
    .workspace = pool_workspace,
    .run = pool_run,
};
