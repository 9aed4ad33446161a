/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slice: in = data, starts, ends, axes or none (the first ones), steps or none (1). Starts and ends
 * count from the end when negative and are clamped to the data, as ONNX says.
 */
#include "graph/rule.h"

enum { DATA, STARTS, ENDS, AXES, STEPS };

/* What one axis keeps. first is only right where count is a number. */
struct cut {
    int64_t first, step;
    dsq_dim count;
};

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

int64_t dsq_slice_first(int64_t size, int64_t start, int64_t step)
{
    start += start < 0 ? size : 0;
    if (step > 0)
        return clamp(start, 0, size);
    return size ? clamp(start, 0, size - 1) : -1;
}

/* An axis of known size. */
static struct cut cut_number(int64_t size, int64_t start, int64_t end, int64_t step)
{
    struct cut c = {.first = dsq_slice_first(size, start, step), .step = step};
    end += end < 0 ? size : 0;
    if (step > 0) {
        end = clamp(end, 0, size);
        c.count = end > c.first ? (end - c.first - 1) / step + 1 : 0;
    } else {
        end = clamp(end, -1, size - 1);
        /* -(step + 1) cannot overflow: step may be INT64_MIN */
        c.count = c.first > end
                      ? (int64_t)((uint64_t)(c.first - end - 1) / ((uint64_t) - (step + 1) + 1)) + 1
                      : 0;
    }
    return c;
}

/* An axis of symbolic size, from `start` to its very end or to `-n` from it. Holds for every size
 * that the slice leaves something of; other slices stay unknown. */
static struct cut cut_symbol(struct dsq_dims *t, dsq_dim size, int64_t start, int64_t end,
                             int64_t step)
{
    struct cut c = {.first = start, .step = step, .count = DSQ_DIM_UNKNOWN};
    if (step < 1 || step > INT32_MAX || start < 0 || start > INT32_MAX || end < -INT32_MAX)
        return c;
    if (end < 0)
        c.count = dsq_dim_affine(t, size, 1, end - start + step - 1, step);
    else if (end >= INT32_MAX)
        c.count = dsq_dim_affine(t, size, 1, step - 1 - start, step);
    return c;
}

/* Entry i of the parameters, for an axis of that size. */
static struct cut cut_axis(const struct dsq_rule *r, dsq_dim size, int32_t i, int64_t step)
{
    const struct dsq_host_data *starts = dsq_rule_host(r, STARTS), *ends = dsq_rule_host(r, ENDS);
    struct cut unknown = {.step = step, .count = DSQ_DIM_UNKNOWN};
    int64_t start, end;
    if (!starts || !ends || starts->n <= i || ends->n <= i)
        return unknown;
    bool start_known = dsq_host_int(starts, i, &start), end_known = dsq_host_int(ends, i, &end);
    if (!end_known && dsq_dim_equal(end, size)) {
        end = INT64_MAX; /* up to its own size */
        end_known = true;
    }
    /* [0, n) of an axis that is at least n long is n, but nothing says that it is. */
    if (!start_known || !end_known)
        return unknown;
    return dsq_dim_is_number(size) ? cut_number(size, start, end, step)
                                   : cut_symbol(r->dims, size, start, end, step);
}

/* What every axis keeps; *known is false when even the axes are not. */
static enum dsq_status cut_all(const struct dsq_rule *r, struct cut *cut, bool *known)
{
    const struct dsq_shape *x = dsq_rule_in(r, DATA), *count = dsq_rule_in(r, STARTS);
    const struct dsq_host_data *axes = dsq_rule_host(r, AXES), *steps = dsq_rule_host(r, STEPS);
    for (int32_t i = 0; i < x->rank; i++)
        cut[i] = (struct cut){.step = 1, .count = x->dim[i]};
    *known =
        count->rank == 1 && dsq_dim_is_number(count->dim[0]) && (axes || !dsq_rule_has(r, AXES));
    for (int32_t i = 0; *known && i < count->dim[0]; i++) {
        int64_t axis = i, step = 1;
        int32_t at;
        if (axes && (axes->n <= i || !dsq_host_int(axes, i, &axis))) {
            *known = false;
            break;
        }
        DSQ_TRY(dsq_rule_axis(r, axis, x->rank, &at));
        bool step_known =
            !dsq_rule_has(r, STEPS) || (steps && steps->n > i && dsq_host_int(steps, i, &step));
        if (step_known && step == 0)
            return dsq_rule_fail(r, "the step along axis %d is 0", (int)at);
        cut[at] = cut_axis(r, x->dim[at], i, step);
        if (!step_known)
            cut[at].count = DSQ_DIM_UNKNOWN;
    }
    return DSQ_OK;
}

enum dsq_status dsq_shape_slice(const struct dsq_rule *r)
{
    const struct dsq_shape *x = dsq_rule_in(r, DATA);
    struct dsq_shape *y = dsq_rule_out(r, 0);
    struct cut cut[DSQ_MAX_RANK];
    bool known;
    if (x->rank < 0)
        return DSQ_OK;
    DSQ_TRY(cut_all(r, cut, &known));
    dsq_rule_unknown_dims(y, x->rank);
    for (int32_t i = 0; known && i < x->rank; i++)
        y->dim[i] = cut[i].count;
    return DSQ_OK;
}

enum dsq_status dsq_host_slice(const struct dsq_rule *r)
{
    const struct dsq_host_data *from = dsq_rule_host(r, DATA);
    const struct dsq_shape *x = dsq_rule_in(r, DATA);
    struct dsq_host_data *out = dsq_rule_host_out(r);
    struct cut cut[DSQ_MAX_RANK];
    int64_t step[DSQ_MAX_RANK], origin = 0;
    bool known;
    if (!from || x->rank < 0)
        return DSQ_OK;
    DSQ_TRY(cut_all(r, cut, &known));
    if (!known || !dsq_host_begin(r, out) || out->n == 0)
        return DSQ_OK;
    dsq_host_steps(x, step);
    for (int32_t i = 0; i < x->rank; i++) {
        origin += cut[i].first * step[i];
        step[i] *= cut[i].count > 1 ? cut[i].step : 0;
    }
    dsq_host_pick(r, from, origin, step);
    return DSQ_OK;
}
