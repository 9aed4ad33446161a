/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying between tensors of any strides: what relayout, transpose, slice, concat and reshape come
 * down to. Runs that are contiguous on both sides are memcpy; where one side runs along one
 * dimension and the other side along another, blocks are transposed by the vector kernels; the rest
 * goes element by element.
 */
#include <string.h>

#include "backend/cpu/nd.h"

enum { BLOCK_ROWS = 64, BLOCK_COLS = 1024 };

struct copy_job {
    const struct dsq_rows_kernels *rows;
    char *dst;
    const char *src;
    size_t element;
    struct dsq_nd nd; /* operand 0: dst, 1: src */
    int32_t across;   /* the dimension along which src is contiguous; innermost is dst's */
    int64_t n_row_blocks, n_col_blocks; /* along the innermost dimension, along `across` */
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

#define COPY_ELEMENTS(T)                                                                           \
    for (int64_t i = 0; i < n; i++)                                                                \
    ((T *)dst)[i * step[0]] = ((const T *)src)[i * step[1]]

/* Of 1, 4 or 8 bytes: there are no others. */
static void copy_elements(const struct copy_job *j, int64_t n, const int64_t *offset,
                          const int64_t *step)
{
    void *dst = j->dst + offset[0] * (int64_t)j->element;
    const void *src = j->src + offset[1] * (int64_t)j->element;
    if (j->element == 1)
        COPY_ELEMENTS(uint8_t);
    else if (j->element == 4)
        COPY_ELEMENTS(uint32_t);
    else
        COPY_ELEMENTS(uint64_t);
}

static void copy_run(void *arg, int64_t n, const int64_t *offset, const int64_t *step, int worker)
{
    (void)worker;
    const struct copy_job *j = arg;
    if (n == 1 || (step[0] == 1 && step[1] == 1))
        memcpy(j->dst + offset[0] * (int64_t)j->element, j->src + offset[1] * (int64_t)j->element,
               (size_t)n * j->element);
    else
        copy_elements(j, n, offset, step);
}

/* One block: BLOCK_ROWS of the innermost dimension by BLOCK_COLS of `across`. */
static void transpose_task(void *arg, size_t task, int worker)
{
    (void)worker;
    const struct copy_job *j = arg;
    const struct dsq_nd *nd = &j->nd;
    int32_t inner = nd->rank - 1;
    int64_t rest = (int64_t)task;
    int64_t row = rest % j->n_row_blocks * BLOCK_ROWS;
    rest /= j->n_row_blocks;
    int64_t col = rest % j->n_col_blocks * BLOCK_COLS;
    rest /= j->n_col_blocks;
    int64_t n_rows = smaller(nd->dim[inner] - row, BLOCK_ROWS);
    int64_t n_cols = smaller(nd->dim[j->across] - col, BLOCK_COLS);
    int64_t dst = row + col * nd->stride[0][j->across];
    int64_t src = row * nd->stride[1][inner] + col;
    for (int32_t i = inner - 1; i >= 0; i--) {
        if (i == j->across)
            continue;
        dst += rest % nd->dim[i] * nd->stride[0][i];
        src += rest % nd->dim[i] * nd->stride[1][i];
        rest /= nd->dim[i];
    }
    size_t y_stride = (size_t)nd->stride[0][j->across];
    size_t x_stride = (size_t)nd->stride[1][inner];
    const void *x = j->src + src * (int64_t)j->element;
    void *y = j->dst + dst * (int64_t)j->element;
    if (j->element == 4)
        j->rows->transpose_b4((size_t)n_rows, (size_t)n_cols, x, x_stride, y, y_stride);
    else
        j->rows->transpose_b1((size_t)n_rows, (size_t)n_cols, x, x_stride, y, y_stride);
}

static bool can_transpose(struct copy_job *j)
{
    const struct dsq_nd *nd = &j->nd;
    int32_t inner = nd->rank - 1;
    if (nd->stride[0][inner] != 1 || nd->stride[1][inner] <= 1 || nd->dim[inner] < 2)
        return false;
    for (int32_t i = 0; i < inner; i++)
        if (nd->stride[1][i] == 1 && nd->stride[0][i] > 0) {
            j->across = i;
            return true;
        }
    return false;
}

static void transpose_all(struct copy_job *j, struct dsq_pool *pool)
{
    const struct dsq_nd *nd = &j->nd;
    int32_t inner = nd->rank - 1;
    j->n_row_blocks = dsq_ceil_div(nd->dim[inner], BLOCK_ROWS);
    j->n_col_blocks = dsq_ceil_div(nd->dim[j->across], BLOCK_COLS);
    size_t n = (size_t)(j->n_row_blocks * j->n_col_blocks);
    for (int32_t i = 0; i < inner; i++)
        if (i != j->across)
            n *= (size_t)nd->dim[i];
    dsq_parallel_for(pool, n, transpose_task, j);
}

void dsq_cpu_copy(const struct dsq_rows_kernels *rows, struct dsq_pool *pool,
                  const struct dsq_view *dst, const struct dsq_view *src)
{
    struct copy_job j = {.rows = rows, .dst = dst->data, .src = src->data};
    const struct dsq_view *views[2] = {dst, src};
    if (dsq_view_elements(dst) == 0 || !dsq_nd_init(&j.nd, 2, views))
        return;
    j.element = dsq_dtype_bytes(dst->dtype);
    if ((j.element == 1 || j.element == 4) && can_transpose(&j))
        transpose_all(&j, pool);
    else
        dsq_nd_run(&j.nd, pool, copy_run, &j);
}
