/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clamps and slopes in their plainest form, which the other patterns look for: Min and Max with a
 * number become Clip, a clamp behind a clamp narrows it, PRelu with one slope becomes LeakyRelu.
 */
#include "pass/match.h"

#include <math.h>

/* v is a constant whose elements are all the same number. */
static bool is_number(const struct dsq_graph *g, dsq_vid v, float *number)
{
    size_t elements;
    const float *c = dsq_const_f32(g, v, &elements);
    if (!c || elements == 0)
        return false;
    for (size_t i = 1; i < elements; i++)
        if (c[i] != c[0])
            return false;
    *number = c[0];
    return c[0] == c[0];
}

/* Input k of a Min or Max is a number that does not widen the other input, sizes known or not. */
static bool is_limit(const struct dsq_graph *g, const struct dsq_node *n, int k, float *number)
{
    const struct dsq_shape *c = &g->value[n->in[k]].shape, *x = &g->value[n->in[!k]].shape;
    size_t elements;
    return is_number(g, n->in[k], number) && dsq_shape_elements(c, &elements) &&
           (dsq_shape_equal(x, &g->value[n->out[0]].shape) ||
            (elements == 1 && c->rank <= x->rank));
}

/* What a node clamps to; false for one that is no clamp. */
static bool limits_of(const struct dsq_graph *g, const struct dsq_node *n, dsq_vid *x, float *lo,
                      float *hi)
{
    float number;
    *x = n->in[0];
    *lo = -INFINITY;
    *hi = INFINITY;
    if (n->op == DSQ_OP_RELU) {
        *lo = 0.0f;
        return true;
    }
    if (n->op == DSQ_OP_CLIP) {
        *lo = ((const struct dsq_clip_attr *)n->attr)->lo;
        *hi = ((const struct dsq_clip_attr *)n->attr)->hi;
        return *lo <= *hi;
    }
    if ((n->op != DSQ_OP_MIN && n->op != DSQ_OP_MAX) || n->n_in != 2)
        return false;
    const bool first = is_limit(g, n, 0, &number);
    if (!first && !is_limit(g, n, 1, &number))
        return false;
    *x = n->in[first];
    *(n->op == DSQ_OP_MIN ? hi : lo) = number;
    return true;
}

static float clamp(float x, float lo, float hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* Node i becomes `op` of x. */
static enum dsq_status become(struct dsq_graph *g, int32_t i, enum dsq_op op, dsq_vid x,
                              const void *attr, struct dsq_diag *d)
{
    const struct dsq_node old = g->node[i];
    DSQ_TRY(dsq_graph_add_node(g, op, old.name, 1, &x, 1, old.out, attr, NULL, d));
    g->node[i] = g->node[--g->n_nodes];
    return DSQ_OK;
}

static enum dsq_status rewrite_clamp(struct dsq_match *m, int32_t i, bool *hit, struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    const struct dsq_node *n = &g->node[i];
    dsq_vid x, before;
    struct dsq_clip_attr a, b;
    if (!limits_of(g, n, &x, &a.lo, &a.hi))
        return DSQ_OK;
    const int32_t p = dsq_match_used_once(m, x) ? m->uses.producer[x] : -1;
    if (p >= 0 && dsq_node_runs(&g->node[p]) && limits_of(g, &g->node[p], &before, &b.lo, &b.hi)) {
        a = (struct dsq_clip_attr){clamp(b.lo, a.lo, a.hi), clamp(b.hi, a.lo, a.hi)};
        const dsq_vid out = n->out[0];
        DSQ_TRY(dsq_graph_add_alias(g, out, x, d));
        dsq_graph_kill_node(g, p);
        dsq_redirect_shape_uses(g, x, out);
        x = before;
    } else if (n->op == DSQ_OP_CLIP || n->op == DSQ_OP_RELU) {
        return DSQ_OK;
    }
    *hit = true;
    return become(g, i, a.lo == 0.0f && a.hi == INFINITY ? DSQ_OP_RELU : DSQ_OP_CLIP, x, &a, d);
}

static enum dsq_status rewrite(struct dsq_match *m, int32_t i, bool *hit, struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    const struct dsq_node *n = &g->node[i];
    struct dsq_unary_attr slope = {0.0f, 0.0f};
    if (g->value[n->out[0]].dtype != DSQ_F32)
        return DSQ_OK;
    if (n->op != DSQ_OP_PRELU)
        return rewrite_clamp(m, i, hit, d);
    if (!is_number(g, n->in[1], &slope.alpha))
        return DSQ_OK;
    *hit = true;
    return become(g, i, DSQ_OP_LEAKY_RELU, n->in[0], &slope, d);
}

enum dsq_status dsq_pass_fuse_clamps(struct dsq_pass *p, bool *changed, struct dsq_diag *d)
{
    return dsq_match_each(p->g, rewrite, changed, d);
}
