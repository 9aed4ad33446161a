/* SPDX-License-Identifier: Apache-2.0 */
/* resize: which mode, and nearest: pixels are copied; which ones is computed on the host, once a
 * run, a row and a column table. */
#include "backend/cpu/resize.h"

#include <stdio.h>

#include "backend/cpu/nd.h"

enum { X, SIZES, SCALES };

static const char *const modes[] = {"nearest", "linear", "cubic"};

static dsq_vid scales_of(const struct dsq_graph *g, const struct dsq_node *n)
{
    dsq_vid v = n->n_in > SCALES ? n->in[SCALES] : DSQ_NO_VALUE;
    return v != DSQ_NO_VALUE && g->value[v].data && g->value[v].bytes == 0 ? DSQ_NO_VALUE : v;
}

/* Through sums of weighted pixels? */
static bool is_mix(const struct dsq_resize_attr *a)
{
    return a->mode == DSQ_RESIZE_CUBIC ||
           (a->mode == DSQ_RESIZE_LINEAR &&
            (a->antialias || a->coord == DSQ_COORD_TF_CROP_AND_RESIZE));
}

static bool resize_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                            size_t bytes)
{
    const struct dsq_resize_attr *a = n->attr;
    const struct dsq_value *x = &g->value[n->in[X]];
    if (x->dtype != g->value[n->out[0]].dtype || (x->dtype != DSQ_F32 && x->dtype != DSQ_S8))
        return dsq_cpu_refuse(why, bytes, "input is %s: only f32 and s8", dsq_dtype_name(x->dtype));
    if (x->dtype == DSQ_S8 && !dsq_resize_takes_integers(a))
        return dsq_cpu_refuse(why, bytes, "%s of integers: only nearest and plain linear",
                              is_mix(a) ? modes[a->mode] : "crops");
    /* The workspace would hang on the scale, which is not known before the run. */
    const dsq_vid scales = scales_of(g, n);
    const bool computed = scales != DSQ_NO_VALUE && !g->value[scales].data;
    if (a->antialias && is_mix(a) && (computed || a->policy != DSQ_POLICY_STRETCH))
        return dsq_cpu_refuse(why, bytes, "antialias with %s",
                              computed ? "computed scales" : "keep_aspect_ratio_policy");
    return true;
}

static enum dsq_status resize_prepare(struct dsq_prepared *p, struct dsq_diag *d)
{
    (void)d;
    const struct dsq_resize_attr *a = p->node->attr;
    const char *type = dsq_dtype_name(p->graph->value[p->node->in[X]].dtype);
    snprintf(p->kernel, sizeof p->kernel, "%s_%s__%s", modes[a->mode], type,
             p->device->pixels->name);
    snprintf(p->why, sizeof p->why, "%s",
             is_mix(a)                       ? "rows first, any number of weights"
             : a->mode == DSQ_RESIZE_NEAREST ? "pixels are copied"
                                             : "rows first, strips of pixels");
    return DSQ_OK;
}

/* The ratio of sizes that keep the aspect ratio; false when they do not. */
static bool common_ratio(const struct dsq_call *c, struct dsq_ratio *ratio)
{
    const struct dsq_resize_attr *a = c->node->attr;
    const struct dsq_view *x = dsq_cpu_in(c, X);
    const dsq_vid v = c->node->in[SIZES];
    int64_t size[DSQ_MAX_RANK], in[DSQ_MAX_RANK];
    int32_t n = 0;
    if (a->policy == DSQ_POLICY_STRETCH || v == DSQ_NO_VALUE || !c->view[v].data)
        return false;
    for (int32_t dim = 0; dim < x->rank; dim++) {
        const int32_t k = dsq_resize_entry(a, dim, x->rank);
        if (k < 0)
            continue;
        size[n] = c->view[v].dtype == DSQ_S64 ? ((const int64_t *)c->view[v].data)[k]
                                              : ((const int32_t *)c->view[v].data)[k];
        in[n++] = x->dims[dim];
    }
    *ratio = dsq_resize_ratio(a->policy, n, size, in);
    return true;
}

static struct dsq_resize_axis axis_of(const struct dsq_call *c, int dim)
{
    const struct dsq_resize_attr *a = c->node->attr;
    struct dsq_resize_axis axis = {.attr = a,
                                   .in = dsq_cpu_in(c, X)->dims[dim],
                                   .out = dsq_cpu_out(c, 0)->dims[dim],
                                   .roi = {a->roi[dim - 2], a->roi[dim]}};
    const dsq_vid scales = scales_of(c->graph, c->node);
    const int32_t k = dsq_resize_entry(a, dim, 4);
    struct dsq_ratio ratio;
    axis.scale = (double)axis.out / (double)axis.in;
    if (k < 0) { /* its crop is all of it */
        axis.roi[0] = 0.0f;
        axis.roi[1] = 1.0f;
    } else if (scales != DSQ_NO_VALUE) {
        const float *scale = c->graph->value[scales].data;
        scale = scale ? scale : c->view[scales].data;
        axis.scale = scale ? (double)scale[k] : axis.scale; /* none: the workspace is asked for */
    } else if (common_ratio(c, &ratio)) {
        axis.scale = (double)ratio.num / (double)ratio.den;
    }
    return axis;
}

