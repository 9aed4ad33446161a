/* SPDX-License-Identifier: Apache-2.0 */
/* range: in = start, limit, step; start + i * step as long as that has not reached the limit. */
#include "graph/rule.h"

#include <math.h>
#include <string.h>

/* The only element of input k, a float: as a number, or else the dimension that it stands for. */
static bool float_scalar(const struct dsq_rule *r, int32_t k, float *v, dsq_dim *dim)
{
    const struct dsq_value *x = dsq_rule_has(r, k) ? &r->graph->value[r->node->in[k]] : NULL;
    const struct dsq_host_data *h = dsq_rule_host(r, k);
    *dim = DSQ_DIM_UNKNOWN;
    if (x && x->data && x->dtype == DSQ_F32 && x->bytes == sizeof *v) {
        memcpy(v, x->data, sizeof *v);
        return true;
    }
    if (!h || !h->is_float || h->n != 1)
        return false;
    *dim = dsq_host_dim(h, 0);
    return dsq_host_float(h, 0, v);
}

/* ceil((limit - start) / step), in double; from 0 by 1 up to a symbol, the symbol. */
static enum dsq_status count_floats(const struct dsq_rule *r, dsq_dim *out)
{
    float start, limit, step;
    dsq_dim start_dim, limit_dim, step_dim;
    const bool start_known = float_scalar(r, 0, &start, &start_dim);
    const bool limit_known = float_scalar(r, 1, &limit, &limit_dim);
    const bool step_known = float_scalar(r, 2, &step, &step_dim);
    if (start_known && step_known && start == 0.0f && step == 1.0f && !limit_known)
        *out = limit_dim;
    if (!start_known || !limit_known || !step_known)
        return DSQ_OK;
    const double n = ceil(((double)limit - (double)start) / (double)step);
    if (!(step != 0.0f && n <= (double)(INT64_C(1) << 40)))
        return dsq_rule_fail(r, "from %g to %g by %g", (double)start, (double)limit, (double)step);
    *out = n > 0 ? (int64_t)n : 0;
    return DSQ_OK;
}

/* The only element of input k, as an integer or else a dimension. */
static bool scalar(const struct dsq_rule *r, int32_t k, int64_t *number, dsq_dim *dim)
{
    const struct dsq_host_data *h = dsq_rule_host(r, k);
    *dim = h && h->n == 1 ? dsq_host_dim(h, 0) : DSQ_DIM_UNKNOWN;
    return h && h->n == 1 && dsq_host_int(h, 0, number);
}

static enum dsq_status count(const struct dsq_rule *r, int64_t start, int64_t limit, int64_t step,
                             dsq_dim *out)
{
    int64_t span;
    if (__builtin_sub_overflow(limit, start, &span) || step == INT64_MIN || span == INT64_MIN)
        return dsq_rule_fail(r, "from %lld to %lld by %lld", (long long)start, (long long)limit,
                             (long long)step);
    if (step < 0) {
        span = -span;
        step = -step;
    }
    *out = span > 0 ? (span - 1) / step + 1 : 0;
    return DSQ_OK;
}

enum dsq_status dsq_shape_range(const struct dsq_rule *r)
{
    int64_t start, limit, step;
    dsq_dim start_dim, limit_dim, step_dim;
    struct dsq_shape *y = dsq_rule_out(r, 0);
    bool start_known = scalar(r, 0, &start, &start_dim),
         limit_known = scalar(r, 1, &limit, &limit_dim);
    bool step_known = scalar(r, 2, &step, &step_dim);
    dsq_rule_unknown_dims(y, 1);
    if (dsq_rule_has(r, 0) && r->graph->value[r->node->in[0]].dtype == DSQ_F32)
        return count_floats(r, &y->dim[0]);
    if (step_known && step == 0)
        return dsq_rule_fail(r, "a step of 0");
    if (start_known && limit_known && step_known)
        return count(r, start, limit, step, &y->dim[0]);
    /* Up to a symbol; as with slices, at the sizes at which anything is left. */
    if (start_known && step_known && step > 0 && step <= INT32_MAX && start >= -INT32_MAX &&
        start <= INT32_MAX)
        y->dim[0] = dsq_dim_affine(r->dims, limit_dim, 1, step - 1 - start, step);
    return DSQ_OK;
}

enum dsq_status dsq_host_range(const struct dsq_rule *r)
{
    struct dsq_host_data *out = dsq_rule_host_out(r);
    int64_t start, step, number;
    dsq_dim dim;
    if (!scalar(r, 0, &start, &dim) || !scalar(r, 2, &step, &dim) || !dsq_host_begin(r, out))
        return DSQ_OK;
    for (int32_t i = 0; i < out->n; i++)
        if (!__builtin_mul_overflow(i, step, &number) &&
            !__builtin_add_overflow(number, start, &number))
            dsq_host_put_int(out, i, number);
    return DSQ_OK;
}
