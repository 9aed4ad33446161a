/* SPDX-License-Identifier: Apache-2.0 */
/* Deriving missing ranges, forward and backward until nothing changes. */
#include "quant/propagate.h"

/* How an operator's output numbers relate to its first input's. */
enum relation {
    UNRELATED,
    SAME_NUMBERS, /* all of them, moved */
    SOME_NUMBERS, /* some of them, moved or repeated */
    JOINED,       /* all numbers of all inputs */
};

static enum relation relation_of(const struct dsq_node *n)
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
    case DSQ_OP_MAXPOOL:
    case DSQ_OP_SLICE:
        return SOME_NUMBERS;
    case DSQ_OP_RESIZE:
        return dsq_resize_copies(n) ? SOME_NUMBERS : UNRELATED;
    case DSQ_OP_CONCAT:
        return JOINED;
    default:
        return UNRELATED;
    }
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
    enum relation relation = relation_of(n);
    if (relation == UNRELATED || !dsq_value_is_activation(g, n->out[0]) || range[n->out[0]] >= 0.0)
        return false;
    double r = largest_input(g, n, range, relation == JOINED ? n->n_in : 1);
    range[n->out[0]] = r;
    return r >= 0.0;
}

static bool backward(const struct dsq_graph *g, const struct dsq_node *n, const int32_t *n_reads,
                     double *range)
{
    enum relation relation = relation_of(n);
    if (relation == UNRELATED || n->op == DSQ_OP_SLICE || range[n->out[0]] < 0.0)
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
