/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conv -> relu or clip becomes conv with an activation. A second one narrows the first: clamping to
 * [a, b] and then to [c, d] is clamping to [clamp(a), clamp(b)]. An Add followed by ReLU stays two
 * nodes.
 */
#include "pass/match.h"

#include <math.h>

static float clamp(float x, float lo, float hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

static void narrow(struct dsq_conv_attr *a, float lo, float hi)
{
    const bool none = a->act == DSQ_ACT_NONE;
    a->act_lo = clamp(none ? -INFINITY : a->act_lo, lo, hi);
    a->act_hi = clamp(none ? INFINITY : a->act_hi, lo, hi);
    a->act = a->act_lo == 0.0f && a->act_hi == INFINITY ? DSQ_ACT_RELU : DSQ_ACT_CLIP;
}

static enum dsq_status rewrite(struct dsq_match *m, int32_t i, bool *hit, struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    const struct dsq_node *n = &g->node[i];
    if (n->op != DSQ_OP_RELU && n->op != DSQ_OP_CLIP)
        return DSQ_OK;
    const int32_t conv = dsq_match_conv(m, n->in[0], true);
    if (conv < 0)
        return DSQ_OK;
    const struct dsq_clip_attr *clip = n->op == DSQ_OP_CLIP ? n->attr : NULL;
    if (clip && !(clip->lo <= clip->hi))
        return DSQ_OK;
    narrow(g->node[conv].attr, clip ? clip->lo : 0.0f, clip ? clip->hi : INFINITY);
    *hit = true;
    return dsq_absorb_user(g, conv, i, d);
}

enum dsq_status dsq_pass_fuse_activation(struct dsq_pass *p, bool *changed, struct dsq_diag *d)
{
    return dsq_match_each(p->g, rewrite, changed, d);
}
