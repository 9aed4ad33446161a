/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic of two operands, broadcasting as ONNX does.
 *
 * Floats go through the binary kernels; operands that are neither contiguous nor one number are
 * gathered into a strip on the stack first. s8 add is quantize(fmaf((float)(b - zp_b), scale_b,
 * deq(a))), a the first input, and s8 mul quantize(deq(a) * deq(b)) (DESIGN "Numbers"). Integers
 * wrap around; x / 0 and x mod 0 are 0.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "backend/cpu/nd.h"
#include "graph/element.h"
#include "kernels/math_f32.h"

enum { STRIP = 256 };

static bool is_integer(enum dsq_dtype t)
{
    return t == DSQ_S32 || t == DSQ_S64;
}

static bool binary_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                            size_t bytes)
{
    const struct dsq_value *a = &g->value[n->in[0]], *b = &g->value[n->in[1]];
    const struct dsq_value *y = &g->value[n->out[0]];
    const bool on_s8 = n->op == DSQ_OP_ADD || n->op == DSQ_OP_MUL;
    bool same = a->dtype == b->dtype && a->dtype == y->dtype;
    bool type_fits = (a->dtype == DSQ_F32 && n->op != DSQ_OP_MOD) ||
                     (is_integer(a->dtype) && n->op != DSQ_OP_PRELU) ||
                     (a->dtype == DSQ_S8 && on_s8);
    bool power = n->op == DSQ_OP_POW && a->dtype == y->dtype && a->dtype != DSQ_S8 &&
                 (b->dtype == DSQ_F32 || is_integer(b->dtype));
    if ((same || power) && type_fits)
        return true;
    return dsq_cpu_refuse(why, bytes, "%s and %s to %s: only f32, s32, s64%s",
                          dsq_dtype_name(a->dtype), dsq_dtype_name(b->dtype),
                          dsq_dtype_name(y->dtype), on_s8 ? " and s8" : "");
}

static enum dsq_status binary_prepare(struct dsq_prepared *p, struct dsq_diag *d)
{
    (void)d;
    const enum dsq_dtype type = p->graph->value[p->node->out[0]].dtype;
    const char *op = dsq_op_info(p->node->op)->name;
    if (type == DSQ_S8) {
        snprintf(p->kernel, sizeof p->kernel, "%s_s8__%s", op, p->device->rows->name);
        snprintf(p->why, sizeof p->why, "INT8");
    } else if (type == DSQ_F32) {
        snprintf(p->kernel, sizeof p->kernel, "%s__%s", op, p->device->binary->name);
        snprintf(p->why, sizeof p->why, "rows");
    }
    return DSQ_OK;
}

struct binary_job {
    const struct dsq_device *device;
    enum dsq_op op;
    enum dsq_binary_kind kind;
    const void *a, *b;
    void *y;
    enum dsq_dtype type, b_type;
    struct dsq_rows_quant qa, qb, qy;
};

/* ---- floats ---- */

static const enum dsq_binary_kind kind_of[DSQ_OP_COUNT] = {
    [DSQ_OP_ADD] = DSQ_BINARY_ADD, [DSQ_OP_SUB] = DSQ_BINARY_SUB,    [DSQ_OP_MUL] = DSQ_BINARY_MUL,
    [DSQ_OP_DIV] = DSQ_BINARY_DIV, [DSQ_OP_MIN] = DSQ_BINARY_MIN,    [DSQ_OP_MAX] = DSQ_BINARY_MAX,
    [DSQ_OP_POW] = DSQ_BINARY_POW, [DSQ_OP_PRELU] = DSQ_BINARY_PRELU};

/* Squares are what most powers are. */
static void power(const struct binary_job *j, size_t n, const float *a, size_t sa, const float *b,
                  size_t sb, float *y)
{
    if (sb == 0 && *b == 2.0f && sa == 1)
        j->device->binary->run(DSQ_BINARY_MUL, n, a, 1, a, 1, y);
    else
        j->device->binary->run(DSQ_BINARY_POW, n, a, sa, b, sb, y);
}

