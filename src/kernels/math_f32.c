/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transcendental functions in float. This is the project's definition of them: other variants
 * (CUDA, vectors) do the same fmaf in the same order.
 *
 * All polynomials are our own minimax fits of the relative error: Lawson's iteration over 4001
 * Chebyshev points, the coefficients rounded to float one by one, lowest first, and the rest fitted
 * again. The errors given are those before the rounding of the evaluation itself.
 *
 * exp: x = n ln 2 + r with n the nearest integer and |r| <= ln 2 / 2, so exp(x) = 2^n exp(r). ln 2
 * is subtracted in two parts, the first of them short enough that its product with n is exact (Cody
 * and Waite, Software Manual for the Elementary Functions, 1980). exp(r) = 1 + r + r^2 P(r), P of
 * degree 4: 2^-28.2.
 *
 * exp(x) - 1 = 2^n (r + r^2 P(r)) + (2^n - 1), which does not cancel near 0.
 *
 * log: x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2). With s = f / (2 + f), log(1 + f) =
 * 2 atanh(s) = f - (f^2/2 - s (f^2/2 + s^2 G(s^2))), the form of fdlibm's e_log.c (Sun
 * Microsystems, 1993): f is exact and what is taken from it is small. G of degree 3 over |s| <=
 * 1/3, so that the same serves log(1 + f) for f up to 1: 2^-27.7.
 *
 * erf: below 0.9296875 x + x P(x^2), P of degree 6: 2^-30; above it 1 - exp(-(x + x Q(x))), Q of
 * degree 5, for -log(erfc(x)) up to 4, where erf is 1: 2^-28.3.
 *
 * pow: 2^(y log2(x)) in double, log2 and exp2 by their series as far as float needs them, so that
 * the one rounding to float is nearly all of the error.
 */
#include "kernels/math_f32.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
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

/* x = n ln 2 + r */
static float reduce(float x, float *n)
{
    const float log2_e = 0x1.715476p+0f, ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
    const float round = 0x1.8p+23f; /* adding it leaves no bits below 1 */
    *n = fmaf(x, log2_e, round) - round;
    return fmaf(*n, -ln2_low, fmaf(*n, -ln2_high, x));
}

/* (exp(r) - 1 - r) / r^2 */
static float exp_polynomial(float r)
{
    float p = 0x1.6a4d5ap-10f;
    p = fmaf(p, r, 0x1.12398ep-7f);
    p = fmaf(p, r, 0x1.5558b0p-5f);
    p = fmaf(p, r, 0x1.555492p-3f);
    return fmaf(p, r, 0x1.fffffcp-2f);
}

float dsq_exp_f32(float x)
{
    if (x != x)
        return x;
    if (x > 88.8f)
        return INFINITY;
    if (x < -104.0f)
        return 0.0f;
    float n, r = reduce(x, &n), p = exp_polynomial(r);
    p = fmaf(p, r, 1.0f);
    p = fmaf(p, r, 1.0f);
    /* 2^n in two factors: it may itself be too large or too small for a float */
    int32_t half = (int32_t)n / 2;
    return p * power_of_two(half) * power_of_two((int32_t)n - half);
}

float dsq_expm1_f32(float x)
{
    if (x != x)
        return x;
    float n, r = reduce(x < -20.0f ? -20.0f : x, &n);
    float q = fmaf(exp_polynomial(r) * r, r, r), scale = power_of_two((int32_t)n);
    return fmaf(scale, q, scale - 1.0f);
}

float dsq_sigmoid_f32(float x)
{
    return 1.0f / (1.0f + dsq_exp_f32(-x));
}

float dsq_tanh_f32(float x)
{
    float t = dsq_expm1_f32(-2.0f * fabsf(x));
    return copysignf(t / (2.0f + t), x);
}

/* log(1 + f) + k ln 2 */
static float log_sum(float f, float k)
{
    const float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
    float s = f / (2.0f + f), z = s * s, h = 0.5f * f * f;
    float g = 0x1.1eca06p-2f;
    g = fmaf(g, z, 0x1.1ec042p-2f);
    g = fmaf(g, z, 0x1.99d1ccp-2f);
    g = fmaf(g, z, 0x1.555502p-1f);
    float t = fmaf(s, fmaf(g, z, h), k * ln2_low);
    return fmaf(k, ln2_high, f - (h - t));
}

