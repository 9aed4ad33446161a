/* SPDX-License-Identifier: Apache-2.0 */
/*
 * argmax, argmin and topk: where the best elements of an axis are. A NaN is above every number. Of
 * equal elements the first counts as better; argmax and argmin may be asked for the last.
 */
#include <string.h>

#include "backend/cpu/axes.h"

enum { TILE = 64 };

/* ---- which element is better ---- */

static int compare_f32(float a, float b)
{
    return (a > b || (a != a && b == b)) - (a < b || (b != b && a == a));
}

/* Elements i and j (offsets) of data: 1, 0, -1 as i is larger, equal, smaller. */
static int compare(enum dsq_dtype t, const void *data, int64_t i, int64_t j)
{
    if (t == DSQ_F32)
        return compare_f32(((const float *)data)[i], ((const float *)data)[j]);
    if (t == DSQ_S32) {
        const int32_t a = ((const int32_t *)data)[i], b = ((const int32_t *)data)[j];
        return (a > b) - (a < b);
    }
    const int64_t a = ((const int64_t *)data)[i], b = ((const int64_t *)data)[j];
    return (a > b) - (a < b);
}

static bool ordered_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                             size_t bytes)
{
    const enum dsq_dtype t = g->value[n->in[0]].dtype;
    if (t != DSQ_F32 && t != DSQ_S32 && t != DSQ_S64)
        return dsq_cpu_refuse(why, bytes, "of type %s", dsq_dtype_name(t));
    return true;
}

/* ---- argmax, argmin ---- */

struct arg_job {
    struct dsq_axes axes;
    const struct dsq_view *x, *y;
    int sign;  /* 1: the largest, -1: the smallest */
    bool last; /* of equals */
};

static void arg_tile(void *arg, const struct dsq_axes_tile *t, int worker)
{
    (void)worker;
    const struct arg_job *j = arg;
    const int64_t n = dsq_axes_run_length(&j->axes), step = dsq_axes_run_step(&j->axes, DSQ_AXES_X);
    int64_t best[TILE] = {0};
    for (int64_t i = 1; i < n; i++)
        for (int64_t o = 0; o < t->n; o++) {
            const int64_t at = t->offset[DSQ_AXES_X] + o * t->step[DSQ_AXES_X];
            const int order =
                j->sign * compare(j->x->dtype, j->x->data, at + i * step, at + best[o] * step);
            if (order > 0 || (order == 0 && j->last))
                best[o] = i;
        }
    for (int64_t o = 0; o < t->n; o++)
        ((int64_t *)j->y->data)[t->offset[DSQ_AXES_Y] + o * t->step[DSQ_AXES_Y]] = best[o];
}

static enum dsq_status arg_run(const struct dsq_prepared *p, const struct dsq_call *c,
                               struct dsq_diag *d)
{
    const struct dsq_arg_attr *a = c->node->attr;
    struct arg_job j = {.x = dsq_cpu_in(c, 0),
                        .y = dsq_cpu_out(c, 0),
                        .sign = c->node->op == DSQ_OP_ARGMAX ? 1 : -1,
                        .last = a->last != 0};
    const int64_t axis = a->axis < 0 ? a->axis + j.x->rank : a->axis;
    if (axis < 0 || axis >= j.x->rank)
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "it has no axis %lld", (long long)a->axis);
    dsq_axes_init(&j.axes, j.x, j.y, 1u << axis);
    dsq_axes_run(&j.axes, TILE, c->pool, arg_tile, &j);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_arg = {
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = ordered_supports,
    .run = arg_run,
};

/* ---- topk: a heap of the k best so far, the worst of them on top; then heap sort ---- */

struct topk_job {
    struct dsq_axes axes; /* x against out[0] */
    const struct dsq_view *x, *values, *indices;
    int32_t axis;
    int64_t k;
    int sign;
    int64_t *heap; /* k for each worker */
};

/* One result: its elements in x, and the heap. */
struct topk_row {
    const struct topk_job *job;
    int64_t offset, step, *heap;
};

static bool better(const struct topk_row *r, int64_t i, int64_t j)
{
    const struct topk_job *job = r->job;
    const int order = job->sign * compare(job->x->dtype, job->x->data, r->offset + i * r->step,
                                          r->offset + j * r->step);
    return order > 0 || (order == 0 && i < j);
}

