/* SPDX-License-Identifier: Apache-2.0 */
/*
 * igemm_s8: the table of variants, the choice among them, and the packing of weights, which is
 * plain C for all of them: it happens once, at load.
 */
#include "kernels/igemm_s8.h"

#include <string.h>

#include "base/cpu.h"

#define KERNEL(function, needs, mr, nr, kr, row_sums, unsigned_weights)                            \
    {#function, function, row_sums, DSQ_CPU_##needs, mr, nr, kr, unsigned_weights},
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

/* Columns [first, first + NR) of w, those from n on as zeros. */
static void pack_block(const struct dsq_igemm_s8_kernel *k, size_t first, size_t n, size_t taps,
                       size_t kc, const int8_t *w, uint8_t *block)
{
    const uint8_t zero = k->unsigned_weights ? 128 : 0;
    uint8_t *dst = block + k->nr * sizeof(int32_t);
    size_t groups = (kc + k->kr - 1) / k->kr;
    memset(dst, zero, taps * groups * k->nr * k->kr);
    for (size_t j = 0; j < k->nr; j++) {
        int32_t sum = 0;
        for (size_t t = 0; first + j < n && t < taps; t++) {
            const int8_t *src = w + ((first + j) * taps + t) * kc;
            for (size_t i = 0; i < kc; i++) {
                size_t group = t * groups + i / k->kr;
                dst[(group * k->nr + j) * k->kr + i % k->kr] = (uint8_t)(src[i] + zero);
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
