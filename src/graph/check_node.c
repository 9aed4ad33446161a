/* SPDX-License-Identifier: Apache-2.0 */
/* What may flow into and out of an operator: types, scales, layouts, and the shapes of weights. */
#include "graph/check_node.h"

#include <stdio.h>
#include <string.h>

#include "graph/resize.h"

static const struct dsq_value *value(const struct dsq_checker *c, dsq_vid v)
{
    return v < 0 ? NULL : &c->g->value[v];
}

/* Of type t, where it is there at all. */
static bool is(const struct dsq_value *v, enum dsq_dtype t)
{
    return !v || v->dtype == t;
}

static bool is_index(const struct dsq_value *v)
{
    return !v || v->dtype == DSQ_S64 || v->dtype == DSQ_S32;
}

static bool is_float_or_s8(const struct dsq_value *v)
{
    return v->dtype == DSQ_F32 || v->dtype == DSQ_S8;
}

/* A constant vector of n, where it is there at all. */
static bool is_vector(const struct dsq_value *v, int64_t n)
{
    return !v || (v->dtype == DSQ_F32 && v->data && v->shape.rank == 1 && v->shape.dim[0] == n);
}

/* ---- types ---- */

static bool weights_fit(const struct dsq_conv_attr *a, const struct dsq_value *w)
{
    const dsq_dim *dim = w->shape.dim;
    return w->data && w->shape.rank == 4 && dim[0] == a->out_channels &&
           dim[1] == a->win.kernel[0] && dim[2] == a->win.kernel[1];
}

static enum dsq_status check_segment(const struct dsq_checker *c, int32_t i, int32_t s)
{
    const struct dsq_node *n = &c->g->node[i];
    const struct dsq_conv_attr *a = n->attr;
    const struct dsq_value *w = value(c, n->in[DSQ_CONV_W]), *x = value(c, dsq_conv_x(n, s));
    const struct dsq_value *r = value(c, dsq_conv_r(n, s)), *m = value(c, dsq_conv_m(n, s));
    const struct dsq_value *y = value(c, n->out[s]);
    if (!is_float_or_s8(x) || !is_float_or_s8(y))
        return dsq_check_fail(c, i, "a convolution reads and writes f32 or s8");
    if (n->shape_only)
        return DSQ_OK;
    if (!is(w, x->dtype))
        return dsq_check_fail(c, i, "input and weights differ in type");
    if (x->dtype == DSQ_F32 && (y->dtype != DSQ_F32 || !is(r, DSQ_F32) || m))
        return dsq_check_fail(c, i, "a float convolution takes no integers and no multipliers");
    if (x->dtype == DSQ_S8 && (!m || !is(r, DSQ_S8)))
        return dsq_check_fail(c, i,
                              "an s8 convolution needs multipliers and an s8 residual, if any");
    if (!is_vector(m, a->out_channels))
        return dsq_check_fail(c, i, "its multipliers must be a constant f32 vector, one a channel");
    return DSQ_OK;
}

static enum dsq_status check_conv(const struct dsq_checker *c, int32_t i)
{
    const struct dsq_node *n = &c->g->node[i];
    const struct dsq_conv_attr *a = n->attr;
    const struct dsq_value *w = value(c, n->in[DSQ_CONV_W]);
    if (w && !weights_fit(a, w))
        return dsq_check_fail(c, i, "its weights must be a constant of shape [O,KH,KW,I/group]");
    if (!is_vector(value(c, n->in[DSQ_CONV_B]), a->out_channels))
        return dsq_check_fail(c, i, "its bias must be a constant f32 vector, one a channel");
    for (int32_t s = 0; s < dsq_conv_segments(n); s++)
        DSQ_TRY(check_segment(c, i, s));
    return DSQ_OK;
}

/* Beside the first input, which the output takes after. */
static bool other_inputs_fit(const struct dsq_checker *c, const struct dsq_node *n)
{
    const struct dsq_value *x = value(c, n->in[0]);
    for (int32_t k = 1; k < n->n_in; k++) {
        const struct dsq_value *v = value(c, n->in[k]);
        bool fits = true;
        switch (n->op) {
        case DSQ_OP_GATHER:
        case DSQ_OP_SLICE:
        case DSQ_OP_SPLIT:
        case DSQ_OP_SQUEEZE:
        case DSQ_OP_UNSQUEEZE:
        case DSQ_OP_RESHAPE:
        case DSQ_OP_TILE:
        case DSQ_OP_EXPAND:
        case DSQ_OP_GATHER_ELEMENTS:
        case DSQ_OP_REDUCE:
        case DSQ_OP_TOPK:
            fits = is_index(v);
            break;
        case DSQ_OP_PAD:
            fits = k != 2 ? is_index(v) : is(v, x->dtype == DSQ_S8 ? DSQ_F32 : x->dtype);
            break;
        case DSQ_OP_RESIZE:
            fits = k == 1 ? is_index(v) : is(v, DSQ_F32);
            break;
        case DSQ_OP_POW:
            fits = is_index(v) || is(v, DSQ_F32);
            break;
        case DSQ_OP_WHERE:
            fits = is(v, value(c, n->out[0])->dtype);
            break;
        default:
            fits = is(v, x->dtype);
            break;
        }
        if (!fits)
            return false;
    }
    return true;
}

