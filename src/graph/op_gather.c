/* SPDX-License-Identifier: Apache-2.0 */
/* shape and gather: how a model asks for its own sizes; gather_elements. */
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

/* Index number i of the gathered axis, which has `size`, counted from the front. */
static enum dsq_status host_index(const struct dsq_rule *r, const struct dsq_host_data *index,
                                  int64_t i, int64_t size, int64_t *out, bool *known)
{
    *known = dsq_host_int(index, (int32_t)i, out);
    if (*known && (*out < -size || *out >= size))
        return dsq_rule_fail(r, "index %lld is outside %lld elements", (long long)*out,
                             (long long)size);
    *out += *out < 0 ? size : 0;
    return DSQ_OK;
}

enum dsq_status dsq_host_gather(const struct dsq_rule *r)
{
    const struct dsq_axis_attr *a = r->node->attr;
    const struct dsq_host_data *from = dsq_rule_host(r, 0), *index = dsq_rule_host(r, 1);
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    struct dsq_host_data *out = dsq_rule_host_out(r);
    int64_t step[DSQ_MAX_RANK];
    int32_t axis;
    if (!from || !index || !dsq_host_begin(r, out))
        return DSQ_OK;
    DSQ_TRY(dsq_rule_axis(r, a->axis, x->rank, &axis));
    dsq_host_steps(x, step);
    /* The output's elements stand as [before the axis][index][behind it]. */
    const int64_t inner = step[axis], n = index->n;
    for (int32_t i = 0; i < out->n; i++) {
        int64_t k;
        bool known;
        DSQ_TRY(host_index(r, index, i / inner % n, x->dim[axis], &k, &known));
        int64_t at = (i / inner / n * x->dim[axis] + k) * inner + i % inner;
        if (known && at < from->n)
            dsq_host_copy(out, i, from, (int32_t)at);
    }
    return DSQ_OK;
}

enum dsq_status dsq_shape_gather_elements(const struct dsq_rule *r)
{
    const struct dsq_axis_attr *a = r->node->attr;
    const struct dsq_shape *x = dsq_rule_in(r, 0), *index = dsq_rule_in(r, 1);
    int32_t axis;
    if (x->rank < 0 || index->rank < 0)
        return DSQ_OK;
    DSQ_TRY(dsq_rule_axis(r, a->axis, x->rank, &axis));
    if (x->rank != index->rank)
        return dsq_rule_fail(r, "the data has rank %d, the indices have %d", (int)x->rank,
                             (int)index->rank);
    for (int32_t i = 0; i < x->rank; i++)
        if (i != axis && dsq_dim_is_number(x->dim[i]) && index->dim[i] > x->dim[i])
            return dsq_rule_fail(r, "dimension %d of the indices is %lld, of the data %lld", (int)i,
                                 (long long)index->dim[i], (long long)x->dim[i]);
    *dsq_rule_out(r, 0) = *index;
    return DSQ_OK;
}
