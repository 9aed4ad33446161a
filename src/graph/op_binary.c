/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators of two operands (three for where) that broadcast as numpy does: arithmetic,
 * comparisons, logic. On the host: on sizes, and on floats that sizes have become on their way
 * (PyTorch's and Paddle's exports multiply sizes by a float scale, round down and cast back).
 */
#include "graph/element.h"
#include "graph/rule.h"

#include <math.h>

/* ---- shapes ---- */

/* *y broadcast with one more operand. */
static enum dsq_status broadcast_with(const struct dsq_rule *r, const struct dsq_shape *b,
                                      struct dsq_shape *y)
{
    const struct dsq_shape a = *y;
    int32_t rank = a.rank > b->rank ? a.rank : b->rank;
    for (int32_t i = 0; i < rank; i++) {
        int32_t ia = i - (rank - a.rank), ib = i - (rank - b->rank);
        DSQ_TRY(dsq_rule_broadcast_dim(r, i, ia < 0 ? 1 : a.dim[ia], ib < 0 ? 1 : b->dim[ib],
                                       &y->dim[i]));
    }
    y->rank = rank;
    return DSQ_OK;
}

static enum dsq_status broadcast(const struct dsq_rule *r)
{
    struct dsq_shape y = *dsq_rule_in(r, 0);
    for (int32_t k = 0; k < r->node->n_in; k++)
        if (dsq_rule_in(r, k)->rank < 0)
            return DSQ_OK;
    for (int32_t k = 1; k < r->node->n_in; k++)
        DSQ_TRY(broadcast_with(r, dsq_rule_in(r, k), &y));
    *dsq_rule_out(r, 0) = y;
    return DSQ_OK;
}

#define BROADCAST(name)                                                                            \
    enum dsq_status dsq_shape_##name(const struct dsq_rule *r)                                     \
    {                                                                                              \
        return broadcast(r);                                                                       \
    }
BROADCAST(add)
BROADCAST(sub)
BROADCAST(mul)
BROADCAST(div)
BROADCAST(pow)
BROADCAST(min)
BROADCAST(max)
BROADCAST(mod)
BROADCAST(fmod)
BROADCAST(and)
BROADCAST(or)
BROADCAST(xor)
BROADCAST(equals)
BROADCAST(greater)
BROADCAST(greater_equal)
BROADCAST(where)

/* The slope broadcasts to the input, not the other way. */
enum dsq_status dsq_shape_prelu(const struct dsq_rule *r)
{
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    struct dsq_shape *y = dsq_rule_out(r, 0);
    DSQ_TRY(broadcast(r));
    bool grows = y->rank >= 0 && x->rank < y->rank;
    for (int32_t i = 0; i < x->rank && i < y->rank && !grows; i++)
        grows = x->dim[i] == 1 && dsq_dim_is_number(y->dim[i]) && y->dim[i] != 1;
    if (grows)
        return dsq_rule_fail(r, "the slope is larger than the input");
    *y = *x;
    return DSQ_OK;
}

/* ---- on the host ---- */

/* Element i of an operand: a number, integer or float, or a form of sizes (which as a float is a
 * whole number). */
struct operand {
    bool is_float, is_form;
    int64_t integer;
    float number;
    dsq_dim form; /* maybe unknown */
};

/* Where element i of the output comes from in operand k. */
static int32_t index_in(const struct dsq_rule *r, int32_t k, int32_t i)
{
    const struct dsq_shape *x = dsq_rule_in(r, k), *y = dsq_rule_out(r, 0);
    int64_t at = 0, step = 1, rest = i;
    for (int32_t d = y->rank - 1, e = x->rank - 1; e >= 0; d--, e--) {
        at += x->dim[e] == 1 ? 0 : rest % y->dim[d] * step;
        rest /= y->dim[d];
        step *= x->dim[e];
    }
    return (int32_t)at;
}

