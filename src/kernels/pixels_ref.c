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
