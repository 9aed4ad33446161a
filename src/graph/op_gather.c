/* SPDX-License-Identifier: Apache-2.0 */
/* shape and gather: how a model asks for its own sizes. */
#include "graph/rule.h"

enum dsq_status dsq_shape_shape(const struct dsq_rule *r)
{
    struct dsq_shape *y = dsq_rule_out(r, 0);
    dsq_rule_unknown_dims(y, 1);
    if (dsq_rule_in(r, 0)->rank >= 0)
        y->dim[0] = dsq_rule_in(r, 0)->rank;
    return DSQ_OK;
}

enum dsq_status dsq_host_shape(const struct dsq_rule *r)
{
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    struct dsq_host_data *out = dsq_rule_host_out(r);
    if (x->rank < 0 || !dsq_host_begin(r, out))
        return DSQ_OK;
    for (int32_t i = 0; i < x->rank; i++)
        dsq_host_put_dim(out, i, x->dim[i]);
    return DSQ_OK;
}

enum dsq_status dsq_shape_gather(const struct dsq_rule *r)
{
    const struct dsq_axis_attr *a = r->node->attr;
    const struct dsq_shape *x = dsq_rule_in(r, 0), *index = dsq_rule_in(r, 1);
    struct dsq_shape *y = dsq_rule_out(r, 0);
    int32_t axis = 0, n = 0;
    if (x->rank < 0 || index->rank < 0)
        return DSQ_OK;
    DSQ_TRY(dsq_rule_axis(r, a->axis, x->rank, &axis));
    if (x->rank - 1 + index->rank > DSQ_MAX_RANK)
        return dsq_rule_fail(r, "the output has more than %d dimensions", DSQ_MAX_RANK);
    for (int32_t i = 0; i < axis; i++)
        y->dim[n++] = x->dim[i];
    for (int32_t i = 0; i < index->rank; i++)
        y->dim[n++] = index->dim[i];
    for (int32_t i = axis + 1; i < x->rank; i++)
        y->dim[n++] = x->dim[i];
    y->rank = n;
    return DSQ_OK;
}

/* Along the only axis of the data: sizes have no more. */
enum dsq_status dsq_host_gather(const struct dsq_rule *r)
{
    const struct dsq_host_data *x = dsq_rule_host(r, 0), *index = dsq_rule_host(r, 1);
    struct dsq_host_data *out = dsq_rule_host_out(r);
    if (!x || !index || dsq_rule_in(r, 0)->rank != 1 || !dsq_host_begin(r, out))
        return DSQ_OK;
    for (int32_t i = 0; i < out->n; i++) {
        int64_t k;
        if (!dsq_host_int(index, i, &k))
            continue;
        if (k < -x->n || k >= x->n)
            return dsq_rule_fail(r, "index %lld is outside %d elements", (long long)k, (int)x->n);
        dsq_host_copy(out, i, x, (int32_t)(k < 0 ? k + x->n : k));
    }
    return DSQ_OK;
}
