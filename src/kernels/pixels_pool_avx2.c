/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pixels for AVX2: pooling. A block of channels stays in registers while all taps go by: four
 * vectors, two, one, then the rest with masked lanes. Each function is one step on a vector, put
 * into the same loops by BLOCKS; `lanes` is how many channels a vector has, `left` how many of
 * them count.
 */
#include <immintrin.h>
#include <math.h>

#include "kernels/pixels.h"
#include "kernels/simd_avx2.h"

/* For each pixel: body(k, c, left), k vectors from channel c on, the last of `left` channels. */
#define BLOCKS(t, lanes, body)                                                                     \
    for (size_t p = 0; p < (t)->n; p++, x += (t)->x_step, y += (t)->y_stride) {                    \
        size_t c = 0;                                                                              \
        for (; c + 4 * (lanes) <= (t)->channels; c += 4 * (lanes))                                 \
            body(4, c, lanes);                                                                     \
        for (; c + 2 * (lanes) <= (t)->channels; c += 2 * (lanes))                                 \
            body(2, c, lanes);                                                                     \
        for (; c + (lanes) <= (t)->channels; c += (lanes))                                         \
            body(1, c, lanes);                                                                     \
        if (c < (t)->channels)                                                                     \
            body(1, c, (t)->channels - c);                                                         \
    }

/* ---- max ---- */

/* v = the larger of both. MAX gives its second operand when either is NaN, so NaN is noted apart;
 * of two zeros that differ in sign, v's stays. */
static inline __m256 max_f32(__m256 v, __m256 a, __m256 *nan)
{
    *nan = _mm256_or_ps(*nan, _mm256_cmp_ps(a, v, _CMP_UNORD_Q));
    return _mm256_max_ps(a, v);
}

static inline __attribute__((always_inline)) void
max_f32_block(const struct dsq_taps *t, const float *x, float *y, const size_t vectors, size_t left)
{
    __m256 v[4], column[4], nan[4];
    for (size_t i = 0; i < vectors; i++) {
        v[i] = load_f32((t->onto ? y : x) + 8 * i, left);
        nan[i] = _mm256_setzero_ps();
    }
    for (size_t k = 0; k < t->taps; k++) {
        const float *from = x + k * t->tap_step;
        for (size_t i = 0; i < vectors; i++)
            column[i] = load_f32(from + 8 * i, left);
        for (size_t r = 1; r < t->rows; r++)
            for (size_t i = 0; i < vectors; i++)
                column[i] =
                    max_f32(column[i], load_f32(from + r * t->row_step + 8 * i, left), &nan[i]);
        for (size_t i = 0; i < vectors; i++)
            v[i] = max_f32(v[i], column[i], &nan[i]);
    }
    for (size_t i = 0; i < vectors; i++)
        store_f32(y + 8 * i, _mm256_blendv_ps(v[i], _mm256_set1_ps(NAN), nan[i]), left);
}

void dsq_pixels_max_f32__avx2(const struct dsq_taps *t, const float *x, float *y)
{
#define BODY(vectors, c, left) max_f32_block(t, x + (c), y + (c), vectors, left)
    BLOCKS(t, 8, BODY)
#undef BODY
}

static inline __attribute__((always_inline)) void
max_s8_block(const struct dsq_taps *t, const int8_t *x, int8_t *y, size_t vectors)
{
    __m256i v[4];
    for (size_t i = 0; i < vectors; i++)
        v[i] = _mm256_loadu_si256((const __m256i *)((t->onto ? y : x) + 32 * i));
    for (size_t k = 0; k < t->taps; k++)
        for (size_t r = 0; r < t->rows; r++) {
            const int8_t *from = x + k * t->tap_step + r * t->row_step;
            for (size_t i = 0; i < vectors; i++)
                v[i] = _mm256_max_epi8(v[i], _mm256_loadu_si256((const __m256i *)(from + 32 * i)));
        }
    for (size_t i = 0; i < vectors; i++)
        _mm256_storeu_si256((__m256i *)(y + 32 * i), v[i]);
}

static inline void max_s8_few(const struct dsq_taps *t, const int8_t *x, int8_t *y, size_t left)
{
    size_t c = 0;
    for (; c + 16 <= left; c += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)((t->onto ? y : x) + c));
        for (size_t k = 0; k < t->taps; k++)
            for (size_t r = 0; r < t->rows; r++) {
                const int8_t *from = x + k * t->tap_step + r * t->row_step + c;
                v = _mm_max_epi8(v, _mm_loadu_si128((const __m128i *)from));
            }
        _mm_storeu_si128((__m128i *)(y + c), v);
    }
    for (; c < left; c += 8) {
        __m128i v = load_s8((t->onto ? y : x) + c, left - c);
        for (size_t k = 0; k < t->taps; k++)
            for (size_t r = 0; r < t->rows; r++)
                v = _mm_max_epi8(v, load_s8(x + k * t->tap_step + r * t->row_step + c, left - c));
        store_s8(y + c, v, left - c);
    }
}

