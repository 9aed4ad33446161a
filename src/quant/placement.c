/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Placement. First every node that could be INT8 is taken to be; then nodes that would only cause
 * conversions (a maxpool whose result nobody reads as s8) are dropped until nothing changes.
 * Dropping one can only make others drop, so the loop ends and its result does not depend on order.
 * At last the ranges of values that share their bytes are made one.
 */
#include "quant/placement.h"

#include <string.h>

#include "quant/int8_ops.h"
#include "quant/propagate.h"

/* The most products of 127 * 127 that a 32-bit accumulator surely holds. */
enum { MOST_PRODUCTS = INT32_MAX / (127 * 127) };

struct place {
    const struct dsq_graph *g;
    const struct dsq_decisions *decisions;
    const struct dsq_placement *ideal; /* with every range known, or NULL */
    struct dsq_placement *p;
    struct dsq_arena *arena;
    int32_t *n_reads;      /* by value: data-reading inputs and graph outputs */
    int32_t *n_int8_reads; /* by value: those of INT8 nodes */
    int32_t *producer;     /* by value: node or -1 */
    dsq_vid *same;         /* by value: towards the value whose range it shares */
    bool *is_output;       /* by value */
    bool failed;           /* the arena is out of memory */
};

static enum dsq_int8_kind kind(const struct place *t, int32_t i)
{
    return dsq_int8_kind(t->g, &t->g->node[i]);
}

/* Inputs that hold activations; a convolution's weights among them do no harm. */
static int32_t n_data_inputs(const struct place *t, int32_t i)
{
    return dsq_int8_inputs(kind(t, i), &t->g->node[i]);
}

static void reject(struct place *t, int32_t i, const char *format, const char *name)
{
    t->p->node_int8[i] = false;
    t->p->node_reason[i] = dsq_arena_printf(t->arena, format, name);
    t->failed |= !t->p->node_reason[i];
}

/* A missing range is a fallback only where INT8 would have paid. */
static void reject_for_range(struct place *t, int32_t i, dsq_vid v)
{
    if (t->ideal && !t->ideal->node_int8[i]) {
        t->p->node_reason[i] = t->ideal->node_reason[i];
        return;
    }
    reject(t, i, "tensor '%s' has no range", t->g->value[v].name);
    t->p->n_fallbacks++;
}

/* Is `v` an activation that can be s8? Rejects node i otherwise. */
static bool input_fits(struct place *t, int32_t i, dsq_vid v)
{
    const struct dsq_value *value = &t->g->value[v];
    if (!dsq_value_is_activation(t->g, v)) {
        reject(t, i, "input '%s' is constant or not f32", value->name);
        return false;
    }
    if (value->shape.rank < 1) {
        reject(t, i, "the rank of '%s' is not known, or zero", value->name);
        return false;
    }
    if (t->p->value_range[v] < 0.0) {
        reject_for_range(t, i, v);
        return false;
    }
    return true;
}

static bool conv_weights_fit(struct place *t, int32_t i)
{
    const struct dsq_node *n = &t->g->node[i];
    const struct dsq_value *w = &t->g->value[n->in[DSQ_CONV_W]];
    dsq_vid b = n->in[DSQ_CONV_B];
    size_t elements;
    if (!w->data || w->dtype != DSQ_F32 || !dsq_shape_elements(&w->shape, &elements)) {
        reject(t, i, "weights '%s' are not constant f32", w->name);
        return false;
    }
    if (b >= 0 && (!t->g->value[b].data || t->g->value[b].dtype != DSQ_F32)) {
        reject(t, i, "bias '%s' is not constant f32", t->g->value[b].name);
        return false;
    }
    if (w->shape.rank < 1 || w->shape.dim[0] < 1 ||
        elements / (size_t)w->shape.dim[0] > MOST_PRODUCTS) {
        reject(t, i, "weights '%s': the 32-bit accumulator could overflow", w->name);
        return false;
    }
    return true;
}

static bool conv_fits(struct place *t, int32_t i)
{
    const struct dsq_node *n = &t->g->node[i];
    if (!conv_weights_fit(t, i))
        return false;
    for (int32_t s = 0; s < dsq_conv_segments(n); s++) {
        dsq_vid r = dsq_conv_r(n, s);
        if (!input_fits(t, i, dsq_conv_x(n, s)) || (r >= 0 && !input_fits(t, i, r)))
            return false;
    }
    return true;
}

