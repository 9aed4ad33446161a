/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dw_s8 for AVX-512 with VNNI: 16 pixels by 64 channels, 4 taps at a time.
 *
 * A vector holds 64 bytes of one tap: 64 channels of a pixel, or 32 channels of two, or 16 of four;
 * where pixels lie side by side (DENSE) it is one load, of 8 pixels by 8 channels too.
 * Interleaving the bytes of four taps' vectors, first bytes, then pairs, gives four vectors in
 * which the 4 bytes that vpdpbusd sums belong to one channel; the weights were packed in that order
 * (dw_s8.h). Packing sums into bytes undoes it, so an s8 output is in order again. m, bias and
 * float outputs are put in order by exchanging 128-bit lanes. The sign bits of a are flipped, which
 * makes it a + 128 (see igemm_s8_avx512vnni.c). Two vectors of pixels share the weights: 8
 * accumulators, 4 weights, 8 temporaries of 32. Taps past the last one have weights of 0 and look
 * at the last one's bytes.
 */
#include <immintrin.h>
#include <stdbool.h>

#include "kernels/dw_s8.h"
#include "kernels/simd_avx512.h"

enum { MR = 16, NR = 64, KR = 4, GROUP_BYTES = NR * KR };

#define INLINE static inline __attribute__((always_inline))

struct output {
    const struct dsq_dw_s8 *p;
    const int8_t *r;
    void *y;
    size_t mr, r_stride, y_stride;
    __mmask64 mask;       /* the channels there are */
    __m512 m[4], bias[4]; /* in the order of the columns */
    struct finisher f;
};

/* How the pixels of a tap are found: each by its address, all one step apart, or side by side. */
enum rows { LISTED, STEPPED, DENSE };

struct input {
    const int8_t *const *a;
    size_t first, step;
    __mmask64 mask; /* the channels there are */
};

INLINE const int8_t *pixel_at(const struct input *in, size_t tap, size_t i, const enum rows rows)
{
    const int8_t *const *row = in->a + tap * MR;
    return (rows == LISTED ? row[i] : row[0] + i * in->step) + in->first;
}

/* `per_vector` pixels; `whole`: as many channels as there is room for. */
INLINE __m512i join(const int8_t *x0, const int8_t *x1, const int8_t *x2, const int8_t *x3,
                    __mmask64 mask, const int per_vector, const bool whole)
{
    if (per_vector == 1)
        return whole ? _mm512_loadu_si512(x0) : _mm512_maskz_loadu_epi8(mask, x0);
    if (per_vector == 2) {
#define HALF(x)                                                                                    \
    (whole ? _mm256_loadu_si256((const __m256i *)(x)) : _mm256_maskz_loadu_epi8((__mmask32)mask, x))
        return _mm512_inserti64x4(_mm512_castsi256_si512(HALF(x0)), HALF(x1), 1);
#undef HALF
    }
#define QUARTER(x)                                                                                 \
    (whole ? _mm_loadu_si128((const __m128i *)(x)) : _mm_maskz_loadu_epi8((__mmask16)mask, x))
    __m512i v = _mm512_castsi128_si512(QUARTER(x0));
    v = _mm512_inserti32x4(v, QUARTER(x1), 1);
    v = _mm512_inserti32x4(v, QUARTER(x2), 2);
    return _mm512_inserti32x4(v, QUARTER(x3), 3);
#undef QUARTER
}

/* The vector of the pixels from i on. */
INLINE __m512i load_row(const struct input *in, size_t tap, size_t i, const int per_vector,
                        const bool whole, const enum rows rows)
{
    if (rows == DENSE)
        return _mm512_loadu_si512(pixel_at(in, tap, i, rows));
    const size_t last = (size_t)per_vector - 1;
    return join(pixel_at(in, tap, i, rows), pixel_at(in, tap, i + (last > 1 ? 1 : last), rows),
                pixel_at(in, tap, i + (last > 2 ? 2 : last), rows),
                pixel_at(in, tap, i + last, rows), in->mask, per_vector, whole);
}

INLINE void add_products(__m512i acc[4], const __m512i x[4], const __m512i w[4])
{
    const __m512i lo01 = _mm512_unpacklo_epi8(x[0], x[1]), lo23 = _mm512_unpacklo_epi8(x[2], x[3]);
    const __m512i hi01 = _mm512_unpackhi_epi8(x[0], x[1]), hi23 = _mm512_unpackhi_epi8(x[2], x[3]);
    acc[0] = _mm512_dpbusd_epi32(acc[0], _mm512_unpacklo_epi16(lo01, lo23), w[0]);
    acc[1] = _mm512_dpbusd_epi32(acc[1], _mm512_unpackhi_epi16(lo01, lo23), w[1]);
    acc[2] = _mm512_dpbusd_epi32(acc[2], _mm512_unpacklo_epi16(hi01, hi23), w[2]);
    acc[3] = _mm512_dpbusd_epi32(acc[3], _mm512_unpackhi_epi16(hi01, hi23), w[3]);
}

