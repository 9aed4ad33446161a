/* SPDX-License-Identifier: Apache-2.0 */
/* The feed: three slots, of which one is being filled and the last two given out are in use. */
#include "calib/feed.h"

#include "base/memory.h"

enum { SLOTS = 3 };

struct slot {
    struct dsq_feed_item item;
    struct dsq_feed *feed;
    struct dsq_job job;
    bool busy; /* submitted and not yet waited for */
    enum dsq_status status;
    struct dsq_diag diag;
    float *memory; /* of a picture's tensor; an .npy's tensor owns its own */
    size_t capacity;
};

struct dsq_feed {
    const struct dsq_allocator *allocator;
    const struct dsq_task *task;
    struct dsq_pool *pool;
    const char *const *path;
    size_t n, n_submitted, n_taken;
    struct slot slot[SLOTS];
};

static enum dsq_status reserve(struct slot *s, size_t n_floats, struct dsq_diag *d)
{
    if (n_floats <= s->capacity)
        return DSQ_OK;
    dsq_release(s->feed->allocator, s->memory);
    s->capacity = 0;
    s->memory = dsq_alloc(s->feed->allocator, n_floats * sizeof *s->memory);
    if (!s->memory)
        return dsq_fail(d, DSQ_NOMEM, "no memory for an input of %zu floats", n_floats);
    s->capacity = n_floats;
    return DSQ_OK;
}

static enum dsq_status prepare(struct slot *s, const struct dsq_picture *picture)
{
    struct dsq_prepared_size *size = &s->item.size;
    const struct dsq_task *task = s->feed->task;
    DSQ_TRY(dsq_prepare_size(task, dsq_picture_width(picture), dsq_picture_height(picture), size,
                             &s->diag));
    DSQ_TRY(reserve(s, (size_t)size->width * (size_t)size->height * 3, &s->diag));
    DSQ_TRY(dsq_prepare(task, picture, size, s->memory, DSQ_NHWC, &s->diag));
    s->item.tensor = (struct dsq_tensor){
        .dtype = DSQ_F32,
        .layout = DSQ_NHWC,
        .rank = 4,
        .dims = {1, 3, size->height, size->width},
        .data = s->memory,
    };
    return DSQ_OK;
}

static enum dsq_status read_picture(struct slot *s)
{
    struct dsq_picture *picture = NULL;
    const struct dsq_allocator *a = s->feed->allocator;
    DSQ_TRY(dsq_picture_read(&picture, s->item.path, false, a, &s->diag));
    enum dsq_status status = prepare(s, picture);
    dsq_picture_free(&picture);
    return status == DSQ_OK ? DSQ_OK : dsq_fail_in(&s->diag, status, "%s", s->item.path);
}

static enum dsq_status read_npy(struct slot *s)
{
    const struct dsq_allocator *a = s->feed->allocator;
    dsq_npy_free(&s->item.tensor, a);
    s->item.tensor = (struct dsq_tensor){0};
    return dsq_npy_read(&s->item.tensor, s->item.path, a, &s->diag);
}

static void fill(void *arg)
{
    struct slot *s = arg;
    double start = dsq_now();
    s->status = s->feed->task ? read_picture(s) : read_npy(s);
    s->item.seconds = dsq_now() - start;
}

static void submit(struct dsq_feed *f)
{
    if (f->n_submitted == f->n)
        return;
    struct slot *s = &f->slot[f->n_submitted % SLOTS];
    s->item.path = f->path[f->n_submitted++];
    s->job = (struct dsq_job){.run = fill, .arg = s};
    s->busy = true;
    dsq_job_submit(f->pool, &s->job);
}

enum dsq_status dsq_feed_create(struct dsq_feed **out, const char *const *path, size_t n,
                                const struct dsq_task *task, struct dsq_pool *pool,
                                const struct dsq_allocator *a, struct dsq_diag *d)
{
    struct dsq_feed *f = *out = dsq_calloc(a, 1, sizeof *f);
    if (!f)
        return dsq_fail(d, DSQ_NOMEM, "no memory to read %zu files", n);
    f->allocator = a;
    f->task = task;
    f->pool = pool;
    f->path = path;
    f->n = n;
    for (int i = 0; i < SLOTS; i++)
        f->slot[i].feed = f;
    submit(f);
    return DSQ_OK;
}

void dsq_feed_free(struct dsq_feed **feed)
{
    struct dsq_feed *f = *feed;
    if (!f)
        return;
    for (int i = 0; i < SLOTS; i++) {
        struct slot *s = &f->slot[i];
        if (s->busy)
            dsq_job_wait(f->pool, &s->job);
        if (!f->task)
            dsq_npy_free(&s->item.tensor, f->allocator);
        dsq_release(f->allocator, s->memory);
    }
    dsq_release(f->allocator, f);
    *feed = NULL;
}

enum dsq_status dsq_feed_next(struct dsq_feed *f, const struct dsq_feed_item **item,
                              struct dsq_diag *d)
{
    *item = NULL;
    if (f->n_taken == f->n)
        return DSQ_OK;
    struct slot *s = &f->slot[f->n_taken++ % SLOTS];
    dsq_job_wait(f->pool, &s->job);
    s->busy = false;
    if (s->status != DSQ_OK)
        return dsq_fail(d, s->status, "%s", s->diag.text);
    submit(f);
    *item = &s->item;
    return DSQ_OK;
}