static void run_row(const struct binary_job *j, size_t n, const float *a, size_t sa, const float *b,
                    size_t sb, float *y)
{
    if (j->op == DSQ_OP_POW)
        power(j, n, a, sa, b, sb, y);
    else if (j->op != DSQ_OP_FMOD)
        j->device->binary->run(j->kind, n, a, sa, b, sb, y);
    else
        for (size_t i = 0; i < n; i++)
            y[i] = fmodf(a[i * sa], b[i * sb]);
}

/* n floats at x with that step as steps of 0 or 1: x itself, or a copy in the strip. */
static const float *pack_f32(const float *x, int64_t step, int64_t n, float *strip)
{
    if (step == 0 || step == 1)
        return x;
    for (int64_t i = 0; i < n; i++)
        strip[i] = x[i * step];
    return strip;
}

static void run_f32(void *arg, int64_t n, const int64_t *offset, const int64_t *step, int worker)
{
    (void)worker;
    const struct binary_job *j = arg;
    float *y = (float *)j->y + offset[0], strip[3][STRIP];
    const float *a = (const float *)j->a + offset[1], *b = (const float *)j->b + offset[2];
    const size_t sa = step[1] != 0, sb = step[2] != 0;
    const bool direct = step[0] == 1 && step[1] == (int64_t)sa && step[2] == (int64_t)sb;
    const int64_t most = direct ? n : STRIP;
    for (int64_t i = 0; i < n; i += most) {
        const int64_t length = n - i < most ? n - i : most;
        const float *pa = pack_f32(a + i * step[1], step[1], length, strip[0]);
        const float *pb = pack_f32(b + i * step[2], step[2], length, strip[1]);
        float *to = step[0] == 1 ? y + i : strip[2];
        run_row(j, (size_t)length, pa, sa, pb, sb, to);
        for (int64_t k = 0; k < length && step[0] != 1; k++)
            y[(i + k) * step[0]] = to[k];
    }
}

/* ---- s8 ---- */

/* n bytes at x with that step side by side. */
static const int8_t *pack_s8(const int8_t *x, int64_t step, int64_t n, int8_t *strip)
{
    if (step == 1)
        return x;
    if (step == 0)
        return memset(strip, *x, (size_t)n);
    for (int64_t i = 0; i < n; i++)
        strip[i] = x[i * step];
    return strip;
}

static void run_row_s8(const struct binary_job *j, size_t n, const int8_t *a, const int8_t *b,
                       int8_t *y)
{
    if (j->op == DSQ_OP_ADD)
        j->device->rows->add_s8(n, a, &j->qa, b, &j->qb, -INFINITY, INFINITY, &j->qy, y);
    else
        j->device->rows->mul_s8(n, a, &j->qa, b, &j->qb, &j->qy, y);
}

static void run_s8(void *arg, int64_t n, const int64_t *offset, const int64_t *step, int worker)
{
    (void)worker;
    const struct binary_job *j = arg;
    int8_t *y = (int8_t *)j->y + offset[0], strip[3][STRIP];
    const int8_t *a = (const int8_t *)j->a + offset[1], *b = (const int8_t *)j->b + offset[2];
    const int64_t most = step[0] == 1 && step[1] == 1 && step[2] == 1 ? n : STRIP;
    for (int64_t i = 0; i < n; i += most) {
        const int64_t length = n - i < most ? n - i : most;
        const int8_t *pa = pack_s8(a + i * step[1], step[1], length, strip[0]);
        const int8_t *pb = pack_s8(b + i * step[2], step[2], length, strip[1]);
        int8_t *to = step[0] == 1 ? y + i : strip[2];
        run_row_s8(j, (size_t)length, pa, pb, to);
        for (int64_t k = 0; k < length && step[0] != 1; k++)
            y[(i + k) * step[0]] = to[k];
    }
}

/* ---- integers ---- */

