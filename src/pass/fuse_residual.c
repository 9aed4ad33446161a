/* SPDX-License-Identifier: Apache-2.0 */
/*
 * add(conv, r) becomes conv with residual r: y = act(conv + b + r), one rounding less and one
 * tensor less to write and read.
 *
 * Where both sides are convolutions the later one owns the Add, so that the node can stand where
 * the Add stood. If the shape of the swallowed value is asked for (FPN: the lateral convolution's
 * size tells Resize how far to enlarge what is then added to that same convolution), a shape_only
 * twin answers, because the fused node itself may depend on the answer.
 */
#include "pass/match.h"

/* The convolution behind the Add's input k that may take the other input as its residual, or -1. */
static int32_t candidate(const struct dsq_match *m, const struct dsq_node *add, int k)
{
    const dsq_vid v = add->in[k], r = add->in[!k];
    if (v == r || dsq_value_is_const(m->g, r) || m->g->value[r].dtype != DSQ_F32)
        return -1;
    const struct dsq_shape *s = &m->g->value[v].shape;
    if (s->rank != 4 || !dsq_shape_equal(s, &m->g->value[r].shape))
        return -1;
    const int32_t conv = dsq_match_conv(m, v, false);
    return conv < 0 || ((const struct dsq_conv_attr *)m->g->node[conv].attr)->transposed ? -1
                                                                                         : conv;
}

/* The twin takes the place that the convolution leaves. */
static enum dsq_status keep_shape(struct dsq_match *m, int32_t conv, int32_t hole,
                                  struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    const dsq_vid swallowed = g->node[conv].out[0];
    dsq_vid twin;
    DSQ_TRY(dsq_graph_shape_twin(g, conv, &twin, d));
    g->node[hole] = g->node[--g->n_nodes];
    dsq_redirect_shape_uses(g, swallowed, twin);
    return DSQ_OK;
}

static enum dsq_status rewrite(struct dsq_match *m, int32_t i, bool *hit, struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    if (g->node[i].op != DSQ_OP_ADD)
        return DSQ_OK;
    const int32_t first = candidate(m, &g->node[i], 0), second = candidate(m, &g->node[i], 1);
    const int32_t conv = first > second ? first : second;
    if (conv < 0)
        return DSQ_OK;
    const dsq_vid residual = g->node[i].in[conv == first];
    const dsq_vid swallowed = g->node[conv].out[0], kept = g->node[i].out[0];
    DSQ_TRY(dsq_graph_add_alias(g, kept, swallowed, d));

    const struct dsq_node add = g->node[i];
    g->node[i] = g->node[conv]; /* the Add's place comes after the residual's producer */
    g->node[conv] = add;
    dsq_graph_kill_node(g, conv);
    if (m->uses.n_shape_uses[swallowed] > 0)
        DSQ_TRY(keep_shape(m, i, conv, d));
    g->node[i].in[3] = residual;
    g->node[i].out[0] = kept;
    *hit = true;
    return DSQ_OK;
}

enum dsq_status dsq_pass_fuse_residual(struct dsq_pass *p, bool *changed, struct dsq_diag *d)
{
    return dsq_match_each(p->g, rewrite, changed, d);
}
