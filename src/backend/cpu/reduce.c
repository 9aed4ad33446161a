/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reduce: sums, products and extremes over axes. Floats are summed in double, in the order that
 * axes.h says, and rounded to float once; integers wrap around.
 */
#include <math.h>

#include "backend/cpu/axes.h"

enum { TILE = 16 };

/* What each element does to a result. */
enum step { STEP_SUM, STEP_ABS, STEP_SQUARE, STEP_PROD, STEP_MAX, STEP_MIN, STEP_COUNT };

static const uint8_t step_of[] = {
    [DSQ_REDUCE_SUM] = STEP_SUM,     [DSQ_REDUCE_MEAN] = STEP_SUM,
    [DSQ_REDUCE_MAX] = STEP_MAX,     [DSQ_REDUCE_MIN] = STEP_MIN,
    [DSQ_REDUCE_PROD] = STEP_PROD,   [DSQ_REDUCE_L1] = STEP_ABS,
    [DSQ_REDUCE_L2] = STEP_SQUARE,   [DSQ_REDUCE_SUM_SQUARE] = STEP_SQUARE,
    [DSQ_REDUCE_LOG_SUM] = STEP_SUM, [DSQ_REDUCE_LOG_SUM_EXP] = STEP_MAX,
};

/* Results of a tile in the making. */
union results {
    double f[TILE];
    int64_t i[TILE];
};

/* n elements of each of the tile's results: element i of result o lies at x[o * next + i * step].
 */
typedef void fold_fn(union results *r, const void *x, int64_t results, int64_t next, int64_t n,
                     int64_t step);

#define FOLD(name, T, A, field, EXPRESSION)                                                        \
    static void fold_##name(union results *r, const void *data, int64_t results, int64_t next,     \
                            int64_t n, int64_t step)                                               \
    {                                                                                              \
        const T *x = data;                                                                         \
        A *acc = r->field;                                                                         \
        if (results == TILE && next == 1) {                                                        \
            for (int64_t i = 0; i < n; i++, x += step)                                             \
                for (int o = 0; o < TILE; o++) {                                                   \
                    const A v = (A)x[o], a = acc[o];                                               \
                    acc[o] = (EXPRESSION);                                                         \
                }                                                                                  \
            return;                                                                                \
        }                                                                                          \
        for (int64_t i = 0; i < n; i++, x += step)                                                 \
            for (int64_t o = 0; o < results; o++) {                                                \
                const A v = (A)x[o * next], a = acc[o];                                            \
                acc[o] = (EXPRESSION);                                                             \
            }                                                                                      \
    }
