/* SPDX-License-Identifier: Apache-2.0 */
/*
 * softmax: exp(x - max) / sum(exp(x - max)); log_softmax: x - max - log(sum). Sums are made in
 * double, in the order that axes.h says. exp works on rows of floats: along the axis where that is
 * contiguous, else across the results of a tile.
 */
#include <math.h>

#include "backend/cpu/axes.h"

enum { TILE = 64, CHUNK = 256 };

struct softmax_job {
    struct dsq_axes axes;
    const struct dsq_unary_kernel *unary;
    const float *x;
    float *y;
    bool log;
};

static const struct dsq_unary exp_of = {.kind = DSQ_UNARY_EXP}, log_of = {.kind = DSQ_UNARY_LOG};

static float larger(float a, float b)
{
    return b > a || b != b ? b : a;
}

/* What ends each element: y = e / sum, or y = (x - max) - log(sum). */
static void finish(const struct softmax_job *j, const struct dsq_axes_tile *t, const float *most,
                   const double *sum)
{
    const struct dsq_axes *a = &j->axes;
    const int64_t n = dsq_axes_run_length(a);
    const int64_t x_step = dsq_axes_run_step(a, DSQ_AXES_X),
                  y_step = dsq_axes_run_step(a, DSQ_AXES_Y);
    float last[TILE];
    for (int64_t o = 0; o < t->n; o++)
        last[o] = j->log ? dsq_unary_f32(&log_of, (float)sum[o]) : (float)sum[o];
    for (int64_t r = 0; r < a->n_runs; r++) {
        int64_t at[2];
        dsq_axes_at(a, r, at);
        const float *x = j->x + t->offset[DSQ_AXES_X] + at[DSQ_AXES_X];
        float *y = j->y + t->offset[DSQ_AXES_Y] + at[DSQ_AXES_Y];
        for (int64_t i = 0; i < n; i++, x += x_step, y += y_step)
            for (int64_t o = 0; o < t->n; o++) {
                float *to = y + o * t->step[DSQ_AXES_Y];
                *to = j->log ? x[o * t->step[DSQ_AXES_X]] - most[o] - last[o] : *to / last[o];
            }
    }
}

/* One run of one result, contiguous. y takes the exponentials; log_softmax needs their sum only. */
static double exp_along(const struct softmax_job *j, const float *x, float *y, int64_t y_step,
                        int64_t n, float most, double sum)
{
    float e[CHUNK];
    for (int64_t first = 0; first < n; first += CHUNK) {
        const int64_t m = n - first < CHUNK ? n - first : CHUNK;
        for (int64_t i = 0; i < m; i++)
            e[i] = x[first + i] - most;
        j->unary->run(&exp_of, (size_t)m, e, e);
        for (int64_t i = 0; i < m; i++) {
            sum += (double)e[i];
            if (!j->log)
                y[(first + i) * y_step] = e[i];
        }
    }
    return sum;
}

/* One element of every result of the tile. */
static void exp_across(const struct softmax_job *j, const struct dsq_axes_tile *t, const float *x,
                       float *y, const float *most, double *sum)
{
    float e[TILE];
    for (int64_t o = 0; o < t->n; o++)
        e[o] = x[o * t->step[DSQ_AXES_X]] - most[o];
    j->unary->run(&exp_of, (size_t)t->n, e, e);
    for (int64_t o = 0; o < t->n; o++) {
        sum[o] += (double)e[o];
        if (!j->log)
            y[o * t->step[DSQ_AXES_Y]] = e[o];
    }
}

static void find_most(const struct softmax_job *j, const struct dsq_axes_tile *t, float *most)
{
    const struct dsq_axes *a = &j->axes;
    const int64_t n = dsq_axes_run_length(a), step = dsq_axes_run_step(a, DSQ_AXES_X);
    for (int64_t o = 0; o < t->n; o++)
        most[o] = -INFINITY;
    for (int64_t r = 0; r < a->n_runs; r++) {
        int64_t at[2];
        dsq_axes_at(a, r, at);
        const float *x = j->x + t->offset[DSQ_AXES_X] + at[DSQ_AXES_X];
        for (int64_t i = 0; i < n; i++, x += step)
            for (int64_t o = 0; o < t->n; o++)
                most[o] = larger(most[o], x[o * t->step[DSQ_AXES_X]]);
    }
}

static void softmax_tile(void *arg, const struct dsq_axes_tile *t, int worker)
{
    (void)worker;
    const struct softmax_job *j = arg;
    const struct dsq_axes *a = &j->axes;
    const int64_t n = dsq_axes_run_length(a);
    const int64_t x_step = dsq_axes_run_step(a, DSQ_AXES_X),
                  y_step = dsq_axes_run_step(a, DSQ_AXES_Y);
    float most[TILE];
    double sum[TILE] = {0};
    find_most(j, t, most);
    for (int64_t r = 0; r < a->n_runs; r++) {
        int64_t at[2];
        dsq_axes_at(a, r, at);
        const float *x = j->x + t->offset[DSQ_AXES_X] + at[DSQ_AXES_X];
        float *y = j->y + t->offset[DSQ_AXES_Y] + at[DSQ_AXES_Y];
        for (int64_t o = 0; x_step == 1 && o < t->n; o++)
            sum[o] = exp_along(j, x + o * t->step[DSQ_AXES_X], y + o * t->step[DSQ_AXES_Y], y_step,
                               n, most[o], sum[o]);
        for (int64_t i = 0; x_step != 1 && i < n; i++)
            exp_across(j, t, x + i * x_step, y + i * y_step, most, sum);
    }
    finish(j, t, most, sum);
}

static bool softmax_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                             size_t bytes)
{
    if (g->value[n->in[0]].dtype != DSQ_F32)
        return dsq_cpu_refuse(why, bytes, "of type %s", dsq_dtype_name(g->value[n->in[0]].dtype));
    return dsq_cpu_same_type(g, n, why, bytes);
}

static enum dsq_status softmax_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                   struct dsq_diag *d)
{
    const struct dsq_softmax_attr *a = c->node->attr;
    const struct dsq_view *x = dsq_cpu_in(c, 0), *y = dsq_cpu_out(c, 0);
    struct softmax_job j = {.unary = p->device->unary,
                            .x = x->data,
                            .y = y->data,
                            .log = c->node->op == DSQ_OP_LOG_SOFTMAX};
    const int64_t axis = a->axis < 0 ? a->axis + x->rank : a->axis;
    if (axis < 0 || axis > x->rank)
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "it has no axis %lld", (long long)a->axis);
    uint32_t bits = 0;
    for (int32_t i = 0; i < x->rank; i++)
        bits |= (uint32_t)(a->flat ? i >= axis : i == axis) << i;
    dsq_axes_init(&j.axes, x, y, bits);
    dsq_axes_run(&j.axes, TILE, c->pool, softmax_tile, &j);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_softmax = {
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = softmax_supports,
    .run = softmax_run,
};
