/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dw_s8 for AVX2: 8 pixels by 16 channels, 2 taps at a time.
 *
 * A vector holds 16 bytes of one tap as 16-bit numbers: 16 channels of a pixel, or 8 channels of
 * two. Interleaving two taps' vectors gives two vectors in which the pairs that vpmaddwd sums
 * belong to one channel; the weights were packed in that order (dw_s8.h). Packing sums into bytes
 * undoes it, so an s8 output is in order again; m, bias and float outputs are put in order by
 * exchanging 128-bit lanes. Four vectors of pixels share the weights: 8 accumulators, 2 weights, 4
 * temporaries of 16. A tap past the last one has weights of 0 and looks at the last one's bytes.
 */
#include <immintrin.h>
#include <stdbool.h>

#include "kernels/dw_s8.h"
#include "kernels/simd_avx2.h"

enum { MR = 8, NR = 16, KR = 2, STEPS = 4 };

#define INLINE static inline __attribute__((always_inline))

struct output {
    const struct dsq_dw_s8 *p;
    const int8_t *r;
    void *y;
    size_t mr, nr, r_stride, y_stride;
    __m256 m[2], bias[2], r_scale; /* m, bias: in the order of the columns */
    struct activator act;          /* its bounds are a float y's; q has its own */
    __m256i r_zero;
    struct quantizer q;
};

INLINE __m128i load_bytes(const int8_t *at, size_t n)
{
    return n > 8 ? _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)at), load_s8(at + 8, n - 8))
                 : load_s8(at, n);
}

/* 16 bytes: of one pixel, or 8 each of two. */
INLINE __m128i load_row(const int8_t *x0, const int8_t *x1, size_t n, const int per_vector,
                        const bool whole)
{
    if (per_vector == 1)
        return whole ? _mm_loadu_si128((const __m128i *)x0) : load_bytes(x0, n);
    const size_t each = whole ? 8 : n;
    return _mm_unpacklo_epi64(load_s8(x0, each), load_s8(x1, each));
}

/* Numbers of the channels, in the order of the columns. */
INLINE void load_columns(__m256 v[2], const float *from, size_t n, const int per_vector)
{
    const __m256 low = _mm256_maskload_ps(from, first_lanes(n));
    const __m256 high =
        per_vector == 1 ? _mm256_maskload_ps(from + 8, first_lanes(n > 8 ? n - 8 : 0)) : low;
    v[0] = _mm256_permute2f128_ps(low, high, 0x20);
    v[1] = _mm256_permute2f128_ps(low, high, 0x31);
}

/* Add the residuals of the pixels from i on to their sums. */
INLINE void add_residuals(__m256 v[2], size_t i, const struct output *o, const int per_vector)
{
    const int8_t *r0 = o->r + i * o->r_stride, *r1 = i + 1 < o->mr ? r0 + o->r_stride : r0;
    const __m256i r = _mm256_cvtepi8_epi16(load_row(r0, r1, o->nr, per_vector, false));
    const __m256i zero = _mm256_setzero_si256();
    const __m256i lo = _mm256_srai_epi32(_mm256_unpacklo_epi16(zero, r), 16);
    const __m256i hi = _mm256_srai_epi32(_mm256_unpackhi_epi16(zero, r), 16);
    v[0] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(lo, o->r_zero)), o->r_scale, v[0]);
    v[1] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(hi, o->r_zero)), o->r_scale, v[1]);
}

INLINE void store_floats(const __m256 v[2], size_t i, const struct output *o, const int per_vector)
{
    const __m256 v0 = activate_f32(v[0], &o->act), v1 = activate_f32(v[1], &o->act);
    float *y = (float *)o->y + i * o->y_stride;
    store_f32(y, _mm256_permute2f128_ps(v0, v1, 0x20), o->nr);
    if (per_vector == 1)
        store_f32(y + 8, _mm256_permute2f128_ps(v0, v1, 0x31), o->nr - 8);
    else if (i + 1 < o->mr)
        store_f32(y + o->y_stride, _mm256_permute2f128_ps(v0, v1, 0x31), o->nr);
}

INLINE void store_bytes(const __m256 v[2], size_t i, const struct output *o, const int per_vector)
{
    const __m256i words = _mm256_packs_epi32(quantize_f32(leak_f32(v[0], &o->act), &o->q),
                                             quantize_f32(leak_f32(v[1], &o->act), &o->q));
    const __m128i lo = _mm256_castsi256_si128(words), hi = _mm256_extracti128_si256(words, 1);
    int8_t *y = (int8_t *)o->y + i * o->y_stride;
    store_s8(y, _mm_packs_epi16(lo, lo), o->nr);
    if (per_vector == 1)
        store_s8(y + 8, _mm_packs_epi16(hi, hi), o->nr - 8);
    else if (i + 1 < o->mr)
        store_s8(y + o->y_stride, _mm_packs_epi16(hi, hi), o->nr);
}

