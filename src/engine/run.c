/* SPDX-License-Identifier: Apache-2.0 */
/* Running a plan: placing inputs and outputs, the steps, the hook. Allocates nothing but the memory
 * of outputs that nobody bound, and that only when a shape needs more of it. */
#include <string.h>

#include "engine/engine.h"
#include "graph/rule.h"

/* ---- outputs ---- */

static const char *output_name(const struct dsq_context *c, int32_t i)
{
    return c->graph.value[c->graph.output[i]].name;
}

static enum dsq_status check_output(const struct dsq_context *c, int32_t i,
                                    const struct dsq_view *bound, struct dsq_diag *d)
{
    const struct dsq_view *v = &c->plan->view[c->graph.output[i]];
    if (bound->rank != v->rank)
        return dsq_fail(d, DSQ_SHAPE, "output '%s' has rank %d, the tensor bound to it %d",
                        output_name(c, i), (int)v->rank, (int)bound->rank);
    for (int32_t k = 0; k < v->rank; k++)
        if (bound->dims[k] != v->dims[k])
            return dsq_fail(
                d, DSQ_SHAPE, "output '%s' dimension %d is %lld, in the tensor bound to it %lld",
                output_name(c, i), (int)k, (long long)v->dims[k], (long long)bound->dims[k]);
    return DSQ_OK;
}

/* The bytes from the first to the last element; false if there are none. */
static bool find_extent(const struct dsq_view *v, uintptr_t *begin, uintptr_t *end)
{
    int64_t element = (int64_t)dsq_dtype_bytes(v->dtype), low = 0, high = 0;
    for (int32_t k = 0; k < v->rank; k++) {
        int64_t reach = (v->dims[k] - 1) * v->strides[k] * element;
        low += reach < 0 ? reach : 0;
        high += reach > 0 ? reach : 0;
    }
    *begin = (uintptr_t)v->data + (uintptr_t)low;
    *end = (uintptr_t)v->data + (uintptr_t)(high + element);
    return dsq_view_elements(v) > 0;
}

/* An output that is written while an input is still to be read would spoil it. */
static enum dsq_status check_apart(const struct dsq_context *c, int32_t i,
                                   const struct dsq_view *bound, struct dsq_diag *d)
{
    uintptr_t begin, end, from, to;
    if (!find_extent(bound, &begin, &end))
        return DSQ_OK;
    for (int32_t k = 0; k < c->graph.n_inputs; k++)
        if (find_extent(&c->input[k], &from, &to) && from < end && begin < to)
            return dsq_fail(d, DSQ_ARGUMENT, "output '%s' overlaps the memory of input '%s'",
                            output_name(c, i), c->graph.value[c->graph.input[k]].name);
    return DSQ_OK;
}

static enum dsq_status make_output_room(struct dsq_context *c, struct dsq_diag *d)
{
    bool owned = false;
    for (int32_t i = 0; i < c->graph.n_outputs; i++)
        owned = owned || !c->output[i].bound;
    if (!owned || (c->output_memory && c->output_memory_bytes >= c->plan->output_bytes))
        return DSQ_OK;
    dsq_release(c->allocator, c->output_memory);
    c->output_memory_bytes = 0;
    c->output_memory = dsq_alloc(c->allocator, c->plan->output_bytes);
    if (!c->output_memory)
        return dsq_fail(d, DSQ_NOMEM, "no memory for %zu bytes of outputs", c->plan->output_bytes);
    c->output_memory_bytes = c->plan->output_bytes;
    return DSQ_OK;
}

/* An output of the context's own: dense, in the layout asked for. */
static void own_output(const struct dsq_context *c, int32_t i, struct dsq_view *v)
{
    *v = c->plan->view[c->graph.output[i]];
    v->layout = v->rank == 4 ? c->output[i].tensor.layout : DSQ_NCHW;
    v->data = c->output_memory ? c->output_memory + c->plan->output_offset[i] : NULL;
    dsq_view_set_dense(v);
}

static enum dsq_status place_outputs(struct dsq_context *c, struct dsq_diag *d)
{
    const struct dsq_program *p = &c->engine->program;
    DSQ_TRY(make_output_room(c, d));
    for (int32_t i = 0; i < c->graph.n_outputs; i++) {
        struct dsq_view *v = &c->output_view[i];
        if (c->output[i].bound) {
            DSQ_TRY(dsq_tensor_to_view(&c->output[i].tensor, output_name(c, i), v, d));
            DSQ_TRY(check_output(c, i, v, d));
            DSQ_TRY(check_apart(c, i, v, d));
        } else {
            own_output(c, i, v);
        }
        if (p->place[c->graph.output[i]] == DSQ_PLACE_OUTPUT)
            c->view[c->graph.output[i]] = *v;
    }
    return DSQ_OK;
}

