/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vectors of floats by names that do not say how long they are, here 8 (AVX2): what is written in
 * these names is compiled once for every instruction set. Each does exactly what its comment says,
 * NaN included. Only files compiled for AVX2 include it.
 */
#ifndef DSQ_KERNELS_VECTOR_AVX2_H
#define DSQ_KERNELS_VECTOR_AVX2_H

#include "kernels/simd_avx2.h"

enum { LANES = 8 };
typedef __m256 vf;
typedef __m256i vi;
typedef __m256 vm; /* a choice for each lane */

static inline vf vf_set(float x)
{
    return _mm256_set1_ps(x);
}
static inline vf vf_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}
static inline vf vf_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}
static inline vf vf_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}
static inline vf vf_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
}
static inline vf vf_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}
static inline vf vf_sqrt(vf a)
{
    return _mm256_sqrt_ps(a);
}
static inline vf vf_min(vf a, vf b)
{
    return _mm256_min_ps(a, b);
} /* a < b ? a : b */
static inline vf vf_max(vf a, vf b)
{
    return _mm256_max_ps(a, b);
} /* a > b ? a : b */
static inline vf vf_floor(vf a)
{
    return _mm256_floor_ps(a);
}
static inline vf vf_ceil(vf a)
{
    return _mm256_ceil_ps(a);
}
static inline vf vf_round(vf a)
{
    return _mm256_round_ps(a, 8);
} /* half to even */
static inline vf vf_neg(vf a)
{
    return _mm256_xor_ps(a, vf_set(-0.0f));
}
static inline vf vf_abs(vf a)
{
    return _mm256_andnot_ps(vf_set(-0.0f), a);
}
/* |a| with the sign of b */
static inline vf vf_sign(vf a, vf b)
{
    return _mm256_or_ps(vf_abs(a), _mm256_and_ps(vf_set(-0.0f), b));
}

static inline vm vf_less(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}
static inline vm vf_equal(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}
static inline vm vf_is_nan(vf a)
{
    return _mm256_cmp_ps(a, a, _CMP_UNORD_Q);
}
/* m ? a : b */
static inline vf vf_select(vm m, vf a, vf b)
{
    return _mm256_blendv_ps(b, a, m);
}

static inline vi vi_set(int32_t x)
{
    return _mm256_set1_epi32(x);
}
static inline vi vi_add(vi a, vi b)
{
    return _mm256_add_epi32(a, b);
}
static inline vi vi_sub(vi a, vi b)
{
    return _mm256_sub_epi32(a, b);
}
static inline vi vi_and(vi a, vi b)
{
    return _mm256_and_si256(a, b);
}
#define vi_left(a, n) _mm256_slli_epi32(a, n)
#define vi_right(a, n) _mm256_srli_epi32(a, n) /* zeros come in */
static inline vi vi_of(vf a)
{
    return _mm256_cvtps_epi32(a);
} /* half to even */
static inline vf vf_of(vi a)
{
    return _mm256_cvtepi32_ps(a);
}
static inline vi vf_bits(vf a)
{
    return _mm256_castps_si256(a);
}
static inline vf vi_float(vi a)
{
    return _mm256_castsi256_ps(a);
}

/* 2^n for whole n in [-126, 127] */
static inline vf vf_power_of_two(vf n)
{
    return vi_float(vi_left(vi_add(vi_of(n), vi_set(127)), 23));
}
/* a 2^n for whole n in [-200, 200], rounded once: in two steps, since 2^n may be no float */
static inline vf vf_scale(vf a, vf n)
{
    vf half = vf_floor(vf_mul(n, vf_set(0.5f)));
    return vf_mul(vf_mul(a, vf_power_of_two(half)), vf_power_of_two(vf_sub(n, half)));
}

/* The first min(n, LANES) floats at p, then zeros; and the way back. */
static inline vf vf_load(const float *p, size_t n)
{
    return load_f32(p, n);
}
static inline void vf_store(float *p, vf a, size_t n)
{
    store_f32(p, a, n);
}

#endif
