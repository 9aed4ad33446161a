/* SPDX-License-Identifier: Apache-2.0 */
/*
 * igemm_f32 for AVX2 with FMA: 6 rows by 16 columns.
 *
 * For each k, two vectors of weights and, row by row, one element of a broadcast: 12 fused products
 * on 12 accumulators, enough to hide the latency of 4 or 5 cycles at two a cycle. Registers: 12
 * accumulators, 2 weights, 1 broadcast of 16. A block with 8 columns or fewer left uses only the
 * lower vector of each pair. Each lane is one output's chain, so the order is the definition's.
 */
#include <immintrin.h>
#include <stdbool.h>

#include "kernels/igemm_f32.h"
#include "kernels/simd_avx2.h"

enum { MR = 6, NR = 16 };

#define INLINE static inline __attribute__((always_inline))

/* One k: columns [0, 8 * n_vec) of all rows. */
INLINE void step(__m256 acc[MR][2], const float *const row[MR], size_t k, const float *w,
                 const int n_vec)
{
    __m256 w0 = _mm256_loadu_ps(w);
    __m256 w1 = n_vec > 1 ? _mm256_loadu_ps(w + 8) : w0;
#define ROW(i)                                                                                     \
    {                                                                                              \
        __m256 x = _mm256_broadcast_ss(row[i] + k);                                                \
        acc[i][0] = _mm256_fmadd_ps(x, w0, acc[i][0]);                                             \
        if (n_vec > 1)                                                                             \
            acc[i][1] = _mm256_fmadd_ps(x, w1, acc[i][1]);                                         \
    }
    ROW(0) ROW(1) ROW(2) ROW(3) ROW(4) ROW(5)
#undef ROW
}

struct output {
    const float *r;
    float *y;
    size_t r_stride, y_stride;
    struct activator act;
    __m256i mask[2]; /* the columns there are */
    bool whole;      /* all NR of them */
};

INLINE void finish_row(const __m256 acc[2], size_t i, const struct output *o, const int n_vec)
{
    float *y = o->y + i * o->y_stride;
    const float *r = o->r ? o->r + i * o->r_stride : NULL;
    for (int c = 0; c < n_vec; c++) {
        __m256 v = acc[c];
        if (r)
            v = _mm256_add_ps(v, o->whole ? _mm256_loadu_ps(r + 8 * c)
                                          : _mm256_maskload_ps(r + 8 * c, o->mask[c]));
        v = activate_f32(v, &o->act);
        if (o->whole)
            _mm256_storeu_ps(y + 8 * c, v);
        else
            _mm256_maskstore_ps(y + 8 * c, o->mask[c], v);
    }
}

INLINE void tile(const struct dsq_igemm_f32 *p, size_t mr, const float *const *a, const float *w,
                 const float *bias, const struct output *o, const int n_vec)
{
    __m256 b0 = _mm256_maskload_ps(bias, o->mask[0]);
    __m256 b1 = n_vec > 1 ? _mm256_maskload_ps(bias + 8, o->mask[1]) : b0;
    __m256 acc[MR][2] = {{b0, b1}, {b0, b1}, {b0, b1}, {b0, b1}, {b0, b1}, {b0, b1}};
    const size_t kc = p->kc;
    for (const float *const *end = a + p->taps * MR; a != end; a += MR) {
        const float *const row[MR] = {a[0], a[1], a[2], a[3], a[4], a[5]};
        for (size_t k = 0; k < kc; k++, w += NR)
            step(acc, row, k, w, n_vec);
    }
#define ROW(i)                                                                                     \
    if (i < mr)                                                                                    \
        finish_row(acc[i], i, o, n_vec);
    ROW(0) ROW(1) ROW(2) ROW(3) ROW(4) ROW(5)
#undef ROW
}

void dsq_igemm_f32_6x16__avx2(const struct dsq_igemm_f32 *p, size_t mr, size_t nr,
                              const float *const *a, const float *w_block, const float *bias,
                              const float *r, size_t r_stride, float *y, size_t y_stride)
{
    const struct output o = {
        .r = r,
        .y = y,
        .r_stride = r_stride,
        .y_stride = y_stride,
        .act = make_activator(&p->act, p->act.lo, p->act.hi),
        .mask = {first_lanes(nr), first_lanes(nr > 8 ? nr - 8 : 0)},
        .whole = nr == NR,
    };
    if (nr > 8)
        tile(p, mr, a, w_block, bias, &o, 2);
    else
        tile(p, mr, a, w_block, bias, &o, 1);
}