/* Values that others read too, or that no step makes, are copied out at the end. */
static void copy_outputs(struct dsq_context *c)
{
    const struct dsq_engine *e = c->engine;
    for (int32_t i = 0; i < c->graph.n_outputs; i++) {
        dsq_vid v = c->graph.output[i];
        if (e->program.place[v] != DSQ_PLACE_OUTPUT)
            e->backend->copy(e->device, c->pool, &c->output_view[i], &c->view[v]);
    }
}

enum dsq_status dsq_context_output(const struct dsq_context *c, int32_t i,
                                   struct dsq_tensor *tensor, struct dsq_diag *diag)
{
    if (!c)
        return dsq_fail(diag, DSQ_ARGUMENT, "no context");
    if (i < 0 || i >= c->graph.n_outputs || !tensor)
        return dsq_fail(diag, DSQ_ARGUMENT, "output %d of only %d", (int)i,
                        (int)c->graph.n_outputs);
    if (!c->plan)
        return dsq_fail(diag, DSQ_ARGUMENT, "output '%s' has no shape before a reshape or run",
                        output_name(c, i));
    if (c->ran) {
        dsq_view_to_tensor(&c->output_view[i], tensor);
        return DSQ_OK;
    }
    struct dsq_view v;
    own_output(c, i, &v);
    v.data = NULL;
    dsq_view_to_tensor(&v, tensor);
    return DSQ_OK;
}

/* ---- inputs ---- */

static void place_inputs(struct dsq_context *c)
{
    const struct dsq_engine *e = c->engine;
    for (int32_t i = 0; i < c->graph.n_inputs; i++) {
        dsq_vid v = c->graph.input[i];
        if (!e->program.staged[i] || dsq_view_is_dense(&c->input[i], c->graph.value[v].layout)) {
            c->view[v] = c->input[i];
            continue;
        }
        c->view[v] = c->plan->view[v];
        c->view[v].data = c->memory + c->plan->offset[v];
        e->backend->copy(e->device, c->pool, &c->view[v], &c->input[i]);
    }
}

/* Sizes that steps read as data. */
static enum dsq_status write_host_values(struct dsq_context *c, struct dsq_diag *d)
{
    const struct dsq_program *p = &c->engine->program;
    for (int32_t i = 0; i < p->n_host; i++) {
        dsq_vid v = p->host[i];
        const struct dsq_view *view = &c->view[v];
        int32_t slot = c->sizes.host_slot[v];
        if (slot < 0 || !c->sizes.host[slot].known ||
            (size_t)c->sizes.host[slot].n != dsq_view_elements(view))
            return dsq_fail(d, DSQ_SHAPE, "'%s' is needed as data, but its numbers are not known",
                            c->graph.value[v].name);
        if (!dsq_host_write(&c->sizes.host[slot], view->dtype, view->data))
            return dsq_fail(d, DSQ_SHAPE, "'%s' holds what is no number of type %s",
                            c->graph.value[v].name, dsq_dtype_name(view->dtype));
    }
    return DSQ_OK;
}

/* ---- steps ---- */

static void show(const struct dsq_context *c, const char *node, dsq_vid v)
{
    struct dsq_tensor t;
    dsq_view_to_tensor(&c->view[v], &t);
    c->on_tensor(c->on_tensor_user, node, c->graph.value[v].name, &t);
}

static enum dsq_status run_steps(struct dsq_context *c, struct dsq_diag *d)
{
    const struct dsq_engine *e = c->engine;
    struct dsq_call call = {.graph = &c->graph,
                            .view = c->view,
                            .workspace = c->memory + c->plan->arena_bytes,
                            .pool = c->pool};
    for (int32_t s = 0; s < e->program.n_steps; s++) {
        int32_t node = e->program.step[s];
        double start = c->seconds ? dsq_now() : 0;
        call.node = &c->graph.node[node];
        DSQ_TRY(e->backend->run(e->prepared[s], &call, d));
        if (c->seconds)
            c->seconds[node] += dsq_now() - start;
        for (int32_t k = 0; c->on_tensor && k < call.node->n_out; k++)
            show(c, call.node->name, call.node->out[k]);
    }
    return DSQ_OK;
}

enum dsq_status dsq_context_run(struct dsq_context *c, struct dsq_diag *diag)
{
    if (!c || c->dirty)
        DSQ_TRY(dsq_context_reshape(c, diag));
    c->ran = false;
    DSQ_TRY(place_outputs(c, diag));
    place_inputs(c);
    DSQ_TRY(write_host_values(c, diag));
    for (int32_t i = 0; c->on_tensor && i < c->graph.n_inputs; i++)
        show(c, "", c->graph.input[i]);
    DSQ_TRY(run_steps(c, diag));
    copy_outputs(c);
    c->ran = true;
    return DSQ_OK;
}
