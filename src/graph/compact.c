/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole-graph upkeep: topological order, dropping what is gone, and the uses of every value. Ids of
 * values that a node or the graph's inputs and outputs name must be valid (check.c looks at that).
 */
#include <string.h>

#include "graph/graph.h"

static enum dsq_status no_memory(struct dsq_diag *d)
{
    return dsq_fail(d, DSQ_NOMEM, "out of memory while looking at the graph");
}

static void find_producers(const struct dsq_graph *g, int32_t *producer)
{
    for (dsq_vid v = 0; v < g->n_values; v++)
        producer[v] = -1;
    for (int32_t i = 0; i < g->n_nodes; i++)
        for (int32_t k = 0; k < g->node[i].n_out; k++)
            if (g->node[i].out[k] >= 0)
                producer[g->node[i].out[k]] = i;
}

/* Depth first from each node in turn, producers before their users. An ordered list stays as it is.
 */
enum { UNSEEN = 0, OPEN, DONE };
struct sorter {
    const struct dsq_graph *g;
    const int32_t *producer;
    uint8_t *state;      /* by node */
    int32_t *next_input; /* by node: where its walk goes on */
    int32_t *stack, n_stack;
    int32_t *order, n_order;
};

/* The next producer of an open node that is not done; -1 when there is none left. */
static int32_t next_producer(struct sorter *s, int32_t i)
{
    const struct dsq_node *n = &s->g->node[i];
    while (s->next_input[i] < n->n_in) {
        dsq_vid v = n->in[s->next_input[i]++];
        int32_t p = v >= 0 ? s->producer[v] : -1;
        if (p >= 0 && s->state[p] != DONE)
            return p;
    }
    return -1;
}

static enum dsq_status visit(struct sorter *s, int32_t root, struct dsq_diag *d)
{
    s->stack[s->n_stack++] = root;
    s->state[root] = OPEN;
    while (s->n_stack) {
        int32_t i = s->stack[s->n_stack - 1], p = next_producer(s, i);
        if (p < 0) {
            s->state[i] = DONE;
            s->order[s->n_order++] = i;
            s->n_stack--;
        } else if (s->state[p] == OPEN) {
            char label[512];
            return dsq_fail(d, DSQ_MALFORMED, "%s is part of a cycle",
                            dsq_node_describe(s->g, p, label, sizeof label));
        } else {
            s->state[p] = OPEN;
            s->stack[s->n_stack++] = p;
        }
    }
    return DSQ_OK;
}

static enum dsq_status sort_nodes(struct dsq_graph *g, struct dsq_arena *scratch,
                                  struct dsq_diag *d)
{
    size_t n = (size_t)g->n_nodes;
    int32_t *producer = dsq_arena_calloc(scratch, (size_t)g->n_values, sizeof *producer);
    struct sorter s = {
        .g = g,
        .producer = producer,
        .state = dsq_arena_calloc(scratch, n, sizeof *s.state),
        .next_input = dsq_arena_calloc(scratch, n, sizeof *s.next_input),
        .stack = dsq_arena_calloc(scratch, n, sizeof *s.stack),
        .order = dsq_arena_calloc(scratch, n, sizeof *s.order),
    };
    struct dsq_node *sorted = dsq_arena_calloc(scratch, n, sizeof *sorted);
    if (!producer || !s.state || !s.next_input || !s.stack || !s.order || !sorted)
        return no_memory(d);
    find_producers(g, producer);
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (g->node[i].n_out > 0 && s.state[i] == UNSEEN)
            DSQ_TRY(visit(&s, i, d));
    for (int32_t i = 0; i < s.n_order; i++)
        sorted[i] = g->node[s.order[i]];
    if (s.n_order)
        memcpy(g->node, sorted, (size_t)s.n_order * sizeof *sorted);
    g->n_nodes = s.n_order;
    return DSQ_OK;
}

static void mark(int32_t *id, const dsq_vid *v, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        if (v[i] >= 0)
            id[v[i]] = 1;
}

static void renumber(const int32_t *id, dsq_vid *v, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        if (v[i] >= 0)
            v[i] = id[v[i]];
}

