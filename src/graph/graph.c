/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life cycle, building, names and small rewrites of a graph. Whole-graph rewriting is in compact.c,
 * copying in clone.c.
 *
 * Names and aliases share one open-addressing hash table of value ids. A slot matches through the
 * value that it points at; a table entry whose value no longer carries the name just matches
 * nothing.
 */
#include "graph/graph.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_CAPACITY = 64, MAX_ITEMS = 1 << 24 };

static enum dsq_status no_memory(struct dsq_diag *d)
{
    return dsq_fail(d, DSQ_NOMEM, "out of memory for the graph");
}

/* Room for one more item: the array or a bigger copy of it; NULL when memory is out. */
static void *reserve(struct dsq_arena *arena, void *items, int32_t n, int32_t *capacity,
                     size_t size)
{
    if (n < *capacity)
        return items;
    int32_t wanted = *capacity ? *capacity * 2 : FIRST_CAPACITY;
    void *grown = n < MAX_ITEMS ? dsq_arena_calloc(arena, (size_t)wanted, size) : NULL;
    if (!grown)
        return NULL;
    if (n)
        memcpy(grown, items, (size_t)n * size);
    *capacity = wanted;
    return grown;
}

/* ---- life cycle ---- */

enum dsq_status dsq_graph_create(struct dsq_graph **out, const char *name,
                                 const struct dsq_allocator *a, struct dsq_diag *d)
{
    *out = NULL;
    struct dsq_graph *g = dsq_calloc(a, 1, sizeof *g);
    if (!g)
        return no_memory(d);
    dsq_arena_init(&g->arena, a);
    dsq_dims_init(&g->dims, &g->arena);
    g->name = dsq_arena_string(&g->arena, name ? name : "", name ? strlen(name) : 0);
    if (!g->name) {
        dsq_graph_free(&g);
        return no_memory(d);
    }
    *out = g;
    return DSQ_OK;
}

void dsq_graph_free(struct dsq_graph **g)
{
    if (!g || !*g)
        return;
    const struct dsq_allocator *a = (*g)->arena.allocator;
    dsq_arena_free(&(*g)->arena);
    dsq_release(a, *g);
    *g = NULL;
}

/* ---- names ---- */

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint32_t hash_name(const char *s)
{
    uint32_t h = 2166136261u;
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 16777619u;
    return h;
}

static void put_name(struct dsq_graph *g, const char *name, dsq_vid v)
{
    uint32_t mask = (uint32_t)g->slot_capacity - 1, i = hash_name(name) & mask;
    while (g->name_slot[i] >= 0)
        i = (i + 1) & mask;
    g->name_slot[i] = v;
    g->n_names++;
}

void dsq_graph_hash_names(struct dsq_graph *g)
{
    memset(g->name_slot, 0xff, (size_t)g->slot_capacity * sizeof *g->name_slot);
    g->n_names = 0;
    for (dsq_vid v = 0; v < g->n_values; v++) {
        put_name(g, g->value[v].name, v);
        for (int32_t i = 0; i < g->value[v].n_aliases; i++)
            put_name(g, g->value[v].alias[i], v);
    }
}

/* Room in the hash table for one more name: it stays at most half full. */
static bool reserve_name(struct dsq_graph *g)
{
    if (g->n_names * 2 < g->slot_capacity)
        return true;
    int32_t capacity = g->slot_capacity ? g->slot_capacity * 2 : 4 * FIRST_CAPACITY;
    dsq_vid *slot =
        g->n_names < MAX_ITEMS ? dsq_arena_calloc(&g->arena, (size_t)capacity, sizeof *slot) : NULL;
    if (!slot)
        return false;
    g->name_slot = slot;
    g->slot_capacity = capacity;
    dsq_graph_hash_names(g);
    return true;
}

static bool has_alias(const struct dsq_value *v, const char *name)
{
    for (int32_t i = 0; i < v->n_aliases; i++)
        if (strcmp(v->alias[i], name) == 0)
            return true;
    return false;
}