/* Not inlined: its constants would take registers from the products. */
static __attribute__((noinline)) void finish(__m256i acc0, __m256i acc1, size_t i,
                                             const struct output *o, int per_vector)
{
    if (i >= o->mr)
        return;
    __m256 v[2] = {_mm256_fmadd_ps(_mm256_cvtepi32_ps(acc0), o->m[0], o->bias[0]),
                   _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc1), o->m[1], o->bias[1])};
    if (o->r)
        add_residuals(v, i, o, per_vector);
    if (o->p->out.y_is_float)
        store_floats(v, i, o, per_vector);
    else
        store_bytes(v, i, o, per_vector);
}

/* All pixels, four vectors of them at a time. */
INLINE void tile(const int8_t *const *a, size_t first, size_t a_step, const __m256i *w_block,
                 const struct output *o, const int per_vector, const bool whole, const bool stepped)
{
    const size_t taps = o->p->taps;
    const __m256i a_zero = _mm256_set1_epi32(o->p->a_zero), none = _mm256_setzero_si256();
    const __m256i s0 =
        _mm256_sub_epi32(none, _mm256_mullo_epi32(a_zero, _mm256_loadu_si256(w_block)));
    const __m256i s1 =
        _mm256_sub_epi32(none, _mm256_mullo_epi32(a_zero, _mm256_loadu_si256(w_block + 1)));
    for (size_t i = 0; i < o->mr; i += (size_t)(STEPS * per_vector)) {
        const __m256i *w = w_block + 2;
        __m256i acc[STEPS][2] = {{s0, s1}, {s0, s1}, {s0, s1}, {s0, s1}};
        for (size_t t = 0; t < taps; t += KR, w += 2) {
            const int8_t *const *row = a + t * MR, *const *next = t + 1 < taps ? row + MR : row;
            const __m256i w0 = _mm256_loadu_si256(w), w1 = _mm256_loadu_si256(w + 1);
#define PIXEL(rows, k) ((stepped ? rows[0] + (k)*a_step : rows[k]) + first)
#define LOAD(rows, s)                                                                              \
    _mm256_cvtepi8_epi16(load_row(PIXEL(rows, i + (size_t)((s)*per_vector)),                       \
                                  PIXEL(rows, i + (size_t)((s)*per_vector + per_vector - 1)),      \
                                  o->nr, per_vector, whole))
#define STEP(s)                                                                                    \
    {                                                                                              \
        const __m256i x0 = LOAD(row, s), x1 = LOAD(next, s);                                       \
        acc[s][0] =                                                                                \
            _mm256_add_epi32(acc[s][0], _mm256_madd_epi16(_mm256_unpacklo_epi16(x0, x1), w0));     \
        acc[s][1] =                                                                                \
            _mm256_add_epi32(acc[s][1], _mm256_madd_epi16(_mm256_unpackhi_epi16(x0, x1), w1));     \
    }
            STEP(0) STEP(1) STEP(2) STEP(3)
#undef STEP
#undef LOAD
#undef PIXEL
        }
#define FINISH(s) finish(acc[s][0], acc[s][1], i + s * (size_t)per_vector, o, per_vector);
        FINISH(0) FINISH(1) FINISH(2) FINISH(3)
#undef FINISH
    }
}

INLINE void run(size_t nr, const int8_t *const *a, size_t first, size_t a_step,
                const __m256i *w_block, const struct output *o, const bool stepped)
{
    if (nr == 16)
        tile(a, first, a_step, w_block, o, 1, true, stepped);
    else if (nr > 8)
        tile(a, first, a_step, w_block, o, 1, false, stepped);
    else if (nr == 8)
        tile(a, first, a_step, w_block, o, 2, true, stepped);
    else
        tile(a, first, a_step, w_block, o, 2, false, stepped);
}

void dsq_dw_s8_8x16c2__avx2(const struct dsq_dw_s8 *p, size_t mr, size_t nr, const int8_t *const *a,
                            size_t first, size_t a_step, const void *w_block, const float *m,
                            const float *bias, const int8_t *r, size_t r_stride, void *y,
                            size_t y_stride)
{
    const struct dsq_epilogue_s8 *e = &p->out;
    struct output o = {
        .p = p,
        .r = r,
        .y = y,
        .mr = mr,
        .nr = nr,
        .r_stride = r_stride,
        .y_stride = y_stride,
        .r_scale = _mm256_set1_ps(e->r_scale),
        .act = make_activator(&e->act, e->act.lo, e->act.hi),
        .r_zero = _mm256_set1_epi32(e->r_zero),
        .q = make_quantizer(e->y_inv_scale, e->y_zero, dsq_fused_bound(e, e->act.lo),
                            dsq_fused_bound(e, e->act.hi)),
    };
    load_columns(o.m, m, nr, nr > 8 ? 1 : 2);
    load_columns(o.bias, bias, nr, nr > 8 ? 1 : 2);
    if (a_step)
        run(nr, a, first, a_step, w_block, &o, true);
    else
        run(nr, a, first, 0, w_block, &o, false);
}
