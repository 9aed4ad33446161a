/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gather: every index picks a slab of the input, which is copied; many small slabs in one parallel
 * loop. gather_elements: every element of the output picks one of the input.
 */
#include <stdatomic.h>
#include <string.h>

#include "backend/cpu/nd.h"

static bool gather_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                            size_t bytes)
{
    const enum dsq_dtype t = g->value[n->in[1]].dtype;
    if (t != DSQ_S64 && t != DSQ_S32)
        return dsq_cpu_refuse(why, bytes, "its indices are neither s64 nor s32");
    return dsq_cpu_same_type(g, n, why, bytes);
}

static enum dsq_status fail_index(const struct dsq_prepared *p, int64_t index, int64_t size,
                                  struct dsq_diag *d)
{
    return dsq_cpu_fail(p, d, DSQ_SHAPE, "index %lld: its input has size %lld there",
                        (long long)index, (long long)size);
}

/* ---- gather ---- */

struct gather_job {
    const struct dsq_view *x, *index, *y;
    int32_t axis;
    struct dsq_view src, dst; /* one slab: x and y without the gathered axis and the indices' */
    size_t run_bytes;         /* of a slab that is one run on both sides; else 0 */
};

/* Index number i, and where its slab begins in y, in elements. */
static int64_t index_at(const struct gather_job *j, int64_t i, int64_t *y_offset)
{
    int64_t at = 0;
    *y_offset = 0;
    for (int32_t k = j->index->rank - 1; k >= 0; k--) {
        const int64_t here = i % j->index->dims[k];
        i /= j->index->dims[k];
        at += here * j->index->strides[k];
        *y_offset += here * j->y->strides[j->axis + k];
    }
    return dsq_cpu_integer(j->index, at);
}

static void find_slab(struct gather_job *j, const struct dsq_view *x)
{
    j->src = j->dst = *x;
    j->src.layout = j->dst.layout = DSQ_NCHW;
    j->src.rank = j->dst.rank = x->rank - 1;
    for (int32_t i = 0, to = 0; i < x->rank; i++) {
        if (i == j->axis)
            continue;
        j->src.dims[to] = j->dst.dims[to] = x->dims[i];
        j->src.strides[to] = x->strides[i];
        j->dst.strides[to++] = j->y->strides[i < j->axis ? i : i - 1 + j->index->rank];
    }
    if (dsq_view_is_dense(&j->src, DSQ_NCHW) && dsq_view_is_dense(&j->dst, DSQ_NCHW))
        j->run_bytes = dsq_view_elements(&j->src) * dsq_dtype_bytes(x->dtype);
}

static void set_slab(struct gather_job *j, int64_t i)
{
    const int64_t element = (int64_t)dsq_dtype_bytes(j->x->dtype);
    int64_t y_offset, at = index_at(j, i, &y_offset);
    at += at < 0 ? j->x->dims[j->axis] : 0;
    j->src.data = (char *)j->x->data + at * j->x->strides[j->axis] * element;
    j->dst.data = (char *)j->y->data + y_offset * element;
}

enum { INDICES_PER_TASK = 64 };

static void gather_task(void *arg, size_t task, int worker)
{
    (void)worker;
    struct gather_job j = *(const struct gather_job *)arg;
    const int64_t n = (int64_t)dsq_view_elements(j.index);
    for (int64_t i = (int64_t)task * INDICES_PER_TASK;
         i < n && i < ((int64_t)task + 1) * INDICES_PER_TASK; i++) {
        set_slab(&j, i);
        memcpy(j.dst.data, j.src.data, j.run_bytes);
    }
}

static enum dsq_status gather_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                  struct dsq_diag *d)
{
    const struct dsq_axis_attr *a = c->node->attr;
    const struct dsq_view *x = dsq_cpu_in(c, 0);
    struct gather_job j = {.x = x,
                           .index = dsq_cpu_in(c, 1),
                           .y = dsq_cpu_out(c, 0),
                           .axis = (int32_t)(a->axis < 0 ? a->axis + x->rank : a->axis)};
    const int64_t n = (int64_t)dsq_view_elements(j.index), size = x->dims[j.axis];
    for (int64_t i = 0, unused; i < n; i++) {
        const int64_t at = index_at(&j, i, &unused);
        if (at < -size || at >= size)
            return fail_index(p, at, size, d);
    }
    find_slab(&j, x);
    if (j.run_bytes) {
        dsq_parallel_for(c->pool, (size_t)dsq_ceil_div(n, INDICES_PER_TASK), gather_task, &j);
        return DSQ_OK;
    }
    for (int64_t i = 0; i < n; i++) {
        set_slab(&j, i);
        dsq_cpu_copy(p->device->rows, c->pool, &j.dst, &j.src);
    }
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_gather = {
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = gather_supports,
    .run = gather_run,
};

/* ---- gather_elements ---- */

struct elements_job {
    const struct dsq_view *index;
    const char *x;
    char *y;
    size_t element;
    int64_t size, stride; /* of the axis in x */
    atomic_bool failed;
    _Atomic int64_t bad; /* if failed: an index that is outside */
};

static void gather_elements_row(void *arg, int64_t n, const int64_t *offset, const int64_t *step,
                                int worker)
{
    (void)worker;
    struct elements_job *j = arg;
    for (int64_t i = 0; i < n; i++) {
        int64_t at = dsq_cpu_integer(j->index, offset[1] + i * step[1]);
        if (at < -j->size || at >= j->size) {
            atomic_store(&j->bad, at);
            atomic_store(&j->failed, true);
            return;
        }
        at += at < 0 ? j->size : 0;
        at = (at * j->stride + offset[2] + i * step[2]) * (int64_t)j->element;
        memcpy(j->y + (offset[0] + i * step[0]) * (int64_t)j->element, j->x + at, j->element);
    }
}

static enum dsq_status gather_elements_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                           struct dsq_diag *d)
{
    const struct dsq_axis_attr *a = c->node->attr;
    const struct dsq_view *x = dsq_cpu_in(c, 0), *index = dsq_cpu_in(c, 1), *y = dsq_cpu_out(c, 0);
    const int32_t axis = (int32_t)(a->axis < 0 ? a->axis + x->rank : a->axis);
    /* x as large as the output, and standing still along the axis */
    struct dsq_view along = *x;
    memcpy(along.dims, y->dims, sizeof along.dims);
    along.strides[axis] = 0;
    const struct dsq_view *views[3] = {y, index, &along};
    struct elements_job j = {.index = index,
                             .x = x->data,
                             .y = y->data,
                             .element = dsq_dtype_bytes(x->dtype),
                             .size = x->dims[axis],
                             .stride = x->strides[axis]};
    struct dsq_nd nd;
    for (int32_t i = 0; i < x->rank; i++)
        if (i != axis && y->dims[i] > x->dims[i])
            return dsq_cpu_fail(p, d, DSQ_SHAPE, "its indices are larger than its data");
    if (!dsq_nd_init(&nd, 3, views))
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "its indices and its output differ in size");
    dsq_nd_run(&nd, c->pool, gather_elements_row, &j);
    return atomic_load(&j.failed) ? fail_index(p, atomic_load(&j.bad), j.size, d) : DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_gather_elements = {
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY,
    .supports = gather_supports,
    .run = gather_elements_run,
};
