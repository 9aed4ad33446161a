/* SPDX-License-Identifier: Apache-2.0 */
/*
 * matmul of two activations, by igemm_f32. A task is (matrix of the batch, block of nr columns,
 * part of the rows): it packs the right matrix's columns into its thread's scratch memory and goes
 * over the rows of the left one. Each output is one fmaf chain over k, whoever computes it.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "backend/cpu/backend_cpu.h"

enum { TASKS_PER_THREAD = 4 };

struct matmul_run {
    const struct dsq_igemm_f32_kernel *kernel;
    const float *a, *b;
    float *y;
    int64_t m, k, n;
    int32_t batch_rank;
    int64_t batch[DSQ_MAX_RANK], a_batch[DSQ_MAX_RANK], b_batch[DSQ_MAX_RANK]; /* sizes; strides */
    int64_t n_batch, blocks, parts, rows_per_part;
    char *threads;
    size_t thread_bytes;
};

/* A thread's memory: packed columns, a row of zeros for the bias, addresses of rows. */
struct scratch {
    float *packed, *zeros;
    const float **rows;
};

static bool matmul_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                            size_t bytes)
{
    for (int i = 0; i < 2; i++) {
        const struct dsq_value *v = &g->value[n->in[i]];
        if (v->dtype != DSQ_F32)
            return dsq_cpu_refuse(why, bytes, "'%s' is %s: only f32", v->name,
                                  dsq_dtype_name(v->dtype));
    }
    return true;
}

static enum dsq_status matmul_prepare(struct dsq_prepared *p, struct dsq_diag *d)
{
    (void)d;
    snprintf(p->kernel, sizeof p->kernel, "%s", p->device->igemm_f32->name);
    snprintf(p->why, sizeof p->why, "FP32, packed at each run");
    return DSQ_OK;
}

/* Strides of the operand's batch along y's; 0 where it is repeated. */
static void batch_strides(const struct dsq_view *v, int32_t batch_rank, int64_t *stride)
{
    for (int32_t i = 0; i < batch_rank; i++) {
        int32_t own = v->rank - 2 - batch_rank + i;
        stride[i] = own < 0 || v->dims[own] == 1 ? 0 : v->strides[own];
    }
}

static void set_sizes(struct matmul_run *run, const struct dsq_call *c)
{
    const struct dsq_view *a = dsq_cpu_in(c, 0), *b = dsq_cpu_in(c, 1), *y = dsq_cpu_out(c, 0);
    run->a = a->data;
    run->b = b->data;
    run->y = y->data;
    run->k = a->dims[a->rank - 1];
    run->m = a->rank > 1 ? a->dims[a->rank - 2] : 1;
    run->n = b->rank > 1 ? b->dims[b->rank - 1] : 1;
    run->batch_rank = y->rank - (a->rank > 1) - (b->rank > 1);
    run->n_batch = 1;
    for (int32_t i = 0; i < run->batch_rank; i++)
        run->n_batch *= run->batch[i] = y->dims[i];
    batch_strides(a, run->batch_rank, run->a_batch);
    batch_strides(b, run->batch_rank, run->b_batch);
}

static void share_work(struct matmul_run *run, int n_threads)
{
    const int64_t mr = run->kernel->mr;
    run->blocks = dsq_ceil_div(run->n, run->kernel->nr);
    int64_t wanted = n_threads == 1 ? 1 : (int64_t)n_threads * TASKS_PER_THREAD;
    int64_t tiles = dsq_ceil_div(run->m, mr);
    int64_t parts = dsq_ceil_div(wanted, run->n_batch * run->blocks);
    parts = parts < tiles ? parts : tiles;
    run->rows_per_part = dsq_ceil_div(tiles, parts) * mr;
    run->parts = dsq_ceil_div(run->m, run->rows_per_part);
}

static bool thread_bytes(const struct dsq_igemm_f32_kernel *kernel, int64_t k, size_t *bytes)
{
    size_t row = (size_t)kernel->nr * sizeof(float);
    if (!dsq_mul((size_t)k + 1, row, bytes))
        return false;
    *bytes = dsq_align_up(*bytes + kernel->mr * sizeof(float *), 64);
    return true;
}

