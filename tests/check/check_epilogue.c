/* SPDX-License-Identifier: Apache-2.0 */
/* epilogue.h for the checks: parameters that find bugs, and the plain meaning of them. */
#include "check_epilogue.h"

#include <math.h>
#include <stdio.h>

#include "quant.h"

int32_t check_draw_zero(struct check *c)
{
    static const int32_t zeros[] = {0, 0, 0, -128, -127, 127, 3};
    size_t i = check_below(c, 10);
    return i < 7 ? zeros[i] : (int32_t)check_below(c, 256) - 128;
}

float check_draw_scale(struct check *c, float near)
{
    float power = exp2f(floorf(log2f(near)) + (float)check_below(c, 3) - 1.0f);
    return check_below(c, 2) ? power : power * check_uniform(c, 0.5f, 1.5f);
}

struct dsq_activate check_draw_activate(struct check *c)
{
    static const float bounds[][2] = {
        {-INFINITY, INFINITY}, {-INFINITY, INFINITY}, {0, INFINITY}, {0, 6}, {-15, 22.25f}, {3, 3},
        {-INFINITY, -2}};
    static const float slopes[] = {0.1f, 0.01f, 0.25f, 0.0f, 1.5f, -0.5f};
    const size_t bound = check_below(c, sizeof bounds / sizeof bounds[0]);
    return (struct dsq_activate){.lo = bounds[bound][0],
                                 .hi = bounds[bound][1],
                                 .leaky = check_below(c, 3) == 0,
                                 .slope = slopes[check_below(c, sizeof slopes / sizeof slopes[0])]};
}

struct dsq_epilogue_s8 check_draw_epilogue(struct check *c)
{
    static const int32_t ranges[][2] = {{-127, 127},  {-128, 127}, {0, 127},
                                        {-128, -128}, {127, 127},  {-5, 9}};
    const size_t range = check_below(c, 6);
    return (struct dsq_epilogue_s8){
        .act = check_draw_activate(c),
        .r_zero = check_draw_zero(c),
        .r_scale = check_draw_scale(c, 0.5f),
        .y_is_float = check_below(c, 3) == 0,
        .y_inv_scale = check_draw_scale(c, 1.0f),
        .y_zero = check_draw_zero(c),
        .y_min = ranges[range][0],
        .y_max = ranges[range][1],
    };
}

void check_draw_columns(struct check *c, int32_t acc_max, size_t n, float *m, float *bias)
{
    for (size_t j = 0; j < n; j++) {
        m[j] = check_draw_scale(c, 300.0f / (float)acc_max);
        bias[j] = check_below(c, 2) ? (float)check_below(c, 9) - 4.0f : check_uniform(c, -90, 90);
        if (check_below(c, 40) == 0)
            m[j] = check_any_f32(c);
        if (check_below(c, 40) == 0)
            bias[j] = check_any_f32(c);
    }
}

float check_activate(const struct dsq_activate *a, float y)
{
    if (a->leaky && y < 0)
        y *= a->slope;
    if (y < a->lo)
        return a->lo;
    return y > a->hi ? a->hi : y;
}

void check_finish_s8(const struct dsq_epilogue_s8 *e, float y, const int8_t *r, void *want,
                     size_t at)
{
    if (r)
        y = fmaf((float)(*r - e->r_zero), e->r_scale, y);
    y = check_activate(&e->act, y);
    const struct dsq_rows_quant q = {
        .inv_scale = e->y_inv_scale, .zero = e->y_zero, .qmin = e->y_min, .qmax = e->y_max};
    if (e->y_is_float)
        ((float *)want)[at] = y;
    else
        ((int8_t *)want)[at] = check_quantized(y, &q);
}

void check_describe_activate(const struct dsq_activate *a, char text[CHECK_TEXT])
{
    int n = a->leaky ? snprintf(text, CHECK_TEXT, "slope %a, ", (double)a->slope) : 0;
    snprintf(text + n, CHECK_TEXT - (size_t)n, "clamp [%g, %g]", (double)a->lo, (double)a->hi);
}

void check_describe_epilogue(const struct dsq_epilogue_s8 *e, char text[CHECK_TEXT])
{
    char act[CHECK_TEXT];
    check_describe_activate(&e->act, act);
    snprintf(text, CHECK_TEXT,
             "r zero %d, r scale %a, y %s (inv_scale %a, zero %d, [%d, %d]), %.100s", e->r_zero,
             (double)e->r_scale, e->y_is_float ? "float" : "s8", (double)e->y_inv_scale, e->y_zero,
             e->y_min, e->y_max, act);
}
