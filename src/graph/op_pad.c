/* SPDX-License-Identifier: Apache-2.0 */
/* What makes a tensor larger: pad, tile (in = x, repeats), expand (in = x, shape). */
#include "graph/rule.h"

/* How many axes the pads are for; -1 if that is not known. */
static int32_t count_padded(const struct dsq_rule *r, const struct dsq_shape *x)
{
    const struct dsq_host_data *axes = dsq_rule_host(r, 3);
    if (!dsq_rule_has(r, 3))
        return x->rank;
    return axes ? axes->n : -1;
}

/* One axis: what is before and behind it comes to its size. */
static enum dsq_status pad_axis(const struct dsq_rule *r, const struct dsq_host_data *pads,
                                int32_t i, int32_t n, int32_t axis)
{
    const dsq_dim size = dsq_rule_in(r, 0)->dim[axis];
    int64_t before, behind, sum;
    dsq_dim *out = &dsq_rule_out(r, 0)->dim[axis];
    *out = DSQ_DIM_UNKNOWN;
    if (!dsq_host_int(pads, i, &before) || !dsq_host_int(pads, i + n, &behind))
        return DSQ_OK;
    if (__builtin_add_overflow(before, behind, &sum) || sum > INT64_MAX / 2 || sum < -INT64_MAX / 2)
        return dsq_rule_fail(r, "dimension %d is padded by %lld and %lld", (int)axis,
                             (long long)before, (long long)behind);
    if (dsq_dim_is_number(size) && (size + sum < 0 || size + before < 0 || size + behind < 0))
        return dsq_rule_fail(r, "dimension %d, %lld, cannot lose %lld and %lld", (int)axis,
                             (long long)size, (long long)-before, (long long)-behind);
    *out = sum ? dsq_dim_affine(r->dims, size, 1, sum, 1) : size;
    return DSQ_OK;
}

enum dsq_status dsq_shape_pad(const struct dsq_rule *r)
{
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    const struct dsq_host_data *pads = dsq_rule_host(r, 1), *axes = dsq_rule_host(r, 3);
    uint32_t seen = 0;
    if (x->rank < 0)
        return DSQ_OK;
    dsq_rule_unknown_dims(dsq_rule_out(r, 0), x->rank);
    const int32_t n = count_padded(r, x);
    if (!pads || n < 0)
        return DSQ_OK;
    if (pads->n != 2 * n)
        return dsq_rule_fail(r, "%d pads for %d axes", (int)pads->n, (int)n);
    *dsq_rule_out(r, 0) = *x;
    for (int32_t i = 0; i < n; i++) {
        int64_t named = i;
        int32_t axis;
        if (axes && !dsq_host_int(axes, i, &named)) {
            dsq_rule_unknown_dims(dsq_rule_out(r, 0), x->rank);
            return DSQ_OK;
        }
        DSQ_TRY(dsq_rule_axis(r, named, x->rank, &axis));
        if (seen >> axis & 1)
            return dsq_rule_fail(r, "axis %d is named twice", (int)axis);
        seen |= 1u << axis;
        DSQ_TRY(pad_axis(r, pads, i, n, axis));
    }
    return DSQ_OK;
}

enum dsq_status dsq_shape_tile(const struct dsq_rule *r)
{
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    const struct dsq_host_data *repeats = dsq_rule_host(r, 1);
    struct dsq_shape *y = dsq_rule_out(r, 0);
    if (x->rank < 0)
        return DSQ_OK;
    dsq_rule_unknown_dims(y, x->rank);
    if (!repeats)
        return DSQ_OK;
    if (repeats->n != x->rank)
        return dsq_rule_fail(r, "%d repeats for a tensor of rank %d", (int)repeats->n,
                             (int)x->rank);
    for (int32_t i = 0; i < x->rank; i++) {
        int64_t times;
        if (dsq_host_int(repeats, i, &times) && times < 0)
            return dsq_rule_fail(r, "dimension %d is repeated %lld times", (int)i,
                                 (long long)times);
        y->dim[i] = dsq_dim_mul(r->dims, x->dim[i], dsq_host_dim(repeats, i));
    }
    return DSQ_OK;
}

enum dsq_status dsq_shape_expand(const struct dsq_rule *r)
{
    const struct dsq_shape *x = dsq_rule_in(r, 0), *count = dsq_rule_in(r, 1);
    const struct dsq_host_data *shape = dsq_rule_host(r, 1);
    struct dsq_shape y = {.rank = x->rank};
    if (x->rank < 0 || count->rank != 1 || !dsq_dim_is_number(count->dim[0]))
        return DSQ_OK;
    if (count->dim[0] > DSQ_MAX_RANK)
        return dsq_rule_fail(r, "the output has more than %d dimensions", DSQ_MAX_RANK);
    const int32_t n = (int32_t)count->dim[0];
    y.rank = n > x->rank ? n : x->rank;
    dsq_rule_unknown_dims(&y, y.rank);
    for (int32_t i = 0; shape && i < y.rank; i++) {
        const int32_t ix = i - (y.rank - x->rank), is = i - (y.rank - n);
        int64_t number;
        if (is >= 0 && dsq_host_int(shape, is, &number) && number < 0)
            return dsq_rule_fail(r, "the new shape's element %d cannot be %lld", (int)is,
                                 (long long)number);
        DSQ_TRY(dsq_rule_broadcast_dim(r, i, ix < 0 ? 1 : x->dim[ix],
                                       is < 0 ? 1 : dsq_host_dim(shape, is), &y.dim[i]));
    }
    *dsq_rule_out(r, 0) = y;
    return DSQ_OK;
}

enum dsq_status dsq_host_expand(const struct dsq_rule *r)
{
    const struct dsq_host_data *from = dsq_rule_host(r, 0);
    const struct dsq_shape *x = dsq_rule_in(r, 0), *y = dsq_rule_out(r, 0);
    int64_t dense[DSQ_MAX_RANK], step[DSQ_MAX_RANK] = {0};
    if (!from || !dsq_host_begin(r, dsq_rule_host_out(r)))
        return DSQ_OK;
    dsq_host_steps(x, dense);
    for (int32_t i = 0; i < x->rank; i++)
        step[i + y->rank - x->rank] = x->dim[i] == 1 ? 0 : dense[i];
    dsq_host_pick(r, from, 0, step);
    return DSQ_OK;
}
