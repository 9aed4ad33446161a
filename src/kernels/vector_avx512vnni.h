/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vectors of floats by names that do not say how long they are, here 16 (AVX-512): what is written
 * in these names is compiled once for every instruction set. Each does exactly what its comment
 * says, NaN included. Only files compiled for AVX-512 include it.
 */
#ifndef DSQ_KERNELS_VECTOR_AVX512VNNI_H
#define DSQ_KERNELS_VECTOR_AVX512VNNI_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

enum { LANES = 16 };
typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm; /* a choice for each lane */

static inline vf vf_set(float x)
{
    return _mm512_set1_ps(x);
}
static inline vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}
static inline vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}
static inline vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}
static inline vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}
static inline vf vf_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}
static inline vf vf_sqrt(vf a)
{
    return _mm512_sqrt_ps(a);
}
static inline vf vf_min(vf a, vf b)
{
    return _mm512_min_ps(a, b);
} /* a < b ? a : b */
static inline vf vf_max(vf a, vf b)
{
    return _mm512_max_ps(a, b);
} /* a > b ? a : b */
static inline vf vf_floor(vf a)
{
    return _mm512_roundscale_ps(a, 9);
}
static inline vf vf_ceil(vf a)
{
    return _mm512_roundscale_ps(a, 10);
}
static inline vf vf_round(vf a)
{
    return _mm512_roundscale_ps(a, 8);
} /* half to even */
static inline vf vf_neg(vf a)
{
    return _mm512_xor_ps(a, vf_set(-0.0f));
}
static inline vf vf_abs(vf a)
{
    return _mm512_andnot_ps(vf_set(-0.0f), a);
}
/* |a| with the sign of b */
static inline vf vf_sign(vf a, vf b)
{
    return _mm512_or_ps(vf_abs(a), _mm512_and_ps(vf_set(-0.0f), b));
}

static inline vm vf_less(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
static inline vm vf_equal(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}
static inline vm vf_is_nan(vf a)
{
    return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
}
/* m ? a : b */
static inline vf vf_select(vm m, vf a, vf b)
{
    return _mm512_mask_blend_ps(m, b, a);
}

static inline vi vi_set(int32_t x)
{
    return _mm512_set1_epi32(x);
}
static inline vi vi_add(vi a, vi b)
{
    return _mm512_add_epi32(a, b);
}
static inline vi vi_sub(vi a, vi b)
{
    return _mm512_sub_epi32(a, b);
}
static inline vi vi_and(vi a, vi b)
{
    return _mm512_and_si512(a, b);
}
#define vi_left(a, n) _mm512_slli_epi32(a, n)
#define vi_right(a, n) _mm512_srli_epi32(a, n) /* zeros come in */
static inline vi vi_of(vf a)
{
    return _mm512_cvtps_epi32(a);
} /* half to even */
static inline vf vf_of(vi a)
{
    return _mm512_cvtepi32_ps(a);
}
static inline vi vf_bits(vf a)
{
    return _mm512_castps_si512(a);
}
static inline vf vi_float(vi a)
{
    return _mm512_castsi512_ps(a);
}

/* 2^n for whole n in [-126, 127] */
static inline vf vf_power_of_two(vf n)
{
    return vi_float(vi_left(vi_add(vi_of(n), vi_set(127)), 23));
}
/* a 2^n for whole n, rounded once */
static inline vf vf_scale(vf a, vf n)
{
    return _mm512_scalef_ps(a, n);
}

/* The first min(n, LANES) floats at p, then zeros; and the way back. */
static inline __mmask16 first_lanes(size_t n)
{
    return n < LANES ? (__mmask16)((1u << n) - 1) : (__mmask16)0xffff;
}
static inline vf vf_load(const float *p, size_t n)
{
    return _mm512_maskz_loadu_ps(first_lanes(n), p);
}
static inline void vf_store(float *p, vf a, size_t n)
{
    _mm512_mask_storeu_ps(p, first_lanes(n), a);
}

#endif
