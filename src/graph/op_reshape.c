/* SPDX-License-Identifier: Apache-2.0 */
/* reshape (in = x, shape), flatten, transpose. */
#include "graph/rule.h"

/* A product of dimensions: a number times the symbols that are left of it. */
struct product {
    int64_t number;
    dsq_dim symbol[DSQ_MAX_RANK];
    int32_t n_symbols;
    bool known; /* false: an unknown dimension, or overflow */
};

static struct product multiply(const struct dsq_shape *s)
{
    struct product p = {.number = 1, .known = true};
    for (int32_t i = 0; i < s->rank; i++) {
        if (dsq_dim_is_symbolic(s->dim[i]))
            p.symbol[p.n_symbols++] = s->dim[i];
        else if (s->dim[i] == DSQ_DIM_UNKNOWN ||
                 __builtin_mul_overflow(p.number, s->dim[i], &p.number))
            p.known = false;
    }
    return p;
}

/* Strike out the symbols that both sides have. */
static void cancel(struct product *a, struct product *b)
{
    for (int32_t i = 0; i < a->n_symbols;) {
        int32_t k = 0;
        while (k < b->n_symbols && b->symbol[k] != a->symbol[i])
            k++;
        if (k == b->n_symbols) {
            i++;
            continue;
        }
        a->symbol[i] = a->symbol[--a->n_symbols];
        b->symbol[k] = b->symbol[--b->n_symbols];
    }
}

/* x / rest, what the -1 stands for. Where symbols are left, the division is taken to be exact, as
 * it must be at every size that the model accepts. */
static enum dsq_status rest_dim(const struct dsq_rule *r, const struct dsq_shape *x,
                                const struct dsq_shape *rest, dsq_dim *out)
{
    struct product all = multiply(x), others = multiply(rest);
    *out = DSQ_DIM_UNKNOWN;
    cancel(&all, &others);
    if (!all.known || !others.known || others.n_symbols)
        return DSQ_OK;
    if (others.number == 0 || (!all.n_symbols && all.number % others.number))
        return dsq_rule_fail(r, "%lld elements cannot be split into rows of %lld",
                             (long long)all.number, (long long)others.number);
    if (!all.n_symbols)
        *out = all.number / others.number;
    else if (all.n_symbols == 1)
        *out = dsq_dim_affine(r->dims, all.symbol[0], all.number, 0, others.number);
    return DSQ_OK;
}

static enum dsq_status check_same_elements(const struct dsq_rule *r, const struct dsq_shape *x,
                                           const struct dsq_shape *y)
{
    size_t before, after;
    if (dsq_shape_elements(x, &before) && dsq_shape_elements(y, &after) && before != after)
        return dsq_rule_fail(r, "%zu elements cannot become %zu", before, after);
    return DSQ_OK;
}

/* The new shape as asked for; -1 at *rest (or no *rest) stands as 1 for now. */
static enum dsq_status wanted_shape(const struct dsq_rule *r, const struct dsq_host_data *shape,
                                    struct dsq_shape *y, int32_t *rest)
{
    const struct dsq_reshape_attr *a = r->node->attr;
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    *rest = -1;
    if (shape->n > DSQ_MAX_RANK)
        return dsq_rule_fail(r, "the output has more than %d dimensions", DSQ_MAX_RANK);
    y->rank = shape->n;
    for (int32_t i = 0; i < shape->n; i++) {
        int64_t v;
        bool number = dsq_host_int(shape, i, &v);
        y->dim[i] = v;
        if (!number)
            continue;
        if (v < -1 || (v == -1 && *rest >= 0) || (v == 0 && !a->allow_zero && i >= x->rank))
            return dsq_rule_fail(r, "the new shape's element %d cannot be %lld", (int)i,
                                 (long long)v);
        if (v == -1) {
            *rest = i;
            y->dim[i] = 1;
        } else if (v == 0 && !a->allow_zero) {
            y->dim[i] = x->dim[i];
        }
    }
    return DSQ_OK;
}

