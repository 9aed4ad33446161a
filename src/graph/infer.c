/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the shape rules over a graph, and decides which values live on the host. The rules
 * themselves are in op_*.c. A run with numbers (dims == NULL) touches only the struct dsq_sizes, so
 * contexts of several threads can share a graph.
 */
#include "graph/infer.h"

#include <string.h>

#include "graph/rule.h"

static const int64_t MAX_ELEMENTS = INT64_C(1) << 40;

static dsq_rule_fn *const shape_rule[DSQ_OP_COUNT] = {
#define OP(ID, name, ...) [DSQ_OP_##ID] = dsq_shape_##name,
#include "graph/ops.def"
#undef OP
};

static dsq_rule_fn *const host_rule[DSQ_OP_COUNT] = {
#define HOST_RULE(ID, name) [DSQ_OP_##ID] = dsq_host_##name,
    DSQ_HOST_OPS(HOST_RULE)
#undef HOST_RULE
};

/* ---- which values have contents on the host ---- */

static bool is_host_type(enum dsq_dtype t)
{
    return t == DSQ_S64 || t == DSQ_S32 || t == DSQ_BOOL || t == DSQ_F32;
}

/* By type, and by size as far as the graph knows it. What has no known size and is needed for no
 * shape may turn out large (the cells of a grid): that is data. */
static bool may_hold_sizes(const struct dsq_graph *g, dsq_vid id, const bool *needed)
{
    const struct dsq_value *v = &g->value[id];
    size_t n;
    if (!is_host_type(v->dtype) || v->shape.rank > DSQ_MAX_RANK)
        return false;
    return dsq_shape_elements(&v->shape, &n) ? n <= DSQ_HOST_ELEMENTS : needed[id];
}

/* Values whose contents some shape depends on, directly or through other sizes. */
static void mark_needed(const struct dsq_graph *g, bool *needed)
{
    for (int32_t i = g->n_nodes - 1; i >= 0; i--) {
        const struct dsq_node *n = &g->node[i];
        bool passes_on = false;
        for (int32_t k = 0; host_rule[n->op] && n->op != DSQ_OP_SHAPE && k < n->n_out; k++)
            passes_on = passes_on || (n->out[k] >= 0 && needed[n->out[k]]);
        for (int32_t k = 0; k < n->n_in; k++)
            if (n->in[k] >= 0 && (passes_on || dsq_node_sized_by(n, k)))
                needed[n->in[k]] = true;
    }
}

static void give_slot(struct dsq_sizes *s, dsq_vid v)
{
    if (v >= 0 && s->host_slot[v] < 0)
        s->host_slot[v] = s->n_host++;
}

static bool is_float_const(const struct dsq_graph *g, dsq_vid v)
{
    return g->value[v].data && g->value[v].dtype == DSQ_F32;
}

/* Every input has a slot or is a small float constant, and one has a slot. */
static bool follows_from_sizes(const struct dsq_sizes *s, const struct dsq_graph *g,
                               const struct dsq_node *n, const bool *needed)
{
    bool any = false;
    for (int32_t k = 0; k < n->n_in; k++) {
        if (n->in[k] < 0)
            continue;
        const bool has_slot = s->host_slot[n->in[k]] >= 0;
        if (!has_slot && !(is_float_const(g, n->in[k]) && may_hold_sizes(g, n->in[k], needed)))
            return false;
        any = any || has_slot;
    }
    return any;
}

/* The host counts and sums integers only. */
static bool is_for_integers(enum dsq_op op)
{
    return op == DSQ_OP_RANGE || op == DSQ_OP_REDUCE;
}

static bool outputs_may_hold_sizes(const struct dsq_sizes *s, const struct dsq_graph *g,
                                   const struct dsq_node *n, const bool *needed)
{
    for (int32_t k = 0; k < n->n_out; k++)
        if (n->out[k] < 0 || s->host_slot[n->out[k]] >= 0 ||
            (is_for_integers(n->op) && g->value[n->out[k]].dtype == DSQ_F32) ||
            !(n->op == DSQ_OP_SHAPE || may_hold_sizes(g, n->out[k], needed)))
            return false;
    return true;
}

