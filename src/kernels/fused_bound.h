/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One clamp in place of two. A bound of the activation, put through the steps of the quantization,
 * is a bound of the quantized value: multiplying by a positive scale, adding, and rounding never
 * change which of two values is larger. Then clamping to those bounds and to [y_min, y_max] is
 * clamping once, to the first bounds clamped to the second. For lo <= hi and y_min <= y_max; bits
 * stay the same.
 */
#ifndef DSQ_KERNELS_FUSED_BOUND_H
#define DSQ_KERNELS_FUSED_BOUND_H

#include "kernels/igemm_s8.h"
#include "kernels/requant.h"

static inline float fused_bound(const struct dsq_igemm_s8 *p, float act_bound)
{
    float v = act_bound * p->y_inv_scale + (float)p->y_zero;
    return dsq_clamp_f32(v, (float)p->y_min, (float)p->y_max);
}

#endif
