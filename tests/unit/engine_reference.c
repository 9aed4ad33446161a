/* SPDX-License-Identifier: Apache-2.0 */
/* The operators once more, the plainest way, from the definition of the numbers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_support.h"
#include "kernels/math_f32.h"
#include "kernels/unary.h"

struct ref {
    const struct run *run;
    const struct dsq_node *node;
};

static const struct captured *cap(const struct ref *r, dsq_vid v)
{
    assert_true(v >= 0 && r->run->value[v].there);
    return &r->run->value[v];
}

static float f32_at(const struct captured *c, size_t i)
{
    return ((const float *)c->data)[i];
}
static int s8_at(const struct captured *c, size_t i)
{
    return ((const int8_t *)c->data)[i];
}

static const struct dsq_quant *quant(const struct ref *r, dsq_vid v)
{
    return &r->run->graph->value[v].q;
}

static size_t at4(const struct captured *c, int64_t n, int64_t k, int64_t h, int64_t w)
{
    return (size_t)(((n * c->dims[1] + k) * c->dims[2] + h) * c->dims[3] + w);
}

static int ref_quantize(float y, const struct dsq_quant *q)
{
    if (isnan(y))
        return q->zero_point;
    float v = y * q->inv_scale;
    v = q->zero_point ? v + (float)q->zero_point : v;
    v = fminf(fmaxf(v, (float)q->qmin), (float)q->qmax);
    return (int)rintf(v);
}

static float ref_dequantize(int x, const struct dsq_quant *q)
{
    return (float)(x - q->zero_point) * q->scale;
}

static void expect_s8(const struct ref *r, dsq_vid v, size_t i, int expected)
{
    const struct captured *c = cap(r, v);
    if (s8_at(c, i) != expected)
        fail_msg("%s '%s' element %zu of %zu: %d, expected %d", dsq_op_info(r->node->op)->name,
                 r->run->graph->value[v].name, i, c->n, s8_at(c, i), expected);
}

static void expect_f32(const struct ref *r, dsq_vid v, size_t i, float expected)
{
    const struct captured *c = cap(r, v);
    float is = f32_at(c, i);
    if (memcmp(&is, &expected, sizeof is) != 0 && !(isnan(is) && isnan(expected)))
        fail_msg("%s '%s' element %zu of %zu: %a, expected %a", dsq_op_info(r->node->op)->name,
                 r->run->graph->value[v].name, i, c->n, (double)is, (double)expected);
}

/* ---- conv ---- */

struct sums {
    int64_t exact; /* s8: (x - zp) * w */
    float chain;   /* f32: one fmaf after the other, bias first, padding as zeros */
    double real, magnitude;
};

/* Does tap k meet an input for output `out` at all (it may be padding), and where is it? A
 * transposed convolution's tap k adds input i to output i stride + k dilation - pad. */
static bool meets(const struct dsq_conv_attr *a, int axis, int64_t out, int64_t k, int64_t *in)
{
    const struct dsq_window *w = &a->win;
    if (!a->transposed) {
        *in = out * w->stride[axis] - w->pad[axis] + k * w->dilation[axis];
        return true;
    }
    int64_t distance = out + w->pad[axis] - k * w->dilation[axis];
    *in = distance / w->stride[axis] - (distance < 0);
    return distance % w->stride[axis] == 0;
}

static struct sums sum_window(const struct ref *r, int32_t s, const struct captured *x, int64_t n,
                              int64_t o, int64_t oh, int64_t ow)
{
    const struct dsq_graph *g = r->run->graph;
    const struct dsq_conv_attr *a = r->node->attr;
    const struct dsq_value *w = &g->value[r->node->in[0]];
    dsq_vid b = r->node->in[1];
    float bias = b == DSQ_NO_VALUE ? 0.0f : ((const float *)g->value[b].data)[o];
    int64_t group_in = w->shape.dim[3], first = o / (a->out_channels / a->group) * group_in;
    int zero = quant(r, dsq_conv_x(r->node, s))->zero_point;
    struct sums sum = {0, bias, bias, fabs((double)bias)};
    int64_t kernel_h = a->win.kernel[0], kernel_w = a->win.kernel[1], ih, iw;
    for (int64_t i = 0; i < kernel_h * kernel_w; i++) {
        int64_t tap = a->transposed ? kernel_h * kernel_w - 1 - i : i; /* by rows of the input */
        size_t at = (size_t)((o * kernel_h * kernel_w + tap) * group_in);
        if (!meets(a, 0, oh, tap / kernel_w, &ih) || !meets(a, 1, ow, tap % kernel_w, &iw))
            continue;
        for (int64_t c = 0; c < group_in; c++, at++) {
            bool in = ih >= 0 && iw >= 0 && ih < x->dims[2] && iw < x->dims[3];
            size_t from = in ? at4(x, n, first + c, ih, iw) : 0;
            if (x->dtype == DSQ_S8) {
                sum.exact += in ? (s8_at(x, from) - zero) * ((const int8_t *)w->data)[at] : 0;
                continue;
            }
            float v = in ? f32_at(x, from) : 0.0f, weight = ((const float *)w->data)[at];
            sum.chain = fmaf(v, weight, sum.chain);
            sum.real += (double)v * weight;
            sum.magnitude += fabs((double)v * weight);
        }
    }
    return sum;
}