float dsq_log_f32(float x)
{
    if (!(x > 0.0f))
        return x == 0.0f ? -INFINITY : NAN;
    if (x > FLT_MAX)
        return x;
    bool small = x < FLT_MIN;
    x = small ? x * 0x1p+23f : x;
    const uint32_t one = 0x3f800000, sqrt_half = 0x3f3504f3; /* as bits */
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits += one - sqrt_half; /* from here on the exponent changes at sqrt(1/2) */
    int32_t k = (int32_t)(bits >> 23) - (small ? 150 : 127);
    bits = (bits & 0x7fffff) + sqrt_half;
    memcpy(&x, &bits, sizeof x);
    return log_sum(x - 1.0f, (float)k);
}

float dsq_softplus_f32(float x)
{
    return (x > 0.0f ? x : 0.0f) + log_sum(dsq_exp_f32(-fabsf(x)), 0.0f);
}

float dsq_mish_f32(float x)
{
    /* tanh(log(1 + e)) = (e^2 + 2 e) / (e^2 + 2 e + 2), which is 1 from e = exp(20) on */
    float e = dsq_exp_f32(x < 20.0f ? x : 20.0f), n = fmaf(e, e, 2.0f * e);
    return x * (n / (n + 2.0f));
}

float dsq_erf_f32(float x)
{
    float a = fabsf(x), z = a * a;
    if (a < 0.9296875f) {
        float p = 0x1.4f662ep-14f;
        p = fmaf(p, z, -0x1.a609fcp-11f);
        p = fmaf(p, z, 0x1.544a18p-8f);
        p = fmaf(p, z, -0x1.b8011ap-6f);
        p = fmaf(p, z, 0x1.ce2d64p-4f);
        p = fmaf(p, z, -0x1.812740p-2f);
        p = fmaf(p, z, 0x1.06eba8p-3f);
        return fmaf(p, x, x);
    }
    a = a > 4.0f ? 4.0f : a;
    float q = -0x1.c0120ap-13f;
    q = fmaf(q, a, 0x1.a508d6p-9f);
    q = fmaf(q, a, -0x1.76e2c4p-6f);
    q = fmaf(q, a, 0x1.af18aap-4f);
    q = fmaf(q, a, 0x1.457e3ep-1f);
    q = fmaf(q, a, 0x1.0730e8p-3f);
    return copysignf(1.0f - dsq_exp_f32(fmaf(-q, a, -a)), x);
}

/* ---- pow ---- */

/* log2 of a number above 0 */
static double log2_double(double x)
{
    const uint64_t one = 0x3ff0000000000000u, sqrt_half = 0x3fe6a09e667f3bcdu; /* as bits */
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits += one - sqrt_half;
    double k = (double)((int32_t)(bits >> 52) - 1023);
    bits = (bits & 0xfffffffffffffu) + sqrt_half;
    memcpy(&x, &bits, sizeof x);
    double f = x - 1.0, s = f / (2.0 + f), z = s * s, p = 1.0 / 19.0;
    for (int term = 17; term >= 1; term -= 2)
        p = fma(p, z, 1.0 / (double)term);
    return fma(2.0 * s * p, 0x1.71547652b82fep+0, k);
}

/* 2^x, for x where that is a double */
static double exp2_double(double x)
{
    const double round = 0x1.8p+52;
    double n = (x + round) - round, r = (x - n) * 0x1.62e42fefa39efp-1, p = 1.0;
    for (int term = 12; term >= 1; term--)
        p = fma(p, r / (double)term, 1.0);
    uint64_t bits = (uint64_t)((int64_t)n + 1023) << 52;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* |x|^y for numbers, x not 1 and y not 0. */
static float pow_magnitude(float x, float y)
{
    if (x == 0.0f || x > FLT_MAX)
        return (x == 0.0f) == (y < 0.0f) ? INFINITY : 0.0f;
    double t = (double)y * log2_double((double)x);
    return t > 129.0 ? INFINITY : t < -151.0 ? 0.0f : (float)exp2_double(t);
}

float dsq_pow_f32(float x, float y)
{
    if (y == 0.0f || x == 1.0f)
        return 1.0f;
    if (x != x || y != y)
        return NAN;
    float a = fabsf(x), size = fabsf(y);
    bool whole = floorf(y) == y, odd = whole && size < 0x1p+24f && ((int32_t)size & 1);
    if (x < 0.0f && a <= FLT_MAX && !whole)
        return NAN;
    float power = a == 1.0f ? 1.0f : pow_magnitude(a, y);
    return odd ? copysignf(power, x) : power;
}
