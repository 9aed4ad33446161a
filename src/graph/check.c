/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a graph whole? First that every id, value and attribute is in range (after which the rest of
 * the library may follow ids without looking), then order and producers, then what flows where
 * (check_node.c).
 */
#include "graph/check.h"

#include <math.h>
#include <string.h>

#include "graph/check_node.h"

static enum dsq_status bad_value(const struct dsq_checker *c, dsq_vid v, const char *what)
{
    return dsq_fail(c->diag, DSQ_MALFORMED, "value '%s': %s", c->g->value[v].name, what);
}

static bool in_range(const struct dsq_graph *g, const dsq_vid *v, int32_t n, dsq_vid lowest)
{
    for (int32_t i = 0; i < n; i++)
        if (v[i] < lowest || v[i] >= g->n_values)
            return false;
    return true;
}

/* ---- values ---- */

static bool is_normal(float v)
{
    return isnormal(v) && v > 0;
}

static enum dsq_status check_quant(const struct dsq_checker *c, dsq_vid id)
{
    const struct dsq_value *v = &c->g->value[id];
    const struct dsq_quant *q = &v->q;
    bool none = q->scale == 0 && q->inv_scale == 0 && !q->zero_point && !q->qmin && !q->qmax;
    if (v->dtype != DSQ_S8)
        return none ? DSQ_OK : bad_value(c, id, "only s8 values have a scale");
    if (none)
        return v->data ? DSQ_OK : bad_value(c, id, "an s8 value needs a scale");
    if (!is_normal(q->scale) || !is_normal(q->inv_scale))
        return bad_value(c, id, "its scale is not a normal positive number");
    if (q->zero_point < -128 || q->zero_point > 127 || q->qmin < -128 || q->qmax > 127 ||
        q->qmin > q->qmax)
        return bad_value(c, id, "its zero point or range is outside s8");
    return DSQ_OK;
}

static enum dsq_status check_const(const struct dsq_checker *c, dsq_vid id)
{
    const struct dsq_value *v = &c->g->value[id];
    size_t bytes;
    if (!dsq_shape_elements(&v->shape, &bytes) ||
        !dsq_mul(bytes, dsq_dtype_bytes(v->dtype), &bytes) || bytes != v->bytes)
        return bad_value(c, id, "the constant's data does not have the size of its shape");
    if ((uintptr_t)v->data % 64)
        return bad_value(c, id, "the constant's data is not 64-byte aligned");
    return DSQ_OK;
}

static enum dsq_status check_value(const struct dsq_checker *c, dsq_vid id)
{
    const struct dsq_value *v = &c->g->value[id];
    bool folded;
    if (!v->name || !*v->name)
        return dsq_fail(c->diag, DSQ_MALFORMED, "value %d has no name", (int)id);
    if (dsq_graph_find(c->g, v->name, &folded) != id || folded)
        return bad_value(c, id, "another value has this name, or it was renamed past the table");
    if ((unsigned)v->dtype >= DSQ_DTYPE_COUNT)
        return bad_value(c, id, "unknown type");
    if (v->shape.rank < -1 || v->shape.rank > DSQ_MAX_RANK)
        return bad_value(c, id, "its rank is out of range");
    for (int32_t i = 0; i < v->shape.rank; i++)
        if (dsq_dim_is_symbolic(v->shape.dim[i]) && !dsq_dim_form_of(&c->g->dims, v->shape.dim[i]))
            return bad_value(c, id, "a dimension names a form that does not exist");
    if (v->layout != DSQ_NCHW && (v->layout != DSQ_NHWC || v->shape.rank != 4))
        return bad_value(c, id, "only values of rank 4 can be NHWC");
    if (v->data)
        DSQ_TRY(check_const(c, id));
    return check_quant(c, id);
}

/* ---- nodes, one by one ---- */

enum dsq_status dsq_check_fail(const struct dsq_checker *c, int32_t node, const char *what)
{
    char label[512];
    return dsq_fail(c->diag, DSQ_MALFORMED, "%s: %s",
                    dsq_node_describe(c->g, node, label, sizeof label), what);
}

