/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows a matrix product moves before the reshape that gives the product its shape:
 *
 *     conv [rows, N, 1, 1] -> reshape [.., N] -> add [N] -> relu
 *     conv [rows, N, 1, 1] -> add [1, N, 1, 1] -> relu -> reshape [.., N]
 *
 * where the fusions find it. That is add, sub, mul and div with a constant per column (or one
 * number), batchnorm of a matrix, and the activations that convolutions take. Numbers stay the
 * same. Where one product follows another, the reshapes between them give back what went in, and go
 * away.
 */
#include "pass/match.h"

#include <string.h>

/* Which input of the node is the product, if it is one that can move; else -1. */
static int32_t product_input(const struct dsq_graph *g, const struct dsq_node *n)
{
    switch (n->op) {
    case DSQ_OP_RELU:
    case DSQ_OP_CLIP:
    case DSQ_OP_LEAKY_RELU:
    case DSQ_OP_BATCHNORM:
        return 0;
    case DSQ_OP_ADD:
    case DSQ_OP_SUB:
    case DSQ_OP_MUL:
    case DSQ_OP_DIV:
        return dsq_value_is_const(g, n->in[0]) ? 1 : dsq_value_is_const(g, n->in[1]) ? 0 : -1;
    default:
        return -1;
    }
}

/* Is v a convolution's output, maybe after what was lifted to it before? */
static bool is_lifted(const struct dsq_match *m, dsq_vid v)
{
    const struct dsq_graph *g = m->g;
    while (dsq_match_conv(m, v, true) < 0) {
        const int32_t i = v < 0 ? -1 : m->uses.producer[v];
        const int32_t k = i >= 0 && dsq_match_used_once(m, v) ? product_input(g, &g->node[i]) : -1;
        if (k < 0)
            return false;
        v = g->node[i].in[k];
    }
    return true;
}

/* The reshape that makes v out of a convolution's rows of N, and is its only use; or -1. */
static int32_t reshape_of_rows(const struct dsq_match *m, dsq_vid v)
{
    const struct dsq_graph *g = m->g;
    int32_t i = dsq_match_producer(m, v, DSQ_OP_SQUEEZE);
    if (i < 0)
        i = dsq_match_producer(m, v, DSQ_OP_RESHAPE);
    if (i < 0 || !dsq_match_used_once(m, v) || m->uses.n_shape_uses[v])
        return -1;
    const dsq_vid x = g->node[i].in[0];
    const struct dsq_shape *s = &g->value[x].shape, *y = &g->value[v].shape;
    if (!is_lifted(m, x) || m->uses.n_shape_uses[x] || s->rank != 4 || s->dim[2] != 1 ||
        s->dim[3] != 1 || y->rank < 1 || !dsq_dim_equal(y->dim[y->rank - 1], s->dim[1]))
        return -1;
    return i;
}

/* A constant with one element a column, or one in all, which does not widen a value of `rank`. */
static bool is_row(const struct dsq_graph *g, dsq_vid v, int32_t rank, dsq_dim columns)
{
    size_t n;
    if (!dsq_const_f32(g, v, &n))
        return false;
    const struct dsq_shape *s = &g->value[v].shape;
    if (n == 1)
        return s->rank <= rank;
    return s->rank >= 1 && s->rank <= rank && (dsq_dim)n == columns &&
           s->dim[s->rank - 1] == columns;
}

/* The same constant for rows [rows, N, 1, 1]. */
static enum dsq_status row_constant(struct dsq_graph *g, dsq_vid *v, struct dsq_diag *d)
{
    const struct dsq_value old = g->value[*v];
    const struct dsq_shape shape = {4, {1, (dsq_dim)(old.bytes / sizeof(float)), 1, 1}};
    const char *base = dsq_arena_printf(&g->arena, "%s:rows", old.name);
    const char *name = base ? dsq_graph_fresh_name(g, base) : NULL;
    if (!name)
        return dsq_fail(d, DSQ_NOMEM, "constant '%s': no memory", old.name);
    return dsq_graph_add_const(g, name, DSQ_F32, &shape, old.data, old.bytes, v, d);
}

