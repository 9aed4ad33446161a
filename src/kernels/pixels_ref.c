/* SPDX-License-Identifier: Apache-2.0 */
/* pixels, the definitions: one element after the other. Never optimised. */
#include <math.h>

#include "kernels/pixels.h"
#include "kernels/requant.h"

static float lerp(float w, float a, float b)
{
    return fmaf(w, b - a, a);
}

static float deq(int8_t x, const struct dsq_rows_quant *q)
{
    return (float)(x - q->zero) * q->scale;
}

static int8_t quantize(float x, const struct dsq_rows_quant *q)
{
    return dsq_quantize_f32(x, q->inv_scale, q->zero, q->qmin, q->qmax);
}

void dsq_pixels_lerp_f32__ref(size_t n, size_t channels, const float *x, const struct dsq_lerp *at,
                              float *y, size_t y_stride)
{
    for (size_t p = 0; p < n; p++)
        for (size_t c = 0; c < channels; c++)
            y[p * y_stride + c] =
                lerp(at[p].w, x[at[p].a + (int64_t)c], x[at[p].b + (int64_t)c]);
}

void dsq_pixels_lerp_s8__ref(size_t n, size_t channels, const int8_t *x,
                             const struct dsq_rows_quant *q, const struct dsq_lerp *at, float *y,
                             size_t y_stride)
{
    for (size_t p = 0; p < n; p++)
        for (size_t c = 0; c < channels; c++) {
            float a = deq(x[at[p].a + (int64_t)c], q), b = deq(x[at[p].b + (int64_t)c], q);
            y[p * y_stride + c] = lerp(at[p].w, a, b);
        }
}

void dsq_pixels_lerp_f32_s8__ref(size_t n, size_t channels, const float *x,
                                 const struct dsq_lerp *at, const struct dsq_rows_quant *q,
                                 int8_t *y, size_t y_stride)
{
    for (size_t p = 0; p < n; p++)
        for (size_t c = 0; c < channels; c++)
            y[p * y_stride + c] = quantize(
                lerp(at[p].w, x[at[p].a + (int64_t)c], x[at[p].b + (int64_t)c]), q);
}

void dsq_pixels_mix_f32__ref(size_t n, size_t channels, size_t taps, const float *x,
                             const int64_t *at, const float *w, float *y, size_t y_stride)
{
    for (size_t p = 0; p < n; p++, at += taps, w += taps)
        for (size_t c = 0; c < channels; c++) {
            float v = w[0] * x[at[0] + (int64_t)c];
            for (size_t t = 1; t < taps; t++)
                v = fmaf(w[t], x[at[t] + (int64_t)c], v);
            y[p * y_stride + c] = v;
        }
}

/* Taps go round outside, channels inside: plain and not slow. */
void dsq_pixels_max_f32__ref(const struct dsq_taps *t, const float *x, float *y)
{
    for (size_t p = 0; p < t->n; p++, x += t->x_step, y += t->y_stride)
        for (size_t k = 0; k < t->taps; k++)
            for (size_t c = 0; c < t->channels; c++) {
                const float a = x[k * t->tap_step + c];
                const bool first = k == 0 && !t->onto;
                y[c] = first || a > y[c] || isnan(a) ? a : y[c];
            }
}

void dsq_pixels_max_s8__ref(const struct dsq_taps *t, const int8_t *x, int8_t *y)
{
    for (size_t p = 0; p < t->n; p++, x += t->x_step, y += t->y_stride)
        for (size_t k = 0; k < t->taps; k++)
            for (size_t c = 0; c < t->channels; c++) {
                const int8_t a = x[k * t->tap_step + c];
                y[c] = (k == 0 && !t->onto) || a > y[c] ? a : y[c];
            }
}

void dsq_pixels_sum_f32__ref(const struct dsq_taps *t, const float *x, float *y)
{
    for (size_t p = 0; p < t->n; p++, x += t->x_step, y += t->y_stride)
        for (size_t k = 0; k < t->taps; k++)
            for (size_t c = 0; c < t->channels; c++) {
                const float a = x[k * t->tap_step + c];
                y[c] = k == 0 && !t->onto ? a : y[c] + a;
            }
}

void dsq_pixels_sum_s8__ref(const struct dsq_taps *t, const int8_t *x, int32_t *y)
{
    for (size_t p = 0; p < t->n; p++, x += t->x_step, y += t->y_stride)
        for (size_t k = 0; k < t->taps; k++)
            for (size_t c = 0; c < t->channels; c++)
                y[c] = (k == 0 && !t->onto ? 0 : y[c]) + x[k * t->tap_step + c];
}

void dsq_pixels_mean_f32__ref(const struct dsq_taps *t, const float *x, float divisor, float *y)
{
    for (size_t p = 0; p < t->n; p++, x += t->x_step, y += t->y_stride)
        for (size_t c = 0; c < t->channels; c++) {
            float sum = x[c];
            for (size_t k = 1; k < t->taps; k++)
                sum += x[k * t->tap_step + c];
            y[c] = sum / divisor;
        }
}

void dsq_pixels_mean_s32_s8__ref(const struct dsq_taps *t, const int32_t *x,
                                 const struct dsq_mean_s8 *mean, int8_t *y)
{
    for (size_t p = 0; p < t->n; p++, x += t->x_step, y += t->y_stride)
        for (size_t c = 0; c < t->channels; c++) {
            int32_t sum = -mean->offset;
            for (size_t k = 0; k < t->taps; k++)
                sum += x[k * t->tap_step + c];
            y[c] = quantize((float)sum * mean->factor, &mean->q);
        }
}
