/* SPDX-License-Identifier: Apache-2.0 */
/* Shape rules of the normalizations: the output is as large as the input, and the vectors beside it
 * must fit. */
#include "graph/rule.h"

/* [N, C, ...]: at least two dimensions. */
static enum dsq_status keep_shape(const struct dsq_rule *r, struct dsq_shape **y)
{
    *y = dsq_rule_out(r, 0);
    **y = *dsq_rule_in(r, 0);
    if ((*y)->rank >= 0 && (*y)->rank < 2)
        return dsq_rule_fail(r, "the input has rank %d, need at least 2", (int)(*y)->rank);
    return DSQ_OK;
}

enum dsq_status dsq_shape_batchnorm(const struct dsq_rule *r)
{
    struct dsq_shape *y;
    DSQ_TRY(keep_shape(r, &y));
    for (int32_t k = 1; k < r->node->n_in && y->rank >= 2; k++) {
        const struct dsq_shape *c = dsq_rule_in(r, k);
        if (c->rank == 1)
            DSQ_TRY(dsq_rule_same_dim(r, "channels of the input and of its statistics", y->dim[1],
                                      c->dim[0], &y->dim[1]));
    }
    return DSQ_OK;
}

enum dsq_status dsq_shape_groupnorm(const struct dsq_rule *r)
{
    const struct dsq_groupnorm_attr *a = r->node->attr;
    struct dsq_shape *y;
    DSQ_TRY(keep_shape(r, &y));
    const dsq_dim channels = y->rank >= 2 ? y->dim[1] : DSQ_DIM_UNKNOWN;
    if (!dsq_dim_is_number(channels))
        return DSQ_OK;
    if (a->groups < 0 || (a->groups && channels % a->groups))
        return dsq_rule_fail(r, "%lld channels in %lld groups", (long long)channels,
                             (long long)a->groups);
    for (int32_t k = 1; k < r->node->n_in; k++) {
        const struct dsq_shape *c = dsq_rule_in(r, k);
        if (c->rank == 1 && dsq_dim_is_number(c->dim[0]) && c->dim[0] != channels &&
            c->dim[0] != a->groups)
            return dsq_rule_fail(r, "%lld numbers for %lld channels in %lld groups",
                                 (long long)c->dim[0], (long long)channels, (long long)a->groups);
    }
    return DSQ_OK;
}

/* The vectors' sizes are looked at when it runs. */
enum dsq_status dsq_shape_layernorm(const struct dsq_rule *r)
{
    const struct dsq_layernorm_attr *a = r->node->attr;
    int32_t axis;
    *dsq_rule_out(r, 0) = *dsq_rule_in(r, 0);
    const int32_t rank = dsq_rule_in(r, 0)->rank;
    return rank < 0 ? DSQ_OK : dsq_rule_axis(r, a->axis, rank, &axis);
}
