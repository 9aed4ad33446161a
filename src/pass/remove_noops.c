/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes that change nothing go away: Identity, Cast to the same type, Transpose that keeps the
 * order, Reshape and friends to a provably equal shape, Concat of one, 1x1 pooling, ReLU of what is
 * not negative, Clip without limits. (The importer turns inference-time Dropout into Identity.)
 */
#include "pass/match.h"

#include <math.h>

static bool is_sequence(const struct dsq_perm_attr *a)
{
    for (int64_t k = 0; k < a->n; k++)
        if (a->perm[k] != k)
            return false;
    return a->n > 0;
}

static bool is_one_pixel(const struct dsq_window *w)
{
    return w->kernel[0] == 1 && w->kernel[1] == 1 && w->stride[0] == 1 && w->stride[1] == 1 &&
           !w->pad[0] && !w->pad[1] && !w->pad[2] && !w->pad[3];
}

/* Surely no element below zero: behind a clamp, seen through pooling. */
static bool is_not_negative(const struct dsq_match *m, dsq_vid v)
{
    for (int32_t p; (p = m->uses.producer[v]) >= 0;) {
        const struct dsq_node *n = &m->g->node[p];
        if (dsq_node_never_negative(n))
            return true;
        if (n->op != DSQ_OP_MAXPOOL && n->op != DSQ_OP_AVGPOOL && n->op != DSQ_OP_GLOBAL_MAXPOOL &&
            n->op != DSQ_OP_GLOBAL_AVGPOOL)
            return false;
        v = n->in[0];
    }
    return false;
}

static bool same_shape(const struct dsq_graph *g, const struct dsq_node *n)
{
    return dsq_shape_equal(&g->value[n->in[0]].shape, &g->value[n->out[0]].shape);
}

static bool changes_nothing(const struct dsq_match *m, const struct dsq_node *n)
{
    const struct dsq_graph *g = m->g;
    switch (n->op) {
    case DSQ_OP_IDENTITY:
        return true;
    case DSQ_OP_CAST:
        return g->value[n->in[0]].dtype == g->value[n->out[0]].dtype;
    case DSQ_OP_RESHAPE:
    case DSQ_OP_FLATTEN:
    case DSQ_OP_SQUEEZE:
    case DSQ_OP_UNSQUEEZE:
        return same_shape(g, n);
    case DSQ_OP_TRANSPOSE:
        return is_sequence(n->attr);
    case DSQ_OP_CONCAT:
        return n->n_in == 1;
    case DSQ_OP_MAXPOOL:
    case DSQ_OP_AVGPOOL: /* of integers it may change the scale */
        return (n->op == DSQ_OP_MAXPOOL || g->value[n->in[0]].dtype == DSQ_F32) &&
               is_one_pixel(&((const struct dsq_pool_attr *)n->attr)->win);
    case DSQ_OP_RELU:
        return is_not_negative(m, n->in[0]);
    case DSQ_OP_CLIP: {
        const struct dsq_clip_attr *a = n->attr;
        return a->lo == -INFINITY && a->hi == INFINITY;
    }
    default:
        return false;
    }
}

static enum dsq_status rewrite(struct dsq_match *m, int32_t i, bool *hit, struct dsq_diag *d)
{
    const struct dsq_node *n = &m->g->node[i];
    if (n->n_out != 1 || n->in[0] == DSQ_NO_VALUE || !changes_nothing(m, n))
        return DSQ_OK;
    return dsq_bypass_node(m, i, n->in[0], hit, d);
}

enum dsq_status dsq_pass_remove_noops(struct dsq_pass *p, bool *changed, struct dsq_diag *d)
{
    return dsq_match_each(p->g, rewrite, changed, d);
}
