/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pixels: what pools and resizing do along one axis of a picture whose channels lie side by side.
 * Each function makes n pixels of `channels` elements; y_stride is the distance between them, in
 * elements. A row of a picture whose pixels touch is one long pixel: so the same functions go down
 * columns (n = 1, a whole row at a time) and along rows. Every variant gives the same bits (a NaN
 * for a NaN), reads only the pixels named and writes exactly `channels` elements of each.
 *
 * Linear resizing. Output pixel p lies between two input pixels that begin at x + at[p].a and
 * x + at[p].b (elements); deq(x) is (float)(x - zero) * scale:
 *
 *   lerp_f32     y[p][c] = fmaf(at[p].w, b[c] - a[c], a[c])
 *   lerp_s8      y[p][c] = fmaf(at[p].w, deq(b[c]) - deq(a[c]), deq(a[c])), a float
 *   lerp_f32_s8  y[p][c] = quantize(fmaf(at[p].w, b[c] - a[c], a[c])), quantize of requant.h
 *   mix_f32      a sum of `taps` pixels that begin at x + at[p * taps + t], in this order:
 *                v = w[p * taps] * x0; then v = fmaf(w[p * taps + t], x, v) for each
 *
 *   mix_f32      any number of input pixels, at least one, that begin at x + at[p * taps + t]:
 *                v = w[p * taps] * x0; then v = fmaf(w[p * taps + t], x, v) for each
 *
 * Pooling. Output pixel p takes the pixels ("taps") t = 0 .. taps - 1, at least one, that begin at
 * x + p * x_step + t * tap_step, in this order. With `onto`, what y holds comes before the first.
 * Where `rows` is more than 1, each tap is first made, by the same rule, of the pixels row_step
 * apart that begin there: the window in one step.
 *
 *   max_f32      v = x0; then v = (x > v || x is NaN) ? x : v for each: NaN wins
 *   max_s8       the largest
 *   sum_f32      v = x0; then v = v + x for each; one row
 *   sum_s8       the exact sum, in s32 (which must hold it); one row
 *   mean_f32     (sum as sum_f32) / divisor; without `onto`
 *   mean_s32_s8  quantize((float)(sum - offset) * factor), sum and difference exact in s32;
 *                without `onto`; one row
 *
 *   copy         y[p][i] = x[at[p] + i] for `bytes` bytes a pixel; at and y_stride in bytes
 */
#ifndef DSQ_KERNELS_PIXELS_H
#define DSQ_KERNELS_PIXELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/rows.h"

struct dsq_lerp {
    int64_t a, b;
    float w;
};

struct dsq_taps {
    size_t n, channels, x_step, y_stride; /* in elements */
    size_t taps, tap_step, rows, row_step;
    bool onto;
};

struct dsq_mean_s8 {
    int32_t offset;
    float factor;
    struct dsq_rows_quant q;
};

typedef void dsq_pixels_lerp_f32_fn(size_t n, size_t channels, const float *x,
                                    const struct dsq_lerp *at, float *y, size_t y_stride);
typedef void dsq_pixels_lerp_s8_fn(size_t n, size_t channels, const int8_t *x,
                                   const struct dsq_rows_quant *q, const struct dsq_lerp *at,
                                   float *y, size_t y_stride);
typedef void dsq_pixels_lerp_f32_s8_fn(size_t n, size_t channels, const float *x,
                                       const struct dsq_lerp *at, const struct dsq_rows_quant *q,
                                       int8_t *y, size_t y_stride);
typedef void dsq_pixels_mix_f32_fn(size_t n, size_t channels, size_t taps, const float *x,
                                   const int64_t *at, const float *w, float *y, size_t y_stride);
typedef void dsq_pixels_max_f32_fn(const struct dsq_taps *t, const float *x, float *y);
typedef void dsq_pixels_max_s8_fn(const struct dsq_taps *t, const int8_t *x, int8_t *y);
typedef void dsq_pixels_sum_s8_fn(const struct dsq_taps *t, const int8_t *x, int32_t *y);
typedef void dsq_pixels_mean_f32_fn(const struct dsq_taps *t, const float *x, float divisor,
                                    float *y);
typedef void dsq_pixels_copy_fn(size_t n, size_t bytes, const uint8_t *x, const int64_t *at,
                                uint8_t *y, size_t y_stride);
typedef void dsq_pixels_mean_s32_s8_fn(const struct dsq_taps *t, const int32_t *x,
                                       const struct dsq_mean_s8 *mean, int8_t *y);

struct dsq_pixels_kernels {
    const char *name;
    uint32_t needs; /* enum dsq_cpu_flag */
    dsq_pixels_lerp_f32_fn *lerp_f32;
    dsq_pixels_lerp_s8_fn *lerp_s8;
    dsq_pixels_lerp_f32_s8_fn *lerp_f32_s8;
    dsq_pixels_mix_f32_fn *mix_f32;
    dsq_pixels_max_f32_fn *max_f32, *sum_f32;
    dsq_pixels_max_s8_fn *max_s8;
    dsq_pixels_sum_s8_fn *sum_s8;
    dsq_pixels_mean_f32_fn *mean_f32;
    dsq_pixels_mean_s32_s8_fn *mean_s32_s8;
    dsq_pixels_copy_fn *copy;
};

/* The best variants within `cpu`; all variants, slowest first. Never NULL. */
const struct dsq_pixels_kernels *dsq_pixels_select(uint32_t cpu);
const struct dsq_pixels_kernels *dsq_pixels_all(size_t *n);

/* Every variant's functions; call them through the table. */
#define KERNELS(isa, needs)                                                                        \
    dsq_pixels_lerp_f32_fn dsq_pixels_lerp_f32__##isa;                                             \
    dsq_pixels_lerp_s8_fn dsq_pixels_lerp_s8__##isa;                                               \
    dsq_pixels_lerp_f32_s8_fn dsq_pixels_lerp_f32_s8__##isa;                                       \
    dsq_pixels_mix_f32_fn dsq_pixels_mix_f32__##isa;                                               \
    dsq_pixels_max_f32_fn dsq_pixels_max_f32__##isa, dsq_pixels_sum_f32__##isa;                    \
    dsq_pixels_max_s8_fn dsq_pixels_max_s8__##isa;                                                 \
    dsq_pixels_sum_s8_fn dsq_pixels_sum_s8__##isa;                                                 \
    dsq_pixels_mean_f32_fn dsq_pixels_mean_f32__##isa;                                             \
    dsq_pixels_mean_s32_s8_fn dsq_pixels_mean_s32_s8__##isa;                                       \
    dsq_pixels_copy_fn dsq_pixels_copy__##isa;
#include "kernels/pixels.def"

#endif