static enum dsq_status fail_types(const struct dsq_checker *c, int32_t i)
{
    const struct dsq_node *n = &c->g->node[i];
    char text[160] = "the types of its inputs and outputs do not go together:";
    size_t length = strlen(text);
    for (int32_t k = 0; k <= n->n_in && length < sizeof text; k++) {
        const struct dsq_value *v = value(c, k < n->n_in ? n->in[k] : n->out[0]);
        if (v)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s %s",
                                       k < n->n_in ? "" : " to", dsq_dtype_name(v->dtype));
    }
    return dsq_check_fail(c, i, text);
}

/* What the first input may be; nothing said: anything. */
enum {
    F32 = 1 << DSQ_F32,
    S8 = 1 << DSQ_S8,
    BOOL = 1 << DSQ_BOOL,
    INTEGER = 1 << DSQ_S32 | 1 << DSQ_S64,
    NUMBER = F32 | INTEGER
};
static const uint32_t takes[DSQ_OP_COUNT] = {
    [DSQ_OP_MATMUL] = F32,
    [DSQ_OP_BATCHNORM] = F32,
    [DSQ_OP_GROUPNORM] = F32,
    [DSQ_OP_LAYERNORM] = F32,
    [DSQ_OP_CLIP] = F32 | S8,
    [DSQ_OP_SIGMOID] = F32 | S8,
    [DSQ_OP_LEAKY_RELU] = F32 | S8,
    [DSQ_OP_HARDSIGMOID] = F32 | S8,
    [DSQ_OP_HARDSWISH] = F32 | S8,
    [DSQ_OP_TANH] = F32 | S8,
    [DSQ_OP_SILU] = F32 | S8,
    [DSQ_OP_ELU] = F32 | S8,
    [DSQ_OP_GELU] = F32 | S8,
    [DSQ_OP_GELU_TANH] = F32 | S8,
    [DSQ_OP_MISH] = F32 | S8,
    [DSQ_OP_SOFTPLUS] = F32 | S8,
    [DSQ_OP_ERF] = F32 | S8,
    [DSQ_OP_EXP] = F32 | S8,
    [DSQ_OP_LOG] = F32 | S8,
    [DSQ_OP_SQRT] = F32 | S8,
    [DSQ_OP_RECIPROCAL] = F32 | S8,
    [DSQ_OP_FLOOR] = F32 | S8,
    [DSQ_OP_CEIL] = F32 | S8,
    [DSQ_OP_ROUND] = F32 | S8,
    [DSQ_OP_PRELU] = F32 | S8,
    [DSQ_OP_MAXPOOL] = F32 | S8,
    [DSQ_OP_AVGPOOL] = F32 | S8,
    [DSQ_OP_GLOBAL_MAXPOOL] = F32 | S8,
    [DSQ_OP_GLOBAL_AVGPOOL] = F32 | S8,
    [DSQ_OP_QUANTIZE] = F32,
    [DSQ_OP_DEQUANTIZE] = S8,
    [DSQ_OP_REQUANTIZE] = S8,
    [DSQ_OP_EQUAL] = NUMBER | BOOL,
    [DSQ_OP_GREATER] = NUMBER,
    [DSQ_OP_GREATER_EQUAL] = NUMBER,
    [DSQ_OP_POW] = NUMBER,
    [DSQ_OP_MIN] = NUMBER,
    [DSQ_OP_MAX] = NUMBER,
    [DSQ_OP_FMOD] = NUMBER,
    [DSQ_OP_MOD] = INTEGER,
    [DSQ_OP_WHERE] = BOOL,
    [DSQ_OP_AND] = BOOL,
    [DSQ_OP_OR] = BOOL,
    [DSQ_OP_XOR] = BOOL,
    [DSQ_OP_NOT] = BOOL,
};

