/* SPDX-License-Identifier: Apache-2.0 */
/*
 * igemm_s8 for AVX-512 with VNNI: 12 rows by 32 columns, 4 bytes of k at a time.
 *
 * vpdpbusd multiplies an unsigned by a signed operand. The unsigned one is the weights, packed as
 * w + 128; the signed one is 4 bytes of a row, broadcast, so a takes its whole range as it is. Then
 *     sum a * (w + 128) = sum a * w + 128 * sum a
 * and 128 * sum a of each row, with a_zero * sum w of each column, is where the accumulators start,
 * negated. All of it is arithmetic modulo 2^32 with a result that fits, so what wraps on the way
 * does no harm. Registers: 24 accumulators, 2 weights, 1 broadcast of 32. A block with 16 columns
 * or fewer left uses only the lower vector of each pair.
 */
#include <immintrin.h>

#include "kernels/fused_bound.h"
#include "kernels/group4.h"
#include "kernels/igemm_s8.h"

enum { MR = 12, NR = 32, KR = 4, GROUP_BYTES = NR * KR };

#define INLINE static inline __attribute__((always_inline))
#define EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

/* One group of k for all rows; `bytes` gives 4 bytes of a row in each lane. */
#define STEP_ROW(i, bytes)                                                                         \
    {                                                                                              \
        __m512i x = bytes;                                                                         \
        acc[i][0] = _mm512_dpbusd_epi32(acc[i][0], w0, x);                                         \
        if (n_vec > 1)                                                                             \
            acc[i][1] = _mm512_dpbusd_epi32(acc[i][1], w1, x);                                     \
    }

INLINE void step(__m512i acc[MR][2], const int8_t *const row[MR], size_t k, const uint8_t *w,
                 const int n_vec)
{
    __m512i w0 = _mm512_loadu_si512(w);
    __m512i w1 = n_vec > 1 ? _mm512_loadu_si512(w + 64) : w0;
#define ROW(i) STEP_ROW(i, _mm512_set1_epi32(load4(row[i] + k)))
    EACH_ROW(ROW)
#undef ROW
}

/* The last kc % 4 bytes of rows of more than 4. */
INLINE void step_tail(__m512i acc[MR][2], const int8_t *const row[MR], size_t kc, const uint8_t *w,
                      const int n_vec)
{
    const __m128i shift = _mm_cvtsi32_si128(tail_shift(kc));
    __m512i w0 = _mm512_loadu_si512(w);
    __m512i w1 = n_vec > 1 ? _mm512_loadu_si512(w + 64) : w0;
#define ROW(i) STEP_ROW(i, _mm512_srl_epi32(_mm512_set1_epi32(last4(row[i], kc)), shift))
    EACH_ROW(ROW)
#undef ROW
}

/* Rows of less than 4 bytes. */
INLINE void step_short(__m512i acc[MR][2], const int8_t *const row[MR], size_t kc, const uint8_t *w,
                       const int n_vec)
{
    __m512i w0 = _mm512_loadu_si512(w);
    __m512i w1 = n_vec > 1 ? _mm512_loadu_si512(w + 64) : w0;
#define ROW(i) STEP_ROW(i, _mm512_set1_epi32(short_tail(row[i], kc)))
    EACH_ROW(ROW)
#undef ROW
}

/* First the whole groups of all taps, then the tails of all taps: the sum is the same, and with one
 * step in each loop compilers keep the accumulators in registers. */
INLINE void accumulate(__m512i acc[MR][2], const struct dsq_igemm_s8 *p, const int8_t *const *a,
                       const uint8_t *w, const int n_vec)
{
    const size_t kc = p->kc, whole = kc / KR * KR, tap_bytes = (kc + KR - 1) / KR * GROUP_BYTES;
    const int8_t *const *const end = a + p->taps * MR;
#define ROWS(a)                                                                                    \
    {                                                                                              \
        a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]                   \
    }
    if (whole > 0) {
        const uint8_t *group = w;
        for (const int8_t *const *tap = a; tap != end; tap += MR) {
            const int8_t *const row[MR] = ROWS(tap);
            for (size_t k = 0; k < whole; k += KR, group += GROUP_BYTES)
                step(acc, row, k, group, n_vec);
            group += tap_bytes - whole / KR * GROUP_BYTES;
        }
    }
    if (whole == kc)
        return;
    w += whole / KR * GROUP_BYTES;
    for (; a != end; a += MR, w += tap_bytes) {
        const int8_t *const row[MR] = ROWS(a);
        if (whole > 0)
            step_tail(acc, row, kc, w, n_vec);
        else
            step_short(acc, row, kc, w, n_vec);
    }
#undef ROWS
}

struct output {
    const struct dsq_igemm_s8 *p;
    const int8_t *r;
    void *y;
    size_t r_stride, y_stride;
    __mmask16 mask[2]; /* the columns there are */
    bool whole;        /* all NR of them */
    __m512 m[2], bias[2], r_scale, inv_scale, zero, lo, hi;
    __m512i r_zero, y_zero;
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
    __m512i steps = _mm512_sub_epi32(_mm512_cvtepi8_epi32(bytes), o->r_zero);
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(steps), o->r_scale, v);
}

/* MAX and MIN give their second operand when either is NaN, so NaN passes. */
INLINE __m512 clamp(__m512 v, const struct output *o)
{
    return _mm512_min_ps(o->hi, _mm512_max_ps(o->lo, v));
}

