/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding: find and check the outputs, let the family make candidates of each level, order,
 * suppress, and lead the boxes back to the original picture.
 */
#include "detect/decode.h"

#include <stdio.h>
#include <string.h>

#include "detect/anchors.h"
#include "detect/decode_retinanet.h"

void dsq_detections_free(struct dsq_detections *detections)
{
    if (!detections)
        return;
    dsq_release(detections->allocator, detections->box);
    detections->box = NULL;
    detections->n = detections->capacity = 0;
}

/* ---- outputs ---- */

/* Everything dsq_decode was given, and the levels found in it. */
struct decoding {
    const struct dsq_task *task;
    const struct dsq_tensor *outputs;
    const char *const *names;
    int32_t n_outputs, batch_index;
    const struct dsq_prepared_size *ps;
    struct dsq_level levels[DSQ_TASK_MAX_NUMBERS];
    int32_t n_levels;
};

static enum dsq_status find_output(const struct decoding *g, const struct dsq_task_names *wanted,
                                   int32_t level, int32_t by_order, int32_t *found,
                                   struct dsq_diag *d)
{
    if (wanted->n == 0) {
        *found = by_order;
        return DSQ_OK;
    }
    for (int32_t i = 0; i < g->n_outputs; i++)
        if (strcmp(g->names[i], wanted->v[level]) == 0) {
            *found = i;
            return DSQ_OK;
        }
    return dsq_fail(d, DSQ_SHAPE, "the task's output '%s' is not among the model's outputs",
                    wanted->v[level]);
}

static const char *output_name(const struct decoding *g, int32_t i)
{
    return g->names && g->names[i] ? g->names[i] : "";
}

static enum dsq_status open_map(const struct decoding *g, int32_t i, struct dsq_map *map,
                                struct dsq_diag *d)
{
    const struct dsq_tensor *t = &g->outputs[i];
    const char *name = output_name(g, i);
    if (t->dtype != DSQ_F32 || t->rank != 4 || t->device_type != DSQ_DEVICE_CPU || !t->data)
        return dsq_fail(d, DSQ_SHAPE,
                        "output '%s': expected a float map of rank 4 in CPU memory, got "
                        "%s of rank %d",
                        name, dsq_dtype_name(t->dtype), (int)t->rank);
    if (g->batch_index < 0 || g->batch_index >= t->dims[0])
        return dsq_fail(d, DSQ_ARGUMENT, "output '%s': picture %d of a batch of %lld", name,
                        (int)g->batch_index, (long long)t->dims[0]);
    int64_t c = t->dims[1], h = t->dims[2], w = t->dims[3], step[4];
    bool nhwc = t->layout == DSQ_NHWC, dense = true;
    for (int k = 0; k < 4; k++)
        dense = dense && t->strides[k] == 0;
    step[0] = c * h * w;
    step[1] = nhwc ? 1 : h * w;
    step[2] = nhwc ? w * c : w;
    step[3] = nhwc ? c : 1;
    for (int k = 0; k < 4 && !dense; k++) {
        if (t->strides[k] % (int64_t)sizeof(float) != 0)
            return dsq_fail(d, DSQ_ARGUMENT, "output '%s': a stride of %lld bytes", name,
                            (long long)t->strides[k]);
        step[k] = t->strides[k] / (int64_t)sizeof(float);
    }
    const float *data = t->data;
    *map = (struct dsq_map){data + g->batch_index * step[0],
                            c,
                            h,
                            w,
                            (ptrdiff_t)step[1],
                            (ptrdiff_t)step[2],
                            (ptrdiff_t)step[3]};
    return DSQ_OK;
}

static enum dsq_status check_channels(const struct decoding *g, const struct dsq_level *l,
                                      const char *score_name, const char *box_name,
                                      struct dsq_diag *d)
{
    int32_t anchors = dsq_anchor_count(g->task), classes = g->task->classes.n;
    if (classes > 0 && l->score.channels != (int64_t)anchors * classes)
        return dsq_fail(d, DSQ_SHAPE,
                        "output '%s' has %lld channels; %d anchors of %d classes need %d "
                        "(the task's \"classes\" may be another model's)",
                        score_name, (long long)l->score.channels, (int)anchors, (int)classes,
                        (int)(anchors * classes));
    if (l->score.channels % anchors != 0 || l->score.channels == 0)
        return dsq_fail(d, DSQ_SHAPE, "output '%s' has %lld channels, no multiple of %d anchors",
                        score_name, (long long)l->score.channels, (int)anchors);
    if (l->n_classes != g->levels[0].n_classes)
        return dsq_fail(d, DSQ_SHAPE, "output '%s' has %d classes, the first level has %d",
                        score_name, (int)l->n_classes, (int)g->levels[0].n_classes);
    if (l->box.channels != (int64_t)anchors * 4)
        return dsq_fail(d, DSQ_SHAPE,
                        "output '%s' has %lld channels; %d anchors of 4 numbers need %d", box_name,
                        (long long)l->box.channels, (int)anchors, (int)anchors * 4);
    if (l->box.height != l->score.height || l->box.width != l->score.width)
        return dsq_fail(d, DSQ_SHAPE,
                        "output '%s' is %lld x %lld (height x width), '%s' is %lld x "
                        "%lld",
                        box_name, (long long)l->box.height, (long long)l->box.width, score_name,
                        (long long)l->score.height, (long long)l->score.width);
    return DSQ_OK;
}

