/* SPDX-License-Identifier: Apache-2.0 */
/*
 * add, sub, mul, div of floats, and add of s8, broadcasting as ONNX does. s8 add is
 * quantize(fmaf((float)(b - zp_b), scale_b, deq(a))), a the first input (DESIGN "Numbers").
 */
#include <math.h>
#include <stdio.h>

#include "backend/cpu/nd.h"

static bool binary_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                            size_t bytes)
{
    const struct dsq_value *a = &g->value[n->in[0]], *b = &g->value[n->in[1]];
    const struct dsq_value *y = &g->value[n->out[0]];
    bool same = a->dtype == b->dtype && a->dtype == y->dtype;
    if (same && a->dtype == DSQ_F32)
        return true;
    if (same && a->dtype == DSQ_S8 && n->op == DSQ_OP_ADD)
        return true;
    return dsq_cpu_refuse(why, bytes, "%s and %s to %s: only f32%s", dsq_dtype_name(a->dtype),
                          dsq_dtype_name(b->dtype), dsq_dtype_name(y->dtype),
                          n->op == DSQ_OP_ADD ? " and s8" : "");
}

static enum dsq_status binary_prepare(struct dsq_prepared *p, struct dsq_diag *d)
{
    (void)d;
    if (p->graph->value[p->node->out[0]].dtype == DSQ_S8) {
        snprintf(p->kernel, sizeof p->kernel, "add_s8__%s", p->device->rows->name);
        snprintf(p->why, sizeof p->why, "INT8");
    }
    return DSQ_OK;
}

struct binary_job {
    const struct dsq_rows_kernels *rows;
    enum dsq_op op;
    const void *a, *b;
    void *y;
    struct dsq_rows_quant qa, qb, qy;
};

/* One operator over a run: contiguous, with one number on the right, or with any steps. */
#define BINARY_ROW(name, expression)                                                               \
    static void name(int64_t n, const float *a, int64_t sa, const float *b, int64_t sb, float *y,  \
                     int64_t sy)                                                                   \
    {                                                                                              \
        if (sa == 1 && sb == 1 && sy == 1)                                                         \
            for (int64_t i = 0; i < n; i++)                                                        \
                y[i] = a[i] expression b[i];                                                       \
        else if (sa == 1 && sb == 0 && sy == 1)                                                    \
            for (int64_t i = 0; i < n; i++)                                                        \
                y[i] = a[i] expression b[0];                                                       \
        else                                                                                       \
            for (int64_t i = 0; i < n; i++)                                                        \
                y[i * sy] = a[i * sa] expression b[i * sb];                                        \
    }
BINARY_ROW(add_row, +)
BINARY_ROW(sub_row, -)
BINARY_ROW(mul_row, *)
BINARY_ROW(div_row, /)

static void run_f32(void *arg, int64_t n, const int64_t *offset, const int64_t *step, int worker)
{
    (void)worker;
    const struct binary_job *j = arg;
    float *y = (float *)j->y + offset[0];
    const float *a = (const float *)j->a + offset[1], *b = (const float *)j->b + offset[2];
    switch (j->op) {
    case DSQ_OP_ADD:
        add_row(n, a, step[1], b, step[2], y, step[0]);
        break;
    case DSQ_OP_SUB:
        sub_row(n, a, step[1], b, step[2], y, step[0]);
        break;
    case DSQ_OP_MUL:
        mul_row(n, a, step[1], b, step[2], y, step[0]);
        break;
    default:
        div_row(n, a, step[1], b, step[2], y, step[0]);
        break;
    }
}

static void run_add_s8(void *arg, int64_t n, const int64_t *offset, const int64_t *step, int worker)
{
    (void)worker;
    const struct binary_job *j = arg;
    int8_t *y = (int8_t *)j->y + offset[0];
    const int8_t *a = (const int8_t *)j->a + offset[1], *b = (const int8_t *)j->b + offset[2];
    bool row = step[0] == 1 && step[1] == 1 && step[2] == 1;
    int64_t length = row ? n : 1;
    for (int64_t i = 0; i < n; i += length)
        j->rows->add_s8((size_t)length, a + i * step[1], &j->qa, b + i * step[2], &j->qb, -INFINITY,
                        INFINITY, &j->qy, y + i * step[0]);
}

static enum dsq_status binary_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                  struct dsq_diag *d)
{
    const struct dsq_view *views[3] = {dsq_cpu_out(c, 0), dsq_cpu_in(c, 0), dsq_cpu_in(c, 1)};
    const struct dsq_value *value = c->graph->value;
    struct binary_job j = {.rows = p->device->rows,
                           .op = c->node->op,
                           .a = views[1]->data,
                           .b = views[2]->data,
                           .y = views[0]->data,
                           .qa = dsq_cpu_quant(&value[c->node->in[0]].q),
                           .qb = dsq_cpu_quant(&value[c->node->in[1]].q),
                           .qy = dsq_cpu_quant(&value[c->node->out[0]].q)};
    struct dsq_nd nd;
    if (!dsq_nd_init(&nd, 3, views))
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "its inputs do not broadcast to its output");
    dsq_nd_run(&nd, c->pool, views[0]->dtype == DSQ_S8 ? run_add_s8 : run_f32, &j);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_binary = {
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = binary_supports,
    .prepare = binary_prepare,
    .run = binary_run,
};
