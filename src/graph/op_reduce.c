/* SPDX-License-Identifier: Apache-2.0 */
/* What looks at whole axes: reduce, argmax, argmin, topk, softmax. */
#include "graph/rule.h"

/* Which axes are reduced, a bit each; *known is false when that is not known. */
static enum dsq_status reduced_axes(const struct dsq_rule *r, uint32_t *bits, bool *known)
{
    const struct dsq_reduce_attr *a = r->node->attr;
    const int32_t rank = dsq_rule_in(r, 0)->rank;
    const struct dsq_host_data *axes = dsq_rule_host(r, 1);
    *bits = 0;
    *known = axes || !dsq_rule_has(r, 1);
    if (*known && (!axes || axes->n == 0))
        *bits = a->noop ? 0 : (1u << rank) - 1;
    for (int32_t i = 0; axes && i < axes->n; i++) {
        int64_t axis;
        int32_t at;
        if (!dsq_host_int(axes, i, &axis)) {
            *known = false;
            return DSQ_OK;
        }
        DSQ_TRY(dsq_rule_axis(r, axis, rank, &at));
        *bits |= 1u << at;
    }
    return DSQ_OK;
}

/* x without these axes, or with 1 in their place. */
static void shrink(const struct dsq_shape *x, uint32_t bits, bool keepdims, struct dsq_shape *y)
{
    struct dsq_shape out = {.rank = 0};
    for (int32_t i = 0; i < x->rank; i++) {
        if (!(bits >> i & 1))
            out.dim[out.rank++] = x->dim[i];
        else if (keepdims)
            out.dim[out.rank++] = 1;
    }
    *y = out;
}

enum dsq_status dsq_shape_reduce(const struct dsq_rule *r)
{
    const struct dsq_reduce_attr *a = r->node->attr;
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    uint32_t bits;
    bool known;
    if (x->rank < 0)
        return DSQ_OK;
    DSQ_TRY(reduced_axes(r, &bits, &known));
    if (known)
        shrink(x, bits, a->keepdims, dsq_rule_out(r, 0));
    else if (a->keepdims)
        dsq_rule_unknown_dims(dsq_rule_out(r, 0), x->rank);
    return DSQ_OK;
}

/* The number that an element counts as. */
static bool counted(enum dsq_reduce_kind kind, const struct dsq_host_data *x, int32_t k, int64_t *v)
{
    if (!dsq_host_int(x, k, v))
        return false;
    if (kind == DSQ_REDUCE_L1 && *v < 0)
        return !__builtin_sub_overflow(0, *v, v);
    return kind != DSQ_REDUCE_SUM_SQUARE || !__builtin_mul_overflow(*v, *v, v);
}

/* Fold element k of x into element i. What numbers alone decide is exact; products and sums of
 * symbolic sizes are what dimensions can say. */
static void fold(const struct dsq_rule *r, enum dsq_reduce_kind kind, struct dsq_host_data *out,
                 int32_t i, const struct dsq_host_data *x, int32_t k)
{
    int64_t a, b, c = 0;
    bool numbers = dsq_host_int(out, i, &a) && counted(kind, x, k, &b), exact;
    const dsq_dim da = dsq_host_dim(out, i), db = dsq_host_dim(x, k);
    if (!numbers)
        dsq_host_put_dim(out, i,
                         kind == DSQ_REDUCE_PROD  ? dsq_dim_mul(r->dims, da, db)
                         : kind == DSQ_REDUCE_SUM ? dsq_dim_add(r->dims, da, db)
                                                  : DSQ_DIM_UNKNOWN);
    if (!numbers)
        return;
    if (kind == DSQ_REDUCE_PROD) {
        exact = !__builtin_mul_overflow(a, b, &c);
    } else if (kind == DSQ_REDUCE_MAX || kind == DSQ_REDUCE_MIN) {
        c = (kind == DSQ_REDUCE_MAX) == (a > b) ? a : b;
        exact = true;
    } else {
        exact = !__builtin_add_overflow(a, b, &c);
    }
    if (exact)
        dsq_host_put_int(out, i, c);
    else
        dsq_host_put_dim(out, i, DSQ_DIM_UNKNOWN);
}

/* What a result is before its first element. Extremes have no such thing but for truth values. */
static void begin_result(enum dsq_reduce_kind kind, bool truth, struct dsq_host_data *out,
                         int32_t i, const struct dsq_host_data *x, int32_t k)
{
    if (kind != DSQ_REDUCE_MAX && kind != DSQ_REDUCE_MIN)
        dsq_host_put_int(out, i, kind == DSQ_REDUCE_PROD);
    else if (k >= 0)
        dsq_host_copy(out, i, x, k);
    else if (truth)
        dsq_host_put_int(out, i, kind == DSQ_REDUCE_MIN);
}

