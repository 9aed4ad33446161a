/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared questions and splices of the rewrites. Every splice keeps two promises: an ONNX name
 * is never lost (it becomes an alias of what took its place), and names of graph inputs and outputs
 * stay where callers look for them.
 */
#include "pass/match.h"

#include <string.h>

enum dsq_status dsq_match_open(struct dsq_match *m, struct dsq_graph *g, struct dsq_diag *d)
{
    *m = (struct dsq_match){.g = g};
    dsq_arena_init(&m->scratch, g->arena.allocator);
    return dsq_match_refresh(m, d);
}

enum dsq_status dsq_match_refresh(struct dsq_match *m, struct dsq_diag *d)
{
    dsq_arena_free(&m->scratch);
    return dsq_graph_uses(m->g, &m->scratch, &m->uses, d);
}

void dsq_match_close(struct dsq_match *m)
{
    dsq_arena_free(&m->scratch);
}

enum dsq_status dsq_match_each(struct dsq_graph *g, dsq_rewrite_fn *rewrite, bool *changed,
                               struct dsq_diag *d)
{
    struct dsq_match m;
    enum dsq_status status = dsq_match_open(&m, g, d);
    for (int32_t i = 0; status == DSQ_OK && i < g->n_nodes;) {
        bool hit = false;
        if (dsq_node_runs(&g->node[i]))
            status = rewrite(&m, i, &hit, d);
        if (status != DSQ_OK)
            break;
        if (!hit) {
            i++;
            continue;
        }
        *changed = true;
        status = dsq_match_refresh(&m, d);
    }
    dsq_match_close(&m);
    return status;
}

bool dsq_is_graph_input(const struct dsq_graph *g, dsq_vid v)
{
    for (int32_t i = 0; i < g->n_inputs; i++)
        if (g->input[i] == v)
            return true;
    return false;
}

bool dsq_is_graph_output(const struct dsq_graph *g, dsq_vid v)
{
    for (int32_t i = 0; i < g->n_outputs; i++)
        if (g->output[i] == v)
            return true;
    return false;
}

int32_t dsq_match_producer(const struct dsq_match *m, dsq_vid v, enum dsq_op op)
{
    if (v < 0)
        return -1;
    const int32_t i = m->uses.producer[v];
    if (i < 0 || !dsq_node_runs(&m->g->node[i]) || m->g->node[i].op != op)
        return -1;
    return i;
}

bool dsq_match_used_once(const struct dsq_match *m, dsq_vid v)
{
    return v >= 0 && m->uses.n_uses[v] == 1 && !dsq_is_graph_output(m->g, v);
}

int32_t dsq_match_conv(const struct dsq_match *m, dsq_vid v, bool any_activation)
{
    const int32_t i = dsq_match_producer(m, v, DSQ_OP_CONV);
    if (i < 0 || !dsq_match_used_once(m, v))
        return -1;
    const struct dsq_node *n = &m->g->node[i];
    const struct dsq_conv_attr *a = n->attr;
    if (n->n_out != 1 || n->n_in != 5 || m->g->value[v].dtype != DSQ_F32)
        return -1;
    if (!any_activation && (a->act != DSQ_ACT_NONE || dsq_conv_r(n, 0) != DSQ_NO_VALUE))
        return -1;
    return i;
}

static bool activation_never_negative(const struct dsq_conv_attr *a)
{
    switch ((enum dsq_activation)a->act) {
    case DSQ_ACT_RELU:
    case DSQ_ACT_SIGMOID:
    case DSQ_ACT_HARDSIGMOID:
    case DSQ_ACT_SOFTPLUS:
        return true;
    case DSQ_ACT_CLIP:
        return a->act_lo >= 0.0f;
    default:
        return false;
    }
}

bool dsq_node_never_negative(const struct dsq_node *n)
{
    switch (n->op) {
    case DSQ_OP_RELU:
    case DSQ_OP_SIGMOID:
    case DSQ_OP_HARDSIGMOID:
    case DSQ_OP_SOFTPLUS:
    case DSQ_OP_EXP:
    case DSQ_OP_ABS:
    case DSQ_OP_SQRT:
        return true;
    case DSQ_OP_CLIP:
        return ((const struct dsq_clip_attr *)n->attr)->lo >= 0.0f;
    case DSQ_OP_CONV:
        return activation_never_negative(n->attr);
    default:
        return false;
    }
}

const float *dsq_const_f32(const struct dsq_graph *g, dsq_vid v, size_t *n)
{
    if (!dsq_value_is_const(g, v) || g->value[v].dtype != DSQ_F32 ||
        !dsq_shape_elements(&g->value[v].shape, n))
        return NULL;
    return g->value[v].data;
}

