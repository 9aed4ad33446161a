/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges that a file lacks, derived from their neighbours. Used by placement.c. */
#ifndef DSQ_QUANT_PROPAGATE_H
#define DSQ_QUANT_PROPAGATE_H

#include "graph/graph.h"

/* An activation that could carry a range: f32, computed or given at run time. */
static inline bool dsq_value_is_activation(const struct dsq_graph *g, dsq_vid v)
{
    return v >= 0 && g->value[v].dtype == DSQ_F32 && !g->value[v].data;
}

/* Does node i read its inputs' numbers at run time (rather than a shape only)? */
static inline bool dsq_node_reads_data(const struct dsq_node *n)
{
    return n->n_out > 0 && !n->shape_only && n->op != DSQ_OP_SHAPE;
}

/* Fill in range[v] where it is negative (unknown) and follows exactly. n_reads[v]: how many inputs
 * of data-reading nodes and graph outputs v is. Forward, a range passes through every operator that
 * only picks or moves numbers, and concat takes the largest. Backward it passes through those that
 * keep all of them; through maxpool, nearest resize and concat only if nobody else reads the value,
 * so that what is clipped there would have been lost anyway. */
void dsq_propagate_ranges(const struct dsq_graph *g, const int32_t *n_reads, double *range);

#endif
