/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution: what it supports, and preparing it: groups, taps, activation, zero rows, packing. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "backend/cpu/conv.h"

enum {
    MERGE_CHANNELS = 4, /* at most this many channels make a window row one tap */
    MAX_PHASES = 4096,  /* of a transposed convolution */
};

static bool is_const(const struct dsq_graph *g, dsq_vid v, enum dsq_dtype dtype, size_t elements)
{
    return dsq_value_is_const(g, v) && g->value[v].dtype == dtype &&
           g->value[v].bytes == elements * dsq_dtype_bytes(dtype);
}

static bool weights_fit(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                        size_t bytes)
{
    const struct dsq_conv_attr *a = n->attr;
    const struct dsq_value *w = &g->value[n->in[DSQ_CONV_W]];
    if (!w->data || (w->dtype != DSQ_F32 && w->dtype != DSQ_S8))
        return dsq_cpu_refuse(why, bytes, "weights '%s' are not an f32 or s8 constant", w->name);
    const dsq_dim *dim = w->shape.dim;
    size_t elements;
    if (w->shape.rank != 4 || dim[0] != a->out_channels || dim[1] != a->win.kernel[0] ||
        dim[2] != a->win.kernel[1] || !dsq_shape_elements(&w->shape, &elements) || elements == 0 ||
        elements * dsq_dtype_bytes(w->dtype) != w->bytes)
        return dsq_cpu_refuse(why, bytes, "weights '%s' do not have the shape the window has",
                              w->name);
    if (a->group < 1 || a->out_channels % a->group != 0)
        return dsq_cpu_refuse(why, bytes, "%lld channels in %lld groups",
                              (long long)a->out_channels, (long long)a->group);
    dsq_vid b = n->in[DSQ_CONV_B];
    if (b != DSQ_NO_VALUE && !is_const(g, b, DSQ_F32, (size_t)dim[0]))
        return dsq_cpu_refuse(why, bytes, "the bias is not an f32 constant, one number a channel");
    return true;
}

static bool segment_fits(const struct dsq_graph *g, const struct dsq_node *n, int32_t s, char *why,
                         size_t bytes)
{
    const struct dsq_value *x = &g->value[dsq_conv_x(n, s)], *y = &g->value[n->out[s]];
    dsq_vid r = dsq_conv_r(n, s);
    enum dsq_dtype type = g->value[n->in[DSQ_CONV_W]].dtype;
    if (x->dtype != type)
        return dsq_cpu_refuse(why, bytes, "input '%s' is %s, the weights are %s", x->name,
                              dsq_dtype_name(x->dtype), dsq_dtype_name(type));
    if (r != DSQ_NO_VALUE && g->value[r].dtype != type)
        return dsq_cpu_refuse(why, bytes, "residual '%s' is %s, the weights are %s",
                              g->value[r].name, dsq_dtype_name(g->value[r].dtype),
                              dsq_dtype_name(type));
    if (y->dtype != DSQ_F32 && (type != DSQ_S8 || y->dtype != DSQ_S8))
        return dsq_cpu_refuse(why, bytes, "output '%s' is %s", y->name, dsq_dtype_name(y->dtype));
    size_t channels = (size_t)((const struct dsq_conv_attr *)n->attr)->out_channels;
    if (type == DSQ_S8 && !is_const(g, dsq_conv_m(n, s), DSQ_F32, channels))
        return dsq_cpu_refuse(why, bytes, "segment %d has no multipliers, one number a channel",
                              (int)s);
    return true;
}

bool dsq_conv_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why, size_t bytes)
{
    const struct dsq_conv_attr *a = n->attr;
    if (a->transposed && a->win.stride[0] * a->win.stride[1] > MAX_PHASES)
        return dsq_cpu_refuse(why, bytes, "transposed with strides %lld and %lld",
                              (long long)a->win.stride[0], (long long)a->win.stride[1]);
    if (!weights_fit(g, n, why, bytes))
        return false;
    for (int32_t s = 0; s < dsq_conv_segments(n); s++)
        if (!segment_fits(g, n, s, why, bytes))
            return false;
    return true;
}

/* ---- prepare ---- */

/* Activations that are computed after the kernels. */
static const enum dsq_unary_kind unary_of[] = {
    [DSQ_ACT_SIGMOID] = DSQ_UNARY_SIGMOID,     [DSQ_ACT_HARDSIGMOID] = DSQ_UNARY_HARDSIGMOID,
    [DSQ_ACT_TANH] = DSQ_UNARY_TANH,           [DSQ_ACT_SILU] = DSQ_UNARY_SILU,
    [DSQ_ACT_HARDSWISH] = DSQ_UNARY_HARDSWISH, [DSQ_ACT_ELU] = DSQ_UNARY_ELU,
    [DSQ_ACT_GELU] = DSQ_UNARY_GELU,           [DSQ_ACT_GELU_TANH] = DSQ_UNARY_GELU_TANH,
    [DSQ_ACT_MISH] = DSQ_UNARY_MISH,           [DSQ_ACT_SOFTPLUS] = DSQ_UNARY_SOFTPLUS,
};

static void set_activation(struct dsq_conv *cv, const struct dsq_conv_attr *a)
{
    cv->act = (struct dsq_activate){.lo = -INFINITY, .hi = INFINITY};
    if (a->act == DSQ_ACT_RELU)
        cv->act.lo = 0.0f;
    if (a->act == DSQ_ACT_CLIP)
        cv->act.lo = a->act_lo, cv->act.hi = a->act_hi;
    cv->act.leaky = a->act == DSQ_ACT_LEAKY_RELU;
    cv->act.slope = a->act_alpha;
    cv->staged = a->act > DSQ_ACT_LEAKY_RELU;
    if (cv->staged)
        cv->unary = (struct dsq_unary){unary_of[a->act], a->act_alpha, a->act_beta};
}

