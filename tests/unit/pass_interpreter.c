/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference interpreter of test_pass_random: runs a float graph in NCHW, in double, without any
 * cleverness, so that a fused graph can be compared with the one it came from.
 */
#include "unit/pass_interpreter.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct dims interpreter_dims(const struct interpreter *m, dsq_vid v)
{
    const struct dsq_shape *s = &m->sizes.shape[v];
    int64_t d[4] = {1, 1, 1, 1};
    for (int k = 0; k < s->rank && k < 4; k++)
        d[4 - s->rank + k] = s->dim[k];
    return (struct dims){d[0], d[1], d[2], d[3]};
}

static double *load(struct interpreter *m, dsq_vid v)
{
    const struct dsq_value *x = &m->g->value[v];
    if (m->data[v] || !x->data)
        return m->data[v];
    const struct dims s = interpreter_dims(m, v);
    const int64_t n = s.n * s.c * s.h * s.w, pixels = s.h * s.w;
    m->data[v] = dsq_arena_calloc(&m->arena, (size_t)n, sizeof(double));
    for (int64_t i = 0; i < n; i++) {
        const int64_t p = i % pixels, c = i / pixels % s.c, image = i / pixels / s.c;
        const int64_t at = x->layout == DSQ_NHWC ? (image * pixels + p) * s.c + c : i;
        m->data[v][i] = (double)((const float *)x->data)[at];
    }
    return m->data[v];
}

static double at(const double *x, struct dims s, int64_t c, int64_t h, int64_t w)
{
    return x[((s.c == 1 ? 0 : c) * s.h + (s.h == 1 ? 0 : h)) * s.w + (s.w == 1 ? 0 : w)];
}

static double conv_at(const double *x, struct dims s, const double *w,
                      const struct dsq_conv_attr *a, int64_t o, int64_t top, int64_t left)
{
    const int64_t in = s.c / a->group, first = o / (a->out_channels / a->group) * in;
    double sum = 0;
    for (int64_t i = 0; i < a->win.kernel[0]; i++)
        for (int64_t j = 0; j < a->win.kernel[1]; j++) {
            const int64_t h = top + i, q = left + j;
            for (int64_t c = 0; h >= 0 && h < s.h && q >= 0 && q < s.w && c < in; c++)
                sum += x[((first + c) * s.h + h) * s.w + q] *
                       w[((o * a->win.kernel[0] + i) * a->win.kernel[1] + j) * in + c];
        }
    return sum;
}

/* Functions of one number, straight from their formulas. */
static double function_of(enum dsq_op op, double alpha, double beta, double x)
{
    switch (op) {
    case DSQ_OP_RELU:
        return fmax(x, 0);
    case DSQ_OP_LEAKY_RELU:
        return x < 0 ? alpha * x : x;
    case DSQ_OP_SIGMOID:
        return 1 / (1 + exp(-x));
    case DSQ_OP_HARDSIGMOID:
        return fmax(0, fmin(1, alpha * x + beta));
    case DSQ_OP_HARDSWISH:
        return x * fmax(0, fmin(1, x / 6 + 0.5));
    case DSQ_OP_TANH:
        return tanh(x);
    case DSQ_OP_SILU:
        return x / (1 + exp(-x));
    case DSQ_OP_GELU:
        return 0.5 * x * (1 + erf(x * sqrt(0.5)));
    case DSQ_OP_ERF:
        return erf(x);
    case DSQ_OP_SOFTPLUS:
        return log1p(exp(x));
    case DSQ_OP_MISH:
        return x * tanh(log1p(exp(x)));
    default:
        assert_true(op == DSQ_OP_IDENTITY || op == DSQ_OP_RELAYOUT);
        return x;
    }
}

static double activation(const struct dsq_conv_attr *a, double x)
{
    static const enum dsq_op ops[] = {
        [DSQ_ACT_NONE] = DSQ_OP_IDENTITY,       [DSQ_ACT_LEAKY_RELU] = DSQ_OP_LEAKY_RELU,
        [DSQ_ACT_SIGMOID] = DSQ_OP_SIGMOID,     [DSQ_ACT_HARDSIGMOID] = DSQ_OP_HARDSIGMOID,
        [DSQ_ACT_TANH] = DSQ_OP_TANH,           [DSQ_ACT_SILU] = DSQ_OP_SILU,
        [DSQ_ACT_HARDSWISH] = DSQ_OP_HARDSWISH, [DSQ_ACT_GELU] = DSQ_OP_GELU,
        [DSQ_ACT_MISH] = DSQ_OP_MISH,           [DSQ_ACT_SOFTPLUS] = DSQ_OP_SOFTPLUS};
    if (a->act == DSQ_ACT_RELU || a->act == DSQ_ACT_CLIP)
        return fmin(fmax(x, (double)a->act_lo), (double)a->act_hi);
    return function_of(ops[a->act], (double)a->act_alpha, (double)a->act_beta, x);
}

static void run_conv(struct interpreter *m, const struct dsq_node *n, int32_t segment)
{
    const struct dsq_conv_attr *a = n->attr;
    const dsq_vid r = dsq_conv_r(n, segment), y = n->out[segment];
    const struct dims s = interpreter_dims(m, dsq_conv_x(n, segment)), t = interpreter_dims(m, y);
    const double *x = load(m, dsq_conv_x(n, segment)), *w = load(m, n->in[DSQ_CONV_W]);
    for (int64_t c = 0; c < t.c; c++)
        for (int64_t p = 0; p < t.h * t.w; p++) {
            double v = conv_at(x, s, w, a, c, p / t.w * a->win.stride[0] - a->win.pad[0],
                               p % t.w * a->win.stride[1] - a->win.pad[1]);
            v += n->in[DSQ_CONV_B] == DSQ_NO_VALUE ? 0 : load(m, n->in[DSQ_CONV_B])[c];
            v += r == DSQ_NO_VALUE ? 0 : load(m, r)[c * t.h * t.w + p];
            m->data[y][c * t.h * t.w + p] = activation(a, v);
        }
}

