/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exp and the logistic function in float. This is the project's definition of them: other variants
 * (CUDA, vectors) do the same fmaf in the same order.
 *
 * exp: x = n ln 2 + r with n the nearest integer and |r| <= ln 2 / 2, so exp(x) = 2^n exp(r). ln 2
 * is subtracted in two parts, the first of them short enough that its product with n is exact (Cody
 * and Waite, Software Manual for the Elementary Functions, 1980). exp(r) = 1 + r + r^2 P(r), P of
 * degree 4, our own minimax fit of the relative error (Lawson's iteration over 4001 Chebyshev
 * points, the coefficients rounded to float one by one, lowest first, and the rest fitted again):
 * 2^-28.2 before the rounding of the evaluation itself.
 */
#include "kernels/math_f32.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* 2^n for n in [-126, 127] */
static float power_of_two(int32_t n)
{
    uint32_t bits = (uint32_t)(n + 127) << 23;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

float dsq_exp_f32(float x)
{
    if (x != x)
        return x;
    if (x > 88.8f)
        return INFINITY;
    if (x < -104.0f)
        return 0.0f;
    const float log2_e = 0x1.715476p+0f, ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
    const float round = 0x1.8p+23f; /* adding it leaves no bits below 1 */
    float n = fmaf(x, log2_e, round) - round;
    float r = fmaf(n, -ln2_low, fmaf(n, -ln2_high, x));
    float p = 0x1.6a4d5ap-10f;
    p = fmaf(p, r, 0x1.12398ep-7f);
    p = fmaf(p, r, 0x1.5558b0p-5f);
    p = fmaf(p, r, 0x1.555492p-3f);
    p = fmaf(p, r, 0x1.fffffcp-2f);
    p = fmaf(p, r, 1.0f);
    p = fmaf(p, r, 1.0f);
    /* 2^n in two factors: it may itself be too large or too small for a float */
    int32_t half = (int32_t)n / 2;
    return p * power_of_two(half) * power_of_two((int32_t)n - half);
}

float dsq_sigmoid_f32(float x)
{
    return 1.0f / (1.0f + dsq_exp_f32(-x));
}
