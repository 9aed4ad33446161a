/* SPDX-License-Identifier: Apache-2.0 */
/* resize, nearest only: pixels are copied; which ones is computed on the host, once a run, a row
 * and a column table. Linear and cubic are refused. */
#include <string.h>

#include "backend/cpu/nd.h"
#include "graph/infer.h"

static bool resize_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                            size_t bytes)
{
    const struct dsq_resize_attr *a = n->attr;
    const struct dsq_value *x = &g->value[n->in[0]];
    if (a->mode != DSQ_RESIZE_NEAREST)
        return dsq_cpu_refuse(why, bytes, "mode %s: only nearest",
                              a->mode == DSQ_RESIZE_LINEAR ? "linear" : "cubic");
    if (x->dtype != g->value[n->out[0]].dtype || (x->dtype != DSQ_F32 && x->dtype != DSQ_S8))
        return dsq_cpu_refuse(why, bytes, "input is %s: only f32 and s8", dsq_dtype_name(x->dtype));
    dsq_vid scales = n->n_in > 2 ? n->in[2] : DSQ_NO_VALUE;
    if (scales == DSQ_NO_VALUE || g->value[scales].shape.dim[0] == 0)
        return true;
    const struct dsq_value *s = &g->value[scales];
    if (!s->data || s->dtype != DSQ_F32 || s->bytes != 4 * sizeof(float))
        return dsq_cpu_refuse(why, bytes, "its scales are not four constant floats");
    return true;
}

static enum dsq_status resize_workspace(const struct dsq_prepared *p, const struct dsq_call *c,
                                        size_t *bytes, struct dsq_diag *d)
{
    const struct dsq_view *x = dsq_cpu_in(c, 0), *y = dsq_cpu_out(c, 0);
    if (x->rank != 4 || x->dims[0] != y->dims[0] || x->dims[1] != y->dims[1])
        return dsq_cpu_fail(p, d, DSQ_UNSUPPORTED,
                            "only height and width of a picture can be resized");
    if ((x->dims[1] != 1 && x->strides[1] != 1) || (y->dims[1] != 1 && y->strides[1] != 1))
        return dsq_cpu_fail(p, d, DSQ_UNSUPPORTED, "its channels do not lie side by side");
    *bytes = (size_t)(y->dims[2] + y->dims[3]) * sizeof(int64_t);
    return DSQ_OK;
}

/* index[i]: the source coordinate of output coordinate i along dimension `dim`. */
static void fill_index(const struct dsq_call *c, int dim, int64_t *index)
{
    const struct dsq_node *n = c->node;
    int64_t in = dsq_cpu_in(c, 0)->dims[dim], out = dsq_cpu_out(c, 0)->dims[dim];
    dsq_vid scales = n->n_in > 2 ? n->in[2] : DSQ_NO_VALUE;
    double scale = (double)out / (double)in;
    if (scales != DSQ_NO_VALUE && c->graph->value[scales].bytes >= 4 * sizeof(float))
        scale = ((const float *)c->graph->value[scales].data)[dim];
    for (int64_t i = 0; i < out; i++) {
        int64_t at = dsq_resize_nearest_index(n->attr, i, in, out, scale);
        index[i] = at < 0 ? 0 : at >= in ? in - 1 : at;
    }
}

struct resize_job {
    const struct dsq_view *x, *y;
    const int64_t *row, *col;
};

static void resize_row(void *arg, size_t i, int worker)
{
    (void)worker;
    const struct resize_job *j = arg;
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

static enum dsq_status resize_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                  struct dsq_diag *d)
{
    const struct dsq_view *x = dsq_cpu_in(c, 0), *y = dsq_cpu_out(c, 0);
    if (x->dims[2] == 0 || x->dims[3] == 0)
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "its input is empty");
    int64_t *row = c->workspace, *col = row + y->dims[2];
    fill_index(c, 2, row);
    fill_index(c, 3, col);
    struct resize_job j = {x, y, row, col};
    dsq_parallel_for(c->pool, (size_t)(y->dims[0] * y->dims[2]), resize_row, &j);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_resize = {
    .memory = DSQ_MEM_WRITES_PIXELS,
    .supports = resize_supports,
    .workspace = resize_workspace,
    .run = resize_run,
};
