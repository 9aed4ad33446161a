/* SPDX-License-Identifier: Apache-2.0 */
/* Weight scales and weight quantization. */
#include "quant/weights.h"

#include <math.h>

#include "quant/scale.h"

/* 1.5 * 2^52: adding and taking it away rounds a double below 2^51 to an integer, half to even, in
 * vector code too (which rint is not, everywhere). */
static const double to_integer = 0x1.8p52;

bool dsq_weight_scales(const float *w, size_t n_out, size_t per_channel, float *scale)
{
    bool finite = true;
    for (size_t o = 0; o < n_out; o++) {
        float most = 0.0f;
        for (size_t i = 0; i < per_channel; i++) {
            float magnitude = fabsf(w[o * per_channel + i]);
            if (!(magnitude <= FLT_MAX))
                finite = false;
            else if (magnitude > most)
                most = magnitude;
        }
        scale[o] = dsq_scale_of_range((double)most);
    }
    return finite;
}

void dsq_weight_quantize(const float *w, size_t n_out, size_t per_channel, const float *scale,
                         int8_t *q)
{
    for (size_t o = 0; o < n_out; o++) {
        double s = (double)scale[o];
        for (size_t i = 0; i < per_channel; i++) {
            double v = (double)w[o * per_channel + i] / s;
            v = v < -127.0 ? -127.0 : v > 127.0 ? 127.0 : v == v ? v : 0.0;
            q[o * per_channel + i] = (int8_t)((v + to_integer) - to_integer);
        }
    }
}
