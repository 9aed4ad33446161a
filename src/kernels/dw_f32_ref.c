/* SPDX-License-Identifier: Apache-2.0 */
/* dw_f32, the definition: one output after the other, one fmaf chain each. Never optimised. */
#include <math.h>

#include "kernels/dw_f32.h"

enum { MR = 4, NR = 16 };

void dsq_dw_f32_4x16__ref(const struct dsq_dw_f32 *p, size_t mr, size_t nr, const float *const *a,
                          size_t first, size_t a_step, const float *w_block, const float *bias,
                          const float *r, size_t r_stride, float *y, size_t y_stride)
{
    for (size_t i = 0; i < mr; i++)
        for (size_t j = 0; j < nr; j++) {
            float v = bias[j];
            for (size_t t = 0; t < p->taps; t++) {
                const float *row = a_step ? a[t * MR] + i * a_step : a[t * MR + i];
                v = fmaf(row[first + j], w_block[t * NR + j], v);
            }
            if (r)
                v = v + r[i * r_stride + j];
            y[i * y_stride + j] = dsq_activate_f32(v, &p->act);
        }
}
