/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolutions with the same weights, bias, attributes and kinds of numbers become one node with
 * several segments: the heads of a detector run over all pyramid levels as one node a layer.
 *
 * Constants are made unique by content first, so that equal means same id. Two nodes merge unless a
 * path leads from one to the other (a recurrent use of the same weights); paths are looked for in
 * the graph as merged so far, so that no merge can close a cycle.
 */
#include "pass/match.h"

#include <string.h>

static enum dsq_dtype type_of(const struct dsq_graph *g, dsq_vid v)
{
    return v == DSQ_NO_VALUE ? DSQ_DTYPE_COUNT : g->value[v].dtype;
}

static bool same_kind(const struct dsq_graph *g, const struct dsq_node *a, const struct dsq_node *b)
{
    if (a->op != DSQ_OP_CONV || b->op != DSQ_OP_CONV || !dsq_node_runs(a) || !dsq_node_runs(b))
        return false;
    return a->in[DSQ_CONV_W] == b->in[DSQ_CONV_W] && a->in[DSQ_CONV_B] == b->in[DSQ_CONV_B] &&
           dsq_value_is_const(g, a->in[DSQ_CONV_W]) &&
           memcmp(a->attr, b->attr, sizeof(struct dsq_conv_attr)) == 0 &&
           type_of(g, dsq_conv_x(a, 0)) == type_of(g, dsq_conv_x(b, 0)) &&
           type_of(g, dsq_conv_r(a, 0)) == type_of(g, dsq_conv_r(b, 0)) &&
           type_of(g, dsq_conv_m(a, 0)) == type_of(g, dsq_conv_m(b, 0)) &&
           type_of(g, a->out[0]) == type_of(g, b->out[0]);
}

/* Searches for paths that begin at one node. mark[p]: whether one leads from there to node p, as
 * far as searches so far have told, so that a node with many candidates costs one walk, not one
 * each. */
enum { UNKNOWN = 0, LEADS, LEADS_NOT };
struct search {
    uint8_t *mark;  /* by node */
    int32_t *queue; /* n_nodes elements */
};

/* Does anything that node `to` reads, directly or not, come from node `from`? */
static bool depends(const struct dsq_match *m, int32_t to, int32_t from, struct search *s)
{
    int32_t n = 0;
    bool found = false;
    s->queue[n++] = to;
    for (int32_t at = 0; at < n && !found; at++) {
        const struct dsq_node *node = &m->g->node[s->queue[at]];
        for (int32_t k = 0; k < node->n_in && !found; k++) {
            const int32_t p = node->in[k] == DSQ_NO_VALUE ? -1 : m->uses.producer[node->in[k]];
            found = p >= 0 && (p == from || s->mark[p] == LEADS);
            if (p < 0 || found || s->mark[p] == LEADS_NOT)
                continue;
            s->mark[p] = LEADS_NOT; /* of all that were seen, if nothing is found */
            s->queue[n++] = p;
        }
    }
    for (int32_t at = 1; found && at < n; at++)
        s->mark[s->queue[at]] = UNKNOWN;
    s->mark[to] = found ? LEADS : LEADS_NOT;
    return found;
}

/* Node j becomes i's segments followed by its own, under i's name; i is killed. j's place comes
 * after all inputs; the sort moves the users of i's outputs behind it. */
static enum dsq_status merge(struct dsq_match *m, int32_t i, int32_t j, struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    struct dsq_node *a = &g->node[i], *b = &g->node[j];
    const int32_t n_out = a->n_out + b->n_out, n_in = a->n_in + b->n_in - DSQ_CONV_FIXED;
    dsq_vid *in = dsq_arena_calloc(&g->arena, (size_t)n_in, sizeof *in);
    dsq_vid *out = dsq_arena_calloc(&g->arena, (size_t)n_out, sizeof *out);
    if (!in || !out)
        return dsq_fail(d, DSQ_NOMEM, "%s: no memory to merge it", dsq_node_label(g, i));
    memcpy(in, a->in, (size_t)a->n_in * sizeof *in);
    memcpy(in + a->n_in, b->in + DSQ_CONV_FIXED, (size_t)(b->n_in - DSQ_CONV_FIXED) * sizeof *in);
    memcpy(out, a->out, (size_t)a->n_out * sizeof *out);
    memcpy(out + a->n_out, b->out, (size_t)b->n_out * sizeof *out);
    b->name = a->name;
    b->in = in;
    b->n_in = n_in;
    b->out = out;
    b->n_out = n_out;
    dsq_graph_kill_node(g, i);
    for (int32_t k = 0; k < n_out; k++)
        m->uses.producer[out[k]] = j;
    return DSQ_OK;
}

/* The node after i to merge it with, or -1. */
static int32_t partner(const struct dsq_match *m, int32_t i, struct search *below,
                       struct search *above)
{
    const struct dsq_graph *g = m->g;
    bool fresh = true;
    for (int32_t j = i + 1; j < g->n_nodes; j++) {
        if (!same_kind(g, &g->node[i], &g->node[j]))
            continue;
        if (fresh) {
            memset(below->mark, UNKNOWN, (size_t)g->n_nodes);
            memset(above->mark, UNKNOWN, (size_t)g->n_nodes);
            depends(m, i, g->n_nodes, above); /* on no such node: marks all that i depends on */
            fresh = false;
        }
        if (above->mark[j] == UNKNOWN && !depends(m, j, i, below))
            return j;
    }
    return -1;
}

static enum dsq_status open_search(struct dsq_match *m, struct search *s, struct dsq_diag *d)
{
    s->mark = dsq_arena_calloc(&m->scratch, (size_t)m->g->n_nodes + 1, sizeof *s->mark);
    s->queue = dsq_arena_calloc(&m->scratch, (size_t)m->g->n_nodes + 1, sizeof *s->queue);
    if (!s->mark || !s->queue)
        return dsq_fail(d, DSQ_NOMEM, "no memory to look for paths between convolutions");
    return DSQ_OK;
}

static enum dsq_status gather(struct dsq_match *m, bool *changed, struct dsq_diag *d)
{
    struct search below, above;
    DSQ_TRY(open_search(m, &below, d));
    DSQ_TRY(open_search(m, &above, d));
    for (int32_t i = 0; i < m->g->n_nodes; i++) {
        if (m->g->node[i].op != DSQ_OP_CONV || !dsq_node_runs(&m->g->node[i]))
            continue;
        const int32_t j = partner(m, i, &below, &above);
        if (j < 0)
            continue;
        DSQ_TRY(merge(m, i, j, d));
        *changed = true;
    }
    return DSQ_OK;
}

enum dsq_status dsq_pass_gather_segments(struct dsq_pass *p, bool *changed, struct dsq_diag *d)
{
    DSQ_TRY(dsq_unify_constants(p->g, changed, d));
    struct dsq_match m;
    enum dsq_status status = dsq_match_open(&m, p->g, d);
    if (status == DSQ_OK)
        status = gather(&m, changed, d);
    dsq_match_close(&m);
    return status;
}
