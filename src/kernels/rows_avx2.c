/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows for AVX2: 8 elements at a time. What is left of a row goes through the same vector code, its
 * lanes masked, so that there is one definition a function.
 */
#include <immintrin.h>
#include <math.h>
#include <stdbool.h>

#include "kernels/rows.h"
#include "kernels/simd_avx2.h"

static struct quantizer quantizer_of(const struct dsq_rows_quant *q)
{
    return make_quantizer(q->inv_scale, q->zero, (float)q->qmin, (float)q->qmax);
}

/* Four vectors of integers within s8, in order. */
static void store_32(int8_t *y, __m256i a, __m256i b, __m256i c, __m256i d)
{
    const __m256i in_order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    _mm256_storeu_si256((__m256i *)y, _mm256_permutevar8x32_epi32(bytes, in_order));
}

void dsq_rows_quantize__avx2(size_t n, const float *x, const struct dsq_rows_quant *q, int8_t *y)
{
    const struct quantizer to = quantizer_of(q);
    size_t i = 0;
#define EIGHT(k) quantize_f32(_mm256_loadu_ps(x + i + 8 * k), &to)
    for (; i + 32 <= n; i += 32)
        store_32(y + i, EIGHT(0), EIGHT(1), EIGHT(2), EIGHT(3));
    for (; i + 8 <= n; i += 8)
        store_s32_as_s8(y + i, EIGHT(0), 8);
#undef EIGHT
    if (i < n) {
        __m256 v = _mm256_maskload_ps(x + i, first_lanes(n - i));
        store_s32_as_s8(y + i, quantize_f32(v, &to), n - i);
    }
}

void dsq_rows_dequantize__avx2(size_t n, const int8_t *x, const struct dsq_rows_quant *q, float *y)
{
    const __m256i zero = _mm256_set1_epi32(q->zero);
    const __m256 scale = _mm256_set1_ps(q->scale);
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i, _mm256_mul_ps(load_s8_as_f32(x + i, 8, zero), scale));
    if (i < n) {
        __m256 v = _mm256_mul_ps(load_s8_as_f32(x + i, n - i, zero), scale);
        _mm256_maskstore_ps(y + i, first_lanes(n - i), v);
    }
}

void dsq_rows_requantize__avx2(size_t n, const int8_t *x, const struct dsq_rows_quant *qx,
                               const struct dsq_rows_quant *qy, int8_t *y)
{
    const struct quantizer to = quantizer_of(qy);
    const __m256i zero = _mm256_set1_epi32(qx->zero);
    const __m256 scale = _mm256_set1_ps(qx->scale);
    size_t i = 0;
#define EIGHT(k, n) quantize_f32(_mm256_mul_ps(load_s8_as_f32(x + i + 8 * k, n, zero), scale), &to)
    for (; i + 32 <= n; i += 32)
        store_32(y + i, EIGHT(0, 8), EIGHT(1, 8), EIGHT(2, 8), EIGHT(3, 8));
    for (; i < n; i += 8)
        store_s32_as_s8(y + i, EIGHT(0, n - i), n - i);
#undef EIGHT
}

void dsq_rows_add_s8__avx2(size_t n, const int8_t *a, const struct dsq_rows_quant *qa,
                           const int8_t *b, const struct dsq_rows_quant *qb, float lo, float hi,
                           const struct dsq_rows_quant *qy, int8_t *y)
{
    const struct quantizer to = quantizer_of(qy);
    const __m256i a_zero = _mm256_set1_epi32(qa->zero), b_zero = _mm256_set1_epi32(qb->zero);
    const __m256 a_scale = _mm256_set1_ps(qa->scale), b_scale = _mm256_set1_ps(qb->scale);
    const __m256 low = _mm256_set1_ps(lo), high = _mm256_set1_ps(hi);
    size_t i = 0;
#define A(k, n) _mm256_mul_ps(load_s8_as_f32(a + i + 8 * k, n, a_zero), a_scale)
#define SUM(k, n) _mm256_fmadd_ps(load_s8_as_f32(b + i + 8 * k, n, b_zero), b_scale, A(k, n))
#define EIGHT(k, n) quantize_f32(clamp_f32(SUM(k, n), low, high), &to)
    for (; i + 32 <= n; i += 32)
        store_32(y + i, EIGHT(0, 8), EIGHT(1, 8), EIGHT(2, 8), EIGHT(3, 8));
    for (; i < n; i += 8)
        store_s32_as_s8(y + i, EIGHT(0, n - i), n - i);
#undef EIGHT
#undef SUM
#undef A
}

void dsq_rows_mul_s8__avx2(size_t n, const int8_t *a, const struct dsq_rows_quant *qa,
                           const int8_t *b, const struct dsq_rows_quant *qb,
                           const struct dsq_rows_quant *qy, int8_t *y)
{
    const struct quantizer to = quantizer_of(qy);
    const __m256i a_zero = _mm256_set1_epi32(qa->zero), b_zero = _mm256_set1_epi32(qb->zero);
    const __m256 a_scale = _mm256_set1_ps(qa->scale), b_scale = _mm256_set1_ps(qb->scale);
    for (size_t i = 0; i < n; i += 8) {
        __m256 va = _mm256_mul_ps(load_s8_as_f32(a + i, n - i, a_zero), a_scale);
        __m256 vb = _mm256_mul_ps(load_s8_as_f32(b + i, n - i, b_zero), b_scale);
        store_s32_as_s8(y + i, quantize_f32(_mm256_mul_ps(va, vb), &to), n - i);
    }
}

void dsq_rows_minmax_f32__avx2(size_t n, const float *x, float *lo, float *hi)
{
    __m256 least = _mm256_set1_ps(INFINITY), most = _mm256_set1_ps(-INFINITY);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) { /* MIN and MAX give their second operand for a NaN in the first */
        __m256 v = _mm256_loadu_ps(x + i);
        least = _mm256_min_ps(v, least);
        most = _mm256_max_ps(v, most);
    }
    float lanes[2][8], l = INFINITY, h = -INFINITY;
    _mm256_storeu_ps(lanes[0], least);
    _mm256_storeu_ps(lanes[1], most);
    for (int k = 0; k < 8; k++) {
        l = lanes[0][k] < l ? lanes[0][k] : l;
        h = lanes[1][k] > h ? lanes[1][k] : h;
    }
    for (; i < n; i++) {
        l = x[i] < l ? x[i] : l;
        h = x[i] > h ? x[i] : h;
    }
    *lo = l + 0.0f; /* -0 becomes +0 */
    *hi = h + 0.0f;
}
