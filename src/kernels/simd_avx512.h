/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the AVX-512 kernels share: lane masks, and epilogue.h in vectors of 16 floats, the same
 * steps in the same order. Only static inline functions, and only files compiled for AVX-512
 * include it.
 */
#ifndef DSQ_KERNELS_SIMD_AVX512_H
#define DSQ_KERNELS_SIMD_AVX512_H

#include <immintrin.h>
#include <stddef.h>

#include "kernels/epilogue.h"

/* A bit for each of the first min(n, 16) lanes. */
static inline __mmask16 first_lanes(size_t n)
{
    return (__mmask16)(n < 16 ? (1u << n) - 1 : 0xffff);
}

struct activator {
    __m512 slope, lo, hi;
    bool leaky;
};

static inline struct activator make_activator(const struct dsq_activate *a, float lo, float hi)
{
    return (struct activator){_mm512_set1_ps(a->slope), _mm512_set1_ps(lo), _mm512_set1_ps(hi),
                              a->leaky};
}

static inline __m512 leak_f32(__m512 v, const struct activator *a)
{
    if (!a->leaky)
        return v;
    __mmask16 negative = _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_LT_OQ);
    return _mm512_mask_mul_ps(v, negative, v, a->slope);
}

/* MAX and MIN give their second operand when either is NaN, so NaN passes. */
static inline __m512 activate_f32(__m512 v, const struct activator *a)
{
    return _mm512_min_ps(a->hi, _mm512_max_ps(a->lo, leak_f32(v, a)));
}

/* The same for a block's last 8 columns. Such a vector costs half of a whole one on processors
 * whose units are 256 bits wide, and nothing more on others. */
static inline __m256 activate_f32x8(__m256 v, const struct activator *a)
{
    if (a->leaky) {
        __mmask8 negative = _mm256_cmp_ps_mask(v, _mm256_setzero_ps(), _CMP_LT_OQ);
        v = _mm256_mask_mul_ps(v, negative, v, _mm512_castps512_ps256(a->slope));
    }
    v = _mm256_max_ps(_mm512_castps512_ps256(a->lo), v);
    return _mm256_min_ps(_mm512_castps512_ps256(a->hi), v);
}

/* All of a dsq_epilogue_s8. With an s8 output the clamp is both clamps (dsq_fused_bound). */
struct finisher {
    struct activator act;
    __m512 r_scale, inv_scale, zero;
    __m512i r_zero, y_zero;
};

static inline struct finisher make_finisher(const struct dsq_epilogue_s8 *e)
{
    const float lo = e->act.lo, hi = e->act.hi;
    return (struct finisher){
        .act = make_activator(&e->act, e->y_is_float ? lo : dsq_fused_bound(e, lo),
                              e->y_is_float ? hi : dsq_fused_bound(e, hi)),
        .r_scale = _mm512_set1_ps(e->r_scale),
        .inv_scale = _mm512_set1_ps(e->y_inv_scale),
        .zero = _mm512_set1_ps((float)e->y_zero),
        .r_zero = _mm512_set1_epi32(e->r_zero),
        .y_zero = _mm512_set1_epi32(e->y_zero),
    };
}

static inline __m512 add_residual(__m512 v, __m512i r, const struct finisher *f)
{
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(r, f->r_zero)), f->r_scale, v);
}

/* 16 integers in s32. Adding a zero point of 0 changes at most the sign of a zero, which the
 * integer does not have. A lane with NaN keeps the zero point. */
static inline __m512i quantize_f32(__m512 y, const struct finisher *f)
{
    __m512 v = _mm512_add_ps(_mm512_mul_ps(leak_f32(y, &f->act), f->inv_scale), f->zero);
    __mmask16 number = _mm512_cmp_ps_mask(v, v, _CMP_ORD_Q);
    v = _mm512_min_ps(f->act.hi, _mm512_max_ps(f->act.lo, v));
    return _mm512_mask_cvtps_epi32(f->y_zero, number, v);
}

#endif
