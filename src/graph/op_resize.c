/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resize: in = x, sizes or none, scales or none. Output sizes.
 */
#include <math.h>
#include <string.h>

#include "graph/rule.h"

enum { X, SIZES, SCALES };

static enum dsq_status by_sizes(const struct dsq_rule *r, struct dsq_shape *y)
{
    const struct dsq_host_data *sizes = dsq_rule_host(r, SIZES);
    if (!sizes)
        return DSQ_OK;
    if (sizes->n != y->rank)
        return dsq_rule_fail(r, "%d sizes for a tensor of rank %d", (int)sizes->n, (int)y->rank);
    for (int32_t i = 0; i < y->rank; i++) {
        int64_t v;
        if (dsq_host_int(sizes, i, &v) && v < 1)
            return dsq_rule_fail(r, "dimension %d cannot be resized to %lld", (int)i, (long long)v);
        y->dim[i] = dsq_host_dim(sizes, i);
    }
    return DSQ_OK;
}

/* floor(size * scale) with the product in float, as ONNX's own shape inference computes it. A
 * symbol keeps a form where the scale is a small fraction of two's powers, for which that product
 * is exact. */
static dsq_dim scaled(struct dsq_dims *t, dsq_dim size, float scale)
{
    enum { FRACTION = 64, WHOLE = 64 };
    if (dsq_dim_is_number(size)) {
        float product = floorf((float)size * scale);
        return product < 1e15f ? (dsq_dim)product : DSQ_DIM_UNKNOWN;
    }
    float parts = scale * FRACTION;
    if (parts != floorf(parts) || parts < 1 || scale > WHOLE)
        return DSQ_DIM_UNKNOWN;
    return dsq_dim_affine(t, size, (int64_t)parts, 0, FRACTION);
}

static enum dsq_status by_scales(const struct dsq_rule *r, struct dsq_shape *y)
{
    const struct dsq_value *v = &r->graph->value[r->node->in[SCALES]];
    if (!v->data)
        return DSQ_OK;
    if (v->dtype != DSQ_F32 || v->bytes != (size_t)y->rank * sizeof(float))
        return dsq_rule_fail(r, "scales must be %d floats, one a dimension", (int)y->rank);
    for (int32_t i = 0; i < y->rank; i++) {
        float scale;
        memcpy(&scale, (const char *)v->data + (size_t)i * sizeof scale, sizeof scale);
        if (!(scale > 0) || isinf(scale))
            return dsq_rule_fail(r, "the scale of dimension %d is not positive", (int)i);
        const dsq_dim size = dsq_rule_in(r, X)->dim[i];
        y->dim[i] = scaled(r->dims, size, scale);
        if (y->dim[i] == 0 && size != 0)
            return dsq_rule_fail(r, "nothing is left of dimension %d, %lld times %g", (int)i,
                                 (long long)size, (double)scale);
    }
    return DSQ_OK;
}

enum dsq_status dsq_shape_resize(const struct dsq_rule *r)
{
    const struct dsq_shape *x = dsq_rule_in(r, X);
    struct dsq_shape *y = dsq_rule_out(r, 0);
    if (x->rank < 0)
        return DSQ_OK;
    dsq_rule_unknown_dims(y, x->rank);
    if (dsq_rule_has(r, SIZES))
        return by_sizes(r, y);
    if (dsq_rule_has(r, SCALES))
        return by_scales(r, y);
    return dsq_rule_fail(r, "neither sizes nor scales are given");
}
