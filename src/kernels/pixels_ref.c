/* SPDX-License-Identifier: Apache-2.0 */
/* pixels, the definitions: one element after the other. Never optimised. */
#include <math.h>
#include <string.h>

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
            y[p * y_stride + c] = lerp(at[p].w, x[at[p].a + (int64_t)c], x[at[p].b + (int64_t)c]);
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
            y[p * y_stride + c] =
                quantize(lerp(at[p].w, x[at[p].a + (int64_t)c], x[at[p].b + (int64_t)c]), q);
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

static float max_f32(float v, float a)
{
    return a > v || isnan(a) ? a : v;
}

void dsq_pixels_max_f32__ref(const struct dsq_taps *t, const float *x, float *y)
{
    for (size_t p = 0; p < t->n; p++, x += t->x_step, y += t->y_stride)
        for (size_t c = 0; c < t->channels; c++)
            for (size_t k = 0; k < t->taps; k++) {
                float v = x[k * t->tap_step + c];
                for (size_t r = 1; r < t->rows; r++)
                    v = max_f32(v, x[k * t->tap_step + r * t->row_step + c]);
                y[c] = k == 0 && !t->onto ? v : max_f32(y[c], v);
            }
}

void dsq_pixels_max_s8__ref(const struct dsq_taps *t, const int8_t *x, int8_t *y)
{
    for (size_t p = 0; p < t->n; p++, x += t->x_step, y += t->y_stride)
        for (size_t c = 0; c < t->channels; c++) {
            int8_t v = t->onto ? y[c] : x[c];
            for (size_t i = 0; i < t->taps * t->rows; i++) {
                int8_t a = x[i / t->rows * t->tap_step + i % t->rows * t->row_step + c];
                v = a > v ? a : v;
            }
            y[c] = v;
        }
}

/* Rows of one tap, added up. */
static float column_sum(const struct dsq_taps *t, const float *x)
{
    float v = x[0];
    for (size_t r = 1; r < t->rows; r++)
        v += x[r * t->row_step];
    return v;
}

void dsq_pixels_sum_f32__ref(const struct dsq_taps *t, const float *x, float *y)
{
    for (size_t p = 0; p < t->n; p++, x += t->x_step, y += t->y_stride)
        for (size_t c = 0; c < t->channels; c++)
            for (size_t k = 0; k < t->taps; k++) {
                const float v = x[k * t->tap_step + c];
                y[c] = k == 0 && !t->onto ? v : y[c] + v;
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
            float sum = column_sum(t, x + c);
            for (size_t k = 1; k < t->taps; k++)
                sum += column_sum(t, x + k * t->tap_step + c);
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

void dsq_pixels_copy__ref(size_t n, size_t bytes, const uint8_t *x, const int64_t *at, uint8_t *y,
                          size_t y_stride)
{
    for (size_t p = 0; p < n; p++)
        memcpy(y + p * y_stride, x + at[p], bytes);
}
