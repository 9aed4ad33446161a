/* SPDX-License-Identifier: Apache-2.0 */
/* unary, the definitions: one element after the other. Never optimised. */
#include <math.h>

#include "kernels/math_f32.h"
#include "kernels/requant.h"
#include "kernels/unary.h"

static float hardsigmoid(float alpha, float x, float beta)
{
    return dsq_clamp_f32(fmaf(alpha, x, beta), 0.0f, 1.0f);
}

static float gelu(float x)
{
    const float sqrt_half = 0x1.6a09e6p-1f;
    return 0.5f * x * (1.0f + dsq_erf_f32(sqrt_half * x));
}

static float gelu_tanh(float x)
{
    const float sqrt_2_pi = 0x1.988454p-1f; /* sqrt(2 / pi) */
    float u = sqrt_2_pi * x * fmaf(0.044715f * x, x, 1.0f);
    return 0.5f * x * (1.0f + dsq_tanh_f32(u));
}

static float sign(float x)
{
    return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x == 0.0f ? 0.0f : x;
}

float dsq_unary_f32(const struct dsq_unary *u, float x)
{
    switch (u->kind) {
    case DSQ_UNARY_CLAMP:
        return dsq_clamp_f32(x, u->alpha, u->beta);
    case DSQ_UNARY_LEAKY_RELU:
        return x < 0.0f ? u->alpha * x : x;
    case DSQ_UNARY_SIGMOID:
        return dsq_sigmoid_f32(x);
    case DSQ_UNARY_HARDSIGMOID:
        return hardsigmoid(u->alpha, x, u->beta);
    case DSQ_UNARY_TANH:
        return dsq_tanh_f32(x);
    case DSQ_UNARY_SILU:
        return x * dsq_sigmoid_f32(x);
    case DSQ_UNARY_HARDSWISH:
        return x * hardsigmoid(0x1.555556p-3f, x, 0.5f);
    case DSQ_UNARY_ELU:
        return x < 0.0f ? u->alpha * dsq_expm1_f32(x) : x;
    case DSQ_UNARY_GELU:
        return gelu(x);
    case DSQ_UNARY_GELU_TANH:
        return gelu_tanh(x);
    case DSQ_UNARY_MISH:
        return dsq_mish_f32(x);
    case DSQ_UNARY_SOFTPLUS:
        return dsq_softplus_f32(x);
    case DSQ_UNARY_ERF:
        return dsq_erf_f32(x);
    case DSQ_UNARY_EXP:
        return dsq_exp_f32(x);
    case DSQ_UNARY_LOG:
        return dsq_log_f32(x);
    case DSQ_UNARY_SQRT:
        return sqrtf(x);
    case DSQ_UNARY_RECIPROCAL:
        return 1.0f / x;
    case DSQ_UNARY_ABS:
        return fabsf(x);
    case DSQ_UNARY_NEG:
        return -x;
    case DSQ_UNARY_SIGN:
        return sign(x);
    case DSQ_UNARY_FLOOR:
        return floorf(x);
    case DSQ_UNARY_CEIL:
        return ceilf(x);
    default:
        return nearbyintf(x);
    }
}

void dsq_unary__ref(const struct dsq_unary *u, size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = dsq_unary_f32(u, x[i]);
}
