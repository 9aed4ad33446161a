/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Import: what the importers of single operators work with.
 *
 * An importer sees one node (im->node), asks for its inputs, constants and attributes by the
 * functions here, and emits nodes of the IR. It may run in any order: a tensor's value is made when
 * somebody first asks for it, and constants are found by name, through Constant and Identity nodes.
 * An attribute that an importer has not asked for is an error (dsq_import_attributes_done), so
 * nothing is ignored by accident.
 *
 * To add an operator: one row in onnx_ops.def, and an importer if `plain` does not do.
 */
#ifndef DSQ_ONNX_IMPORT_H
#define DSQ_ONNX_IMPORT_H

#include "graph/freed.h"
#include "onnx/model.h"

/* Weights as a model stores them: [O,I/group,KH,KW] as Conv and transposed Gemm do, or in_first,
 * [I,O/group,KH,KW], as ConvTranspose, Gemm and MatMul do. */
struct dsq_conv_form {
    bool in_first;
    int64_t groups, out_channels, group_in, kernel[2];
};

/* One tensor name of the model. Each name has one origin: graph input, initializer or node output.
 */
struct dsq_import_name {
    const char *name;
    const Onnx__TensorProto *tensor; /* initializer, or a Constant node's value once asked for */
    const Onnx__ValueInfoProto *input;
    const Onnx__NodeProto *producer;
    int32_t producer_index;
    bool is_output;                 /* of the graph that is being made */
    bool is_conv_weight;            /* some convolution or matrix product reads it as weights */
    bool has_other_reader;          /* than DequantizeLinear as what it dequantizes */
    bool folded;                    /* it is another name of a constant, and the graph knows */
    dsq_vid value, conv_weight;     /* DSQ_NO_VALUE until asked for */
    struct dsq_conv_form conv_form; /* how conv_weight was made */
    const struct dsq_onnx_tensor *contents; /* of a constant, once asked for */
    struct dsq_import_name *computed; /* the constant that its node computes, once asked for */
};

struct dsq_import_names {
    struct dsq_import_name *slot; /* open addressing; a slot without a name is free */
    size_t n, capacity;           /* capacity: a power of two */
};

struct dsq_import;
typedef enum dsq_status dsq_import_fn(struct dsq_import *im);

/* One row of onnx_ops.def. */
struct dsq_import_op {
    const char *name;
    int32_t first, last;          /* opsets */
    size_t in_min, in_max, n_out; /* n_out: that the importer makes; SIZE_MAX: all */
    dsq_import_fn *import;
    enum dsq_op op;
};

struct dsq_import {
    const struct dsq_onnx *model;
    const Onnx__GraphProto *proto;
    int64_t opset;
    struct dsq_graph *graph;
    struct dsq_arena scratch; /* dies with the import */
    struct dsq_diag *diag;
    struct dsq_import_names names;
    const Onnx__NodeProto *node; /* the current one */
    const struct dsq_import_op *op;
    uint64_t attributes_read; /* of node, by index */
    const struct dsq_onnx_options *options;
    struct dsq_freed_dim *freed; /* in scratch */
    int32_t n_freed;
};

