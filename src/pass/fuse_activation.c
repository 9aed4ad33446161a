/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conv -> activation becomes conv with an activation: every unary operator that enum dsq_activation
 * knows. A second clamp narrows the first: clamping to [a, b] and then to [c, d] is clamping to
 * [clamp(a), clamp(b)]; nothing else goes behind an activation. An Add followed by an activation
 * stays two nodes.
 */
#include "pass/match.h"

#include <math.h>

/* DSQ_ACT_NONE for operators that are no activations. */
static enum dsq_activation activation_of(enum dsq_op op)
{
    switch (op) {
    case DSQ_OP_RELU:
        return DSQ_ACT_RELU;
    case DSQ_OP_CLIP:
        return DSQ_ACT_CLIP;
    case DSQ_OP_LEAKY_RELU:
        return DSQ_ACT_LEAKY_RELU;
    case DSQ_OP_SIGMOID:
        return DSQ_ACT_SIGMOID;
    case DSQ_OP_HARDSIGMOID:
        return DSQ_ACT_HARDSIGMOID;
    case DSQ_OP_TANH:
        return DSQ_ACT_TANH;
    case DSQ_OP_SILU:
        return DSQ_ACT_SILU;
    case DSQ_OP_HARDSWISH:
        return DSQ_ACT_HARDSWISH;
    case DSQ_OP_ELU:
        return DSQ_ACT_ELU;
    case DSQ_OP_GELU:
        return DSQ_ACT_GELU;
    case DSQ_OP_GELU_TANH:
        return DSQ_ACT_GELU_TANH;
    case DSQ_OP_MISH:
        return DSQ_ACT_MISH;
    case DSQ_OP_SOFTPLUS:
        return DSQ_ACT_SOFTPLUS;
    default:
        return DSQ_ACT_NONE;
    }
}

static bool is_clamp(int64_t act)
{
    return act == DSQ_ACT_NONE || act == DSQ_ACT_RELU || act == DSQ_ACT_CLIP;
}

static float clamp(float x, float lo, float hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* False for a Clip with its limits the wrong way round. */
static bool narrow(struct dsq_conv_attr *a, const struct dsq_node *n)
{
    const struct dsq_clip_attr *clip = n->op == DSQ_OP_CLIP ? n->attr : NULL;
    const float lo = clip ? clip->lo : 0.0f, hi = clip ? clip->hi : INFINITY;
    const bool none = a->act == DSQ_ACT_NONE;
    if (!(lo <= hi))
        return false;
    a->act_lo = clamp(none ? -INFINITY : a->act_lo, lo, hi);
    a->act_hi = clamp(none ? INFINITY : a->act_hi, lo, hi);
    a->act = a->act_lo == 0.0f && a->act_hi == INFINITY ? DSQ_ACT_RELU : DSQ_ACT_CLIP;
    return true;
}

static void take(struct dsq_conv_attr *a, const struct dsq_node *n)
{
    a->act = activation_of(n->op);
    a->act_lo = -INFINITY;
    a->act_hi = INFINITY;
    if (dsq_op_info(n->op)->attr == &dsq_attr_unary) {
        const struct dsq_unary_attr *u = n->attr;
        a->act_alpha = u->alpha;
        a->act_beta = u->beta;
    }
}

static enum dsq_status rewrite(struct dsq_match *m, int32_t i, bool *hit, struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    const struct dsq_node *n = &g->node[i];
    const enum dsq_activation act = activation_of(n->op);
    const int32_t conv = act == DSQ_ACT_NONE ? -1 : dsq_match_conv(m, n->in[0], true);
    if (conv < 0)
        return DSQ_OK;
    struct dsq_conv_attr *a = g->node[conv].attr;
    if (!is_clamp(a->act) || (!is_clamp(act) && a->act != DSQ_ACT_NONE))
        return DSQ_OK;
    if (!is_clamp(act))
        take(a, n);
    else if (!narrow(a, n))
        return DSQ_OK;
    *hit = true;
    return dsq_absorb_user(g, conv, i, d);
}

enum dsq_status dsq_pass_fuse_activation(struct dsq_pass *p, bool *changed, struct dsq_diag *d)
{
    return dsq_match_each(p->g, rewrite, changed, d);
}
