/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes: one run over the nodes gives every value its shape, and the small integer tensors that
 * compute sizes (Shape -> Gather -> Concat -> Resize ...) their contents.
 *
 * The same rules serve two moments. At import, dimensions are numbers or symbolic forms and the
 * results go into the graph (dsq_graph_infer). At run time, dimensions are numbers and the results
 * go into a struct dsq_sizes that the caller owns; nothing is allocated and a few hundred nodes
 * take microseconds.
 */
#ifndef DSQ_GRAPH_INFER_H
#define DSQ_GRAPH_INFER_H

#include "graph/graph.h"

/* Contents of a small value of integers, bools or floats, row by row. A plain element is that
 * integer, negative ones (-1 for Reshape, -100 for Slice) included, or the float's bits; at import
 * it may be a form or unknown instead, which its bit in `symbolic` says. A form among floats stands
 * for the whole number that it is. At run time `symbolic` is 0. */
enum { DSQ_HOST_ELEMENTS = 64 };
struct dsq_host_data {
    bool known, is_float;
    int32_t n;
    uint64_t symbolic; /* bit i: e[i] is a dsq_dim that is no number */
    dsq_dim e[DSQ_HOST_ELEMENTS];
};

struct dsq_sizes {
    struct dsq_shape *shape;    /* by value */
    int32_t *host_slot;         /* by value: index into host, or -1 */
    struct dsq_host_data *host; /* by slot */
    int32_t n_values, n_host;
};

/* Make room for graph g in `arena`: every constant shape and small integer constant is filled in,
 * every output of a HOST node that may hold sizes has a slot. Floats have one only on the way from
 * sizes: a HOST node makes them out of values with slots, and of float constants, which have one
 * for its sake. */
enum dsq_status dsq_sizes_create(struct dsq_sizes *s, const struct dsq_graph *g,
                                 struct dsq_arena *arena, struct dsq_diag *d) DSQ_MUST_CHECK;

/* All shapes from the graph inputs' shapes, which the caller has put into s->shape. `dims` is NULL
 * at run time: a dimension that is not a number is then an error, as are sizes that disagree
 * (SHAPE, naming the node), negative sizes, and tensors of more than 2^40 elements. Allocates
 * nothing when dims is NULL. */
enum dsq_status dsq_sizes_infer(struct dsq_sizes *s, struct dsq_graph *g, struct dsq_dims *dims,
                                struct dsq_diag *d) DSQ_MUST_CHECK;

/* Import and passes: infer symbolically and store shapes (and dtypes) in the graph's values. */
enum dsq_status dsq_graph_infer(struct dsq_graph *g, struct dsq_diag *d) DSQ_MUST_CHECK;

/* UNSUPPORTED, naming the node, where the size of some output depends on numbers that only a run
 * computes. The graph has been inferred. */
enum dsq_status dsq_graph_check_sizes(const struct dsq_graph *g, struct dsq_diag *d) DSQ_MUST_CHECK;

/* Is node i computed on the host alone (its outputs are sizes, not data)? True for HOST nodes all
 * of whose outputs are integers with a slot and all of whose data inputs are constants or host
 * values. */
bool dsq_node_on_host(const struct dsq_graph *g, const struct dsq_sizes *s, int32_t i);

/* The window's output size and effective pads for one input size; false if it does not fit. Also
 * used by the kernels' callers at run time. dim 0: height, 1: width. */
struct dsq_window_axis {
    dsq_dim out;
    int64_t pad_before, pad_after; /* effective, after auto_pad; 0 for SAME on symbolic input */
};
bool dsq_window_axis(struct dsq_dims *t, const struct dsq_window *w, int axis, dsq_dim in,
                     struct dsq_window_axis *out);
/* The same of a convolution, which may be transposed: pad_before is then what is cut off at the
 * beginning of its full output. */
bool dsq_conv_axis(struct dsq_dims *t, const struct dsq_conv_attr *a, int axis, dsq_dim in,
                   struct dsq_window_axis *out);

/* slice: the index of the first element kept along an axis of `size` elements. A negative start
 * counts from the end, and a start outside the axis is clamped: for step > 0 to 0..size, where
 * `size` keeps nothing; for step < 0 to 0..size - 1, so that one before the axis keeps element 0,
 * as ONNX says, unlike numpy. -1 for step < 0 on an empty axis. Step must not be 0. How many
 * elements are kept, the output's dimension says. */
int64_t dsq_slice_first(int64_t size, int64_t start, int64_t step);

/* The elements of h, none of them symbolic, as they are in memory; false when one does not fit t.
 */
bool dsq_host_write(const struct dsq_host_data *h, enum dsq_dtype t, void *data);

#endif
