/* SPDX-License-Identifier: Apache-2.0 */
/* resize: in = x, sizes or none, scales or none. Output sizes. */
#include <math.h>
#include <string.h>

#include "graph/resize.h"
#include "graph/rule.h"

enum { X, SIZES, SCALES };

static const struct dsq_resize_attr *attr_of(const struct dsq_rule *r)
{
    return r->node->attr;
}

/* How many numbers sizes and scales must have. */
static int32_t n_entries(const struct dsq_rule *r)
{
    const struct dsq_resize_attr *a = attr_of(r);
    return a->n_axes ? (int32_t)a->n_axes : dsq_rule_in(r, X)->rank;
}

/* The ratio that all axes share, where everything it hangs on is a number. */
static bool common_ratio(const struct dsq_rule *r, const struct dsq_host_data *sizes,
                         struct dsq_ratio *ratio)
{
    const struct dsq_shape *x = dsq_rule_in(r, X);
    int64_t size[DSQ_MAX_RANK], in[DSQ_MAX_RANK];
    int32_t n = 0;
    for (int32_t dim = 0; dim < x->rank; dim++) {
        const int32_t k = dsq_resize_entry(attr_of(r), dim, x->rank);
        if (k < 0)
            continue;
        if (!dsq_host_int(sizes, k, &size[n]) || x->dim[dim] < 1 || size[n] < 1)
            return false;
        in[n++] = x->dim[dim];
    }
    *ratio = dsq_resize_ratio(attr_of(r)->policy, n, size, in);
    return n > 0;
}

/* Dimension i resized to entry k of the sizes. */
static enum dsq_status resize_to(const struct dsq_rule *r, const struct dsq_host_data *sizes,
                                 int32_t k, int32_t i, dsq_dim *y)
{
    int64_t v;
    if (dsq_host_int(sizes, k, &v) && v < 1)
        return dsq_rule_fail(r, "dimension %d cannot be resized to %lld", (int)i, (long long)v);
    *y = dsq_host_dim(sizes, k);
    return DSQ_OK;
}

static enum dsq_status by_sizes(const struct dsq_rule *r, struct dsq_shape *y)
{
    const struct dsq_host_data *sizes = dsq_rule_host(r, SIZES);
    const bool stretch = attr_of(r)->policy == DSQ_POLICY_STRETCH;
    struct dsq_ratio ratio;
    if (sizes && sizes->n != n_entries(r))
        return dsq_rule_fail(r, "%d sizes for %d dimensions", (int)sizes->n, (int)n_entries(r));
    const bool known = sizes && !stretch && common_ratio(r, sizes, &ratio);
    for (int32_t i = 0; i < y->rank; i++) {
        const int32_t k = dsq_resize_entry(attr_of(r), i, y->rank);
        const dsq_dim in = y->dim[i];
        if (k < 0)
            continue;
        y->dim[i] = DSQ_DIM_UNKNOWN;
        if (sizes)
            DSQ_TRY(resize_to(r, sizes, k, i, &y->dim[i]));
        if (!stretch)
            y->dim[i] = known ? dsq_resize_by_ratio(ratio, in) : DSQ_DIM_UNKNOWN;
        if (y->dim[i] == 0)
            return dsq_rule_fail(r, "nothing is left of dimension %d", (int)i);
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

/* Entry k of the scales, constant or computed; false: not known. */
static bool scale_at(const struct dsq_rule *r, int32_t k, float *scale)
{
    const struct dsq_value *v = &r->graph->value[r->node->in[SCALES]];
    const struct dsq_host_data *h = dsq_rule_host(r, SCALES);
    if (v->data) {
        memcpy(scale, (const char *)v->data + (size_t)k * sizeof *scale, sizeof *scale);
        return true;
    }
    return h && h->is_float && dsq_host_float(h, k, scale);
}

static enum dsq_status check_scales(const struct dsq_rule *r)
{
    const struct dsq_value *v = &r->graph->value[r->node->in[SCALES]];
    const struct dsq_host_data *h = dsq_rule_host(r, SCALES);
    const int32_t n = n_entries(r);
    if (v->data ? v->dtype != DSQ_F32 || v->bytes != (size_t)n * sizeof(float) : h && h->n != n)
        return dsq_rule_fail(r, "scales must be %d floats, one a dimension", (int)n);
    return DSQ_OK;
}

static enum dsq_status by_scales(const struct dsq_rule *r, struct dsq_shape *y)
{
    DSQ_TRY(check_scales(r));
    for (int32_t i = 0; i < y->rank; i++) {
        const int32_t k = dsq_resize_entry(attr_of(r), i, y->rank);
        const dsq_dim size = y->dim[i];
        float scale;
        if (k < 0)
            continue;
        y->dim[i] = DSQ_DIM_UNKNOWN;
        if (!scale_at(r, k, &scale))
            continue;
        if (!(scale > 0) || isinf(scale))
            return dsq_rule_fail(r, "the scale of dimension %d is not positive", (int)i);
        y->dim[i] = scaled(r->dims, size, scale);
        if (y->dim[i] == 0 && size != 0)
            return dsq_rule_fail(r, "nothing is left of dimension %d, %lld times %g", (int)i,
                                 (long long)size, (double)scale);
    }
    return DSQ_OK;
}

static enum dsq_status check_picture(const struct dsq_rule *r, const struct dsq_shape *y)
{
    const struct dsq_shape *x = dsq_rule_in(r, X);
    for (int i = 0; i < 2; i++)
        if (dsq_dim_is_number(x->dim[i]) && dsq_dim_is_number(y->dim[i]) && x->dim[i] != y->dim[i])
            return dsq_rule_fail(r, "the %s cannot be resized (%lld to %lld)",
                                 i ? "channels" : "batch", (long long)x->dim[i],
                                 (long long)y->dim[i]);
    return DSQ_OK;
}

enum dsq_status dsq_shape_resize(const struct dsq_rule *r)
{
    const struct dsq_resize_attr *a = attr_of(r);
    const struct dsq_shape *x = dsq_rule_in(r, X);
    struct dsq_shape *y = dsq_rule_out(r, 0);
    if (x->rank < 0)
        return DSQ_OK;
    if (x->rank != 4)
        return dsq_rule_fail(r, "the input has rank %d, need 4", (int)x->rank);
    for (int32_t k = 0; k < a->n_axes; k++)
        if (k >= DSQ_MAX_RANK || a->axes[k] < -x->rank || a->axes[k] >= x->rank)
            return dsq_rule_fail(r, "axis %d of %lld is none of the input's", (int)k,
                                 (long long)a->n_axes);
    *y = *x;
    if (dsq_rule_has(r, SIZES))
        DSQ_TRY(by_sizes(r, y));
    else if (dsq_rule_has(r, SCALES))
        DSQ_TRY(by_scales(r, y));
    else
        return dsq_rule_fail(r, "neither sizes nor scales are given");
    return check_picture(r, y);
}
