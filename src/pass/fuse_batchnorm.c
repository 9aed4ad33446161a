/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conv -> batchnorm becomes conv, its constants scaled by gamma / sqrt(var + epsilon).
 *
 * A shared weight followed by different BatchNorms (heads with one BN a level) becomes one constant
 * for each distinct pair. A BatchNorm after anything else stays a node.
 */
#include "pass/match.h"

#include <math.h>

enum { X, GAMMA, BETA, MEAN, VAR };

/* scale = gamma / sqrt(var + eps), shift = beta - mean * scale; false for a parameter that is no
 * constant of n elements. */
static bool scale_shift(const struct dsq_graph *g, const struct dsq_node *bn, size_t n,
                        double *scale, double *shift)
{
    const struct dsq_batchnorm_attr *a = bn->attr;
    const float *p[5] = {NULL};
    for (int k = GAMMA; k <= VAR; k++) {
        size_t got;
        p[k] = dsq_const_f32(g, bn->in[k], &got);
        if (!p[k] || got != n)
            return false;
    }
    for (size_t c = 0; c < n; c++) {
        scale[c] = (double)p[GAMMA][c] / sqrt((double)p[VAR][c] + (double)a->epsilon);
        shift[c] = (double)p[BETA][c] - (double)p[MEAN][c] * scale[c];
    }
    return true;
}

static enum dsq_status rewrite(struct dsq_match *m, int32_t i, bool *hit, struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    const struct dsq_node *bn = &g->node[i];
    if (bn->op != DSQ_OP_BATCHNORM)
        return DSQ_OK;
    const int32_t conv = dsq_match_conv(m, bn->in[X], false);
    if (conv < 0 || !dsq_conv_is_const_f32(g, conv))
        return DSQ_OK;
    const struct dsq_conv_attr *a = g->node[conv].attr;
    const size_t n = (size_t)a->out_channels;
    double *scale = dsq_arena_calloc(&m->scratch, n, sizeof *scale);
    double *shift = dsq_arena_calloc(&m->scratch, n, sizeof *shift);
    if (!scale || !shift)
        return dsq_fail(d, DSQ_NOMEM, "%s: no memory to fuse it", dsq_node_label(g, i));
    if (!scale_shift(g, bn, n, scale, shift) || !dsq_conv_can_scale_shift(g, conv, scale, shift))
        return DSQ_OK;
    DSQ_TRY(dsq_conv_scale_shift(g, conv, scale, shift, g->value[bn->in[GAMMA]].name, d));
    *hit = true;
    return dsq_absorb_user(g, conv, i, d);
}

enum dsq_status dsq_pass_fuse_batchnorm(struct dsq_pass *p, bool *changed, struct dsq_diag *d)
{
    return dsq_match_each(p->g, rewrite, changed, d);
}
