/* SPDX-License-Identifier: Apache-2.0 */
/* Walking tensors of any strides and counting them in parallel. */
#include "calib/observer.h"

#include <string.h>

#include "base/memory.h"
#include "quant/names.h"

enum {
    PART = 1 << 17, /* values a task counts */
    SHORT = 2048,   /* runs below this are gathered first: adding has a fixed cost */
};

struct worker {
    struct dsq_histogram histogram;
    bool used; /* in the present loop */
    float gathered[SHORT];
};

struct dsq_observer {
    const struct dsq_allocator *allocator;
    struct dsq_pool *pool;
    struct dsq_names names;
    struct dsq_histogram **histogram; /* by name */
    size_t capacity;
    struct worker *worker; /* by worker of the pool */
    bool failed;
};

enum dsq_status dsq_observer_create(struct dsq_observer **out, const char *const *wanted, size_t n,
                                    struct dsq_pool *pool, const struct dsq_allocator *a,
                                    struct dsq_diag *d)
{
    enum dsq_status status;
    struct dsq_observer *o = *out = dsq_calloc(a, 1, sizeof *o);
    if (!o)
        return dsq_fail(d, DSQ_NOMEM, "no memory for an observer");
    o->allocator = a;
    o->pool = pool;
    dsq_names_init(&o->names, a);
    for (size_t i = 0; i < n; i++) {
        size_t index;
        DSQ_GUARD(dsq_names_add(&o->names, wanted[i], &index, NULL, d));
    }
    o->histogram = dsq_calloc(a, o->names.n + 1, sizeof *o->histogram);
    o->worker = dsq_calloc(a, (size_t)dsq_pool_threads(pool), sizeof *o->worker);
    if (o->histogram && o->worker)
        return DSQ_OK;
    status = dsq_fail(d, DSQ_NOMEM, "no memory to observe %zu tensors", n);
fail:
    dsq_observer_free(out);
    return status;
}

void dsq_observer_free(struct dsq_observer **observer)
{
    struct dsq_observer *o = *observer;
    if (!o)
        return;
    for (size_t i = 0; o->histogram && i < o->names.n; i++)
        dsq_release(o->allocator, o->histogram[i]);
    dsq_release(o->allocator, o->histogram);
    dsq_release(o->allocator, o->worker);
    dsq_names_free(&o->names);
    dsq_release(o->allocator, o);
    *observer = NULL;
}

/* ---- walking a tensor ---- */

/* A tensor as runs of neighbouring floats: elements in memory order, `run` of them side by side. */
struct walk {
    const char *data;
    int32_t rank; /* of the loops around a run, outermost first */
    size_t dims[DSQ_MAX_RANK], strides[DSQ_MAX_RANK]; /* bytes */
    size_t run, total;
};

static void make_walk(struct walk *w, const struct dsq_tensor *t)
{
    static const int32_t nhwc[] = {0, 2, 3, 1};
    bool given = false;
    int32_t order[DSQ_MAX_RANK];
    size_t dense = sizeof(float);
    *w = (struct walk){.data = t->data, .run = 1, .total = 1};
    for (int32_t i = 0; i < t->rank; i++) {
        order[i] = t->layout == DSQ_NHWC && t->rank == 4 ? nhwc[i] : i;
        given |= t->strides[i] != 0;
    }
    bool side_by_side = true;
    size_t n_loops = 0, dims[DSQ_MAX_RANK], strides[DSQ_MAX_RANK]; /* innermost first */
    for (int32_t i = t->rank - 1; i >= 0; i--) {
        size_t n = (size_t)t->dims[order[i]];
        size_t stride = given ? (size_t)t->strides[order[i]] : dense;
        dense *= n;
        w->total *= n;
        if (n == 1)
            continue;
        side_by_side = side_by_side && stride == w->run * sizeof(float);
        if (side_by_side) {
            w->run *= n;
        } else {
            dims[n_loops] = n;
            strides[n_loops++] = stride;
        }
    }
    for (w->rank = 0; n_loops; w->rank++) {
        w->dims[w->rank] = dims[--n_loops];
        w->strides[w->rank] = strides[n_loops];
    }
}

