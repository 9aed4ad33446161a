/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of one number: y = f(x). Floats go through the unary kernels, s8 through a table of 256
 * results made once by quantize(f(deq(q))). abs, neg, sign and relu know s32 and s64 too.
 */
#include <math.h>
#include <stdio.h>

#include "backend/cpu/nd.h"
#include "kernels/requant.h"

struct unary {
    struct dsq_prepared head;
    struct dsq_unary f;
    int8_t table[256]; /* by q + 128 */
};

static const enum dsq_unary_kind kind_of[DSQ_OP_COUNT] = {
    [DSQ_OP_RELU] = DSQ_UNARY_CLAMP,
    [DSQ_OP_CLIP] = DSQ_UNARY_CLAMP,
    [DSQ_OP_SIGMOID] = DSQ_UNARY_SIGMOID,
    [DSQ_OP_LEAKY_RELU] = DSQ_UNARY_LEAKY_RELU,
    [DSQ_OP_HARDSIGMOID] = DSQ_UNARY_HARDSIGMOID,
    [DSQ_OP_HARDSWISH] = DSQ_UNARY_HARDSWISH,
    [DSQ_OP_TANH] = DSQ_UNARY_TANH,
    [DSQ_OP_SILU] = DSQ_UNARY_SILU,
    [DSQ_OP_ELU] = DSQ_UNARY_ELU,
    [DSQ_OP_GELU] = DSQ_UNARY_GELU,
    [DSQ_OP_GELU_TANH] = DSQ_UNARY_GELU_TANH,
    [DSQ_OP_MISH] = DSQ_UNARY_MISH,
    [DSQ_OP_SOFTPLUS] = DSQ_UNARY_SOFTPLUS,
    [DSQ_OP_ERF] = DSQ_UNARY_ERF,
    [DSQ_OP_EXP] = DSQ_UNARY_EXP,
    [DSQ_OP_LOG] = DSQ_UNARY_LOG,
    [DSQ_OP_SQRT] = DSQ_UNARY_SQRT,
    [DSQ_OP_RECIPROCAL] = DSQ_UNARY_RECIPROCAL,
    [DSQ_OP_ABS] = DSQ_UNARY_ABS,
    [DSQ_OP_NEG] = DSQ_UNARY_NEG,
    [DSQ_OP_SIGN] = DSQ_UNARY_SIGN,
    [DSQ_OP_FLOOR] = DSQ_UNARY_FLOOR,
    [DSQ_OP_CEIL] = DSQ_UNARY_CEIL,
    [DSQ_OP_ROUND] = DSQ_UNARY_ROUND,
};

static struct dsq_unary function_of(const struct dsq_node *n)
{
    struct dsq_unary f = {.kind = kind_of[n->op]};
    if (n->op == DSQ_OP_RELU) {
        f.beta = INFINITY;
    } else if (n->op == DSQ_OP_CLIP) {
        const struct dsq_clip_attr *a = n->attr;
        f.alpha = a->lo;
        f.beta = a->hi;
    } else if (dsq_op_info(n->op)->attr == &dsq_attr_unary) {
        const struct dsq_unary_attr *a = n->attr;
        f.alpha = a->alpha;
        f.beta = a->beta;
    }
    return f;
}

static bool on_integers(enum dsq_op op)
{
    return op == DSQ_OP_ABS || op == DSQ_OP_NEG || op == DSQ_OP_SIGN || op == DSQ_OP_RELU;
}

static bool unary_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                           size_t bytes)
{
    const struct dsq_value *x = &g->value[n->in[0]], *y = &g->value[n->out[0]];
    const bool integer = x->dtype == DSQ_S32 || x->dtype == DSQ_S64;
    if (x->dtype == y->dtype &&
        (x->dtype == DSQ_F32 || x->dtype == DSQ_S8 || (integer && on_integers(n->op))))
        return true;
    return dsq_cpu_refuse(why, bytes, "%s to %s: only f32 and s8%s, from and to the same",
                          dsq_dtype_name(x->dtype), dsq_dtype_name(y->dtype),
                          on_integers(n->op) ? ", s32 and s64" : "");
}

