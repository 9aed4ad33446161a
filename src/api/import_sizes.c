/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Import, and the sizes of its inputs: as the header has them, as a profile wants them, or free as
 * far as the model allows it.
 */
#include "api/compile.h"
#include "api/profile.h"
#include "base/memory.h"
#include "base/settings.h"

#include <string.h>

/* "a,b" as names in the arena. */
static enum dsq_status split_outputs(const char *outputs, struct dsq_arena *arena,
                                     struct dsq_onnx_options *o, struct dsq_diag *d)
{
    enum { MOST = 256 };
    const char **name = dsq_arena_calloc(arena, MOST, sizeof *name);
    if (!name)
        return dsq_fail(d, DSQ_NOMEM, "outputs: out of memory");
    o->outputs = name;
    while (*outputs) {
        size_t length = strcspn(outputs, ",");
        if (length == 0 || o->n_outputs == MOST)
            return dsq_fail(d, DSQ_ARGUMENT, "outputs: expected tensor names, as in a,b");
        name[o->n_outputs] = dsq_arena_string(arena, outputs, length);
        if (!name[o->n_outputs++])
            return dsq_fail(d, DSQ_NOMEM, "outputs: out of memory");
        outputs += length + (outputs[length] == ',');
    }
    return o->n_outputs ? DSQ_OK : dsq_fail(d, DSQ_ARGUMENT, "outputs: no tensor is named");
}

static enum dsq_status import_with(struct dsq_graph **out, const struct dsq_onnx *model,
                                   const char *outputs, const struct dsq_onnx_free *free_dims,
                                   size_t n_free, const struct dsq_allocator *a, struct dsq_diag *d)
{
    struct dsq_onnx_options o = {.free = free_dims, .n_free = n_free};
    struct dsq_arena arena;
    dsq_arena_init(&arena, a);
    enum dsq_status status = outputs ? split_outputs(outputs, &arena, &o, d) : DSQ_OK;
    if (status == DSQ_OK)
        status = dsq_onnx_to_graph_at(model, &o, out, d);
    dsq_arena_free(&arena);
    return status;
}

enum dsq_status dsq_import(struct dsq_graph **out, const struct dsq_onnx *model,
                           const char *outputs, const struct dsq_allocator *a, struct dsq_diag *d)
{
    return import_with(out, model, outputs, NULL, 0, a, d);
}

/* ---- free as far as the model allows it ---- */

/* The dimensions in `mask` that are numbers in inputs like pictures; how many inputs have some. */
static size_t list_fixed(const struct dsq_graph *g, uint32_t mask, struct dsq_onnx_free *free_dims)
{
    size_t n = 0;
    for (int32_t i = 0; i < g->n_inputs; i++) {
        const struct dsq_value *v = &g->value[g->input[i]];
        uint32_t dims = 0;
        for (int32_t k = 0; k < v->shape.rank; k++)
            if (dsq_dim_is_number(v->shape.dim[k]))
                dims |= 1u << k & mask;
        if (v->shape.rank == 4 && dims)
            free_dims[n++] = (struct dsq_onnx_free){v->name, dims};
    }
    return n;
}

enum dsq_status dsq_import_freely(struct dsq_graph **out, const struct dsq_onnx *model,
                                  const char *outputs, const struct dsq_allocator *a,
                                  struct dsq_diag *d)
{
    enum { BATCH = 1, PICTURE = 1 << 2 | 1 << 3 };
    static const uint32_t masks[] = {PICTURE | BATCH, PICTURE};
    struct dsq_graph *g = NULL, *freed = NULL;
    DSQ_TRY(dsq_import(&g, model, outputs, a, d));
    struct dsq_onnx_free *list = dsq_calloc(a, (size_t)g->n_inputs, sizeof *list);
    if (!list) {
        dsq_graph_free(&g);
        return dsq_fail(d, DSQ_NOMEM, "out of memory");
    }
    enum dsq_status status = DSQ_SHAPE;
    for (size_t i = 0; i < sizeof masks / sizeof *masks && status != DSQ_OK; i++) {
        struct dsq_diag refused;
        size_t n = list_fixed(g, masks[i], list);
        if (n)
            status = import_with(&freed, model, outputs, list, n, a, &refused);
    }
    if (freed)
        dsq_graph_free(&g);
    *out = freed ? freed : g;
    dsq_release(a, list);
    return DSQ_OK;
}

/* ---- as a profile wants them ---- */

/* Inputs whose profile has other sizes than the graph; how many they are. */
static size_t list_other(const struct dsq_graph *g, const struct dsq_profile_input *profile,
                         struct dsq_onnx_free *free_dims)
{
    size_t n = 0;
    for (int32_t i = 0; i < g->n_inputs; i++) {
        const struct dsq_value *v = &g->value[g->input[i]];
        uint32_t dims = dsq_profile_other_dims(&profile[i], &v->shape);
        if (dims)
            free_dims[n++] = (struct dsq_onnx_free){v->name, dims};
    }
    return n;
}

/* Import again, with those dimensions free. */
static enum dsq_status free_for_profile(struct dsq_graph **g, const struct dsq_onnx *model,
                                        const struct dsq_compile *c, struct dsq_onnx_free *list,
                                        size_t n, struct dsq_diag *d)
{
    struct dsq_graph *freed = NULL;
    enum dsq_status status =
        import_with(&freed, model, c->outputs, list, n, c->common->allocator, d);
    if (status != DSQ_OK)
        return dsq_fail_in(d, status,
                           "the model fixes sizes of input '%s' and the profile has others",
                           list[0].input);
    dsq_graph_free(g);
    *g = freed;
    return DSQ_OK;
}

enum dsq_status dsq_import_for_profile(struct dsq_graph **g, const struct dsq_onnx *model,
                                       const struct dsq_compile *c, struct dsq_arena *arena,
                                       struct dsq_profile_input **profile, struct dsq_diag *d)
{
    bool has_profile = c->min_shapes || c->opt_shapes || c->max_shapes;
    if (c->free_sizes && !has_profile)
        return dsq_import_freely(g, model, c->outputs, c->common->allocator, d);
    DSQ_TRY(dsq_import(g, model, c->outputs, c->common->allocator, d));
    DSQ_TRY(dsq_profile_from_shapes(*g, c->min_shapes, c->opt_shapes, c->max_shapes, arena, profile,
                                    d));
    if (!*profile)
        return DSQ_OK;
    struct dsq_onnx_free *list = dsq_arena_calloc(arena, (size_t)(*g)->n_inputs, sizeof *list);
    if (!list)
        return dsq_fail(d, DSQ_NOMEM, "out of memory");
    size_t n = list_other(*g, *profile, list);
    if (!n)
        return DSQ_OK;
    DSQ_TRY(free_for_profile(g, model, c, list, n, d));
    return dsq_profile_from_shapes(*g, c->min_shapes, c->opt_shapes, c->max_shapes, arena, profile,
                                   d);
}
