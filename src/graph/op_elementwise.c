/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators that work on one element, or one channel, at a time: they keep the shape. On the host:
 * cast, rounding, not, identity.
 */
#include "graph/element.h"
#include "graph/rule.h"

#include <math.h>

static enum dsq_status same_shape(const struct dsq_rule *r)
{
    *dsq_rule_out(r, 0) = *dsq_rule_in(r, 0);
    return DSQ_OK;
}

#define SAME_SHAPE(name)                                                                           \
    enum dsq_status dsq_shape_##name(const struct dsq_rule *r)                                     \
    {                                                                                              \
        return same_shape(r);                                                                      \
    }
SAME_SHAPE(relu)
SAME_SHAPE(clip)
SAME_SHAPE(sigmoid)
SAME_SHAPE(leaky_relu)
SAME_SHAPE(hardsigmoid)
SAME_SHAPE(hardswish)
SAME_SHAPE(tanh)
SAME_SHAPE(silu)
SAME_SHAPE(elu)
SAME_SHAPE(gelu)
SAME_SHAPE(gelu_tanh)
SAME_SHAPE(mish)
SAME_SHAPE(softplus)
SAME_SHAPE(erf)
SAME_SHAPE(exp)
SAME_SHAPE(log)
SAME_SHAPE(sqrt)
SAME_SHAPE(reciprocal)
SAME_SHAPE(abs)
SAME_SHAPE(neg)
SAME_SHAPE(sign)
SAME_SHAPE(floor)
SAME_SHAPE(ceil)
SAME_SHAPE(round)
SAME_SHAPE(not )
SAME_SHAPE(cast)
SAME_SHAPE(identity)
SAME_SHAPE(relayout)
SAME_SHAPE(quantize)
SAME_SHAPE(dequantize)
SAME_SHAPE(requantize)

/* ---- on the host ---- */

enum dsq_status dsq_host_identity(const struct dsq_rule *r)
{
    const struct dsq_host_data *x = dsq_rule_host(r, 0);
    if (x)
        *dsq_rule_host_out(r) = *x;
    return DSQ_OK;
}

/* Element i of x as an integer; false for forms. */
static bool as_integer(const struct dsq_host_data *x, int32_t i, enum dsq_dtype to, int64_t *v)
{
    float f;
    if (!x->is_float)
        return dsq_host_int(x, i, v);
    if (!dsq_host_float(x, i, &f))
        return false;
    *v = to == DSQ_BOOL ? f != 0.0f : to == DSQ_S32 ? dsq_element_to_s32(f) : dsq_element_to_s64(f);
    return true;
}

/* A form stays what it is: as a float it stands for a whole number. */
enum dsq_status dsq_host_cast(const struct dsq_rule *r)
{
    const struct dsq_host_data *x = dsq_rule_host(r, 0);
    struct dsq_host_data *out = dsq_rule_host_out(r);
    const enum dsq_dtype to = r->graph->value[r->node->out[0]].dtype;
    if (!x || !dsq_host_begin(r, out) || out->n != x->n)
        return DSQ_OK;
    for (int32_t i = 0; i < x->n; i++) {
        int64_t v;
        const bool number = as_integer(x, i, to, &v);
        if (x->is_float == out->is_float && to == DSQ_F32)
            dsq_host_copy(out, i, x, i);
        else if (!number)
            dsq_host_put_dim(out, i, to == DSQ_BOOL ? DSQ_DIM_UNKNOWN : dsq_host_dim(x, i));
        else if (to == DSQ_F32)
            dsq_host_put_float(out, i, (float)v);
        else if (to == DSQ_S32 && (v < INT32_MIN || v > INT32_MAX))
            return dsq_rule_fail(r, "%lld does not fit 32 bits", (long long)v);
        else
            dsq_host_put_int(out, i, to == DSQ_BOOL ? v != 0 : v);
    }
    return DSQ_OK;
}

/* Forms are whole already. */
static enum dsq_status host_rounding(const struct dsq_rule *r, float (*f)(float))
{
    const struct dsq_host_data *x = dsq_rule_host(r, 0);
    struct dsq_host_data *out = dsq_rule_host_out(r);
    if (!x || !x->is_float)
        return DSQ_OK;
    *out = *x;
    for (int32_t i = 0; i < x->n; i++) {
        float v;
        if (dsq_host_float(x, i, &v))
            dsq_host_put_float(out, i, f(v));
    }
    return DSQ_OK;
}

/* A form has no negative; of a size there is no use for one. */
enum dsq_status dsq_host_neg(const struct dsq_rule *r)
{
    const struct dsq_host_data *x = dsq_rule_host(r, 0);
    struct dsq_host_data *out = dsq_rule_host_out(r);
    if (!x || !dsq_host_begin(r, out) || out->n != x->n)
        return DSQ_OK;
    for (int32_t i = 0; i < x->n; i++) {
        int64_t v;
        float f;
        if (x->is_float && dsq_host_float(x, i, &f))
            dsq_host_put_float(out, i, -f);
        else if (!x->is_float && dsq_host_int(x, i, &v) && v != INT64_MIN)
            dsq_host_put_int(out, i, -v);
    }
    return DSQ_OK;
}

enum dsq_status dsq_host_floor(const struct dsq_rule *r)
{
    return host_rounding(r, floorf);
}
enum dsq_status dsq_host_ceil(const struct dsq_rule *r)
{
    return host_rounding(r, ceilf);
}
enum dsq_status dsq_host_round(const struct dsq_rule *r)
{
    return host_rounding(r, nearbyintf);
}

enum dsq_status dsq_host_not(const struct dsq_rule *r)
{
    const struct dsq_host_data *x = dsq_rule_host(r, 0);
    struct dsq_host_data *out = dsq_rule_host_out(r);
    if (!x || !dsq_host_begin(r, out) || out->n != x->n)
        return DSQ_OK;
    for (int32_t i = 0; i < x->n; i++) {
        int64_t v;
        if (dsq_host_int(x, i, &v))
            dsq_host_put_int(out, i, !v);
    }
    return DSQ_OK;
}