dsq_vid dsq_graph_find(const struct dsq_graph *g, const char *name, bool *folded)
{
    dsq_vid alias_of = DSQ_NO_VALUE;
    if (folded)
        *folded = false;
    if (!g->slot_capacity)
        return DSQ_NO_VALUE;
    uint32_t mask = (uint32_t)g->slot_capacity - 1, i = hash_name(name) & mask;
    for (; g->name_slot[i] >= 0; i = (i + 1) & mask) {
        const struct dsq_value *v = &g->value[g->name_slot[i]];
        if (strcmp(v->name, name) == 0)
            return g->name_slot[i]; /* a value of that name goes before an alias */
        if (alias_of < 0 && has_alias(v, name))
            alias_of = g->name_slot[i];
    }
    if (folded)
        *folded = alias_of >= 0;
    return alias_of;
}

static bool name_is_taken(const struct dsq_graph *g, const char *name)
{
    bool folded;
    return dsq_graph_find(g, name, &folded) >= 0 && !folded;
}

const char *dsq_graph_fresh_name(struct dsq_graph *g, const char *base)
{
    if (*base && dsq_graph_find(g, base, NULL) < 0)
        return dsq_arena_string(&g->arena, base, strlen(base));
    for (int32_t i = 1; i <= g->n_names + 1; i++) {
        char tail[16];
        snprintf(tail, sizeof tail, "~%d", i);
        char *name = dsq_arena_printf(&g->arena, "%s%s", base, tail);
        if (!name || dsq_graph_find(g, name, NULL) < 0)
            return name;
    }
    return NULL;
}

enum dsq_status dsq_graph_rename(struct dsq_graph *g, dsq_vid v, const char *name,
                                 struct dsq_diag *d)
{
    if (strcmp(g->value[v].name, name) == 0)
        return DSQ_OK;
    if (!*name || name_is_taken(g, name))
        return dsq_fail(d, DSQ_MALFORMED, "cannot rename '%s': the name '%s' is %s",
                        g->value[v].name, name, *name ? "taken" : "empty");
    char *copy = dsq_arena_string(&g->arena, name, strlen(name));
    if (!copy || !reserve_name(g))
        return no_memory(d);
    g->value[v].name = copy;
    put_name(g, copy, v); /* the old name's slot stays and matches nothing */
    return DSQ_OK;
}

/* Alias arrays have no capacity of their own: it is the next power of two from their length. */
enum dsq_status dsq_graph_add_alias_name(struct dsq_graph *g, dsq_vid v, const char *name,
                                         struct dsq_diag *d)
{
    struct dsq_value *value = &g->value[v];
    int32_t n = value->n_aliases;
    if (strcmp(value->name, name) == 0 || has_alias(value, name))
        return DSQ_OK;
    char *copy = dsq_arena_string(&g->arena, name, strlen(name));
    if (!copy || !reserve_name(g))
        return no_memory(d);
    if ((n & (n - 1)) == 0) {
        const char **alias = dsq_arena_calloc(&g->arena, n ? (size_t)n * 2 : 1, sizeof *alias);
        if (!alias)
            return no_memory(d);
        if (n)
            memcpy(alias, value->alias, (size_t)n * sizeof *alias);
        value->alias = alias;
    }
    value->alias[value->n_aliases++] = copy;
    put_name(g, copy, v);
    return DSQ_OK;
}

enum dsq_status dsq_graph_add_alias(struct dsq_graph *g, dsq_vid into, dsq_vid from,
                                    struct dsq_diag *d)
{
    if (into == from)
        return DSQ_OK;
    DSQ_TRY(dsq_graph_add_alias_name(g, into, g->value[from].name, d));
    for (int32_t i = 0; i < g->value[from].n_aliases; i++)
        DSQ_TRY(dsq_graph_add_alias_name(g, into, g->value[from].alias[i], d));
    return DSQ_OK;
}

/* ---- building ---- */