static struct operand operand_at(const struct dsq_rule *r, int32_t k, int32_t i)
{
    const struct dsq_host_data *h = dsq_rule_host(r, k);
    struct operand o = {.is_float = h->is_float, .form = DSQ_DIM_UNKNOWN};
    const int32_t at = index_in(r, k, i);
    o.is_form = h->is_float ? !dsq_host_float(h, at, &o.number) : !dsq_host_int(h, at, &o.integer);
    if (o.is_form)
        o.form = dsq_host_dim(h, at);
    return o;
}

/* A whole number, for arithmetic with forms. */
static bool whole(const struct operand *o, int64_t *v)
{
    if (o->is_float && !(fabsf(o->number) < 0x1p+31f && floorf(o->number) == o->number))
        return false;
    *v = o->is_float ? (int64_t)o->number : o->integer;
    return true;
}

/* Whatever the symbol turns out as. */
static bool never_negative(const struct dsq_dims *t, dsq_dim form)
{
    const struct dsq_dim_form *f = dsq_dim_form_of(t, form);
    return f && f->add >= 0;
}

/* How a form compares with v, where that does not depend on the symbol. */
static dsq_dim compare_form(const struct dsq_dims *t, enum dsq_op op, dsq_dim form, int64_t v)
{
    if (!never_negative(t, form))
        return DSQ_DIM_UNKNOWN;
    if (op == DSQ_OP_EQUAL && v < 0)
        return 0;
    return (op == DSQ_OP_GREATER && v < 0) || (op == DSQ_OP_GREATER_EQUAL && v <= 0)
               ? 1
               : DSQ_DIM_UNKNOWN;
}

/* form op v. Dividing a size truncates downwards; as a float it stays whole only when divided by 1.
 */
static dsq_dim form_and_number(struct dsq_dims *t, enum dsq_op op, const struct operand *form,
                               int64_t v)
{
    const dsq_dim x = form->form;
    switch (op) {
    case DSQ_OP_ADD:
        return dsq_dim_affine(t, x, 1, v, 1);
    case DSQ_OP_SUB:
        return v == INT64_MIN ? DSQ_DIM_UNKNOWN : dsq_dim_affine(t, x, 1, -v, 1);
    case DSQ_OP_MUL:
        return v == 0 ? 0 : dsq_dim_affine(t, x, v, 0, 1);
    case DSQ_OP_DIV:
        return form->is_float && v != 1 ? DSQ_DIM_UNKNOWN : dsq_dim_affine(t, x, 1, 0, v);
    case DSQ_OP_MAX:
        return v <= 0 && never_negative(t, x) ? x : DSQ_DIM_UNKNOWN;
    case DSQ_OP_MOD:
    case DSQ_OP_FMOD:
        return v == 1 ? 0 : DSQ_DIM_UNKNOWN;
    default:
        return dsq_op_compares(op) ? compare_form(t, op, x, v) : DSQ_DIM_UNKNOWN;
    }
}

/* The same form on both sides. */
static dsq_dim form_and_itself(enum dsq_op op, dsq_dim form)
{
    switch (op) {
    case DSQ_OP_SUB:
        return 0;
    case DSQ_OP_MIN:
    case DSQ_OP_MAX:
        return form;
    case DSQ_OP_EQUAL:
    case DSQ_OP_GREATER_EQUAL:
        return 1;
    case DSQ_OP_GREATER:
        return 0;
    default:
        return DSQ_DIM_UNKNOWN;
    }
}

/* What has a form, else unknown. The only number that comes out for floats is 0, which is the same
 * bits. */
