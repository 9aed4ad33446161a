/* SPDX-License-Identifier: Apache-2.0 */
/* Whether freed dimensions may be free: see freed.h. */
#include "graph/freed.h"

#include "graph/rule.h"

/* ---- reshapes ---- */

/* A number times symbols; `unknown` when a factor is neither, or the number overflows. */
struct factors {
    int64_t number;
    dsq_dim symbol[DSQ_MAX_RANK];
    int32_t n;
    bool unknown;
};

static void put_factor(struct factors *f, dsq_dim d)
{
    if (dsq_dim_is_symbolic(d))
        f->symbol[f->n++] = d;
    else if (d == DSQ_DIM_UNKNOWN || __builtin_mul_overflow(f->number, d, &f->number))
        f->unknown = true;
}

/* What is left of x's elements when those dimensions that the new shape copies are gone, and the
 * product of the numbers that it gives. *has_rest: a -1 takes what is left. */
static void compare_elements(const struct dsq_shape *x, const int64_t *wanted, int32_t n,
                             bool allow_zero, struct factors *left, int64_t *given, bool *has_rest)
{
    *left = (struct factors){.number = 1};
    *given = 1;
    *has_rest = false;
    for (int32_t i = 0; i < x->rank; i++)
        if (i >= n || wanted[i] != 0 || allow_zero)
            put_factor(left, x->dim[i]);
    for (int32_t i = 0; i < n; i++) {
        *has_rest |= wanted[i] == -1;
        if (wanted[i] > 0 && __builtin_mul_overflow(*given, wanted[i], given))
            left->unknown = true;
    }
}

static enum dsq_status check_reshape(const struct dsq_rule *r)
{
    const struct dsq_reshape_attr *a = r->node->attr;
    const struct dsq_value *shape = &r->graph->value[r->node->in[1]];
    const struct dsq_shape *x = &r->graph->value[r->node->in[0]].shape;
    struct factors left;
    int64_t given;
    bool has_rest;
    if (!shape->data || shape->dtype != DSQ_S64 || x->rank < 0)
        return DSQ_OK; /* its sizes are computed */
    compare_elements(x, shape->data, (int32_t)(shape->bytes / sizeof(int64_t)), a->allow_zero,
                     &left, &given, &has_rest);
    if (left.unknown || left.n == 0)
        return DSQ_OK; /* for numbers to tell */
    if (!has_rest || left.number % given != 0)
        return dsq_rule_fail(r, "its constant sizes are of the size that the header fixes");
    return DSQ_OK;
}

static enum dsq_status check_reshapes(struct dsq_graph *g, struct dsq_diag *d)
{
    struct dsq_rule r = {.graph = g, .diag = d};
    for (r.index = 0; r.index < g->n_nodes; r.index++) {
        r.node = &g->node[r.index];
        if (r.node->op == DSQ_OP_RESHAPE)
            DSQ_TRY(check_reshape(&r));
    }
    return DSQ_OK;
}

/* ---- the batch ---- */

static bool has_dim(const struct dsq_shape *s, dsq_dim dim)
{
    for (int32_t i = 0; i < s->rank; i++)
        if (s->dim[i] == dim)
            return true;
    return false;
}

static bool reads_dim(const struct dsq_graph *g, const struct dsq_node *n, dsq_dim dim)
{
    for (int32_t k = 0; k < n->n_in; k++)
        if (n->in[k] >= 0 && has_dim(&g->value[n->in[k]].shape, dim))
            return true;
    return false;
}

static enum dsq_status check_batch(struct dsq_graph *g, const struct dsq_sizes *s, dsq_dim batch,
                                   struct dsq_diag *d)
{
    struct dsq_rule r = {.graph = g, .diag = d};
    for (r.index = 0; r.index < g->n_nodes; r.index++) {
        r.node = &g->node[r.index];
        if (dsq_node_on_host(g, s, r.index) || !reads_dim(g, r.node, batch))
            continue;
        for (int32_t k = 0; k < r.node->n_out; k++)
            if (r.node->out[k] >= 0 && !has_dim(&g->value[r.node->out[k]].shape, batch))
                return dsq_rule_fail(&r, "its output does not keep the batch");
    }
    for (int32_t i = 0; i < g->n_outputs; i++) {
        const struct dsq_value *v = &g->value[g->output[i]];
        if (v->shape.rank < 1 || v->shape.dim[0] != batch)
            return dsq_fail(d, DSQ_SHAPE, "the first dimension of output '%s' is not the batch",
                            v->name);
    }
    return DSQ_OK;
}

/* ---- numbers ---- */

/* How far each try is from the header's size: in steps, for even and odd dimensions. */
static const int64_t tries[][2] = {{0, 0}, {1, 0}, {0, 1}, {1, 2}, {3, 1}, {2, 5}};
enum { N_TRIES = sizeof tries / sizeof tries[0], STEP = 128 };

static int64_t tried_size(const struct dsq_freed_dim *f, int t)
{
    int64_t far = tries[t][f->dim & 1];
    return f->header + (f->dim == 0 ? far : far * STEP);
}

static enum dsq_status try_size(struct dsq_graph *g, struct dsq_sizes *s,
                                const struct dsq_freed_dim *freed, int32_t n, int t,
                                struct dsq_diag *d)
{
    for (int32_t i = 0; i < g->n_inputs; i++) {
        struct dsq_shape *shape = &s->shape[g->input[i]];
        *shape = g->value[g->input[i]].shape;
        for (int32_t k = 0; k < shape->rank; k++)
            if (!dsq_dim_is_number(shape->dim[k]))
                shape->dim[k] = k == 0 ? 1 : STEP; /* free in the header already */
    }
    for (int32_t i = 0; i < n; i++)
        s->shape[g->input[freed[i].input]].dim[freed[i].dim] = tried_size(&freed[i], t);
    return dsq_sizes_infer(s, g, NULL, d);
}

enum dsq_status dsq_graph_check_freed(struct dsq_graph *g, const struct dsq_freed_dim *freed,
                                      int32_t n, struct dsq_diag *d)
{
    struct dsq_arena arena;
    struct dsq_sizes s;
    enum dsq_status status;
    dsq_arena_init(&arena, g->arena.allocator);
    DSQ_GUARD(dsq_sizes_create(&s, g, &arena, d));
    DSQ_GUARD(check_reshapes(g, d));
    for (int32_t i = 0; i < n; i++)
        if (freed[i].dim == 0)
            DSQ_GUARD(check_batch(g, &s, g->value[g->input[freed[i].input]].shape.dim[0], d));
    for (int t = 0; t < N_TRIES; t++)
        DSQ_GUARD(try_size(g, &s, freed, n, t, d));
fail:
    dsq_arena_free(&arena);
    return status;
}
