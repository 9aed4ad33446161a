/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts: making and freeing them, and finding or making the plan of the bound shapes. */
#include <string.h>

#include "base/settings.h"
#include "engine/engine.h"

enum { DEFAULT_PLANS = 16, MOST_PLANS = 1 << 16 };

static enum dsq_status make_pool(struct dsq_context *c, const struct dsq_context_settings *s,
                                 const struct dsq_common *common, struct dsq_diag *d)
{
    c->pool = s->pool;
    if (c->pool)
        return DSQ_OK;
    if (common->executor)
        DSQ_TRY(dsq_pool_wrap(&c->own_pool, common->executor, c->allocator, d));
    else
        DSQ_TRY(dsq_pool_create(&c->own_pool, common->threads, c->allocator, d));
    c->pool = c->own_pool;
    return DSQ_OK;
}

static enum dsq_status make_arrays(struct dsq_context *c, struct dsq_diag *d)
{
    const struct dsq_graph *g = &c->graph;
    size_t n_in = (size_t)g->n_inputs, n_out = (size_t)g->n_outputs;
    c->view = dsq_arena_calloc(&c->arena, (size_t)g->n_values, sizeof *c->view);
    c->input = dsq_arena_calloc(&c->arena, n_in, sizeof *c->input);
    c->output = dsq_arena_calloc(&c->arena, n_out, sizeof *c->output);
    c->output_view = dsq_arena_calloc(&c->arena, n_out, sizeof *c->output_view);
    c->key = dsq_arena_calloc(&c->arena, n_in * DSQ_MAX_RANK, sizeof *c->key);
    if (!c->view || !c->input || !c->output || !c->output_view || !c->key)
        return dsq_fail(d, DSQ_NOMEM, "no memory for a context");
    for (size_t i = 0; i < n_in; i++)
        c->input[i].rank = -1;
    return DSQ_OK;
}

static enum dsq_status set_up(struct dsq_context *c, const struct dsq_context_settings *s,
                              const struct dsq_common *common, struct dsq_diag *d)
{
    const struct dsq_engine *e = c->engine;
    if (s->plan_cache < 0 || s->plan_cache > MOST_PLANS)
        return dsq_fail(d, DSQ_ARGUMENT, "a cache of %d plans; expected 0 to %d",
                        (int)s->plan_cache, MOST_PLANS);
    DSQ_TRY(make_pool(c, s, common, d));
    DSQ_TRY(make_arrays(c, d));
    DSQ_TRY(dsq_sizes_create(&c->sizes, &c->graph, &c->arena, d));
    DSQ_TRY(dsq_planner_create(&c->planner, &e->program, e->prepared, c->pool, &c->arena, d));
    return dsq_plan_cache_create(&c->cache, &c->graph,
                                 s->plan_cache ? s->plan_cache : DEFAULT_PLANS, c->allocator, d);
}

enum dsq_status dsq_context_create(struct dsq_context **out, const struct dsq_engine *engine,
                                   const struct dsq_context_settings *settings,
                                   struct dsq_diag *diag)
{
    if (!out || !engine)
        return dsq_fail(diag, DSQ_ARGUMENT, "dsq_context_create needs 'out' and an engine");
    *out = NULL;
    struct dsq_context_settings s = {.size = sizeof s};
    struct dsq_common common;
    DSQ_TRY(dsq_settings_read(&s, sizeof s, settings, "struct dsq_context_settings", diag));
    DSQ_TRY(dsq_common_read(&common, s.common, diag));
    struct dsq_context *c = dsq_calloc(common.allocator, 1, sizeof *c);
    if (!c)
        return dsq_fail(diag, DSQ_NOMEM, "no memory for a context");
    c->engine = engine;
    c->allocator = common.allocator;
    c->dirty = true;
    c->graph = *engine->file->graph;
    dsq_arena_init(&c->graph.arena, common.allocator);
    dsq_arena_init(&c->arena, common.allocator);
    enum dsq_status status = set_up(c, &s, &common, diag);
    if (status != DSQ_OK) {
        dsq_context_free(&c);
        return status;
    }
    *out = c;
    return DSQ_OK;
}

void dsq_context_free(struct dsq_context **context)
{
    struct dsq_context *c = context ? *context : NULL;
    if (!c)
        return;
    dsq_context_attach(c, NULL, NULL);
    dsq_plan_cache_free(&c->cache);
    dsq_release(c->allocator, c->memory);
    dsq_release(c->allocator, c->output_memory);
    dsq_pool_free(&c->own_pool);
    dsq_arena_free(&c->arena);
    dsq_arena_free(&c->graph.arena);
    dsq_release(c->allocator, c);
    *context = NULL;
}

