/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ReduceMean and ReduceMax over height and width of a picture, dimensions kept, are global pools,
 * which run on NHWC, on integers too, and take a convolution's output as it lies. Squeeze and
 * excitation is exported so.
 */
#include "pass/match.h"

#include <string.h>

/* The constant axes are 2 and 3, in any order and from either end. */
static bool are_height_and_width(const struct dsq_graph *g, dsq_vid v)
{
    bool seen[2] = {false, false};
    if (!dsq_value_is_const(g, v) || g->value[v].dtype != DSQ_S64 ||
        g->value[v].bytes != 2 * sizeof(int64_t))
        return false;
    for (int k = 0; k < 2; k++) {
        int64_t axis;
        memcpy(&axis, (const char *)g->value[v].data + (size_t)k * sizeof axis, sizeof axis);
        axis = axis < 0 ? axis + 4 : axis;
        if (axis != 2 && axis != 3)
            return false;
        seen[axis - 2] = true;
    }
    return seen[0] && seen[1];
}

static enum dsq_status rewrite(struct dsq_match *m, int32_t i, bool *hit, struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    const struct dsq_node n = g->node[i];
    const struct dsq_reduce_attr *a = n.attr;
    if (n.op != DSQ_OP_REDUCE || (a->kind != DSQ_REDUCE_MEAN && a->kind != DSQ_REDUCE_MAX) ||
        !a->keepdims || n.n_in < 2 || g->value[n.in[0]].shape.rank != 4 ||
        g->value[n.in[0]].dtype != DSQ_F32 || !are_height_and_width(g, n.in[1]))
        return DSQ_OK;
    const enum dsq_op op =
        a->kind == DSQ_REDUCE_MEAN ? DSQ_OP_GLOBAL_AVGPOOL : DSQ_OP_GLOBAL_MAXPOOL;
    DSQ_TRY(dsq_graph_add_node(g, op, n.name, 1, n.in, 1, n.out, NULL, NULL, d));
    g->node[i] = g->node[--g->n_nodes];
    *hit = true;
    return DSQ_OK;
}

enum dsq_status dsq_pass_name_pools(struct dsq_pass *p, bool *changed, struct dsq_diag *d)
{
    return dsq_match_each(p->g, rewrite, changed, d);
}