static const float *run_at(const struct walk *w, size_t i)
{
    size_t offset = 0;
    for (int32_t k = w->rank - 1; k >= 0; k--) {
        offset += i % w->dims[k] * w->strides[k];
        i /= w->dims[k];
    }
    return (const float *)(const void *)(w->data + offset);
}

/* Count elements [begin, end) of the walk. */
static void count(const struct walk *w, size_t begin, size_t end, struct dsq_histogram *h,
                  float *gathered)
{
    size_t n_gathered = 0;
    while (begin < end) {
        const float *run = run_at(w, begin / w->run) + begin % w->run;
        size_t n = w->run - begin % w->run;
        n = n < end - begin ? n : end - begin;
        begin += n;
        if (n >= SHORT) {
            dsq_histogram_add(h, run, n);
            continue;
        }
        if (n_gathered + n > SHORT) {
            dsq_histogram_add(h, gathered, n_gathered);
            n_gathered = 0;
        }
        memcpy(gathered + n_gathered, run, n * sizeof *run);
        n_gathered += n;
    }
    dsq_histogram_add(h, gathered, n_gathered);
}

/* ---- observing ---- */

struct loop {
    struct dsq_observer *observer;
    struct walk walk;
};

static void count_part(void *arg, size_t i, int worker)
{
    struct loop *loop = arg;
    struct worker *w = &loop->observer->worker[worker];
    if (!w->used)
        dsq_histogram_init(&w->histogram);
    w->used = true;
    size_t begin = i * PART, end = begin + PART;
    count(&loop->walk, begin, end < loop->walk.total ? end : loop->walk.total, &w->histogram,
          w->gathered);
}

static struct dsq_histogram *histogram_of(struct dsq_observer *o, size_t i)
{
    if (!o->histogram[i]) {
        o->histogram[i] = dsq_alloc(o->allocator, sizeof **o->histogram);
        if (o->histogram[i])
            dsq_histogram_init(o->histogram[i]);
        else
            o->failed = true;
    }
    return o->histogram[i];
}

void dsq_observer_see(struct dsq_observer *o, const char *name, const struct dsq_tensor *tensor)
{
    int64_t i = dsq_names_find(&o->names, name);
    if (i < 0 || tensor->dtype != DSQ_F32)
        return;
    struct dsq_histogram *h = histogram_of(o, (size_t)i);
    struct loop loop = {.observer = o};
    make_walk(&loop.walk, tensor);
    if (!h || loop.walk.total == 0)
        return;
    int n_workers = dsq_pool_threads(o->pool);
    size_t n_parts = (loop.walk.total - 1) / PART + 1;
    if (n_workers == 1 || n_parts == 1) {
        count(&loop.walk, 0, loop.walk.total, h, o->worker[0].gathered);
        return;
    }
    for (int k = 0; k < n_workers; k++)
        o->worker[k].used = false;
    dsq_parallel_for(o->pool, n_parts, count_part, &loop);
    for (int k = 0; k < n_workers; k++)
        if (o->worker[k].used)
            dsq_histogram_merge(h, &o->worker[k].histogram);
}

bool dsq_observer_failed(const struct dsq_observer *o)
{
    return o->failed;
}

size_t dsq_observer_count(const struct dsq_observer *o)
{
    return o->names.n;
}

const char *dsq_observer_name(const struct dsq_observer *o, size_t i)
{
    return o->names.name[i];
}

const struct dsq_histogram *dsq_observer_histogram(const struct dsq_observer *o, size_t i)
{
    return o->histogram[i];
}

const struct dsq_histogram *dsq_observer_find(const struct dsq_observer *o, const char *name)
{
    int64_t i = dsq_names_find(&o->names, name);
    return i < 0 ? NULL : o->histogram[i];
}
