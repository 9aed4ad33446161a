/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be computed now becomes a constant: the integers that shape inference already knows
 * (sizes of fixed dimensions), and operators whose inputs are all constants. Transcendental
 * functions are left to the executor, which owns their definition.
 */
#include "graph/infer.h"
#include "pass/fold_eval.h"
#include "pass/match.h"

/* Larger results are left alone: a constant that something enlarges should travel small. All
 * results together are bounded too, or a file of some hundred bytes could ask for any amount of
 * memory; what is over is computed at run time. No exporter comes near that: results are mostly as
 * large as the weights that they are made of. */
enum { MAX_FOLDED_BYTES = 256 << 20, USUAL_BYTES = 64 << 20, TIMES_THE_CONSTANTS = 8 };

struct folding {
    struct dsq_graph *g;
    struct dsq_sizes sizes;
    size_t left_bytes; /* that results may still take */
};

static size_t bytes_allowed(const struct dsq_graph *g)
{
    size_t bytes = USUAL_BYTES;
    for (dsq_vid v = 0; v < g->n_values; v++)
        bytes += TIMES_THE_CONSTANTS * g->value[v].bytes;
    return bytes;
}

/* The value becomes a constant in place: id and name stay. */
static bool become_const(struct folding *f, int32_t i, const void *data, size_t bytes)
{
    struct dsq_value *v = &f->g->value[f->g->node[i].out[0]];
    const void *copy = dsq_arena_copy(&f->g->arena, data, bytes);
    if (!copy)
        return false;
    f->left_bytes -= bytes;
    v->data = copy;
    v->bytes = bytes;
    v->layout = DSQ_NCHW;
    dsq_graph_kill_node(f->g, i);
    return true;
}

static bool foldable(const struct dsq_graph *g, const struct dsq_node *n)
{
    return dsq_node_runs(n) && n->n_out == 1 && !dsq_value_is_const(g, n->out[0]) &&
           !dsq_is_graph_output(g, n->out[0]);
}

/* Zeroed memory for value v, to be released; not the graph's, which would keep it whatever comes.
 */
static void *place_for(const struct folding *f, dsq_vid v, size_t *bytes)
{
    const struct dsq_value *value = &f->g->value[v];
    size_t n;
    if (!dsq_shape_elements(&value->shape, &n) ||
        !dsq_mul(n, dsq_dtype_bytes(value->dtype), bytes) || *bytes > MAX_FOLDED_BYTES ||
        *bytes > f->left_bytes)
        return NULL;
    return dsq_calloc(f->g->arena.allocator, 1, *bytes);
}

/* What inference knows of value v, if all n elements are numbers. */
static const struct dsq_host_data *known_numbers(const struct dsq_sizes *s, dsq_vid v, size_t n)
{
    const struct dsq_host_data *h = s->host_slot[v] < 0 ? NULL : &s->host[s->host_slot[v]];
    return h && h->known && (size_t)h->n == n && !h->symbolic ? h : NULL;
}

static bool fold_known(struct folding *f, int32_t i)
{
    const dsq_vid v = f->g->node[i].out[0];
    const enum dsq_dtype t = f->g->value[v].dtype;
    size_t n, bytes;
    if ((t != DSQ_S64 && t != DSQ_S32 && t != DSQ_BOOL && t != DSQ_F32) ||
        !dsq_shape_elements(&f->g->value[v].shape, &n))
        return false;
    const struct dsq_host_data *h = known_numbers(&f->sizes, v, n);
    void *data = h ? place_for(f, v, &bytes) : NULL;
    bool ok = data && dsq_host_write(h, t, data) && become_const(f, i, data, bytes);
    dsq_release(f->g->arena.allocator, data);
    return ok;
}

static bool inputs_are_const(const struct dsq_graph *g, const struct dsq_node *n)
{
    for (int32_t k = 0; k < n->n_in; k++)
        if (n->in[k] != DSQ_NO_VALUE && !dsq_value_is_const(g, n->in[k]))
            return false;
    return n->n_in > 0;
}

static bool fold_evaluated(struct folding *f, int32_t i)
{
    size_t bytes;
    if (!inputs_are_const(f->g, &f->g->node[i]))
        return false;
    void *data = place_for(f, f->g->node[i].out[0], &bytes);
    bool ok = data && dsq_fold_node(f->g, i, data) && become_const(f, i, data, bytes);
    dsq_release(f->g->arena.allocator, data);
    return ok;
}

enum dsq_status dsq_pass_fold_constants(struct dsq_pass *p, bool *changed, struct dsq_diag *d)
{
    struct dsq_graph *g = p->g;
    struct folding f = {.g = g, .left_bytes = bytes_allowed(g)};
    struct dsq_arena scratch;
    dsq_arena_init(&scratch, g->arena.allocator);
    enum dsq_status status = dsq_sizes_create(&f.sizes, g, &scratch, d);
    for (int32_t i = 0; status == DSQ_OK && i < g->n_inputs; i++)
        f.sizes.shape[g->input[i]] = g->value[g->input[i]].shape;
    if (status == DSQ_OK)
        status = dsq_sizes_infer(&f.sizes, g, &g->dims, d);
    for (int32_t i = 0; status == DSQ_OK && i < g->n_nodes; i++)
        if (foldable(g, &g->node[i]) && (fold_known(&f, i) || fold_evaluated(&f, i)))
            *changed = true;
    dsq_arena_free(&scratch);
    return status;
}
