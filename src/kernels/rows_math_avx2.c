/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows for AVX2: exp and the logistic function, 8 at a time. The same operations in the same order
 * as math_f32.c, where they are explained; both must change together.
 */
#include <immintrin.h>
#include <math.h>

#include "kernels/rows.h"
#include "kernels/simd_avx2.h"

/* 2^n for n in [-126, 127] */
static inline __m256 power_of_two(__m256i n)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}

/* What lies outside of [-104, 88.8] goes through the steps too and is replaced at the end. */
static inline __m256 exp_f32(__m256 x)
{
    const __m256 round = _mm256_set1_ps(0x1.8p+23f);
    __m256 n = _mm256_sub_ps(_mm256_fmadd_ps(x, _mm256_set1_ps(0x1.715476p+0f), round), round);
    __m256 r = _mm256_fmadd_ps(n, _mm256_set1_ps(-0x1.62e4p-1f), x);
    r = _mm256_fmadd_ps(n, _mm256_set1_ps(-0x1.7f7d1cp-20f), r);
    __m256 p = _mm256_set1_ps(0x1.6a4d5ap-10f);
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0x1.12398ep-7f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0x1.5558b0p-5f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0x1.555492p-3f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0x1.fffffcp-2f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
    __m256i whole = _mm256_cvtps_epi32(n);
    __m256i half = _mm256_srai_epi32(_mm256_add_epi32(whole, _mm256_srli_epi32(whole, 31)), 1);
    __m256 y = _mm256_mul_ps(_mm256_mul_ps(p, power_of_two(half)),
                             power_of_two(_mm256_sub_epi32(whole, half)));
    __m256 large = _mm256_cmp_ps(x, _mm256_set1_ps(88.8f), _CMP_GT_OQ);
    __m256 small = _mm256_cmp_ps(x, _mm256_set1_ps(-104.0f), _CMP_LT_OQ);
    y = _mm256_blendv_ps(y, _mm256_set1_ps(INFINITY), large);
    y = _mm256_andnot_ps(small, y);
    return _mm256_blendv_ps(y, x, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
}

static inline __m256 sigmoid_f32(__m256 x)
{
    const __m256 one = _mm256_set1_ps(1.0f), sign = _mm256_set1_ps(-0.0f);
    return _mm256_div_ps(one, _mm256_add_ps(one, exp_f32(_mm256_xor_ps(x, sign))));
}

void dsq_rows_exp_f32__avx2(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; i += 8)
        store_f32(y + i, exp_f32(load_f32(x + i, n - i)), n - i);
}

void dsq_rows_sigmoid_f32__avx2(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; i += 8)
        store_f32(y + i, sigmoid_f32(load_f32(x + i, n - i)), n - i);
}
