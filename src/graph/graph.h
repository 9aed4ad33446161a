/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IR: a graph of operators over named values, between the ONNX file and the engine.
 *
 * - A value is what flows along an edge: an activation, a constant, a number computed on the host.
 *   It keeps its ONNX name, and the names of everything folded into it, so that "folded away" and
 *   "unknown" are told apart.
 * - Nodes stand in topological order: every input is a graph input, a constant or an earlier
 *   output. The pass runner re-sorts and checks after every pass; a pass may leave nodes out of
 *   order.
 * - Shapes and axes are in ONNX order whatever the layout. Layout is an attribute of a value;
 *   conversions are explicit relayout nodes.
 * - Quantization is in the types: an s8 value has `q`; a node whose data input is s8 is an INT8
 *   node. A conv with s8 input and f32 output dequantizes; one with s8 output quantizes. f32 -> s8
 *   elsewhere is a quantize node, s8 -> f32 dequantize, s8 -> s8 of another scale requantize.
 * - A shape_only node gives its outputs a shape and never runs: it lets Shape read the size of a
 *   value that a fusion has swallowed. Only shape nodes may use its outputs.
 * - The graph owns an arena; nodes, values, strings and constant data live and die with it. Nothing
 *   is freed singly. Ids are indices and stay valid; pointers to nodes and values are valid until
 *   the next dsq_graph_add_*.
 *
 * Not thread safe.
 */
#ifndef DSQ_GRAPH_GRAPH_H
#define DSQ_GRAPH_GRAPH_H

#include "graph/attr.h"
#include "graph/dim.h"

typedef int32_t dsq_vid; /* index of a value */
#define DSQ_NO_VALUE ((dsq_vid)-1)

enum dsq_op {
#define OP(ID, ...) DSQ_OP_##ID,
#include "graph/ops.def"
#undef OP
    DSQ_OP_COUNT
};

enum {
    DSQ_OPF_NONE = 0,
    DSQ_OPF_HOST = 1,
    DSQ_OPF_LAYOUT = 2,
    DSQ_OPF_NHWC = 4,
    DSQ_OPF_SAME_Q = 8
};

/* How the integers of an s8 value stand for numbers: (q - zero_point) * scale, q in [qmin, qmax].
 * inv_scale is the stored reciprocal that quantization multiplies by. */
struct dsq_quant {
    float scale, inv_scale;
    int32_t zero_point, qmin, qmax;
};

struct dsq_value {
    const char *name;   /* unique in the graph, never empty */
    const char **alias; /* ONNX names folded into this value */
    int32_t n_aliases;
    enum dsq_dtype dtype;
    enum dsq_layout layout; /* NHWC: rank 4 only */
    struct dsq_shape shape;
    struct dsq_quant q; /* s8 activations: scale > 0. All zero otherwise */
    const void *data;   /* constants: dense, little-endian, 64-byte aligned; NULL otherwise */
    size_t bytes;       /* of data */
};

struct dsq_node {
    enum dsq_op op;
    bool shape_only;
    const char *name; /* the ONNX node's, may be "" */
    int32_t n_in, n_out;
    dsq_vid *in, *out; /* absent optional inputs are DSQ_NO_VALUE */
    void *attr;        /* the struct that ops.def names; NULL for none */
};

struct dsq_graph {
    struct dsq_arena arena;
    struct dsq_dims dims;
    const char *name;
    struct dsq_value *value;
    struct dsq_node *node;
    int32_t n_values, value_capacity;
    int32_t n_nodes, node_capacity;
    dsq_vid *input, *output;
    int32_t n_inputs, n_outputs;
    dsq_vid *name_slot; /* hash table over names and aliases, graph.c's own; -1: free */
    int32_t n_names, slot_capacity;
};

struct dsq_op_info {
    const char *name;
    int32_t in_min, in_max, out_min, out_max;
    const struct dsq_attr_type *attr;
    uint32_t flags;
};
const struct dsq_op_info *dsq_op_info(enum dsq_op op);
bool dsq_op_find(const char *name, enum dsq_op *op);

/* ---- life cycle ---- */
enum dsq_status dsq_graph_create(struct dsq_graph **out, const char *name,
                                 const struct dsq_allocator *a, struct dsq_diag *d) DSQ_MUST_CHECK;
void dsq_graph_free(struct dsq_graph **g);
/* A deep copy; constant data is copied too. */
enum dsq_status dsq_graph_clone(struct dsq_graph **out, const struct dsq_graph *g,
                                struct dsq_diag *d) DSQ_MUST_CHECK;

/* ---- building ---- All return DSQ_NOMEM or DSQ_MALFORMED (a name used twice); strings and data
 * are copied into the arena. */
enum dsq_status dsq_graph_add_value(struct dsq_graph *g, const char *name, enum dsq_dtype dtype,
                                    const struct dsq_shape *shape, dsq_vid *out,
                                    struct dsq_diag *d) DSQ_MUST_CHECK;
/* A constant; `data` is `bytes` long, which must be what dtype and shape need. */
enum dsq_status dsq_graph_add_const(struct dsq_graph *g, const char *name, enum dsq_dtype dtype,
                                    const struct dsq_shape *shape, const void *data, size_t bytes,
                                    dsq_vid *out, struct dsq_diag *d) DSQ_MUST_CHECK;
/* A fresh value name "BASE", "BASE~1", ... in the arena; NULL when memory is out. */
const char *dsq_graph_fresh_name(struct dsq_graph *g, const char *base);
/* Appends a node; `attr` is copied (NULL: zeroed). in/out may be NULL to leave DSQ_NO_VALUE there.
 * */
