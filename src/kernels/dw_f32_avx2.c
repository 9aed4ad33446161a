/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dw_f32 for AVX2 with FMA: 6 pixels by 16 channels.
 *
 * For each tap, two vectors of weights and, pixel by pixel, two vectors of the input: 12 fused
 * products on 12 accumulators. Registers: 12 accumulators, 2 weights, 1 input of 16. A block of 8
 * channels or fewer uses only the lower vector of each pair.
 */
#include <immintrin.h>
#include <stdbool.h>

#include "kernels/dw_f32.h"
#include "kernels/simd_avx2.h"

enum { MR = 6, NR = 16 };

#define INLINE static inline __attribute__((always_inline))
#define EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5)

struct output {
    const float *r;
    float *y;
    size_t r_stride, y_stride;
    struct activator act;
    __m256i mask[2]; /* the channels there are */
};

INLINE __m256 load(const float *x, __m256i mask, const bool whole)
{
    return whole ? _mm256_loadu_ps(x) : _mm256_maskload_ps(x, mask);
}

INLINE void finish_row(__m256 v, size_t i, const int c, const struct output *o, const bool whole)
{
    float *y = o->y + i * o->y_stride + 8 * c;
    if (o->r)
        v = _mm256_add_ps(v, load(o->r + i * o->r_stride + 8 * c, o->mask[c], whole));
    v = activate_f32(v, &o->act);
    if (whole)
        _mm256_storeu_ps(y, v);
    else
        _mm256_maskstore_ps(y, o->mask[c], v);
}

INLINE void tile(const struct dsq_dw_f32 *p, size_t mr, const float *const *a, size_t first,
                 size_t a_step, const float *w, const float *bias, const struct output *o,
                 const int n_vec, const bool whole, const bool stepped)
{
    const __m256 b0 = load(bias, o->mask[0], whole);
    const __m256 b1 = n_vec > 1 ? load(bias + 8, o->mask[1], whole) : b0;
    __m256 acc[MR][2] = {{b0, b1}, {b0, b1}, {b0, b1}, {b0, b1}, {b0, b1}, {b0, b1}};
    for (const float *const *end = a + p->taps * MR; a != end; a += MR, w += NR) {
        const __m256 w0 = _mm256_loadu_ps(w);
        const __m256 w1 = n_vec > 1 ? _mm256_loadu_ps(w + 8) : w0;
        const float *x = NULL;
#define ROW(i)                                                                                     \
    {                                                                                              \
        x = !stepped ? a[i] + first : i == 0 ? a[0] + first : x + a_step;                          \
        acc[i][0] = _mm256_fmadd_ps(load(x, o->mask[0], whole), w0, acc[i][0]);                    \
        if (n_vec > 1)                                                                             \
            acc[i][1] = _mm256_fmadd_ps(load(x + 8, o->mask[1], whole), w1, acc[i][1]);            \
    }
        EACH_ROW(ROW)
#undef ROW
    }
#define ROW(i)                                                                                     \
    if (i < mr) {                                                                                  \
        finish_row(acc[i][0], i, 0, o, whole);                                                     \
        if (n_vec > 1)                                                                             \
            finish_row(acc[i][1], i, 1, o, whole);                                                 \
    }
    EACH_ROW(ROW)
#undef ROW
}

INLINE void run(const struct dsq_dw_f32 *p, size_t mr, size_t nr, const float *const *a,
                size_t first, size_t a_step, const float *w, const float *bias,
                const struct output *o, const bool stepped)
{
    if (nr == NR)
        tile(p, mr, a, first, a_step, w, bias, o, 2, true, stepped);
    else if (nr > 8)
        tile(p, mr, a, first, a_step, w, bias, o, 2, false, stepped);
    else if (nr == 8)
        tile(p, mr, a, first, a_step, w, bias, o, 1, true, stepped);
    else
        tile(p, mr, a, first, a_step, w, bias, o, 1, false, stepped);
}

void dsq_dw_f32_6x16__avx2(const struct dsq_dw_f32 *p, size_t mr, size_t nr, const float *const *a,
                           size_t first, size_t a_step, const float *w_block, const float *bias,
                           const float *r, size_t r_stride, float *y, size_t y_stride)
{
    const struct output o = {
        .r = r,
        .y = y,
        .r_stride = r_stride,
        .y_stride = y_stride,
        .act = make_activator(&p->act, p->act.lo, p->act.hi),
        .mask = {first_lanes(nr), first_lanes(nr > 8 ? nr - 8 : 0)},
    };
    if (a_step)
        run(p, mr, nr, a, first, a_step, w_block, bias, &o, true);
    else
        run(p, mr, nr, a, first, 0, w_block, bias, &o, false);
}