static float activate(const struct dsq_conv_attr *a, float y)
{
    static const struct {
        int64_t act;
        enum dsq_unary_kind kind;
    } functions[] = {{DSQ_ACT_LEAKY_RELU, DSQ_UNARY_LEAKY_RELU},
                     {DSQ_ACT_SIGMOID, DSQ_UNARY_SIGMOID},
                     {DSQ_ACT_HARDSIGMOID, DSQ_UNARY_HARDSIGMOID},
                     {DSQ_ACT_TANH, DSQ_UNARY_TANH},
                     {DSQ_ACT_SILU, DSQ_UNARY_SILU},
                     {DSQ_ACT_HARDSWISH, DSQ_UNARY_HARDSWISH},
                     {DSQ_ACT_ELU, DSQ_UNARY_ELU},
                     {DSQ_ACT_GELU, DSQ_UNARY_GELU},
                     {DSQ_ACT_GELU_TANH, DSQ_UNARY_GELU_TANH},
                     {DSQ_ACT_MISH, DSQ_UNARY_MISH},
                     {DSQ_ACT_SOFTPLUS, DSQ_UNARY_SOFTPLUS}};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (functions[i].act == a->act)
            return dsq_unary_f32(&(struct dsq_unary){functions[i].kind, a->act_alpha, a->act_beta},
                                 y);
    float lo = a->act == DSQ_ACT_NONE ? -INFINITY : a->act == DSQ_ACT_RELU ? 0.0f : a->act_lo;
    float hi = a->act == DSQ_ACT_CLIP ? a->act_hi : INFINITY;
    y = y < lo ? lo : y;
    return y > hi ? hi : y;
}

static void check_conv_element(const struct ref *r, int32_t s, size_t i, int64_t o, struct sums sum)
{
    const struct dsq_graph *g = r->run->graph;
    const struct dsq_conv_attr *a = r->node->attr;
    dsq_vid res = dsq_conv_r(r->node, s), y = r->node->out[s], b = r->node->in[1];
    if (g->value[dsq_conv_x(r->node, s)].dtype == DSQ_F32) {
        double tolerance = 1e-6 * sum.magnitude + 1e-30;
        assert_true(fabs((double)sum.chain - sum.real) <= tolerance * 8);
        float v = sum.chain;
        if (res != DSQ_NO_VALUE)
            v = v + f32_at(cap(r, res), i);
        expect_f32(r, y, i, activate(a, v));
        return;
    }
    float bias = b == DSQ_NO_VALUE ? 0.0f : ((const float *)g->value[b].data)[o];
    float m = ((const float *)g->value[dsq_conv_m(r->node, s)].data)[o];
    float v = fmaf((float)sum.exact, m, bias);
    if (res != DSQ_NO_VALUE)
        v = fmaf((float)(s8_at(cap(r, res), i) - quant(r, res)->zero_point), quant(r, res)->scale,
                 v);
    v = activate(a, v);
    if (g->value[y].dtype == DSQ_F32)
        expect_f32(r, y, i, v);
    else
        expect_s8(r, y, i, ref_quantize(v, quant(r, y)));
}

static void check_conv(const struct ref *r)
{
    for (int32_t s = 0; s < r->node->n_out; s++) {
        const struct captured *x = cap(r, dsq_conv_x(r->node, s)), *y = cap(r, r->node->out[s]);
        for (int64_t n = 0; n < y->dims[0]; n++)
            for (int64_t o = 0; o < y->dims[1]; o++)
                for (int64_t h = 0; h < y->dims[2]; h++)
                    for (int64_t w = 0; w < y->dims[3]; w++)
                        check_conv_element(r, s, at4(y, n, o, h, w), o,
                                           sum_window(r, s, x, n, o, h, w));
    }
}

/* ---- maxpool, resize, concat ---- */

