/* SPDX-License-Identifier: Apache-2.0 */
/* depth_to_space and space_to_depth: channels become blocks of pixels, and back. */
#include "graph/rule.h"

enum { MAX_BLOCK = 1 << 12 };

/* dim / by, which must be exact. */
static enum dsq_status divided(const struct dsq_rule *r, const char *what, dsq_dim dim, int64_t by,
                               dsq_dim *out)
{
    if (dsq_dim_is_number(dim) && dim % by)
        return dsq_rule_fail(r, "%s, %lld, is no multiple of %lld", what, (long long)dim,
                             (long long)by);
    *out = dsq_dim_affine(r->dims, dim, 1, 0, by);
    return DSQ_OK;
}

/* *known is false when the input's rank is not. */
static enum dsq_status check_blocks(const struct dsq_rule *r, bool *known)
{
    const struct dsq_block_attr *a = r->node->attr;
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    *known = x->rank >= 0;
    if (a->size < 1 || a->size > MAX_BLOCK)
        return dsq_rule_fail(r, "a block size of %lld", (long long)a->size);
    if (*known && x->rank != 4)
        return dsq_rule_fail(r, "the input has rank %d, must be 4", (int)x->rank);
    if (*known)
        *dsq_rule_out(r, 0) = *x;
    return DSQ_OK;
}

enum dsq_status dsq_shape_depth_to_space(const struct dsq_rule *r)
{
    const struct dsq_block_attr *a = r->node->attr;
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    bool known;
    DSQ_TRY(check_blocks(r, &known));
    if (!known)
        return DSQ_OK;
    struct dsq_shape *y = dsq_rule_out(r, 0);
    DSQ_TRY(divided(r, "the number of channels", x->dim[1], a->size * a->size, &y->dim[1]));
    for (int32_t i = 2; i < 4; i++)
        y->dim[i] = dsq_dim_affine(r->dims, x->dim[i], a->size, 0, 1);
    return DSQ_OK;
}

enum dsq_status dsq_shape_space_to_depth(const struct dsq_rule *r)
{
    const struct dsq_block_attr *a = r->node->attr;
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    bool known;
    DSQ_TRY(check_blocks(r, &known));
    if (!known)
        return DSQ_OK;
    struct dsq_shape *y = dsq_rule_out(r, 0);
    y->dim[1] = dsq_dim_affine(r->dims, x->dim[1], a->size * a->size, 0, 1);
    DSQ_TRY(divided(r, "the height", x->dim[2], a->size, &y->dim[2]));
    return divided(r, "the width", x->dim[3], a->size, &y->dim[3]);
}
