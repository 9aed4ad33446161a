/* SPDX-License-Identifier: Apache-2.0 */
/* split: in = x, sizes or none; one output a part. */
#include "graph/rule.h"

/* Given sizes: as many as outputs, none negative, together the axis. */
static enum dsq_status given_sizes(const struct dsq_rule *r, const struct dsq_host_data *sizes,
                                   dsq_dim size, int32_t axis)
{
    const int32_t n = r->node->n_out;
    int64_t sum = 0;
    bool known = true;
    if (sizes->n != n)
        return dsq_rule_fail(r, "%d sizes for %d outputs", (int)sizes->n, (int)n);
    for (int32_t k = 0; k < n; k++) {
        int64_t part;
        bool number = dsq_host_int(sizes, k, &part);
        if (number && (part < 0 || __builtin_add_overflow(sum, part, &sum)))
            return dsq_rule_fail(r, "part %d cannot have the size %lld", (int)k, (long long)part);
        known = known && number;
        dsq_rule_out(r, k)->dim[axis] = dsq_host_dim(sizes, k);
    }
    if (known && dsq_dim_is_number(size) && sum != size)
        return dsq_rule_fail(r, "the parts have %lld together, dimension %d has %lld",
                             (long long)sum, (int)axis, (long long)size);
    return DSQ_OK;
}

/* Equal parts; of a symbolic axis only if the last is equal too. */
static enum dsq_status equal_parts(const struct dsq_rule *r, dsq_dim size, int32_t axis)
{
    const struct dsq_split_attr *a = r->node->attr;
    const int32_t n = r->node->n_out;
    dsq_dim part = DSQ_DIM_UNKNOWN, last = DSQ_DIM_UNKNOWN;
    if (dsq_dim_is_number(size)) {
        part = size / n + (size % n != 0);
        if (__builtin_mul_overflow(part, n - 1, &last) || last > size ||
            (!a->uneven && size % n != 0))
            return dsq_rule_fail(r, "dimension %d, %lld, cannot be split into %d equal parts",
                                 (int)axis, (long long)size, (int)n);
        last = size - last;
    } else if (!a->uneven) {
        part = last = dsq_dim_affine(r->dims, size, 1, 0, n);
    }
    for (int32_t k = 0; k < n; k++)
        dsq_rule_out(r, k)->dim[axis] = k < n - 1 ? part : last;
    return DSQ_OK;
}

enum dsq_status dsq_shape_split(const struct dsq_rule *r)
{
    const struct dsq_split_attr *a = r->node->attr;
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    const struct dsq_host_data *sizes = dsq_rule_host(r, 1);
    int32_t axis;
    if (x->rank < 0)
        return DSQ_OK;
    DSQ_TRY(dsq_rule_axis(r, a->axis, x->rank, &axis));
    for (int32_t k = 0; k < r->node->n_out; k++) {
        *dsq_rule_out(r, k) = *x;
        dsq_rule_out(r, k)->dim[axis] = DSQ_DIM_UNKNOWN;
    }
    if (!dsq_rule_has(r, 1))
        return equal_parts(r, x->dim[axis], axis);
    return sizes ? given_sizes(r, sizes, x->dim[axis], axis) : DSQ_OK;
}

enum dsq_status dsq_host_split(const struct dsq_rule *r)
{
    const struct dsq_split_attr *a = r->node->attr;
    const struct dsq_host_data *from = dsq_rule_host(r, 0);
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    int64_t step[DSQ_MAX_RANK], before = 0;
    int32_t axis;
    if (!from)
        return DSQ_OK;
    DSQ_TRY(dsq_rule_axis(r, a->axis, x->rank, &axis));
    dsq_host_steps(x, step);
    for (int32_t k = 0; k < r->node->n_out; k++) {
        struct dsq_host_data *out = dsq_host_begin_output(r, k);
        if (!out)
            return DSQ_OK; /* the parts behind it begin nobody knows where */
        const int64_t size = dsq_rule_out(r, k)->dim[axis], row = size * step[axis];
        for (int32_t i = 0; i < out->n; i++) {
            int64_t at = i / row * x->dim[axis] * step[axis] + before * step[axis] + i % row;
            if (at < from->n)
                dsq_host_copy(out, i, from, (int32_t)at);
        }
        before += size;
    }
    return DSQ_OK;
}
