/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unary: y[i] = f(x[i]) over rows of n floats, for every function of one number that a graph may
 * hold. dsq_unary_f32 is the definition, one fixed sequence of float operations and fmaf (DESIGN
 * "Numbers"): every variant gives its bits (a NaN for a NaN), INT8 tables are made of it, and a
 * convolution's fused activation is the same function. Exactly n elements are read and written; y
 * may be x.
 *
 *   clamp       y = x < alpha ? alpha : x;  y > beta ? beta : y       relu: 0, inf; NaN stays NaN
 *   leaky_relu  x < 0 ? alpha * x : x
 *   hardsigmoid max(0, min(1, fmaf(alpha, x, beta)))
 *   hardswish   x * hardsigmoid(x) with alpha 1/6, beta 0.5
 *   silu        x * sigmoid(x)                mish   x * tanh(softplus(x))
 *   elu         x < 0 ? alpha * (exp(x) - 1) : x
 *   gelu        0.5 * x * (1 + erf(x / sqrt 2)); gelu_tanh its approximation by tanh (ONNX Gelu)
 *   round       half to even
 */
#ifndef DSQ_KERNELS_UNARY_H
#define DSQ_KERNELS_UNARY_H

#include <stddef.h>
#include <stdint.h>

enum dsq_unary_kind {
    DSQ_UNARY_CLAMP,
    DSQ_UNARY_LEAKY_RELU,
    DSQ_UNARY_SIGMOID,
    DSQ_UNARY_HARDSIGMOID,
    DSQ_UNARY_TANH,
    DSQ_UNARY_SILU,
    DSQ_UNARY_HARDSWISH,
    DSQ_UNARY_ELU,
    DSQ_UNARY_GELU,
    DSQ_UNARY_GELU_TANH,
    DSQ_UNARY_MISH,
    DSQ_UNARY_SOFTPLUS,
    DSQ_UNARY_ERF,
    DSQ_UNARY_EXP,
    DSQ_UNARY_LOG,
    DSQ_UNARY_SQRT,
    DSQ_UNARY_RECIPROCAL,
    DSQ_UNARY_ABS,
    DSQ_UNARY_NEG,
    DSQ_UNARY_SIGN,
    DSQ_UNARY_FLOOR,
    DSQ_UNARY_CEIL,
    DSQ_UNARY_ROUND,
    DSQ_UNARY_COUNT
};

struct dsq_unary {
    enum dsq_unary_kind kind;
    float alpha, beta;
};

/* The definition. */
float dsq_unary_f32(const struct dsq_unary *u, float x);

typedef void dsq_unary_fn(const struct dsq_unary *u, size_t n, const float *x, float *y);

struct dsq_unary_kernel {
    const char *name;
    dsq_unary_fn *run;
    uint32_t needs; /* enum dsq_cpu_flag */
};

/* The best variant within `cpu`; all variants, slowest first. Never NULL. */
const struct dsq_unary_kernel *dsq_unary_select(uint32_t cpu);
const struct dsq_unary_kernel *dsq_unary_all(size_t *n);

/* Every variant; call them through the table. */
#define KERNEL(function, needs) dsq_unary_fn function;
#include "kernels/unary.def"

#endif
