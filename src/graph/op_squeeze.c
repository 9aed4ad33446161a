/* SPDX-License-Identifier: Apache-2.0 */
/* squeeze (in = x, axes or none) and unsqueeze (in = x, axes): dimensions of 1 go or come. */
#include "graph/rule.h"

/* A bit an axis, of a tensor of that rank; *known is false when the axes are not. */
static enum dsq_status read_axes(const struct dsq_rule *r, const struct dsq_host_data *axes,
                                 int32_t rank, uint32_t *bits, bool *known)
{
    *bits = 0;
    *known = axes != NULL;
    for (int32_t i = 0; axes && i < axes->n; i++) {
        int64_t axis;
        int32_t at;
        if (!dsq_host_int(axes, i, &axis)) {
            *known = false;
            return DSQ_OK;
        }
        DSQ_TRY(dsq_rule_axis(r, axis, rank, &at));
        if (*bits >> at & 1)
            return dsq_rule_fail(r, "axis %d is named twice", (int)at);
        *bits |= 1u << at;
    }
    return DSQ_OK;
}

enum dsq_status dsq_shape_squeeze(const struct dsq_rule *r)
{
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    struct dsq_shape *y = dsq_rule_out(r, 0);
    uint32_t bits = 0;
    bool known = true;
    if (x->rank < 0)
        return DSQ_OK;
    if (dsq_rule_has(r, 1))
        DSQ_TRY(read_axes(r, dsq_rule_host(r, 1), x->rank, &bits, &known));
    for (int32_t i = 0; !dsq_rule_has(r, 1) && i < x->rank; i++) {
        known = known && dsq_dim_is_number(x->dim[i]);
        bits |= (uint32_t)(x->dim[i] == 1) << i;
    }
    if (!known)
        return DSQ_OK;
    int32_t n = 0;
    for (int32_t i = 0; i < x->rank; i++) {
        if (!(bits >> i & 1))
            y->dim[n++] = x->dim[i];
        else if (dsq_dim_is_number(x->dim[i]) && x->dim[i] != 1)
            return dsq_rule_fail(r, "dimension %d is %lld, only 1 can be squeezed", (int)i,
                                 (long long)x->dim[i]);
    }
    y->rank = n;
    return DSQ_OK;
}

enum dsq_status dsq_shape_unsqueeze(const struct dsq_rule *r)
{
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    const struct dsq_host_data *axes = dsq_rule_host(r, 1);
    struct dsq_shape *y = dsq_rule_out(r, 0);
    uint32_t bits;
    bool known;
    if (x->rank < 0 || !axes)
        return DSQ_OK;
    int32_t rank = x->rank + axes->n, from = 0;
    if (rank > DSQ_MAX_RANK)
        return dsq_rule_fail(r, "the output has more than %d dimensions", DSQ_MAX_RANK);
    DSQ_TRY(read_axes(r, axes, rank, &bits, &known));
    for (int32_t i = 0; known && i < rank; i++)
        y->dim[i] = bits >> i & 1 ? 1 : x->dim[from++];
    if (known)
        y->rank = rank;
    return DSQ_OK;
}

enum dsq_status dsq_host_squeeze(const struct dsq_rule *r)
{
    return dsq_host_identity(r);
}
enum dsq_status dsq_host_unsqueeze(const struct dsq_rule *r)
{
    return dsq_host_identity(r);
}
