/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quantize f32 -> s8, dequantize s8 -> f32, requantize s8 -> s8 of another scale. Input and output
 * may differ in layout: a caller's planes become rows of channels here, without another pass over
 * memory.
 *
 * Runs that are contiguous on both sides go to the vector kernels. Otherwise (planes to rows)
 * quantize converts a strip of up to STRIP pixels plane by plane into scratch and transposes that.
 */
#include <stdio.h>

#include "backend/cpu/nd.h"
#include "kernels/requant.h"

enum { STRIP = 1024 };

struct convert_job {
    const struct dsq_rows_kernels *rows;
    enum dsq_op op;
    const void *x;
    void *y;
    struct dsq_rows_quant qx, qy;
    const struct dsq_view *x_view, *y_view; /* strips */
    char *workspace;
    size_t worker_bytes;
    int64_t n_strips; /* of one row */
};

static void convert_row(const struct convert_job *j, size_t n, int64_t x, int64_t y)
{
    if (j->op == DSQ_OP_QUANTIZE)
        j->rows->quantize(n, (const float *)j->x + x, &j->qy, (int8_t *)j->y + y);
    else if (j->op == DSQ_OP_DEQUANTIZE)
        j->rows->dequantize(n, (const int8_t *)j->x + x, &j->qx, (float *)j->y + y);
    else
        j->rows->requantize(n, (const int8_t *)j->x + x, &j->qx, &j->qy, (int8_t *)j->y + y);
}

static void convert_run(void *arg, int64_t n, const int64_t *offset, const int64_t *step,
                        int worker)
{
    (void)worker;
    const struct convert_job *j = arg;
    if (step[0] == 1 && step[1] == 1) {
        convert_row(j, (size_t)n, offset[1], offset[0]);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        convert_row(j, 1, offset[1] + i * step[1], offset[0] + i * step[0]);
}

/* Quantize planes to rows of channels: columns contiguous in x, channels contiguous in y. */
static bool is_planes_to_rows(enum dsq_op op, const struct dsq_view *x, const struct dsq_view *y)
{
    return op == DSQ_OP_QUANTIZE && x->rank == 4 && x->dims[1] > 1 && x->dims[1] <= 1024 &&
           x->strides[3] == 1 && y->strides[1] == 1 && y->strides[3] >= y->dims[1];
}

static void strip_task(void *arg, size_t index, int worker)
{
    const struct convert_job *j = arg;
    const struct dsq_view *x = j->x_view, *y = j->y_view;
    int64_t row = (int64_t)index / j->n_strips, w = (int64_t)index % j->n_strips * STRIP;
    int64_t n = row / x->dims[2], h = row % x->dims[2];
    int64_t length = x->dims[3] - w < STRIP ? x->dims[3] - w : STRIP;
    int8_t *scratch = (int8_t *)j->workspace + (size_t)worker * j->worker_bytes;
    const float *src = (const float *)j->x + n * x->strides[0] + h * x->strides[2] + w;
    int8_t *dst = (int8_t *)j->y + n * y->strides[0] + h * y->strides[2] + w * y->strides[3];
    for (int64_t c = 0; c < x->dims[1]; c++)
        j->rows->quantize((size_t)length, src + c * x->strides[1], &j->qy, scratch + c * STRIP);
    j->rows->transpose_b1((size_t)x->dims[1], (size_t)length, (const uint8_t *)scratch, STRIP,
                          (uint8_t *)dst, (size_t)y->strides[3]);
}

static enum dsq_status convert_workspace(const struct dsq_prepared *p, const struct dsq_call *c,
                                         size_t *bytes, struct dsq_diag *d)
{
    (void)d;
    const struct dsq_view *x = dsq_cpu_in(c, 0);
    /* The caller's strides are known at run only: room for the case that needs it. */
    if (p->node->op == DSQ_OP_QUANTIZE && x->rank == 4 && x->dims[1] <= 1024)
        *bytes = (size_t)x->dims[1] * STRIP * (size_t)dsq_pool_threads(c->pool);
    return DSQ_OK;
}

static enum dsq_status convert_all(const struct dsq_prepared *p, const struct dsq_call *c,
                                   struct dsq_diag *d)
{
    const struct dsq_view *views[2] = {dsq_cpu_out(c, 0), dsq_cpu_in(c, 0)};
    const struct dsq_value *value = c->graph->value;
    struct convert_job j = {.rows = p->device->rows,
                            .op = c->node->op,
                            .x = views[1]->data,
                            .y = views[0]->data,
                            .qx = dsq_cpu_quant(&value[c->node->in[0]].q),
                            .qy = dsq_cpu_quant(&value[c->node->out[0]].q),
                            .x_view = views[1],
                            .y_view = views[0]};
    struct dsq_nd nd;
    if (!dsq_nd_init(&nd, 2, views))
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "input and output differ in shape");
    if (!is_planes_to_rows(j.op, views[1], views[0])) {
        dsq_nd_run(&nd, c->pool, convert_run, &j);
        return DSQ_OK;
    }
    const struct dsq_view *x = views[1];
    j.workspace = c->workspace;
    j.worker_bytes = (size_t)x->dims[1] * STRIP;
    j.n_strips = dsq_ceil_div(x->dims[3], STRIP);
    dsq_parallel_for(c->pool, (size_t)(x->dims[0] * x->dims[2] * j.n_strips), strip_task, &j);
    return DSQ_OK;
}

static bool dtypes_are(const struct dsq_graph *g, const struct dsq_node *n, enum dsq_dtype from,
                       enum dsq_dtype to, char *why, size_t bytes)
{
    enum dsq_dtype x = g->value[n->in[0]].dtype, y = g->value[n->out[0]].dtype;
    if (x == from && y == to)
        return true;
    return dsq_cpu_refuse(why, bytes, "%s to %s: only %s to %s", dsq_dtype_name(x),
                          dsq_dtype_name(y), dsq_dtype_name(from), dsq_dtype_name(to));
}

static bool quantize_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                              size_t bytes)
{
    return dtypes_are(g, n, DSQ_F32, DSQ_S8, why, bytes);
}

static bool dequantize_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                                size_t bytes)
{
    return dtypes_are(g, n, DSQ_S8, DSQ_F32, why, bytes);
}

static bool requantize_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                                size_t bytes)
{
    return dtypes_are(g, n, DSQ_S8, DSQ_S8, why, bytes);
}

static enum dsq_status convert_prepare(struct dsq_prepared *p, struct dsq_diag *d)
{
    (void)d;
    snprintf(p->kernel, sizeof p->kernel, "%s__%s", dsq_op_info(p->node->op)->name,
             p->device->rows->name);
    snprintf(p->why, sizeof p->why, "rows");
    return DSQ_OK;
}

#define CONVERT_MEMORY (DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS)

const struct dsq_cpu_op dsq_cpu_quantize = {
    .memory = CONVERT_MEMORY,
    .supports = quantize_supports,
    .prepare = convert_prepare,
    .workspace = convert_workspace,
    .run = convert_all,
};
const struct dsq_cpu_op dsq_cpu_dequantize = {
    .memory = CONVERT_MEMORY,
    .supports = dequantize_supports,
    .prepare = convert_prepare,
    .run = convert_all,
};
const struct dsq_cpu_op dsq_cpu_requantize = {
    .memory = CONVERT_MEMORY,
    .supports = requantize_supports,
    .prepare = convert_prepare,
    .run = convert_all,
};