static void assign_slots(struct dsq_sizes *s, const struct dsq_graph *g, bool *needed)
{
    mark_needed(g, needed);
    for (dsq_vid v = 0; v < g->n_values; v++) {
        s->host_slot[v] = -1;
        if (g->value[v].data && !is_float_const(g, v) && may_hold_sizes(g, v, needed))
            give_slot(s, v);
    }
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const struct dsq_node *n = &g->node[i];
        if (!host_rule[n->op] || !outputs_may_hold_sizes(s, g, n, needed) ||
            !(n->op == DSQ_OP_SHAPE || follows_from_sizes(s, g, n, needed)))
            continue;
        for (int32_t k = 0; k < n->n_in && n->op != DSQ_OP_SHAPE; k++)
            give_slot(s, n->in[k]);
        for (int32_t k = 0; k < n->n_out; k++)
            give_slot(s, n->out[k]);
    }
}

static void read_const(struct dsq_host_data *h, const struct dsq_value *v)
{
    size_t size = dsq_dtype_bytes(v->dtype);
    h->known = true;
    h->is_float = v->dtype == DSQ_F32;
    h->n = (int32_t)(v->bytes / size);
    for (int32_t i = 0; i < h->n; i++) {
        const char *at = (const char *)v->data + (size_t)i * size;
        int32_t narrow;
        int64_t wide;
        float number;
        if (v->dtype == DSQ_F32)
            dsq_host_put_float(h, i, (memcpy(&number, at, sizeof number), number));
        else if (v->dtype == DSQ_S64)
            dsq_host_put_int(h, i, (memcpy(&wide, at, sizeof wide), wide));
        else if (v->dtype == DSQ_S32)
            dsq_host_put_int(h, i, (memcpy(&narrow, at, sizeof narrow), narrow));
        else
            dsq_host_put_int(h, i, *at != 0);
    }
}

bool dsq_host_write(const struct dsq_host_data *h, enum dsq_dtype t, void *data)
{
    for (int32_t i = 0; i < h->n; i++) {
        int64_t v = 0;
        if (h->is_float ? t != DSQ_F32 || !dsq_host_float(h, i, (float *)data + i)
                        : !dsq_host_int(h, i, &v))
            return false;
        if (t == DSQ_S64)
            ((int64_t *)data)[i] = v;
        else if (t == DSQ_S32 && v >= INT32_MIN && v <= INT32_MAX)
            ((int32_t *)data)[i] = (int32_t)v;
        else if (t == DSQ_BOOL)
            ((uint8_t *)data)[i] = v != 0;
        else if (!h->is_float)
            return false;
    }
    return true;
}

enum dsq_status dsq_sizes_create(struct dsq_sizes *s, const struct dsq_graph *g,
                                 struct dsq_arena *arena, struct dsq_diag *d)
{
    size_t n = (size_t)g->n_values;
    *s = (struct dsq_sizes){.n_values = g->n_values};
    s->shape = dsq_arena_calloc(arena, n, sizeof *s->shape);
    s->host_slot = dsq_arena_calloc(arena, n, sizeof *s->host_slot);
    bool *needed = dsq_arena_calloc(arena, n, sizeof *needed);
    if (!s->shape || !s->host_slot || !needed)
        return dsq_fail(d, DSQ_NOMEM, "out of memory for shapes");
    assign_slots(s, g, needed);
    s->host = dsq_arena_calloc(arena, (size_t)s->n_host, sizeof *s->host);
    if (!s->host)
        return dsq_fail(d, DSQ_NOMEM, "out of memory for shapes");
    for (dsq_vid v = 0; v < g->n_values; v++) {
        s->shape[v].rank = -1;
        if (!g->value[v].data)
            continue;
        s->shape[v] = g->value[v].shape;
        if (s->host_slot[v] >= 0)
            read_const(&s->host[s->host_slot[v]], &g->value[v]);
    }
    return DSQ_OK;
}