static enum dsq_status matmul_workspace(const struct dsq_prepared *p, const struct dsq_call *c,
                                        size_t *bytes, struct dsq_diag *d)
{
    const struct dsq_view *a = dsq_cpu_in(c, 0);
    if (!thread_bytes(p->device->igemm_f32, a->dims[a->rank - 1], bytes) ||
        !dsq_mul(*bytes, (size_t)dsq_pool_threads(c->pool), bytes))
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "its matrices are too large");
    return DSQ_OK;
}

/* Columns [first, first + nr) of a right matrix, zeros past the last. */
static void pack(const struct matmul_run *run, const float *b, int64_t first, float *packed)
{
    const int64_t nr = run->kernel->nr, left = run->n - first, n = left < nr ? left : nr;
    for (int64_t k = 0; k < run->k; k++, packed += nr, b += run->n) {
        memcpy(packed, b + first, (size_t)n * sizeof *packed);
        memset(packed + n, 0, (size_t)(nr - n) * sizeof *packed);
    }
}

/* Rows [row, end) by the packed columns from `column` on. */
static void multiply(const struct matmul_run *run, const float *a, float *y, int64_t row,
                     int64_t end, int64_t column, const struct scratch *s)
{
    const struct dsq_igemm_f32_kernel *kernel = run->kernel;
    const struct dsq_igemm_f32 p = {
        .kc = (size_t)run->k, .taps = 1, .act = {.lo = -INFINITY, .hi = INFINITY}};
    const int64_t left = run->n - column;
    const size_t nr = left < kernel->nr ? (size_t)left : kernel->nr;
    for (; row < end; row += kernel->mr) {
        const int64_t mr = end - row < kernel->mr ? end - row : kernel->mr;
        for (int64_t i = 0; i < kernel->mr; i++)
            s->rows[i] = a + (row + (i < mr ? i : mr - 1)) * run->k;
        kernel->run(&p, (size_t)mr, nr, s->rows, s->packed, s->zeros, NULL, 0,
                    y + row * run->n + column, (size_t)run->n);
    }
}

static void matmul_task(void *arg, size_t index, int worker)
{
    const struct matmul_run *run = arg;
    const int64_t part = (int64_t)index % run->parts, rest = (int64_t)index / run->parts;
    const int64_t column = rest % run->blocks * run->kernel->nr, matrix = rest / run->blocks;
    const float *a = run->a, *b = run->b;
    int64_t at = matrix;
    for (int32_t i = run->batch_rank - 1; i >= 0; at /= run->batch[i--]) {
        a += at % run->batch[i] * run->a_batch[i];
        b += at % run->batch[i] * run->b_batch[i];
    }
    char *memory = run->threads + (size_t)worker * run->thread_bytes;
    struct scratch s = {.packed = (float *)(void *)memory};
    s.zeros = s.packed + run->k * run->kernel->nr;
    s.rows = (const float **)(void *)(s.zeros + run->kernel->nr);
    memset(s.zeros, 0, run->kernel->nr * sizeof *s.zeros);
    pack(run, b, column, s.packed);
    const int64_t row = part * run->rows_per_part, end = row + run->rows_per_part;
    multiply(run, a, run->y + matrix * run->m * run->n, row, end < run->m ? end : run->m, column,
             &s);
}

static enum dsq_status matmul_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                  struct dsq_diag *d)
{
    (void)d;
    struct matmul_run run = {.kernel = p->device->igemm_f32, .threads = c->workspace};
    set_sizes(&run, c);
    if (run.k == 0) { /* sums of nothing */
        memset(run.y, 0, dsq_view_elements(dsq_cpu_out(c, 0)) * sizeof *run.y);
        return DSQ_OK;
    }
    if (!thread_bytes(run.kernel, run.k, &run.thread_bytes))
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "its matrices are too large");
    share_work(&run, dsq_pool_threads(c->pool));
    dsq_parallel_for(c->pool, (size_t)(run.n_batch * run.blocks * run.parts), matmul_task, &run);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_matmul = {
    .supports = matmul_supports,
    .prepare = matmul_prepare,
    .workspace = matmul_workspace,
    .run = matmul_run,
};
