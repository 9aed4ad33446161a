/* SPDX-License-Identifier: Apache-2.0 */
/* A deep copy of a graph, made with the same calls that build one: ids and dimensions stay the
 * same. */
#include <string.h>

#include "graph/graph.h"

static bool copy_dims(struct dsq_dims *to, const struct dsq_dims *from)
{
    /* Symbols and forms are interned in the order they were made: the copies get the same numbers.
     */
    to->symbol = dsq_arena_calloc(to->arena, (size_t)from->symbol_capacity, sizeof *to->symbol);
    to->form = dsq_arena_calloc(to->arena, (size_t)from->form_capacity, sizeof *to->form);
    if (!to->symbol || !to->form)
        return false;
    to->symbol_capacity = from->symbol_capacity;
    to->form_capacity = from->form_capacity;
    for (int32_t i = 0; i < from->n_symbols; i++) {
        to->symbol[i] = dsq_arena_string(to->arena, from->symbol[i], strlen(from->symbol[i]));
        if (!to->symbol[i])
            return false;
        to->n_symbols++;
    }
    if (from->n_forms)
        memcpy(to->form, from->form, (size_t)from->n_forms * sizeof *to->form);
    to->n_forms = from->n_forms;
    return true;
}

static enum dsq_status copy_value(struct dsq_graph *to, const struct dsq_value *v,
                                  struct dsq_diag *d)
{
    dsq_vid id;
    if (v->data)
        DSQ_TRY(dsq_graph_add_const(to, v->name, v->dtype, &v->shape, v->data, v->bytes, &id, d));
    else
        DSQ_TRY(dsq_graph_add_value(to, v->name, v->dtype, &v->shape, &id, d));
    to->value[id].layout = v->layout;
    to->value[id].q = v->q;
    for (int32_t i = 0; i < v->n_aliases; i++)
        DSQ_TRY(dsq_graph_add_alias_name(to, id, v->alias[i], d));
    return DSQ_OK;
}

enum dsq_status dsq_graph_clone(struct dsq_graph **out, const struct dsq_graph *g,
                                struct dsq_diag *d)
{
    struct dsq_graph *to = NULL;
    enum dsq_status status;
    *out = NULL;
    DSQ_GUARD(dsq_graph_create(&to, g->name, g->arena.allocator, d));
    if (!copy_dims(&to->dims, &g->dims)) {
        status = dsq_fail(d, DSQ_NOMEM, "out of memory for a copy of the graph");
        goto fail;
    }
    for (dsq_vid v = 0; v < g->n_values; v++)
        DSQ_GUARD(copy_value(to, &g->value[v], d));
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const struct dsq_node *n = &g->node[i];
        int32_t copy;
        DSQ_GUARD(dsq_graph_add_node(to, n->op, n->name, n->n_in, n->in, n->n_out, n->out, n->attr,
                                     &copy, d));
        to->node[copy].shape_only = n->shape_only;
    }
    DSQ_GUARD(dsq_graph_set_io(to, g->input, g->n_inputs, g->output, g->n_outputs, d));
    *out = to;
    return DSQ_OK;
fail:
    dsq_graph_free(&to);
    return status;
}
