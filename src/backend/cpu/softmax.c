/* SPDX-License-Identifier: Apache-2.0 */
/*
 * softmax: exp(x - max) / sum(exp(x - max)); log_softmax: x - max - log(sum). Sums are made in
 * double, in the order that axes.h says, every fourth element in one of four partial sums. exp
 * works on rows of floats: along the axis where that is contiguous, else across the results of a
 * tile.
 */
#include <math.h>
#include <string.h>

#include "backend/cpu/axes.h"

enum { TILE = 64, CHUNK = 256, LANES = 4 };

struct softmax_job {
    struct dsq_axes axes;
    const struct dsq_rows_kernels *rows;
    const struct dsq_unary_kernel *unary;
    const float *x;
    float *y;
    bool log;
};

static const struct dsq_unary exp_of = {.kind = DSQ_UNARY_EXP}, log_of = {.kind = DSQ_UNARY_LOG};

/* n elements of one result. */
static void finish_along(bool log, int64_t n, const float *x, float *y, int64_t y_step, float most,
                         float last)
{
    if (log)
        for (int64_t i = 0; i < n; i++)
            y[i * y_step] = x[i] - most - last;
    else if (y_step == 1)
        for (int64_t i = 0; i < n; i++)
            y[i] = y[i] / last;
    else
        for (int64_t i = 0; i < n; i++)
            y[i * y_step] = y[i * y_step] / last;
}

/* One element of n results. */
static void finish_across(bool log, const struct dsq_axes_tile *t, const float *x, float *y,
                          const float *most, const float *last)
{
    const int64_t x_next = t->step[DSQ_AXES_X], y_next = t->step[DSQ_AXES_Y];
    if (log)
        for (int64_t o = 0; o < t->n; o++)
            y[o * y_next] = x[o * x_next] - most[o] - last[o];
    else if (y_next == 1)
        for (int64_t o = 0; o < t->n; o++)
            y[o] = y[o] / last[o];
    else
        for (int64_t o = 0; o < t->n; o++)
            y[o * y_next] = y[o * y_next] / last[o];
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
        for (int64_t o = 0; x_step == 1 && o < t->n; o++)
            finish_along(j->log, n, x + o * t->step[DSQ_AXES_X], y + o * t->step[DSQ_AXES_Y],
                         y_step, most[o], last[o]);
        for (int64_t i = 0; x_step != 1 && i < n; i++)
            finish_across(j->log, t, x + i * x_step, y + i * y_step, most, last);
    }
}

/* n exponentials of one result, of which `before` have been added already. */
static void add_along(double *sum, const float *e, int64_t n, int64_t before)
{
    double lane[LANES];
    for (int k = 0; k < LANES; k++)
        lane[k] = sum[(before + k) % LANES];
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            lane[k] += (double)e[i + k];
    for (int k = 0; i < n; i++, k++)
        lane[k] += (double)e[i];
    for (int k = 0; k < LANES; k++)
        sum[(before + k) % LANES] = lane[k];
}

/* One run of one result, contiguous. y takes the exponentials; log_softmax needs their sum only. */
static void exp_along(const struct softmax_job *j, const float *x, float *y, int64_t before,
                      float most, double *sum)
{
    const int64_t n = dsq_axes_run_length(&j->axes);
    const int64_t y_step = dsq_axes_run_step(&j->axes, DSQ_AXES_Y);
    float e[CHUNK];
    for (int64_t first = 0; first < n; first += CHUNK) {
        const int64_t m = n - first < CHUNK ? n - first : CHUNK;
        for (int64_t i = 0; i < m; i++)
            e[i] = x[first + i] - most;
        j->unary->run(&exp_of, (size_t)m, e, e);
        add_along(sum, e, m, before + first);
        for (int64_t i = 0; i < m && !j->log; i++)
            y[(first + i) * y_step] = e[i];
    }
}