/* Lane l of v[q] becomes lane q of v[l]. */
INLINE void exchange_lanes(__m512 v[4])
{
    const __m512 t0 = _mm512_shuffle_f32x4(v[0], v[1], 0x44);
    const __m512 t1 = _mm512_shuffle_f32x4(v[0], v[1], 0xee);
    const __m512 t2 = _mm512_shuffle_f32x4(v[2], v[3], 0x44);
    const __m512 t3 = _mm512_shuffle_f32x4(v[2], v[3], 0xee);
    v[0] = _mm512_shuffle_f32x4(t0, t2, 0x88);
    v[1] = _mm512_shuffle_f32x4(t0, t2, 0xdd);
    v[2] = _mm512_shuffle_f32x4(t1, t3, 0x88);
    v[3] = _mm512_shuffle_f32x4(t1, t3, 0xdd);
}

/* Numbers of the channels, in the order of the columns. */
INLINE void load_columns(__m512 v[4], const float *from, __mmask64 mask, const int per_vector)
{
    for (int lane = 0; lane < 4; lane++) {
        const int part = per_vector < 4 ? 16 * (lane % (4 / per_vector)) : 0;
        v[lane] = _mm512_maskz_loadu_ps((__mmask16)(mask >> part), from + part);
        if (per_vector == 8)
            v[lane] = _mm512_broadcast_f32x8(_mm512_castps512_ps256(v[lane]));
    }
    exchange_lanes(v);
}

/* Add the residuals of the pixels from i on to their sums. */
INLINE void add_residuals(__m512 v[4], size_t i, const struct output *o, const int per_vector)
{
    const int8_t *row[4];
    for (size_t k = 0; k < 4; k++) /* past mr: the last pixel's, whose result nobody stores */
        row[k] = o->r + (i + k < o->mr ? i + k : o->mr - 1) * o->r_stride;
    const __m512i r = join(row[0], row[1], row[2], row[3], o->mask, per_vector, false);
    const __m512i zero = _mm512_setzero_si512();
    const __m512i lo = _mm512_unpacklo_epi8(zero, r), hi = _mm512_unpackhi_epi8(zero, r);
    v[0] = add_residual(v[0], _mm512_srai_epi32(_mm512_unpacklo_epi16(zero, lo), 24), &o->f);
    v[1] = add_residual(v[1], _mm512_srai_epi32(_mm512_unpackhi_epi16(zero, lo), 24), &o->f);
    v[2] = add_residual(v[2], _mm512_srai_epi32(_mm512_unpacklo_epi16(zero, hi), 24), &o->f);
    v[3] = add_residual(v[3], _mm512_srai_epi32(_mm512_unpackhi_epi16(zero, hi), 24), &o->f);
}

INLINE void store_f32(__m512 v[4], size_t i, const struct output *o, const int per_vector,
                      const bool whole, const enum rows rows)
{
    for (int q = 0; q < 4; q++)
        v[q] = activate_f32(v[q], &o->f.act);
    exchange_lanes(v);
    for (int lane = 0; lane < 4; lane++) {
        const int lanes = per_vector < 4 ? 4 / per_vector : 1, part = 16 * (lane % lanes);
        const size_t pixel = i + (size_t)(lane / lanes);
        float *y = (float *)o->y + pixel * o->y_stride + part;
        if (rows == DENSE) /* the whole vector of pixels lies side by side */
            _mm512_storeu_ps((float *)o->y + i * o->y_stride + 16 * lane, v[lane]);
        else if (pixel < o->mr && whole)
            _mm512_storeu_ps(y, v[lane]);
        else if (pixel < o->mr)
            _mm512_mask_storeu_ps(y, (__mmask16)(o->mask >> part), v[lane]);
    }
}

INLINE void store_pixels(int8_t *y, __m512i bytes, size_t i, const struct output *o,
                         const int per_vector)
{
    if (per_vector == 1) {
        _mm512_mask_storeu_epi8(y, o->mask, bytes);
    } else if (per_vector == 2) {
        _mm256_mask_storeu_epi8(y, (__mmask32)o->mask, _mm512_castsi512_si256(bytes));
        if (i + 1 < o->mr)
            _mm256_mask_storeu_epi8(y + o->y_stride, (__mmask32)o->mask,
                                    _mm512_extracti64x4_epi64(bytes, 1));
    } else {
        const __mmask16 mask = (__mmask16)o->mask;
        _mm_mask_storeu_epi8(y, mask, _mm512_castsi512_si128(bytes));
#define STORE(k)                                                                                   \
    if (i + k < o->mr)                                                                             \
        _mm_mask_storeu_epi8(y + k * o->y_stride, mask, _mm512_extracti32x4_epi32(bytes, k));
        STORE(1) STORE(2) STORE(3)
#undef STORE
    }
}

