/* SPDX-License-Identifier: Apache-2.0 */
/* rows: the table of variants and the choice among them. */
#include "kernels/rows.h"

#include "base/cpu.h"

#define KERNELS(isa, cpu)                                                                          \
    {                                                                                              \
        .name = "dsq_rows__" #isa,                                                                 \
        .needs = DSQ_CPU_##cpu,                                                                    \
        .quantize = dsq_rows_quantize__##isa,                                                      \
        .dequantize = dsq_rows_dequantize__##isa,                                                  \
        .requantize = dsq_rows_requantize__##isa,                                                  \
        .add_s8 = dsq_rows_add_s8__##isa,                                                          \
        .mul_s8 = dsq_rows_mul_s8__##isa,                                                          \
        .minmax_f32 = dsq_rows_minmax_f32__##isa,                                                  \
        .transpose_b1 = dsq_rows_transpose_b1__##isa,                                              \
        .transpose_b4 = dsq_rows_transpose_b4__##isa,                                              \
    },
static const struct dsq_rows_kernels kernels[] = {
#include "kernels/rows.def"
};
enum { N_KERNELS = sizeof kernels / sizeof kernels[0] };

const struct dsq_rows_kernels *dsq_rows_all(size_t *n)
{
    *n = N_KERNELS;
    return kernels;
}

const struct dsq_rows_kernels *dsq_rows_select(uint32_t cpu)
{
    size_t best = 0;
    for (size_t i = 1; i < N_KERNELS; i++)
        if ((kernels[i].needs & ~cpu) == 0)
            best = i;
    return &kernels[best];
}