#define FOLDS_F(T, t)                                                                              \
    FOLD(t##_sum, T, double, f, a + v)                                                             \
    FOLD(t##_abs, T, double, f, a + fabs(v))                                                       \
    FOLD(t##_square, T, double, f, a + v * v)                                                      \
    FOLD(t##_prod, T, double, f, a *v)                                                             \
    FOLD(t##_max, T, double, f, v > a || v != v ? v : a)                                           \
    FOLD(t##_min, T, double, f, v < a || v != v ? v : a)
#define WRAP(a, op, b) (int64_t)((uint64_t)(a)op(uint64_t)(b))
#define FOLDS_I(T, t)                                                                              \
    FOLD(t##_sum, T, int64_t, i, WRAP(a, +, v))                                                    \
    FOLD(t##_abs, T, int64_t, i, v < 0 ? WRAP(a, -, v) : WRAP(a, +, v))                            \
    FOLD(t##_square, T, int64_t, i, WRAP(a, +, WRAP(v, *, v)))                                     \
    FOLD(t##_prod, T, int64_t, i, WRAP(a, *, v))                                                   \
    FOLD(t##_max, T, int64_t, i, v > a ? v : a)                                                    \
    FOLD(t##_min, T, int64_t, i, v < a ? v : a)
FOLDS_F(float, f32)
FOLDS_I(int32_t, s32)
FOLDS_I(int64_t, s64)
FOLD(bool_max, uint8_t, int64_t, i, v > a ? v : a)
FOLD(bool_min, uint8_t, int64_t, i, v < a ? v : a)

#define ROW(t)                                                                                     \
    {                                                                                              \
        fold_##t##_sum, fold_##t##_abs, fold_##t##_square, fold_##t##_prod, fold_##t##_max,        \
            fold_##t##_min                                                                         \
    }
static fold_fn *const folds[DSQ_DTYPE_COUNT][STEP_COUNT] = {
    [DSQ_F32] = ROW(f32),
    [DSQ_S32] = ROW(s32),
    [DSQ_S64] = ROW(s64),
    [DSQ_BOOL] = {[STEP_MAX] = fold_bool_max, [STEP_MIN] = fold_bool_min},
};

struct reduce_job {
    struct dsq_axes axes;
    enum dsq_reduce_kind kind;
    const struct dsq_view *x, *y;
    size_t element; /* bytes */
    fold_fn *fold;
};

static void fold_all(const struct reduce_job *j, const struct dsq_axes_tile *t, union results *r)
{
    const struct dsq_axes *a = &j->axes;
    for (int64_t i = 0; i < a->n_runs; i++) {
        int64_t offset[2];
        dsq_axes_at(a, i, offset);
        const char *x = (const char *)j->x->data +
                        (t->offset[DSQ_AXES_X] + offset[DSQ_AXES_X]) * (int64_t)j->element;
        j->fold(r, x, t->n, t->step[DSQ_AXES_X], dsq_axes_run_length(a),
                dsq_axes_run_step(a, DSQ_AXES_X));
    }
}

/* ---- floats ---- */

/* log(sum(exp(x))), without overflow: the largest element is taken out first. */
static float log_sum_exp(const struct reduce_job *j, const float *x, double largest)
{
    static const struct dsq_unary log_of = {.kind = DSQ_UNARY_LOG},
                                  exp_of = {.kind = DSQ_UNARY_EXP};
    const struct dsq_axes *a = &j->axes;
    const float most = isfinite(largest) ? (float)largest : 0.0f;
    const int64_t n = dsq_axes_run_length(a), step = dsq_axes_run_step(a, DSQ_AXES_X);
    double sum = 0;
    for (int64_t i = 0; i < a->n_runs; i++) {
        int64_t offset[2];
        dsq_axes_at(a, i, offset);
        for (int64_t k = 0; k < n; k++)
            sum += (double)dsq_unary_f32(&exp_of, x[offset[DSQ_AXES_X] + k * step] - most);
    }
    return dsq_unary_f32(&log_of, (float)sum) + most;
}

static float float_result(const struct reduce_job *j, const float *x, double r)
{
    static const struct dsq_unary log_of = {.kind = DSQ_UNARY_LOG};
    switch (j->kind) {
    case DSQ_REDUCE_MEAN:
        return (float)(r / (double)j->axes.count);
    case DSQ_REDUCE_L2:
        return (float)sqrt(r);
    case DSQ_REDUCE_LOG_SUM:
        return dsq_unary_f32(&log_of, (float)r);
    case DSQ_REDUCE_LOG_SUM_EXP:
        return log_sum_exp(j, x, r);
    default:
        return (float)r;
    }
}

static void float_tile(void *arg, const struct dsq_axes_tile *t, int worker)
{
    (void)worker;
    const struct reduce_job *j = arg;
    const uint8_t step = step_of[j->kind];
    union results r;
    for (int o = 0; o < TILE; o++)
        r.f[o] = step == STEP_PROD  ? 1.0
                 : step == STEP_MAX ? -INFINITY
                 : step == STEP_MIN ? INFINITY
                                    : 0.0;
    fold_all(j, t, &r);
    const float *x = (const float *)j->x->data + t->offset[DSQ_AXES_X];
    float *y = (float *)j->y->data + t->offset[DSQ_AXES_Y];
    for (int64_t o = 0; o < t->n; o++)
        y[o * t->step[DSQ_AXES_Y]] = float_result(j, x + o * t->step[DSQ_AXES_X], r.f[o]);
}

/* ---- integers ---- */

static void integer_tile(void *arg, const struct dsq_axes_tile *t, int worker)
{
    (void)worker;
    const struct reduce_job *j = arg;
    const uint8_t step = step_of[j->kind];
    union results r;
    for (int o = 0; o < TILE; o++)
        r.i[o] = step == STEP_PROD  ? 1
                 : step == STEP_MAX ? INT64_MIN
                 : step == STEP_MIN ? INT64_MAX
                                    : 0;
    fold_all(j, t, &r);
    for (int64_t o = 0; o < t->n; o++) {
        const int64_t at = t->offset[DSQ_AXES_Y] + o * t->step[DSQ_AXES_Y];
        /* a mean of no elements is left at 0 */
        const int64_t v =
            j->kind == DSQ_REDUCE_MEAN && j->axes.count ? r.i[o] / j->axes.count : r.i[o];
        if (j->y->dtype == DSQ_S64)
            ((int64_t *)j->y->data)[at] = v;
        else if (j->y->dtype == DSQ_S32)
            ((int32_t *)j->y->data)[at] = (int32_t)(uint32_t)(uint64_t)v;
        else
            ((uint8_t *)j->y->data)[at] = v > 0;
    }
}

/* ---- the operator ---- */

static bool reduce_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                            size_t bytes)
{
    const struct dsq_reduce_attr *a = n->attr;
    const enum dsq_dtype t = g->value[n->in[0]].dtype;
    const bool of_floats = a->kind == DSQ_REDUCE_L2 || a->kind == DSQ_REDUCE_LOG_SUM ||
                           a->kind == DSQ_REDUCE_LOG_SUM_EXP;
    if (!folds[t][step_of[a->kind]] || (of_floats && t != DSQ_F32))
        return dsq_cpu_refuse(why, bytes, "%s of %s", dsq_attr_reduce.fields[0].names[a->kind],
                              dsq_dtype_name(t));
    return dsq_cpu_same_type(g, n, why, bytes);
}

static enum dsq_status reduced_bits(const struct dsq_prepared *p, const struct dsq_call *c,
                                    uint32_t *bits, struct dsq_diag *d)
{
    const struct dsq_reduce_attr *a = c->node->attr;
    const struct dsq_view *x = dsq_cpu_in(c, 0), *axes = dsq_cpu_optional(c, 1);
    const int64_t n = axes ? (int64_t)dsq_view_elements(axes) : 0;
    *bits = n == 0 && !a->noop ? (1u << x->rank) - 1 : 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t axis = dsq_cpu_integer(axes, i);
        if (axis < -x->rank || axis >= x->rank)
            return dsq_cpu_fail(p, d, DSQ_SHAPE, "it has no axis %lld", (long long)axis);
        *bits |= 1u << (axis < 0 ? axis + x->rank : axis);
    }
    return DSQ_OK;
}

static enum dsq_status reduce_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                  struct dsq_diag *d)
{
    const struct dsq_reduce_attr *a = c->node->attr;
    struct reduce_job j = {
        .x = dsq_cpu_in(c, 0), .y = dsq_cpu_out(c, 0), .kind = (enum dsq_reduce_kind)a->kind};
    uint32_t bits;
    DSQ_TRY(reduced_bits(p, c, &bits, d));
    dsq_axes_init(&j.axes, j.x, j.y, bits);
    if (j.axes.n_results != (int64_t)dsq_view_elements(j.y))
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "its output has another size than its axes give");
    j.element = dsq_dtype_bytes(j.x->dtype);
    j.fold = folds[j.x->dtype][step_of[j.kind]];
    dsq_axes_run(&j.axes, TILE, c->pool, j.x->dtype == DSQ_F32 ? float_tile : integer_tile, &j);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_reduce = {
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = reduce_supports,
    .run = reduce_run,
};