static bool output_fits(const struct dsq_node *n, const struct dsq_value *x,
                        const struct dsq_value *y)
{
    switch (n->op) {
    case DSQ_OP_SHAPE:
    case DSQ_OP_ARGMAX:
    case DSQ_OP_ARGMIN:
        return y->dtype == DSQ_S64;
    case DSQ_OP_CAST:
        return (int64_t)y->dtype == ((const struct dsq_cast_attr *)n->attr)->to;
    case DSQ_OP_QUANTIZE:
        return y->dtype == DSQ_S8;
    case DSQ_OP_DEQUANTIZE:
        return y->dtype == DSQ_F32;
    case DSQ_OP_EQUAL:
    case DSQ_OP_GREATER:
    case DSQ_OP_GREATER_EQUAL:
        return y->dtype == DSQ_BOOL;
    case DSQ_OP_WHERE:
        return true; /* other_inputs_fit compares it with what is chosen from */
    default:
        return x->dtype == y->dtype;
    }
}

static enum dsq_status check_types(const struct dsq_checker *c, int32_t i)
{
    const struct dsq_node *n = &c->g->node[i];
    const struct dsq_value *x = value(c, n->in[0]), *y = value(c, n->out[0]);
    bool fits = output_fits(n, x, y) && (!takes[n->op] || takes[n->op] >> x->dtype & 1);
    for (int32_t k = 1; k < n->n_out; k++)
        fits = fits && value(c, n->out[k])->dtype == (n->op == DSQ_OP_TOPK ? DSQ_S64 : y->dtype);
    if (fits && other_inputs_fit(c, n))
        return DSQ_OK;
    return fail_types(c, i);
}

/* ---- scales and layouts ---- */

static bool same_quant(const struct dsq_quant *a, const struct dsq_quant *b)
{
    return a->scale == b->scale && a->zero_point == b->zero_point;
}

static bool keeps_bytes(const struct dsq_node *n)
{
    if (n->op == DSQ_OP_RESIZE)
        return dsq_resize_keeps_numbers(n->attr);
    return dsq_op_info(n->op)->flags & DSQ_OPF_SAME_Q;
}

static enum dsq_status check_scales(const struct dsq_checker *c, int32_t i)
{
    const struct dsq_node *n = &c->g->node[i];
    const struct dsq_value *y = value(c, n->out[0]);
    if (!keeps_bytes(n) || y->dtype != DSQ_S8)
        return DSQ_OK;
    for (int32_t k = 0; k < n->n_in + n->n_out; k++) {
        const struct dsq_value *x = value(c, k < n->n_in ? n->in[k] : n->out[k - n->n_in]);
        if (x && x->dtype == DSQ_S8 && !same_quant(&x->q, &y->q))
            return dsq_check_fail(c, i, "s8 bytes pass unchanged, so all scales must be equal");
    }
    return DSQ_OK;
}

/* Is the order of v's elements a matter of layout? Not when there is one channel or one pixel. */
static bool has_layout(const struct dsq_value *v)
{
    const dsq_dim *dim = v->shape.dim;
    return v->shape.rank == 4 && !(v->data && (dim[1] == 1 || (dim[2] == 1 && dim[3] == 1)));
}

static bool all_have_layout(const struct dsq_checker *c, const dsq_vid *v, int32_t n,
                            bool skip_consts, enum dsq_layout layout)
{
    for (int32_t k = 0; k < n; k++) {
        const struct dsq_value *x = value(c, v[k]);
        if (x && has_layout(x) && !(skip_consts && x->data) && x->layout != layout)
            return false;
    }
    return true;
}

/* quantize and dequantize are flagged LAYOUT and may change it on the way, as relayout does. */
static bool may_change_layout(enum dsq_op op)
{
    return op == DSQ_OP_QUANTIZE || op == DSQ_OP_DEQUANTIZE;
}

static enum dsq_status check_layouts(const struct dsq_checker *c, int32_t i)
{
    const struct dsq_node *n = &c->g->node[i];
    uint32_t flags = dsq_op_info(n->op)->flags;
    enum dsq_layout out = c->g->value[n->out[0]].layout;
    if (!c->layouts_assigned)
        return DSQ_OK;
    if ((flags & DSQ_OPF_NHWC) && (!all_have_layout(c, n->in, n->n_in, true, DSQ_NHWC) ||
                                   !all_have_layout(c, n->out, n->n_out, true, DSQ_NHWC)))
        return dsq_check_fail(c, i, "its data must be NHWC");
    if ((flags & DSQ_OPF_LAYOUT) && !may_change_layout(n->op) &&
        c->g->value[n->out[0]].shape.rank == 4 &&
        (!all_have_layout(c, n->in, n->n_in, false, out) ||
         !all_have_layout(c, n->out, n->n_out, false, out)))
        return dsq_check_fail(c, i, "its inputs and outputs differ in layout");
    return DSQ_OK;
}

enum dsq_status dsq_check_node(const struct dsq_checker *c, int32_t i)
{
    DSQ_TRY(c->g->node[i].op == DSQ_OP_CONV ? check_conv(c, i) : check_types(c, i));
    DSQ_TRY(check_scales(c, i));
    return check_layouts(c, i);
}
