/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding: the family opens the levels and selects their best scores; then all are alike: boxes
 * are clipped and put in order, suppressed, and led back to the original picture.
 */
#include "detect/decode.h"

#include <math.h>
#include <string.h>

#include "detect/family.h"
#include "kernels/math_f32.h"

static const struct dsq_family *const families[] = {
    [DSQ_FAMILY_RETINANET] = &dsq_family_retinanet,
    [DSQ_FAMILY_NANODET] = &dsq_family_nanodet,
    [DSQ_FAMILY_YOLOX] = &dsq_family_yolox,
    [DSQ_FAMILY_RAW] = NULL,
};

void dsq_detections_free(struct dsq_detections *detections)
{
    if (!detections)
        return;
    dsq_release(detections->allocator, detections->box);
    detections->box = NULL;
    detections->n = detections->capacity = 0;
}

/* ---- candidates ---- */

/* Where boxes end: at 0 and these; infinite without a clip. */
struct border {
    float low, right, bottom;
};

/* With one ratio the picture ends between pixels: its sides were made whole after scaling. */
static struct border make_border(const struct dsq_task *task, const struct dsq_prepared_size *ps)
{
    if (task->clip == DSQ_CLIP_NONE)
        return (struct border){-INFINITY, INFINITY, INFINITY};
    if (task->clip == DSQ_CLIP_INPUT)
        return (struct border){0.0f, (float)ps->width, (float)ps->height};
    if (task->way_back == DSQ_BACK_PER_AXIS)
        return (struct border){0.0f, (float)ps->content_width, (float)ps->content_height};
    return (struct border){0.0f, ps->scale_x * (float)ps->original_width,
                           ps->scale_y * (float)ps->original_height};
}

/* NaN stays NaN. */
static float clip(float v, float low, float high)
{
    return v < low ? low : v > high ? high : v;
}

/* False when nothing is left of the box. */
static bool clip_box(struct dsq_candidate *c, const struct border *b)
{
    c->x0 = clip(c->x0, b->low, b->right);
    c->y0 = clip(c->y0, b->low, b->bottom);
    c->x1 = clip(c->x1, b->low, b->right);
    c->y1 = clip(c->y1, b->low, b->bottom);
    return c->x1 > c->x0 && c->y1 > c->y0 && isfinite(c->x1 - c->x0) && isfinite(c->y1 - c->y0);
}

/* How many candidates a level can give at most. */
static size_t level_capacity(const struct dsq_task *task, const struct dsq_level *l)
{
    size_t all = (size_t)(l->score.height * l->score.width) * (size_t)l->anchors;
    size_t most = (size_t)task->candidates_per_level;
    return all > most / (size_t)l->n_classes ? most : all * (size_t)l->n_classes;
}

static size_t fill_candidates(const struct dsq_task *task, const struct dsq_level *l,
                              const struct dsq_prepared_size *ps, const struct dsq_selection *s,
                              struct dsq_candidate *c)
{
    struct border border = make_border(task, ps);
    size_t kept = 0;
    families[task->family]->boxes(task, l, s->heap, s->n, c);
    for (size_t i = 0; i < s->n; i++) {
        float value = s->heap[i].value;
        int32_t label = (int32_t)(s->heap[i].index % l->n_classes);
        if (task->classes.n > 0 && !dsq_task_class_name(task, label)[0])
            continue;
        if (!clip_box(&c[i], &border))
            continue;
        c[kept] = c[i];
        c[kept].score = s->logits ? dsq_sigmoid_f32(value) : value;
        c[kept].label = label;
        c[kept].level = l->level;
        c[kept++].index = s->heap[i].index;
    }
    return kept;
}

/* The level's best candidates over the threshold, at most level_capacity, in no particular order;
 * clipped as the task says, empty ones left out. */
static enum dsq_status decode_level(const struct dsq_task *task, const struct dsq_level *l,
                                    const struct dsq_prepared_size *ps, struct dsq_candidate *c,
                                    size_t *n, const struct dsq_allocator *a, struct dsq_diag *d)
{
    struct dsq_selection s = {.capacity = level_capacity(task, l)};
    *n = 0;
    if (s.capacity == 0)
        return DSQ_OK;
    s.heap = dsq_calloc(a, s.capacity, sizeof *s.heap);
    if (!s.heap)
        return dsq_fail(d, DSQ_NOMEM, "no memory for %zu candidates", s.capacity);
    enum dsq_status status = families[task->family]->select(task, l, &s, a, d);
    if (status == DSQ_OK)
        *n = fill_candidates(task, l, ps, &s, c);
    dsq_release(a, s.heap);
    return status;
}

