/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The evaluation pipeline. While the network works on picture i, the feed prepares picture i + 1
 * and a job decodes picture i - 1; so there are two sets of output memory, taken in turn:
 *
 *   pre      | 0 | 1   | 2     | 3     |
 *   network      | 0   | 1     | 2     | 3 ...
 *   post               | 0     | 1     | 2 ...
 */
#include "calib/evaluate.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/settings.h"
#include "calib/feed.h"
#include "calib/judge.h"
#include "calib/session.h"
#include "detect/decode.h"
#include "engine/file.h"

enum { SIDES = 2 };

/* What the network has made of one picture, and its decoding. */
struct side {
    struct evaluation *e;
    struct dsq_tensor *output;
    void **memory; /* by output */
    size_t *memory_bytes;
    struct dsq_prepared_size size;
    const char *path;
    int32_t image;
    struct dsq_detections found;
    struct dsq_job job;
    bool busy; /* submitted and not yet waited for */
    enum dsq_status status;
    struct dsq_diag diag;
    double seconds;
};

struct evaluation {
    const struct dsq_eval_settings *s;
    struct dsq_session session;
    struct dsq_arena arena;
    struct dsq_task *task;
    struct dsq_coco_dataset *dataset;
    struct dsq_coco_results results;
    const char **path; /* by image */
    int32_t *category; /* by label */
    size_t n_labels;
    struct dsq_feed *feed;
    int32_t n_outputs;
    const char **output_name;
    bool *nhwc; /* by output: rank 4 */
    struct side side[SIDES];
    double pre, network, post; /* seconds, summed */
};

/* ---- network ---- */

static enum dsq_status find_outputs(struct evaluation *e, struct dsq_diag *d)
{
    int32_t n = e->n_outputs = dsq_engine_outputs(e->session.engine);
    size_t count = (size_t)n;
    e->output_name = dsq_arena_calloc(&e->arena, count, sizeof *e->output_name);
    e->nhwc = dsq_arena_calloc(&e->arena, count, sizeof *e->nhwc);
    bool complete = e->output_name && e->nhwc;
    for (int k = 0; k < SIDES && complete; k++) {
        struct side *side = &e->side[k];
        side->e = e;
        side->found.allocator = e->session.common.allocator;
        side->output = dsq_arena_calloc(&e->arena, count, sizeof *side->output);
        side->memory = dsq_arena_calloc(&e->arena, count, sizeof *side->memory);
        side->memory_bytes = dsq_arena_calloc(&e->arena, count, sizeof *side->memory_bytes);
        complete = side->output && side->memory && side->memory_bytes;
    }
    if (!complete)
        return dsq_fail(d, DSQ_NOMEM, "no memory for %d outputs", (int)n);
    for (int32_t i = 0; i < n; i++) {
        struct dsq_io_info info;
        if (dsq_engine_output_info(e->session.engine, i, &info) != DSQ_OK)
            return dsq_fail(d, DSQ_ARGUMENT, "output %d is not there", (int)i);
        e->output_name[i] = info.name;
        e->nhwc[i] = info.rank == 4;
    }
    return DSQ_OK;
}

/* Memory of this side for output i of the present shape, bound in the layout that decoding reads
 * best and the last kernel writes anyway. */
static enum dsq_status bind_output(struct evaluation *e, struct side *side, int32_t i,
                                   struct dsq_diag *d)
{
    const struct dsq_allocator *a = e->session.common.allocator;
    struct dsq_tensor *t = &side->output[i];
    DSQ_TRY(dsq_context_output(e->session.context, i, t, d));
    size_t bytes = dsq_dtype_bytes(t->dtype);
    for (int32_t k = 0; k < t->rank; k++)
        if (!dsq_mul(bytes, (size_t)t->dims[k], &bytes))
            return dsq_fail(d, DSQ_SHAPE, "output '%s' is too large", e->output_name[i]);
    if (bytes > side->memory_bytes[i]) {
        dsq_release(a, side->memory[i]);
        side->memory_bytes[i] = 0;
        side->memory[i] = dsq_alloc(a, bytes);
        if (!side->memory[i])
            return dsq_fail(d, DSQ_NOMEM, "no memory for output '%s'", e->output_name[i]);
        side->memory_bytes[i] = bytes;
    }
    memset(t->strides, 0, sizeof t->strides);
    t->layout = e->nhwc[i] ? DSQ_NHWC : DSQ_NCHW;
    t->data = side->memory[i];
    return dsq_context_set_output(e->session.context, i, t, d);
}

