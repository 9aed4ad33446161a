/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unary in vectors of any length: the operations of math_f32.c and unary_ref.c, where they are
 * explained, in the same order; both must change together. What a function computes for a range
 * that it is not meant for goes through its steps as well and is replaced at the end.
 *
 * Only the files of an instruction set include it.
 */
#ifndef DSQ_KERNELS_UNARY_VECTOR_H
#define DSQ_KERNELS_UNARY_VECTOR_H

#include <float.h>
#include <math.h>

#include "kernels/unary.h"
#include "kernels/vector.h"

static inline vf clamp(vf x, vf lo, vf hi)
{
    return vf_min(hi, vf_max(lo, x));
}

/* x = n ln 2 + r */
static inline vf reduce(vf x, vf *n)
{
    const vf round = vf_set(0x1.8p+23f);
    *n = vf_sub(vf_fma(x, vf_set(0x1.715476p+0f), round), round);
    return vf_fma(*n, vf_set(-0x1.7f7d1cp-20f), vf_fma(*n, vf_set(-0x1.62e4p-1f), x));
}

/* (exp(r) - 1 - r) / r^2 */
static inline vf exp_polynomial(vf r)
{
    vf p = vf_set(0x1.6a4d5ap-10f);
    p = vf_fma(p, r, vf_set(0x1.12398ep-7f));
    p = vf_fma(p, r, vf_set(0x1.5558b0p-5f));
    p = vf_fma(p, r, vf_set(0x1.555492p-3f));
    return vf_fma(p, r, vf_set(0x1.fffffcp-2f));
}

/* exp(x) 2^-n, and n */
static inline vf exp_reduced(vf x, vf *n)
{
    const vf one = vf_set(1.0f), r = reduce(x, n);
    return vf_fma(vf_fma(exp_polynomial(r), r, one), r, one);
}

/* Beyond -105 and 89 there are only 0 and infinity. */
static inline vf exp_f32(vf x)
{
    vf n, p = exp_reduced(clamp(x, vf_set(-105.0f), vf_set(89.0f)), &n);
    return vf_scale(p, n);
}

/* x in [-87, 87] */
static inline vf exp_of_small(vf x)
{
    vf n, p = exp_reduced(x, &n);
    return vf_mul(p, vf_power_of_two(n));
}

/* x <= 0 */
static inline vf expm1_f32(vf x)
{
    vf n, r = reduce(vf_max(vf_set(-20.0f), x), &n);
    vf q = vf_fma(vf_mul(exp_polynomial(r), r), r, r), scale = vf_power_of_two(n);
    return vf_fma(scale, q, vf_sub(scale, vf_set(1.0f)));
}

static inline vf sigmoid_f32(vf x)
{
    const vf one = vf_set(1.0f);
    return vf_div(one, vf_add(one, exp_f32(vf_neg(x))));
}

static inline vf tanh_f32(vf x)
{
    vf t = expm1_f32(vf_mul(vf_set(-2.0f), vf_abs(x)));
    return vf_sign(vf_div(t, vf_add(vf_set(2.0f), t)), x);
}

/* log(1 + f) + k ln 2 */
static inline vf log_sum(vf f, vf k)
{
    vf s = vf_div(f, vf_add(vf_set(2.0f), f)), z = vf_mul(s, s);
    vf h = vf_mul(vf_mul(vf_set(0.5f), f), f);
    vf g = vf_set(0x1.1eca06p-2f);
    g = vf_fma(g, z, vf_set(0x1.1ec042p-2f));
    g = vf_fma(g, z, vf_set(0x1.99d1ccp-2f));
    g = vf_fma(g, z, vf_set(0x1.555502p-1f));
    vf t = vf_fma(s, vf_fma(g, z, h), vf_mul(k, vf_set(0x1.7f7d1cp-20f)));
    return vf_fma(k, vf_set(0x1.62e4p-1f), vf_sub(f, vf_sub(h, t)));
}

