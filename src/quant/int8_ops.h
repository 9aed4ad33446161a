/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator can do with integers: the table behind placement and pass quantize_int8. */
#ifndef DSQ_QUANT_INT8_OPS_H
#define DSQ_QUANT_INT8_OPS_H

#include "graph/graph.h"

enum dsq_int8_kind {
    DSQ_INT8_NEVER,
    DSQ_INT8_CONV,     /* integer sums over integer weights; writes s8 or f32 */
    DSQ_INT8_COPIES,   /* moves the bytes of its first input: all outputs have that one's scale */
    DSQ_INT8_JOINS,    /* concat: copies the bytes of all inputs, which need one scale */
    DSQ_INT8_COMPUTES, /* from integers of any scales to integers of another scale */
};

enum dsq_int8_kind dsq_int8_kind(const struct dsq_graph *g, const struct dsq_node *n);

/* How many of its inputs, the first ones, hold activations; the others are sizes, indices or
 * constants. Not for convolutions. */
int32_t dsq_int8_inputs(enum dsq_int8_kind kind, const struct dsq_node *n);

#endif
