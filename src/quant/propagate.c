/* SPDX-License-Identifier: Apache-2.0 */
/* Deriving missing ranges, forward and backward until nothing changes. */
#include "quant/propagate.h"

#include "quant/int8_ops.h"

/* How an operator's output numbers relate to its first input's. */
enum relation {
    UNRELATED,
    SAME_NUMBERS, /* all of them, moved */
    SOME_NUMBERS, /* some of them, moved or repeated */
    JOINED,       /* all numbers of all inputs */
};

static enum relation relation_of(const struct dsq_graph *g, const struct dsq_node *n)
{
    switch (n->op) {
    case DSQ_OP_IDENTITY:
    case DSQ_OP_RELAYOUT:
    case DSQ_OP_RESHAPE:
    case DSQ_OP_TRANSPOSE:
    case DSQ_OP_FLATTEN:
    case DSQ_OP_SQUEEZE:
    case DSQ_OP_UNSQUEEZE:
        return SAME_NUMBERS;
    default:
        break;
    }
    const enum dsq_int8_kind kind = dsq_int8_kind(g, n);
    return kind == DSQ_INT8_COPIES ? SOME_NUMBERS : kind == DSQ_INT8_JOINS ? JOINED : UNRELATED;
}

static double largest_input(const struct dsq_graph *g, const struct dsq_node *n,
                            const double *range, int32_t n_in)
{
    double most = 0.0;
    for (int32_t i = 0; i < n_in; i++) {
        if (!dsq_value_is_activation(g, n->in[i]) || range[n->in[i]] < 0.0)
            return -1.0;
        most = range[n->in[i]] > most ? range[n->in[i]] : most;
    }
    return most;
}

static bool forward(const struct dsq_graph *g, const struct dsq_node *n, double *range)
{
    const enum relation relation = relation_of(g, n);
    if (relation == UNRELATED)
        return false;
    const double r = largest_input(g, n, range, relation == JOINED ? n->n_in : 1);
    bool changed = false;
    for (int32_t k = 0; r >= 0.0 && k < n->n_out; k++) {
        const dsq_vid v = n->out[k];
        if (!dsq_value_is_activation(g, v) || range[v] >= 0.0)
            continue;
        range[v] = r;
        changed = true;
    }
    return changed;
}

/* Through those that drop numbers (slice, split) nothing can be said of the whole. */
static bool keeps_most(enum dsq_op op)
{
    return op == DSQ_OP_MAXPOOL || op == DSQ_OP_RESIZE;
}

static bool backward(const struct dsq_graph *g, const struct dsq_node *n, const int32_t *n_reads,
                     double *range)
{
    const enum relation relation = relation_of(g, n);
    if (relation == UNRELATED || (relation == SOME_NUMBERS && !keeps_most(n->op)) ||
        range[n->out[0]] < 0.0)
        return false;
    bool changed = false;
    for (int32_t i = 0; i < (relation == JOINED ? n->n_in : 1); i++) {
        dsq_vid v = n->in[i];
        if (!dsq_value_is_activation(g, v) || range[v] >= 0.0 ||
            (relation != SAME_NUMBERS && n_reads[v] != 1))
            continue;
        range[v] = range[n->out[0]];
        changed = true;
    }
    return changed;
}

void dsq_propagate_ranges(const struct dsq_graph *g, const int32_t *n_reads, double *range)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (int32_t i = 0; i < g->n_nodes; i++)
            if (dsq_node_reads_data(&g->node[i]))
                changed |= forward(g, &g->node[i], range);
        for (int32_t i = g->n_nodes - 1; i >= 0; i--)
            if (dsq_node_reads_data(&g->node[i]))
                changed |= backward(g, &g->node[i], n_reads, range);
    }
}
