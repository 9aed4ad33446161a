/* SPDX-License-Identifier: Apache-2.0 */
/* maxpool over NHWC rows: the largest of a window's pixels, channel by channel; padding does not
 * take part. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "backend/cpu/nd.h"
#include "graph/infer.h"

struct pool_run {
    const struct dsq_prepared *p;
    const struct dsq_view *x, *y;
    const struct dsq_window *win;
    int64_t pad[2];
    char *workspace;
    size_t worker_bytes;
};

static size_t pointers_bytes(const struct dsq_node *n)
{
    const struct dsq_pool_attr *a = n->attr;
    return dsq_align_up((size_t)(a->win.kernel[0] * a->win.kernel[1]) * sizeof(void *), 64);
}

static bool maxpool_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                             size_t bytes)
{
    enum { LARGEST_WINDOW = 256 };
    const struct dsq_pool_attr *a = n->attr;
    const struct dsq_value *x = &g->value[n->in[0]];
    if (x->dtype != g->value[n->out[0]].dtype || (x->dtype != DSQ_F32 && x->dtype != DSQ_S8))
        return dsq_cpu_refuse(why, bytes, "input is %s: only f32 and s8", dsq_dtype_name(x->dtype));
    for (int i = 0; i < 2; i++)
        if (a->win.kernel[i] < 1 || a->win.kernel[i] > LARGEST_WINDOW)
            return dsq_cpu_refuse(why, bytes, "a window of %lld pixels: 1 to %d",
                                  (long long)a->win.kernel[i], LARGEST_WINDOW);
    return true;
}

static enum dsq_status maxpool_prepare(struct dsq_prepared *p, struct dsq_diag *d)
{
    (void)d;
    const char *type = dsq_dtype_name(p->graph->value[p->node->in[0]].dtype);
    snprintf(p->kernel, sizeof p->kernel, "max_%s__%s", type, p->device->rows->name);
    snprintf(p->why, sizeof p->why, "rows of channels");
    return DSQ_OK;
}

static enum dsq_status maxpool_workspace(const struct dsq_prepared *p, const struct dsq_call *c,
                                         size_t *bytes, struct dsq_diag *d)
{
    const struct dsq_view *x = dsq_cpu_in(c, 0), *y = dsq_cpu_out(c, 0);
    if ((x->dims[1] != 1 && x->strides[1] != 1) || (y->dims[1] != 1 && y->strides[1] != 1))
        return dsq_cpu_fail(p, d, DSQ_UNSUPPORTED, "its channels do not lie side by side");
    *bytes = pointers_bytes(c->node) * (size_t)dsq_pool_threads(c->pool);
    return DSQ_OK;
}

/* The pixels of one window that lie inside the picture. */
static size_t gather_window(const struct pool_run *r, int64_t n, int64_t oh, int64_t ow,
                            const void **pixel)
{
    const struct dsq_view *x = r->x;
    int64_t element = (int64_t)dsq_dtype_bytes(x->dtype);
    size_t count = 0;
    for (int64_t kh = 0; kh < r->win->kernel[0]; kh++) {
        int64_t ih = oh * r->win->stride[0] - r->pad[0] + kh * r->win->dilation[0];
        if (ih < 0 || ih >= x->dims[2])
            continue;
        for (int64_t kw = 0; kw < r->win->kernel[1]; kw++) {
            int64_t iw = ow * r->win->stride[1] - r->pad[1] + kw * r->win->dilation[1];
            if (iw < 0 || iw >= x->dims[3])
                continue;
            pixel[count++] =
                (const char *)x->data +
                (n * x->strides[0] + ih * x->strides[2] + iw * x->strides[3]) * element;
        }
    }
    return count;
}

/* A window that holds padding alone: the smallest number there is. */
static void fill_lowest(const struct pool_run *r, void *y)
{
    const struct dsq_value *v = &r->p->graph->value[r->p->node->out[0]];
    size_t channels = (size_t)r->y->dims[1];
    if (v->dtype == DSQ_S8) {
        memset(y, v->q.qmin, channels);
        return;
    }
    for (size_t c = 0; c < channels; c++)
        ((float *)y)[c] = -INFINITY;
}

static void maxpool_row(void *arg, size_t row, int worker)
{
    const struct pool_run *r = arg;
    const struct dsq_view *y = r->y;
    const struct dsq_rows_kernels *rows = r->p->device->rows;
    const void **pixel = (const void **)(void *)(r->workspace + (size_t)worker * r->worker_bytes);
    int64_t n = (int64_t)row / y->dims[2], oh = (int64_t)row % y->dims[2];
    size_t channels = (size_t)y->dims[1];
    for (int64_t ow = 0; ow < y->dims[3]; ow++) {
        size_t count = gather_window(r, n, oh, ow, pixel);
        int64_t at = n * y->strides[0] + oh * y->strides[2] + ow * y->strides[3];
        void *to = (char *)y->data + at * (int64_t)dsq_dtype_bytes(y->dtype);
        if (count == 0)
            fill_lowest(r, to);
        else if (y->dtype == DSQ_S8)
            rows->max_s8(channels, count, (const int8_t *const *)pixel, to);
        else
            rows->max_f32(channels, count, (const float *const *)pixel, to);
    }
}

static enum dsq_status maxpool_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                   struct dsq_diag *d)
{
    (void)d;
    const struct dsq_pool_attr *a = c->node->attr;
    struct pool_run r = {.p = p,
                         .x = dsq_cpu_in(c, 0),
                         .y = dsq_cpu_out(c, 0),
                         .win = &a->win,
                         .workspace = c->workspace,
                         .worker_bytes = pointers_bytes(c->node)};
    for (int axis = 0; axis < 2; axis++) {
        struct dsq_window_axis w = {0};
        dsq_window_axis(NULL, r.win, axis, r.x->dims[2 + axis], &w);
        r.pad[axis] = w.pad_before;
    }
    dsq_parallel_for(c->pool, (size_t)(r.y->dims[0] * r.y->dims[2]), maxpool_row, &r);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_maxpool = {
    .memory = DSQ_MEM_WRITES_PIXELS,
    .supports = maxpool_supports,
    .prepare = maxpool_prepare,
    .workspace = maxpool_workspace,
    .run = maxpool_run,
};
