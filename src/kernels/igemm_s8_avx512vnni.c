/* SPDX-License-Identifier: Apache-2.0 */
/*
 * igemm_s8 for AVX-512 with VNNI: 12 rows by 32 columns, 4 bytes of k at a time.
 *
 * vpdpbusd multiplies an unsigned by a signed operand. The unsigned one is 4 bytes of a row,
 * broadcast, the signed one the weights. Where a may be negative its sign bits are flipped, which
 * makes it a + 128, on ports that the products do not use. Then
 *     sum (a + 128) * w = sum a * w + 128 * sum w
 * and (a_zero + 128) * sum w of each column is where the accumulators start, negated. All of it is
 * arithmetic modulo 2^32 with a result that fits, so what wraps on the way does no harm. Registers:
 * 24 accumulators, 2 weights, 1 broadcast, the sign bits of 32. A block with 16 columns or fewer
 * left uses only the lower vector of each pair.
 */
#include <immintrin.h>
#include <stdbool.h>

#include "kernels/group4.h"
#include "kernels/igemm_s8.h"
#include "kernels/simd_avx512.h"

enum { MR = 12, NR = 32, KR = 4, GROUP_BYTES = NR * KR };

#define INLINE static inline __attribute__((always_inline))
#define EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

/* One group of k for all rows; `bytes(i)` gives 4 bytes of row i. */
#define STEP_ROW(i, bytes)                                                                         \
    {                                                                                              \
        __m512i x = _mm512_set1_epi32(bytes);                                                      \
        if (!nonnegative)                                                                          \
            x = _mm512_xor_si512(x, signs);                                                        \
        acc[i][0] = _mm512_dpbusd_epi32(acc[i][0], x, w0);                                         \
        if (n_vec > 1)                                                                             \
            acc[i][1] = _mm512_dpbusd_epi32(acc[i][1], x, w1);                                     \
    }
#define STEP(ROW, w)                                                                               \
    {                                                                                              \
        __m512i w0 = _mm512_loadu_si512(w);                                                        \
        __m512i w1 = n_vec > 1 ? _mm512_loadu_si512((w) + 64) : w0;                                \
        EACH_ROW(ROW)                                                                              \
    }
#define ROWS(a)                                                                                    \
    {                                                                                              \
        a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]                   \
    }

/* Rows of at least 4 bytes: the last group may overlap the one before, where its weights are 0. */
INLINE void accumulate(__m512i acc[MR][2], const struct dsq_igemm_s8 *p, const int8_t *const *a,
                       const int8_t *w, const bool nonnegative, const int n_vec)
{
    const __m512i signs = _mm512_set1_epi8(-128);
    const size_t last = p->kc - KR, groups = (p->kc + KR - 1) / KR;
    for (const int8_t *const *end = a + p->taps * MR; a != end; a += MR) {
        const int8_t *const row[MR] = ROWS(a);
        /* The next tap's rows begin elsewhere: ask for them while this tap's are multiplied. */
        const int8_t *const *next = a + MR != end ? a + MR : a;
#define ROW(i) _mm_prefetch((const char *)next[i], _MM_HINT_T0);
        EACH_ROW(ROW)
#undef ROW
        size_t k = 0;
        for (const int8_t *tap_end = w + groups * GROUP_BYTES; w != tap_end; w += GROUP_BYTES) {
#define ROW(i) STEP_ROW(i, load4(row[i] + k))
            STEP(ROW, w)
#undef ROW
            k = k + KR < last ? k + KR : last;
        }
    }
}

/* Rows of less than 4 bytes. */
INLINE void accumulate_short(__m512i acc[MR][2], const struct dsq_igemm_s8 *p,
                             const int8_t *const *a, const int8_t *w, const bool nonnegative,
                             const int n_vec)
{
    const __m512i signs = _mm512_set1_epi8(-128);
    for (const int8_t *const *end = a + p->taps * MR; a != end; a += MR, w += GROUP_BYTES) {
#define ROW(i) STEP_ROW(i, short_tail(a[i], p->kc))
        STEP(ROW, w)
#undef ROW
    }
}

struct output {
    const struct dsq_igemm_s8 *p;
    const int8_t *r;
    void *y;
    size_t r_stride, y_stride;
    __mmask16 mask[2]; /* the columns there are */
    bool whole;        /* all NR of them */
    __m512 m[2], bias[2];
    struct finisher f;
};