static inline vf log_f32(vf x)
{
    const vi sqrt_half = vi_set(0x3f3504f3), one = vi_set(0x3f800000);
    const vf zero = vf_set(0.0f);
    vm small = vf_less(x, vf_set(FLT_MIN));
    vf normal = vf_select(small, vf_mul(x, vf_set(0x1p+23f)), x);
    vi bits = vi_add(vf_bits(normal), vi_sub(one, sqrt_half));
    vf k = vf_sub(vf_of(vi_right(bits, 23)), vf_select(small, vf_set(150.0f), vf_set(127.0f)));
    vf m = vi_float(vi_add(vi_and(bits, vi_set(0x7fffff)), sqrt_half));
    vf y = log_sum(vf_sub(m, vf_set(1.0f)), k);
    y = vf_select(vf_less(vf_set(FLT_MAX), x), x, y);
    y = vf_select(vf_less(zero, x), y, vf_set(NAN));
    return vf_select(vf_equal(x, zero), vf_set(-INFINITY), y);
}

static inline vf softplus_f32(vf x)
{
    vf e = exp_f32(vf_neg(vf_abs(x)));
    return vf_add(vf_max(x, vf_set(0.0f)), log_sum(e, vf_set(0.0f)));
}

static inline vf mish_f32(vf x)
{
    const vf two = vf_set(2.0f);
    vf e = exp_f32(vf_min(x, vf_set(20.0f))), n = vf_fma(e, e, vf_mul(two, e));
    return vf_mul(x, vf_div(n, vf_add(n, two)));
}

static inline vf erf_below_1(vf x, vf a)
{
    vf z = vf_mul(a, a), p = vf_set(0x1.4f662ep-14f);
    p = vf_fma(p, z, vf_set(-0x1.a609fcp-11f));
    p = vf_fma(p, z, vf_set(0x1.544a18p-8f));
    p = vf_fma(p, z, vf_set(-0x1.b8011ap-6f));
    p = vf_fma(p, z, vf_set(0x1.ce2d64p-4f));
    p = vf_fma(p, z, vf_set(-0x1.812740p-2f));
    p = vf_fma(p, z, vf_set(0x1.06eba8p-3f));
    return vf_fma(p, x, x);
}

static inline vf erf_f32(vf x)
{
    vf a = vf_abs(x), below = erf_below_1(x, a);
    vm small = vf_less(a, vf_set(0.9296875f));
    a = vf_min(vf_set(4.0f), a);
    vf q = vf_set(-0x1.c0120ap-13f);
    q = vf_fma(q, a, vf_set(0x1.a508d6p-9f));
    q = vf_fma(q, a, vf_set(-0x1.76e2c4p-6f));
    q = vf_fma(q, a, vf_set(0x1.af18aap-4f));
    q = vf_fma(q, a, vf_set(0x1.457e3ep-1f));
    q = vf_fma(q, a, vf_set(0x1.0730e8p-3f));
    vf above = vf_sub(vf_set(1.0f), exp_of_small(vf_fma(vf_neg(q), a, vf_neg(a))));
    return vf_select(small, below, vf_sign(above, x));
}

/* ---- the kinds: f(x) with alpha and beta in every lane ---- */

struct parameters {
    vf alpha, beta;
};

static inline vf hardsigmoid(vf alpha, vf x, vf beta)
{
    return clamp(vf_fma(alpha, x, beta), vf_set(0.0f), vf_set(1.0f));
}

static inline vf half_of(vf x, vf one_more)
{
    return vf_mul(vf_mul(vf_set(0.5f), x), vf_add(vf_set(1.0f), one_more));
}

static inline vf sign(vf x)
{
    const vf zero = vf_set(0.0f);
    vf y = vf_select(vf_less(x, zero), vf_set(-1.0f), vf_select(vf_equal(x, zero), zero, x));
    return vf_select(vf_less(zero, x), vf_set(1.0f), y);
}