static enum dsq_status run_network(struct evaluation *e, struct side *side,
                                   const struct dsq_feed_item *item, struct dsq_diag *d)
{
    double start = dsq_now();
    struct dsq_context *c = e->session.context;
    DSQ_TRY(dsq_context_set_input(c, 0, &item->tensor, d));
    DSQ_TRY(dsq_context_reshape(c, d));
    for (int32_t i = 0; i < e->n_outputs; i++)
        DSQ_TRY(bind_output(e, side, i, d));
    DSQ_TRY(dsq_context_run(c, d));
    e->network += dsq_now() - start;
    e->pre += item->seconds;
    side->size = item->size;
    side->path = item->path;
    return DSQ_OK;
}

/* ---- decoding ---- */

static void decode(void *arg)
{
    struct side *side = arg;
    struct evaluation *e = side->e;
    double start = dsq_now();
    side->status = dsq_decode(e->task, side->output, e->output_name, e->n_outputs, 0, &side->size,
                              &side->found, &side->diag);
    side->seconds = dsq_now() - start;
}

/* Wait for a side's decoding and keep what it found. */
static enum dsq_status collect(struct evaluation *e, struct side *side, struct dsq_diag *d)
{
    if (!side->busy)
        return DSQ_OK;
    dsq_job_wait(e->session.pool, &side->job);
    side->busy = false;
    e->post += side->seconds;
    if (side->status != DSQ_OK) {
        dsq_fail(d, side->status, "%s", side->diag.text);
        return dsq_fail_in(d, side->status, "%s", side->path);
    }
    for (size_t i = 0; i < side->found.n; i++) {
        const struct dsq_box *b = &side->found.box[i];
        int32_t category =
            b->label >= 0 && (size_t)b->label < e->n_labels ? e->category[b->label] : -1;
        if (category < 0)
            return dsq_fail(d, DSQ_ARGUMENT, "%s: the model found class %d, which has no category",
                            side->path, (int)b->label);
        double x = (double)b->x0, y = (double)b->y0;
        struct dsq_coco_detection found = {
            .image = side->image,
            .category = category,
            .box = {x, y, (double)b->x1 - x, (double)b->y1 - y},
            .score = (double)b->score,
        };
        DSQ_TRY(dsq_coco_results_add(&e->results, &found, d));
    }
    return DSQ_OK;
}

/* ---- the whole ---- */

static enum dsq_status run_one(struct evaluation *e, const struct dsq_feed_item *item, size_t i,
                               struct dsq_diag *d)
{
    struct side *side = &e->side[i % SIDES];
    enum dsq_status status = run_network(e, side, item, d);
    if (status != DSQ_OK)
        return dsq_fail_in(d, status, "%s", item->path);
    DSQ_TRY(collect(e, &e->side[(i + 1) % SIDES], d));
    side->image = (int32_t)i;
    side->job = (struct dsq_job){.run = decode, .arg = side};
    side->busy = true;
    dsq_job_submit(e->session.pool, &side->job);
    dsq_session_progress(&e->session, "evaluating", i + 1, e->dataset->n_images);
    return DSQ_OK;
}

static enum dsq_status run_all(struct evaluation *e, struct dsq_diag *d)
{
    size_t n = e->dataset->n_images;
    DSQ_TRY(dsq_feed_create(&e->feed, e->path, n, e->task, e->session.pool,
                            e->session.common.allocator, d));
    for (size_t i = 0; i < n; i++) {
        const struct dsq_feed_item *item;
        DSQ_TRY(dsq_feed_next(e->feed, &item, d));
        DSQ_TRY(run_one(e, item, i, d));
    }
    return collect(e, &e->side[(n + 1) % SIDES], d);
}

static enum dsq_status find_task(struct evaluation *e, const struct dsq_engine_file *file,
                                 struct dsq_diag *d)
{
    const struct dsq_eval_settings *s = e->s;
    const char *text = s->task ? s->task : dsq_engine_file_task(file);
    if (!text)
        return dsq_task_missing(file->path, d);
    DSQ_TRY(dsq_task_parse(&e->task, text, s->resize, s->pad, s->common->allocator, d));
    return dsq_task_decodes(e->task, d);
}

static enum dsq_status read_dataset(struct dsq_coco_dataset **dataset,
                                    const struct dsq_eval_settings *s, struct dsq_diag *d)
{
    DSQ_TRY(dsq_coco_read(dataset, s->annotations, s->common->allocator, d));
    DSQ_TRY(dsq_coco_warn(*dataset, s->annotations, s->common->log, s->common->strict, d));
    if ((*dataset)->n_images == 0)
        return dsq_fail(d, DSQ_ARGUMENT, "%s: the file lists no pictures", s->annotations);
    return DSQ_OK;
}

