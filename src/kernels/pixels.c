/* SPDX-License-Identifier: Apache-2.0 */
/* pixels: the table of variants and the choice among them. */
#include "kernels/pixels.h"

#include "base/cpu.h"

#define KERNELS(isa, cpu)                                                                          \
    {                                                                                              \
        .name = "dsq_pixels__" #isa,                                                               \
        .needs = DSQ_CPU_##cpu,                                                                    \
        .lerp_f32 = dsq_pixels_lerp_f32__##isa,                                                    \
        .lerp_s8 = dsq_pixels_lerp_s8__##isa,                                                      \
        .lerp_f32_s8 = dsq_pixels_lerp_f32_s8__##isa,                                              \
        .mix_f32 = dsq_pixels_mix_f32__##isa,                                                      \
        .max_f32 = dsq_pixels_max_f32__##isa,                                                      \
        .sum_f32 = dsq_pixels_sum_f32__##isa,                                                      \
        .max_s8 = dsq_pixels_max_s8__##isa,                                                        \
        .sum_s8 = dsq_pixels_sum_s8__##isa,                                                        \
        .mean_f32 = dsq_pixels_mean_f32__##isa,                                                    \
        .mean_s32_s8 = dsq_pixels_mean_s32_s8__##isa,                                              \
        .copy = dsq_pixels_copy__##isa,                                                            \
    },
static const struct dsq_pixels_kernels kernels[] = {
#include "kernels/pixels.def"
};
enum { N_KERNELS = sizeof kernels / sizeof kernels[0] };

const struct dsq_pixels_kernels *dsq_pixels_all(size_t *n)
{
    *n = N_KERNELS;
    return kernels;
}

const struct dsq_pixels_kernels *dsq_pixels_select(uint32_t cpu)
{
    size_t best = 0;
    for (size_t i = 1; i < N_KERNELS; i++)
        if ((kernels[i].needs & ~cpu) == 0)
            best = i;
    return &kernels[best];
}