enum dsq_status dsq_shape_reshape(const struct dsq_rule *r)
{
    const struct dsq_shape *x = dsq_rule_in(r, 0), *count = dsq_rule_in(r, 1);
    const struct dsq_host_data *shape = dsq_rule_host(r, 1);
    struct dsq_shape *y = dsq_rule_out(r, 0), wanted;
    int32_t rest;
    if (!shape && count->rank == 1 && count->dim[0] >= 0 && count->dim[0] <= DSQ_MAX_RANK)
        dsq_rule_unknown_dims(y, (int32_t)count->dim[0]);
    if (!shape || x->rank < 0)
        return DSQ_OK;
    DSQ_TRY(wanted_shape(r, shape, &wanted, &rest));
    if (rest >= 0) {
        dsq_dim dim;
        DSQ_TRY(rest_dim(r, x, &wanted, &dim));
        wanted.dim[rest] = dim;
    }
    DSQ_TRY(check_same_elements(r, x, &wanted));
    *y = wanted;
    return DSQ_OK;
}

enum dsq_status dsq_host_reshape(const struct dsq_rule *r)
{
    return dsq_host_identity(r);
}

enum dsq_status dsq_shape_flatten(const struct dsq_rule *r)
{
    const struct dsq_axis_attr *a = r->node->attr;
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    struct dsq_shape *y = dsq_rule_out(r, 0);
    if (x->rank < 0)
        return DSQ_OK;
    if (a->axis < -x->rank || a->axis > x->rank)
        return dsq_rule_fail(r, "axis %lld is outside a tensor of rank %d", (long long)a->axis,
                             (int)x->rank);
    int64_t axis = a->axis < 0 ? a->axis + x->rank : a->axis;
    *y = (struct dsq_shape){.rank = 2, .dim = {1, 1}};
    for (int32_t i = 0; i < x->rank; i++)
        y->dim[i >= axis] = dsq_dim_mul(r->dims, y->dim[i >= axis], x->dim[i]);
    return DSQ_OK;
}

enum dsq_status dsq_shape_transpose(const struct dsq_rule *r)
{
    const struct dsq_perm_attr *a = r->node->attr;
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    struct dsq_shape y = {.rank = x->rank};
    uint32_t seen = 0;
    if (x->rank < 0)
        return DSQ_OK;
    if (a->n && a->n != x->rank)
        return dsq_rule_fail(r, "a permutation of %lld axes for a tensor of rank %d",
                             (long long)a->n, (int)x->rank);
    for (int32_t i = 0; i < x->rank; i++) {
        int32_t from = x->rank - 1 - i;
        if (a->n)
            DSQ_TRY(dsq_rule_axis(r, a->perm[i], x->rank, &from));
        if (seen >> from & 1)
            return dsq_rule_fail(r, "axis %d is named twice", (int)from);
        seen |= 1u << from;
        y.dim[i] = x->dim[from];
    }
    *dsq_rule_out(r, 0) = y;
    return DSQ_OK;
}

enum dsq_status dsq_host_transpose(const struct dsq_rule *r)
{
    const struct dsq_perm_attr *a = r->node->attr;
    const struct dsq_host_data *from = dsq_rule_host(r, 0);
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    int64_t dense[DSQ_MAX_RANK], step[DSQ_MAX_RANK];
    if (!from || !dsq_host_begin(r, dsq_rule_host_out(r)))
        return DSQ_OK;
    dsq_host_steps(x, dense);
    for (int32_t i = 0; i < x->rank; i++) {
        int32_t axis = x->rank - 1 - i;
        if (a->n)
            DSQ_TRY(dsq_rule_axis(r, a->perm[i], x->rank, &axis));
        step[i] = dense[axis];
    }
    dsq_host_pick(r, from, 0, step);
    return DSQ_OK;
}