/* Which result element k of x belongs to. */
static int32_t result_of(const struct dsq_shape *x, uint32_t bits, int32_t k)
{
    int32_t i = 0, step = 1;
    for (int32_t d = x->rank - 1; d >= 0; d--) {
        const int32_t size = (int32_t)x->dim[d];
        if (!(bits >> d & 1)) {
            i += k % size * step;
            step *= size;
        }
        k /= size;
    }
    return i;
}

static void divide(struct dsq_host_data *out, int64_t by)
{
    for (int32_t i = 0; i < out->n; i++) {
        int64_t sum;
        if (dsq_host_int(out, i, &sum) && by)
            dsq_host_put_int(out, i, sum / by);
        else if (by)
            dsq_host_put_dim(out, i, DSQ_DIM_UNKNOWN);
    }
}

enum dsq_status dsq_host_reduce(const struct dsq_rule *r)
{
    const struct dsq_reduce_attr *a = r->node->attr;
    const enum dsq_reduce_kind kind = (enum dsq_reduce_kind)a->kind;
    const struct dsq_host_data *from = dsq_rule_host(r, 0);
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    const bool truth = r->graph->value[r->node->in[0]].dtype == DSQ_BOOL;
    struct dsq_host_data *out = dsq_rule_host_out(r);
    uint64_t begun = 0;
    uint32_t bits;
    bool known;
    DSQ_TRY(reduced_axes(r, &bits, &known));
    if (!from || !known || !dsq_host_begin(r, out))
        return DSQ_OK;
    for (int32_t i = 0; i < out->n; i++)
        begin_result(kind, truth, out, i, NULL, -1);
    for (int32_t k = 0; k < from->n; k++) {
        const int32_t i = result_of(x, bits, k);
        if (!(begun >> i & 1))
            begin_result(kind, truth, out, i, from, k);
        begun |= UINT64_C(1) << i;
        fold(r, kind, out, i, from, k);
    }
    if (kind == DSQ_REDUCE_MEAN)
        divide(out, out->n ? from->n / out->n : 0);
    return DSQ_OK;
}

static enum dsq_status arg_shape(const struct dsq_rule *r)
{
    const struct dsq_arg_attr *a = r->node->attr;
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    int32_t axis;
    if (x->rank < 0)
        return DSQ_OK;
    DSQ_TRY(dsq_rule_axis(r, a->axis, x->rank, &axis));
    if (x->dim[axis] == 0)
        return dsq_rule_fail(r, "dimension %d has no elements", (int)axis);
    shrink(x, 1u << axis, a->keepdims, dsq_rule_out(r, 0));
    return DSQ_OK;
}

enum dsq_status dsq_shape_argmax(const struct dsq_rule *r)
{
    return arg_shape(r);
}
enum dsq_status dsq_shape_argmin(const struct dsq_rule *r)
{
    return arg_shape(r);
}

enum dsq_status dsq_shape_topk(const struct dsq_rule *r)
{
    const struct dsq_topk_attr *a = r->node->attr;
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    const struct dsq_host_data *k = dsq_rule_host(r, 1);
    int64_t number;
    int32_t axis;
    if (x->rank < 0)
        return DSQ_OK;
    DSQ_TRY(dsq_rule_axis(r, a->axis, x->rank, &axis));
    if (k && k->n != 1)
        return dsq_rule_fail(r, "k has %d elements", (int)k->n);
    if (k && dsq_host_int(k, 0, &number) &&
        (number < 0 || (dsq_dim_is_number(x->dim[axis]) && number > x->dim[axis])))
        return dsq_rule_fail(r, "the best %lld of %lld", (long long)number,
                             (long long)x->dim[axis]);
    for (int32_t i = 0; i < r->node->n_out; i++) {
        *dsq_rule_out(r, i) = *x;
        dsq_rule_out(r, i)->dim[axis] = k ? dsq_host_dim(k, 0) : DSQ_DIM_UNKNOWN;
    }
    return DSQ_OK;
}

/* The flat form allows an axis behind the last one: rows of one element. */
static enum dsq_status softmax_shape(const struct dsq_rule *r)
{
    const struct dsq_softmax_attr *a = r->node->attr;
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    int32_t axis;
    if (x->rank >= 0 && !(a->flat && a->axis == x->rank))
        DSQ_TRY(dsq_rule_axis(r, a->axis, x->rank, &axis));
    *dsq_rule_out(r, 0) = *x;
    return DSQ_OK;
}

enum dsq_status dsq_shape_softmax(const struct dsq_rule *r)
{
    return softmax_shape(r);
}
enum dsq_status dsq_shape_log_softmax(const struct dsq_rule *r)
{
    return softmax_shape(r);
}