/* `id`, zeroed: first which values are named somewhere, then their new numbers. */
static void drop_values(struct dsq_graph *g, int32_t *id)
{
    mark(id, g->input, g->n_inputs);
    mark(id, g->output, g->n_outputs);
    for (int32_t i = 0; i < g->n_nodes; i++) {
        mark(id, g->node[i].in, g->node[i].n_in);
        mark(id, g->node[i].out, g->node[i].n_out);
    }
    int32_t n = 0;
    for (dsq_vid v = 0; v < g->n_values; v++) {
        if (!id[v])
            continue;
        g->value[n] = g->value[v];
        id[v] = n++;
    }
    if (n == g->n_values)
        return;
    g->n_values = n;
    renumber(id, g->input, g->n_inputs);
    renumber(id, g->output, g->n_outputs);
    for (int32_t i = 0; i < g->n_nodes; i++) {
        renumber(id, g->node[i].in, g->node[i].n_in);
        renumber(id, g->node[i].out, g->node[i].n_out);
    }
    if (g->slot_capacity)
        dsq_graph_hash_names(g);
}

enum dsq_status dsq_graph_compact(struct dsq_graph *g, struct dsq_diag *d)
{
    struct dsq_arena scratch;
    dsq_arena_init(&scratch, g->arena.allocator);
    enum dsq_status status;
    DSQ_GUARD(sort_nodes(g, &scratch, d));
    int32_t *id = dsq_arena_calloc(&scratch, (size_t)g->n_values, sizeof *id);
    if (!id) {
        status = no_memory(d);
        goto fail;
    }
    drop_values(g, id);
fail:
    dsq_arena_free(&scratch);
    return status;
}

bool dsq_node_sized_by(const struct dsq_node *n, int32_t k)
{
    switch (n->op) {
    case DSQ_OP_RESIZE:
    case DSQ_OP_RESHAPE:
    case DSQ_OP_SLICE:
    case DSQ_OP_SPLIT:
    case DSQ_OP_SQUEEZE:
    case DSQ_OP_UNSQUEEZE:
    case DSQ_OP_TILE:
    case DSQ_OP_EXPAND:
    case DSQ_OP_REDUCE:
    case DSQ_OP_TOPK:
        return k > 0;
    case DSQ_OP_PAD:
        return k == 1 || k == 3;
    case DSQ_OP_RANGE:
        return true;
    default:
        return false;
    }
}

bool dsq_node_uses_shape(const struct dsq_node *n, int32_t k)
{
    return n->op == DSQ_OP_SHAPE || (n->shape_only && !dsq_node_sized_by(n, k));
}

enum dsq_status dsq_graph_uses(const struct dsq_graph *g, struct dsq_arena *arena,
                               struct dsq_uses *u, struct dsq_diag *d)
{
    size_t n = (size_t)g->n_values;
    *u = (struct dsq_uses){
        .producer = dsq_arena_calloc(arena, n, sizeof *u->producer),
        .n_uses = dsq_arena_calloc(arena, n, sizeof *u->n_uses),
        .n_shape_uses = dsq_arena_calloc(arena, n, sizeof *u->n_shape_uses),
        .consumer = dsq_arena_calloc(arena, n, sizeof *u->consumer),
    };
    if (!u->producer || !u->n_uses || !u->n_shape_uses || !u->consumer)
        return no_memory(d);
    find_producers(g, u->producer);
    for (dsq_vid v = 0; v < g->n_values; v++)
        u->consumer[v] = -1;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const struct dsq_node *node = &g->node[i];
        for (int32_t k = 0; k < node->n_in; k++) {
            dsq_vid v = node->in[k];
            if (v < 0)
                continue;
            if (dsq_node_uses_shape(node, k))
                u->n_shape_uses[v]++;
            else
                u->consumer[v] = u->n_uses[v]++ ? -1 : i;
        }
    }
    for (int32_t i = 0; i < g->n_outputs; i++) {
        u->n_uses[g->output[i]]++;
        u->consumer[g->output[i]] = -1;
    }
    return DSQ_OK;
}
