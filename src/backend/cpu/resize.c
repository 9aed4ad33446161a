/* SPDX-License-Identifier: Apache-2.0 */
/* resize: which mode, and nearest: pixels are copied; which ones is computed on the host, once a
 * run, a row and a column table. */
#include "backend/cpu/resize.h"

#include <stdio.h>
#include <string.h>

#include "backend/cpu/nd.h"

enum { X, SIZES, SCALES };

static const char *const modes[] = {"nearest", "linear", "cubic"};

static dsq_vid scales_of(const struct dsq_graph *g, const struct dsq_node *n)
{
    dsq_vid v = n->n_in > SCALES ? n->in[SCALES] : DSQ_NO_VALUE;
    return v != DSQ_NO_VALUE && g->value[v].shape.dim[0] == 0 ? DSQ_NO_VALUE : v;
}

static bool resize_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                            size_t bytes)
{
    const struct dsq_resize_attr *a = n->attr;
    const struct dsq_value *x = &g->value[n->in[X]];
    if (a->mode == DSQ_RESIZE_CUBIC)
        return dsq_cpu_refuse(why, bytes, "mode cubic: only nearest and linear");
    if (x->dtype != g->value[n->out[0]].dtype || (x->dtype != DSQ_F32 && x->dtype != DSQ_S8))
        return dsq_cpu_refuse(why, bytes, "input is %s: only f32 and s8", dsq_dtype_name(x->dtype));
    const dsq_vid scales = scales_of(g, n);
    if (scales == DSQ_NO_VALUE)
        return true;
    const struct dsq_value *s = &g->value[scales];
    if (!s->data || s->dtype != DSQ_F32 || s->bytes != 4 * sizeof(float))
        return dsq_cpu_refuse(why, bytes, "its scales are not four constant floats");
    return true;
}

static enum dsq_status resize_prepare(struct dsq_prepared *p, struct dsq_diag *d)
{
    (void)d;
    const struct dsq_resize_attr *a = p->node->attr;
    const char *type = dsq_dtype_name(p->graph->value[p->node->in[X]].dtype);
    if (a->mode == DSQ_RESIZE_NEAREST)
        return DSQ_OK;
    snprintf(p->kernel, sizeof p->kernel, "%s_%s__%s", modes[a->mode], type,
             p->device->pixels->name);
    snprintf(p->why, sizeof p->why, "rows first, strips of pixels");
    return DSQ_OK;
}

static enum dsq_status resize_workspace(const struct dsq_prepared *p, const struct dsq_call *c,
                                        size_t *bytes, struct dsq_diag *d)
{
    const struct dsq_resize_attr *a = p->node->attr;
    const struct dsq_view *x = dsq_cpu_in(c, X), *y = dsq_cpu_out(c, 0);
    if (x->rank != 4 || x->dims[0] != y->dims[0] || x->dims[1] != y->dims[1])
        return dsq_cpu_fail(p, d, DSQ_UNSUPPORTED,
                            "only height and width of a picture can be resized");
    if ((x->dims[1] != 1 && x->strides[1] != 1) || (y->dims[1] != 1 && y->strides[1] != 1))
        return dsq_cpu_fail(p, d, DSQ_UNSUPPORTED, "its channels do not lie side by side");
    if (a->mode == DSQ_RESIZE_LINEAR)
        *bytes = dsq_cpu_resize_linear_bytes(y, dsq_pool_threads(c->pool));
    else
        *bytes = (size_t)(y->dims[2] + y->dims[3]) * sizeof(int64_t);
    return DSQ_OK;
}

static struct dsq_resize_axis axis_of(const struct dsq_call *c, int dim)
{
    struct dsq_resize_axis axis = {.attr = c->node->attr,
                                   .in = dsq_cpu_in(c, X)->dims[dim],
                                   .out = dsq_cpu_out(c, 0)->dims[dim]};
    const dsq_vid scales = scales_of(c->graph, c->node);
    axis.scale = scales == DSQ_NO_VALUE
                     ? (double)axis.out / (double)axis.in
                     : (double)((const float *)c->graph->value[scales].data)[dim];
    return axis;
}

/* ---- nearest ---- */

struct nearest {
    const struct dsq_view *x, *y;
    const int64_t *row, *col;
};

static void nearest_row(void *arg, size_t i, int worker)
{
    (void)worker;
    const struct nearest *j = arg;
    const struct dsq_view *x = j->x, *y = j->y;
    size_t element = dsq_dtype_bytes(y->dtype), pixel = (size_t)y->dims[1] * element;
    int64_t n = (int64_t)i / y->dims[2], oh = (int64_t)i % y->dims[2];
    const char *src =
        (const char *)x->data + (n * x->strides[0] + j->row[oh] * x->strides[2]) * (int64_t)element;
    char *dst = (char *)y->data + (n * y->strides[0] + oh * y->strides[2]) * (int64_t)element;
    for (int64_t ow = 0; ow < y->dims[3]; ow++)
        memcpy(dst + ow * y->strides[3] * (int64_t)element,
               src + j->col[ow] * x->strides[3] * (int64_t)element, pixel);
}

static void nearest_run(const struct dsq_cpu_resize *r)
{
    const struct dsq_view *y = r->y;
    int64_t *row = r->workspace, *col = row + y->dims[2];
    for (int64_t i = 0; i < y->dims[2]; i++)
        row[i] = dsq_resize_from(&r->axis[0], i);
    for (int64_t i = 0; i < y->dims[3]; i++)
        col[i] = dsq_resize_from(&r->axis[1], i);
    struct nearest j = {r->x, y, row, col};
    dsq_parallel_for(r->pool, (size_t)(y->dims[0] * y->dims[2]), nearest_row, &j);
}

static enum dsq_status resize_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                  struct dsq_diag *d)
{
    const struct dsq_resize_attr *a = p->node->attr;
    struct dsq_cpu_resize r = {.p = p,
                               .x = dsq_cpu_in(c, X),
                               .y = dsq_cpu_out(c, 0),
                               .workspace = c->workspace,
                               .pool = c->pool};
    if (r.x->dims[2] == 0 || r.x->dims[3] == 0)
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "its input is empty");
    for (int i = 0; i < 2; i++)
        r.axis[i] = axis_of(c, 2 + i);
    if (a->mode == DSQ_RESIZE_LINEAR)
        dsq_cpu_resize_linear(&r);
    else
        nearest_run(&r);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_resize = {
    .memory = DSQ_MEM_WRITES_PIXELS,
    .supports = resize_supports,
    .prepare = resize_prepare,
    .workspace = resize_workspace,
    .run = resize_run,
};
