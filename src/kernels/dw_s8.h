/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dw_s8: a tile of an INT8 depthwise convolution (every channel has a window of its own), with its
 * whole epilogue.
 *
 *   acc[i][j] = sum over t of a[t][i][j] * w[j][t]                 exact, s32
 *   y = fmaf((float)(acc - a_zero * sum(w[j])), m[j], bias[j])
 *   then epilogue.h: residual, activation, quantization
 *
 * Every variant gives the same bits (a NaN for a NaN). a in [-128, 127], w in [-127, 127]; the
 * caller has checked that 255 * 128 * taps fits in s32. All counts are at least 1. Row i of tap t
 * is nr consecutive bytes from a[t * MR + i] + first on; padded taps point at bytes of a_zero. All
 * MR pointers of a tap must be valid (repeat the last row when mr < MR). Where a_step is not 0, mr
 * is MR and a[t * MR] alone is given: row i lies i * a_step bytes behind it. Writes exactly mr x nr
 * elements; reads exactly nr elements of each row, of m, of bias and of each residual row. Strides
 * are in elements. y must not overlap the inputs, except that r may be y.
 */
#ifndef DSQ_KERNELS_DW_S8_H
#define DSQ_KERNELS_DW_S8_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/epilogue.h"

struct dsq_dw_s8 {
    size_t taps;
    int32_t a_zero;
    struct dsq_epilogue_s8 out;
};

/* y: float or s8, by out.y_is_float. r NULL: none. */
typedef void dsq_dw_s8_fn(const struct dsq_dw_s8 *p, size_t mr, size_t nr, const int8_t *const *a,
                          size_t first, size_t a_step, const void *w_block, const float *m,
                          const float *bias, const int8_t *r, size_t r_stride, void *y,
                          size_t y_stride);

struct dsq_dw_s8_kernel {
    const char *name;
    dsq_dw_s8_fn *run;
    uint32_t needs;               /* enum dsq_cpu_flag */
    uint8_t mr, nr, kr;           /* kr: taps that are multiplied together */
    uint8_t quads, lanes, w_size; /* of packed weights; quads * lanes * 4 = nr; bytes a weight */
};

/* The best variant within `cpu`; all variants, slowest first. Never NULL. */
const struct dsq_dw_s8_kernel *dsq_dw_s8_select(uint32_t cpu);
const struct dsq_dw_s8_kernel *dsq_dw_s8_all(size_t *n);

/*
 * Packed weights: ceil(n / NR) blocks of block_bytes each: NR s32 sums of w, then for each group of
 * kr taps, each column kr weights; 0 past the last tap and for columns without a channel. Columns
 * stand in the order that interleaving the taps' bytes brings about: column (quad, lane, k), k < 4,
 * is channel (lane * 4 * quads + 4 * quad + k) mod P of the block, where P is the number of the
 * block's channels rounded up to a power of two, at least 4. (A block of few channels thus stands
 * there several times, for as many pixels in one vector.) w is [n][taps]. 64-byte aligned blocks.
 */
size_t dsq_dw_s8_block_bytes(const struct dsq_dw_s8_kernel *k, size_t taps);
void dsq_dw_s8_pack(const struct dsq_dw_s8_kernel *k, size_t n, size_t taps, const int8_t *w,
                    void *packed);

/* Every variant's functions; call them through the table. */
#define KERNEL(function, needs, mr, nr, kr, quads, lanes, w_size) dsq_dw_s8_fn function;
#include "kernels/dw_s8.def"

#endif
