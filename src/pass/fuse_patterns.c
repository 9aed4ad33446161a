/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Activations that an exporter spelled out become one operator again:
 *
 *   x * sigmoid(x)                          silu
 *   clip(a*x + b, 0, c) * 1/c               hardsigmoid(x; a/c, b/c)
 *   x * clip(x + 3, 0, 6) * 1/6             hardswish      (also by way of hardsigmoid)
 *   x * tanh(softplus(x))                   mish
 *   x * (1 + erf(x / sqrt 2)) * 1/2         gelu
 *
 * in whatever order and with whatever mixture of Mul and Div by constants the product is written.
 * A product is first taken apart into its constant scale and its factors; then the factors are
 * recognized. Everything swallowed has one reader; being made of x and of single numbers that do
 * not widen it, it has x's shape, whether that is known or not.
 */
#include "pass/match.h"

#include <math.h>

enum { MAX_SWALLOWED = 12, MAX_FACTORS = 2 };

struct pattern {
    const struct dsq_match *m;
    int32_t node[MAX_SWALLOWED]; /* what the result takes the place of, the anchor first */
    int n_nodes;
    double scale;
    dsq_vid factor[MAX_FACTORS];
    int n_factors;
    bool failed; /* too large to be one of ours */
};

/* a * x + b */
struct affine {
    dsq_vid x;
    double a, b;
};

/* The constants of exporters are rounded, some to seven digits. */
static bool near(double x, double y)
{
    return fabs(x - y) <= 1e-6 * fabs(y);
}

static void swallow(struct pattern *p, int32_t node)
{
    if (node == p->node[0])
        return;
    if (p->n_nodes == MAX_SWALLOWED)
        p->failed = true;
    else
        p->node[p->n_nodes++] = node;
}

/* The node that makes v, the anchor or one that makes it for a single reader, or -1. */
static int32_t inner(const struct pattern *p, dsq_vid v)
{
    const int32_t i = v < 0 ? -1 : p->m->uses.producer[v];
    if (i == p->node[0])
        return i;
    return i >= 0 && dsq_node_runs(&p->m->g->node[i]) && dsq_match_used_once(p->m, v) ? i : -1;
}

/* Input k of a node of two inputs is one number that does not widen the other. */
static bool is_number(const struct pattern *p, const struct dsq_node *n, int k, double *number)
{
    const struct dsq_graph *g = p->m->g;
    size_t elements;
    const float *c = dsq_const_f32(g, n->in[k], &elements);
    if (!c || elements != 1 || g->value[n->in[k]].shape.rank > g->value[n->in[!k]].shape.rank)
        return false;
    *number = (double)c[0];
    return true;
}

/* ---- a product ---- */

/* Multiply the product by what v is: factors of Mul and constant divisors are walked into as long
 * as nobody else reads them. */
static void take_factor(struct pattern *p, dsq_vid v, int depth)
{
    const int32_t i = inner(p, v);
    const struct dsq_node *n = i < 0 ? NULL : &p->m->g->node[i];
    double number;
    if (n && depth < MAX_SWALLOWED && (n->op == DSQ_OP_MUL || n->op == DSQ_OP_DIV)) {
        const bool first = n->op == DSQ_OP_MUL && is_number(p, n, 0, &number);
        if (first || is_number(p, n, 1, &number)) {
            p->scale = n->op == DSQ_OP_MUL ? p->scale * number : p->scale / number;
            swallow(p, i);
            take_factor(p, n->in[first], depth + 1);
            return;
        }
        if (n->op == DSQ_OP_MUL) {
            swallow(p, i);
            take_factor(p, n->in[0], depth + 1);
            take_factor(p, n->in[1], depth + 1);
            return;
        }
    }
    if (p->n_factors == MAX_FACTORS)
        p->failed = true;
    else
        p->factor[p->n_factors++] = v;
}

/* ---- its factors ---- */

/* v as a * x + b, by constants only; stops at what has other readers, and at `x` if given. */
static struct affine take_affine(struct pattern *p, dsq_vid v, dsq_vid x)
{
    struct affine f = {v, 1.0, 0.0};
    for (int32_t i; f.x != x && (i = inner(p, f.x)) >= 0 && !p->failed;) {
        const struct dsq_node *n = &p->m->g->node[i];
        const bool adds = n->op == DSQ_OP_ADD || n->op == DSQ_OP_SUB;
        double c;
        if (!adds && n->op != DSQ_OP_MUL && n->op != DSQ_OP_DIV)
            break;
        const bool commutes = n->op == DSQ_OP_ADD || n->op == DSQ_OP_MUL;
        const bool first = commutes && is_number(p, n, 0, &c);
        if (!first && !is_number(p, n, 1, &c))
            break;
        if (adds) /* a * (x + c) + b */
            f.b += f.a * (n->op == DSQ_OP_ADD ? c : -c);
        else
            f.a = n->op == DSQ_OP_MUL ? f.a * c : f.a / c;
        swallow(p, i);
        f.x = n->in[first];
    }
    return f;
}

/* v is op(...) for its one reader: the node, swallowed; else -1. */
static int32_t take(struct pattern *p, dsq_vid v, enum dsq_op op)
{
    const int32_t i = inner(p, v);
    if (i < 0 || p->m->g->node[i].op != op)
        return -1;
    swallow(p, i);
    return i;
}

static dsq_vid input_of(const struct pattern *p, int32_t i)
{
    return i < 0 ? DSQ_NO_VALUE : p->m->g->node[i].in[0];
}

