/* SPDX-License-Identifier: Apache-2.0 */
/* layernorm: y = (x - mean) * (1 / sqrt(variance + epsilon)) * scale + bias, row by row; a row is
 * all dimensions from the axis on. */
#include "backend/cpu/norm.h"

enum { TASK_ELEMENTS = 16384 };

struct layernorm_run {
    const float *x, *scale, *bias; /* bias: NULL for none */
    float *y;
    int64_t rows, length, rows_per_task;
    int64_t scale_step, bias_step; /* 0: one number for all */
    float epsilon;
};

static bool layernorm_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                               size_t bytes)
{
    for (int32_t i = 0; i < n->n_in; i++) {
        if (n->in[i] == DSQ_NO_VALUE)
            continue;
        const struct dsq_value *v = &g->value[n->in[i]];
        if (v->dtype != DSQ_F32)
            return dsq_cpu_refuse(why, bytes, "'%s' is %s: only f32", v->name,
                                  dsq_dtype_name(v->dtype));
    }
    return true;
}

/* A vector of the row's shape, ones in front, or of one number. */
static bool vector_fits(const struct dsq_view *x, int32_t axis, const struct dsq_view *v)
{
    if (dsq_view_elements(v) == 1)
        return true;
    for (int32_t i = 0; i < x->rank || i < v->rank; i++) {
        int64_t want = i < x->rank - axis ? x->dims[x->rank - 1 - i] : 1;
        int64_t have = i < v->rank ? v->dims[v->rank - 1 - i] : 1;
        if (want != have)
            return false;
    }
    return true;
}

static int32_t first_axis(const struct dsq_prepared *p, const struct dsq_view *x)
{
    const struct dsq_layernorm_attr *a = p->node->attr;
    return (int32_t)(a->axis < 0 ? a->axis + x->rank : a->axis);
}

static bool has_bias(const struct dsq_call *c)
{
    return c->node->n_in > 2 && c->node->in[2] != DSQ_NO_VALUE;
}

static enum dsq_status layernorm_workspace(const struct dsq_prepared *p, const struct dsq_call *c,
                                           size_t *bytes, struct dsq_diag *d)
{
    const struct dsq_view *x = dsq_cpu_in(c, 0);
    *bytes = 0;
    for (int i = 1; i < 2 + has_bias(c); i++)
        if (!vector_fits(x, first_axis(p, x), dsq_cpu_in(c, i)))
            return dsq_cpu_fail(p, d, DSQ_SHAPE,
                                "'%s' has neither the size of the normalized part nor one element",
                                c->graph->value[c->node->in[i]].name);
    return DSQ_OK;
}

static void normalize_row(const struct layernorm_run *run, const float *restrict x,
                          float *restrict y)
{
    const float *restrict scale = run->scale, *restrict bias = run->bias;
    double mean, factor;
    const struct dsq_moments m = dsq_moments_of(x, run->length);
    dsq_moments_finish(&m, run->length, run->epsilon, &mean, &factor);
    const float shift = (float)mean, times = (float)factor;
    if (run->scale_step && bias && run->bias_step) {
        for (int64_t i = 0; i < run->length; i++)
            y[i] = (x[i] - shift) * times * scale[i] + bias[i];
        return;
    }
    for (int64_t i = 0; i < run->length; i++)
        y[i] = (x[i] - shift) * times * scale[i * run->scale_step];
    for (int64_t i = 0; bias && i < run->length; i++)
        y[i] += bias[i * run->bias_step];
}

static void layernorm_task(void *arg, size_t index, int worker)
{
    (void)worker;
    const struct layernorm_run *run = arg;
    int64_t row = (int64_t)index * run->rows_per_task, end = row + run->rows_per_task;
    for (; row < end && row < run->rows; row++)
        normalize_row(run, run->x + row * run->length, run->y + row * run->length);
}

static enum dsq_status layernorm_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                     struct dsq_diag *d)
{
    (void)d;
    const struct dsq_layernorm_attr *a = p->node->attr;
    const struct dsq_view *x = dsq_cpu_in(c, 0), *scale = dsq_cpu_in(c, 1);
    struct layernorm_run run = {.x = x->data,
                                .y = dsq_cpu_out(c, 0)->data,
                                .scale = scale->data,
                                .scale_step = dsq_view_elements(scale) != 1,
                                .rows = 1,
                                .length = 1,
                                .epsilon = a->epsilon};
    if (has_bias(c)) {
        run.bias = dsq_cpu_in(c, 2)->data;
        run.bias_step = dsq_view_elements(dsq_cpu_in(c, 2)) != 1;
    }
    for (int32_t i = 0; i < x->rank; i++)
        *(i < first_axis(p, x) ? &run.rows : &run.length) *= x->dims[i];
    run.rows_per_task = run.length < TASK_ELEMENTS ? TASK_ELEMENTS / run.length : 1;
    dsq_parallel_for(c->pool, (size_t)dsq_ceil_div(run.rows, run.rows_per_task), layernorm_task,
                     &run);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_layernorm = {
    .supports = layernorm_supports,
    .workspace = layernorm_workspace,
    .run = layernorm_run,
};
