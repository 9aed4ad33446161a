/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan: everything about one set of input shapes that a run needs. Shapes and strides of all
 * values, offsets into the arena (never pointers), workspace, sizes of the outputs. And a small
 * cache of plans.
 *
 * All plans of a program have the same size, so the cache reuses the memory of the plan that was
 * not used for longest.
 */
#ifndef DSQ_PLAN_PLAN_H
#define DSQ_PLAN_PLAN_H

#include "plan/arena_plan.h"
#include "plan/program.h"

struct dsq_plan {
    uint64_t used;         /* the cache's clock at the last use; 0: empty */
    int64_t *key;          /* dims of all graph inputs, DSQ_MAX_RANK each */
    struct dsq_view *view; /* by value, data NULL */
    size_t *offset;        /* by value in the arena or part of one: bytes */
    size_t *output_offset; /* by graph output: in a buffer of output_bytes, if the context owns them
                              all */
    size_t arena_bytes;    /* activations; the workspace follows */
    size_t workspace_bytes;
    size_t output_bytes;
};

/* Scratch for making plans, one a context. */
struct dsq_planner {
    const struct dsq_program *program;
    struct dsq_prepared *const *prepared; /* by step */
    struct dsq_pool *pool;
    struct dsq_arena_block_plan *block;
    dsq_vid *block_value;
    int32_t *order;
};
enum dsq_status dsq_planner_create(struct dsq_planner *p, const struct dsq_program *program,
                                   struct dsq_prepared *const *prepared, struct dsq_pool *pool,
                                   struct dsq_arena *arena, struct dsq_diag *d) DSQ_MUST_CHECK;
/* Fill `plan` (its key excepted) from shapes that dsq_sizes_infer has computed. Allocates nothing.
 */
enum dsq_status dsq_plan_make(struct dsq_plan *plan, const struct dsq_planner *p,
                              const struct dsq_sizes *sizes, struct dsq_diag *d) DSQ_MUST_CHECK;

struct dsq_plan_cache {
    const struct dsq_allocator *allocator;
    const struct dsq_graph *graph;
    struct dsq_plan **plan; /* NULL: not allocated yet */
    int32_t capacity;
    uint64_t clock;
};
enum dsq_status dsq_plan_cache_create(struct dsq_plan_cache *c, const struct dsq_graph *g,
                                      int32_t capacity, const struct dsq_allocator *a,
                                      struct dsq_diag *d) DSQ_MUST_CHECK;
void dsq_plan_cache_free(struct dsq_plan_cache *c);
/* The plan for these input dims (as dsq_plan.key), or NULL. Marks it used. */
struct dsq_plan *dsq_plan_cache_find(struct dsq_plan_cache *c, const int64_t *key);
/* A plan to fill, with its key set: unused memory, or that of the plan used longest ago. It counts
 * as empty until dsq_plan_cache_commit. NULL when memory is out. */
struct dsq_plan *dsq_plan_cache_take(struct dsq_plan_cache *c, const int64_t *key);
void dsq_plan_cache_commit(struct dsq_plan_cache *c, struct dsq_plan *plan);

#endif
