/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Give every rank-4 activation a layout and put relayout nodes where two meet.
 *
 * Graph inputs are NCHW, as callers give them. Operators that ask for NHWC get it and make it;
 * those that take any layout follow their inputs, NHWC winning; those that depend on the order of
 * elements (reshape, flatten, transpose, ...) get NCHW. quantize and dequantize change the layout
 * on the way, so no relayout stands beside them. A value has at most one copy in the other layout,
 * made where it is first needed; converting a copy back gives the original. A shape_only node
 * causes no copy: the relayout before it is shape_only too. Graph outputs stay as they are
 * produced.
 */
#include "pass/match.h"

#include <string.h>

struct layouts {
    struct dsq_graph *g;
    struct dsq_match *m;
    dsq_vid *twin; /* by value: the same numbers in the other layout, or DSQ_NO_VALUE */
    int32_t n_twins;
    bool *changed;
};

static bool is_picture(const struct dsq_graph *g, dsq_vid v)
{
    return v != DSQ_NO_VALUE && g->value[v].shape.rank == 4;
}

/* A rank-4 constant with its bytes in NHWC order. */
static enum dsq_status permute_const(struct dsq_graph *g, dsq_vid v, dsq_vid *out,
                                     struct dsq_diag *d)
{
    DSQ_TRY(dsq_add_value_like(g, v, ":nhwc", out, d));
    const struct dsq_value *x = &g->value[v];
    struct dsq_value *y = &g->value[*out];
    const size_t element = dsq_dtype_bytes(x->dtype);
    size_t n;
    char *dst = dsq_shape_elements(&x->shape, &n) ? dsq_arena_alloc64(&g->arena, x->bytes) : NULL;
    if (!dst)
        return dsq_fail(d, DSQ_NOMEM, "constant '%s': no memory to permute it", x->name);
    const size_t channels = (size_t)x->shape.dim[1];
    const size_t pixels = (size_t)(x->shape.dim[2] * x->shape.dim[3]);
    for (size_t i = 0; i < n; i++) {
        const size_t p = i % pixels, c = i / pixels % channels, image = i / pixels / channels;
        memcpy(dst + ((image * pixels + p) * channels + c) * element,
               (const char *)x->data + i * element, element);
    }
    y->data = dst;
    y->bytes = x->bytes;
    y->layout = DSQ_NHWC;
    return DSQ_OK;
}

/* The twin table grows with the values that this pass adds. */
static enum dsq_status remember(struct layouts *l, dsq_vid v, dsq_vid twin, struct dsq_diag *d)
{
    if (twin >= l->n_twins) {
        const int32_t n = (twin + 1) * 2;
        dsq_vid *grown = dsq_arena_alloc(&l->m->scratch, (size_t)n * sizeof *grown);
        if (!grown)
            return dsq_fail(d, DSQ_NOMEM, "no memory to assign layouts");
        memset(grown, 0xff, (size_t)n * sizeof *grown); /* DSQ_NO_VALUE */
        if (l->n_twins)
            memcpy(grown, l->twin, (size_t)l->n_twins * sizeof *grown);
        l->twin = grown;
        l->n_twins = n;
    }
    l->twin[v] = twin;
    l->twin[twin] = v;
    return DSQ_OK;
}

static enum dsq_status make_twin(struct layouts *l, int32_t *i, dsq_vid v, enum dsq_layout layout,
                                 dsq_vid *twin, struct dsq_diag *d)
{
    struct dsq_graph *g = l->g;
    if (dsq_value_is_const(g, v)) {
        DSQ_TRY(permute_const(g, v, twin, d));
        return remember(l, v, *twin, d);
    }
    DSQ_TRY(dsq_add_value_like(g, v, layout == DSQ_NHWC ? ":nhwc" : ":nchw", twin, d));
    g->value[*twin].layout = layout;
    int32_t added;
    DSQ_TRY(dsq_graph_add_node(g, DSQ_OP_RELAYOUT, "", 1, &v, 1, twin, NULL, &added, d));
    g->node[added].shape_only = g->node[*i].shape_only;
    dsq_move_last_node(g, (*i)++);
    return g->node[*i].shape_only ? DSQ_OK : remember(l, v, *twin, d);
}