enum dsq_status dsq_graph_add_node(struct dsq_graph *g, enum dsq_op op, const char *name,
                                   int32_t n_in, const dsq_vid *in, int32_t n_out,
                                   const dsq_vid *out, const void *attr, int32_t *index,
                                   struct dsq_diag *d) DSQ_MUST_CHECK;
enum dsq_status dsq_graph_set_io(struct dsq_graph *g, const dsq_vid *input, int32_t n_inputs,
                                 const dsq_vid *output, int32_t n_outputs,
                                 struct dsq_diag *d) DSQ_MUST_CHECK;
/* The value of that name, or folded under that name (then *folded is set); DSQ_NO_VALUE if unknown.
 * `folded` may be NULL. */
dsq_vid dsq_graph_find(const struct dsq_graph *g, const char *name, bool *folded);
/* Give a value another name (never by writing to .name: names are hashed). MALFORMED if it is
 * taken. */
enum dsq_status dsq_graph_rename(struct dsq_graph *g, dsq_vid v, const char *name,
                                 struct dsq_diag *d) DSQ_MUST_CHECK;
/* Remember that this name is now part of value v. */
enum dsq_status dsq_graph_add_alias_name(struct dsq_graph *g, dsq_vid v, const char *name,
                                         struct dsq_diag *d) DSQ_MUST_CHECK;
/* Remember that `from`'s name and aliases are now part of `into`. */
enum dsq_status dsq_graph_add_alias(struct dsq_graph *g, dsq_vid into, dsq_vid from,
                                    struct dsq_diag *d) DSQ_MUST_CHECK;

/* ---- rewriting ---- */
/* Every use of `from` (inputs of nodes, graph outputs) becomes `to`. */
void dsq_graph_replace_uses(struct dsq_graph *g, dsq_vid from, dsq_vid to);
/* Turn node i into nothing; dsq_graph_compact drops such nodes (n_out == 0). */
void dsq_graph_kill_node(struct dsq_graph *g, int32_t i);
/* Drop killed nodes, values nobody uses (ids change!), and sort topologically, stably. MALFORMED on
 * a cycle, naming a node of it. */
enum dsq_status dsq_graph_compact(struct dsq_graph *g, struct dsq_diag *d) DSQ_MUST_CHECK;
/* Rebuild the table of names once value ids have changed; compact does so itself. */
void dsq_graph_hash_names(struct dsq_graph *g);
/* Add a shape_only twin of node i with fresh output values (DSQ_NO_VALUE for weights); its output
 * is returned. Used before a fusion swallows a value whose shape is asked for. */
enum dsq_status dsq_graph_shape_twin(struct dsq_graph *g, int32_t i, dsq_vid *out,
                                     struct dsq_diag *d) DSQ_MUST_CHECK;

/* ---- analyses, computed on demand, never kept ---- */
struct dsq_uses {
    int32_t *producer; /* by value: node index or -1 */
    int32_t *n_uses;   /* by value: inputs of running nodes and graph outputs that need its DATA */
    int32_t *n_shape_uses; /* by value: uses that need only its shape (shape, twins) */
    int32_t *consumer;     /* by value: the node of its only data use, else -1 */
};
/* Does the shape of the node's outputs depend on what input k holds? */
bool dsq_node_sized_by(const struct dsq_node *n, int32_t k);
/* Does the node look at nothing but the shape of its input k? (Contents that a shape_only node
 * itself reads to know its shape, such as Resize's sizes, are data.) */
bool dsq_node_uses_shape(const struct dsq_node *n, int32_t k);
/* Arrays live in `arena`. */
enum dsq_status dsq_graph_uses(const struct dsq_graph *g, struct dsq_arena *arena,
                               struct dsq_uses *u, struct dsq_diag *d) DSQ_MUST_CHECK;

static inline bool dsq_value_is_const(const struct dsq_graph *g, dsq_vid v)
{
    return v >= 0 && g->value[v].data != NULL;
}
DSQ_API size_t dsq_dtype_bytes(enum dsq_dtype t);
DSQ_API const char *dsq_dtype_name(enum dsq_dtype t); /* "f32", "s8", ... */
/* "node 'NAME' (Conv)" or, without a name, "node of output 'Y' (conv)": for messages. Arena string
 * of g. */
const char *dsq_node_label(struct dsq_graph *g, int32_t node);
/* The same into a buffer of the caller's (cut to fit), for threads that share a graph. Returns it.
 * */
const char *dsq_node_describe(const struct dsq_graph *g, int32_t node, char *buffer, size_t bytes);

/* ---- convolution's segments ---- */
static inline int32_t dsq_conv_segments(const struct dsq_node *n)
{
    return n->n_out;
}
enum { DSQ_CONV_W = 0, DSQ_CONV_B = 1, DSQ_CONV_FIXED = 2, DSQ_CONV_PER_SEGMENT = 3 };
static inline dsq_vid dsq_conv_x(const struct dsq_node *n, int32_t s)
{
    return n->in[2 + 3 * s];
}
static inline dsq_vid dsq_conv_r(const struct dsq_node *n, int32_t s)
{
    return n->in[3 + 3 * s];
}
static inline dsq_vid dsq_conv_m(const struct dsq_node *n, int32_t s)
{
    return n->in[4 + 3 * s];
}

/* ---- text, see text.h; checks, see check.h; shapes, see infer.h ---- */

#endif
