/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dw_f32 for AVX-512: 12 pixels by 32 channels.
 *
 * For each tap, two vectors of weights and, pixel by pixel, two vectors of the input as operands in
 * memory: 24 fused products on 24 accumulators. One product needs one load, so both run at the rate
 * of full vectors a cycle; sharing what neighbouring windows have in common would save loads that
 * cost nothing. A block of 16 channels or fewer uses only the lower vector of each pair, and of 8
 * or fewer half of that. The products need AVX-512 F and VL alone; the level is the one that there
 * is.
 */
#include <immintrin.h>
#include <stdbool.h>

#include "kernels/dw_f32.h"
#include "kernels/simd_avx512.h"

enum { MR = 12, NR = 32 };

#define INLINE static inline __attribute__((always_inline))
#define EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

struct output {
    const float *r;
    float *y;
    size_t r_stride, y_stride;
    struct activator act;
    __mmask16 mask[2]; /* the channels there are */
};

INLINE __m512 load(const float *x, __mmask16 mask, const bool whole)
{
    return whole ? _mm512_loadu_ps(x) : _mm512_maskz_loadu_ps(mask, x);
}

INLINE void finish_row(__m512 v, size_t i, const int c, const struct output *o, const bool whole)
{
    float *y = o->y + i * o->y_stride + 16 * c;
    if (o->r)
        v = _mm512_add_ps(v, load(o->r + i * o->r_stride + 16 * c, o->mask[c], whole));
    v = activate_f32(v, &o->act);
    if (whole)
        _mm512_storeu_ps(y, v);
    else
        _mm512_mask_storeu_ps(y, o->mask[c], v);
}

INLINE void tile(const struct dsq_dw_f32 *p, size_t mr, const float *const *a, size_t first,
                 size_t a_step, const float *w, const float *bias, const struct output *o,
                 const int n_vec, const bool whole, const bool stepped)
{
    const __m512 b0 = load(bias, o->mask[0], whole);
    const __m512 b1 = n_vec > 1 ? load(bias + 16, o->mask[1], whole) : b0;
    __m512 acc[MR][2];
#define ROW(i) acc[i][0] = b0, acc[i][1] = b1;
    EACH_ROW(ROW)
#undef ROW
    for (const float *const *end = a + p->taps * MR; a != end; a += MR, w += NR) {
        const __m512 w0 = _mm512_loadu_ps(w);
        const __m512 w1 = n_vec > 1 ? _mm512_loadu_ps(w + 16) : w0;
        const float *x = NULL;
#define ROW(i)                                                                                     \
    {                                                                                              \
        x = !stepped ? a[i] + first : i == 0 ? a[0] + first : x + a_step;                          \
        acc[i][0] = _mm512_fmadd_ps(load(x, o->mask[0], whole), w0, acc[i][0]);                    \
        if (n_vec > 1)                                                                             \
            acc[i][1] = _mm512_fmadd_ps(load(x + 16, o->mask[1], whole), w1, acc[i][1]);           \
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

/* Up to 8 channels, in half vectors. */
INLINE void tile_half(const struct dsq_dw_f32 *p, size_t mr, const float *const *a, size_t first,
                      size_t a_step, const float *w, const float *bias, const struct output *o,
                      const bool whole, const bool stepped)
{
    const __mmask8 mask = (__mmask8)o->mask[0];
    const __m256 b = _mm256_maskz_loadu_ps(mask, bias);
    __m256 acc[MR];
#define ROW(i) acc[i] = b;
    EACH_ROW(ROW)
#undef ROW
    for (const float *const *end = a + p->taps * MR; a != end; a += MR, w += NR) {
        const __m256 wt = _mm256_loadu_ps(w);
        const float *x = NULL;
#define ROW(i)                                                                                     \
    x = !stepped ? a[i] + first : i == 0 ? a[0] + first : x + a_step;                              \
    acc[i] =                                                                                       \
        _mm256_fmadd_ps(whole ? _mm256_loadu_ps(x) : _mm256_maskz_loadu_ps(mask, x), wt, acc[i]);
        EACH_ROW(ROW)
#undef ROW
    }
#define ROW(i)                                                                                     \
    if (i < mr) {                                                                                  \
        __m256 v = acc[i];                                                                         \
        if (o->r)                                                                                  \
            v = _mm256_add_ps(v, _mm256_maskz_loadu_ps(mask, o->r + i * o->r_stride));             \
        v = activate_f32x8(v, &o->act);                                                            \
        if (whole)                                                                                 \
            _mm256_storeu_ps(o->y + i * o->y_stride, v);                                           \
        else                                                                                       \
            _mm256_mask_storeu_ps(o->y + i * o->y_stride, mask, v);                                \
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
    else if (nr > 16)
        tile(p, mr, a, first, a_step, w, bias, o, 2, false, stepped);
    else if (nr == 16)
        tile(p, mr, a, first, a_step, w, bias, o, 1, true, stepped);
    else if (nr > 8)
        tile(p, mr, a, first, a_step, w, bias, o, 1, false, stepped);
    else if (nr == 8)
        tile_half(p, mr, a, first, a_step, w, bias, o, true, stepped);
    else
        tile_half(p, mr, a, first, a_step, w, bias, o, false, stepped);
}

void dsq_dw_f32_12x32__avx512vnni(const struct dsq_dw_f32 *p, size_t mr, size_t nr,
                                  const float *const *a, size_t first, size_t a_step,
                                  const float *w_block, const float *bias, const float *r,
                                  size_t r_stride, float *y, size_t y_stride)
{
    const struct output o = {
        .r = r,
        .y = y,
        .r_stride = r_stride,
        .y_stride = y_stride,
        .act = make_activator(&p->act, p->act.lo, p->act.hi),
        .mask = {first_lanes(nr), first_lanes(nr > 16 ? nr - 16 : 0)},
    };
    if (a_step)
        run(p, mr, nr, a, first, a_step, w_block, bias, &o, true);
    else
        run(p, mr, nr, a, first, 0, w_block, bias, &o, false);
}
