/* SPDX-License-Identifier: Apache-2.0 */
/* concat: one axis adds up, the others must agree. */
#include "graph/rule.h"

enum dsq_status dsq_shape_concat(const struct dsq_rule *r)
{
    const struct dsq_axis_attr *a = r->node->attr;
    struct dsq_shape sum = *dsq_rule_in(r, 0);
    int32_t axis = 0;
    for (int32_t k = 0; k < r->node->n_in; k++)
        if (dsq_rule_in(r, k)->rank < 0)
            return DSQ_OK;
    DSQ_TRY(dsq_rule_axis(r, a->axis, sum.rank, &axis));
    for (int32_t k = 1; k < r->node->n_in; k++) {
        const struct dsq_shape *x = dsq_rule_in(r, k);
        if (x->rank != sum.rank)
            return dsq_rule_fail(r, "input %d has rank %d, input 0 has %d", (int)k, (int)x->rank,
                                 (int)sum.rank);
        for (int32_t i = 0; i < sum.rank; i++) {
            if (i == axis) {
                sum.dim[i] = dsq_dim_add(r->dims, sum.dim[i], x->dim[i]);
                continue;
            }
            DSQ_TRY(dsq_rule_same_dim(r, "sizes of the inputs beside the axis", sum.dim[i],
                                      x->dim[i], &sum.dim[i]));
        }
    }
    *dsq_rule_out(r, 0) = sum;
    return DSQ_OK;
}

enum dsq_status dsq_host_concat(const struct dsq_rule *r)
{
    const struct dsq_axis_attr *a = r->node->attr;
    const struct dsq_shape *y = dsq_rule_out(r, 0);
    struct dsq_host_data *out = dsq_rule_host_out(r);
    int64_t step[DSQ_MAX_RANK], before = 0;
    int32_t axis;
    if (!dsq_host_begin(r, out))
        return DSQ_OK;
    DSQ_TRY(dsq_rule_axis(r, a->axis, y->rank, &axis));
    dsq_host_steps(y, step);
    for (int32_t k = 0; k < r->node->n_in; k++) {
        const struct dsq_host_data *x = dsq_rule_host(r, k);
        const int64_t size = dsq_rule_in(r, k)->dim[axis], row = size * step[axis];
        if (!dsq_dim_is_number(size))
            return DSQ_OK; /* cannot be: the output's shape was known */
        for (int64_t i = 0; x && i < x->n; i++) {
            int64_t at = i / row * y->dim[axis] * step[axis] + before * step[axis] + i % row;
            if (at < out->n)
                dsq_host_copy(out, (int32_t)at, x, (int32_t)i);
        }
        before += size;
    }
    return DSQ_OK;
}
