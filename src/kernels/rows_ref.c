/* SPDX-License-Identifier: Apache-2.0 */
/* rows, the definitions: one element after the other. Never optimised. */
#include <math.h>

#include "kernels/requant.h"
#include "kernels/rows.h"

static float deq(int8_t x, const struct dsq_rows_quant *q)
{
    return (float)(x - q->zero) * q->scale;
}

static int8_t quantize(float x, const struct dsq_rows_quant *q)
{
    return dsq_quantize_f32(x, q->inv_scale, q->zero, q->qmin, q->qmax);
}

void dsq_rows_quantize__ref(size_t n, const float *x, const struct dsq_rows_quant *q, int8_t *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = quantize(x[i], q);
}

void dsq_rows_dequantize__ref(size_t n, const int8_t *x, const struct dsq_rows_quant *q, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = deq(x[i], q);
}

void dsq_rows_requantize__ref(size_t n, const int8_t *x, const struct dsq_rows_quant *qx,
                              const struct dsq_rows_quant *qy, int8_t *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = quantize(deq(x[i], qx), qy);
}

void dsq_rows_add_s8__ref(size_t n, const int8_t *a, const struct dsq_rows_quant *qa,
                          const int8_t *b, const struct dsq_rows_quant *qb, float lo, float hi,
                          const struct dsq_rows_quant *qy, int8_t *y)
{
    for (size_t i = 0; i < n; i++) {
        float v = fmaf((float)(b[i] - qb->zero), qb->scale, deq(a[i], qa));
        y[i] = quantize(dsq_clamp_f32(v, lo, hi), qy);
    }
}

void dsq_rows_mul_s8__ref(size_t n, const int8_t *a, const struct dsq_rows_quant *qa,
                          const int8_t *b, const struct dsq_rows_quant *qb,
                          const struct dsq_rows_quant *qy, int8_t *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = quantize(deq(a[i], qa) * deq(b[i], qb), qy);
}

void dsq_rows_minmax_f32__ref(size_t n, const float *x, float *lo, float *hi)
{
    float least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
    }
    *lo = least + 0.0f; /* -0 becomes +0 */
    *hi = most + 0.0f;
}

void dsq_rows_transpose_b1__ref(size_t rows, size_t cols, const uint8_t *x, size_t x_stride,
                                uint8_t *y, size_t y_stride)
{
    for (size_t c = 0; c < cols; c++)
        for (size_t i = 0; i < rows; i++)
            y[c * y_stride + i] = x[i * x_stride + c];
}

void dsq_rows_transpose_b4__ref(size_t rows, size_t cols, const uint32_t *x, size_t x_stride,
                                uint32_t *y, size_t y_stride)
{
    for (size_t c = 0; c < cols; c++)
        for (size_t i = 0; i < rows; i++)
            y[c * y_stride + i] = x[i * x_stride + c];
}
