/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a float graph with ranges to a graph of integers, as placement says (quant/placement.h).
 *
 * Three steps. Decide: what placement wants, less what cannot be (accumulators that might
 * overflow). Scales: each value's range gives its scale (placement has already made ranges equal
 * where bytes are copied). Rewrite: node after node, inputs are fetched as s8 or f32; what is
 * missing is made by one quantize, dequantize or requantize node, which all readers share.
 */
#include <string.h>

#include "pass/quantize.h"
#include "quant/int8_ops.h"
#include "quant/placement.h"
#include "quant/scale.h"

/* The same numbers in another form, made by a node that this pass added. */
struct copy {
    dsq_vid of, id;
    enum dsq_dtype dtype;
    float scale;
};

struct quantizer {
    struct dsq_pass *p;
    struct dsq_graph *g;
    struct dsq_match m; /* uses of the graph as it came */
    struct dsq_placement place;
    struct dsq_quantized_weights weights;
    struct dsq_arena arena;
    bool *int8;          /* by node, as it came: computes on integers */
    bool *is_s8;         /* by value: its producer writes s8 */
    struct dsq_quant *q; /* by value: how it is, or would be, quantized; scale 0: unknown */
    struct copy *copy;
    int32_t n_copies, copy_capacity, n_values;
};

/* ---- decide ---- */

/* Not because a decision or its readers want it so. */
static bool is_unwanted(const struct quantizer *z, int32_t i)
{
    const struct dsq_node *n = &z->g->node[i];
    if (n->op != DSQ_OP_CONV)
        return false; /* if it matters, a convolution behind it lacks the same range */
    return dsq_decided(z->g, z->p->settings->decisions, n->out[0]) != DSQ_PRECISION_FLOAT;
}

static enum dsq_status add_reason(struct quantizer *z, int32_t i, const char *reason,
                                  struct dsq_diag *d)
{
    struct dsq_pass_report *r = z->p->report;
    const char *output = z->g->value[z->g->node[i].out[0]].name;
    const char *kept = dsq_arena_printf(&z->g->arena, "%s", reason);
    if (!kept)
        return dsq_fail(d, DSQ_NOMEM, "no memory to report on '%s'", output);
    struct dsq_pass_fallback *last = &r->fallback[r->n_reasons++], *at = last;
    if (is_unwanted(z, i)) {
        at = &r->fallback[r->n_fallbacks++];
        *last = *at;
    }
    *at = (struct dsq_pass_fallback){dsq_node_label(z->g, i), output, kept};
    return DSQ_OK;
}

/* Whether node i computes on integers; *reason if it should and cannot. */
static enum dsq_status decide_node(struct quantizer *z, int32_t i, const char **reason,
                                   struct dsq_diag *d)
{
    const struct dsq_node *n = &z->g->node[i];
    *reason = z->place.node_reason[i];
    if (!z->place.node_int8[i] || !dsq_node_runs(n))
        return DSQ_OK;
    if (n->op != DSQ_OP_CONV) {
        z->int8[i] = z->place.value_form[n->out[0]] == DSQ_FORM_S8;
        return DSQ_OK;
    }
    struct dsq_quantized_weight *w;
    DSQ_TRY(dsq_quantize_weight(&z->weights, i, &w, d));
    *reason = w->refused;
    z->int8[i] = !w->refused;
    return DSQ_OK;
}

static enum dsq_status decide(struct quantizer *z, struct dsq_diag *d)
{
    struct dsq_graph *g = z->g;
    struct dsq_pass_report *r = z->p->report;
    r->fallback = dsq_arena_calloc(&g->arena, (size_t)g->n_nodes + 1, sizeof *r->fallback);
    if (!r->fallback)
        return dsq_fail(d, DSQ_NOMEM, "no memory to report on quantization");
    r->n_fallbacks = r->n_reasons = 0;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const struct dsq_node *n = &g->node[i];
        const char *reason = NULL;
        DSQ_TRY(decide_node(z, i, &reason, d));
        if (reason)
            DSQ_TRY(add_reason(z, i, reason, d));
        if (n->op == DSQ_OP_CONV && dsq_node_runs(n))
            ++*(z->int8[i] ? &r->n_int8 : &r->n_float);
        for (int32_t k = 0; k < n->n_out; k++)
            z->is_s8[n->out[k]] = z->int8[i] && z->place.value_form[n->out[k]] == DSQ_FORM_S8;
    }
    return DSQ_OK;
}

/* ---- scales ---- */

static void own_scales(struct quantizer *z)
{
    for (dsq_vid v = 0; v < z->n_values; v++) {
        if (!(z->place.value_range[v] >= 0.0))
            continue;
        z->q[v] = dsq_quant_of_range(z->place.value_range[v]);
        const int32_t p = z->m.uses.producer[v];
        if (p >= 0 && dsq_node_never_negative(&z->g->node[p]))
            z->q[v].qmin = 0;
    }
}

/* ---- rewrite ---- */

