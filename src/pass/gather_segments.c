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

/* Does anything that node `to` reads, directly or not, come from node `from`? `stack` and `seen`
 * hold n_nodes elements each. */
static bool depends(const struct dsq_match *m, int32_t to, int32_t from, int32_t *stack, bool *seen)
{
    const struct dsq_graph *g = m->g;
    int32_t n = 0;
    memset(seen, 0, (size_t)g->n_nodes * sizeof *seen);
    stack[n++] = to;
    while (n > 0) {
        const struct dsq_node *node = &g->node[stack[--n]];
        for (int32_t k = 0; k < node->n_in; k++) {
            const int32_t p = node->in[k] == DSQ_NO_VALUE ? -1 : m->uses.producer[node->in[k]];
            if (p < 0 || seen[p])
                continue;
            if (p == from)
                return true;
            seen[p] = true;
            stack[n++] = p;
        }
    }
    return false;
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

static enum dsq_status gather(struct dsq_match *m, bool *changed, struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    int32_t *stack = dsq_arena_calloc(&m->scratch, (size_t)g->n_nodes + 1, sizeof *stack);
    bool *seen = dsq_arena_calloc(&m->scratch, (size_t)g->n_nodes + 1, sizeof *seen);
    if (!stack || !seen)
        return dsq_fail(d, DSQ_NOMEM, "no memory to look for paths between convolutions");
    for (int32_t i = 0; i < g->n_nodes; i++) {
        if (g->node[i].op != DSQ_OP_CONV)
            continue;
        for (int32_t j = i + 1; j < g->n_nodes; j++) {
            if (!same_kind(g, &g->node[i], &g->node[j]) || depends(m, j, i, stack, seen) ||
                depends(m, i, j, stack, seen))
                continue;
            DSQ_TRY(merge(m, i, j, d));
            *changed = true;
            break;
        }
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
