/* SPDX-License-Identifier: Apache-2.0 */
/*
 * igemm_s8: the table of variants, the choice among them, and the packing of weights, which is
 * plain C for all of them: it happens once, at load.
 */
#include "kernels/igemm_s8.h"

#include <string.h>

#include "base/cpu.h"

#define KERNEL(function, needs, mr, nr, kr) {#function, function, DSQ_CPU_##needs, mr, nr, kr},
static const struct dsq_igemm_s8_kernel kernels[] = {
#include "kernels/igemm_s8.def"
};
enum { N_KERNELS = sizeof kernels / sizeof kernels[0], BLOCK_ALIGNMENT = 64 };

const struct dsq_igemm_s8_kernel *dsq_igemm_s8_all(size_t *n)
{
    *n = N_KERNELS;
    return kernels;
}

const struct dsq_igemm_s8_kernel *dsq_igemm_s8_select(uint32_t cpu)
{
    size_t best = 0;
    for (size_t i = 1; i < N_KERNELS; i++)
        if ((kernels[i].needs & ~cpu) == 0)
            best = i;
    return &kernels[best];
}

size_t dsq_igemm_s8_block_bytes(const struct dsq_igemm_s8_kernel *k, size_t taps, size_t kc)
{
    size_t groups = (kc + k->kr - 1) / k->kr;
    size_t bytes = k->nr * sizeof(int32_t) + taps * groups * k->nr * k->kr;
    return (bytes + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT;
}

/* Where weight i of a tap's kc lies among its groups' bytes of one column. */
static size_t place_in_tap(size_t i, size_t kc, size_t kr)
{
    size_t rest = kc % kr;
    bool in_last = rest != 0 && kc > kr && i >= kc - rest;
    return in_last ? i + kr - rest : i;
}

/* Columns [first, first + NR) of w, those from n on as zeros. `block` is zeros. */
static void pack_block(const struct dsq_igemm_s8_kernel *k, size_t first, size_t n, size_t taps,
                       size_t kc, const int8_t *w, uint8_t *block)
{
    uint8_t *dst = block + k->nr * sizeof(int32_t);
    size_t groups = (kc + k->kr - 1) / k->kr;
    for (size_t j = 0; j < k->nr; j++) {
        int32_t sum = 0;
        for (size_t t = 0; first + j < n && t < taps; t++) {
            const int8_t *src = w + ((first + j) * taps + t) * kc;
            for (size_t i = 0; i < kc; i++) {
                size_t at = place_in_tap(i, kc, k->kr), group = t * groups + at / k->kr;
                dst[(group * k->nr + j) * k->kr + at % k->kr] = (uint8_t)src[i];
                sum += src[i];
            }
        }
        memcpy(block + j * sizeof sum, &sum, sizeof sum);
    }
}

void dsq_igemm_s8_pack(const struct dsq_igemm_s8_kernel *k, size_t n, size_t taps, size_t kc,
                       const int8_t *w, void *packed)
{
    size_t block_bytes = dsq_igemm_s8_block_bytes(k, taps, kc);
    uint8_t *block = packed;
    for (size_t first = 0; first < n; first += k->nr, block += block_bytes) {
        memset(block, 0, block_bytes); /* the gap at the end too: packed data is compared */
        pack_block(k, first, n, taps, kc, w, block);
    }
}
