/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dw_f32: the table of variants, the choice among them, and the packing of weights, which is plain
 * C for all of them: it happens once, at load.
 */
#include "kernels/dw_f32.h"

#include "base/cpu.h"

#define KERNEL(function, needs, mr, nr) {#function, function, DSQ_CPU_##needs, mr, nr},
static const struct dsq_dw_f32_kernel kernels[] = {
#include "kernels/dw_f32.def"
};
enum { N_KERNELS = sizeof kernels / sizeof kernels[0] };

const struct dsq_dw_f32_kernel *dsq_dw_f32_all(size_t *n)
{
    *n = N_KERNELS;
    return kernels;
}

const struct dsq_dw_f32_kernel *dsq_dw_f32_select(uint32_t cpu)
{
    size_t best = 0;
    for (size_t i = 1; i < N_KERNELS; i++)
        if ((kernels[i].needs & ~cpu) == 0)
            best = i;
    return &kernels[best];
}

void dsq_dw_f32_pack(const struct dsq_dw_f32_kernel *k, size_t n, size_t taps, const float *w,
                     float *packed)
{
    for (size_t first = 0; first < n; first += k->nr)
        for (size_t t = 0; t < taps; t++)
            for (size_t j = 0; j < k->nr; j++)
                *packed++ = first + j < n ? w[(first + j) * taps + t] : 0.0f;
}
