/* SPDX-License-Identifier: Apache-2.0 */
/* The pools among the functions of pixels, against plain formulas; bit by bit. */
#include <math.h>

#include "check_pixels.h"
#include "quant.h"

static struct dsq_taps draw_taps(struct check *c, struct pixels *s)
{
    struct dsq_taps t = {.n = s->n, .channels = s->channels, .y_stride = s->y_stride};
    t.taps = 1 + check_below(c, MAX_TAPS);
    t.x_step = check_below(c, 3) * s->x_stride;
    t.tap_step = (1 + check_below(c, 2)) * s->x_stride;
    t.rows = 1 + check_below(c, 2) * check_below(c, MAX_ROWS);
    t.row_step = check_below(c, 3) * s->x_stride;
    t.onto = check_below(c, 2);
    return t;
}

static size_t taps_span(const struct dsq_taps *t)
{
    return t->n ? (t->n - 1) * t->x_step + (t->taps - 1) * t->tap_step +
                      (t->rows - 1) * t->row_step + t->channels
                : 0;
}

static void describe_taps(struct check *c, const struct pixels *s, const struct dsq_taps *t,
                          const char *function)
{
    check_case(
        c,
        "%s, %zu pixels %zu apart, %zu taps %zu apart of %zu rows %zu apart%s, channels %zu, "
        "y stride %zu, buffers at the %s",
        function, t->n, t->x_step, t->taps, t->tap_step, t->rows, t->row_step,
        t->onto ? " onto y" : "", t->channels, t->y_stride, s->side == CHECK_END ? "end" : "begin");
}

static void *draw_taps_x(struct check *c, struct pixels *s, const struct dsq_taps *t,
                         size_t element)
{
    const int fill = (int)check_below(c, CHECK_FILLS);
    const size_t n = taps_span(t);
    void *x = check_place(&s->x, n * element, s->side);
    for (size_t i = 0; i < n; i++)
        if (element == 1)
            ((int8_t *)x)[i] = check_s8(c, fill, -128, 127);
        else
            ((float *)x)[i] = check_any_f32(c);
    return x;
}

static float combined(bool max, float v, float a)
{
    if (max)
        return isnan(a) || a > v ? a : v;
    return v + a;
}

/* What the window of one output element comes to: the definition. `before` is y with onto. */
static float window(const struct dsq_taps *t, const float *x, bool max, float before)
{
    float v = before;
    for (size_t k = 0; k < t->taps; k++) {
        float column = x[k * t->tap_step];
        for (size_t r = 1; r < t->rows; r++)
            column = combined(max, column, x[k * t->tap_step + r * t->row_step]);
        v = k == 0 && !t->onto ? column : combined(max, v, column);
    }
    return v;
}

enum pool { MAX, SUM, MEAN };

static bool check_pool_f32(struct check *c, struct pixels *s, enum pool kind)
{
    static const char *const names[] = {"max_f32", "sum_f32", "mean_f32"};
    struct dsq_taps t = draw_taps(c, s);
    const float *x = draw_taps_x(c, s, &t, sizeof *x);
    const float divisor = (float)(1 + check_below(c, 50));
    float *y = check_pixels_place(c, s, sizeof *y), *want = check_shadow(&s->y, y);
    t.onto &= kind != MEAN;
    t.rows = kind == SUM ? 1 : t.rows;
    for (size_t p = 0; p < t.n; p++)
        for (size_t i = 0; i < t.channels; i++) {
            float *at = &want[p * t.y_stride + i];
            if (t.onto)
                *at = y[p * t.y_stride + i] = check_any_f32(c);
            *at = window(&t, x + p * t.x_step + i, kind == MAX, *at);
            if (kind == MEAN)
                *at /= divisor;
        }
    describe_taps(c, s, &t, names[kind]);
    if (kind == MEAN)
        s->k->mean_f32(&t, x, divisor, y);
    else
        (kind == MAX ? s->k->max_f32 : s->k->sum_f32)(&t, x, y);
    return check_pixels_same_f32(c, s, y);
}

