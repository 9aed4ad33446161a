/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dw_f32: a tile of a float depthwise convolution: every channel has a window of its own.
 *
 *   y[i][j] = act( chain(i, j) + r[i][j] )           (r only if given, one float addition)
 *   chain: acc = bias[j]; for t in taps: acc = fmaf(a[t][i][j], w[j][t], acc)
 *   act:   the activation of epilogue.h
 *
 * That order of one fmaf chain is the definition, the one that igemm_f32 gives for groups of one
 * channel: every variant gives the same bits (a NaN for a NaN). All counts are at least 1. Row i of
 * tap t is nr consecutive floats from a[t * MR + i] + first on; the caller points padded taps at
 * zeros. All MR pointers of a tap must be valid (repeat the last row when mr < MR). Where a_step is
 * not 0, mr is MR and a[t * MR] alone is given: row i lies i * a_step floats behind it. Writes
 * exactly mr x nr floats; reads exactly nr floats of each row, of bias and of each residual row.
 * Row i of y starts at y + i * y_stride (elements), of r at r + i * r_stride. w_block is one block
 * of dsq_dw_f32_pack's output. y must not overlap the inputs, except that r may be y.
 */
#ifndef DSQ_KERNELS_DW_F32_H
#define DSQ_KERNELS_DW_F32_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/epilogue.h"

struct dsq_dw_f32 {
    size_t taps;
    struct dsq_activate act;
};

typedef void dsq_dw_f32_fn(const struct dsq_dw_f32 *p, size_t mr, size_t nr, const float *const *a,
                           size_t first, size_t a_step, const float *w_block, const float *bias,
                           const float *r, size_t r_stride, float *y, size_t y_stride);

struct dsq_dw_f32_kernel {
    const char *name;
    dsq_dw_f32_fn *run;
    uint32_t needs; /* enum dsq_cpu_flag */
    uint8_t mr, nr;
};

/* The best variant within `cpu`; all variants, slowest first. Never NULL. */
const struct dsq_dw_f32_kernel *dsq_dw_f32_select(uint32_t cpu);
const struct dsq_dw_f32_kernel *dsq_dw_f32_all(size_t *n);

/* Packed weights: ceil(n / NR) blocks of NR * taps floats each, [tap][channel], channels past n
 * zero. w is [n][taps]. */
void dsq_dw_f32_pack(const struct dsq_dw_f32_kernel *k, size_t n, size_t taps, const float *w,
                     float *packed);

/* Every variant's functions; call them through the table. */
#define KERNEL(function, needs, mr, nr) dsq_dw_f32_fn function;
#include "kernels/dw_f32.def"

#endif
