/* SPDX-License-Identifier: Apache-2.0 */
/* igemm_f32, the definition: one output after the other, one fmaf chain each. Never optimised. */
#include <math.h>

#include "kernels/igemm_f32.h"

enum { MR = 4, NR = 16 };

static float chain(const struct dsq_igemm_f32 *p, size_t i, size_t j, const float *const *a,
                   const float *w, float bias)
{
    float acc = bias;
    for (size_t t = 0; t < p->taps; t++)
        for (size_t k = 0; k < p->kc; k++)
            acc = fmaf(a[t * MR + i][k], w[(t * p->kc + k) * NR + j], acc);
    return acc;
}

void dsq_igemm_f32_4x16__ref(const struct dsq_igemm_f32 *p, size_t mr, size_t nr,
                             const float *const *a, const float *w_block, const float *bias,
                             const float *r, size_t r_stride, float *y, size_t y_stride)
{
    for (size_t i = 0; i < mr; i++)
        for (size_t j = 0; j < nr; j++) {
            float v = chain(p, i, j, a, w_block, bias[j]);
            if (r)
                v = v + r[i * r_stride + j];
            y[i * y_stride + j] = dsq_activate_f32(v, &p->act);
        }
}