/* One element of every result of the tile. */
static void exp_across(const struct softmax_job *j, const struct dsq_axes_tile *t, const float *x,
                       float *y, const float *most, double *sum)
{
    const int64_t n = t->n, x_next = t->step[DSQ_AXES_X], y_next = t->step[DSQ_AXES_Y];
    float e[TILE];
    if (x_next == 1)
        for (int64_t o = 0; o < n; o++)
            e[o] = x[o] - most[o];
    else
        for (int64_t o = 0; o < n; o++)
            e[o] = x[o * x_next] - most[o];
    j->unary->run(&exp_of, (size_t)n, e, e);
    for (int64_t o = 0; o < n; o++)
        sum[o] += (double)e[o];
    if (!j->log && y_next == 1)
        memcpy(y, e, (size_t)n * sizeof *e);
    else if (!j->log)
        for (int64_t o = 0; o < n; o++)
            y[o * y_next] = e[o];
}

static void raise_across(int64_t n, const float *x, int64_t next, float *most)
{
    if (next == 1)
        for (int64_t o = 0; o < n; o++)
            most[o] = x[o] > most[o] ? x[o] : most[o];
    else
        for (int64_t o = 0; o < n; o++)
            most[o] = x[o * next] > most[o] ? x[o * next] : most[o];
}

/* The largest numbers; a NaN shows in the sum. */
static void find_most(const struct softmax_job *j, const struct dsq_axes_tile *t, float *most)
{
    const struct dsq_axes *a = &j->axes;
    const int64_t n = dsq_axes_run_length(a), step = dsq_axes_run_step(a, DSQ_AXES_X);
    const int64_t next = t->step[DSQ_AXES_X];
    for (int64_t o = 0; o < t->n; o++)
        most[o] = -INFINITY;
    for (int64_t r = 0; r < a->n_runs; r++) {
        int64_t at[2];
        dsq_axes_at(a, r, at);
        const float *x = j->x + t->offset[DSQ_AXES_X] + at[DSQ_AXES_X];
        for (int64_t o = 0; step == 1 && o < t->n; o++) {
            float lo, hi;
            j->rows->minmax_f32((size_t)n, x + o * next, &lo, &hi);
            most[o] = hi > most[o] ? hi : most[o];
        }
        for (int64_t i = 0; step != 1 && i < n; i++, x += step)
            raise_across(t->n, x, next, most);
    }
}

static void softmax_tile(void *arg, const struct dsq_axes_tile *t, int worker)
{
    (void)worker;
    const struct softmax_job *j = arg;
    const struct dsq_axes *a = &j->axes;
    const int64_t n = dsq_axes_run_length(a), x_step = dsq_axes_run_step(a, DSQ_AXES_X);
    const int64_t y_step = dsq_axes_run_step(a, DSQ_AXES_Y);
    float most[TILE];
    double total[TILE];
    double sum[LANES * TILE] = {0}; /* by lane and result; along the axis, by result and lane */
    find_most(j, t, most);
    for (int64_t r = 0; r < a->n_runs; r++) {
        int64_t at[2];
        dsq_axes_at(a, r, at);
        const float *x = j->x + t->offset[DSQ_AXES_X] + at[DSQ_AXES_X];
        float *y = j->y + t->offset[DSQ_AXES_Y] + at[DSQ_AXES_Y];
        for (int64_t o = 0; x_step == 1 && o < t->n; o++)
            exp_along(j, x + o * t->step[DSQ_AXES_X], y + o * t->step[DSQ_AXES_Y], r * n, most[o],
                      sum + LANES * o);
        for (int64_t i = 0; x_step != 1 && i < n; i++)
            exp_across(j, t, x + i * x_step, y + i * y_step, most,
                       sum + (r * n + i) % LANES * TILE);
    }
    for (int64_t o = 0; o < t->n; o++) {
        const double *lane = sum + (x_step == 1 ? LANES * o : o);
        const int64_t next = x_step == 1 ? 1 : TILE;
        total[o] = (lane[0] + lane[next]) + (lane[2 * next] + lane[3 * next]);
    }
    finish(j, t, most, total);
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
    struct softmax_job j = {.rows = p->device->rows,
                            .unary = p->device->unary,
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
