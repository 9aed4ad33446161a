/* SPDX-License-Identifier: Apache-2.0 */
/* igemm_s8, the definition: one output after the other. Never optimised. */
#include <math.h>

#include "kernels/igemm_s8.h"
#include "kernels/requant.h"

enum { MR = 4, NR = 16 };

static int32_t dot(const struct dsq_igemm_s8 *p, size_t i, size_t j, const int8_t *const *a,
                   const int8_t *w)
{
    int32_t acc = 0;
    for (size_t t = 0; t < p->taps; t++)
        for (size_t k = 0; k < p->kc; k++)
            acc += a[t * MR + i][k] * w[(t * p->kc + k) * NR + j];
    return acc;
}

void dsq_igemm_s8_4x16c1__ref(const struct dsq_igemm_s8 *p, size_t mr, size_t nr,
                              const int8_t *const *a, const void *w_block, const float *m,
                              const float *bias, const int8_t *r, size_t r_stride, void *y,
                              size_t y_stride)
{
    const struct dsq_epilogue_s8 *e = &p->out;
    const int32_t *w_sums = w_block;
    const int8_t *w = (const int8_t *)w_block + NR * sizeof(int32_t);
    for (size_t i = 0; i < mr; i++)
        for (size_t j = 0; j < nr; j++) {
            int32_t acc = dot(p, i, j, a, w) - p->a_zero * w_sums[j];
            float v = fmaf((float)acc, m[j], bias[j]);
            if (r)
                v = fmaf((float)(r[i * r_stride + j] - e->r_zero), e->r_scale, v);
            v = dsq_activate_f32(v, &e->act);
            if (e->y_is_float)
                ((float *)y)[i * y_stride + j] = v;
            else
                ((int8_t *)y)[i * y_stride + j] =
                    dsq_quantize_f32(v, e->y_inv_scale, e->y_zero, e->y_min, e->y_max);
        }
}