static void sift_down(const struct topk_row *r, int64_t root, int64_t n)
{
    int64_t *heap = r->heap;
    for (int64_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && better(r, heap[child], heap[child + 1]))
            child++;
        if (better(r, heap[child], heap[root]))
            return;
        const int64_t t = heap[root];
        heap[root] = heap[child];
        heap[child] = t;
    }
}

/* The k best of n, best first. */
static void select_best(const struct topk_row *r, int64_t n)
{
    const int64_t k = r->job->k;
    int64_t *heap = r->heap;
    for (int64_t i = 0; i < k; i++)
        heap[i] = i;
    for (int64_t i = k / 2 - 1; i >= 0; i--)
        sift_down(r, i, k);
    for (int64_t i = k; i < n; i++)
        if (better(r, i, heap[0])) {
            heap[0] = i;
            sift_down(r, 0, k);
        }
    for (int64_t end = k - 1; end > 0; end--) {
        const int64_t t = heap[0];
        heap[0] = heap[end];
        heap[end] = t;
        sift_down(r, 0, end);
    }
}

static void topk_tile(void *arg, const struct dsq_axes_tile *t, int worker)
{
    const struct topk_job *j = arg;
    const int64_t e = (int64_t)dsq_dtype_bytes(j->x->dtype),
                  step = dsq_axes_run_step(&j->axes, DSQ_AXES_X);
    for (int64_t o = 0; o < t->n; o++) {
        const struct topk_row r = {.job = j,
                                   .offset = t->offset[DSQ_AXES_X] + o * t->step[DSQ_AXES_X],
                                   .step = step,
                                   .heap = j->heap + worker * j->k};
        const int64_t at = t->offset[DSQ_AXES_Y] + o * t->step[DSQ_AXES_Y];
        select_best(&r, dsq_axes_run_length(&j->axes));
        for (int64_t i = 0; i < j->k; i++) {
            memcpy((char *)j->values->data + (at + i * j->values->strides[j->axis]) * e,
                   (const char *)j->x->data + (r.offset + r.heap[i] * step) * e, (size_t)e);
            ((int64_t *)j->indices->data)[at + i * j->indices->strides[j->axis]] = r.heap[i];
        }
    }
}

static enum dsq_status topk_workspace(const struct dsq_prepared *p, const struct dsq_call *c,
                                      size_t *bytes, struct dsq_diag *d)
{
    const struct dsq_topk_attr *a = c->node->attr;
    const struct dsq_view *x = dsq_cpu_in(c, 0), *values = dsq_cpu_out(c, 0);
    const int64_t axis = a->axis < 0 ? a->axis + x->rank : a->axis;
    if (axis < 0 || axis >= x->rank || values->dims[axis] > x->dims[axis])
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "more elements than dimension %lld has",
                            (long long)a->axis);
    if (!dsq_mul((size_t)values->dims[axis], sizeof(int64_t) * (size_t)dsq_pool_threads(c->pool),
                 bytes))
        return dsq_cpu_fail(p, d, DSQ_NOMEM, "its workspace exceeds the address space");
    return DSQ_OK;
}

static enum dsq_status topk_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                struct dsq_diag *d)
{
    (void)p;
    (void)d;
    const struct dsq_topk_attr *a = c->node->attr;
    struct topk_job j = {.x = dsq_cpu_in(c, 0),
                         .values = dsq_cpu_out(c, 0),
                         .indices = dsq_cpu_out(c, 1),
                         .sign = a->largest ? 1 : -1,
                         .heap = c->workspace};
    j.axis = (int32_t)(a->axis < 0 ? a->axis + j.x->rank : a->axis);
    j.k = j.values->dims[j.axis];
    dsq_axes_init(&j.axes, j.x, j.values, 1u << j.axis);
    dsq_axes_run(&j.axes, TILE, c->pool, topk_tile, &j);
    return DSQ_OK;
}

/* Both outputs are dense in one layout, so that one offset serves both. */
const struct dsq_cpu_op dsq_cpu_topk = {
    .memory = DSQ_MEM_READS_ANY,
    .supports = ordered_supports,
    .workspace = topk_workspace,
    .run = topk_run,
};