static struct dsq_cpu_resize run_of(const struct dsq_prepared *p, const struct dsq_call *c)
{
    struct dsq_cpu_resize r = {.p = p,
                               .x = dsq_cpu_in(c, X),
                               .y = dsq_cpu_out(c, 0),
                               .workspace = c->workspace,
                               .pool = c->pool};
    for (int i = 0; i < 2; i++)
        r.axis[i] = axis_of(c, 2 + i);
    return r;
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
    if (x->dims[2] == 0 || x->dims[3] == 0)
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "its input is empty");
    const struct dsq_cpu_resize r = run_of(p, c);
    if (is_mix(a))
        *bytes = dsq_cpu_resize_mix_bytes(&r);
    else if (a->mode == DSQ_RESIZE_LINEAR)
        *bytes = dsq_cpu_resize_linear_bytes(&r);
    else
        *bytes = (size_t)(y->dims[2] + y->dims[3]) * sizeof(int64_t);
    return DSQ_OK;
}

/* ---- nearest ---- */

struct nearest {
    const struct dsq_view *x, *y;
    const struct dsq_pixels_kernels *k;
    const int64_t *row, *col; /* row, and offset of a pixel in bytes; -1: extrapolated */
    bool is_inside;           /* all columns are */
    float extrapolation;
};

/* A row, or only one row of a crop that lies partly outside; src NULL: outside altogether. */
static void copy_some_pixels(const struct nearest *j, const uint8_t *src, uint8_t *dst)
{
    const int64_t element = (int64_t)dsq_dtype_bytes(j->y->dtype);
    for (int64_t ow = 0; ow < j->y->dims[3]; ow++, dst += j->y->strides[3] * element)
        if (src && j->col[ow] >= 0)
            j->k->copy(1, (size_t)(j->y->dims[1] * element), src, &j->col[ow], dst, 0);
        else
            dsq_cpu_resize_fill(j->y->dims[1], j->extrapolation, (float *)(void *)dst);
}

static void nearest_row(void *arg, size_t i, int worker)
{
    (void)worker;
    const struct nearest *j = arg;
    const struct dsq_view *x = j->x, *y = j->y;
    const int64_t element = (int64_t)dsq_dtype_bytes(y->dtype);
    const int64_t n = (int64_t)i / y->dims[2], oh = (int64_t)i % y->dims[2];
    const int64_t from = n * x->strides[0] + j->row[oh] * x->strides[2];
    const uint8_t *src = j->row[oh] < 0 ? NULL : (const uint8_t *)x->data + from * element;
    uint8_t *dst = (uint8_t *)y->data + (n * y->strides[0] + oh * y->strides[2]) * element;
    if (src && j->is_inside)
        j->k->copy((size_t)y->dims[3], (size_t)(y->dims[1] * element), src, j->col, dst,
                   (size_t)(y->strides[3] * element));
    else
        copy_some_pixels(j, src, dst);
}

static void nearest_run(const struct dsq_cpu_resize *r)
{
    const struct dsq_view *x = r->x, *y = r->y;
    const int64_t pixel = x->strides[3] * (int64_t)dsq_dtype_bytes(x->dtype);
    int64_t *row = r->workspace, *col = row + y->dims[2];
    struct nearest j = {.x = x,
                        .y = y,
                        .k = r->p->device->pixels,
                        .row = row,
                        .col = col,
                        .is_inside = true,
                        .extrapolation = r->axis[0].attr->extrapolation};
    for (int64_t i = 0; i < y->dims[2]; i++)
        row[i] = dsq_resize_from(&r->axis[0], i);
    for (int64_t i = 0; i < y->dims[3]; i++) {
        const int64_t from = dsq_resize_from(&r->axis[1], i);
        col[i] = from < 0 ? -1 : from * pixel;
        j.is_inside = j.is_inside && from >= 0;
    }
    dsq_parallel_for(r->pool, (size_t)(y->dims[0] * y->dims[2]), nearest_row, &j);
}

static enum dsq_status resize_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                  struct dsq_diag *d)
{
    (void)d;
    const struct dsq_resize_attr *a = p->node->attr;
    const struct dsq_cpu_resize r = run_of(p, c);
    if (is_mix(a))
        dsq_cpu_resize_mix(&r);
    else if (a->mode == DSQ_RESIZE_LINEAR)
        dsq_cpu_resize_linear(&r);
    else
        nearest_run(&r);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_resize = {
    .memory = DSQ_MEM_READS_PIXELS | DSQ_MEM_WRITES_PIXELS,
    .supports = resize_supports,
    .prepare = resize_prepare,
    .workspace = resize_workspace,
    .run = resize_run,
};