static enum dsq_status unary_prepare(struct dsq_prepared *p, struct dsq_diag *d)
{
    (void)d;
    struct unary *u = (struct unary *)p;
    const struct dsq_value *x = &p->graph->value[p->node->in[0]];
    const struct dsq_value *y = &p->graph->value[p->node->out[0]];
    u->f = function_of(p->node);
    if (x->dtype == DSQ_F32) {
        snprintf(p->kernel, sizeof p->kernel, "%s__%s", dsq_op_info(p->node->op)->name,
                 p->device->unary->name);
        snprintf(p->why, sizeof p->why, "rows");
    }
    if (x->dtype != DSQ_S8)
        return DSQ_OK;
    snprintf(p->kernel, sizeof p->kernel, "table_s8");
    for (int q = -128; q < 128; q++) {
        float v = dsq_unary_f32(&u->f, (float)(q - x->q.zero_point) * x->q.scale);
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

/* What is not contiguous goes through a strip on the stack. */
static void run_f32(void *arg, int64_t n, const int64_t *offset, const int64_t *step, int worker)
{
    enum { STRIP = 256 };
    (void)worker;
    const struct unary_job *j = arg;
    const struct dsq_unary *f = &j->u->f;
    dsq_unary_fn *run = j->u->head.device->unary->run;
    const float *x = (const float *)j->x + offset[1];
    float *y = (float *)j->y + offset[0], strip[STRIP];
    if (step[0] == 1 && step[1] == 1) {
        run(f, (size_t)n, x, y);
        return;
    }
    for (int64_t first = 0; first < n; first += STRIP) {
        int64_t length = n - first < STRIP ? n - first : STRIP;
        for (int64_t i = 0; i < length; i++)
            strip[i] = x[(first + i) * step[1]];
        run(f, (size_t)length, strip, strip);
        for (int64_t i = 0; i < length; i++)
            y[(first + i) * step[0]] = strip[i];
    }
}

/* Wraps around where the result has no room, as ONNX leaves it open: -INT64_MIN is itself. */
static int64_t integer_function(enum dsq_op op, int64_t x)
{
    int64_t minus = (int64_t)(0 - (uint64_t)x);
    switch (op) {
    case DSQ_OP_ABS:
        return x < 0 ? minus : x;
    case DSQ_OP_NEG:
        return minus;
    case DSQ_OP_SIGN:
        return (x > 0) - (x < 0);
    default:
        return x > 0 ? x : 0;
    }
}

static void run_s32(void *arg, int64_t n, const int64_t *offset, const int64_t *step, int worker)
{
    (void)worker;
    const struct unary_job *j = arg;
    const int32_t *x = (const int32_t *)j->x + offset[1];
    int32_t *y = (int32_t *)j->y + offset[0];
    for (int64_t i = 0; i < n; i++)
        y[i * step[0]] = (int32_t)integer_function(j->u->head.node->op, x[i * step[1]]);
}

static void run_s64(void *arg, int64_t n, const int64_t *offset, const int64_t *step, int worker)
{
    (void)worker;
    const struct unary_job *j = arg;
    const int64_t *x = (const int64_t *)j->x + offset[1];
    int64_t *y = (int64_t *)j->y + offset[0];
    for (int64_t i = 0; i < n; i++)
        y[i * step[0]] = integer_function(j->u->head.node->op, x[i * step[1]]);
}

static enum dsq_status unary_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                 struct dsq_diag *d)
{
    static dsq_nd_run_fn *const run[DSQ_DTYPE_COUNT] = {
        [DSQ_F32] = run_f32, [DSQ_S8] = run_s8, [DSQ_S32] = run_s32, [DSQ_S64] = run_s64};
    const struct dsq_view *views[2] = {dsq_cpu_out(c, 0), dsq_cpu_in(c, 0)};
    struct unary_job j = {(const struct unary *)p, views[1]->data, views[0]->data};
    struct dsq_nd nd;
    if (!dsq_nd_init(&nd, 2, views))
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "input and output differ in shape");
    dsq_nd_run(&nd, c->pool, run[views[0]->dtype], &j);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_unary = {
    .prepared_bytes = sizeof(struct unary),
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = unary_supports,
    .prepare = unary_prepare,
    .run = unary_run,
};
