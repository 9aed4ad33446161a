/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one definition of rounding: how a float becomes an s8, in plain C. The vector kernels do the
 * same steps in the same order; tests compare them bit by bit.
 */
#ifndef DSQ_KERNELS_REQUANT_H
#define DSQ_KERNELS_REQUANT_H

#include <math.h>
#include <stdint.h>

/* v = y * inv_scale (+ zero), clamped in float to [qmin, qmax], rounded half to even; NaN gives
 * zero. */
static inline int8_t dsq_quantize_f32(float y, float inv_scale, int32_t zero, int32_t qmin,
                                      int32_t qmax)
{
    float v = y * inv_scale;
    if (zero != 0)
        v = v + (float)zero;
    if (v != v)
        return (int8_t)zero;
    float lo = (float)qmin, hi = (float)qmax;
    v = v < lo ? lo : v;
    v = v > hi ? hi : v;
    return (int8_t)nearbyintf(v);
}

/* y = y < lo ? lo : y > hi ? hi : y, letting NaN through. */
static inline float dsq_clamp_f32(float y, float lo, float hi)
{
    y = y < lo ? lo : y;
    return y > hi ? hi : y;
}

#endif