/* ---- messages ---- "node 'NAME' (Op, opset N): ..." for the current node. */
enum dsq_status dsq_import_fail(struct dsq_import *im, enum dsq_status s, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The row for a node in the model's opset; NULL: none. */
const struct dsq_import_op *dsq_import_op_find(const struct dsq_import *im,
                                               const Onnx__NodeProto *n);

/* ---- names (import_names.c) ---- */
/* Register every name of the model; MALFORMED when two things have the same. */
enum dsq_status dsq_import_names_fill(struct dsq_import *im) DSQ_MUST_CHECK;
struct dsq_import_name *dsq_import_names_find(const struct dsq_import *im, const char *name);
/* The entry whose tensor a name stands for, through Identity and Constant; *root NULL: not a
 * constant. */
enum dsq_status dsq_import_constant(struct dsq_import *im, struct dsq_import_name *e,
                                    struct dsq_import_name **root) DSQ_MUST_CHECK;
/* A root's contents, converted once. */
enum dsq_status dsq_import_contents(struct dsq_import *im, struct dsq_import_name *root,
                                    struct dsq_onnx_tensor *t) DSQ_MUST_CHECK;
/* MALFORMED if nothing has the name, UNSUPPORTED if it is an output that import does not make; the
 * text has no node in front. */
enum dsq_status dsq_import_find(struct dsq_import *im, const char *name,
                                struct dsq_import_name **e) DSQ_MUST_CHECK;
/* The IR value of a name. */
enum dsq_status dsq_import_value(struct dsq_import *im, struct dsq_import_name *e,
                                 dsq_vid *out) DSQ_MUST_CHECK;
/* The constant that the node behind `e` computes from constants by moving or dequantizing them
 * (import_fold.c); *root NULL: it does something else. The root is in no table; its name is fresh.
 */
enum dsq_status dsq_import_fold(struct dsq_import *im, struct dsq_import_name *e,
                                struct dsq_import_name **root) DSQ_MUST_CHECK;
/* The constant [O,KH,KW,I/group] of the weights that input i of the current node stands for, whose
 * sizes the caller has checked: one however often it is asked for in the same form. */
enum dsq_status dsq_import_conv_weight(struct dsq_import *im, size_t i,
                                       const struct dsq_conv_form *form,
                                       dsq_vid *out) DSQ_MUST_CHECK;
/* A name that neither the model nor the graph has: "BASE", "BASE~1", ... in scratch; NULL: no
 * memory. */
const char *dsq_import_fresh_name(struct dsq_import *im, const char *base);
/* The domain is ONNX's own, under either of its names. */
bool dsq_import_default_domain(const char *domain);

/* ---- graph inputs (import_inputs.c) ---- values of all inputs without initializer, in order; *n
 * is 0 before. */
enum dsq_status dsq_import_inputs(struct dsq_import *im, dsq_vid *input, int32_t *n) DSQ_MUST_CHECK;

/* ---- inputs and outputs of the current node (import_node.c) ---- */
bool dsq_import_has_in(const struct dsq_import *im, size_t i);
/* Input i; MALFORMED if absent. dsq_import_in_or_none gives DSQ_NO_VALUE then. */
enum dsq_status dsq_import_in(struct dsq_import *im, size_t i, dsq_vid *out) DSQ_MUST_CHECK;
enum dsq_status dsq_import_in_or_none(struct dsq_import *im, size_t i, dsq_vid *out) DSQ_MUST_CHECK;
/* Input i as a constant's contents; UNSUPPORTED if it is computed. `what` names it in messages. */
enum dsq_status dsq_import_const_in(struct dsq_import *im, size_t i, const char *what,
                                    struct dsq_import_name **root,
                                    struct dsq_onnx_tensor *t) DSQ_MUST_CHECK;
/* The value of an input that dsq_import_const_in has accepted: a constant of the graph. */
enum dsq_status dsq_import_const_value(struct dsq_import *im, size_t i,
                                       dsq_vid *out) DSQ_MUST_CHECK;
/* The only element of a constant f32 input; absent: *v untouched. */
enum dsq_status dsq_import_scalar_in(struct dsq_import *im, size_t i, const char *what,
                                     float *v) DSQ_MUST_CHECK;
/* A new constant of integers or floats that stood in an attribute: "OUTPUT.what", rank 1. */
enum dsq_status dsq_import_new_ints(struct dsq_import *im, const char *what, const int64_t *v,
                                    size_t n, dsq_vid *out) DSQ_MUST_CHECK;
enum dsq_status dsq_import_new_floats(struct dsq_import *im, const char *what, const float *v,
                                      size_t n, dsq_vid *out) DSQ_MUST_CHECK;
/* One element of that type, rank 0. */
enum dsq_status dsq_import_new_scalar(struct dsq_import *im, const char *what, enum dsq_dtype type,
                                      const void *v, dsq_vid *out) DSQ_MUST_CHECK;
/* Append a node that makes the current node's first output. */
enum dsq_status dsq_import_emit(struct dsq_import *im, enum dsq_op op, int32_t n_in,
                                const dsq_vid *in, const void *attr) DSQ_MUST_CHECK;
/* Append a node that makes the current node's first n outputs; one without a name is a value that
 * only we know. */
enum dsq_status dsq_import_emit_outputs(struct dsq_import *im, enum dsq_op op, int32_t n_in,
                                        const dsq_vid *in, size_t n,
                                        const void *attr) DSQ_MUST_CHECK;
/* Append a node whose output only we know: "OUTPUT.what". `out` may be one of `in`. */
enum dsq_status dsq_import_emit_inner(struct dsq_import *im, enum dsq_op op, const char *what,
                                      int32_t n_in, const dsq_vid *in, const void *attr,
                                      dsq_vid *out) DSQ_MUST_CHECK;

/* dsq_import_emit for an operator on pictures whose first input lacks dimensions: they are put in
 * before and taken out behind, all of size 1. n_axes 0: it is a picture. */
enum dsq_status dsq_import_emit_picture(struct dsq_import *im, enum dsq_op op, int32_t n_in,
                                        dsq_vid *in, const void *attr, const int64_t *axes,
                                        size_t n_axes) DSQ_MUST_CHECK;

/* ---- attributes of the current node (onnx_attr.c) ---- MALFORMED when it has another type. */
bool dsq_import_has_attr(const struct dsq_import *im, const char *name);
enum dsq_status dsq_import_int(struct dsq_import *im, const char *name, int64_t otherwise,
                               int64_t *v) DSQ_MUST_CHECK;
enum dsq_status dsq_import_float(struct dsq_import *im, const char *name, float otherwise,
                                 float *v) DSQ_MUST_CHECK;
/* At most `max` numbers; absent: *n == 0 and v untouched. */
enum dsq_status dsq_import_ints(struct dsq_import *im, const char *name, size_t max, int64_t *v,
                                size_t *n) DSQ_MUST_CHECK;
enum dsq_status dsq_import_floats(struct dsq_import *im, const char *name, size_t max, float *v,
                                  size_t *n) DSQ_MUST_CHECK;
/* A tensor; absent: *t NULL. */
enum dsq_status dsq_import_tensor(struct dsq_import *im, const char *name,
                                  const Onnx__TensorProto **t) DSQ_MUST_CHECK;
/* A string out of a NULL-terminated list, as its index; absent: `otherwise`. UNSUPPORTED for
 * others. */
enum dsq_status dsq_import_choice(struct dsq_import *im, const char *name,
                                  const char *const *choices, int64_t otherwise,
                                  int64_t *v) DSQ_MUST_CHECK;
/* An attribute that is read by nobody as long as it has this value; UNSUPPORTED otherwise. */
enum dsq_status dsq_import_only(struct dsq_import *im, const char *name,
                                int64_t value) DSQ_MUST_CHECK;
/* An attribute without meaning for inference. */
void dsq_import_ignore(struct dsq_import *im, const char *name);
/* UNSUPPORTED when an attribute of the node was not asked for, MALFORMED when one is there twice.
 */
enum dsq_status dsq_import_attributes_done(struct dsq_import *im) DSQ_MUST_CHECK;

/* ---- windows (import_window.c) ---- */
enum { DSQ_IMPORT_SPATIAL = 6 }; /* dimensions: enough to say which kind of operator it is */
/* n numbers of an attribute into the last n of two, each in [lo, INT32_MAX]; absent: untouched. */
enum dsq_status dsq_import_numbers(struct dsq_import *im, const char *name, size_t n, int64_t lo,
                                   int64_t *v) DSQ_MUST_CHECK;
/* Strides, dilations and padding of n spatial dimensions, 1 or 2. */
enum dsq_status dsq_import_window(struct dsq_import *im, size_t n,
                                  struct dsq_window *w) DSQ_MUST_CHECK;

/* ---- the importers ---- */
#define ONNX(NAME, FIRST, LAST, IN_MIN, IN_MAX, N_OUT, IMPORTER, OP)                               \
    dsq_import_fn dsq_import_##IMPORTER;
#include "onnx/onnx_ops.def"
#undef ONNX

#endif