/* Column vector c of row i in float, before the activation. */
INLINE __m512 scale(__m512i acc, size_t i, int c, const struct output *o)
{
    __m512 v = _mm512_fmadd_ps(_mm512_cvtepi32_ps(acc), o->m[c], o->bias[c]);
    if (!o->r)
        return v;
    const int8_t *r = o->r + i * o->r_stride + 16 * c;
    __m128i bytes =
        o->whole ? _mm_loadu_si128((const __m128i *)r) : _mm_maskz_loadu_epi8(o->mask[c], r);
    return add_residual(v, _mm512_cvtepi8_epi32(bytes), &o->f);
}

INLINE void finish_row(__m512i acc, size_t i, const int c, const struct output *o)
{
    __m512 v = scale(acc, i, c, o);
    size_t at = i * o->y_stride + 16 * (size_t)c;
    float *yf = (float *)o->y + at;
    int8_t *yq = (int8_t *)o->y + at;
    if (o->p->out.y_is_float && o->whole)
        _mm512_storeu_ps(yf, activate_f32(v, &o->f.act));
    else if (o->p->out.y_is_float)
        _mm512_mask_storeu_ps(yf, o->mask[c], activate_f32(v, &o->f.act));
    else if (o->whole)
        _mm_storeu_si128((__m128i *)yq, _mm512_cvtepi32_epi8(quantize_f32(v, &o->f)));
    else
        _mm_mask_storeu_epi8(yq, o->mask[c], _mm512_cvtepi32_epi8(quantize_f32(v, &o->f)));
}

INLINE void tile(const int8_t *const *a, size_t mr, const void *w_block, const struct output *o,
                 const bool nonnegative, const int n_vec)
{
    const __m512i *sums = w_block, none = _mm512_setzero_si512();
    const __m512i zero = _mm512_set1_epi32(o->p->a_zero + (nonnegative ? 0 : 128));
    const __m512i c0 = _mm512_sub_epi32(none, _mm512_mullo_epi32(zero, _mm512_loadu_si512(sums)));
    const __m512i c1 =
        _mm512_sub_epi32(none, _mm512_mullo_epi32(zero, _mm512_loadu_si512(sums + 1)));
    const int8_t *w = (const int8_t *)(sums + 2);
    __m512i acc[MR][2];
#define ROW(i) acc[i][0] = c0, acc[i][1] = c1;
    EACH_ROW(ROW)
#undef ROW
    if (o->p->kc >= KR)
        accumulate(acc, o->p, a, w, nonnegative, n_vec);
    else
        accumulate_short(acc, o->p, a, w, nonnegative, n_vec);

#define ROW(i)                                                                                     \
    if (i < mr) {                                                                                  \
        finish_row(acc[i][0], i, 0, o);                                                            \
        if (n_vec > 1)                                                                             \
            finish_row(acc[i][1], i, 1, o);                                                        \
    }
    EACH_ROW(ROW)
#undef ROW
}

void dsq_igemm_s8_12x32c4__avx512vnni(const struct dsq_igemm_s8 *p, size_t mr, size_t nr,
                                      const int8_t *const *a, const void *w_block, const float *m,
                                      const float *bias, const int8_t *r, size_t r_stride, void *y,
                                      size_t y_stride)
{
    const __mmask16 mask0 = first_lanes(nr), mask1 = first_lanes(nr > 16 ? nr - 16 : 0);
    const struct output o = {
        .p = p,
        .r = r,
        .y = y,
        .r_stride = r_stride,
        .y_stride = y_stride,
        .mask = {mask0, mask1},
        .whole = nr == NR,
        .m = {_mm512_maskz_loadu_ps(mask0, m), _mm512_maskz_loadu_ps(mask1, m + 16)},
        .bias = {_mm512_maskz_loadu_ps(mask0, bias), _mm512_maskz_loadu_ps(mask1, bias + 16)},
        .f = make_finisher(&p->out),
    };
    if (nr > 16 && p->a_nonnegative)
        tile(a, mr, w_block, &o, true, 2);
    else if (nr > 16)
        tile(a, mr, w_block, &o, false, 2);
    else if (p->a_nonnegative)
        tile(a, mr, w_block, &o, true, 1);
    else
        tile(a, mr, w_block, &o, false, 1);
}
