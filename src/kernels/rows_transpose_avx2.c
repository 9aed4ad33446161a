/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows for AVX2: the transpositions, in blocks of 8 x 8 words and 16 x 16 bytes.
 *
 * A block goes through log2 of its side unpack steps: in step s, rows i and i + side / 2 are
 * interleaved into rows 2i and 2i + 1, a perfect shuffle of the row index; after log2(side) of them
 * rows and columns have changed places. For words, 4 x 4 blocks in the two 128-bit halves. Three
 * rows to rows of three, a picture's channels to its pixels, have a way of their own. Edges are
 * plain C, by the shorter side inside.
 */
#include <immintrin.h>

#include "kernels/rows.h"

enum { SIDE_B1 = 16, SIDE_B4 = 8 };

/* Two 4 x 4 blocks side by side, each transposed within its half. */
static inline void transpose_halves(__m256i v[4])
{
    __m256i a = _mm256_unpacklo_epi32(v[0], v[1]), b = _mm256_unpackhi_epi32(v[0], v[1]);
    __m256i c = _mm256_unpacklo_epi32(v[2], v[3]), d = _mm256_unpackhi_epi32(v[2], v[3]);
    v[0] = _mm256_unpacklo_epi64(a, c);
    v[1] = _mm256_unpackhi_epi64(a, c);
    v[2] = _mm256_unpacklo_epi64(b, d);
    v[3] = _mm256_unpackhi_epi64(b, d);
}

/* Columns 4..7 of rows i and i + 4 change places through the choice of halves at the load. */
static inline __m256i load_halves(const uint32_t *low, const uint32_t *high)
{
    __m256i v = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)low));
    return _mm256_inserti128_si256(v, _mm_loadu_si128((const __m128i *)high), 1);
}

static void block_b4(const uint32_t *x, size_t x_stride, uint32_t *y, size_t y_stride)
{
    for (size_t half = 0; half < 2; half++) {
        __m256i v[4];
        for (size_t i = 0; i < 4; i++)
            v[i] = load_halves(x + i * x_stride + 4 * half, x + (i + 4) * x_stride + 4 * half);
        transpose_halves(v);
        for (size_t i = 0; i < 4; i++)
            _mm256_storeu_si256((__m256i *)(y + (4 * half + i) * y_stride), v[i]);
    }
}

static void block_b1(const uint8_t *x, size_t x_stride, uint8_t *y, size_t y_stride)
{
    __m128i v[2][SIDE_B1];
    for (size_t i = 0; i < SIDE_B1; i++)
        v[0][i] = _mm_loadu_si128((const __m128i *)(x + i * x_stride));
    for (int s = 0; s < 4; s++)
        for (size_t i = 0; i < SIDE_B1 / 2; i++) {
            __m128i a = v[s % 2][i], b = v[s % 2][i + SIDE_B1 / 2];
            v[1 - s % 2][2 * i] = _mm_unpacklo_epi8(a, b);
            v[1 - s % 2][2 * i + 1] = _mm_unpackhi_epi8(a, b);
        }
    for (size_t i = 0; i < SIDE_B1; i++)
        _mm_storeu_si128((__m128i *)(y + i * y_stride), v[0][i]);
}

/* Columns of three rows, 8 at a time: word g of the result is row g % 3 of column g / 3. Gives how
 * many columns are done. */