static dsq_dim form_of(struct dsq_dims *t, enum dsq_op op, struct operand a, struct operand b)
{
    int64_t v;
    const bool commutes =
        op == DSQ_OP_ADD || op == DSQ_OP_MUL || op == DSQ_OP_MAX || op == DSQ_OP_EQUAL;
    if (a.is_form && b.is_form)
        return dsq_dim_equal(a.form, b.form) ? form_and_itself(op, a.form) : DSQ_DIM_UNKNOWN;
    if (b.is_form && commutes && whole(&a, &v))
        return form_and_number(t, op, &b, v);
    return a.is_form && whole(&b, &v) ? form_and_number(t, op, &a, v) : DSQ_DIM_UNKNOWN;
}

static enum dsq_status put_numbers(const struct dsq_rule *r, struct dsq_host_data *out, int32_t i,
                                   const struct operand *a, const struct operand *b)
{
    const enum dsq_op op = r->node->op;
    int64_t v;
    if (a->is_float && dsq_op_compares(op))
        dsq_host_put_int(out, i, dsq_element_compare_f32(op, a->number, b->number));
    else if (a->is_float)
        dsq_host_put_float(out, i, dsq_element_f32(op, a->number, b->number));
    else if (dsq_element_int(op, a->integer, b->integer, &v))
        dsq_host_put_int(out, i, v);
    else
        return dsq_rule_fail(r, "%lld %s %lld overflows or divides by zero", (long long)a->integer,
                             dsq_op_info(op)->name, (long long)b->integer);
    return DSQ_OK;
}

/* As many contents as the shape says, which broadcasts to the output's. */
static bool fits(const struct dsq_rule *r, int32_t k)
{
    const struct dsq_host_data *h = dsq_rule_host(r, k);
    size_t n;
    return h && dsq_shape_elements(dsq_rule_in(r, k), &n) && (size_t)h->n == n &&
           dsq_rule_in(r, k)->rank <= dsq_rule_out(r, 0)->rank;
}

static enum dsq_status host_binary(const struct dsq_rule *r)
{
    struct dsq_host_data *out = dsq_rule_host_out(r);
    if (!dsq_host_begin(r, out) || !fits(r, 0) || !fits(r, 1))
        return DSQ_OK;
    for (int32_t i = 0; i < out->n; i++) {
        const struct operand x = operand_at(r, 0, i), y = operand_at(r, 1, i);
        if (x.is_float != y.is_float)
            return DSQ_OK; /* the check refuses this */
        if (x.is_form || y.is_form)
            dsq_host_put_dim(out, i, form_of(r->dims, r->node->op, x, y));
        else
            DSQ_TRY(put_numbers(r, out, i, &x, &y));
    }
    return DSQ_OK;
}

#define ON_HOST(name)                                                                              \
    enum dsq_status dsq_host_##name(const struct dsq_rule *r)                                      \
    {                                                                                              \
        return host_binary(r);                                                                     \
    }
ON_HOST(add)
ON_HOST(sub)
ON_HOST(mul)
ON_HOST(div)
ON_HOST(min)
ON_HOST(max)
ON_HOST(mod)
ON_HOST(fmod)
ON_HOST(and)
ON_HOST(or)
ON_HOST(equals)
ON_HOST(greater)
ON_HOST(greater_equal)

enum dsq_status dsq_host_where(const struct dsq_rule *r)
{
    const struct dsq_host_data *a = dsq_rule_host(r, 1), *b = dsq_rule_host(r, 2);
    struct dsq_host_data *out = dsq_rule_host_out(r);
    if (!dsq_host_begin(r, out) || !fits(r, 0) || !fits(r, 1) || !fits(r, 2))
        return DSQ_OK;
    for (int32_t i = 0; i < out->n; i++) {
        const struct operand choice = operand_at(r, 0, i);
        const int32_t ia = index_in(r, 1, i), ib = index_in(r, 2, i);
        if (!choice.is_form)
            dsq_host_copy(out, i, choice.integer ? a : b, choice.integer ? ia : ib);
        else if (dsq_dim_equal(dsq_host_dim(a, ia), dsq_host_dim(b, ib)))
            dsq_host_copy(out, i, a, ia);
    }
    return DSQ_OK;
}