static void set_groups(struct dsq_conv *cv, const struct dsq_conv_attr *a, size_t group_in)
{
    cv->depthwise = a->group > 1 && group_in == 1 && a->out_channels == a->group;
    cv->groups = cv->depthwise ? 1 : (size_t)a->group;
    cv->group_in = cv->depthwise ? (size_t)a->group : group_in;
    cv->group_out = (size_t)a->out_channels / cv->groups;
    cv->merged = !a->transposed && cv->groups == 1 && cv->group_in <= MERGE_CHANNELS &&
                 !cv->depthwise && a->win.kernel[1] > 1 && a->win.dilation[1] == 1;
}

static void set_taps(struct dsq_conv *cv)
{
    size_t kh = (size_t)cv->win.kernel[0], kw = (size_t)cv->win.kernel[1];
    cv->taps = cv->merged ? kh : kh * kw;
    cv->kc = cv->depthwise ? 1 : cv->merged ? cv->group_in * kw : cv->group_in;
}

static enum dsq_status make_zero_rows(struct dsq_conv *cv, struct dsq_diag *d)
{
    const struct dsq_graph *g = cv->head.graph;
    const struct dsq_node *n = cv->head.node;
    size_t row = cv->groups * cv->group_in > cv->kc ? cv->groups * cv->group_in : cv->kc;
    cv->zero_row_bytes = dsq_align_up(row * cv->element, 64);
    cv->zero_rows = dsq_calloc(cv->head.device->allocator, (size_t)n->n_out, cv->zero_row_bytes);
    if (!cv->zero_rows)
        return dsq_cpu_fail(&cv->head, d, DSQ_NOMEM, "no memory to prepare it");
    for (int32_t s = 0; s < n->n_out && cv->element == 1; s++)
        memset(cv->zero_rows + (size_t)s * cv->zero_row_bytes,
               g->value[dsq_conv_x(n, s)].q.zero_point, cv->zero_row_bytes);
    return DSQ_OK;
}

enum dsq_status dsq_conv_packed(struct dsq_conv *cv, const void *kernel, void **packed, bool *fresh,
                                struct dsq_diag *d)
{
    const struct dsq_value *w = &cv->head.graph->value[cv->head.node->in[DSQ_CONV_W]];
    struct dsq_packed_key key = {.tag = kernel,
                                 .groups = cv->groups,
                                 .n = cv->group_out,
                                 .taps = cv->taps,
                                 .kc = cv->kc,
                                 .source = w->data,
                                 .source_bytes = w->bytes};
    memcpy(key.part, cv->part, sizeof key.part);
    *packed = dsq_cpu_packed_get(cv->head.device, &key,
                                 cv->groups * cv->group_blocks * cv->block_bytes, fresh);
    cv->packed = *packed;
    return *packed ? DSQ_OK
                   : dsq_cpu_fail(&cv->head, d, DSQ_NOMEM, "no memory for its packed weights");
}

enum dsq_status dsq_conv_prepare(struct dsq_prepared *p, struct dsq_diag *d)
{
    struct dsq_conv *cv = (struct dsq_conv *)p;
    const struct dsq_conv_attr *a = p->node->attr;
    const struct dsq_value *w = &p->graph->value[p->node->in[DSQ_CONV_W]];
    dsq_vid b = p->node->in[DSQ_CONV_B];
    bool is_s8 = w->dtype == DSQ_S8;
    cv->win = a->win;
    cv->element = is_s8 ? 1 : sizeof(float);
    set_groups(cv, a, (size_t)w->shape.dim[3]);
    if (cv->depthwise)
        cv->type = is_s8 ? &dsq_conv_depthwise_s8 : &dsq_conv_depthwise_f32;
    else
        cv->type = is_s8 ? &dsq_conv_s8 : &dsq_conv_f32;
    set_taps(cv);
    set_activation(cv, a);
    if (b == DSQ_NO_VALUE) {
        cv->own_bias = dsq_calloc(p->device->allocator, (size_t)a->out_channels, sizeof(float));
        if (!cv->own_bias)
            return dsq_cpu_fail(p, d, DSQ_NOMEM, "no memory to prepare it");
    }
    cv->bias = cv->own_bias ? cv->own_bias : p->graph->value[b].data;
    DSQ_TRY(make_zero_rows(cv, d));
    cv->weights = w->data;
    DSQ_TRY(a->transposed ? dsq_conv_make_phases(cv, d) : cv->type->pack(cv, d));
    snprintf(p->why, sizeof p->why, "%s, %d segment%s%s%s", is_s8 ? "INT8" : "FP32",
             (int)p->node->n_out, p->node->n_out == 1 ? "" : "s",
             cv->depthwise ? ", depthwise"
             : cv->merged  ? ", window rows as single taps"
                           : "",
             a->transposed ? ", transposed" : "");
    return DSQ_OK;
}

void dsq_conv_reset(struct dsq_prepared *p)
{
    struct dsq_conv *cv = (struct dsq_conv *)p;
    dsq_release(p->device->allocator, cv->phases);
    dsq_release(p->device->allocator, cv->own_bias);
    dsq_release(p->device->allocator, cv->zero_rows);
}
