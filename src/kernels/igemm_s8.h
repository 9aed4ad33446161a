/* SPDX-License-Identifier: Apache-2.0 */
/*
 * igemm_s8: a tile of an INT8 convolution or matrix product, by indirect row addresses, with its
 * whole epilogue.
 *
 *   acc[i][j] = sum over t, k of a[t][i][k] * w[j][t][k]           exact, s32
 *   y = fmaf((float)(acc - a_zero * sum(w[j])), m[j], bias[j])
 *   then epilogue.h: residual, activation, quantization
 *
 * Every variant gives the same bits (a NaN for a NaN). a in [-128, 127], w in [-127, 127]; the
 * caller has checked that 255 * sum |w[j]| and 255 * 128 * taps * kc fit in s32. All counts are at
 * least 1. Row i of tap t is kc consecutive bytes at a[t * MR + i]; padded taps point at kc bytes
 * of a_zero. All MR pointers of a tap must be valid (repeat the last row when mr < MR). Writes
 * exactly mr x nr elements; reads exactly kc bytes of each row. Strides are in elements. y must not
 * overlap the inputs, except that r may be y.
 */
#ifndef DSQ_KERNELS_IGEMM_S8_H
#define DSQ_KERNELS_IGEMM_S8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/epilogue.h"

struct dsq_igemm_s8 {
    size_t kc, taps;
    int32_t a_zero;
    bool a_nonnegative; /* every a is in [0, 127] and a_zero >= 0: some variants are faster then */
    struct dsq_epilogue_s8 out;
};

/* m, bias: nr of each, for the block's columns. y: float or s8, by out.y_is_float. r NULL: none. */
typedef void dsq_igemm_s8_fn(const struct dsq_igemm_s8 *p, size_t mr, size_t nr,
                             const int8_t *const *a, const void *w_block, const float *m,
                             const float *bias, const int8_t *r, size_t r_stride, void *y,
                             size_t y_stride);

struct dsq_igemm_s8_kernel {
    const char *name;
    dsq_igemm_s8_fn *run;
    uint32_t needs;     /* enum dsq_cpu_flag */
    uint8_t mr, nr, kr; /* kr: bytes of k that are multiplied together */
};

/* The best variant within `cpu`; all variants, slowest first. Never NULL. */
const struct dsq_igemm_s8_kernel *dsq_igemm_s8_select(uint32_t cpu);
const struct dsq_igemm_s8_kernel *dsq_igemm_s8_all(size_t *n);

/* Packed weights: ceil(n / NR) blocks of block_bytes each: NR s32 sums of w, then for each tap,
 * each group of kr, each column kr bytes; past n: w = 0. Where kc is no multiple of kr, the last
 * group of kc > kr is that of the last kr bytes of a row, with w = 0 for those that an earlier
 * group has; of kc < kr, w = 0 past kc. w is [n][taps][kc]. 64-byte aligned blocks. */
size_t dsq_igemm_s8_block_bytes(const struct dsq_igemm_s8_kernel *k, size_t taps, size_t kc);
void dsq_igemm_s8_pack(const struct dsq_igemm_s8_kernel *k, size_t n, size_t taps, size_t kc,
                       const int8_t *w, void *packed);

/* Every variant's functions; call them through the table. */
#define KERNEL(function, needs, mr, nr, kr) dsq_igemm_s8_fn function;
#include "kernels/igemm_s8.def"

#endif
