/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a shape rule sees. One function an operator, dsq_shape_<name>: it reads the inputs' shapes
 * (and the host values that say sizes) and writes the outputs' shapes. HOST operators have a second
 * one, dsq_host_<name>, that computes the contents of a small integer output.
 *
 * Rules know nothing of import or run time. What they cannot know they leave alone: before a rule
 * runs, its outputs have unknown rank and unknown contents, and at run time infer.c makes an error
 * of whatever is unknown still. A rule fails only on numbers that cannot be right. Rules allocate
 * nothing but forms of dimensions, and accept any graph, also one that dsq_graph_check would
 * refuse.
 */
#ifndef DSQ_GRAPH_RULE_H
#define DSQ_GRAPH_RULE_H

#include "graph/infer.h"

struct dsq_rule {
    struct dsq_sizes *sizes;
    const struct dsq_graph *graph;
    struct dsq_dims *dims; /* NULL at run time */
    struct dsq_diag *diag;
    const struct dsq_node *node;
    int32_t index; /* of node */
};
typedef enum dsq_status dsq_rule_fn(const struct dsq_rule *r);

#define OP(ID, name, ...) dsq_rule_fn dsq_shape_##name;
#include "graph/ops.def"
#undef OP

/* The operators flagged HOST: X(ID, name). */
/* clang-format off */
#define DSQ_HOST_OPS(X)                                                                            \
    X(ADD, add) X(SUB, sub) X(MUL, mul) X(DIV, div) X(MIN, min) X(MAX, max) X(MOD, mod)            \
    X(FMOD, fmod) X(AND, and) X(OR, or) X(NOT, not) X(EQUAL, equals) X(GREATER, greater)           \
    X(GREATER_EQUAL, greater_equal) X(WHERE, where) X(NEG, neg) X(FLOOR, floor)                    \
    X(CEIL, ceil) X(ROUND, round) X(CONCAT, concat) X(SHAPE, shape) X(GATHER, gather)              \
    X(SLICE, slice) X(SQUEEZE, squeeze) X(UNSQUEEZE, unsqueeze) X(CAST, cast)                      \
    X(RESHAPE, reshape) X(IDENTITY, identity) X(TRANSPOSE, transpose) X(EXPAND, expand)            \
    X(RANGE, range) X(REDUCE, reduce) X(SPLIT, split)
/* clang-format on */
#define DSQ_HOST_PROTOTYPE(ID, name) dsq_rule_fn dsq_host_##name;
DSQ_HOST_OPS(DSQ_HOST_PROTOTYPE)
#undef DSQ_HOST_PROTOTYPE

/* Is input k there at all? */
bool dsq_rule_has(const struct dsq_rule *r, int32_t k);
/* Its shape; of unknown rank if it is absent. Never NULL. */
const struct dsq_shape *dsq_rule_in(const struct dsq_rule *r, int32_t k);
/* Output k's shape, to be written. Infer.c has checked that it exists. */
struct dsq_shape *dsq_rule_out(const struct dsq_rule *r, int32_t k);
/* Input k's contents, or NULL when it is absent or they are not known. */
const struct dsq_host_data *dsq_rule_host(const struct dsq_rule *r, int32_t k);
/* Where the contents of the only output of a HOST operator go. Only for dsq_host_* functions. */
struct dsq_host_data *dsq_rule_host_out(const struct dsq_rule *r);

/* Element i, and storing one: as a dimension (a negative integer, and a float, is DSQ_DIM_UNKNOWN),
 * or as an integer or (where is_float) a float: false when it is symbolic. */
dsq_dim dsq_host_dim(const struct dsq_host_data *h, int32_t i);
bool dsq_host_int(const struct dsq_host_data *h, int32_t i, int64_t *out);
bool dsq_host_float(const struct dsq_host_data *h, int32_t i, float *out);
void dsq_host_put_int(struct dsq_host_data *h, int32_t i, int64_t v);
void dsq_host_put_float(struct dsq_host_data *h, int32_t i, float v);
void dsq_host_put_dim(struct dsq_host_data *h, int32_t i, dsq_dim d);
void dsq_host_copy(struct dsq_host_data *to, int32_t i, const struct dsq_host_data *from,
                   int32_t k);

/* Begin the contents of the output: as many elements as its shape has, all unknown, floats where
 * that is its type. False when they are too many, or the shape is not known. */
bool dsq_host_begin(const struct dsq_rule *r, struct dsq_host_data *out);

/* The same of output k, where there are several; NULL when they are too many. */
struct dsq_host_data *dsq_host_begin_output(const struct dsq_rule *r, int32_t k);

/* Elements between neighbours along each dimension of contents of this shape, whose dimensions are
 * numbers. */
void dsq_host_steps(const struct dsq_shape *s, int64_t *step);
/* The contents of the output, which has been begun: its element (i0, i1, ...) is from's element
 * origin + sum i_k * step[k]. */
void dsq_host_pick(const struct dsq_rule *r, const struct dsq_host_data *from, int64_t origin,
                   const int64_t *step);

/* -rank..rank-1 to 0..rank-1; SHAPE when outside. */
enum dsq_status dsq_rule_axis(const struct dsq_rule *r, int64_t axis, int32_t rank, int32_t *out);
/* One dimension that two values must share: the surer of both; SHAPE when two numbers differ. */
enum dsq_status dsq_rule_same_dim(const struct dsq_rule *r, const char *what, dsq_dim a, dsq_dim b,
                                  dsq_dim *out);
/* Dimension `axis` that a and b broadcast to. A symbol against a number other than 1 gives the
 * number: the symbol must turn out as it, or as 1. */
enum dsq_status dsq_rule_broadcast_dim(const struct dsq_rule *r, int32_t axis, dsq_dim a, dsq_dim b,
                                       dsq_dim *out);
/* A shape of that rank with unknown dimensions. */
void dsq_rule_unknown_dims(struct dsq_shape *s, int32_t rank);
/* SHAPE, "NODE: ..." */
enum dsq_status dsq_rule_fail(const struct dsq_rule *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
