/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows: element-wise work on rows of n contiguous elements, INT8 and float. quantize is that of
 * requant.h, deq(x) is (float)(x - zero) * scale; scales are positive normal floats. Every variant
 * gives the same bits (a NaN for a NaN); exactly n elements are read and written; x, a or b may be
 * y where the types agree.
 *
 *   quantize    y[i] = quantize(x[i])
 *   dequantize  y[i] = (float)(x[i] - zero) * scale
 *   requantize  y[i] = quantize(deq(x[i]))
 *   add_s8      y[i] = quantize(clamp(fmaf((float)(b[i] - b_zero), b_scale, deq(a[i])), lo, hi))
 *   mul_s8      y[i] = quantize(deq(a[i]) * deq(b[i]))
 *   minmax_f32  the smallest and largest of n values that are not NaN (+inf, -inf when there is
 *               none; a zero is given as +0)
 */
#ifndef DSQ_KERNELS_ROWS_H
#define DSQ_KERNELS_ROWS_H

#include <stddef.h>
#include <stdint.h>

struct dsq_rows_quant {
    float scale, inv_scale;
    int32_t zero, qmin, qmax;
};

typedef void dsq_rows_quantize_fn(size_t n, const float *x, const struct dsq_rows_quant *q,
                                  int8_t *y);
typedef void dsq_rows_dequantize_fn(size_t n, const int8_t *x, const struct dsq_rows_quant *q,
                                    float *y);
typedef void dsq_rows_requantize_fn(size_t n, const int8_t *x, const struct dsq_rows_quant *qx,
                                    const struct dsq_rows_quant *qy, int8_t *y);
typedef void dsq_rows_add_s8_fn(size_t n, const int8_t *a, const struct dsq_rows_quant *qa,
                                const int8_t *b, const struct dsq_rows_quant *qb, float lo,
                                float hi, const struct dsq_rows_quant *qy, int8_t *y);
typedef void dsq_rows_mul_s8_fn(size_t n, const int8_t *a, const struct dsq_rows_quant *qa,
                                const int8_t *b, const struct dsq_rows_quant *qb,
                                const struct dsq_rows_quant *qy, int8_t *y);
typedef void dsq_rows_minmax_f32_fn(size_t n, const float *x, float *lo, float *hi);
/* y[c][i] = x[i][c] and back: `rows` x `cols` elements of 1 or 4 bytes, strides in elements */
typedef void dsq_rows_transpose_b1_fn(size_t rows, size_t cols, const uint8_t *x, size_t x_stride,
                                      uint8_t *y, size_t y_stride);
typedef void dsq_rows_transpose_b4_fn(size_t rows, size_t cols, const uint32_t *x, size_t x_stride,
                                      uint32_t *y, size_t y_stride);

struct dsq_rows_kernels {
    const char *name;
    uint32_t needs; /* enum dsq_cpu_flag */
    dsq_rows_quantize_fn *quantize;
    dsq_rows_dequantize_fn *dequantize;
    dsq_rows_requantize_fn *requantize;
    dsq_rows_add_s8_fn *add_s8;
    dsq_rows_mul_s8_fn *mul_s8;
    dsq_rows_minmax_f32_fn *minmax_f32;
    dsq_rows_transpose_b1_fn *transpose_b1;
    dsq_rows_transpose_b4_fn *transpose_b4;
};

/* The best variants within `cpu`; all variants, slowest first. Never NULL. */
const struct dsq_rows_kernels *dsq_rows_select(uint32_t cpu);
const struct dsq_rows_kernels *dsq_rows_all(size_t *n);

/* Every variant's functions; call them through the table. */
#define KERNELS(isa, needs)                                                                        \
    dsq_rows_quantize_fn dsq_rows_quantize__##isa;                                                 \
    dsq_rows_dequantize_fn dsq_rows_dequantize__##isa;                                             \
    dsq_rows_requantize_fn dsq_rows_requantize__##isa;                                             \
    dsq_rows_add_s8_fn dsq_rows_add_s8__##isa;                                                     \
    dsq_rows_mul_s8_fn dsq_rows_mul_s8__##isa;                                                     \
    dsq_rows_minmax_f32_fn dsq_rows_minmax_f32__##isa;                                             \
    dsq_rows_transpose_b1_fn dsq_rows_transpose_b1__##isa;                                         \
    dsq_rows_transpose_b4_fn dsq_rows_transpose_b4__##isa;
#include "kernels/rows.def"

#endif