/* ---- the way back ---- */

static float back(float v, float scale, float past)
{
    return (v - past) / scale + past;
}

/* "inclusive" projects scale the last pixel, not the edge past it. */
static struct dsq_box original_box(const struct dsq_task *task, const struct dsq_prepared_size *ps,
                                   const struct dsq_candidate *c)
{
    float past = task->box_extent == DSQ_EXTENT_INCLUSIVE ? 1.0f : 0.0f;
    struct dsq_box b = {
        .x0 = back(c->x0, ps->scale_x, 0.0f),
        .y0 = back(c->y0, ps->scale_y, 0.0f),
        .x1 = back(c->x1, ps->scale_x, past),
        .y1 = back(c->y1, ps->scale_y, past),
        .score = c->score,
        .label = c->label,
        .name = dsq_task_class_name(task, c->label),
    };
    if (task->clip == DSQ_CLIP_PICTURE) {
        float right = (float)ps->original_width, bottom = (float)ps->original_height;
        b.x0 = clip(b.x0, 0.0f, right);
        b.x1 = clip(b.x1, 0.0f, right);
        b.y0 = clip(b.y0, 0.0f, bottom);
        b.y1 = clip(b.y1, 0.0f, bottom);
    }
    return b;
}

static enum dsq_status reserve(struct dsq_detections *out, size_t n, struct dsq_diag *d)
{
    if (n <= out->capacity)
        return DSQ_OK;
    struct dsq_box *grown = dsq_calloc(out->allocator, n, sizeof *grown);
    if (!grown)
        return dsq_fail(d, DSQ_NOMEM, "no memory for %zu boxes", n);
    dsq_release(out->allocator, out->box);
    out->box = grown;
    out->capacity = n;
    return DSQ_OK;
}

static size_t count_limit(size_t n, int32_t limit)
{
    return limit > 0 && n > (size_t)limit ? (size_t)limit : n;
}

static enum dsq_status keep_best(const struct dsq_task *task, const struct dsq_prepared_size *ps,
                                 struct dsq_candidate *c, size_t n, struct dsq_detections *out,
                                 struct dsq_diag *d)
{
    dsq_candidates_sort(c, n);
    n = count_limit(n, task->candidates_per_picture);
    n = dsq_nms(c, n, task->nms_threshold, (size_t)task->max_detections);
    DSQ_TRY(reserve(out, n, d));
    for (size_t i = 0; i < n; i++)
        out->box[i] = original_box(task, ps, &c[i]);
    out->n = n;
    return DSQ_OK;
}

enum dsq_status dsq_decode(const struct dsq_task *task, const struct dsq_tensor *outputs,
                           const char *const *names, int32_t n_outputs, int32_t batch_index,
                           const struct dsq_prepared_size *ps, struct dsq_detections *out,
                           struct dsq_diag *d)
{
    const struct dsq_outputs o = {outputs, names, n_outputs, batch_index};
    struct dsq_level levels[DSQ_TASK_MAX_NUMBERS];
    enum dsq_status status;
    struct dsq_candidate *candidates = NULL;
    size_t capacity = 0, n = 0;
    out->n = 0;
    DSQ_TRY(dsq_task_decodes(task, d));
    DSQ_TRY(families[task->family]->open(task, &o, ps, levels, d));
    for (int32_t i = 0; i < dsq_task_levels(task); i++) {
        if (levels[i].n_classes != levels[0].n_classes)
            return dsq_fail(d, DSQ_SHAPE, "output '%s' has %d classes, the first level has %d",
                            levels[i].score_name, (int)levels[i].n_classes,
                            (int)levels[0].n_classes);
        capacity += level_capacity(task, &levels[i]);
    }
    candidates = dsq_calloc(out->allocator, capacity + 1, sizeof *candidates);
    if (!candidates)
        return dsq_fail(d, DSQ_NOMEM, "no memory for %zu candidates", capacity);
    for (int32_t i = 0; i < dsq_task_levels(task); i++) {
        size_t found = 0;
        DSQ_GUARD(decode_level(task, &levels[i], ps, candidates + n, &found, out->allocator, d));
        n += found;
    }
    status = keep_best(task, ps, candidates, n, out, d);
fail:
    dsq_release(out->allocator, candidates);
    return status;
}