static void describe(const struct evaluation *e, const struct dsq_engine_file *file, double seconds,
                     struct dsq_eval_result *r)
{
    double n = (double)e->dataset->n_images;
    r->ms_pre = 1e3 * e->pre / n;
    r->ms_network = 1e3 * e->network / n;
    r->ms_post = 1e3 * e->post / n;
    r->fps_network = n / e->network;
    r->fps_total = n / seconds;
    int32_t int8 = 0, other = 0, fallbacks = 0;
    dsq_engine_file_precision(file, &int8, &other, &fallbacks);
    snprintf(r->precision, sizeof r->precision, "%s", int8 ? "INT8" : "FP32");
    const struct dsq_task_resize *resize = &e->task->resize;
    if (resize->rule == DSQ_RESIZE_NONE)
        snprintf(r->input_size, sizeof r->input_size, "natural");
    else if (resize->rule == DSQ_RESIZE_STRETCH)
        snprintf(r->input_size, sizeof r->input_size, "%dx%d", (int)resize->a, (int)resize->b);
    else
        dsq_task_resize_format(resize, r->input_size, sizeof r->input_size);
}

static enum dsq_status evaluate(struct evaluation *e, const struct dsq_engine_file *file,
                                struct dsq_eval_result *result, struct dsq_diag *d)
{
    const struct dsq_eval_settings *s = e->s;
    if (s->save_detections)
        DSQ_TRY(dsq_file_can_write(s->save_detections, d));
    DSQ_TRY(find_task(e, file, d));
    DSQ_TRY(read_dataset(&e->dataset, s, d));
    DSQ_TRY(dsq_match_classes(e->task, e->dataset, s->match_by_order, &e->arena, &e->category,
                              &e->n_labels, d));
    DSQ_TRY(dsq_find_pictures(e->dataset, s->images, s->skip_missing, NULL, s->common->log,
                              &e->arena, &e->path, d));
    DSQ_TRY(dsq_session_open(&e->session, file, s->common, d));
    DSQ_TRY(find_outputs(e, d));
    double start = dsq_now();
    DSQ_TRY(run_all(e, d));
    describe(e, file, dsq_now() - start, result);
    if (s->save_detections)
        DSQ_TRY(dsq_coco_results_write(&e->results, e->dataset, s->save_detections, d));
    return dsq_judge(e->dataset, &e->results, result, s->judgement, d);
}

/* Jobs first: they use everything else. */
static void evaluation_free(struct evaluation *e)
{
    const struct dsq_allocator *a = e->s->common->allocator;
    dsq_feed_free(&e->feed);
    for (int k = 0; k < SIDES; k++) {
        struct side *side = &e->side[k];
        if (side->busy)
            dsq_job_wait(e->session.pool, &side->job);
        dsq_detections_free(&side->found);
        for (int32_t i = 0; side->memory && i < e->n_outputs; i++)
            dsq_release(a, side->memory[i]);
    }
    dsq_session_close(&e->session);
    dsq_coco_results_free(&e->results);
    dsq_coco_free(&e->dataset);
    dsq_task_free(&e->task);
    dsq_arena_free(&e->arena);
}

enum dsq_status dsq_evaluate_engine(const struct dsq_engine_file *file,
                                    const struct dsq_eval_settings *s,
                                    struct dsq_eval_result *result, struct dsq_diag *d)
{
    struct evaluation e = {.s = s};
    dsq_arena_init(&e.arena, s->common->allocator);
    dsq_coco_results_init(&e.results, s->common->allocator);
    enum dsq_status status = evaluate(&e, file, result, d);
    evaluation_free(&e);
    return status;
}

enum dsq_status dsq_evaluate_detections(const char *path, const struct dsq_eval_settings *s,
                                        struct dsq_eval_result *result, struct dsq_diag *d)
{
    enum dsq_status status;
    struct dsq_arena arena;
    const char **pictures;
    struct dsq_coco_dataset *dataset = NULL;
    struct dsq_coco_results results;
    dsq_arena_init(&arena, s->common->allocator);
    dsq_coco_results_init(&results, s->common->allocator);
    DSQ_GUARD(read_dataset(&dataset, s, d));
    DSQ_GUARD(dsq_coco_results_read(&results, dataset, path, d));
    if (results.n_strays)
        DSQ_GUARD(dsq_warn(s->common, d, DSQ_MALFORMED,
                           "%s: %zu detections are of categories that the annotations do not list",
                           path, results.n_strays));
    if (s->images)
        DSQ_GUARD(dsq_find_pictures(dataset, s->images, s->skip_missing, &results, s->common->log,
                                    &arena, &pictures, d));
    result->fps_network = result->fps_total = 0.0;
    result->ms_pre = result->ms_network = result->ms_post = 0.0;
    result->precision[0] = result->input_size[0] = 0;
    status = dsq_judge(dataset, &results, result, s->judgement, d);
fail:
    dsq_arena_free(&arena);
    dsq_coco_results_free(&results);
    dsq_coco_free(&dataset);
    return status;
}