/* Input k of node *i in `layout`; *i moves on with the node when a relayout goes in before it. */
static enum dsq_status want(struct layouts *l, int32_t *i, int32_t k, enum dsq_layout layout,
                            struct dsq_diag *d)
{
    struct dsq_graph *g = l->g;
    const dsq_vid v = g->node[*i].in[k];
    if (!is_picture(g, v) || g->value[v].layout == layout)
        return DSQ_OK;
    dsq_vid twin = v < l->n_twins ? l->twin[v] : DSQ_NO_VALUE;
    if (twin == DSQ_NO_VALUE)
        DSQ_TRY(make_twin(l, i, v, layout, &twin, d));
    g->node[*i].in[k] = twin;
    *l->changed = true;
    return DSQ_OK;
}

static void give(struct layouts *l, int32_t i, enum dsq_layout layout)
{
    struct dsq_graph *g = l->g;
    for (int32_t k = 0; k < g->node[i].n_out; k++) {
        const dsq_vid v = g->node[i].out[k];
        if (!is_picture(g, v) || g->value[v].layout == layout)
            continue;
        g->value[v].layout = layout;
        *l->changed = true;
    }
}

/* Is every reader of v's data an operator that depends on the order of elements? */
static bool only_raw_readers(const struct dsq_graph *g, dsq_vid v)
{
    bool any = false;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const struct dsq_node *n = &g->node[i];
        for (int32_t k = 0; dsq_node_runs(n) && k < n->n_in; k++) {
            if (n->in[k] != v || n->op == DSQ_OP_SHAPE)
                continue;
            if (dsq_op_info(n->op)->flags & (DSQ_OPF_LAYOUT | DSQ_OPF_NHWC))
                return false;
            any = true;
        }
    }
    return any && !dsq_is_graph_output(g, v);
}

/* What a node that takes any layout computes in: NHWC as soon as one activation has it. */
static enum dsq_layout follow(const struct dsq_graph *g, const struct dsq_node *n)
{
    for (int32_t k = 0; k < n->n_in; k++)
        if (is_picture(g, n->in[k]) && g->value[n->in[k]].layout == DSQ_NHWC &&
            !dsq_value_is_const(g, n->in[k]))
            return DSQ_NHWC;
    return DSQ_NCHW;
}

static bool is_data_input(const struct dsq_node *n, int32_t k)
{
    if (n->op == DSQ_OP_CONV)
        return k >= DSQ_CONV_FIXED && (k - DSQ_CONV_FIXED) % DSQ_CONV_PER_SEGMENT != 2;
    return !(dsq_op_info(n->op)->flags & DSQ_OPF_NHWC) || k == 0;
}

static enum dsq_status assign(struct layouts *l, int32_t *i, struct dsq_diag *d)
{
    struct dsq_graph *g = l->g;
    const struct dsq_node *n = &g->node[*i];
    const uint32_t flags = dsq_op_info(n->op)->flags;
    if (n->op == DSQ_OP_SHAPE || n->op == DSQ_OP_RELAYOUT)
        return DSQ_OK;
    if (n->op == DSQ_OP_QUANTIZE || n->op == DSQ_OP_DEQUANTIZE) {
        give(l, *i, only_raw_readers(g, n->out[0]) ? DSQ_NCHW : DSQ_NHWC);
        return DSQ_OK;
    }
    const enum dsq_layout layout = flags & DSQ_OPF_NHWC     ? DSQ_NHWC
                                   : flags & DSQ_OPF_LAYOUT ? follow(g, n)
                                                            : DSQ_NCHW;
    for (int32_t k = 0; k < g->node[*i].n_in; k++)
        if (is_data_input(&g->node[*i], k))
            DSQ_TRY(want(l, i, k, layout, d));
    give(l, *i, layout);
    return DSQ_OK;
}

enum dsq_status dsq_pass_assign_layout(struct dsq_pass *p, bool *changed, struct dsq_diag *d)
{
    struct dsq_match m;
    enum dsq_status status = dsq_match_open(&m, p->g, d);
    struct layouts l = {.g = p->g, .m = &m, .changed = changed};
    for (int32_t i = 0; status == DSQ_OK && i < p->g->n_nodes; i++)
        if (p->g->node[i].n_out > 0)
            status = assign(&l, &i, d);
    dsq_match_close(&m);
    return status;
}
