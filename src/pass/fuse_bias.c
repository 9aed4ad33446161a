/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conv -> add, sub, mul or div with a constant per channel (or one number) becomes conv.
 *
 * The constant must be spread along the channels only and must not widen the convolution's output:
 * [C,1,1], [1,C,1,1] or a single element, C the convolution's own channel count.
 */
#include "pass/match.h"

/* Does a constant of this shape have one element a channel of a rank-4 tensor, or one in all? */
static bool spreads_over_channels(const struct dsq_shape *s, dsq_dim channels)
{
    if (s->rank < 0 || s->rank > 4)
        return false;
    for (int32_t k = 0; k < s->rank; k++) {
        const int32_t axis = k + 4 - s->rank;
        if (s->dim[k] != 1 && (axis != 1 || s->dim[k] != channels))
            return false;
    }
    return true;
}

static void scale_shift(enum dsq_op op, bool conv_first, const float *c, size_t n_c, size_t n,
                        double *scale, double *shift)
{
    for (size_t k = 0; k < n; k++) {
        const double v = (double)c[n_c == 1 ? 0 : k];
        const double sign = conv_first ? 1.0 : -1.0; /* c - conv = -conv + c */
        scale[k] = op == DSQ_OP_MUL   ? v
                   : op == DSQ_OP_DIV ? 1.0 / v
                   : op == DSQ_OP_SUB ? sign
                                      : 1.0;
        shift[k] = op == DSQ_OP_ADD ? v : op == DSQ_OP_SUB ? -sign * v : 0.0;
    }
}

static bool is_affine(enum dsq_op op)
{
    return op == DSQ_OP_ADD || op == DSQ_OP_SUB || op == DSQ_OP_MUL || op == DSQ_OP_DIV;
}

static enum dsq_status rewrite(struct dsq_match *m, int32_t i, bool *hit, struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    const struct dsq_node *n = &g->node[i];
    if (!is_affine(n->op))
        return DSQ_OK;
    const bool conv_first = dsq_value_is_const(g, n->in[1]);
    const dsq_vid constant = n->in[conv_first];
    const int32_t conv = dsq_match_conv(m, n->in[!conv_first], false);
    size_t n_c;
    const float *c = dsq_const_f32(g, constant, &n_c);
    if (conv < 0 || !c || !dsq_conv_is_const_f32(g, conv) || (n->op == DSQ_OP_DIV && !conv_first))
        return DSQ_OK;
    const struct dsq_conv_attr *a = g->node[conv].attr;
    const size_t channels = (size_t)a->out_channels;
    if (!spreads_over_channels(&g->value[constant].shape, a->out_channels))
        return DSQ_OK;
    double *scale = dsq_arena_calloc(&m->scratch, channels, sizeof *scale);
    double *shift = dsq_arena_calloc(&m->scratch, channels, sizeof *shift);
    if (!scale || !shift)
        return dsq_fail(d, DSQ_NOMEM, "%s: no memory to fuse it", dsq_node_label(g, i));
    scale_shift(n->op, conv_first, c, n_c, channels, scale, shift);
    if (!dsq_conv_can_scale_shift(g, conv, scale, shift))
        return DSQ_OK;
    const bool negates = n->op == DSQ_OP_SUB && !conv_first;
    const bool scales = n->op == DSQ_OP_MUL || n->op == DSQ_OP_DIV || negates;
    const bool shifts = n->op == DSQ_OP_ADD || n->op == DSQ_OP_SUB;
    DSQ_TRY(dsq_conv_scale_shift(g, conv, scales ? scale : NULL, shifts ? shift : NULL,
                                 g->value[constant].name, d));
    *hit = true;
    return dsq_absorb_user(g, conv, i, d);
}

enum dsq_status dsq_pass_fuse_bias(struct dsq_pass *p, bool *changed, struct dsq_diag *d)
{
    return dsq_match_each(p->g, rewrite, changed, d);
}
