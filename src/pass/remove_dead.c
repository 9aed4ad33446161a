/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nobody needs goes: nodes without users, nodes that only serve a Shape (they keep their shape
 * and stop running), constants that another one equals. The runner sweeps after every pass too; as
 * a pass of its own this one also unifies constants, at the end.
 */
#include "pass/match.h"

/* ---- dead nodes ---- */

static enum dsq_status mark_live(struct dsq_match *m, bool *live, struct dsq_diag *d)
{
    const struct dsq_graph *g = m->g;
    int32_t n = 0;
    int32_t *stack = dsq_arena_calloc(&m->scratch, (size_t)g->n_nodes + 1, sizeof *stack);
    if (!stack)
        return dsq_fail(d, DSQ_NOMEM, "no memory to look for dead nodes");
    for (int32_t k = 0; k < g->n_outputs; k++) {
        const int32_t p = m->uses.producer[g->output[k]];
        if (p >= 0 && !live[p]) {
            live[p] = true;
            stack[n++] = p;
        }
    }
    while (n > 0) {
        const struct dsq_node *node = &g->node[stack[--n]];
        for (int32_t k = 0; k < node->n_in; k++) {
            const int32_t p = node->in[k] == DSQ_NO_VALUE ? -1 : m->uses.producer[node->in[k]];
            if (p < 0 || live[p])
                continue;
            live[p] = true;
            stack[n++] = p;
        }
    }
    return DSQ_OK;
}

/* ---- nodes that only give a shape ---- */

static bool only_gives_shape(const struct dsq_match *m, const struct dsq_node *n)
{
    int32_t asked = 0;
    for (int32_t k = 0; k < n->n_out; k++) {
        const enum dsq_dtype t = m->g->value[n->out[k]].dtype;
        if (m->uses.n_uses[n->out[k]] > 0 || (t != DSQ_F32 && t != DSQ_S8))
            return false;
        asked += m->uses.n_shape_uses[n->out[k]];
    }
    return asked > 0;
}

static void stop_running(struct dsq_node *n)
{
    n->shape_only = true;
    for (int32_t k = 1; n->op == DSQ_OP_BATCHNORM && k < n->n_in; k++)
        n->in[k] = DSQ_NO_VALUE;
    if (n->op != DSQ_OP_CONV)
        return;
    n->in[DSQ_CONV_W] = n->in[DSQ_CONV_B] = DSQ_NO_VALUE;
    for (int32_t s = 0; s < dsq_conv_segments(n); s++)
        n->in[3 + 3 * s] = n->in[4 + 3 * s] = DSQ_NO_VALUE;
}

/* From the last node to the first: what stops running frees its inputs' producers. */
static enum dsq_status demote(struct dsq_match *m, struct dsq_diag *d)
{
    for (int32_t i = m->g->n_nodes - 1; i >= 0; i--) {
        struct dsq_node *n = &m->g->node[i];
        if (!dsq_node_runs(n) || !only_gives_shape(m, n))
            continue;
        stop_running(n);
        DSQ_TRY(dsq_match_refresh(m, d));
    }
    return DSQ_OK;
}

enum dsq_status dsq_pass_sweep(struct dsq_graph *g, struct dsq_diag *d)
{
    struct dsq_match m;
    enum dsq_status status = dsq_match_open(&m, g, d);
    if (status != DSQ_OK)
        goto done;
    bool *live = dsq_arena_calloc(&m.scratch, (size_t)g->n_nodes + 1, sizeof *live);
    status = live ? mark_live(&m, live, d) : dsq_fail(d, DSQ_NOMEM, "no memory to sweep");
    if (status != DSQ_OK)
        goto done;
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (!live[i])
            dsq_graph_kill_node(g, i);
    status = dsq_graph_compact(g, d);
    if (status == DSQ_OK)
        status = dsq_match_refresh(&m, d);
    if (status == DSQ_OK)
        status = demote(&m, d);
done:
    dsq_match_close(&m);
    return status;
}

/* ---- equal constants ---- */

/* Every constant's checksum; others get 0. */
static void checksums(const struct dsq_graph *g, uint32_t *sum)
{
    for (dsq_vid v = 0; v < g->n_values; v++)
        sum[v] = dsq_value_is_const(g, v) ? dsq_checksum(g->value[v].data, g->value[v].bytes) : 0;
}

enum dsq_status dsq_unify_constants(struct dsq_graph *g, bool *changed, struct dsq_diag *d)
{
    uint32_t *sum = dsq_calloc(g->arena.allocator, (size_t)g->n_values + 1, sizeof *sum);
    if (!sum)
        return dsq_fail(d, DSQ_NOMEM, "no memory to compare constants");
    checksums(g, sum);
    enum dsq_status status = DSQ_OK;
    for (dsq_vid v = 0; v < g->n_values && status == DSQ_OK; v++) {
        for (dsq_vid first = 0; first < v && dsq_value_is_const(g, v); first++) {
            if (sum[first] != sum[v] || !dsq_const_same(g, first, v) || dsq_is_graph_output(g, v))
                continue;
            status = dsq_graph_add_alias(g, first, v, d);
            dsq_graph_replace_uses(g, v, first);
            g->value[v].data = NULL; /* nobody's any more: the sweep drops it */
            g->value[v].bytes = 0;
            *changed = true;
            break;
        }
    }
    dsq_release(g->arena.allocator, sum);
    return status;
}

enum dsq_status dsq_pass_remove_dead(struct dsq_pass *p, bool *changed, struct dsq_diag *d)
{
    const int32_t nodes = p->g->n_nodes, values = p->g->n_values;
    DSQ_TRY(dsq_unify_constants(p->g, changed, d));
    DSQ_TRY(dsq_pass_sweep(p->g, d));
    *changed = *changed || nodes != p->g->n_nodes || values != p->g->n_values;
    return DSQ_OK;
}