static enum dsq_status grow_copies(struct quantizer *z, struct dsq_diag *d)
{
    if (z->n_copies < z->copy_capacity)
        return DSQ_OK;
    const int32_t capacity = z->copy_capacity ? 2 * z->copy_capacity : 64;
    struct copy *copy = dsq_arena_calloc(&z->arena, (size_t)capacity, sizeof *copy);
    if (!copy)
        return dsq_fail(d, DSQ_NOMEM, "no memory to quantize the graph");
    if (z->n_copies)
        memcpy(copy, z->copy, (size_t)z->n_copies * sizeof *copy);
    z->copy = copy;
    z->copy_capacity = capacity;
    return DSQ_OK;
}

/* The copy of v in that type (and scale), by a node put before node *i, which moves on. */
static enum dsq_status fetch_copy(struct quantizer *z, int32_t *i, dsq_vid v, enum dsq_dtype dtype,
                                  const struct dsq_quant *q, dsq_vid *out, struct dsq_diag *d)
{
    struct dsq_graph *g = z->g;
    for (int32_t k = 0; k < z->n_copies; k++) {
        const struct copy *c = &z->copy[k];
        if (c->of == v && c->dtype == dtype && (dtype == DSQ_F32 || c->scale == q->scale)) {
            *out = c->id;
            return DSQ_OK;
        }
    }
    const bool from_s8 = z->is_s8[v];
    const enum dsq_op op = dtype == DSQ_F32 ? DSQ_OP_DEQUANTIZE
                           : from_s8        ? DSQ_OP_REQUANTIZE
                                            : DSQ_OP_QUANTIZE;
    DSQ_TRY(grow_copies(z, d));
    DSQ_TRY(dsq_add_value_like(g, v, dtype == DSQ_F32 ? ":f32" : from_s8 ? ":rq" : ":s8", out, d));
    g->value[*out].dtype = dtype;
    g->value[*out].q = dtype == DSQ_F32 ? (struct dsq_quant){0} : *q;
    int32_t added;
    DSQ_TRY(dsq_graph_add_node(g, op, "", 1, &v, 1, out, NULL, &added, d));
    const bool shape_only = g->node[added].shape_only = g->node[*i].shape_only;
    dsq_move_last_node(g, (*i)++);
    if (shape_only)
        return DSQ_OK; /* of no use to readers of data */
    z->copy[z->n_copies++] = (struct copy){v, *out, dtype, q ? q->scale : 0.0f};
    return DSQ_OK;
}

/* Input k of node *i as s8, in its own scale or in that of `to`. */
static enum dsq_status fetch_s8(struct quantizer *z, int32_t *i, int32_t k,
                                const struct dsq_quant *to, struct dsq_diag *d)
{
    const dsq_vid v = z->g->node[*i].in[k];
    struct dsq_quant q = z->q[v];
    if (v == DSQ_NO_VALUE || (z->is_s8[v] && (!to || to->scale == q.scale)))
        return DSQ_OK;
    if (to) {
        q.scale = to->scale;
        q.inv_scale = to->inv_scale;
    }
    if (!(q.scale > 0.0f))
        return dsq_fail(d, DSQ_MALFORMED, "%s: tensor '%s' is to be quantized but has no range",
                        dsq_node_label(z->g, *i), z->g->value[v].name);
    dsq_vid copy;
    DSQ_TRY(fetch_copy(z, i, v, DSQ_S8, &q, &copy, d));
    z->g->node[*i].in[k] = copy;
    return DSQ_OK;
}

/* The outputs of node i become s8, quantized so. */
static void write_s8(struct quantizer *z, int32_t i, struct dsq_quant q)
{
    for (int32_t k = 0; k < z->g->node[i].n_out; k++) {
        const dsq_vid v = z->g->node[i].out[k];
        z->q[v] = q;
        z->g->value[v].dtype = DSQ_S8;
        z->g->value[v].q = q;
    }
}

static enum dsq_status rewrite_conv(struct quantizer *z, int32_t *i, struct dsq_diag *d)
{
    struct dsq_graph *g = z->g;
    DSQ_TRY(fetch_s8(z, i, DSQ_CONV_FIXED, NULL, d));
    if (dsq_conv_r(&g->node[*i], 0) != DSQ_NO_VALUE)
        DSQ_TRY(fetch_s8(z, i, DSQ_CONV_FIXED + 1, NULL, d));
    const float scale_x = g->value[dsq_conv_x(&g->node[*i], 0)].q.scale;
    DSQ_TRY(dsq_quantize_conv_constants(&z->weights, *i, scale_x, d));
    const dsq_vid y = g->node[*i].out[0];
    if (z->is_s8[y])
        write_s8(z, *i, z->q[y]);
    return DSQ_OK;
}

/* Concat: all inputs in the output's scale. */
static enum dsq_status rewrite_joining(struct quantizer *z, int32_t *i, struct dsq_diag *d)
{
    struct dsq_quant q = z->q[z->g->node[*i].out[0]];
    q.qmin = 0;
    for (int32_t k = 0; k < z->g->node[*i].n_in; k++) {
        DSQ_TRY(fetch_s8(z, i, k, &q, d));
        const struct dsq_quant *got = &z->g->value[z->g->node[*i].in[k]].q;
        q.qmin = got->qmin < q.qmin ? got->qmin : q.qmin;
    }
    write_s8(z, *i, q);
    return DSQ_OK;
}

