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

/* Contents go in order, which is right for one dimension; sizes have no more. */
enum dsq_status dsq_host_concat(const struct dsq_rule *r)
{
    struct dsq_host_data *out = dsq_rule_host_out(r);
    int32_t n = 0;
    if (dsq_rule_out(r, 0)->rank != 1 || !dsq_host_begin(r, out))
        return DSQ_OK;
    for (int32_t k = 0; k < r->node->n_in; k++) {
        const struct dsq_host_data *x = dsq_rule_host(r, k);
        size_t skipped = 0;
        if (!x && !dsq_shape_elements(dsq_rule_in(r, k), &skipped))
            return DSQ_OK; /* cannot be: the output's shape was known */
        for (int32_t i = 0; x && i < x->n && n + i < out->n; i++)
            dsq_host_copy(out, n + i, x, i);
        n += x ? x->n : (int32_t)skipped;
    }
    return DSQ_OK;
}