static void check_maxpool(const struct ref *r)
{
    const struct dsq_window *win = &((const struct dsq_pool_attr *)r->node->attr)->win;
    const struct captured *x = cap(r, r->node->in[0]), *y = cap(r, r->node->out[0]);
    for (size_t i = 0; i < y->n; i++) {
        int64_t w = (int64_t)i % y->dims[3], h = (int64_t)i / y->dims[3] % y->dims[2];
        int64_t plane = (int64_t)i / (y->dims[3] * y->dims[2]);
        float best = -INFINITY;
        for (int64_t k = 0; k < win->kernel[0] * win->kernel[1]; k++) {
            int64_t ih = h * win->stride[0] - win->pad[0] + k / win->kernel[1] * win->dilation[0];
            int64_t iw = w * win->stride[1] - win->pad[1] + k % win->kernel[1] * win->dilation[1];
            if (ih < 0 || iw < 0 || ih >= x->dims[2] || iw >= x->dims[3])
                continue;
            size_t at = (size_t)((plane * x->dims[2] + ih) * x->dims[3] + iw);
            best = fmaxf(best, x->dtype == DSQ_S8 ? (float)s8_at(x, at) : f32_at(x, at));
        }
        if (x->dtype == DSQ_S8)
            expect_s8(r, r->node->out[0], i, (int)best);
        else
            expect_f32(r, r->node->out[0], i, best);
    }
}

/* asymmetric coordinates, floor: what the random graphs use */
static void check_resize(const struct ref *r)
{
    const struct captured *x = cap(r, r->node->in[0]), *y = cap(r, r->node->out[0]);
    for (size_t i = 0; i < y->n; i++) {
        int64_t w = (int64_t)i % y->dims[3], h = (int64_t)i / y->dims[3] % y->dims[2];
        int64_t plane = (int64_t)i / (y->dims[3] * y->dims[2]);
        size_t at = (size_t)((plane * x->dims[2] + h * x->dims[2] / y->dims[2]) * x->dims[3] +
                             w * x->dims[3] / y->dims[3]);
        if (x->dtype == DSQ_S8)
            expect_s8(r, r->node->out[0], i, s8_at(x, at));
        else
            expect_f32(r, r->node->out[0], i, f32_at(x, at));
    }
}

static void check_concat(const struct ref *r) /* along channels */
{
    const struct captured *y = cap(r, r->node->out[0]);
    size_t plane = (size_t)(y->dims[2] * y->dims[3]), channel = 0;
    for (int32_t k = 0; k < r->node->n_in; k++) {
        const struct captured *x = cap(r, r->node->in[k]);
        size_t channels = (size_t)x->dims[1];
        for (size_t i = 0; i < x->n; i++) {
            size_t n = i / (channels * plane), rest = i % (channels * plane);
            size_t at = (n * (size_t)y->dims[1] + channel) * plane + rest;
            if (x->dtype == DSQ_S8)
                expect_s8(r, r->node->out[0], at, s8_at(x, i));
            else
                expect_f32(r, r->node->out[0], at, f32_at(x, i));
        }
        channel += channels;
    }
}

/* ---- one element at a time ---- */

static float unary(const struct dsq_node *n, float x)
{
    const struct dsq_clip_attr *clip = n->attr;
    if (n->op == DSQ_OP_SIGMOID)
        return dsq_sigmoid_f32(x);
    if (n->op == DSQ_OP_RELU)
        return x < 0 ? 0.0f : x;
    return x < clip->lo ? clip->lo : x > clip->hi ? clip->hi : x;
}

static void check_elements(const struct ref *r)
{
    const struct dsq_node *n = r->node;
    dsq_vid vx = n->in[0], vy = n->out[0];
    const struct captured *x = cap(r, vx), *y = cap(r, vy);
    const struct captured *b = n->op == DSQ_OP_ADD ? cap(r, n->in[1]) : NULL;
    for (size_t i = 0; i < y->n; i++) {
        float v = x->dtype == DSQ_S8 ? ref_dequantize(s8_at(x, i), quant(r, vx)) : f32_at(x, i);
        if (b && b->dtype == DSQ_S8) {
            const struct dsq_quant *q = quant(r, n->in[1]);
            v = fmaf((float)(s8_at(b, i) - q->zero_point), q->scale, v);
        } else if (b) {
            v = v + f32_at(b, i);
        } else if (n->op == DSQ_OP_RELU || n->op == DSQ_OP_CLIP || n->op == DSQ_OP_SIGMOID) {
            v = unary(n, v);
        }
        if (n->op == DSQ_OP_RELAYOUT && y->dtype == DSQ_S8)
            expect_s8(r, vy, i, s8_at(x, i));
        else if (y->dtype == DSQ_S8)
            expect_s8(r, vy, i, ref_quantize(v, quant(r, vy)));
        else
            expect_f32(r, vy, i, v);
    }
}

void assert_nodes_right(const struct run *r)
{
    for (int32_t i = 0; i < r->graph->n_nodes; i++) {
        struct ref ref = {r, &r->graph->node[i]};
        switch (ref.node->op) {
        case DSQ_OP_CONV:
            check_conv(&ref);
            break;
        case DSQ_OP_MAXPOOL:
            check_maxpool(&ref);
            break;
        case DSQ_OP_RESIZE:
            check_resize(&ref);
            break;
        case DSQ_OP_CONCAT:
            check_concat(&ref);
            break;
        default:
            check_elements(&ref);
            break;
        }
    }
}