/* As dsq_clamp_f32 and dsq_quantize_f32 (see fused_bound). Adding a zero point of 0 changes at most
 * the sign of a zero, which the integer does not have. A lane with NaN keeps the zero point. */
INLINE __m128i quantize(__m512 y, const struct output *o)
{
    __m512 v = _mm512_add_ps(_mm512_mul_ps(y, o->inv_scale), o->zero);
    __mmask16 number = _mm512_cmp_ps_mask(v, v, _CMP_ORD_Q);
    return _mm512_cvtepi32_epi8(_mm512_mask_cvtps_epi32(o->y_zero, number, clamp(v, o)));
}

/* The epilogue of the whole tile. Not inlined: its constants would take registers from the
 * products. */
static __attribute__((noinline)) void finish(const __m512i acc[MR][2], size_t mr, int n_vec,
                                             const struct output *o)
{
    for (size_t i = 0; i < mr; i++)
        for (int c = 0; c < n_vec; c++) {
            __m512 v = scale(acc[i][c], i, c, o);
            size_t at = i * o->y_stride + 16 * (size_t)c;
            float *yf = (float *)o->y + at;
            int8_t *yq = (int8_t *)o->y + at;
            if (o->p->y_is_float && o->whole)
                _mm512_storeu_ps(yf, clamp(v, o));
            else if (o->p->y_is_float)
                _mm512_mask_storeu_ps(yf, o->mask[c], clamp(v, o));
            else if (o->whole)
                _mm_storeu_si128((__m128i *)yq, quantize(v, o));
            else
                _mm_mask_storeu_epi8(yq, o->mask[c], quantize(v, o));
        }
}

INLINE void tile(const int8_t *const *a, size_t mr, const int32_t *row_sums, const void *w_block,
                 const struct output *o, const int n_vec)
{
    const __m512i *sums = w_block;
    const __m512i a_zero = _mm512_set1_epi32(o->p->a_zero);
    const __m512i c0 = _mm512_mullo_epi32(a_zero, _mm512_loadu_si512(sums));
    const __m512i c1 = _mm512_mullo_epi32(a_zero, _mm512_loadu_si512(sums + 1));
    __m512i acc[MR][2];
#define ROW(i)                                                                                     \
    {                                                                                              \
        __m512i start = _mm512_set1_epi32((int32_t)(0u - 128u * (uint32_t)row_sums[i]));           \
        acc[i][0] = _mm512_sub_epi32(start, c0);                                                   \
        acc[i][1] = _mm512_sub_epi32(start, c1);                                                   \
    }
    EACH_ROW(ROW)
#undef ROW
    accumulate(acc, o->p, a, (const uint8_t *)(sums + 2), n_vec);

    __m512i sums_of_tile[MR][2];
#define ROW(i) sums_of_tile[i][0] = acc[i][0], sums_of_tile[i][1] = acc[i][1];
    EACH_ROW(ROW)
#undef ROW
    finish(sums_of_tile, mr, n_vec, o);
}

static __mmask16 first_lanes(size_t n)
{
    return (__mmask16)(n < 16 ? (1u << n) - 1 : 0xffff);
}

void dsq_igemm_s8_12x32c4__avx512vnni(const struct dsq_igemm_s8 *p, size_t mr, size_t nr,
                                      const int8_t *const *a, const int32_t *row_sums,
                                      const void *w_block, const float *m, const float *bias,
                                      const int8_t *r, size_t r_stride, void *y, size_t y_stride)
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
        .r_scale = _mm512_set1_ps(p->r_scale),
        .inv_scale = _mm512_set1_ps(p->y_inv_scale),
        .zero = _mm512_set1_ps((float)p->y_zero),
        .lo = _mm512_set1_ps(p->y_is_float ? p->act_lo : fused_bound(p, p->act_lo)),
        .hi = _mm512_set1_ps(p->y_is_float ? p->act_hi : fused_bound(p, p->act_hi)),
        .r_zero = _mm512_set1_epi32(p->r_zero),
        .y_zero = _mm512_set1_epi32(p->y_zero),
    };
    if (nr > 16)
        tile(a, mr, row_sums, w_block, &o, 2);
    else
        tile(a, mr, row_sums, w_block, &o, 1);
}

/* Ones times the bytes, 64 of them at a time. */
static int32_t sum_row(const int8_t *const *a, size_t taps, size_t kc)
{
    const __m512i ones = _mm512_set1_epi8(1);
    const size_t whole = kc / 64 * 64;
    const __mmask64 tail = ((__mmask64)1 << (kc % 64)) - 1;
    __m512i sum = _mm512_setzero_si512();
    for (size_t t = 0; t < taps; t++) {
        const int8_t *row = a[t * MR];
        for (size_t k = 0; k < whole; k += 64)
            sum = _mm512_dpbusd_epi32(sum, ones, _mm512_loadu_si512(row + k));
        if (tail)
            sum = _mm512_dpbusd_epi32(sum, ones, _mm512_maskz_loadu_epi8(tail, row + whole));
    }
    return _mm512_reduce_add_epi32(sum);
}

void dsq_igemm_s8_row_sums_12__avx512vnni(size_t taps, size_t kc, const int8_t *const *a,
                                          int32_t *sums)
{
    for (size_t i = 0; i < MR; i++)
        sums[i] = sum_row(a + i, taps, kc);
}
