/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dw_s8: the table of variants, the choice among them, and the packing of weights, which is plain C
 * for all of them: it happens once, at load.
 */
#include "kernels/dw_s8.h"

#include <string.h>

#include "base/cpu.h"

#define KERNEL(function, needs, mr, nr, kr, quads, lanes, w_size)                                  \
    {#function, function, DSQ_CPU_##needs, mr, nr, kr, quads, lanes, w_size},
static const struct dsq_dw_s8_kernel kernels[] = {
#include "kernels/dw_s8.def"
};
enum { N_KERNELS = sizeof kernels / sizeof kernels[0], BLOCK_ALIGNMENT = 64 };

const struct dsq_dw_s8_kernel *dsq_dw_s8_all(size_t *n)
{
    *n = N_KERNELS;
    return kernels;
}

const struct dsq_dw_s8_kernel *dsq_dw_s8_select(uint32_t cpu)
{
    size_t best = 0;
    for (size_t i = 1; i < N_KERNELS; i++)
        if ((kernels[i].needs & ~cpu) == 0)
            best = i;
    return &kernels[best];
}

size_t dsq_dw_s8_block_bytes(const struct dsq_dw_s8_kernel *k, size_t taps)
{
    size_t groups = (taps + k->kr - 1) / k->kr;
    size_t bytes = k->nr * sizeof(int32_t) + groups * k->nr * k->kr * k->w_size;
    return (bytes + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT;
}

/* The channel of the block that column `at` holds, for a block of n channels. */
static size_t channel_of(const struct dsq_dw_s8_kernel *k, size_t at, size_t n)
{
    size_t quad = at / 4 / k->lanes, lane = at / 4 % k->lanes, period = 4;
    while (period < n)
        period *= 2;
    return (lane * 4 * k->quads + 4 * quad + at % 4) % period;
}

static void put_weight(uint8_t *at, size_t w_size, int8_t w)
{
    int16_t wide = w;
    if (w_size == sizeof wide)
        memcpy(at, &wide, sizeof wide);
    else
        *at = (uint8_t)w;
}

/* A block of n channels. `block` is zeros. */
static void pack_block(const struct dsq_dw_s8_kernel *k, size_t n, size_t taps, const int8_t *w,
                       uint8_t *block)
{
    uint8_t *dst = block + k->nr * sizeof(int32_t);
    for (size_t at = 0; at < k->nr; at++) {
        size_t channel = channel_of(k, at, n);
        int32_t sum = 0;
        for (size_t t = 0; channel < n && t < taps; t++) {
            int8_t weight = w[channel * taps + t];
            put_weight(dst + ((t / k->kr * k->nr + at) * k->kr + t % k->kr) * k->w_size, k->w_size,
                       weight);
            sum += weight;
        }
        memcpy(block + at * sizeof sum, &sum, sizeof sum);
    }
}

void dsq_dw_s8_pack(const struct dsq_dw_s8_kernel *k, size_t n, size_t taps, const int8_t *w,
                    void *packed)
{
    size_t block_bytes = dsq_dw_s8_block_bytes(k, taps);
    uint8_t *block = packed;
    for (size_t first = 0; first < n; first += k->nr, block += block_bytes) {
        memset(block, 0, block_bytes); /* the gap at the end too: packed data is compared */
        pack_block(k, n - first < k->nr ? n - first : k->nr, taps, w + first * taps, block);
    }
}