/* v = clip(a * x + b, 0, top) with b != 0 (else it is a plain clip). x is NO_VALUE: any. */
static bool take_clipped(struct pattern *p, dsq_vid v, dsq_vid x, struct affine *f, double *top)
{
    const int32_t i = take(p, v, DSQ_OP_CLIP);
    if (i < 0)
        return false;
    const struct dsq_clip_attr *clip = p->m->g->node[i].attr;
    *f = take_affine(p, p->m->g->node[i].in[0], x);
    *top = (double)clip->hi;
    return clip->lo == 0.0f && clip->hi > 0.0f && clip->hi < INFINITY && f->b != 0.0;
}

/* factor = 1 + erf(x / sqrt 2) */
static bool is_one_plus_erf(struct pattern *p, dsq_vid factor, dsq_vid x)
{
    const struct affine one = take_affine(p, factor, DSQ_NO_VALUE);
    const int32_t erf = near(one.a, 1.0) && near(one.b, 1.0) ? take(p, one.x, DSQ_OP_ERF) : -1;
    if (erf < 0)
        return false;
    const struct affine f = take_affine(p, input_of(p, erf), x);
    return f.x == x && near(f.a, sqrt(0.5)) && f.b == 0.0;
}

static bool is_hardswish_gate(struct pattern *p, dsq_vid factor, dsq_vid x)
{
    const int32_t i = inner(p, factor);
    struct affine f;
    double top;
    if (i >= 0 && p->m->g->node[i].op == DSQ_OP_HARDSIGMOID) {
        const struct dsq_unary_attr *a = p->m->g->node[i].attr;
        swallow(p, i);
        return p->m->g->node[i].in[0] == x && near(p->scale, 1.0) &&
               near((double)a->alpha, 1.0 / 6.0) && near((double)a->beta, 0.5);
    }
    return take_clipped(p, factor, x, &f, &top) && f.x == x && near(top * p->scale, 1.0) &&
           near(f.a * p->scale, 1.0 / 6.0) && near(f.b * p->scale, 0.5);
}

/* What x * factor * scale is; DSQ_OP_COUNT for nothing of ours. */
static enum dsq_op gated(struct pattern *p, dsq_vid x, dsq_vid factor)
{
    const int n_nodes = p->n_nodes; /* each attempt starts from the product alone */
    const bool whole = near(p->scale, 1.0);
    if (whole && input_of(p, take(p, factor, DSQ_OP_SIGMOID)) == x)
        return DSQ_OP_SILU;
    p->n_nodes = n_nodes;
    if (whole &&
        input_of(p, take(p, input_of(p, take(p, factor, DSQ_OP_TANH)), DSQ_OP_SOFTPLUS)) == x)
        return DSQ_OP_MISH;
    p->n_nodes = n_nodes;
    if (is_hardswish_gate(p, factor, x))
        return DSQ_OP_HARDSWISH;
    p->n_nodes = n_nodes;
    if (near(p->scale, 0.5) && is_one_plus_erf(p, factor, x))
        return DSQ_OP_GELU;
    p->n_nodes = n_nodes;
    return DSQ_OP_COUNT;
}

static enum dsq_op recognize(struct pattern *p, dsq_vid *x, struct dsq_unary_attr *attr)
{
    if (p->n_factors == 2) {
        for (int k = 0; k < 2; k++) {
            const enum dsq_op op = gated(p, *x = p->factor[k], p->factor[!k]);
            if (op != DSQ_OP_COUNT)
                return op;
        }
        return DSQ_OP_COUNT;
    }
    struct affine f;
    double top;
    if (!take_clipped(p, p->factor[0], DSQ_NO_VALUE, &f, &top) || !near(top * p->scale, 1.0))
        return DSQ_OP_COUNT;
    *x = f.x;
    *attr = (struct dsq_unary_attr){(float)(f.a * p->scale), (float)(f.b * p->scale)};
    return DSQ_OP_HARDSIGMOID;
}

/* ---- the rewrite ---- */

static enum dsq_status replace(struct pattern *p, struct dsq_graph *g, enum dsq_op op, dsq_vid x,
                               const struct dsq_unary_attr *attr, struct dsq_diag *d)
{
    const int32_t anchor = p->node[0];
    const struct dsq_node old = g->node[anchor];
    const dsq_vid out = old.out[0];
    for (int k = 1; k < p->n_nodes; k++) {
        const dsq_vid v = g->node[p->node[k]].out[0];
        DSQ_TRY(dsq_graph_add_alias(g, out, v, d));
        dsq_graph_kill_node(g, p->node[k]);
        dsq_redirect_shape_uses(g, v, out);
    }
    DSQ_TRY(dsq_graph_add_node(g, op, old.name, 1, &x, 1, &out, attr, NULL, d));
    g->node[anchor] = g->node[--g->n_nodes];
    return DSQ_OK;
}

static enum dsq_status rewrite(struct dsq_match *m, int32_t i, bool *hit, struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    const struct dsq_node *n = &g->node[i];
    if ((n->op != DSQ_OP_MUL && n->op != DSQ_OP_DIV && n->op != DSQ_OP_CLIP) ||
        g->value[n->out[0]].dtype != DSQ_F32)
        return DSQ_OK;
    struct pattern p = {.m = m, .node = {i}, .n_nodes = 1, .scale = 1.0};
    struct dsq_unary_attr attr = {0.0f, 0.0f};
    dsq_vid x = DSQ_NO_VALUE;
    take_factor(&p, n->out[0], 0);
    const enum dsq_op op = p.failed ? DSQ_OP_COUNT : recognize(&p, &x, &attr);
    if (op == DSQ_OP_COUNT || p.failed)
        return DSQ_OK;
    *hit = true;
    return replace(&p, g, op, x, &attr, d);
}

enum dsq_status dsq_pass_fuse_patterns(struct dsq_pass *p, bool *changed, struct dsq_diag *d)
{
    return dsq_match_each(p->g, rewrite, changed, d);
}
