/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ONNX files in and out.
 *
 * A file is hostile until proven otherwise. A walker over the bounded reader goes through its bytes
 * first (nesting depth, lengths, the memory that the parsed form will take); only then protobuf-c
 * unpacks it, into an arena with a budget. What comes out is a struct dsq_onnx: the parsed model
 * and the file's own bytes, immutable, readable from several threads at once.
 *
 * Import makes a graph of the IR (graph/graph.h) from it: one row an operator in onnx_ops.def.
 * Whatever is not understood in full - operator, opset, attribute, type - is an error that names
 * it, never a guess.
 *
 * Weights may lie in other files, relative to the model's and inside its folder (external.c).
 *
 * Writing never re-exports: it copies the file's bytes and splices changed metadata_props in, so
 * everything else, fields unknown to us included, stays as it was. Weights of other files go
 * inside.
 */
#ifndef DSQ_ONNX_ONNX_H
#define DSQ_ONNX_ONNX_H

#include "graph/graph.h"

struct dsq_onnx;

/* Opsets of the default domain that import accepts. Before 7, operators whose form has stayed, and
 * a few others. */
enum { DSQ_ONNX_OPSET_MIN = 1, DSQ_ONNX_OPSET_MAX = 25 };

/* Read and parse a file, or parse bytes (copied; `name` stands for the file in messages; weights in
 * other files are UNSUPPORTED then). IO, NOMEM, MALFORMED when the bytes are not a model or would
 * take too much memory to unpack. Free with dsq_onnx_free, which accepts NULL and sets *m to NULL.
 */
enum dsq_status dsq_onnx_read(struct dsq_onnx **out, const char *path,
                              const struct dsq_allocator *a, struct dsq_diag *d) DSQ_MUST_CHECK;
enum dsq_status dsq_onnx_parse(struct dsq_onnx **out, const void *data, size_t bytes,
                               const char *name, const struct dsq_allocator *a,
                               struct dsq_diag *d) DSQ_MUST_CHECK;
void dsq_onnx_free(struct dsq_onnx **m);

/* Dimensions of one input that become symbols although the header gives numbers: bit i, dimension
 * i. */
struct dsq_onnx_free {
    const char *input;
    uint32_t dims;
};
struct dsq_onnx_options {
    const char *const *outputs; /* the tensors to compute; n_outputs 0: the model's own outputs */
    size_t n_outputs;
    const struct dsq_onnx_free *free;
    size_t n_free;
};

/*
 * The graph of the model's outputs, or of other tensors: then only nodes that these need are looked
 * at, so that an unsupported tail can be cut off. The graph is sorted, shapes and types are
 * inferred, dsq_graph_check has passed. It does not refer to `m`.
 *
 * Values have the ONNX tensors' names. Weights of convolutions are constants [O,KH,KW,I/group]
 * under the initializer's name, one value however many convolutions share it. Named dimensions of
 * inputs become symbols; dimensions without a name or number, and freed ones, become symbols
 * "INPUT_dI". Freed ones are SHAPE errors where the model works at its header's size only
 * (graph/freed.h).
 *
 * UNSUPPORTED, MALFORMED, SHAPE, NOMEM; the text starts with the file's name and names node or
 * tensor.
 */
enum dsq_status dsq_onnx_to_graph(const struct dsq_onnx *m, struct dsq_graph **out,
                                  struct dsq_diag *d) DSQ_MUST_CHECK;
enum dsq_status dsq_onnx_to_graph_at(const struct dsq_onnx *m, const struct dsq_onnx_options *o,
                                     struct dsq_graph **out, struct dsq_diag *d) DSQ_MUST_CHECK;

/* One node as the file has it; import needs not succeed. Texts belong to the model. */
struct dsq_onnx_node {
    const char *name, *op, *domain, *output; /* its first output; "" for what is not there */
    bool supported;                          /* the operator is, in this opset's form */
};
size_t dsq_onnx_nodes(const struct dsq_onnx *m);
struct dsq_onnx_node dsq_onnx_node_at(const struct dsq_onnx *m, size_t i);
/* The opset of ONNX's own operators; 0 when the model names none. */
int64_t dsq_onnx_opset(const struct dsq_onnx *m);

/* The model's metadata_props value of that key, or NULL. Lives as long as the model. */
const char *dsq_onnx_metadata(const struct dsq_onnx *m, const char *key);

/* One change of metadata_props. A NULL value removes the key. */
struct dsq_onnx_meta {
    const char *key, *value;
};

/* The same model with changed metadata_props, written whole or not at all (dsq_file_write). An
 * existing key keeps its place and becomes unique; a new one goes to the end. ARGUMENT when a key
 * is given twice; UNSUPPORTED when weights of other files make it larger than 2 GiB; IO, NOMEM. */
enum dsq_status dsq_onnx_write(const struct dsq_onnx *m, const char *path,
                               const struct dsq_onnx_meta *set, size_t n,
                               struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