#define KIND(name, expression)                                                                     \
    static inline vf name##_kind(const struct parameters *p, vf x)                                 \
    {                                                                                              \
        (void)p;                                                                                   \
        return expression;                                                                         \
    }
KIND(clamp, clamp(x, p->alpha, p->beta))
KIND(leaky_relu, vf_select(vf_less(x, vf_set(0.0f)), vf_mul(p->alpha, x), x))
KIND(sigmoid, sigmoid_f32(x))
KIND(hardsigmoid, hardsigmoid(p->alpha, x, p->beta))
KIND(tanh, tanh_f32(x))
KIND(silu, vf_mul(x, sigmoid_f32(x)))
KIND(hardswish, vf_mul(x, hardsigmoid(vf_set(0x1.555556p-3f), x, vf_set(0.5f))))
KIND(elu, vf_select(vf_less(x, vf_set(0.0f)), vf_mul(p->alpha, expm1_f32(x)), x))
KIND(gelu, half_of(x, erf_f32(vf_mul(vf_set(0x1.6a09e6p-1f), x))))
KIND(gelu_tanh, half_of(x, tanh_f32(vf_mul(vf_mul(vf_set(0x1.988454p-1f), x),
                                           vf_fma(vf_mul(vf_set(0.044715f), x), x, vf_set(1.0f))))))
KIND(mish, mish_f32(x))
KIND(softplus, softplus_f32(x))
KIND(erf, erf_f32(x))
KIND(exp, exp_f32(x))
KIND(log, log_f32(x))
KIND(sqrt, vf_sqrt(x))
KIND(reciprocal, vf_div(vf_set(1.0f), x))
KIND(abs, vf_abs(x))
KIND(neg, vf_neg(x))
KIND(sign, sign(x))
KIND(floor, vf_floor(x))
KIND(ceil, vf_ceil(x))
KIND(round, vf_round(x))
#undef KIND

typedef vf kind_fn(const struct parameters *p, vf x);

/* Inlined with a constant f, so that every kind has a loop of its own. */
__attribute__((always_inline)) static inline void loop(kind_fn *f, const struct dsq_unary *u,
                                                       size_t n, const float *x, float *y)
{
    const struct parameters p = {vf_set(u->alpha), vf_set(u->beta)};
    size_t i = 0;
    for (; n - i >= LANES; i += LANES)
        vf_store(y + i, f(&p, vf_load(x + i, LANES)), LANES);
    if (i < n)
        vf_store(y + i, f(&p, vf_load(x + i, n - i)), n - i);
}

static inline void run_unary(const struct dsq_unary *u, size_t n, const float *x, float *y)
{
    switch (u->kind) {
#define KIND(ID, name)                                                                             \
    case DSQ_UNARY_##ID:                                                                           \
        loop(name##_kind, u, n, x, y);                                                             \
        break;
        KIND(CLAMP, clamp)
        KIND(LEAKY_RELU, leaky_relu)
        KIND(SIGMOID, sigmoid)
        KIND(HARDSIGMOID, hardsigmoid)
        KIND(TANH, tanh)
        KIND(SILU, silu)
        KIND(HARDSWISH, hardswish)
        KIND(ELU, elu)
        KIND(GELU, gelu)
        KIND(GELU_TANH, gelu_tanh)
        KIND(MISH, mish)
        KIND(SOFTPLUS, softplus)
        KIND(ERF, erf)
        KIND(EXP, exp)
        KIND(LOG, log)
        KIND(SQRT, sqrt)
        KIND(RECIPROCAL, reciprocal)
        KIND(ABS, abs)
        KIND(NEG, neg)
        KIND(SIGN, sign)
        KIND(FLOOR, floor)
        KIND(CEIL, ceil)
        KIND(ROUND, round)
#undef KIND
    case DSQ_UNARY_COUNT:
        break;
    }
}

#endif