bool dsq_const_same(const struct dsq_graph *g, dsq_vid a, dsq_vid b)
{
    if (a == b)
        return true;
    if (!dsq_value_is_const(g, a) || !dsq_value_is_const(g, b))
        return false;
    const struct dsq_value *x = &g->value[a], *y = &g->value[b];
    return x->dtype == y->dtype && x->layout == y->layout && x->bytes == y->bytes &&
           dsq_shape_equal(&x->shape, &y->shape) && memcmp(&x->q, &y->q, sizeof x->q) == 0 &&
           memcmp(x->data, y->data, x->bytes) == 0;
}

void dsq_redirect_shape_uses(struct dsq_graph *g, dsq_vid from, dsq_vid to)
{
    for (int32_t i = 0; i < g->n_nodes; i++) {
        struct dsq_node *n = &g->node[i];
        if (n->n_out == 0 || (n->op != DSQ_OP_SHAPE && !n->shape_only))
            continue;
        for (int32_t k = 0; k < n->n_in; k++)
            if (n->in[k] == from)
                n->in[k] = to;
    }
}

enum dsq_status dsq_absorb_user(struct dsq_graph *g, int32_t maker, int32_t user,
                                struct dsq_diag *d)
{
    const dsq_vid swallowed = g->node[maker].out[0], kept = g->node[user].out[0];
    DSQ_TRY(dsq_graph_add_alias(g, kept, swallowed, d));
    g->node[maker].out[0] = kept;
    dsq_graph_kill_node(g, user);
    dsq_redirect_shape_uses(g, swallowed, kept);
    return DSQ_OK;
}

/* Let whatever makes `in` make `out` directly: for a graph output, whose name callers know. */
static enum dsq_status make_directly(struct dsq_match *m, int32_t i, dsq_vid in, dsq_vid out,
                                     bool *done, struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    const int32_t p = m->uses.producer[in];
    if (p < 0 || dsq_is_graph_output(g, in) || dsq_is_graph_input(g, in)) {
        *done = false;
        return DSQ_OK;
    }
    DSQ_TRY(dsq_graph_add_alias(g, out, in, d));
    dsq_graph_kill_node(g, i);
    dsq_graph_replace_uses(g, in, out);
    struct dsq_node *n = &g->node[p];
    for (int32_t k = 0; k < n->n_out; k++)
        if (n->out[k] == in)
            n->out[k] = out;
    return DSQ_OK;
}

enum dsq_status dsq_bypass_node(struct dsq_match *m, int32_t i, dsq_vid in, bool *done,
                                struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    const dsq_vid out = g->node[i].out[0];
    *done = true;
    if (dsq_is_graph_output(g, out))
        return make_directly(m, i, in, out, done, d);
    DSQ_TRY(dsq_graph_add_alias(g, in, out, d));
    dsq_graph_kill_node(g, i);
    dsq_graph_replace_uses(g, out, in);
    return DSQ_OK;
}

void dsq_move_last_node(struct dsq_graph *g, int32_t to)
{
    const struct dsq_node last = g->node[g->n_nodes - 1];
    memmove(&g->node[to + 1], &g->node[to], (size_t)(g->n_nodes - 1 - to) * sizeof last);
    g->node[to] = last;
}

static const char *suffixed(struct dsq_graph *g, const char *name, const char *suffix)
{
    const char *base = dsq_arena_printf(&g->arena, "%s%s", name, suffix);
    return base ? dsq_graph_fresh_name(g, base) : NULL;
}

enum dsq_status dsq_add_value_like(struct dsq_graph *g, dsq_vid like, const char *suffix,
                                   dsq_vid *out, struct dsq_diag *d)
{
    const struct dsq_value v = g->value[like];
    const char *name = suffixed(g, v.name, suffix);
    if (!name)
        return dsq_fail(d, DSQ_NOMEM, "tensor '%s': no memory for a copy", v.name);
    DSQ_TRY(dsq_graph_add_value(g, name, v.dtype, &v.shape, out, d));
    g->value[*out].layout = v.layout;
    g->value[*out].q = v.q;
    return DSQ_OK;
}

enum dsq_status dsq_add_vector(struct dsq_graph *g, const char *base, enum dsq_dtype dtype,
                               const void *data, size_t n, dsq_vid *out, struct dsq_diag *d)
{
    const struct dsq_shape shape = {1, {(dsq_dim)n}};
    const char *name = dsq_graph_fresh_name(g, base);
    if (!name)
        return dsq_fail(d, DSQ_NOMEM, "constant '%s': no memory for its name", base);
    return dsq_graph_add_const(g, name, dtype, &shape, data, n * dsq_dtype_bytes(dtype), out, d);
}
