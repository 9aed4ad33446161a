/* SPDX-License-Identifier: Apache-2.0 */
/*
 * igemm_s8 for AVX2: 4 rows by 16 columns, 4 bytes of k at a time.
 *
 * A group of 4 bytes of a row is broadcast and meets 8 columns of weights in one vector. vpmaddubsw
 * wants an unsigned and a signed operand: |a| and the weights with a's signs. Its s16 sums of two
 * products are exact, 2 * 128 * 127 < 2^15; vpmaddwd with ones adds the pairs. When no a is
 * negative the sign step falls away. Registers: 8 accumulators, 2 weights, a row's bytes and their
 * absolute values, the ones, 3 temporaries of 16. A block with 8 columns or fewer left uses only
 * the lower vector of each pair.
 */
#include <immintrin.h>

#include "kernels/group4.h"
#include "kernels/igemm_s8.h"
#include "kernels/simd_avx2.h"

enum { MR = 4, NR = 16, KR = 4, GROUP_BYTES = NR * KR };

#define INLINE static inline __attribute__((always_inline))

/* acc + the sums of 4 products of unsigned bytes u and signed bytes s. */
INLINE __m256i add_products(__m256i acc, __m256i u, __m256i s)
{
    __m256i pairs = _mm256_maddubs_epi16(u, s);
    return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

/* |x|, 128 for -128. As vpabsb, but not on the ports that the products need. */
INLINE __m256i magnitude(__m256i x)
{
    return _mm256_max_epi8(x, _mm256_sub_epi8(_mm256_setzero_si256(), x));
}

INLINE void step_row(__m256i acc[2], __m256i x, __m256i w0, __m256i w1, const bool nonnegative,
                     const int n_vec)
{
    __m256i u = nonnegative ? x : magnitude(x);
    acc[0] = add_products(acc[0], u, nonnegative ? w0 : _mm256_sign_epi8(w0, x));
    if (n_vec > 1)
        acc[1] = add_products(acc[1], u, nonnegative ? w1 : _mm256_sign_epi8(w1, x));
}

/* One group of k for all rows; `bytes(i)` gives 4 bytes of row i in each lane. */
#define STEP(bytes, group)                                                                         \
    {                                                                                              \
        __m256i w0 = _mm256_loadu_si256((const __m256i *)group);                                   \
        __m256i w1 = n_vec > 1 ? _mm256_loadu_si256((const __m256i *)group + 1) : w0;              \
        step_row(acc[0], bytes(0), w0, w1, nonnegative, n_vec);                                    \
        step_row(acc[1], bytes(1), w0, w1, nonnegative, n_vec);                                    \
        step_row(acc[2], bytes(2), w0, w1, nonnegative, n_vec);                                    \
        step_row(acc[3], bytes(3), w0, w1, nonnegative, n_vec);                                    \
    }
#define WHOLE(i) _mm256_set1_epi32(load4(row[i] + k))
#define SHORT(i) _mm256_set1_epi32(short_tail(a[i], p->kc))

/* Rows of at least 4 bytes: the last group may overlap the one before, where its weights are 0. */
INLINE void accumulate(__m256i acc[MR][2], const struct dsq_igemm_s8 *p, const int8_t *const *a,
                       const int8_t *w, const bool nonnegative, const int n_vec)
{
    const size_t last = p->kc - KR, groups = (p->kc + KR - 1) / KR;
    for (const int8_t *const *end = a + p->taps * MR; a != end; a += MR) {
        const int8_t *const row[MR] = {a[0], a[1], a[2], a[3]};
        size_t k = 0;
        for (const int8_t *tap_end = w + groups * GROUP_BYTES; w != tap_end; w += GROUP_BYTES) {
            STEP(WHOLE, w)
            k = k + KR < last ? k + KR : last;
        }
    }
}

/* Rows of less than 4 bytes. */
INLINE void accumulate_short(__m256i acc[MR][2], const struct dsq_igemm_s8 *p,
                             const int8_t *const *a, const int8_t *w, const bool nonnegative,
                             const int n_vec)
{
    for (const int8_t *const *end = a + p->taps * MR; a != end; a += MR, w += GROUP_BYTES)
        STEP(SHORT, w)
}

struct output {
    const struct dsq_igemm_s8 *p;
    const int8_t *r;
    void *y;
    size_t nr, r_stride, y_stride;
    __m256 m[2], bias[2], r_scale;
    struct activator act; /* its bounds are a float y's; q has its own */
    __m256i r_zero;
    struct quantizer q;
};

/* The epilogue of the whole tile. Not inlined: its constants would take registers from the
 * products. */
static __attribute__((noinline)) void finish(const __m256i acc[MR][2], size_t mr, int n_vec,
                                             const struct output *o)
{
    for (size_t i = 0; i < mr; i++)
        for (int c = 0; c < n_vec; c++) {
            const size_t col = 8 * (size_t)c, at = i * o->y_stride + col, left = o->nr - col;
            __m256 v = _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc[i][c]), o->m[c], o->bias[c]);
            if (o->r) {
                __m256 r = load_s8_as_f32(o->r + i * o->r_stride + col, left, o->r_zero);
                v = _mm256_fmadd_ps(r, o->r_scale, v);
            }
            if (!o->p->out.y_is_float)
                store_s32_as_s8((int8_t *)o->y + at, quantize_f32(leak_f32(v, &o->act), &o->q),
                                left);
            else
                store_f32((float *)o->y + at, activate_f32(v, &o->act), left);
        }
}

