/* SPDX-License-Identifier: Apache-2.0 */
/* Shape rule of matmul, as numpy's: a missing dimension of a vector is added and taken away again,
 * those before the last two broadcast. */
#include "graph/rule.h"

/* Of a dimension that two operands broadcast to; a symbol against a number gives the number. */
static enum dsq_status broadcast(const struct dsq_rule *r, dsq_dim a, dsq_dim b, dsq_dim *out)
{
    if (b == 1 || dsq_dim_equal(a, b))
        *out = a;
    else if (a == 1)
        *out = b;
    else if (dsq_dim_is_number(a) && dsq_dim_is_number(b))
        return dsq_rule_fail(r, "%lld and %lld matrices do not go together", (long long)a,
                             (long long)b);
    else
        *out = dsq_dim_is_number(a) ? a : dsq_dim_is_number(b) ? b : DSQ_DIM_UNKNOWN;
    return DSQ_OK;
}

/* The dimension k of the matrices' batch, counted from its end. */
static dsq_dim batch(const struct dsq_shape *s, int32_t k)
{
    return s->rank - 3 - k >= 0 ? s->dim[s->rank - 3 - k] : 1;
}

enum dsq_status dsq_shape_matmul(const struct dsq_rule *r)
{
    const struct dsq_shape *a = dsq_rule_in(r, 0), *b = dsq_rule_in(r, 1);
    struct dsq_shape y = {.rank = 0};
    dsq_dim depth;
    if (a->rank < 0 || b->rank < 0)
        return DSQ_OK;
    if (!a->rank || !b->rank)
        return dsq_rule_fail(r, "an operand is a single number, not a vector or matrix");
    DSQ_TRY(dsq_rule_same_dim(r, "columns of the left and rows of the right matrix",
                              a->dim[a->rank - 1], b->dim[b->rank > 1 ? b->rank - 2 : 0], &depth));
    const int32_t most = a->rank > b->rank ? a->rank : b->rank;
    for (int32_t k = most - 3; k >= 0; k--)
        DSQ_TRY(broadcast(r, batch(a, k), batch(b, k), &y.dim[y.rank++]));
    if (a->rank > 1)
        y.dim[y.rank++] = a->dim[a->rank - 2];
    if (b->rank > 1)
        y.dim[y.rank++] = b->dim[b->rank - 1];
    *dsq_rule_out(r, 0) = y;
    return DSQ_OK;
}