/* Sums, products and means of what is not negative are not negative either. */
static bool keeps_sign(enum dsq_op op)
{
    return op == DSQ_OP_ADD || op == DSQ_OP_MUL || op == DSQ_OP_AVGPOOL ||
           op == DSQ_OP_GLOBAL_AVGPOOL;
}

static enum dsq_status rewrite_computing(struct quantizer *z, int32_t *i, struct dsq_diag *d)
{
    const int32_t n_in = dsq_int8_inputs(DSQ_INT8_COMPUTES, &z->g->node[*i]);
    bool not_negative = keeps_sign(z->g->node[*i].op);
    for (int32_t k = 0; k < n_in; k++) {
        DSQ_TRY(fetch_s8(z, i, k, NULL, d));
        not_negative = not_negative && z->g->value[z->g->node[*i].in[k]].q.qmin == 0;
    }
    struct dsq_quant q = z->q[z->g->node[*i].out[0]];
    if (not_negative)
        q.qmin = 0;
    write_s8(z, *i, q);
    return DSQ_OK;
}

static enum dsq_status rewrite_int8(struct quantizer *z, int32_t *i, struct dsq_diag *d)
{
    switch (dsq_int8_kind(z->g, &z->g->node[*i])) {
    case DSQ_INT8_CONV:
        return rewrite_conv(z, i, d);
    case DSQ_INT8_JOINS:
        return rewrite_joining(z, i, d);
    case DSQ_INT8_COPIES:
        DSQ_TRY(fetch_s8(z, i, 0, NULL, d));
        write_s8(z, *i, z->g->value[z->g->node[*i].in[0]].q);
        return DSQ_OK;
    default:
        return rewrite_computing(z, i, d);
    }
}

static enum dsq_status rewrite_float(struct quantizer *z, int32_t *i, struct dsq_diag *d)
{
    struct dsq_graph *g = z->g;
    const enum dsq_op op = g->node[*i].op; /* these take the shape of s8 values too */
    if (op == DSQ_OP_SHAPE || (op == DSQ_OP_CONV && g->node[*i].shape_only))
        return DSQ_OK;
    for (int32_t k = 0; k < g->node[*i].n_in; k++) {
        const dsq_vid v = g->node[*i].in[k];
        dsq_vid copy;
        if (v == DSQ_NO_VALUE || !z->is_s8[v])
            continue;
        DSQ_TRY(fetch_copy(z, i, v, DSQ_F32, NULL, &copy, d));
        g->node[*i].in[k] = copy;
    }
    return DSQ_OK;
}

static enum dsq_status rewrite(struct quantizer *z, struct dsq_diag *d)
{
    const int32_t n = z->g->n_nodes;
    for (int32_t k = 0, i = 0; k < n; k++, i++) /* k: the node as it came; i: where it is now */
        if (z->g->node[i].n_out > 0)
            DSQ_TRY(z->int8[k] ? rewrite_int8(z, &i, d) : rewrite_float(z, &i, d));
    return dsq_quantized_weights_finish(&z->weights, d);
}

static enum dsq_status quantize(struct quantizer *z, struct dsq_diag *d)
{
    struct dsq_graph *g = z->g;
    const struct dsq_pass_settings *s = z->p->settings;
    z->n_values = g->n_values;
    z->weights =
        (struct dsq_quantized_weights){.g = g, .scratch = &z->arena, .decisions = s->decisions};
    z->int8 = dsq_arena_calloc(&z->arena, (size_t)g->n_nodes + 1, sizeof *z->int8);
    z->is_s8 = dsq_arena_calloc(&z->arena, (size_t)g->n_values + 1, sizeof *z->is_s8);
    z->q = dsq_arena_calloc(&z->arena, (size_t)g->n_values + 1, sizeof *z->q);
    if (!z->int8 || !z->is_s8 || !z->q)
        return dsq_fail(d, DSQ_NOMEM, "no memory to quantize the graph");
    DSQ_TRY(dsq_place(g, s->ranges, s->decisions, &z->place, &z->arena, d));
    DSQ_TRY(decide(z, d));
    own_scales(z);
    return rewrite(z, d);
}

enum dsq_status dsq_pass_quantize_int8(struct dsq_pass *p, bool *changed, struct dsq_diag *d)
{
    if (!p->settings->ranges)
        return dsq_fail(d, DSQ_ARGUMENT, "quantize_int8: no ranges given");
    struct quantizer z = {.p = p, .g = p->g};
    dsq_arena_init(&z.arena, p->g->arena.allocator);
    enum dsq_status status = dsq_match_open(&z.m, p->g, d);
    if (status == DSQ_OK)
        status = quantize(&z, d);
    *changed = true;
    dsq_match_close(&z.m);
    dsq_arena_free(&z.arena);
    return status;
}