/* Nodes i and `reshape` change places: rows -> i -> a new value -> reshape -> what i made. */
static enum dsq_status swap(struct dsq_graph *g, int32_t i, int32_t k, int32_t reshape,
                            struct dsq_diag *d)
{
    const dsq_vid rows = g->node[reshape].in[0], between = g->node[i].in[k];
    const dsq_vid out = g->node[i].out[0];
    dsq_vid fresh;
    DSQ_TRY(dsq_graph_add_alias(g, out, between, d));
    DSQ_TRY(dsq_add_value_like(g, out, ":rows", &fresh, d));
    g->value[fresh].shape = g->value[rows].shape;
    g->node[i].in[k] = rows;
    g->node[i].out[0] = fresh;
    g->node[reshape].in[0] = fresh;
    g->node[reshape].out[0] = out;
    return DSQ_OK;
}

/* What input 0 of a reshape was made of, if the reshape gives it its shape back; or DSQ_NO_VALUE.
 */
static dsq_vid original(const struct dsq_match *m, const struct dsq_node *n)
{
    const struct dsq_graph *g = m->g;
    if (n->op != DSQ_OP_UNSQUEEZE && n->op != DSQ_OP_RESHAPE)
        return DSQ_NO_VALUE;
    int32_t i = dsq_match_producer(m, n->in[0], DSQ_OP_SQUEEZE);
    if (i < 0)
        i = dsq_match_producer(m, n->in[0], DSQ_OP_RESHAPE);
    if (i < 0)
        return DSQ_NO_VALUE;
    const dsq_vid x = g->node[i].in[0];
    return dsq_shape_equal(&g->value[x].shape, &g->value[n->out[0]].shape) ? x : DSQ_NO_VALUE;
}

/* Was this name made of that one, by import ("y.product") or here ("y:rows")? */
static bool is_derived(const char *name, const char *from)
{
    const size_t n = strlen(from);
    return strncmp(name, from, n) == 0 && (name[n] == '.' || name[n] == ':');
}

/* Node i gives back `same`, of which v was made. If nobody else reads v, its name, which is the
 * model's and which ranges may have, goes on with the numbers. */
static enum dsq_status drop_reshapes(struct dsq_match *m, int32_t i, dsq_vid same, bool *hit,
                                     struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    const dsq_vid v = g->node[i].in[0];
    const bool unread = dsq_match_used_once(m, v) && !m->uses.n_shape_uses[v];
    DSQ_TRY(dsq_bypass_node(m, i, same, hit, d));
    if (!*hit || !unread || !is_derived(g->value[same].name, g->value[v].name))
        return DSQ_OK;
    const char *name = g->value[v].name, *gone = dsq_graph_fresh_name(g, name);
    if (!gone)
        return dsq_fail(d, DSQ_NOMEM, "value '%s': no memory", name);
    DSQ_TRY(dsq_graph_rename(g, v, gone, d));
    return dsq_graph_rename(g, same, name, d);
}

static enum dsq_status rewrite(struct dsq_match *m, int32_t i, bool *hit, struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    const dsq_vid same = original(m, &g->node[i]);
    if (same != DSQ_NO_VALUE)
        return drop_reshapes(m, i, same, hit, d);
    const int32_t k = product_input(g, &g->node[i]);
    const int32_t reshape = k < 0 ? -1 : reshape_of_rows(m, g->node[i].in[k]);
    if (reshape < 0)
        return DSQ_OK;
    const dsq_dim columns = g->value[g->node[reshape].in[0]].shape.dim[1];
    const int32_t rank = g->value[g->node[i].in[k]].shape.rank;
    if (g->node[i].op == DSQ_OP_BATCHNORM && rank != 2) /* its channels are no columns */
        return DSQ_OK;
    if (g->node[i].n_in == 2) {
        dsq_vid constant = g->node[i].in[!k];
        if (!is_row(g, constant, rank, columns))
            return DSQ_OK;
        DSQ_TRY(row_constant(g, &constant, d));
        g->node[i].in[!k] = constant;
    }
    *hit = true;
    return swap(g, i, k, reshape, d);
}

enum dsq_status dsq_pass_lift_rows(struct dsq_pass *p, bool *changed, struct dsq_diag *d)
{
    return dsq_match_each(p->g, rewrite, changed, d);
}
