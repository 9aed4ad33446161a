/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relu, clip, sigmoid: y = f(x). Floats are computed; s8 goes through a table of 256 results, made
 * once by quantize(f(deq(q))).
 */
#include <math.h>
#include <stdio.h>

#include "backend/cpu/nd.h"
#include "kernels/math_f32.h"
#include "kernels/requant.h"

struct unary {
    struct dsq_prepared head;
    enum dsq_op op;
    float lo, hi;      /* relu, clip */
    int8_t table[256]; /* by q + 128 */
};

static bool unary_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                           size_t bytes)
{
    const struct dsq_value *x = &g->value[n->in[0]], *y = &g->value[n->out[0]];
    if (x->dtype != y->dtype || (x->dtype != DSQ_F32 && x->dtype != DSQ_S8))
        return dsq_cpu_refuse(why, bytes, "%s to %s: only f32 to f32 and s8 to s8",
                              dsq_dtype_name(x->dtype), dsq_dtype_name(y->dtype));
    return true;
}

static float apply(const struct unary *u, float x)
{
    return u->op == DSQ_OP_SIGMOID ? dsq_sigmoid_f32(x) : dsq_clamp_f32(x, u->lo, u->hi);
}

static enum dsq_status unary_prepare(struct dsq_prepared *p, struct dsq_diag *d)
{
    (void)d;
    struct unary *u = (struct unary *)p;
    const struct dsq_value *x = &p->graph->value[p->node->in[0]];
    const struct dsq_value *y = &p->graph->value[p->node->out[0]];
    const struct dsq_clip_attr *clip = p->node->attr;
    u->op = p->node->op;
    u->lo = u->op == DSQ_OP_CLIP ? clip->lo : 0.0f;
    u->hi = u->op == DSQ_OP_CLIP ? clip->hi : INFINITY;
    if (x->dtype != DSQ_S8)
        return DSQ_OK;
    snprintf(p->kernel, sizeof p->kernel, "table_s8");
    for (int q = -128; q < 128; q++) {
        float v = apply(u, (float)(q - x->q.zero_point) * x->q.scale);
        u->table[q + 128] =
            dsq_quantize_f32(v, y->q.inv_scale, y->q.zero_point, y->q.qmin, y->q.qmax);
    }
    return DSQ_OK;
}

struct unary_job {
    const struct unary *u;
    const void *x;
    void *y;
};

static void run_s8(void *arg, int64_t n, const int64_t *offset, const int64_t *step, int worker)
{
    (void)worker;
    const struct unary_job *j = arg;
    const int8_t *x = (const int8_t *)j->x + offset[1];
    int8_t *y = (int8_t *)j->y + offset[0];
    for (int64_t i = 0; i < n; i++)
        y[i * step[0]] = j->u->table[x[i * step[1]] + 128];
}

static void run_f32(void *arg, int64_t n, const int64_t *offset, const int64_t *step, int worker)
{
    (void)worker;
    const struct unary_job *j = arg;
    const float *x = (const float *)j->x + offset[1];
    float *y = (float *)j->y + offset[0];
    if (j->u->op == DSQ_OP_SIGMOID) {
        for (int64_t i = 0; i < n; i++)
            y[i * step[0]] = dsq_sigmoid_f32(x[i * step[1]]);
        return;
    }
    float lo = j->u->lo, hi = j->u->hi;
    if (step[0] == 1 && step[1] == 1) {
        for (int64_t i = 0; i < n; i++)
            y[i] = dsq_clamp_f32(x[i], lo, hi);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        y[i * step[0]] = dsq_clamp_f32(x[i * step[1]], lo, hi);
}

static enum dsq_status unary_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                 struct dsq_diag *d)
{
    const struct dsq_view *views[2] = {dsq_cpu_out(c, 0), dsq_cpu_in(c, 0)};
    struct unary_job j = {(const struct unary *)p, views[1]->data, views[0]->data};
    struct dsq_nd nd;
    if (!dsq_nd_init(&nd, 2, views))
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "input and output differ in shape");
    dsq_nd_run(&nd, c->pool, views[0]->dtype == DSQ_S8 ? run_s8 : run_f32, &j);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_unary = {
    .prepared_bytes = sizeof(struct unary),
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = unary_supports,
    .prepare = unary_prepare,
    .run = unary_run,
};