static size_t interleave3_b4(size_t cols, const uint32_t *x, size_t x_stride, uint32_t *y)
{
    const __m256i column[3] = {_mm256_setr_epi32(0, 0, 0, 1, 1, 1, 2, 2),
                               _mm256_setr_epi32(2, 3, 3, 3, 4, 4, 4, 5),
                               _mm256_setr_epi32(5, 5, 6, 6, 6, 7, 7, 7)};
    size_t c = 0;
    for (; c + 8 <= cols; c += 8, y += 24) {
        const __m256i a = _mm256_loadu_si256((const __m256i *)(x + c));
        const __m256i b = _mm256_loadu_si256((const __m256i *)(x + x_stride + c));
        const __m256i d = _mm256_loadu_si256((const __m256i *)(x + 2 * x_stride + c));
#define WORDS(i, from_b, from_d)                                                                   \
    _mm256_storeu_si256(                                                                           \
        (__m256i *)(y + 8 * i),                                                                    \
        _mm256_blend_epi32(_mm256_blend_epi32(_mm256_permutevar8x32_epi32(a, column[i]),           \
                                              _mm256_permutevar8x32_epi32(b, column[i]), from_b),  \
                           _mm256_permutevar8x32_epi32(d, column[i]), from_d))
        WORDS(0, 0x92, 0x24);
        WORDS(1, 0x24, 0x49);
        WORDS(2, 0x49, 0x92);
#undef WORDS
    }
    return c;
}

void dsq_rows_transpose_b4__avx2(size_t rows, size_t cols, const uint32_t *x, size_t x_stride,
                                 uint32_t *y, size_t y_stride)
{
    const size_t whole_rows = rows / SIDE_B4 * SIDE_B4, whole_cols = cols / SIDE_B4 * SIDE_B4;
    for (size_t c = 0; c < whole_cols; c += SIDE_B4)
        for (size_t i = 0; i < whole_rows; i += SIDE_B4)
            block_b4(x + i * x_stride + c, x_stride, y + c * y_stride + i, y_stride);
    for (size_t c = rows == 3 && y_stride == 3 ? interleave3_b4(cols, x, x_stride, y) : 0; c < cols;
         c++)
        for (size_t i = c < whole_cols ? whole_rows : 0; i < rows; i++)
            y[c * y_stride + i] = x[i * x_stride + c];
}

/* The same for bytes, 16 columns at a time: each 16 bytes of the result are put together from three
 * shuffled vectors; -1 leaves a byte zero. */
static size_t interleave3_b1(size_t cols, const uint8_t *x, size_t x_stride, uint8_t *y)
{
    __m128i from[3][3]; /* [16 bytes of the result][row] */
    for (int k = 0; k < 3; k++)
        for (int row = 0; row < 3; row++) {
            int8_t index[16];
            for (int i = 0; i < 16; i++)
                index[i] = (int8_t)((16 * k + i) % 3 == row ? (16 * k + i) / 3 : -1);
            from[k][row] = _mm_loadu_si128((const __m128i *)index);
        }
    size_t c = 0;
    for (; c + 16 <= cols; c += 16, y += 48) {
        const __m128i a = _mm_loadu_si128((const __m128i *)(x + c));
        const __m128i b = _mm_loadu_si128((const __m128i *)(x + x_stride + c));
        const __m128i d = _mm_loadu_si128((const __m128i *)(x + 2 * x_stride + c));
        for (int k = 0; k < 3; k++) {
            __m128i v =
                _mm_or_si128(_mm_shuffle_epi8(a, from[k][0]), _mm_shuffle_epi8(b, from[k][1]));
            _mm_storeu_si128((__m128i *)(y + 16 * k),
                             _mm_or_si128(v, _mm_shuffle_epi8(d, from[k][2])));
        }
    }
    return c;
}

void dsq_rows_transpose_b1__avx2(size_t rows, size_t cols, const uint8_t *x, size_t x_stride,
                                 uint8_t *y, size_t y_stride)
{
    const size_t whole_rows = rows / SIDE_B1 * SIDE_B1, whole_cols = cols / SIDE_B1 * SIDE_B1;
    for (size_t c = 0; c < whole_cols; c += SIDE_B1)
        for (size_t i = 0; i < whole_rows; i += SIDE_B1)
            block_b1(x + i * x_stride + c, x_stride, y + c * y_stride + i, y_stride);
    for (size_t c = rows == 3 && y_stride == 3 ? interleave3_b1(cols, x, x_stride, y) : 0; c < cols;
         c++)
        for (size_t i = c < whole_cols ? whole_rows : 0; i < rows; i++)
            y[c * y_stride + i] = x[i * x_stride + c];
}
