/* SPDX-License-Identifier: Apache-2.0 */
/* Merged loops over strided tensors; see nd.h. */
#include "backend/cpu/nd.h"

#include <stdlib.h>

/* Elements of one task: enough to outweigh handing it out. */
enum { RUN_ELEMENTS = 16384 };

static bool operand_strides(struct dsq_nd *nd, int32_t k, const struct dsq_view *out,
                            const struct dsq_view *v)
{
    if (v->rank > out->rank)
        return false;
    int32_t shift = out->rank - v->rank;
    for (int32_t i = 0; i < out->rank; i++) {
        int64_t size = i < shift ? 1 : v->dims[i - shift];
        if (size != out->dims[i] && size != 1)
            return false;
        nd->stride[k][i] = size == 1 ? 0 : v->strides[i - shift];
    }
    return true;
}

static void swap_dims(struct dsq_nd *nd, int32_t i, int32_t j)
{
    int64_t t = nd->dim[i];
    nd->dim[i] = nd->dim[j];
    nd->dim[j] = t;
    for (int32_t k = 0; k < nd->n_operands; k++) {
        t = nd->stride[k][i];
        nd->stride[k][i] = nd->stride[k][j];
        nd->stride[k][j] = t;
    }
}

static void drop_dim(struct dsq_nd *nd, int32_t i)
{
    for (int32_t j = i; j + 1 < nd->rank; j++)
        swap_dims(nd, j, j + 1);
    nd->rank--;
}

/* Insertion sort, largest output stride first; dimensions of size 1 go. */
static void sort_dims(struct dsq_nd *nd)
{
    for (int32_t i = nd->rank - 1; i >= 0; i--)
        if (nd->dim[i] == 1 && nd->rank > 1)
            drop_dim(nd, i);
    for (int32_t i = 1; i < nd->rank; i++)
        for (int32_t j = i; j > 0; j--) {
            if (llabs(nd->stride[0][j]) <= llabs(nd->stride[0][j - 1]))
                break;
            swap_dims(nd, j, j - 1);
        }
}

static bool is_one_dim(const struct dsq_nd *nd, int32_t outer)
{
    for (int32_t k = 0; k < nd->n_operands; k++)
        if (nd->stride[k][outer] != nd->stride[k][outer + 1] * nd->dim[outer + 1])
            return false;
    return true;
}

bool dsq_nd_init(struct dsq_nd *nd, int32_t n_operands, const struct dsq_view *const *views)
{
    *nd = (struct dsq_nd){.n_operands = n_operands, .rank = views[0]->rank};
    for (int32_t i = 0; i < nd->rank; i++)
        nd->dim[i] = views[0]->dims[i];
    for (int32_t k = 0; k < n_operands; k++)
        if (!operand_strides(nd, k, views[0], views[k]))
            return false;
    if (nd->rank == 0) {
        nd->rank = 1;
        nd->dim[0] = 1;
    }
    sort_dims(nd);
    for (int32_t i = nd->rank - 2; i >= 0; i--)
        if (is_one_dim(nd, i)) {
            nd->dim[i + 1] *= nd->dim[i];
            drop_dim(nd, i);
        }
    return true;
}

struct nd_loop {
    const struct dsq_nd *nd;
    dsq_nd_run_fn *fn;
    void *arg;
    int64_t piece, n_pieces, n_rows; /* the innermost dimension in pieces; all else are rows */
    int64_t rows_per_task;
};

/* Where a row begins: its index along each dimension but the innermost, and its offsets. */
struct nd_row {
    int64_t at[DSQ_MAX_RANK], offset[DSQ_ND_OPERANDS];
};

static struct nd_row row_of(const struct dsq_nd *nd, int64_t row)
{
    struct nd_row r = {{0}, {0}};
    for (int32_t i = nd->rank - 2; i >= 0; i--) {
        r.at[i] = row % nd->dim[i];
        row /= nd->dim[i];
        for (int32_t k = 0; k < nd->n_operands; k++)
            r.offset[k] += r.at[i] * nd->stride[k][i];
    }
    return r;
}

static void next_row(const struct dsq_nd *nd, struct nd_row *r)
{
    for (int32_t i = nd->rank - 2; i >= 0; i--) {
        const bool wraps = ++r->at[i] == nd->dim[i];
        for (int32_t k = 0; k < nd->n_operands; k++)
            r->offset[k] += nd->stride[k][i] * (wraps ? 1 - nd->dim[i] : 1);
        if (!wraps)
            return;
        r->at[i] = 0;
    }
}

static void run_task(void *arg, size_t task, int worker)
{
    const struct nd_loop *l = arg;
    const struct dsq_nd *nd = l->nd;
    const int32_t inner = nd->rank - 1;
    int64_t group = (int64_t)task / l->n_pieces, piece = (int64_t)task % l->n_pieces;
    int64_t first = piece * l->piece, end = (group + 1) * l->rows_per_task;
    int64_t n = nd->dim[inner] - first < l->piece ? nd->dim[inner] - first : l->piece;
    int64_t step[DSQ_ND_OPERANDS] = {0}, offset[DSQ_ND_OPERANDS] = {0};
    struct nd_row r = row_of(nd, group * l->rows_per_task);
    for (int32_t k = 0; k < nd->n_operands; k++)
        step[k] = nd->stride[k][inner];
    for (int64_t row = group * l->rows_per_task; row < end && row < l->n_rows; row++) {
        for (int32_t k = 0; k < nd->n_operands; k++)
            offset[k] = r.offset[k] + first * step[k];
        l->fn(l->arg, n, offset, step, worker);
        next_row(nd, &r);
    }
}

void dsq_nd_run(const struct dsq_nd *nd, struct dsq_pool *pool, dsq_nd_run_fn *fn, void *arg)
{
    struct nd_loop l = {.nd = nd, .fn = fn, .arg = arg, .n_rows = 1};
    int64_t inner = nd->dim[nd->rank - 1];
    for (int32_t i = 0; i + 1 < nd->rank; i++)
        l.n_rows *= nd->dim[i];
    if (inner == 0 || l.n_rows == 0)
        return;
    l.piece = inner < RUN_ELEMENTS ? inner : RUN_ELEMENTS;
    l.n_pieces = dsq_ceil_div(inner, l.piece);
    l.rows_per_task = RUN_ELEMENTS / l.piece;
    dsq_parallel_for(pool, (size_t)(dsq_ceil_div(l.n_rows, l.rows_per_task) * l.n_pieces), run_task,
                     &l);
}