/* Could node i, which is no convolution, be INT8, as far as it alone is concerned? */
static bool other_fits(struct place *t, int32_t i)
{
    const struct dsq_node *n = &t->g->node[i];
    for (int32_t k = 0; k < n_data_inputs(t, i); k++)
        if (!input_fits(t, i, n->in[k]))
            return false;
    for (int32_t k = 0; k < n->n_out; k++)
        if (!input_fits(t, i, n->out[k]))
            return false;
    return true;
}

enum dsq_precision dsq_decided(const struct dsq_graph *g, const struct dsq_decisions *decisions,
                               dsq_vid v)
{
    if (!decisions)
        return DSQ_PRECISION_UNDECIDED;
    const struct dsq_value *value = &g->value[v];
    enum dsq_precision p = dsq_decisions_precision(decisions, value->name);
    for (int32_t i = 0; p == DSQ_PRECISION_UNDECIDED && i < value->n_aliases; i++)
        p = dsq_decisions_precision(decisions, value->alias[i]);
    return p;
}

static bool node_fits(struct place *t, int32_t i)
{
    const struct dsq_node *n = &t->g->node[i];
    if (!dsq_node_reads_data(n) || kind(t, i) == DSQ_INT8_NEVER ||
        !dsq_value_is_activation(t->g, n->out[0]))
        return false;
    const char *output = t->g->value[n->out[0]].name;
    if (dsq_decided(t->g, t->decisions, n->out[0]) == DSQ_PRECISION_FLOAT) {
        reject(t, i, "'%s' is set to float", output);
        return false;
    }
    return kind(t, i) == DSQ_INT8_CONV ? conv_fits(t, i) : other_fits(t, i);
}

/* ---- who reads what ---- */

static void count_reads(struct place *t)
{
    const struct dsq_graph *g = t->g;
    for (int32_t v = 0; v < g->n_values; v++)
        t->producer[v] = -1;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const struct dsq_node *n = &g->node[i];
        for (int32_t k = 0; k < n->n_out; k++)
            t->producer[n->out[k]] = i;
        for (int32_t k = 0; dsq_node_reads_data(n) && k < n->n_in; k++)
            if (n->in[k] >= 0)
                t->n_reads[n->in[k]]++;
    }
    for (int32_t k = 0; k < g->n_outputs; k++) {
        t->n_reads[g->output[k]]++;
        t->is_output[g->output[k]] = true;
    }
}

static void count_int8_reads(struct place *t)
{
    const struct dsq_graph *g = t->g;
    for (int32_t v = 0; v < g->n_values; v++)
        t->n_int8_reads[v] = 0;
    for (int32_t i = 0; i < g->n_nodes; i++)
        for (int32_t k = 0; t->p->node_int8[i] && k < n_data_inputs(t, i); k++)
            if (g->node[i].in[k] >= 0)
                t->n_int8_reads[g->node[i].in[k]]++;
}

/* Written as s8: by an INT8 node, for INT8 nodes only. Needs a range: a conv's output may have
 * none. One of several outputs may be read by nobody. */
static bool is_s8(const struct place *t, dsq_vid v)
{
    const int32_t p = t->producer[v];
    return p >= 0 && t->p->node_int8[p] && t->p->value_range[v] >= 0.0 &&
           t->n_int8_reads[v] == t->n_reads[v] && (t->n_reads[v] > 0 || t->g->node[p].n_out > 1);
}

/* Arithmetic on what exists in float anyway is better done in float: one rounding fewer. */
static bool has_s8_inputs(struct place *t, int32_t i)
{
    const struct dsq_node *n = &t->g->node[i];
    for (int32_t k = 0; k < n_data_inputs(t, i); k++)
        if (!is_s8(t, n->in[k])) {
            reject(t, i, "input '%s' is written in float", t->g->value[n->in[k]].name);
            return false;
        }
    return true;
}

/* All outputs of node i are written as s8, at least one of them for somebody. */
static bool hands_on_s8(struct place *t, int32_t i)
{
    const struct dsq_node *n = &t->g->node[i];
    int32_t n_read = 0;
    for (int32_t k = 0; k < n->n_out; k++) {
        const dsq_vid v = n->out[k];
        const char *name = t->g->value[v].name;
        n_read += t->n_int8_reads[v] > 0;
        if (is_s8(t, v))
            continue;
        if (t->is_output[v])
            reject(t, i, "graph output '%s' stays float", name);
        else if (t->n_int8_reads[v] > 0)
            reject(t, i, "output '%s' is also read in float", name);
        else
            reject(t, i, "nothing reads '%s' in INT8", name);
        return false;
    }
    if (n_read == 0)
        reject(t, i, "nothing reads '%s' in INT8", t->g->value[n->out[0]].name);
    return n_read > 0;
}