/* Inputs that ops.def counts but that may be absent. */
static bool is_optional(const struct dsq_node *n, int32_t k)
{
    switch (n->op) {
    case DSQ_OP_CONV:
        if (k >= DSQ_CONV_FIXED)
            return (k - DSQ_CONV_FIXED) % DSQ_CONV_PER_SEGMENT != 0;
        return k == DSQ_CONV_B || n->shape_only;
    case DSQ_OP_BATCHNORM:
    case DSQ_OP_GROUPNORM:
        return k > 0 && n->shape_only;
    case DSQ_OP_LAYERNORM:
        return k > 1 || (k > 0 && n->shape_only);
    case DSQ_OP_RESIZE:
        return k > 0 && n->in[3 - k] >= 0; /* sizes or scales */
    default:
        return k >= dsq_op_info(n->op)->in_min;
    }
}

static enum dsq_status check_operands(const struct dsq_checker *c, int32_t i)
{
    const struct dsq_node *n = &c->g->node[i];
    const struct dsq_op_info *info = dsq_op_info(n->op);
    if (n->n_in < info->in_min || (info->in_max >= 0 && n->n_in > info->in_max))
        return dsq_check_fail(c, i, "wrong number of inputs");
    if (n->n_out < info->out_min || (info->out_max >= 0 && n->n_out > info->out_max))
        return dsq_check_fail(c, i, "wrong number of outputs");
    if (!in_range(c->g, n->in, n->n_in, DSQ_NO_VALUE) || !in_range(c->g, n->out, n->n_out, 0))
        return dsq_check_fail(c, i, "an input or output is no value of the graph");
    if (n->op == DSQ_OP_CONV &&
        n->n_in != DSQ_CONV_FIXED + DSQ_CONV_PER_SEGMENT * dsq_conv_segments(n))
        return dsq_check_fail(c, i, "a convolution needs 2 inputs and 3 for each output");
    for (int32_t k = 0; k < n->n_in; k++)
        if (n->in[k] < 0 && !is_optional(n, k))
            return dsq_check_fail(c, i, "a required input is absent");
    return DSQ_OK;
}

static enum dsq_status check_window(const struct dsq_checker *c, int32_t i,
                                    const struct dsq_window *w)
{
    for (int k = 0; k < 2; k++) {
        int64_t positive[] = {w->kernel[k], w->stride[k], w->dilation[k]};
        for (int j = 0; j < 3; j++)
            if (positive[j] < 1 || positive[j] > INT32_MAX)
                return dsq_check_fail(c, i, "kernel, stride or dilation is out of range");
    }
    for (int k = 0; k < 4; k++)
        if (w->pad[k] < 0 || w->pad[k] > INT32_MAX)
            return dsq_check_fail(c, i, "padding is out of range");
    return DSQ_OK;
}

/* Enumerations name a value, floats are numbers. */
static enum dsq_status check_fields(const struct dsq_checker *c, int32_t i)
{
    const struct dsq_node *n = &c->g->node[i];
    const struct dsq_attr_type *t = dsq_op_info(n->op)->attr;
    for (size_t k = 0; k < t->n_fields; k++) {
        const struct dsq_attr_field *f = &t->fields[k];
        const char *at = (const char *)n->attr + f->offset;
        int64_t v, names = 0;
        float real;
        if (f->type == DSQ_FIELD_ENUM) {
            memcpy(&v, at, sizeof v);
            while (f->names[names])
                names++;
            if (v < 0 || v >= names)
                return dsq_check_fail(c, i, "an attribute has no such value");
        } else if (f->type == DSQ_FIELD_FLOAT) {
            for (size_t e = 0; e < f->count; e++) {
                memcpy(&real, at + e * sizeof real, sizeof real);
                if (isnan(real))
                    return dsq_check_fail(c, i, "an attribute is not a number");
            }
        }
    }
    return DSQ_OK;
}

