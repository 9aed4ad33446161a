/* SPDX-License-Identifier: Apache-2.0 */
/* dw_s8, the definition: one output after the other. Never optimised. */
#include <math.h>

#include "kernels/dw_s8.h"
#include "kernels/requant.h"

enum { MR = 4, NR = 16 };

void dsq_dw_s8_4x16c1__ref(const struct dsq_dw_s8 *p, size_t mr, size_t nr, const int8_t *const *a,
                           size_t first, size_t a_step, const void *w_block, const float *m,
                           const float *bias, const int8_t *r, size_t r_stride, void *y,
                           size_t y_stride)
{
    const struct dsq_epilogue_s8 *e = &p->out;
    const int32_t *w_sums = w_block;
    const int8_t *w = (const int8_t *)w_block + NR * sizeof(int32_t);
    for (size_t i = 0; i < mr; i++)
        for (size_t j = 0; j < nr; j++) {
            int32_t acc = -p->a_zero * w_sums[j];
            for (size_t t = 0; t < p->taps; t++) {
                const int8_t *row = a_step ? a[t * MR] + i * a_step : a[t * MR + i];
                acc += row[first + j] * w[t * NR + j];
            }
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
