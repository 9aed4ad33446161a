/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a convolution's tile does with its sums, the same in every family of such kernels.
 *
 * Activation, in float (struct dsq_activate):
 *   if leaky: y = y < 0 ? y * slope : y
 *   y = y < lo ? lo : y;  y = y > hi ? hi : y                      (NaN stays NaN)
 * INT8 (struct dsq_epilogue_s8), after the sum has become y:
 *   y = fmaf((float)(r - r_zero), r_scale, y)                      only if there is a residual r
 *   the activation
 *   float output: y
 *   s8 output: v = y * y_inv_scale; NaN gives y_zero; otherwise v (plus nothing when y_zero is 0,
 *   else v + y_zero in float), clamped in float to [y_min, y_max], rounded half to even
 * Scales are positive normal floats, the slope is a number, lo <= hi, y_min <= y_max.
 */
#ifndef DSQ_KERNELS_EPILOGUE_H
#define DSQ_KERNELS_EPILOGUE_H

#include <stdbool.h>
#include <stdint.h>

struct dsq_activate {
    float lo, hi;
    bool leaky;
    float slope;
};

struct dsq_epilogue_s8 {
    struct dsq_activate act;
    int32_t r_zero;
    float r_scale;
    bool y_is_float;
    float y_inv_scale;
    int32_t y_zero, y_min, y_max;
};

static inline float dsq_activate_f32(float y, const struct dsq_activate *a)
{
    if (a->leaky && y < 0)
        y = y * a->slope;
    y = y < a->lo ? a->lo : y;
    return y > a->hi ? a->hi : y;
}

/*
 * One clamp in place of two. A bound of the activation, put through the steps of the quantization,
 * is a bound of the quantized value: multiplying by a positive scale, adding, and rounding never
 * change which of two values is larger. Then clamping to those bounds and to [y_min, y_max] is
 * clamping once, to the first bounds clamped to the second. Bits stay the same.
 */
static inline float dsq_fused_bound(const struct dsq_epilogue_s8 *e, float act_bound)
{
    float v = act_bound * e->y_inv_scale + (float)e->y_zero;
    v = v < (float)e->y_min ? (float)e->y_min : v;
    return v > (float)e->y_max ? (float)e->y_max : v;
}

#endif