static enum dsq_status check_attr(const struct dsq_checker *c, int32_t i)
{
    const struct dsq_node *n = &c->g->node[i];
    if (dsq_op_info(n->op)->attr->bytes && !n->attr)
        return dsq_check_fail(c, i, "its attributes are missing");
    DSQ_TRY(check_fields(c, i));
    if (n->op == DSQ_OP_CONV) {
        const struct dsq_conv_attr *a = n->attr;
        if (a->group < 1 || a->out_channels < 1 || a->out_channels % a->group)
            return dsq_check_fail(c, i, "output channels must be a multiple of the groups");
        for (int32_t s = 0; a->transposed && s < dsq_conv_segments(n); s++)
            if (dsq_conv_r(n, s) != DSQ_NO_VALUE)
                return dsq_check_fail(c, i, "a transposed convolution takes no residual");
        return check_window(c, i, &a->win);
    }
    if (n->op == DSQ_OP_MAXPOOL || n->op == DSQ_OP_AVGPOOL)
        return check_window(c, i, &((const struct dsq_pool_attr *)n->attr)->win);
    return DSQ_OK;
}

/* ---- order ---- */

/* Producer of a graph input or constant; of nothing yet. */
enum { FROM_OUTSIDE = -1, NOBODY = -2 };

static enum dsq_status check_sources(const struct dsq_checker *c)
{
    const struct dsq_graph *g = c->g;
    for (dsq_vid v = 0; v < g->n_values; v++)
        c->producer[v] = g->value[v].data ? FROM_OUTSIDE : NOBODY;
    for (int32_t i = 0; i < g->n_inputs; i++) {
        if (c->producer[g->input[i]] != NOBODY)
            return bad_value(c, g->input[i], "an input twice, or a constant too");
        c->producer[g->input[i]] = FROM_OUTSIDE;
    }
    return DSQ_OK;
}

static enum dsq_status check_order(const struct dsq_checker *c)
{
    const struct dsq_graph *g = c->g;
    DSQ_TRY(check_sources(c));
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const struct dsq_node *n = &g->node[i];
        for (int32_t k = 0; k < n->n_in; k++) {
            if (n->in[k] < 0)
                continue;
            int32_t from = c->producer[n->in[k]];
            if (from == NOBODY)
                return dsq_check_fail(c, i, "an input is produced by no earlier node");
            if (from >= 0 && g->node[from].shape_only && !dsq_node_uses_shape(n, k))
                return dsq_check_fail(c, i,
                                      "reads the data of a value that is there for its shape");
        }
        for (int32_t k = 0; k < n->n_out; k++) {
            if (c->producer[n->out[k]] != NOBODY)
                return bad_value(c, n->out[k], "produced twice");
            c->producer[n->out[k]] = i;
        }
    }
    for (int32_t i = 0; i < g->n_outputs; i++) {
        int32_t from = c->producer[g->output[i]];
        if (from == NOBODY || (from >= 0 && g->node[from].shape_only))
            return bad_value(c, g->output[i], "an output of the graph that nothing computes");
    }
    return DSQ_OK;
}

static enum dsq_status check_all(const struct dsq_checker *c)
{
    const struct dsq_graph *g = c->g;
    if (!in_range(g, g->input, g->n_inputs, 0) || !in_range(g, g->output, g->n_outputs, 0))
        return dsq_fail(c->diag, DSQ_MALFORMED,
                        "an input or output of the graph is no value of it");
    for (dsq_vid v = 0; v < g->n_values; v++)
        DSQ_TRY(check_value(c, v));
    for (int32_t i = 0; i < g->n_nodes; i++) {
        if ((unsigned)g->node[i].op >= DSQ_OP_COUNT)
            return dsq_fail(c->diag, DSQ_MALFORMED, "node %d has an unknown operator", (int)i);
        DSQ_TRY(check_operands(c, i));
        DSQ_TRY(check_attr(c, i));
    }
    DSQ_TRY(check_order(c));
    for (int32_t i = 0; i < g->n_nodes; i++)
        DSQ_TRY(dsq_check_node(c, i));
    return DSQ_OK;
}

enum dsq_status dsq_graph_check(struct dsq_graph *g, bool layouts_assigned, struct dsq_diag *d)
{
    struct dsq_arena scratch;
    struct dsq_checker c = {.g = g, .layouts_assigned = layouts_assigned, .diag = d};
    dsq_arena_init(&scratch, g->arena.allocator);
    c.producer = dsq_arena_calloc(&scratch, (size_t)g->n_values, sizeof *c.producer);
    enum dsq_status status =
        c.producer ? check_all(&c) : dsq_fail(d, DSQ_NOMEM, "out of memory for checking the graph");
    dsq_arena_free(&scratch);
    return status;
}
