/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pixels for AVX2: resizing. 32 channels at a time, then 8; what is left of a pixel goes
 * through the same vector code with its lanes masked. Everything is bound by loads and stores (two
 * loads and a store for a subtraction and a multiply-add), so nothing is kept between pixels.
 */
#include <immintrin.h>

#include "kernels/pixels.h"
#include "kernels/simd_avx2.h"

static inline __m256 lerp(__m256 w, __m256 a, __m256 b)
{
    return _mm256_fmadd_ps(w, _mm256_sub_ps(b, a), a);
}

void dsq_pixels_lerp_f32__avx2(size_t n, size_t channels, const float *x, const struct dsq_lerp *at,
                               float *y, size_t y_stride)
{
    const size_t tail = channels % 8;
    const __m256i mask = first_lanes(tail);
    for (size_t p = 0; p < n; p++, y += y_stride) {
        const float *a = x + at[p].a, *b = x + at[p].b;
        const __m256 w = _mm256_set1_ps(at[p].w);
        size_t c = 0;
        for (; c + 32 <= channels; c += 32)
            for (size_t k = c; k < c + 32; k += 8)
                _mm256_storeu_ps(y + k, lerp(w, _mm256_loadu_ps(a + k), _mm256_loadu_ps(b + k)));
        for (; c + 8 <= channels; c += 8)
            _mm256_storeu_ps(y + c, lerp(w, _mm256_loadu_ps(a + c), _mm256_loadu_ps(b + c)));
        if (tail)
            _mm256_maskstore_ps(
                y + c, mask,
                lerp(w, _mm256_maskload_ps(a + c, mask), _mm256_maskload_ps(b + c, mask)));
    }
}

void dsq_pixels_lerp_s8__avx2(size_t n, size_t channels, const int8_t *x,
                              const struct dsq_rows_quant *q, const struct dsq_lerp *at, float *y,
                              size_t y_stride)
{
    const __m256i zero = _mm256_set1_epi32(q->zero);
    const __m256 scale = _mm256_set1_ps(q->scale);
    for (size_t p = 0; p < n; p++, y += y_stride) {
        const int8_t *a = x + at[p].a, *b = x + at[p].b;
        const __m256 w = _mm256_set1_ps(at[p].w);
        for (size_t c = 0; c < channels; c += 8) {
            const size_t left = channels - c;
            __m256 va = _mm256_mul_ps(load_s8_as_f32(a + c, left, zero), scale);
            __m256 vb = _mm256_mul_ps(load_s8_as_f32(b + c, left, zero), scale);
            store_f32(y + c, lerp(w, va, vb), left);
        }
    }
}

void dsq_pixels_lerp_f32_s8__avx2(size_t n, size_t channels, const float *x,
                                  const struct dsq_lerp *at, const struct dsq_rows_quant *q,
                                  int8_t *y, size_t y_stride)
{
    const struct quantizer to =
        make_quantizer(q->inv_scale, q->zero, (float)q->qmin, (float)q->qmax);
    for (size_t p = 0; p < n; p++, y += y_stride) {
        const float *a = x + at[p].a, *b = x + at[p].b;
        const __m256 w = _mm256_set1_ps(at[p].w);
        for (size_t c = 0; c < channels; c += 8) {
            const size_t left = channels - c;
            __m256 v = lerp(w, load_f32(a + c, left), load_f32(b + c, left));
            store_s32_as_s8(y + c, quantize_f32(v, &to), left);
        }
    }
}

void dsq_pixels_mix_f32__avx2(size_t n, size_t channels, size_t taps, const float *x,
                              const int64_t *at, const float *w, float *y, size_t y_stride)
{
    for (size_t p = 0; p < n; p++, at += taps, w += taps, y += y_stride)
        for (size_t c = 0; c < channels; c += 8) {
            const size_t left = channels - c;
            __m256 v = _mm256_mul_ps(_mm256_set1_ps(w[0]), load_f32(x + at[0] + c, left));
            for (size_t t = 1; t < taps; t++)
                v = _mm256_fmadd_ps(_mm256_set1_ps(w[t]), load_f32(x + at[t] + c, left), v);
            store_f32(y + c, v, left);
        }
}

/* A pixel by its size: whole vectors and one that ends where the pixel does. */
static inline void copy_pixel(const uint8_t *x, uint8_t *y, size_t bytes)
{
    if (bytes >= 32) {
        for (size_t i = 0; i + 32 < bytes; i += 32)
            _mm256_storeu_si256((__m256i *)(y + i), _mm256_loadu_si256((const __m256i *)(x + i)));
        const size_t last = bytes - 32;
        _mm256_storeu_si256((__m256i *)(y + last), _mm256_loadu_si256((const __m256i *)(x + last)));
    } else if (bytes >= 16) {
        const size_t last = bytes - 16;
        const __m128i end = _mm_loadu_si128((const __m128i *)(x + last));
        _mm_storeu_si128((__m128i *)y, _mm_loadu_si128((const __m128i *)x));
        _mm_storeu_si128((__m128i *)(y + last), end);
    } else {
        size_t i = 0;
        for (; i + 8 <= bytes; i += 8)
            memcpy(y + i, x + i, 8);
        for (; i + 4 <= bytes; i += 4)
            memcpy(y + i, x + i, 4);
        for (; i < bytes; i++)
            y[i] = x[i];
    }
}

void dsq_pixels_copy__avx2(size_t n, size_t bytes, const uint8_t *x, const int64_t *at, uint8_t *y,
                           size_t y_stride)
{
    for (size_t p = 0; p < n; p++)
        copy_pixel(x + at[p], y + p * y_stride, bytes);
}