enum dsq_status dsq_graph_add_value(struct dsq_graph *g, const char *name, enum dsq_dtype dtype,
                                    const struct dsq_shape *shape, dsq_vid *out, struct dsq_diag *d)
{
    if (!name || !*name)
        return dsq_fail(d, DSQ_MALFORMED, "a value has no name");
    if (name_is_taken(g, name))
        return dsq_fail(d, DSQ_MALFORMED, "two values are named '%s'", name);
    if ((unsigned)dtype >= DSQ_DTYPE_COUNT || (shape && shape->rank > DSQ_MAX_RANK))
        return dsq_fail(d, DSQ_MALFORMED, "value '%s': type %d or rank %d is not supported", name,
                        (int)dtype, shape ? (int)shape->rank : 0);
    struct dsq_value *values =
        reserve(&g->arena, g->value, g->n_values, &g->value_capacity, sizeof *values);
    if (!values)
        return no_memory(d);
    g->value = values;
    char *copy = dsq_arena_string(&g->arena, name, strlen(name));
    if (!copy || !reserve_name(g))
        return no_memory(d);
    struct dsq_value *v = &values[g->n_values];
    *v = (struct dsq_value){.name = copy, .dtype = dtype, .shape = {.rank = -1}};
    if (shape)
        v->shape = *shape;
    put_name(g, copy, g->n_values);
    *out = g->n_values++;
    return DSQ_OK;
}

enum dsq_status dsq_graph_add_const(struct dsq_graph *g, const char *name, enum dsq_dtype dtype,
                                    const struct dsq_shape *shape, const void *data, size_t bytes,
                                    dsq_vid *out, struct dsq_diag *d)
{
    size_t need;
    if (!shape || !dsq_shape_elements(shape, &need) ||
        !dsq_mul(need, dsq_dtype_bytes(dtype), &need) || need != bytes || (!data && bytes))
        return dsq_fail(d, DSQ_MALFORMED,
                        "constant '%s': %zu bytes are not what its type and shape need",
                        name ? name : "", bytes);
    void *copy = dsq_arena_copy(&g->arena, data, bytes);
    if (!copy)
        return no_memory(d);
    DSQ_TRY(dsq_graph_add_value(g, name, dtype, shape, out, d));
    g->value[*out].data = copy;
    g->value[*out].bytes = bytes;
    return DSQ_OK;
}

/* A copy of n ids, or n times DSQ_NO_VALUE. */
static dsq_vid *copy_ids(struct dsq_arena *arena, const dsq_vid *ids, int32_t n)
{
    dsq_vid *copy = dsq_arena_calloc(arena, (size_t)n, sizeof *copy);
    for (int32_t i = 0; copy && i < n; i++)
        copy[i] = ids ? ids[i] : DSQ_NO_VALUE;
    return copy;
}

enum dsq_status dsq_graph_add_node(struct dsq_graph *g, enum dsq_op op, const char *name,
                                   int32_t n_in, const dsq_vid *in, int32_t n_out,
                                   const dsq_vid *out, const void *attr, int32_t *index,
                                   struct dsq_diag *d)
{
    if ((unsigned)op >= DSQ_OP_COUNT || n_in < 0 || n_out < 0)
        return dsq_fail(d, DSQ_ARGUMENT, "no such operator, or a negative number of operands");
    struct dsq_node *nodes =
        reserve(&g->arena, g->node, g->n_nodes, &g->node_capacity, sizeof *nodes);
    if (!nodes)
        return no_memory(d);
    g->node = nodes;
    size_t bytes = dsq_op_info(op)->attr->bytes;
    struct dsq_node n = {.op = op, .n_in = n_in, .n_out = n_out};
    n.name = dsq_arena_string(&g->arena, name ? name : "", name ? strlen(name) : 0);
    n.in = copy_ids(&g->arena, in, n_in);
    n.out = copy_ids(&g->arena, out, n_out);
    n.attr = bytes ? dsq_arena_alloc(&g->arena, bytes) : NULL;
    if (!n.name || !n.in || !n.out || (bytes && !n.attr))
        return no_memory(d);
    if (bytes && attr)
        memcpy(n.attr, attr, bytes);
    nodes[g->n_nodes] = n;
    if (index)
        *index = g->n_nodes;
    g->n_nodes++;
    return DSQ_OK;
}

enum dsq_status dsq_graph_set_io(struct dsq_graph *g, const dsq_vid *input, int32_t n_inputs,
                                 const dsq_vid *output, int32_t n_outputs, struct dsq_diag *d)
{
    dsq_vid *in = copy_ids(&g->arena, input, n_inputs);
    dsq_vid *out = copy_ids(&g->arena, output, n_outputs);
    if (!in || !out)
        return no_memory(d);
    g->input = in;
    g->n_inputs = n_inputs;
    g->output = out;
    g->n_outputs = n_outputs;
    return DSQ_OK;
}

