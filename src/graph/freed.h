/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Freed dimensions: does a model whose header fixes a size compute the same network at others?
 *
 * The graph comes with symbols in place of the header's numbers, shapes inferred. What could tie it
 * to the header's size is a constant that was computed for it. Three things are looked at:
 *   - a reshape to constant sizes must split its input's elements evenly at every size, symbols
 *     taken as they are: 255 h w into rows of 85 does, into rows of 2704 does not;
 *   - all shapes are inferred on numbers at several sizes that share no factor but the strides':
 *     a constant grid, a pooling window as large as the header's map and the like do not fit
 *     there, and the shape rule names the node;
 *   - a batch (dimension 0 of an input) must stay a dimension of its own in every value that is
 *     made from it, and be the first one of every output. A reshape could mix pictures and still
 *     fit, so here shapes alone do not tell.
 */
#ifndef DSQ_GRAPH_FREED_H
#define DSQ_GRAPH_FREED_H

#include "graph/graph.h"

struct dsq_freed_dim {
    int32_t input, dim; /* of the graph's inputs, and which of its dimensions */
    int64_t header;     /* the number that was there */
};

/* SHAPE, naming the node or output that does not allow it; NOMEM. */
enum dsq_status dsq_graph_check_freed(struct dsq_graph *g, const struct dsq_freed_dim *freed,
                                      int32_t n, struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