/* ---- reshape ---- */

static enum dsq_status check_bound(const struct dsq_context *c, struct dsq_diag *d)
{
    for (int32_t i = 0; i < c->graph.n_inputs; i++)
        if (c->input[i].rank < 0)
            return dsq_fail(d, DSQ_ARGUMENT, "input '%s' is not set",
                            c->graph.value[c->graph.input[i]].name);
    return DSQ_OK;
}

static enum dsq_status infer_sizes(struct dsq_context *c, struct dsq_diag *d)
{
    for (int32_t i = 0; i < c->graph.n_inputs; i++) {
        struct dsq_shape *shape = &c->sizes.shape[c->graph.input[i]];
        shape->rank = c->input[i].rank;
        memcpy(shape->dim, c->input[i].dims, sizeof shape->dim);
    }
    return dsq_sizes_infer(&c->sizes, &c->graph, NULL, d);
}

/* The plan for the bound shapes: a kept one, or a new one. */
static enum dsq_status find_plan(struct dsq_context *c, struct dsq_plan **plan, struct dsq_diag *d)
{
    *plan = dsq_plan_cache_find(&c->cache, c->key);
    if (*plan && c->engine->program.n_host == 0)
        return DSQ_OK;
    DSQ_TRY(infer_sizes(c, d));
    if (*plan)
        return DSQ_OK; /* sizes again hold this shape's host values */
    struct dsq_plan *fresh = dsq_plan_cache_take(&c->cache, c->key);
    if (!fresh)
        return dsq_fail(d, DSQ_NOMEM, "no memory for a plan");
    DSQ_TRY(dsq_plan_make(fresh, &c->planner, &c->sizes, d));
    dsq_plan_cache_commit(&c->cache, fresh);
    *plan = fresh;
    return DSQ_OK;
}

/* One block for activations and workspace; it grows when a shape needs more. */
static enum dsq_status make_room(struct dsq_context *c, const struct dsq_plan *plan,
                                 struct dsq_diag *d)
{
    size_t need;
    if (!dsq_add(plan->arena_bytes, plan->workspace_bytes, &need))
        return dsq_fail(d, DSQ_NOMEM, "the activations exceed the address space");
    if (c->memory && need <= c->memory_bytes)
        return DSQ_OK;
    dsq_release(c->allocator, c->memory);
    c->memory_bytes = 0;
    c->memory = dsq_alloc(c->allocator, need);
    if (!c->memory)
        return dsq_fail(d, DSQ_NOMEM, "no memory for %zu bytes of activations", need);
    c->memory_bytes = need;
    return DSQ_OK;
}

/* Offsets become pointers. */
static void set_pointers(struct dsq_context *c, const struct dsq_plan *plan)
{
    const struct dsq_program *p = &c->engine->program;
    memcpy(c->view, plan->view, (size_t)c->graph.n_values * sizeof *c->view);
    for (dsq_vid v = 0; v < c->graph.n_values; v++)
        if (p->place[v] == DSQ_PLACE_ARENA || p->place[v] == DSQ_PLACE_PART ||
            p->place[v] == DSQ_PLACE_VIEW)
            c->view[v].data = c->memory + plan->offset[v];
}

enum dsq_status dsq_context_reshape(struct dsq_context *c, struct dsq_diag *diag)
{
    if (!c)
        return dsq_fail(diag, DSQ_ARGUMENT, "no context");
    c->ran = false;
    if (!c->dirty)
        return DSQ_OK;
    c->plan = NULL;
    struct dsq_plan *plan = NULL;
    DSQ_TRY(check_bound(c, diag));
    DSQ_TRY(find_plan(c, &plan, diag));
    DSQ_TRY(make_room(c, plan, diag));
    set_pointers(c, plan);
    c->plan = plan;
    c->dirty = false;
    return DSQ_OK;
}

size_t dsq_context_activation_bytes(const struct dsq_context *c)
{
    return c->plan ? c->plan->arena_bytes + c->plan->workspace_bytes : 0;
}

void dsq_context_on_tensor(struct dsq_context *c, dsq_on_tensor_fn *fn, void *user)
{
    c->on_tensor = fn;
    c->on_tensor_user = user;
}

const struct dsq_engine *dsq_context_engine(const struct dsq_context *context)
{
    return context->engine;
}

void dsq_context_profile(struct dsq_context *context, double *seconds)
{
    context->seconds = seconds;
}

void dsq_context_attach(struct dsq_context *context, void *attached, void (*free)(void *attached))
{
    if (context->attached && context->attached_free)
        context->attached_free(context->attached);
    context->attached = attached;
    context->attached_free = free;
}

void *dsq_context_attached(const struct dsq_context *context)
{
    return context->attached;
}