static enum dsq_status set_stride(const struct decoding *g, struct dsq_level *l, const char *name,
                                  struct dsq_diag *d)
{
    if (g->task->stride_rule == DSQ_STRIDE_FIXED) {
        l->stride_x = l->stride_y = (float)g->task->strides.v[l->level];
        return DSQ_OK;
    }
    if (l->score.width < 1 || l->score.width > g->ps->width || l->score.height < 1 ||
        l->score.height > g->ps->height)
        return dsq_fail(d, DSQ_SHAPE,
                        "output '%s' is %lld x %lld (height x width) for an input of "
                        "%d x %d",
                        name, (long long)l->score.height, (long long)l->score.width,
                        (int)g->ps->height, (int)g->ps->width);
    l->stride_x = (float)(g->ps->width / l->score.width);
    l->stride_y = (float)(g->ps->height / l->score.height);
    return DSQ_OK;
}

static enum dsq_status open_level(struct decoding *g, int32_t level, struct dsq_diag *d)
{
    struct dsq_level *l = &g->levels[level];
    int32_t score = 0, box = 0;
    l->level = level;
    DSQ_TRY(find_output(g, &g->task->score_outputs, level, level, &score, d));
    DSQ_TRY(find_output(g, &g->task->box_outputs, level, level + g->n_levels, &box, d));
    DSQ_TRY(open_map(g, score, &l->score, d));
    DSQ_TRY(open_map(g, box, &l->box, d));
    l->n_classes = (int32_t)(l->score.channels / dsq_anchor_count(g->task));
    DSQ_TRY(check_channels(g, l, output_name(g, score), output_name(g, box), d));
    return set_stride(g, l, output_name(g, score), d);
}

static enum dsq_status open_levels(struct decoding *g, struct dsq_diag *d)
{
    g->n_levels = g->task->anchor_base_sizes.n;
    if (g->task->score_outputs.n == 0 && g->n_outputs != 2 * g->n_levels)
        return dsq_fail(d, DSQ_SHAPE,
                        "the model has %d outputs, the task's %d levels need a score map and a "
                        "box map each; name them in score_outputs and box_outputs",
                        (int)g->n_outputs, (int)g->n_levels);
    for (int32_t i = 0; i < g->n_levels; i++)
        DSQ_TRY(open_level(g, i, d));
    return DSQ_OK;
}

/* ---- the way back ---- */

static float back(float v, float scale, float past)
{
    return (v - past) / scale + past;
}

static float clip(float v, int32_t limit)
{
    return v < 0 ? 0 : v > (float)limit ? (float)limit : v;
}

/* "inclusive" projects scale the last pixel, not the edge past it. */
static struct dsq_box original_box(const struct decoding *g, const struct dsq_candidate *c)
{
    const struct dsq_prepared_size *ps = g->ps;
    float past = g->task->box_extent == DSQ_EXTENT_INCLUSIVE ? 1.0f : 0.0f;
    struct dsq_box b = {
        .x0 = back(c->x0, ps->scale_x, 0.0f),
        .y0 = back(c->y0, ps->scale_y, 0.0f),
        .x1 = back(c->x1, ps->scale_x, past),
        .y1 = back(c->y1, ps->scale_y, past),
        .score = c->score,
        .label = c->label,
        .name = dsq_task_class_name(g->task, c->label),
    };
    if (g->task->clip == DSQ_CLIP_PICTURE) {
        b.x0 = clip(b.x0, ps->original_width);
        b.x1 = clip(b.x1, ps->original_width);
        b.y0 = clip(b.y0, ps->original_height);
        b.y1 = clip(b.y1, ps->original_height);
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

enum dsq_status dsq_decode(const struct dsq_task *task, const struct dsq_tensor *outputs,
                           const char *const *names, int32_t n_outputs, int32_t batch_index,
                           const struct dsq_prepared_size *ps, struct dsq_detections *out,
                           struct dsq_diag *d)
{
    struct decoding g = {.task = task,
                         .outputs = outputs,
                         .names = names,
                         .n_outputs = n_outputs,
                         .batch_index = batch_index,
                         .ps = ps};
    enum dsq_status status;
    struct dsq_candidate *candidates = NULL;
    size_t capacity = 0, n = 0;
    out->n = 0;
    DSQ_GUARD(open_levels(&g, d));
    for (int32_t i = 0; i < g.n_levels; i++)
        capacity += dsq_level_capacity(task, &g.levels[i]);
    candidates = dsq_calloc(out->allocator, capacity + 1, sizeof *candidates);
    if (!candidates) {
        status = dsq_fail(d, DSQ_NOMEM, "no memory for %zu candidates", capacity);
        goto fail;
    }
    for (int32_t i = 0; i < g.n_levels; i++) {
        size_t found = 0;
        DSQ_GUARD(dsq_decode_retinanet(task, &g.levels[i], ps, candidates + n, &found,
                                       out->allocator, d));
        n += found;
    }
    dsq_candidates_sort(candidates, n);
    n = count_limit(n, task->candidates_per_picture);
    n = dsq_nms(candidates, n, task->nms_threshold, (size_t)task->max_detections);
    DSQ_GUARD(reserve(out, n, d));
    for (size_t i = 0; i < n; i++)
        out->box[i] = original_box(&g, &candidates[i]);
    out->n = n;
fail:
    dsq_release(out->allocator, candidates);
    return status;
}
