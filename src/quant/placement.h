/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Placement: which nodes compute in INT8, which values exist as s8, and with what range.
 *
 * It looks at the float graph (after fusing, before layout) and changes nothing; pass quantize_int8
 * then rewrites the graph as told. The rules, in docs/quantization.md at length:
 * - A convolution is INT8 when its weights and bias are constant, and its input and its residual,
 * if it has one, have a range. It writes s8 if its output is S8 below, else f32 straight from its
 * accumulators.
 * - maxpool, nearest resize, concat, identity and add are INT8 when that hands an INT8 convolution
 * s8 numbers, and (add) all inputs are written as s8 already.
 * - A value that any float node or the caller reads stays f32: nothing on the way to a graph output
 * is squeezed through 8 bits. INT8 nodes then read a quantized copy.
 * - A range that is missing is derived where that is exact.
 * - decisions may force a node to float.
 */
#ifndef DSQ_QUANT_PLACEMENT_H
#define DSQ_QUANT_PLACEMENT_H

#include "graph/graph.h"
#include "quant/decisions.h"
#include "quant/ranges.h"

enum dsq_form {
    DSQ_FORM_F32 = 0, /* f32 only (or not an f32 activation at all) */
    DSQ_FORM_S8,      /* its producer, an INT8 node, writes s8; every reader is INT8 */
    DSQ_FORM_COPY, /* f32, and its INT8 readers read the output of one quantize node. A graph input
                      that a convolution reads is the common case */
};

struct dsq_placement {
    int32_t n_nodes, n_values;
    /* By node. */
    bool *node_int8;
    const char **node_reason; /* why an operator that could be INT8 is not; NULL for all others */
    /* By value. The range is the one to use for S8 and COPY, -1 where unknown. The input and the
     * output of an INT8 maxpool, resize or identity have the same; a concat's input whose range
     * differs from the output's needs a requantize node. */
    uint8_t *value_form; /* enum dsq_form */
    double *value_range;
    int32_t n_int8, n_float; /* convolutions of each kind */
    int32_t n_fallbacks;     /* nodes with a reason that is a missing range */
};

/* Arrays and strings live in `arena`. `decisions` may be NULL. The graph must be in topological
 * order. */
enum dsq_status dsq_place(const struct dsq_graph *g, const struct dsq_ranges *ranges,
                          const struct dsq_decisions *decisions, struct dsq_placement *out,
                          struct dsq_arena *arena, struct dsq_diag *d) DSQ_MUST_CHECK;

/* What is decided of the node that makes v, by v's name or by one that is folded into it: models
 * may fuse further when more of their sizes are known. */
enum dsq_precision dsq_decided(const struct dsq_graph *g, const struct dsq_decisions *decisions,
                               dsq_vid v);

/* What calibration must look at: the names of all values that are S8 or COPY when every range is
 * known, graph inputs first. Strings belong to the graph, the array to `arena`. */
enum dsq_status dsq_place_observed(const struct dsq_graph *g, const char ***name, size_t *n,
                                   struct dsq_arena *arena, struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
