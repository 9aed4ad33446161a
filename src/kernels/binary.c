/* SPDX-License-Identifier: Apache-2.0 */
/* binary: the table of variants and the choice among them. */
#include "kernels/binary.h"

#include "base/cpu.h"

static const struct dsq_binary_kernel kernels[] = {
#define KERNEL(function, cpu) {.name = #function, .run = function, .needs = DSQ_CPU_##cpu},
#include "kernels/binary.def"
};
enum { N_KERNELS = sizeof kernels / sizeof kernels[0] };

const struct dsq_binary_kernel *dsq_binary_all(size_t *n)
{
    *n = N_KERNELS;
    return kernels;
}

const struct dsq_binary_kernel *dsq_binary_select(uint32_t cpu)
{
    size_t best = 0;
    for (size_t i = 1; i < N_KERNELS; i++)
        if ((kernels[i].needs & ~cpu) == 0)
            best = i;
    return &kernels[best];
}
