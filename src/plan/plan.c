/* SPDX-License-Identifier: Apache-2.0 */
/* One shape's plan: views, offsets, workspace. Arithmetic only. */
#include "plan/plan.h"

#include <string.h>

enum dsq_status dsq_planner_create(struct dsq_planner *p, const struct dsq_program *program,
                                   struct dsq_prepared *const *prepared, struct dsq_pool *pool,
                                   struct dsq_arena *arena, struct dsq_diag *d)
{
    size_t n = (size_t)program->graph->n_values;
    *p = (struct dsq_planner){.program = program, .prepared = prepared, .pool = pool};
    p->block = dsq_arena_calloc(arena, n, sizeof *p->block);
    p->block_value = dsq_arena_calloc(arena, n, sizeof *p->block_value);
    p->order = dsq_arena_calloc(arena, 2 * n, sizeof *p->order);
    if (!p->block || !p->block_value || !p->order)
        return dsq_fail(d, DSQ_NOMEM, "no memory to plan graph '%s'", program->graph->name);
    return DSQ_OK;
}

static enum dsq_status set_view(struct dsq_view *view, const struct dsq_graph *g, dsq_vid v,
                                const struct dsq_shape *shape, struct dsq_diag *d)
{
    const struct dsq_value *value = &g->value[v];
    size_t elements, bytes;
    if (shape->rank < 0 || !dsq_shape_elements(shape, &elements) ||
        !dsq_mul(elements, dsq_dtype_bytes(value->dtype), &bytes))
        return dsq_fail(d, DSQ_SHAPE, "tensor '%s' has no size that these inputs decide",
                        value->name);
    if (value->shape.rank >= 0 && value->shape.rank != shape->rank)
        return dsq_fail(d, DSQ_SHAPE,
                        "tensor '%s' has rank %d with these inputs, the graph says %d", value->name,
                        (int)shape->rank, (int)value->shape.rank);
    *view = (struct dsq_view){.data = (void *)(uintptr_t)value->data,
                              .dtype = value->dtype,
                              .layout = value->layout,
                              .rank = shape->rank};
    memcpy(view->dims, shape->dim, sizeof view->dims);
    dsq_view_set_dense(view);
    return DSQ_OK;
}

static enum dsq_status set_views(struct dsq_plan *plan, const struct dsq_program *program,
                                 const struct dsq_sizes *sizes, struct dsq_diag *d)
{
    for (dsq_vid v = 0; v < program->graph->n_values; v++)
        if (program->place[v] != DSQ_PLACE_NONE)
            DSQ_TRY(set_view(&plan->view[v], program->graph, v, &sizes->shape[v], d));
    return DSQ_OK;
}

static size_t view_bytes(const struct dsq_view *v)
{
    return dsq_view_elements(v) * dsq_dtype_bytes(v->dtype);
}

static bool has_block(const struct dsq_program *p, dsq_vid v)
{
    return p->place[v] == DSQ_PLACE_ARENA ||
           (p->place[v] == DSQ_PLACE_INPUT && p->staged[p->slot[v]]);
}

static enum dsq_status lay_out(struct dsq_plan *plan, const struct dsq_planner *p,
                               struct dsq_diag *d)
{
    const struct dsq_program *program = p->program;
    int32_t n = 0;
    for (dsq_vid v = 0; v < program->graph->n_values; v++)
        if (has_block(program, v)) {
            p->block[n] = (struct dsq_arena_block_plan){view_bytes(&plan->view[v]),
                                                        program->first[v], program->last[v], 0};
            p->block_value[n++] = v;
        }
    if (!dsq_arena_plan(p->block, n, p->order, &plan->arena_bytes))
        return dsq_fail(d, DSQ_SHAPE, "the activations of graph '%s' exceed the address space",
                        program->graph->name);
    for (int32_t i = 0; i < n; i++)
        plan->offset[p->block_value[i]] = p->block[i].offset;
    return DSQ_OK;
}

