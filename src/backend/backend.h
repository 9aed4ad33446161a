/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs the nodes of a graph: one table of functions a device, and the list of all tables.
 *
 * A node meets a backend in four moments, each rarer than the next:
 *   supports   when an engine is built or loaded: can this node run here, and if not, why
 *   prepare    once an engine: pack weights for the machine at hand, choose kernels
 *   workspace  once a shape: how much scratch memory a run needs
 *   run        no allocation; may fail only for reasons that shapes alone could not show
 *
 * Between them the engine hands over nothing but views: where a value lies and with which strides.
 * The planner (src/plan) decides where; the context (src/engine) turns its offsets into pointers.
 * A prepared node is immutable and may be run by several threads at once, each with its own call.
 *
 * To add a backend: docs/add-a-backend.md.
 */
#ifndef DSQ_BACKEND_BACKEND_H
#define DSQ_BACKEND_BACKEND_H

#include "base/parallel.h"
#include "graph/graph.h"

/* ---- views ---- */

/* A value in memory at run time. Dimensions are in ONNX order whatever the layout; stride[i] is the
 * distance in elements between neighbours along dimension i. */
struct dsq_view {
    void *data;
    enum dsq_dtype dtype;
    enum dsq_layout layout;
    int32_t rank;
    int64_t dims[DSQ_MAX_RANK];
    int64_t strides[DSQ_MAX_RANK];
};

/* Dense strides of these dims in this layout (NHWC: rank 4 only). */
void dsq_view_set_dense(struct dsq_view *v);
/* The strides are those of dsq_view_set_dense (dimensions of size 1 may have any). */
bool dsq_view_is_dense(const struct dsq_view *v, enum dsq_layout layout);
/* Rank 4, channels side by side, and one stride from pixel to pixel through all rows and pictures.
 */
bool dsq_view_is_pixels(const struct dsq_view *v);
/* Product of the dimensions. The planner has checked that it does not overflow. */
size_t dsq_view_elements(const struct dsq_view *v);
/* As the public descriptor, with byte strides. */
void dsq_view_to_tensor(const struct dsq_view *v, struct dsq_tensor *t);

/* ---- calls ---- */

/* One run of one node, or a question about it. For dsq_backend.workspace the views have no data. */
struct dsq_call {
    const struct dsq_graph *graph;
    const struct dsq_node *node;
    const struct dsq_view *view; /* by value id */
    void *workspace;             /* 64-byte aligned, as many bytes as were asked for */
    struct dsq_pool *pool;       /* the same number of threads for workspace and run */
};

/* What a prepared node will execute, for dsq inspect. */
struct dsq_kernel_info {
    const char *kernel; /* "igemm_s8_8x16__avx512vnni" */
    const char *why;    /* "INT8, 1 segment; the best within avx512vnni" */
};

struct dsq_backend_settings {
    const struct dsq_allocator *allocator;
    uint32_t cpu_flags; /* enum dsq_cpu_flag: what CPU kernels may use */
    int32_t device_id;
};

/* What a node's memory may look like, beyond dense in the value's own layout. */
enum dsq_memory_flag {
    DSQ_MEM_READS_ANY = 1,     /* inputs with any strides */
    DSQ_MEM_WRITES_ANY = 2,    /* outputs with any strides */
    DSQ_MEM_WRITES_PIXELS = 4, /* outputs with a pixel stride larger than C (part of a concat) */
    DSQ_MEM_READS_PIXELS = 8   /* inputs with such a stride (some channels of another value) */
};

struct dsq_device;   /* an opened backend: owns packed weights; each backend has its own struct */
struct dsq_prepared; /* a node made ready on a device */

struct dsq_backend {
    const char *name;
    enum dsq_device_type type;
    /* False with the reason in `why` ("mode linear: only nearest"). */
    bool (*supports)(const struct dsq_graph *g, int32_t node, char *why, size_t why_bytes);
    uint32_t (*memory)(const struct dsq_graph *g, int32_t node); /* of enum dsq_memory_flag */
    enum dsq_status (*open)(struct dsq_device **out, const struct dsq_backend_settings *s,
                            struct dsq_diag *d);
    void (*close)(struct dsq_device **device); /* after all its prepared nodes */
    /* The graph must outlive the prepared node. Not thread safe for one device. */
    enum dsq_status (*prepare)(struct dsq_device *device, const struct dsq_graph *g, int32_t node,
                               struct dsq_prepared **out, struct dsq_diag *d);
    void (*release)(struct dsq_prepared **prepared);
    /* Scratch bytes for these shapes; SHAPE when the operator cannot do them. */
    enum dsq_status (*workspace)(const struct dsq_prepared *p, const struct dsq_call *call,
                                 size_t *bytes, struct dsq_diag *d);
    enum dsq_status (*run)(const struct dsq_prepared *p, const struct dsq_call *call,
                           struct dsq_diag *d);
    /* dst = src: equal dimensions and element type, any strides. */
    void (*copy)(const struct dsq_device *device, struct dsq_pool *pool, const struct dsq_view *dst,
                 const struct dsq_view *src);
    void (*describe)(const struct dsq_prepared *p, struct dsq_kernel_info *info);
    /* Bytes of packed weights that the device holds, each content once. */
    size_t (*packed_bytes)(const struct dsq_device *device);
};

/* All backends, and the one for a device type (NULL: not built in). */
const struct dsq_backend *const *dsq_backends(int *n);
const struct dsq_backend *dsq_backend_find(enum dsq_device_type type);

#endif
