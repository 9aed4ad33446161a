/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engines and contexts, as seen from inside the library (dsq.h has the public half).
 *
 *   file.h      graph + profile + task in memory, to and from bytes      engine_file.c file_bytes.c
 *   engine      the graph prepared on a device: immutable, shared        load.c
 *   context     one user's bindings, plans, memory, threads              context.c bind.c run.c
 *
 * An engine holds what does not depend on a shape (program, prepared nodes); a context what does.
 * Contexts of several threads never write to anything they share: a context has its own shallow
 * copy of the graph struct, whose arena is its own too, and shape inference leaves the arrays
 * alone.
 */
#ifndef DSQ_ENGINE_ENGINE_H
#define DSQ_ENGINE_ENGINE_H

#include <dsq/dsq.h>

#include "engine/file.h"
#include "plan/plan.h"

struct dsq_engine {
    const struct dsq_allocator *allocator;
    const struct dsq_engine_file *file;
    const struct dsq_backend *backend;
    struct dsq_device *device;
    uint32_t cpu_flags;
    struct dsq_arena arena; /* program, dimension names */
    struct dsq_program program;
    struct dsq_prepared **prepared; /* by step */
};

/* What one graph output is bound to. */
struct dsq_output_binding {
    bool bound;               /* the caller's memory, else the context's */
    struct dsq_tensor tensor; /* as given; strides 0: dense. Unbound: only layout counts */
};

struct dsq_context {
    const struct dsq_engine *engine;
    const struct dsq_allocator *allocator;
    struct dsq_graph graph; /* shallow; see above */
    struct dsq_arena arena; /* sizes, scratch, bindings */
    struct dsq_pool *pool, *own_pool;
    struct dsq_sizes sizes;
    struct dsq_planner planner;
    struct dsq_plan_cache cache;
    struct dsq_plan *plan;  /* of the bound inputs; NULL: reshape first */
    struct dsq_view *view;  /* by value, with data: what the steps see */
    struct dsq_view *input; /* by graph input: the caller's memory; rank -1: not set */
    struct dsq_output_binding *output;
    struct dsq_view *output_view; /* by graph output: where it goes */
    int64_t *key;                 /* dims of the bound inputs */
    bool dirty;                   /* the bound shapes are not the plan's */
    bool ran;                     /* outputs hold the results of the current plan */
    char *memory;                 /* activations, then workspace */
    size_t memory_bytes;
    char *output_memory; /* outputs that the caller did not bind */
    size_t output_memory_bytes;
    dsq_on_tensor_fn *on_tensor;
    void *on_tensor_user;
    double *seconds; /* by node, or NULL; see dsq_context_profile */
    void *attached;  /* another module's, see dsq_context_attach */
    void (*attached_free)(void *attached);
};

/* The engine that a context runs; its graph is engine->file->graph. */
const struct dsq_engine *dsq_context_engine(const struct dsq_context *context);

/* What node i of the graph executes: "host" for nodes that only compute sizes. */
void dsq_engine_node_kernel(const struct dsq_engine *engine, int32_t node,
                            struct dsq_kernel_info *info);
/* Bytes of packed weights, each content once. */
size_t dsq_engine_packed_bytes(const struct dsq_engine *engine);

/* From the next run on, add each node's seconds to seconds[node] (graph->n_nodes numbers, the
 * caller's). NULL ends that. */
void dsq_context_profile(struct dsq_context *context, double *seconds);

/* Let one thing of a user's (what detection prepares once) live and die with the context. Replaces
 * and frees what was attached before; `attached` may be NULL. */
void dsq_context_attach(struct dsq_context *context, void *attached, void (*free)(void *attached));
void *dsq_context_attached(const struct dsq_context *context); /* or NULL */

/* ---- between the files of this module ---- */

/* profile_json.c. Text from dsq_alloc(w's allocator) through the writer; parse checks against the
 * graph. */
enum dsq_status dsq_profile_to_json(const struct dsq_profile_input *profile, int32_t n,
                                    struct dsq_writer *w, struct dsq_diag *d) DSQ_MUST_CHECK;
enum dsq_status dsq_profile_parse(struct dsq_profile_input **out, const struct dsq_graph *g,
                                  const char *text, size_t bytes, struct dsq_arena *arena,
                                  struct dsq_diag *d) DSQ_MUST_CHECK;
/* MALFORMED unless there is one entry a graph input, in order, with 0 <= min <= opt <= max that fit
 * the dimensions the graph fixes. */
enum dsq_status dsq_profile_check(const struct dsq_profile_input *profile,
                                  const struct dsq_graph *g, struct dsq_diag *d) DSQ_MUST_CHECK;

/* bind.c: a caller's descriptor as a view. ARGUMENT for what no tensor can be. */
enum dsq_status dsq_tensor_to_view(const struct dsq_tensor *t, const char *what, struct dsq_view *v,
                                   struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