void dsq_pixels_max_s8__avx2(const struct dsq_taps *t, const int8_t *x, int8_t *y)
{
#define BODY(vectors, c, left)                                                                     \
    ((left) < 32 ? max_s8_few(t, x + (c), y + (c), left)                                           \
                 : max_s8_block(t, x + (c), y + (c), vectors))
    BLOCKS(t, 32, BODY)
#undef BODY
}

/* ---- sums ---- */

static inline __attribute__((always_inline)) void sum_f32_block(const struct dsq_taps *t,
                                                                const float *x,
                                                                const float *divisor, float *y,
                                                                const size_t vectors, size_t left)
{
    __m256 v[4], column[4];
    for (size_t i = 0; i < vectors; i++) /* adding to -0 changes nothing */
        v[i] = t->onto ? load_f32(y + 8 * i, left) : _mm256_set1_ps(-0.0f);
    for (size_t k = 0; k < t->taps; k++) {
        const float *from = x + k * t->tap_step;
        for (size_t i = 0; i < vectors; i++)
            column[i] = load_f32(from + 8 * i, left);
        for (size_t r = 1; r < t->rows; r++)
            for (size_t i = 0; i < vectors; i++)
                column[i] =
                    _mm256_add_ps(column[i], load_f32(from + r * t->row_step + 8 * i, left));
        for (size_t i = 0; i < vectors; i++)
            v[i] = _mm256_add_ps(v[i], column[i]);
    }
    for (size_t i = 0; i < vectors; i++)
        store_f32(y + 8 * i, divisor ? _mm256_div_ps(v[i], _mm256_set1_ps(*divisor)) : v[i], left);
}

void dsq_pixels_sum_f32__avx2(const struct dsq_taps *t, const float *x, float *y)
{
#define BODY(vectors, c, left) sum_f32_block(t, x + (c), NULL, y + (c), vectors, left)
    BLOCKS(t, 8, BODY)
#undef BODY
}

void dsq_pixels_mean_f32__avx2(const struct dsq_taps *t, const float *x, float divisor, float *y)
{
#define BODY(vectors, c, left) sum_f32_block(t, x + (c), &divisor, y + (c), vectors, left)
    BLOCKS(t, 8, BODY)
#undef BODY
}

static inline __m256i load_s32(const int32_t *src, size_t left)
{
    return left < 8 ? _mm256_maskload_epi32(src, first_lanes(left))
                    : _mm256_loadu_si256((const __m256i *)src);
}

static inline __attribute__((always_inline)) void
sum_s8_block(const struct dsq_taps *t, const int8_t *x, int32_t *y, size_t vectors, size_t left)
{
    __m256i v[4];
    for (size_t i = 0; i < vectors; i++)
        v[i] = t->onto ? load_s32(y + 8 * i, left) : _mm256_setzero_si256();
    for (size_t k = 0; k < t->taps; k++)
        for (size_t i = 0; i < vectors; i++)
            v[i] = _mm256_add_epi32(
                v[i], _mm256_cvtepi8_epi32(load_s8(x + k * t->tap_step + 8 * i, left)));
    for (size_t i = 0; i < vectors; i++)
        if (left < 8)
            _mm256_maskstore_epi32(y + 8 * i, first_lanes(left), v[i]);
        else
            _mm256_storeu_si256((__m256i *)(y + 8 * i), v[i]);
}

void dsq_pixels_sum_s8__avx2(const struct dsq_taps *t, const int8_t *x, int32_t *y)
{
#define BODY(vectors, c, left) sum_s8_block(t, x + (c), y + (c), vectors, left)
    BLOCKS(t, 8, BODY)
#undef BODY
}

static inline __attribute__((always_inline)) void
mean_s8_block(const struct dsq_taps *t, const int32_t *x, const struct dsq_mean_s8 *mean,
              const struct quantizer *to, int8_t *y, size_t vectors, size_t left)
{
    __m256i v[4];
    for (size_t i = 0; i < vectors; i++)
        v[i] = _mm256_set1_epi32(-mean->offset);
    for (size_t k = 0; k < t->taps; k++)
        for (size_t i = 0; i < vectors; i++)
            v[i] = _mm256_add_epi32(v[i], load_s32(x + k * t->tap_step + 8 * i, left));
    for (size_t i = 0; i < vectors; i++) {
        const __m256 f = _mm256_mul_ps(_mm256_cvtepi32_ps(v[i]), _mm256_set1_ps(mean->factor));
        store_s32_as_s8(y + 8 * i, quantize_f32(f, to), left);
    }
}

void dsq_pixels_mean_s32_s8__avx2(const struct dsq_taps *t, const int32_t *x,
                                  const struct dsq_mean_s8 *mean, int8_t *y)
{
    const struct quantizer to =
        make_quantizer(mean->q.inv_scale, mean->q.zero, (float)mean->q.qmin, (float)mean->q.qmax);
#define BODY(vectors, c, left) mean_s8_block(t, x + (c), mean, &to, y + (c), vectors, left)
    BLOCKS(t, 8, BODY)
#undef BODY
}
