/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shape rules of operators that work element by element: unary ones keep the shape, binary ones
 * broadcast as numpy does. On the host: integer arithmetic, cast, identity.
 */
#include "graph/rule.h"

static enum dsq_status same_shape(const struct dsq_rule *r)
{
    *dsq_rule_out(r, 0) = *dsq_rule_in(r, 0);
    return DSQ_OK;
}

#define SAME_SHAPE(name)                                                                           \
    enum dsq_status dsq_shape_##name(const struct dsq_rule *r)                                     \
    {                                                                                              \
        return same_shape(r);                                                                      \
    }
SAME_SHAPE(relu)
SAME_SHAPE(clip)
SAME_SHAPE(sigmoid)
SAME_SHAPE(leaky_relu)
SAME_SHAPE(hardsigmoid)
SAME_SHAPE(hardswish)
SAME_SHAPE(tanh)
SAME_SHAPE(silu)
SAME_SHAPE(elu)
SAME_SHAPE(gelu)
SAME_SHAPE(gelu_tanh)
SAME_SHAPE(mish)
SAME_SHAPE(softplus)
SAME_SHAPE(erf)
SAME_SHAPE(exp)
SAME_SHAPE(log)
SAME_SHAPE(sqrt)
SAME_SHAPE(reciprocal)
SAME_SHAPE(abs)
SAME_SHAPE(neg)
SAME_SHAPE(sign)
SAME_SHAPE(floor)
SAME_SHAPE(ceil)
SAME_SHAPE(round)
SAME_SHAPE(cast)
SAME_SHAPE(identity)
SAME_SHAPE(relayout)
SAME_SHAPE(quantize)
SAME_SHAPE(dequantize)
SAME_SHAPE(requantize)

static enum dsq_status broadcast(const struct dsq_rule *r)
{
    const struct dsq_shape *a = dsq_rule_in(r, 0), *b = dsq_rule_in(r, 1);
    struct dsq_shape *y = dsq_rule_out(r, 0);
    if (a->rank < 0 || b->rank < 0)
        return DSQ_OK;
    int32_t rank = a->rank > b->rank ? a->rank : b->rank;
    for (int32_t i = 0; i < rank; i++) {
        int32_t ia = i - (rank - a->rank), ib = i - (rank - b->rank);
        DSQ_TRY(dsq_rule_broadcast_dim(r, i, ia < 0 ? 1 : a->dim[ia], ib < 0 ? 1 : b->dim[ib],
                                       &y->dim[i]));
    }
    y->rank = rank;
    return DSQ_OK;
}

enum dsq_status dsq_shape_add(const struct dsq_rule *r)
{
    return broadcast(r);
}
enum dsq_status dsq_shape_sub(const struct dsq_rule *r)
{
    return broadcast(r);
}
enum dsq_status dsq_shape_mul(const struct dsq_rule *r)
{
    return broadcast(r);
}
enum dsq_status dsq_shape_div(const struct dsq_rule *r)
{
    return broadcast(r);
}

/* ---- on the host ---- */

bool dsq_integer_op(enum dsq_op op, int64_t a, int64_t b, int64_t *out)
{
    switch (op) {
    case DSQ_OP_ADD:
        return !__builtin_add_overflow(a, b, out);
    case DSQ_OP_SUB:
        return !__builtin_sub_overflow(a, b, out);
    case DSQ_OP_MUL:
        return !__builtin_mul_overflow(a, b, out);
    default:
        if (b == 0 || (a == INT64_MIN && b == -1))
            return false;
        *out = a / b;
        return true;
    }
}

/* The same where a or b is symbolic: what has a form, else unknown. Sizes are not negative, so
 * dividing them truncates downwards. */
static dsq_dim dim_op(struct dsq_dims *t, enum dsq_op op, const struct dsq_host_data *a, int32_t i,
                      const struct dsq_host_data *b, int32_t k)
{
    int64_t x, y;
    bool x_number = dsq_host_int(a, i, &x), y_number = dsq_host_int(b, k, &y);
    if (!x_number && !y_number && x == y && x != DSQ_DIM_UNKNOWN && op == DSQ_OP_SUB)
        return 0;
    if (x_number && (op == DSQ_OP_ADD || op == DSQ_OP_MUL)) {
        int64_t swap = x;
        x = y;
        y = swap;
    } else if (!y_number) {
        return DSQ_DIM_UNKNOWN;
    }
    switch (op) {
    case DSQ_OP_ADD:
        return dsq_dim_affine(t, x, 1, y, 1);
    case DSQ_OP_SUB:
        return y == INT64_MIN ? DSQ_DIM_UNKNOWN : dsq_dim_affine(t, x, 1, -y, 1);
    case DSQ_OP_MUL:
        return y == 0 ? 0 : dsq_dim_affine(t, x, y, 0, 1);
    default:
        return dsq_dim_affine(t, x, 1, 0, y);
    }
}

static enum dsq_status host_binary(const struct dsq_rule *r)
{
    const struct dsq_host_data *a = dsq_rule_host(r, 0), *b = dsq_rule_host(r, 1);
    struct dsq_host_data *out = dsq_rule_host_out(r);
    if (!a || !b || !dsq_host_begin(r, out))
        return DSQ_OK;
    bool fits = (a->n == out->n || a->n == 1) && (b->n == out->n || b->n == 1);
    for (int32_t i = 0; i < out->n && fits; i++) {
        int32_t ia = a->n == 1 ? 0 : i, ib = b->n == 1 ? 0 : i;
        int64_t x, y, v;
        bool numbers = dsq_host_int(a, ia, &x);
        numbers = dsq_host_int(b, ib, &y) && numbers;
        if (!numbers)
            dsq_host_put_dim(out, i, dim_op(r->dims, r->node->op, a, ia, b, ib));
        else if (dsq_integer_op(r->node->op, x, y, &v))
            dsq_host_put_int(out, i, v);
        else
            return dsq_rule_fail(r, "%lld %s %lld overflows or divides by zero", (long long)x,
                                 dsq_op_info(r->node->op)->name, (long long)y);
    }
    return DSQ_OK;
}

enum dsq_status dsq_host_add(const struct dsq_rule *r)
{
    return host_binary(r);
}
enum dsq_status dsq_host_sub(const struct dsq_rule *r)
{
    return host_binary(r);
}
enum dsq_status dsq_host_mul(const struct dsq_rule *r)
{
    return host_binary(r);
}
enum dsq_status dsq_host_div(const struct dsq_rule *r)
{
    return host_binary(r);
}

enum dsq_status dsq_host_identity(const struct dsq_rule *r)
{
    const struct dsq_host_data *x = dsq_rule_host(r, 0);
    if (x)
        *dsq_rule_host_out(r) = *x;
    return DSQ_OK;
}

enum dsq_status dsq_host_cast(const struct dsq_rule *r)
{
    const struct dsq_host_data *x = dsq_rule_host(r, 0);
    struct dsq_host_data *out = dsq_rule_host_out(r);
    enum dsq_dtype to = r->graph->value[r->node->out[0]].dtype;
    if (!x)
        return DSQ_OK;
    *out = *x;
    for (int32_t i = 0; i < x->n && to != DSQ_S64; i++) {
        int64_t v;
        bool number = dsq_host_int(x, i, &v);
        if (to == DSQ_BOOL) {
            dsq_host_put_dim(out, i, number ? v != 0 : DSQ_DIM_UNKNOWN);
        } else if (number && (v < INT32_MIN || v > INT32_MAX)) {
            return dsq_rule_fail(r, "%lld does not fit 32 bits", (long long)v);
        }
    }
    return DSQ_OK;
}