INLINE void store_s8(const __m512 v[4], size_t i, const struct output *o, const int per_vector,
                     const bool whole, const enum rows rows)
{
    const __m512i lo = _mm512_packs_epi32(quantize_f32(v[0], &o->f), quantize_f32(v[1], &o->f));
    const __m512i hi = _mm512_packs_epi32(quantize_f32(v[2], &o->f), quantize_f32(v[3], &o->f));
    const __m512i bytes = _mm512_packs_epi16(lo, hi);
    int8_t *y = (int8_t *)o->y + i * o->y_stride;
    if (rows == DENSE || (per_vector == 1 && whole))
        _mm512_storeu_si512(y, bytes);
    else
        store_pixels(y, bytes, i, o, per_vector);
}

INLINE void finish(const __m512i acc[4], size_t i, const struct output *o, const int per_vector,
                   const bool whole, const enum rows rows)
{
    __m512 v[4];
    if (i >= o->mr)
        return;
    for (int q = 0; q < 4; q++)
        v[q] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(acc[q]), o->m[q], o->bias[q]);
    if (o->r && rows != DENSE)
        add_residuals(v, i, o, per_vector);
    if (o->p->out.y_is_float)
        store_f32(v, i, o, per_vector, whole, rows);
    else
        store_s8(v, i, o, per_vector, whole, rows);
}

/* All pixels, two vectors of them at a time. */
INLINE void tile(const struct input *in, const __m512i *w_block, struct output *o, const float *m,
                 const float *bias, const int per_vector, const bool whole, const enum rows rows)
{
    const size_t taps = o->p->taps;
    const __m512i signs = _mm512_set1_epi8(-128), none = _mm512_setzero_si512();
    const __m512i zero = _mm512_set1_epi32(o->p->a_zero + 128);
    __m512i start[4];
    load_columns(o->m, m, o->mask, per_vector);
    load_columns(o->bias, bias, o->mask, per_vector);
    for (int q = 0; q < 4; q++)
        start[q] =
            _mm512_sub_epi32(none, _mm512_mullo_epi32(zero, _mm512_loadu_si512(w_block + q)));
    for (size_t i = 0; i < o->mr; i += (size_t)(2 * per_vector)) {
        const __m512i *w = w_block + 4;
        __m512i acc[2][4] = {{start[0], start[1], start[2], start[3]},
                             {start[0], start[1], start[2], start[3]}};
        for (size_t t = 0; t < taps; t += KR, w += 4) {
            const __m512i weights[4] = {_mm512_loadu_si512(w), _mm512_loadu_si512(w + 1),
                                        _mm512_loadu_si512(w + 2), _mm512_loadu_si512(w + 3)};
            for (int s = 0; s < 2; s++) {
                __m512i x[4];
                for (size_t k = 0; k < KR; k++) {
                    const size_t tap = t + k < taps ? t + k : taps - 1;
                    x[k] = load_row(in, tap, i + (size_t)(s * per_vector), per_vector, whole, rows);
                    x[k] = _mm512_xor_si512(x[k], signs);
                }
                add_products(acc[s], x, weights);
            }
        }
        finish(acc[0], i, o, per_vector, whole, rows);
        finish(acc[1], i + (size_t)per_vector, o, per_vector, whole, rows);
    }
}

static __mmask64 first_bytes(size_t n)
{
    return n < 64 ? ((__mmask64)1 << n) - 1 : ~(__mmask64)0;
}

INLINE void run(size_t nr, const struct input *in, const __m512i *w_block, struct output *o,
                const float *m, const float *bias, const enum rows rows)
{
    if (nr == 64)
        tile(in, w_block, o, m, bias, 1, true, rows);
    else if (nr > 32)
        tile(in, w_block, o, m, bias, 1, false, rows);
    else if (nr == 32)
        tile(in, w_block, o, m, bias, 2, true, rows);
    else if (nr > 16)
        tile(in, w_block, o, m, bias, 2, false, rows);
    else if (nr == 16)
        tile(in, w_block, o, m, bias, 4, true, rows);
    else
        tile(in, w_block, o, m, bias, 4, false, rows);
}

void dsq_dw_s8_16x64c4__avx512vnni(const struct dsq_dw_s8 *p, size_t mr, size_t nr,
                                   const int8_t *const *a, size_t first, size_t a_step,
                                   const void *w_block, const float *m, const float *bias,
                                   const int8_t *r, size_t r_stride, void *y, size_t y_stride)
{
    struct output o = {
        .p = p,
        .r = r,
        .y = y,
        .mr = mr,
        .r_stride = r_stride,
        .y_stride = y_stride,
        .mask = first_bytes(nr),
        .f = make_finisher(&p->out),
    };
    const struct input in = {.a = a, .first = first, .step = a_step, .mask = o.mask};
    const bool dense = a_step == nr && y_stride == nr && !r;
    if (dense && nr == 32)
        tile(&in, w_block, &o, m, bias, 2, true, DENSE);
    else if (dense && nr == 16)
        tile(&in, w_block, &o, m, bias, 4, true, DENSE);
    else if (dense && nr == 8)
        tile(&in, w_block, &o, m, bias, 8, true, DENSE);
    else if (a_step)
        run(nr, &in, w_block, &o, m, bias, STEPPED);
    else
        run(nr, &in, w_block, &o, m, bias, LISTED);
}
