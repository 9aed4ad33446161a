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
 */
#ifndef DSQ_KERNELS_PIXELS_H
#define DSQ_KERNELS_PIXELS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/rows.h"

struct dsq_lerp {
    int64_t a, b;
    float w;
};

typedef void dsq_pixels_lerp_f32_fn(size_t n, size_t channels, const float *x,
                                    const struct dsq_lerp *at, float *y, size_t y_stride);
typedef void dsq_pixels_lerp_s8_fn(size_t n, size_t channels, const int8_t *x,
                                   const struct dsq_rows_quant *q, const struct dsq_lerp *at,
                                   float *y, size_t y_stride);
typedef void dsq_pixels_lerp_f32_s8_fn(size_t n, size_t channels, const float *x,
                                       const struct dsq_lerp *at, const struct dsq_rows_quant *q,
                                       int8_t *y, size_t y_stride);

struct dsq_pixels_kernels {
    const char *name;
    uint32_t needs; /* enum dsq_cpu_flag */
    dsq_pixels_lerp_f32_fn *lerp_f32;
    dsq_pixels_lerp_s8_fn *lerp_s8;
    dsq_pixels_lerp_f32_s8_fn *lerp_f32_s8;
};

/* The best variants within `cpu`; all variants, slowest first. Never NULL. */
const struct dsq_pixels_kernels *dsq_pixels_select(uint32_t cpu);
const struct dsq_pixels_kernels *dsq_pixels_all(size_t *n);

/* Every variant's functions; call them through the table. */
#define KERNELS(isa, needs)                                                                        \
    dsq_pixels_lerp_f32_fn dsq_pixels_lerp_f32__##isa;                                             \
    dsq_pixels_lerp_s8_fn dsq_pixels_lerp_s8__##isa;                                               \
    dsq_pixels_lerp_f32_s8_fn dsq_pixels_lerp_f32_s8__##isa;
#include "kernels/pixels.def"

#endif