bool dsq_node_on_host(const struct dsq_graph *g, const struct dsq_sizes *s, int32_t i)
{
    const struct dsq_node *n = &g->node[i];
    return host_rule[n->op] && n->n_out > 0 && n->out[0] >= 0 && s->host_slot[n->out[0]] >= 0;
}

/* ---- one run ---- */

static enum dsq_status check_inputs(const struct dsq_sizes *s, const struct dsq_graph *g,
                                    const struct dsq_dims *dims, struct dsq_diag *d)
{
    for (int32_t i = 0; i < g->n_inputs && !dims; i++) {
        const struct dsq_shape *shape = &s->shape[g->input[i]];
        size_t n;
        if (!dsq_shape_elements(shape, &n) || n > (size_t)MAX_ELEMENTS)
            return dsq_fail(d, DSQ_SHAPE, "input '%s': its shape is not given, or too large",
                            g->value[g->input[i]].name);
    }
    return DSQ_OK;
}

static enum dsq_status clear_outputs(const struct dsq_rule *r)
{
    for (int32_t k = 0; k < r->node->n_out; k++) {
        dsq_vid v = r->node->out[k];
        if (v < 0 || v >= r->sizes->n_values)
            return dsq_rule_fail(r, "output %d is missing", (int)k);
        r->sizes->shape[v].rank = -1;
        if (r->sizes->host_slot[v] >= 0)
            r->sizes->host[r->sizes->host_slot[v]].known = false;
    }
    return DSQ_OK;
}

static enum dsq_status check_output(const struct dsq_rule *r, dsq_vid v)
{
    const struct dsq_shape *shape = &r->sizes->shape[v];
    const char *name = r->graph->value[v].name;
    int64_t elements = 1;
    bool known = shape->rank >= 0;
    for (int32_t i = 0; known && i < shape->rank; i++) {
        known = dsq_dim_is_number(shape->dim[i]);
        if (known &&
            (__builtin_mul_overflow(elements, shape->dim[i], &elements) || elements > MAX_ELEMENTS))
            return dsq_rule_fail(r, "output '%s' is too large", name);
    }
    if (!known && !r->dims)
        return dsq_rule_fail(r, "the size of output '%s' does not follow from the input sizes",
                             name);
    return DSQ_OK;
}

static enum dsq_status run_host_rule(const struct dsq_rule *r)
{
    DSQ_TRY(host_rule[r->node->op](r));
    for (int32_t k = 0; k < r->node->n_out && !r->dims; k++) {
        dsq_vid v = r->node->out[k];
        const struct dsq_host_data *out = &r->sizes->host[r->sizes->host_slot[v]];
        if (!out->known || out->symbolic)
            return dsq_rule_fail(r,
                                 "the numbers in output '%s' do not follow from the input sizes "
                                 "(or are more than %d)",
                                 r->graph->value[v].name, (int)DSQ_HOST_ELEMENTS);
    }
    return DSQ_OK;
}

enum dsq_status dsq_sizes_infer(struct dsq_sizes *s, struct dsq_graph *g, struct dsq_dims *dims,
                                struct dsq_diag *d)
{
    struct dsq_rule r = {.sizes = s, .graph = g, .dims = dims, .diag = d};
    DSQ_TRY(check_inputs(s, g, dims, d));
    for (r.index = 0; r.index < g->n_nodes; r.index++) {
        r.node = &g->node[r.index];
        if (r.node->n_out == 0)
            continue;
        DSQ_TRY(clear_outputs(&r));
        DSQ_TRY(shape_rule[r.node->op](&r));
        for (int32_t k = 0; k < r.node->n_out; k++)
            DSQ_TRY(check_output(&r, r.node->out[k]));
        if (dsq_node_on_host(g, s, r.index))
            DSQ_TRY(run_host_rule(&r));
    }
    return DSQ_OK;
}

/* ---- import and passes ---- */

/* The type of a node's output k, if its inputs and attributes alone decide. Whether float operators
 * read or write s8 is decided by passes and stays. */