/* ---- small rewrites ---- */

void dsq_graph_replace_uses(struct dsq_graph *g, dsq_vid from, dsq_vid to)
{
    for (int32_t i = 0; i < g->n_nodes; i++)
        for (int32_t k = 0; k < g->node[i].n_in; k++)
            if (g->node[i].in[k] == from)
                g->node[i].in[k] = to;
    for (int32_t i = 0; i < g->n_outputs; i++)
        if (g->output[i] == from)
            g->output[i] = to;
}

void dsq_graph_kill_node(struct dsq_graph *g, int32_t i)
{
    g->node[i].n_in = g->node[i].n_out = 0;
}

/* Does the shape of the outputs need input k, its shape or its contents? Weights have neither. */
static bool shape_needs_input(const struct dsq_node *n, int32_t k)
{
    if (n->op == DSQ_OP_CONV)
        return k >= DSQ_CONV_FIXED && (k - DSQ_CONV_FIXED) % DSQ_CONV_PER_SEGMENT == 0;
    if (n->op == DSQ_OP_BATCHNORM || n->op == DSQ_OP_GROUPNORM || n->op == DSQ_OP_LAYERNORM)
        return k == 0;
    return true;
}

enum dsq_status dsq_graph_shape_twin(struct dsq_graph *g, int32_t i, dsq_vid *out,
                                     struct dsq_diag *d)
{
    int32_t twin;
    struct dsq_node n = g->node[i]; /* adding moves the array, not what it points at */
    DSQ_TRY(dsq_graph_add_node(g, n.op, n.name, n.n_in, n.in, n.n_out, NULL, n.attr, &twin, d));
    g->node[twin].shape_only = true;
    for (int32_t k = 0; k < n.n_in; k++)
        if (!shape_needs_input(&n, k))
            g->node[twin].in[k] = DSQ_NO_VALUE;
    for (int32_t k = 0; k < n.n_out; k++) {
        struct dsq_value like = g->value[n.out[k]];
        dsq_vid v = DSQ_NO_VALUE;
        const char *name = dsq_graph_fresh_name(g, like.name);
        if (!name)
            return no_memory(d);
        DSQ_TRY(dsq_graph_add_value(g, name, like.dtype, &like.shape, &v, d));
        g->value[v].layout = like.layout;
        g->value[v].q = like.q;
        g->node[twin].out[k] = v;
    }
    *out = g->node[twin].out[0];
    return DSQ_OK;
}

/* ---- descriptions ---- */

size_t dsq_dtype_bytes(enum dsq_dtype t)
{
    static const size_t bytes[DSQ_DTYPE_COUNT] = {
        [DSQ_F32] = 4, [DSQ_S8] = 1,   [DSQ_U8] = 1,  [DSQ_S32] = 4,
        [DSQ_S64] = 8, [DSQ_BOOL] = 1, [DSQ_F64] = 8,
    };
    return (unsigned)t < DSQ_DTYPE_COUNT ? bytes[t] : 0;
}

const char *dsq_dtype_name(enum dsq_dtype t)
{
    return (unsigned)t < DSQ_DTYPE_COUNT ? dsq_dtype_names[t] : "?";
}

const char *dsq_node_describe(const struct dsq_graph *g, int32_t node, char *buffer, size_t bytes)
{
    const struct dsq_node *n = &g->node[node];
    const char *op = dsq_op_info(n->op)->name;
    dsq_vid out = n->n_out ? n->out[0] : DSQ_NO_VALUE;
    if (*n->name)
        snprintf(buffer, bytes, "node '%s' (%s)", n->name, op);
    else if (out >= 0 && out < g->n_values)
        snprintf(buffer, bytes, "node of output '%s' (%s)", g->value[out].name, op);
    else
        snprintf(buffer, bytes, "node %d (%s)", (int)node, op);
    return buffer;
}

const char *dsq_node_label(struct dsq_graph *g, int32_t node)
{
    char buffer[512];
    dsq_node_describe(g, node, buffer, sizeof buffer);
    const char *copy = dsq_arena_string(&g->arena, buffer, strlen(buffer));
    return copy ? copy : "a node";
}
