/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be computed now becomes a constant: the integers that shape inference already knows
 * (sizes of fixed dimensions), and operators whose inputs are all constants. Transcendental
 * functions are left to the executor, which owns their definition.
 */
#include "graph/infer.h"
#include "pass/fold_eval.h"
#include "pass/match.h"

/* Larger results are left alone: a constant that something enlarges should travel small. */
enum { MAX_FOLDED_BYTES = 256 << 20 };

/* The value becomes a constant in place: id and name stay. `data` lies in the graph's arena. */
static void become_const(struct dsq_graph *g, int32_t i, void *data, size_t bytes)
{
    struct dsq_value *v = &g->value[g->node[i].out[0]];
    v->data = data;
    v->bytes = bytes;
    v->layout = DSQ_NCHW;
    dsq_graph_kill_node(g, i);
}

static bool foldable(const struct dsq_graph *g, const struct dsq_node *n)
{
    return dsq_node_runs(n) && n->n_out == 1 && !dsq_value_is_const(g, n->out[0]) &&
           !dsq_is_graph_output(g, n->out[0]);
}

static void *place_for(struct dsq_graph *g, dsq_vid v, size_t *bytes)
{
    size_t n;
    if (!dsq_shape_elements(&g->value[v].shape, &n) ||
        !dsq_mul(n, dsq_dtype_bytes(g->value[v].dtype), bytes) || *bytes > MAX_FOLDED_BYTES)
        return NULL;
    return dsq_arena_alloc64(&g->arena, *bytes);
}

/* What inference knows of value v, if all n elements are numbers. */
static const struct dsq_host_data *known_numbers(const struct dsq_sizes *s, dsq_vid v, size_t n)
{
    const struct dsq_host_data *h = s->host_slot[v] < 0 ? NULL : &s->host[s->host_slot[v]];
    return h && h->known && (size_t)h->n == n && !h->symbolic ? h : NULL;
}

static bool fold_known(struct dsq_graph *g, const struct dsq_sizes *s, int32_t i)
{
    const dsq_vid v = g->node[i].out[0];
    const enum dsq_dtype t = g->value[v].dtype;
    size_t n, bytes;
    if ((t != DSQ_S64 && t != DSQ_S32) || !dsq_shape_elements(&g->value[v].shape, &n))
        return false;
    const struct dsq_host_data *h = known_numbers(s, v, n);
    void *data = h ? place_for(g, v, &bytes) : NULL;
    if (!data)
        return false;
    for (size_t k = 0; k < n; k++) {
        const int64_t number = h->e[k];
        if (t == DSQ_S32 && (number < INT32_MIN || number > INT32_MAX))
            return false;
        if (t == DSQ_S64)
            ((int64_t *)data)[k] = number;
        else
            ((int32_t *)data)[k] = (int32_t)number;
    }
    become_const(g, i, data, bytes);
    return true;
}

static bool inputs_are_const(const struct dsq_graph *g, const struct dsq_node *n)
{
    for (int32_t k = 0; k < n->n_in; k++)
        if (n->in[k] != DSQ_NO_VALUE && !dsq_value_is_const(g, n->in[k]))
            return false;
    return n->n_in > 0;
}

static bool fold_evaluated(struct dsq_graph *g, int32_t i)
{
    size_t bytes;
    if (!inputs_are_const(g, &g->node[i]))
        return false;
    void *data = place_for(g, g->node[i].out[0], &bytes);
    if (!data || !dsq_fold_node(g, i, data))
        return false;
    become_const(g, i, data, bytes);
    return true;
}

enum dsq_status dsq_pass_fold_constants(struct dsq_pass *p, bool *changed, struct dsq_diag *d)
{
    struct dsq_graph *g = p->g;
    struct dsq_arena scratch;
    struct dsq_sizes sizes;
    dsq_arena_init(&scratch, g->arena.allocator);
    enum dsq_status status = dsq_sizes_create(&sizes, g, &scratch, d);
    for (int32_t i = 0; status == DSQ_OK && i < g->n_inputs; i++)
        sizes.shape[g->input[i]] = g->value[g->input[i]].shape;
    if (status == DSQ_OK)
        status = dsq_sizes_infer(&sizes, g, &g->dims, d);
    for (int32_t i = 0; status == DSQ_OK && i < g->n_nodes; i++)
        if (foldable(g, &g->node[i]) && (fold_known(g, &sizes, i) || fold_evaluated(g, i)))
            *changed = true;
    dsq_arena_free(&scratch);
    return status;
}