/* Drop node i if INT8 would only cost conversions there. */
static bool drop(struct place *t, int32_t i)
{
    if (!t->p->node_int8[i] || kind(t, i) == DSQ_INT8_CONV)
        return false;
    return !hands_on_s8(t, i) || (kind(t, i) == DSQ_INT8_COMPUTES && !has_s8_inputs(t, i));
}

static void choose_nodes(struct place *t)
{
    for (int32_t i = 0; i < t->g->n_nodes; i++)
        t->p->node_int8[i] = node_fits(t, i);
    for (bool changed = true; changed;) {
        changed = false;
        count_int8_reads(t);
        for (int32_t i = 0; i < t->g->n_nodes; i++)
            changed |= drop(t, i);
    }
    for (int32_t i = 0; i < t->g->n_nodes; i++)
        if (t->g->node[i].op == DSQ_OP_CONV && dsq_node_reads_data(&t->g->node[i])) {
            t->p->n_int8 += t->p->node_int8[i];
            t->p->n_float += !t->p->node_int8[i];
        }
}

/* ---- forms and ranges ---- */

static void choose_forms(struct place *t)
{
    for (int32_t v = 0; v < t->g->n_values; v++)
        if (is_s8(t, v))
            t->p->value_form[v] = DSQ_FORM_S8;
        else if (t->n_int8_reads[v] > 0 && dsq_value_is_activation(t->g, v))
            t->p->value_form[v] = DSQ_FORM_COPY;
}

/* The value that decides v's range. */
static dsq_vid source(const struct place *t, dsq_vid v)
{
    while (t->same[v] != v)
        v = t->same[v];
    return v;
}

/* Do all INT8 readers of the values with this source either copy within the group or belong to
 * concat? */
static bool only_concat_reads(const struct place *t, dsq_vid group, int32_t concat)
{
    for (int32_t i = 0; i < t->g->n_nodes; i++) {
        const struct dsq_node *n = &t->g->node[i];
        if (!t->p->node_int8[i] || i == concat || kind(t, i) == DSQ_INT8_COPIES)
            continue;
        for (int32_t k = 0; k < n_data_inputs(t, i); k++)
            if (n->in[k] >= 0 && t->p->value_form[n->in[k]] != DSQ_FORM_F32 &&
                source(t, n->in[k]) == group)
                return false;
    }
    return true;
}

/* Outputs of copying nodes share their input's range. A concat gives its range to inputs that
 * nobody else reads as s8, the later concat first, because it decides for the earlier one. */
static void share_ranges(struct place *t)
{
    const struct dsq_graph *g = t->g;
    for (int32_t v = 0; v < g->n_values; v++)
        t->same[v] = v;
    for (int32_t i = 0; i < g->n_nodes; i++)
        for (int32_t k = 0; t->p->node_int8[i] && k < g->node[i].n_out; k++)
            if (kind(t, i) == DSQ_INT8_COPIES)
                t->same[g->node[i].out[k]] = source(t, g->node[i].in[0]);
    for (int32_t i = g->n_nodes - 1; i >= 0; i--) {
        const struct dsq_node *n = &g->node[i];
        if (!t->p->node_int8[i] || n->op != DSQ_OP_CONCAT)
            continue;
        dsq_vid whole = source(t, n->out[0]);
        for (int32_t k = 0; k < n->n_in; k++) {
            dsq_vid part = source(t, n->in[k]);
            if (part != whole && only_concat_reads(t, part, i))
                t->same[part] = whole;
        }
    }
    for (int32_t v = 0; v < g->n_values; v++)
        t->p->value_range[v] = t->p->value_range[source(t, v)];
}

/* ---- the whole ---- */