INLINE void tile(const int8_t *const *a, size_t mr, const void *w_block, const struct output *o,
                 const bool nonnegative, const int n_vec)
{
    const __m256i *sums = w_block;
    const __m256i a_zero = _mm256_set1_epi32(o->p->a_zero), none = _mm256_setzero_si256();
    __m256i s0 = _mm256_sub_epi32(none, _mm256_mullo_epi32(a_zero, _mm256_loadu_si256(sums)));
    __m256i s1 = _mm256_sub_epi32(none, _mm256_mullo_epi32(a_zero, _mm256_loadu_si256(sums + 1)));
    __m256i acc[MR][2] = {{s0, s1}, {s0, s1}, {s0, s1}, {s0, s1}};
    if (o->p->kc >= KR)
        accumulate(acc, o->p, a, (const int8_t *)(sums + 2), nonnegative, n_vec);
    else
        accumulate_short(acc, o->p, a, (const int8_t *)(sums + 2), nonnegative, n_vec);

    const __m256i sums_of_tile[MR][2] = {{acc[0][0], acc[0][1]},
                                         {acc[1][0], acc[1][1]},
                                         {acc[2][0], acc[2][1]},
                                         {acc[3][0], acc[3][1]}};
    finish(sums_of_tile, mr, n_vec, o);
}

void dsq_igemm_s8_4x16c4__avx2(const struct dsq_igemm_s8 *p, size_t mr, size_t nr,
                               const int8_t *const *a, const void *w_block, const float *m,
                               const float *bias, const int8_t *r, size_t r_stride, void *y,
                               size_t y_stride)
{
    const struct dsq_epilogue_s8 *e = &p->out;
    const __m256i mask0 = first_lanes(nr), mask1 = first_lanes(nr > 8 ? nr - 8 : 0);
    const struct output o = {
        .p = p,
        .r = r,
        .y = y,
        .nr = nr,
        .r_stride = r_stride,
        .y_stride = y_stride,
        .m = {_mm256_maskload_ps(m, mask0), _mm256_maskload_ps(m + 8, mask1)},
        .bias = {_mm256_maskload_ps(bias, mask0), _mm256_maskload_ps(bias + 8, mask1)},
        .r_scale = _mm256_set1_ps(e->r_scale),
        .act = make_activator(&e->act, e->act.lo, e->act.hi),
        .r_zero = _mm256_set1_epi32(e->r_zero),
        .q = make_quantizer(e->y_inv_scale, e->y_zero, dsq_fused_bound(e, e->act.lo),
                            dsq_fused_bound(e, e->act.hi)),
    };
    if (nr > 8 && p->a_nonnegative)
        tile(a, mr, w_block, &o, true, 2);
    else if (nr > 8)
        tile(a, mr, w_block, &o, false, 2);
    else if (p->a_nonnegative)
        tile(a, mr, w_block, &o, true, 1);
    else
        tile(a, mr, w_block, &o, false, 1);
}
