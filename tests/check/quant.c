/* SPDX-License-Identifier: Apache-2.0 */
/* Scales that find bugs, and quantization by a plain formula of the harness's own. */
#include "quant.h"

#include <math.h>

struct dsq_rows_quant check_draw_quant(struct check *c)
{
    static const int32_t zeros[] = {0, 0, 0, -128, 127, 3};
    static const int32_t ranges[][2] = {{-127, 127},  {-128, 127}, {0, 127},
                                        {-128, -128}, {127, 127},  {-5, 9}};
    const size_t range = check_below(c, 6);
    float scale = exp2f((float)check_below(c, 5) - 2.0f);
    if (check_below(c, 2))
        scale *= check_uniform(c, 0.5f, 1.5f);
    return (struct dsq_rows_quant){scale, 1.0f / scale, zeros[check_below(c, 6)], ranges[range][0],
                                   ranges[range][1]};
}

float check_deq(int8_t x, const struct dsq_rows_quant *q)
{
    return (float)(x - q->zero) * q->scale;
}

int8_t check_quantized(float x, const struct dsq_rows_quant *q)
{
    float v = x * q->inv_scale;
    if (isnan(v))
        return (int8_t)q->zero;
    if (q->zero != 0)
        v += (float)q->zero;
    if (v < (float)q->qmin)
        return (int8_t)q->qmin;
    if (v > (float)q->qmax)
        return (int8_t)q->qmax;
    int32_t down = (int32_t)floorf(v); /* half to even, by hand */
    float above = v - (float)down;
    return (int8_t)(down + (above > 0.5f || (above == 0.5f && down % 2 != 0)));
}
