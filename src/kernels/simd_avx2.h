/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the AVX2 kernels share: lane masks, rows that end inside a vector, and requantization in
 * vectors of 8 floats, the same steps in the same order as requant.h. Only static inline functions,
 * and only files compiled for AVX2 include it: no AVX2 code can reach the rest of the program.
 */
#ifndef DSQ_KERNELS_SIMD_AVX2_H
#define DSQ_KERNELS_SIMD_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/epilogue.h"

/* All bits in the first min(n, 8) of 8 lanes. */
static inline __m256i first_lanes(size_t n)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n < 8 ? (int32_t)n : 8), lane);
}

/* The first n < 8 bytes at src, then zeros; and the way back. Bit by bit of n, from the top. */
static inline __m128i load_few(const int8_t *src, size_t n)
{
    uint64_t few = 0;
    const uint8_t *end = (const uint8_t *)src + n;
    if (n & 4) {
        uint32_t word;
        memcpy(&word, end -= 4, sizeof word);
        few = word;
    }
    if (n & 2) {
        uint16_t word;
        memcpy(&word, end -= 2, sizeof word);
        few = few << 16 | word;
    }
    if (n & 1)
        few = few << 8 | end[-1];
    return _mm_cvtsi64_si128((int64_t)few);
}

static inline void store_few(int8_t *dst, __m128i v, size_t n)
{
    uint64_t few = (uint64_t)_mm_cvtsi128_si64(v);
    for (size_t part = 4; part > 0; part /= 2)
        if (n & part) {
            memcpy(dst, &few, part);
            few >>= 8 * part;
            dst += part;
        }
}

/* The first min(n, 8) bytes. */
static inline __m128i load_s8(const int8_t *src, size_t n)
{
    return n < 8 ? load_few(src, n) : _mm_loadl_epi64((const __m128i *)src);
}

static inline void store_s8(int8_t *dst, __m128i v, size_t n)
{
    if (n < 8)
        store_few(dst, v, n);
    else
        _mm_storel_epi64((__m128i *)dst, v);
}

/* The first min(n, 8) bytes at src as floats of (byte - zero). */
static inline __m256 load_s8_as_f32(const int8_t *src, size_t n, __m256i zero)
{
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_cvtepi8_epi32(load_s8(src, n)), zero));
}

/* The first min(n, 8) floats at src, then zeros; and the way back. */
static inline __m256 load_f32(const float *src, size_t n)
{
    return n < 8 ? _mm256_maskload_ps(src, first_lanes(n)) : _mm256_loadu_ps(src);
}

static inline void store_f32(float *dst, __m256 v, size_t n)
{
    if (n < 8)
        _mm256_maskstore_ps(dst, first_lanes(n), v);
    else
        _mm256_storeu_ps(dst, v);
}

/* Clamp, letting NaN through: MAX and MIN give their second operand when either is NaN. */
static inline __m256 clamp_f32(__m256 v, __m256 lo, __m256 hi)
{
    return _mm256_min_ps(hi, _mm256_max_ps(lo, v));
}

/* dsq_activate in vectors; its bounds may be others when they are fused with a quantization's. */
struct activator {
    __m256 slope, lo, hi;
    bool leaky;
};

static inline struct activator make_activator(const struct dsq_activate *a, float lo, float hi)
{
    return (struct activator){_mm256_set1_ps(a->slope), _mm256_set1_ps(lo), _mm256_set1_ps(hi),
                              a->leaky};
}

static inline __m256 leak_f32(__m256 v, const struct activator *a)
{
    if (!a->leaky)
        return v;
    __m256 negative = _mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_LT_OQ);
    return _mm256_blendv_ps(v, _mm256_mul_ps(v, a->slope), negative);
}

static inline __m256 activate_f32(__m256 v, const struct activator *a)
{
    return clamp_f32(leak_f32(v, a), a->lo, a->hi);
}

struct quantizer {
    __m256 inv_scale, zero, lo, hi;
};

static inline struct quantizer make_quantizer(float inv_scale, int32_t zero, float lo, float hi)
{
    return (struct quantizer){_mm256_set1_ps(inv_scale), _mm256_set1_ps((float)zero),
                              _mm256_set1_ps(lo), _mm256_set1_ps(hi)};
}

/* 8 integers in s32. Adding a zero point of 0 changes at most the sign of a zero, which the integer
 * does not have. */
static inline __m256i quantize_f32(__m256 y, const struct quantizer *q)
{
    __m256 v = _mm256_add_ps(_mm256_mul_ps(y, q->inv_scale), q->zero);
    __m256 nan = _mm256_cmp_ps(v, v, _CMP_UNORD_Q);
    v = _mm256_blendv_ps(clamp_f32(v, q->lo, q->hi), q->zero, nan);
    return _mm256_cvtps_epi32(v); /* the default rounding mode: half to even */
}

/* The first min(n, 8) of 8 values, each within s8. */
static inline void store_s32_as_s8(int8_t *dst, __m256i v, size_t n)
{
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    store_s8(dst, _mm_packs_epi16(words, words), n);
}

#endif