/* x^n, wrapping around; below n = 0 only 1 and -1 have a whole power. */
static int64_t integer_power(int64_t x, int64_t n)
{
    if (n < 0)
        return x == 1 ? 1 : x == -1 ? (n % 2 ? -1 : 1) : 0;
    uint64_t y = 1, square = (uint64_t)x;
    for (; n > 0; n /= 2, square *= square)
        if (n % 2)
            y *= square;
    return (int64_t)y;
}

static int64_t load_integer(enum dsq_dtype t, const void *x, int64_t i)
{
    return t == DSQ_S64 ? ((const int64_t *)x)[i] : ((const int32_t *)x)[i];
}

static int64_t integer_result(const struct binary_job *j, int64_t a, int64_t at_b)
{
    int64_t y;
    if (j->b_type == DSQ_F32) { /* pow alone has this */
        const float b = ((const float *)j->b)[at_b];
        if (b == floorf(b) && fabsf(b) < 0x1p+31f)
            return integer_power(a, (int64_t)b);
        return dsq_element_to_s64(dsq_pow_f32((float)a, b));
    }
    const int64_t b = load_integer(j->b_type, j->b, at_b);
    if (j->op == DSQ_OP_POW)
        return integer_power(a, b);
    (void)dsq_element_int(j->op, a, b, &y);
    return y;
}

static void run_integers(void *arg, int64_t n, const int64_t *offset, const int64_t *step,
                         int worker)
{
    (void)worker;
    const struct binary_job *j = arg;
    for (int64_t i = 0; i < n; i++) {
        const int64_t a = load_integer(j->type, j->a, offset[1] + i * step[1]);
        const int64_t y = integer_result(j, a, offset[2] + i * step[2]);
        if (j->type == DSQ_S64)
            ((int64_t *)j->y)[offset[0] + i * step[0]] = y;
        else
            ((int32_t *)j->y)[offset[0] + i * step[0]] = (int32_t)y;
    }
}

/* A float to an integer power: that integer is a float first. */
static void run_float_to_integer(void *arg, int64_t n, const int64_t *offset, const int64_t *step,
                                 int worker)
{
    (void)worker;
    const struct binary_job *j = arg;
    const float *a = (const float *)j->a + offset[1];
    float *y = (float *)j->y + offset[0];
    for (int64_t i = 0; i < n; i++)
        y[i * step[0]] = dsq_pow_f32(a[i * step[1]],
                                     (float)load_integer(j->b_type, j->b, offset[2] + i * step[2]));
}

static dsq_nd_run_fn *run_of(const struct binary_job *j)
{
    if (j->type == DSQ_S8)
        return run_s8;
    if (j->type != DSQ_F32)
        return run_integers;
    return j->b_type == DSQ_F32 ? run_f32 : run_float_to_integer;
}

static enum dsq_status binary_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                  struct dsq_diag *d)
{
    const struct dsq_view *views[3] = {dsq_cpu_out(c, 0), dsq_cpu_in(c, 0), dsq_cpu_in(c, 1)};
    const struct dsq_value *value = c->graph->value;
    struct binary_job j = {.device = p->device,
                           .op = c->node->op,
                           .kind = kind_of[c->node->op],
                           .a = views[1]->data,
                           .b = views[2]->data,
                           .y = views[0]->data,
                           .type = views[1]->dtype,
                           .b_type = views[2]->dtype,
                           .qa = dsq_cpu_quant(&value[c->node->in[0]].q),
                           .qb = dsq_cpu_quant(&value[c->node->in[1]].q),
                           .qy = dsq_cpu_quant(&value[c->node->out[0]].q)};
    struct dsq_nd nd;
    if (!dsq_nd_init(&nd, 3, views))
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "its inputs do not broadcast to its output");
    dsq_nd_run(&nd, c->pool, run_of(&j), &j);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_binary = {
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = binary_supports,
    .prepare = binary_prepare,
    .run = binary_run,
};
