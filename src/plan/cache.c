/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of plans: least recently used goes first. */
#include <string.h>

#include "plan/plan.h"

static size_t key_bytes(const struct dsq_graph *g)
{
    return (size_t)g->n_inputs * DSQ_MAX_RANK * sizeof(int64_t);
}

enum dsq_status dsq_plan_cache_create(struct dsq_plan_cache *c, const struct dsq_graph *g,
                                      int32_t capacity, const struct dsq_allocator *a,
                                      struct dsq_diag *d)
{
    *c = (struct dsq_plan_cache){.allocator = a, .graph = g, .capacity = capacity};
    c->plan = dsq_calloc(a, (size_t)capacity, sizeof *c->plan);
    if (!c->plan)
        return dsq_fail(d, DSQ_NOMEM, "no memory for %d plans", (int)capacity);
    return DSQ_OK;
}

void dsq_plan_cache_free(struct dsq_plan_cache *c)
{
    for (int32_t i = 0; c->plan && i < c->capacity; i++)
        dsq_release(c->allocator, c->plan[i]);
    dsq_release(c->allocator, c->plan);
    c->plan = NULL;
}

struct dsq_plan *dsq_plan_cache_find(struct dsq_plan_cache *c, const int64_t *key)
{
    for (int32_t i = 0; i < c->capacity; i++) {
        struct dsq_plan *p = c->plan[i];
        if (p && p->used && memcmp(p->key, key, key_bytes(c->graph)) == 0) {
            p->used = ++c->clock;
            return p;
        }
    }
    return NULL;
}

/* One piece of memory: the struct, then its arrays. */
static struct dsq_plan *new_plan(const struct dsq_plan_cache *c)
{
    size_t n = (size_t)c->graph->n_values, n_out = (size_t)c->graph->n_outputs;
    size_t key = dsq_align_up(sizeof(struct dsq_plan), 64);
    size_t view = key + dsq_align_up(key_bytes(c->graph), 64);
    size_t offset = view + dsq_align_up(n * sizeof(struct dsq_view), 64);
    size_t output_offset = offset + dsq_align_up(n * sizeof(size_t), 64);
    char *p = dsq_calloc(c->allocator, 1, output_offset + n_out * sizeof(size_t));
    if (!p)
        return NULL;
    struct dsq_plan *plan = (struct dsq_plan *)(void *)p;
    plan->key = (int64_t *)(void *)(p + key);
    plan->view = (struct dsq_view *)(void *)(p + view);
    plan->offset = (size_t *)(void *)(p + offset);
    plan->output_offset = (size_t *)(void *)(p + output_offset);
    return plan;
}

struct dsq_plan *dsq_plan_cache_take(struct dsq_plan_cache *c, const int64_t *key)
{
    struct dsq_plan **best = NULL;
    for (int32_t i = 0; i < c->capacity; i++) {
        struct dsq_plan **p = &c->plan[i];
        if (!*p) {
            *p = new_plan(c);
            best = *p ? p : best;
            break;
        }
        if (!best || (*p)->used < (*best)->used)
            best = p;
    }
    if (!best)
        return NULL;
    (*best)->used = 0;
    memcpy((*best)->key, key, key_bytes(c->graph));
    return *best;
}

void dsq_plan_cache_commit(struct dsq_plan_cache *c, struct dsq_plan *plan)
{
    plan->used = ++c->clock;
}