static bool check_max_s8(struct check *c, struct pixels *s)
{
    const struct dsq_taps t = draw_taps(c, s);
    const int8_t *x = draw_taps_x(c, s, &t, 1);
    int8_t *y = check_pixels_place(c, s, 1), *want = check_shadow(&s->y, y);
    for (size_t p = 0; p < t.n; p++)
        for (size_t i = 0; i < t.channels; i++) {
            int best = -128;
            if (t.onto)
                best = y[p * t.y_stride + i] = check_s8(c, 3, -128, 127);
            for (size_t k = 0; k < t.taps; k++)
                for (size_t r = 0; r < t.rows; r++) {
                    const int a = x[p * t.x_step + k * t.tap_step + r * t.row_step + i];
                    best = a > best ? a : best;
                }
            want[p * t.y_stride + i] = (int8_t)best;
        }
    describe_taps(c, s, &t, "max_s8");
    s->k->max_s8(&t, x, y);
    return check_pixels_same_s8(c, s, y);
}

static bool check_sum_s8(struct check *c, struct pixels *s)
{
    struct dsq_taps t = draw_taps(c, s);
    t.rows = 1;
    const int8_t *x = draw_taps_x(c, s, &t, 1);
    int32_t *y = check_pixels_place(c, s, sizeof *y), *want = check_shadow(&s->y, y);
    for (size_t p = 0; p < t.n; p++)
        for (size_t i = 0; i < t.channels; i++) {
            int32_t sum = 0;
            if (t.onto)
                sum = y[p * t.y_stride + i] = (int32_t)check_below(c, 1 << 24) - (1 << 23);
            for (size_t k = 0; k < t.taps; k++)
                sum += x[p * t.x_step + k * t.tap_step + i];
            want[p * t.y_stride + i] = sum;
        }
    describe_taps(c, s, &t, "sum_s8");
    s->k->sum_s8(&t, x, y);
    return check_untouched(c, &s->y);
}

static bool check_mean_s32_s8(struct check *c, struct pixels *s)
{
    struct dsq_taps t = draw_taps(c, s);
    struct dsq_mean_s8 mean = {.q = check_draw_quant(c)};
    int32_t *x = draw_taps_x(c, s, &t, sizeof *x);
    int8_t *y = check_pixels_place(c, s, 1), *want = check_shadow(&s->y, y);
    const size_t large = check_below(c, 2) ? 1000 : 1 << 26;
    mean.offset = (int32_t)check_below(c, 2000) - 1000;
    mean.factor = check_uniform(c, 0.001f, 1.0f) / (float)t.taps;
    t.onto = false;
    t.rows = 1;
    for (size_t i = 0; i < taps_span(&t); i++)
        x[i] = (int32_t)check_below(c, large) - (int32_t)(large / 2);
    for (size_t p = 0; p < t.n; p++)
        for (size_t i = 0; i < t.channels; i++) {
            int32_t sum = 0;
            for (size_t k = 0; k < t.taps; k++)
                sum += x[p * t.x_step + k * t.tap_step + i];
            const float y_f32 = (float)(sum - mean.offset) * mean.factor;
            want[p * t.y_stride + i] = check_quantized(y_f32, &mean.q);
        }
    describe_taps(c, s, &t, "mean_s32_s8");
    s->k->mean_s32_s8(&t, x, &mean, y);
    return check_pixels_same_s8(c, s, y);
}

bool check_pixels_pools(struct check *c, struct pixels *s)
{
    return check_pool_f32(c, s, MAX) && check_pool_f32(c, s, SUM) && check_pool_f32(c, s, MEAN) &&
           check_max_s8(c, s) && check_sum_s8(c, s) && check_mean_s32_s8(c, s);
}