static double pool_at(const double *x, struct dims s, const struct dsq_window *w, int64_t c,
                      int64_t oh, int64_t ow)
{
    double best = -INFINITY;
    for (int64_t i = 0; i < w->kernel[0]; i++)
        for (int64_t j = 0; j < w->kernel[1]; j++) {
            const int64_t h = oh * w->stride[0] - w->pad[0] + i,
                          q = ow * w->stride[1] - w->pad[1] + j;
            if (h >= 0 && h < s.h && q >= 0 && q < s.w)
                best = fmax(best, x[(c * s.h + h) * s.w + q]);
        }
    return best;
}

static double batchnorm_at(struct interpreter *m, const struct dsq_node *n, double x, int64_t c)
{
    const double g = load(m, n->in[1])[c], b = load(m, n->in[2])[c];
    const double mean = load(m, n->in[3])[c], var = load(m, n->in[4])[c];
    return (x - mean) / sqrt(var + (double)((const struct dsq_batchnorm_attr *)n->attr)->epsilon) *
               g +
           b;
}

static double concat_at(struct interpreter *m, const struct dsq_node *n, int64_t c, int64_t h,
                        int64_t w)
{
    int32_t k = 0;
    for (; c >= interpreter_dims(m, n->in[k]).c; k++)
        c -= interpreter_dims(m, n->in[k]).c;
    return at(load(m, n->in[k]), interpreter_dims(m, n->in[k]), c, h, w);
}

static double element(struct interpreter *m, const struct dsq_node *n, struct dims t, int64_t c,
                      int64_t h, int64_t w)
{
    const struct dims s = interpreter_dims(m, n->in[0]);
    const double *px = load(m, n->in[0]);
    if (n->op == DSQ_OP_MAXPOOL)
        return pool_at(px, s, &((const struct dsq_pool_attr *)n->attr)->win, c, h, w);
    if (n->op == DSQ_OP_RESIZE)
        return px[(c * s.h + h * s.h / t.h) * s.w + w * s.w / t.w]; /* nearest, asymmetric, floor */
    if (n->op == DSQ_OP_CONCAT)
        return concat_at(m, n, c, h, w);
    const double x = at(px, s, c, h, w);
    const bool binary =
        n->op == DSQ_OP_ADD || n->op == DSQ_OP_SUB || n->op == DSQ_OP_MUL || n->op == DSQ_OP_DIV;
    const double y = binary ? at(load(m, n->in[1]), interpreter_dims(m, n->in[1]), c, h, w) : 0;
    switch (n->op) {
    case DSQ_OP_ADD:
        return x + y;
    case DSQ_OP_SUB:
        return x - y;
    case DSQ_OP_MUL:
        return x * y;
    case DSQ_OP_DIV:
        return x / y;
    case DSQ_OP_CLIP:
        return fmin(fmax(x, (double)((const struct dsq_clip_attr *)n->attr)->lo),
                    (double)((const struct dsq_clip_attr *)n->attr)->hi);
    case DSQ_OP_BATCHNORM:
        return batchnorm_at(m, n, x, c);
    case DSQ_OP_LEAKY_RELU:
    case DSQ_OP_HARDSIGMOID: {
        const struct dsq_unary_attr *a = n->attr;
        return function_of(n->op, (double)a->alpha, (double)a->beta, x);
    }
    default:
        return function_of(n->op, 0, 0, x);
    }
}

static void run_node(struct interpreter *m, const struct dsq_node *n)
{
    for (int32_t k = 0; k < n->n_out; k++) {
        const struct dims t = interpreter_dims(m, n->out[k]);
        m->data[n->out[k]] = dsq_arena_calloc(&m->arena, (size_t)(t.c * t.h * t.w), sizeof(double));
        if (n->op == DSQ_OP_CONV) {
            run_conv(m, n, k);
            continue;
        }
        for (int64_t i = 0; i < t.c * t.h * t.w; i++)
            m->data[n->out[k]][i] = element(m, n, t, i / t.w / t.h, i / t.w % t.h, i % t.w);
    }
}

void interpreter_run(struct interpreter *m, struct dsq_graph *g, int64_t h, int64_t w)
{
    struct dsq_diag d = {0};
    *m = (struct interpreter){.g = g};
    dsq_arena_init(&m->arena, NULL);
    m->data = dsq_arena_calloc(&m->arena, (size_t)g->n_values, sizeof *m->data);
    assert_int_equal(dsq_sizes_create(&m->sizes, g, &m->arena, &d), DSQ_OK);
    m->sizes.shape[g->input[0]] = (struct dsq_shape){4, {1, 4, h, w}};
    if (dsq_sizes_infer(&m->sizes, g, NULL, &d) != DSQ_OK)
        fail_msg("%s", d.text);
    double *x = m->data[g->input[0]] = dsq_arena_calloc(&m->arena, (size_t)(4 * h * w), sizeof *x);
    for (int64_t i = 0; i < 4 * h * w; i++)
        x[i] = (double)(i * 31 % 97) / 48.5 - 1.0;
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (!g->node[i].shape_only && g->value[g->node[i].out[0]].dtype == DSQ_F32)
            run_node(m, &g->node[i]);
}