static enum dsq_status allocate(struct place *t, struct dsq_diag *d)
{
    size_t n_nodes = (size_t)t->g->n_nodes, n_values = (size_t)t->g->n_values;
    struct dsq_placement *p = t->p;
    *p = (struct dsq_placement){.n_nodes = t->g->n_nodes, .n_values = t->g->n_values};
    p->node_int8 = dsq_arena_calloc(t->arena, n_nodes, sizeof *p->node_int8);
    p->node_reason = dsq_arena_calloc(t->arena, n_nodes, sizeof *p->node_reason);
    p->value_form = dsq_arena_calloc(t->arena, n_values, sizeof *p->value_form);
    p->value_range = dsq_arena_calloc(t->arena, n_values, sizeof *p->value_range);
    t->n_reads = dsq_arena_calloc(t->arena, n_values, sizeof *t->n_reads);
    t->n_int8_reads = dsq_arena_calloc(t->arena, n_values, sizeof *t->n_int8_reads);
    t->producer = dsq_arena_calloc(t->arena, n_values, sizeof *t->producer);
    t->same = dsq_arena_calloc(t->arena, n_values, sizeof *t->same);
    t->is_output = dsq_arena_calloc(t->arena, n_values, sizeof *t->is_output);
    if (!p->node_int8 || !p->node_reason || !p->value_form || !p->value_range || !t->n_reads ||
        !t->n_int8_reads || !t->producer || !t->same || !t->is_output)
        return dsq_fail(d, DSQ_NOMEM, "no memory to place %zu nodes", n_nodes);
    return DSQ_OK;
}

/* ranges NULL: every activation has one. */
static enum dsq_status place(const struct dsq_graph *g, const struct dsq_ranges *ranges,
                             const struct dsq_decisions *decisions,
                             const struct dsq_placement *ideal, struct dsq_placement *out,
                             struct dsq_arena *arena, struct dsq_diag *d)
{
    struct place t = {.g = g, .decisions = decisions, .ideal = ideal, .p = out, .arena = arena};
    DSQ_TRY(allocate(&t, d));
    for (dsq_vid v = 0; v < g->n_values; v++) {
        double range = ranges ? -1.0 : 1.0;
        if (ranges)
            dsq_ranges_get(ranges, g->value[v].name, &range);
        out->value_range[v] = dsq_value_is_activation(g, v) ? range : -1.0;
    }
    count_reads(&t);
    dsq_propagate_ranges(g, t.n_reads, out->value_range);
    choose_nodes(&t);
    choose_forms(&t);
    share_ranges(&t);
    return t.failed ? dsq_fail(d, DSQ_NOMEM, "no memory for reasons") : DSQ_OK;
}

enum dsq_status dsq_place(const struct dsq_graph *g, const struct dsq_ranges *ranges,
                          const struct dsq_decisions *decisions, struct dsq_placement *out,
                          struct dsq_arena *arena, struct dsq_diag *d)
{
    if (!ranges)
        return dsq_fail(d, DSQ_ARGUMENT, "placement needs ranges");
    struct dsq_placement ideal;
    DSQ_TRY(place(g, NULL, decisions, NULL, &ideal, arena, d));
    return place(g, ranges, decisions, &ideal, out, arena, d);
}

/* What a ranges file shall name for output v of node n. Import makes rows of a matrix ("y.rows")
 * and pictures of a row ("y.x") out of tensors of the model; the same numbers have the model's own
 * name one step before. */
static dsq_vid observed_for(const struct dsq_graph *g, const struct dsq_node *n, dsq_vid v)
{
    const char *dot = strrchr(g->value[v].name, '.');
    const bool inner = dot && (strcmp(dot, ".rows") == 0 || strcmp(dot, ".x") == 0);
    const bool moved = n->op == DSQ_OP_UNSQUEEZE || n->op == DSQ_OP_RESHAPE;
    return inner && moved && dsq_value_is_activation(g, n->in[0]) ? n->in[0] : v;
}

static void add_name(const char **name, size_t *n, const char *one)
{
    for (size_t i = 0; i < *n; i++)
        if (strcmp(name[i], one) == 0)
            return;
    name[(*n)++] = one;
}

enum dsq_status dsq_place_observed(const struct dsq_graph *g, const char ***name, size_t *n,
                                   struct dsq_arena *arena, struct dsq_diag *d)
{
    struct dsq_placement p;
    *n = 0;
    DSQ_TRY(place(g, NULL, NULL, NULL, &p, arena, d));
    *name = dsq_arena_calloc(arena, (size_t)g->n_values + 1, sizeof **name);
    if (!*name)
        return dsq_fail(d, DSQ_NOMEM, "no memory for the names of %d values", (int)g->n_values);
    for (int32_t i = 0; i < g->n_inputs; i++)
        if (p.value_form[g->input[i]] != DSQ_FORM_F32)
            add_name(*name, n, g->value[g->input[i]].name);
    for (int32_t i = 0; i < g->n_nodes; i++)
        for (int32_t k = 0; k < g->node[i].n_out; k++)
            if (p.value_form[g->node[i].out[k]] != DSQ_FORM_F32)
                add_name(*name, n, g->value[observed_for(g, &g->node[i], g->node[i].out[k])].name);
    return DSQ_OK;
}
