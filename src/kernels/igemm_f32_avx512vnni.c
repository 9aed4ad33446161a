/* SPDX-License-Identifier: Apache-2.0 */
/*
 * igemm_f32 for AVX-512: 12 rows by 32 columns.
 *
 * For each k, two vectors of weights and, row by row, one element of a broadcast: 24 fused products
 * on 24 accumulators. Registers: 24 accumulators, 2 weights, 1 broadcast of 32. A block with 16
 * columns or fewer left uses only the lower vector of each pair, and a vector of which 8 or fewer
 * columns are left is a half one. Each lane is one output's chain, so the order is the
 * definition's. The products need AVX-512 F alone; the level is the one that there is.
 */
#include <immintrin.h>
#include <stdbool.h>

#include "kernels/igemm_f32.h"
#include "kernels/simd_avx512.h"

enum { MR = 12, NR = 32 };

#define INLINE static inline __attribute__((always_inline))
#define EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

/* One k: columns [0, 16 * n_vec) of all rows. */
INLINE void step(__m512 acc[MR][2], const float *const row[MR], size_t k, const float *w,
                 const int n_vec)
{
    __m512 w0 = _mm512_loadu_ps(w);
    __m512 w1 = n_vec > 1 ? _mm512_loadu_ps(w + 16) : w0;
#define ROW(i)                                                                                     \
    {                                                                                              \
        __m512 x = _mm512_set1_ps(row[i][k]);                                                      \
        acc[i][0] = _mm512_fmadd_ps(x, w0, acc[i][0]);                                             \
        if (n_vec > 1)                                                                             \
            acc[i][1] = _mm512_fmadd_ps(x, w1, acc[i][1]);                                         \
    }
    EACH_ROW(ROW)
#undef ROW
}

struct output {
    const float *r;
    float *y;
    size_t r_stride, y_stride;
    struct activator act;
    __mmask16 mask[2]; /* the columns there are */
    bool whole;        /* no vector has fewer than 16 */
};

INLINE void finish_row(__m512 v, size_t i, const int c, const struct output *o)
{
    float *y = o->y + i * o->y_stride + 16 * c;
    if (o->r)
        v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(o->mask[c], o->r + i * o->r_stride + 16 * c));
    v = activate_f32(v, &o->act);
    if (o->whole)
        _mm512_storeu_ps(y, v);
    else
        _mm512_mask_storeu_ps(y, o->mask[c], v);
}

INLINE void tile(const struct dsq_igemm_f32 *p, size_t mr, const float *const *a, const float *w,
                 const float *bias, const struct output *o, const int n_vec)
{
    const __m512 b0 = _mm512_maskz_loadu_ps(o->mask[0], bias);
    const __m512 b1 = n_vec > 1 ? _mm512_maskz_loadu_ps(o->mask[1], bias + 16) : b0;
    __m512 acc[MR][2];
#define ROW(i) acc[i][0] = b0, acc[i][1] = b1;
    EACH_ROW(ROW)
#undef ROW
    const size_t kc = p->kc;
    for (const float *const *end = a + p->taps * MR; a != end; a += MR) {
        const float *const row[MR] = {a[0], a[1], a[2], a[3], a[4],  a[5],
                                      a[6], a[7], a[8], a[9], a[10], a[11]};
        /* The next tap's rows begin elsewhere: ask for them while this tap's are multiplied. */
        const float *const *next = a + MR != end ? a + MR : a;
#define ROW(i) _mm_prefetch((const char *)next[i], _MM_HINT_T0);
        EACH_ROW(ROW)
#undef ROW
        for (size_t k = 0; k < kc; k++, w += NR)
            step(acc, row, k, w, n_vec);
    }
#define ROW(i)                                                                                     \
    if (i < mr) {                                                                                  \
        finish_row(acc[i][0], i, 0, o);                                                            \
        if (n_vec > 1)                                                                             \
            finish_row(acc[i][1], i, 1, o);                                                        \
    }
    EACH_ROW(ROW)
#undef ROW
}

/* Up to 8 columns from `column` on, in half vectors. */
INLINE void tile_half(const struct dsq_igemm_f32 *p, size_t mr, const float *const *a,
                      const float *w, const float *bias, const struct output *o, size_t column)
{
    const __mmask8 mask = (__mmask8)o->mask[column / 16];
    const __m256 b = _mm256_maskz_loadu_ps(mask, bias + column);
    __m256 acc[MR];
#define ROW(i) acc[i] = b;
    EACH_ROW(ROW)
#undef ROW
    w += column;
    const size_t kc = p->kc;
    for (const float *const *end = a + p->taps * MR; a != end; a += MR)
        for (size_t k = 0; k < kc; k++, w += NR) {
            const __m256 wk = _mm256_loadu_ps(w);
#define ROW(i) acc[i] = _mm256_fmadd_ps(_mm256_set1_ps(a[i][k]), wk, acc[i]);
            EACH_ROW(ROW)
#undef ROW
        }
#define ROW(i)                                                                                     \
    if (i < mr) {                                                                                  \
        __m256 v = acc[i];                                                                         \
        if (o->r)                                                                                  \
            v = _mm256_add_ps(v, _mm256_maskz_loadu_ps(mask, o->r + i * o->r_stride + column));    \
        v = activate_f32x8(v, &o->act);                                                            \
        if (mask == 0xff)                                                                          \
            _mm256_storeu_ps(o->y + i * o->y_stride + column, v);                                  \
        else                                                                                       \
            _mm256_mask_storeu_ps(o->y + i * o->y_stride + column, mask, v);                       \
    }
    EACH_ROW(ROW)
#undef ROW
}

void dsq_igemm_f32_12x32__avx512vnni(const struct dsq_igemm_f32 *p, size_t mr, size_t nr,
                                     const float *const *a, const float *w_block, const float *bias,
                                     const float *r, size_t r_stride, float *y, size_t y_stride)
{
    const struct output o = {
        .r = r,
        .y = y,
        .r_stride = r_stride,
        .y_stride = y_stride,
        .act = make_activator(&p->act, p->act.lo, p->act.hi),
        .mask = {first_lanes(nr), first_lanes(nr > 16 ? nr - 16 : 0)},
        .whole = nr % 16 == 0 || (nr > 16 && nr <= 24),
    };
    if (nr > 24)
        tile(p, mr, a, w_block, bias, &o, 2);
    else if (nr > 8)
        tile(p, mr, a, w_block, bias, &o, 1);
    if (nr <= 8 || (nr > 16 && nr <= 24))
        tile_half(p, mr, a, w_block, bias, &o, nr > 16 ? 16 : 0);
}