/* Parts of a concat's output: its strides, its offset and the channels before it. Holders come
 * after their parts, so going backwards finds each holder done. */
static void place_parts(struct dsq_plan *plan, const struct dsq_program *program)
{
    const struct dsq_graph *g = program->graph;
    for (int32_t s = program->n_steps - 1; s >= 0; s--) {
        const struct dsq_node *n = &g->node[program->step[s]];
        const struct dsq_view *y = &plan->view[n->out[0]];
        int64_t channel = 0;
        for (int32_t k = 0; n->op == DSQ_OP_CONCAT && k < n->n_in; k++) {
            struct dsq_view *x = &plan->view[n->in[k]];
            if (program->place[n->in[k]] == DSQ_PLACE_PART) {
                memcpy(x->strides, y->strides, sizeof x->strides);
                plan->offset[n->in[k]] =
                    plan->offset[n->out[0]] + (size_t)channel * dsq_dtype_bytes(y->dtype);
            }
            channel += x->dims[1];
        }
    }
}

/* Views come after what they show. */
static void place_views(struct dsq_plan *plan, const struct dsq_program *program)
{
    const struct dsq_graph *g = program->graph;
    for (int32_t s = 0; s < program->n_steps; s++) {
        const struct dsq_node *n = &g->node[program->step[s]];
        int64_t channel = 0, start;
        for (int32_t k = 0; k < n->n_out; k++) {
            struct dsq_view *y = &plan->view[n->out[k]];
            if (program->place[n->out[k]] == DSQ_PLACE_VIEW) {
                const struct dsq_view *x = &plan->view[n->in[0]];
                plan->offset[n->out[k]] = plan->offset[n->in[0]];
                if (dsq_program_channels(g, n, &start)) {
                    const int64_t first = channel + dsq_slice_first(x->dims[1], start, 1);
                    plan->offset[n->out[k]] += (size_t)first * dsq_dtype_bytes(y->dtype);
                    memcpy(y->strides, x->strides, sizeof y->strides);
                }
            }
            channel += y->rank > 1 ? y->dims[1] : 0;
        }
    }
}

static enum dsq_status size_workspace(struct dsq_plan *plan, const struct dsq_planner *p,
                                      struct dsq_diag *d)
{
    const struct dsq_program *program = p->program;
    plan->workspace_bytes = 0;
    for (int32_t s = 0; s < program->n_steps; s++) {
        struct dsq_call call = {.graph = program->graph,
                                .node = &program->graph->node[program->step[s]],
                                .view = plan->view,
                                .pool = p->pool};
        size_t bytes = 0;
        DSQ_TRY(program->backend->workspace(p->prepared[s], &call, &bytes, d));
        if (bytes > plan->workspace_bytes)
            plan->workspace_bytes = bytes;
    }
    return DSQ_OK;
}

static enum dsq_status size_outputs(struct dsq_plan *plan, const struct dsq_program *program,
                                    struct dsq_diag *d)
{
    plan->output_bytes = 0;
    for (int32_t i = 0; i < program->graph->n_outputs; i++) {
        plan->output_offset[i] = plan->output_bytes;
        size_t bytes = view_bytes(&plan->view[program->graph->output[i]]);
        if (!dsq_add(plan->output_bytes, dsq_align_up(bytes, DSQ_ARENA_ALIGNMENT),
                     &plan->output_bytes))
            return dsq_fail(d, DSQ_SHAPE, "the outputs of graph '%s' exceed the address space",
                            program->graph->name);
    }
    return DSQ_OK;
}

enum dsq_status dsq_plan_make(struct dsq_plan *plan, const struct dsq_planner *p,
                              const struct dsq_sizes *sizes, struct dsq_diag *d)
{
    DSQ_TRY(set_views(plan, p->program, sizes, d));
    DSQ_TRY(lay_out(plan, p, d));
    place_parts(plan, p->program);
    place_views(plan, p->program);
    DSQ_TRY(size_workspace(plan, p, d));
    return size_outputs(plan, p->program, d);
}