static enum dsq_dtype output_type(const struct dsq_graph *g, const struct dsq_node *n, int32_t k,
                                  enum dsq_dtype now)
{
    int32_t x = n->op == DSQ_OP_CONV ? DSQ_CONV_FIXED : 0;
    enum dsq_dtype in = n->n_in > x && n->in[x] >= 0 ? g->value[n->in[x]].dtype : now;
    switch (n->op) {
    case DSQ_OP_SHAPE:
    case DSQ_OP_ARGMAX:
    case DSQ_OP_ARGMIN:
        return DSQ_S64;
    case DSQ_OP_TOPK:
        return k == 1 ? DSQ_S64 : in;
    case DSQ_OP_CAST:
        return (enum dsq_dtype)((const struct dsq_cast_attr *)n->attr)->to;
    case DSQ_OP_EQUAL:
    case DSQ_OP_GREATER:
    case DSQ_OP_GREATER_EQUAL:
        return DSQ_BOOL;
    case DSQ_OP_WHERE:
        return n->n_in > 1 && n->in[1] >= 0 ? g->value[n->in[1]].dtype : now;
    case DSQ_OP_QUANTIZE:
    case DSQ_OP_REQUANTIZE:
        return DSQ_S8;
    case DSQ_OP_DEQUANTIZE:
        return DSQ_F32;
    default:
        return in == DSQ_S8 ? now : in;
    }
}

static void infer_types(struct dsq_graph *g)
{
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const struct dsq_node *n = &g->node[i];
        for (int32_t k = 0; k < n->n_out; k++) {
            if (n->out[k] < 0)
                continue;
            struct dsq_value *v = &g->value[n->out[k]];
            v->dtype = output_type(g, n, k, v->dtype);
        }
    }
}

enum dsq_status dsq_graph_infer(struct dsq_graph *g, struct dsq_diag *d)
{
    struct dsq_arena scratch;
    struct dsq_sizes s;
    enum dsq_status status;
    dsq_arena_init(&scratch, g->arena.allocator);
    infer_types(g);
    DSQ_GUARD(dsq_sizes_create(&s, g, &scratch, d));
    for (int32_t i = 0; i < g->n_inputs; i++)
        s.shape[g->input[i]] = g->value[g->input[i]].shape;
    DSQ_GUARD(dsq_sizes_infer(&s, g, &g->dims, d));
    for (dsq_vid v = 0; v < g->n_values; v++)
        if (!g->value[v].data)
            g->value[v].shape = s.shape[v];
fail:
    dsq_arena_free(&scratch);
    return status;
}

/* ---- sizes that depend on data ---- */

static enum dsq_status check_sized_by(const struct dsq_graph *g, const struct dsq_sizes *s,
                                      int32_t i, struct dsq_diag *d)
{
    const struct dsq_node *n = &g->node[i];
    char label[384];
    for (int32_t k = 0; k < n->n_in; k++) {
        const dsq_vid v = n->in[k];
        if (v >= 0 && dsq_node_sized_by(n, k) && !g->value[v].data && s->host_slot[v] < 0)
            return dsq_fail(d, DSQ_UNSUPPORTED,
                            "%s: the size of its output depends on the numbers in '%s', which do "
                            "not follow from the input sizes; if this is post-processing, cut it "
                            "off: name the tensors before it as outputs (--outputs=a,b)",
                            dsq_node_describe(g, i, label, sizeof label), g->value[v].name);
    }
    return DSQ_OK;
}

enum dsq_status dsq_graph_check_sizes(const struct dsq_graph *g, struct dsq_diag *d)
{
    struct dsq_arena scratch;
    struct dsq_sizes s;
    dsq_arena_init(&scratch, g->arena.allocator);
    enum dsq_status status = dsq_sizes_create(&s, g, &scratch, d);
    for (int32_t i = 0; status == DSQ_OK && i < g->n_nodes; i++)
        status = check_sized_by(g, &s, i, d);
    dsq_arena_free(&scratch);
    return status;
}
